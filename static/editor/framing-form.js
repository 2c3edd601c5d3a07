// @ts-check

/** The part of the form that says which part of the picture is sent, and with which words beside the prompt. */

/** @typedef {{framing: string, context: string, split: string, helper: string}} Fields as the form sends them */

const FIRST = { framing: "mask", context: "50", split: "1", helper: "" };

export class FramingForm {
  #form;
  /** What holds where nobody has a frame of their own. */
  #otherwise = FIRST.framing;
  #hasOwn = false;
  #splits = false;

  /**
   * @param {HTMLFormElement} form
   * @param {(mode: string) => void} chosen a way of framing, by hand
   */
  constructor(form, chosen) {
    this.#form = form;
    form.addEventListener("input", ({ target }) => {
      const { name, value } = /** @type {HTMLInputElement} */ (target);
      if (name === "framing") {
        if (value !== "own") this.#otherwise = value;
        chosen(value);
      }
      this.#show();
    });
    // Chosen once more, which is no other input: the frame that is there is to be changed.
    form.addEventListener("click", ({ target }) => {
      const { name, value } = /** @type {HTMLInputElement} */ (target);
      if (name === "framing" && value === "own" && this.#hasOwn) chosen(value);
    });
    this.fill({});
  }

  /** @returns {Fields} */
  get fields() {
    const [context, split, helper] = ["context", "split", "helper"].map((name) => this.#field(name));
    return {
      framing: this.#hasOwn ? "own" : this.#otherwise,
      context: context.value,
      split: split.checked ? "1" : "0",
      helper: helper.checked ? "1" : "",
    };
  }

  /** @param {Partial<Fields>} fields of a draft; what it leaves out is as at first */
  fill(fields) {
    const { framing, context, split, helper } = { ...FIRST, ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value)) };
    this.#otherwise = framing === "whole" ? framing : FIRST.framing;
    this.#field("context").value = context;
    this.#field("split").checked = split === "1";
    this.#field("helper").checked = helper === "1";
    this.#show();
  }

  /** @param {boolean} hasOwn whether there is a frame of one's own */
  showOwn(hasOwn) {
    this.#hasOwn = hasOwn;
    this.#show();
  }

  /**
   * What the last estimate found.
   * @param {string} note
   * @param {boolean} splits whether several frames are sent, or could be
   */
  told(note, splits) {
    this.#part("framing-note").textContent = note;
    this.#splits = splits;
    this.#show();
  }

  #show() {
    const { framing, context } = this.fields;
    for (const radio of this.#part("framing").querySelectorAll("input")) {
      if (radio.name === "framing") radio.checked = radio.value === framing;
    }
    const text = `${context} %`;
    this.#part("context").hidden = framing !== "mask";
    this.#part("context-out").textContent = text;
    this.#field("context").setAttribute("aria-valuetext", text);
    this.#part("split").hidden = framing !== "mask" || !this.#splits;
  }

  /**
   * @param {string} name
   * @returns {HTMLInputElement}
   */
  #field(name) {
    return /** @type {HTMLInputElement} */ (this.#form.elements.namedItem(name));
  }

  /** @param {string} name */
  #part(name) {
    return /** @type {HTMLElement} */ (this.#form.querySelector(`[data-part="${name}"]`));
  }
}
