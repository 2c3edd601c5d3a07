// @ts-check
/**
 * The dialog with the team's pictures. What it lists comes from the server, by htmx; a press chooses a picture or takes
 * it out again.
 */

/** @typedef {import("./reference-list.js").Picture} Picture */

export class PicturePicker {
  #dialog;
  #of;
  #listed = 0;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {object} of
   * @param {(picture: Picture) => string | void} of.toggle returns why it can't be chosen
   * @param {(id: number) => boolean} of.has
   * @param {() => string} of.count in words
   * @param {(files: File[]) => void} of.upload
   */
  constructor(dialog, of) {
    this.#dialog = dialog;
    this.#of = of;
    dialog.addEventListener("click", ({ target }) => this.#clicked(/** @type {HTMLElement} */ (target)));
    const files = /** @type {HTMLInputElement} */ (dialog.querySelector("[type=file]"));
    files.addEventListener("change", () => this.#upload(files));
    dialog.addEventListener("htmx:beforeSwap", ({ target }) => {
      const isMore = /** @type {HTMLElement} */ (target).matches(".more");
      this.#listed = isMore ? this.#buttons.length : 0;
    });
    dialog.addEventListener("htmx:afterSwap", () => this.#swapped());
  }

  open() {
    this.#search.reset();
    this.#search.requestSubmit();
    this.#dialog.showModal();
    this.show();
  }

  /** Marks what is chosen. */
  show() {
    for (const button of this.#buttons) button.ariaPressed = String(this.#of.has(pictureOf(button).id));
    this.#say(this.#of.count());
  }

  /** @param {HTMLElement} target */
  #clicked(target) {
    const button = /** @type {HTMLElement | null} */ (target.closest("[data-picture]"));
    if (target === this.#dialog) this.#dialog.close(); // beside it
    if (!button) return;
    const why = this.#of.toggle(pictureOf(button));
    if (why) this.#say(why);
  }

  /** @param {HTMLInputElement} input */
  #upload(input) {
    const files = [...(input.files ?? [])];
    input.value = "";
    this.#dialog.close();
    this.#of.upload(files);
  }

  /** What was loaded stands where "Show more" was; so does the focus. */
  #swapped() {
    this.show();
    if (this.#listed) this.#buttons[this.#listed]?.focus();
    this.#listed = 0;
  }

  /** @param {string} text */
  #say(text) {
    /** @type {HTMLElement} */ (this.#dialog.querySelector("#choose-count")).textContent = text;
  }

  get #buttons() {
    return /** @type {HTMLElement[]} */ ([...this.#dialog.querySelectorAll("[data-picture]")]);
  }

  get #search() {
    return /** @type {HTMLFormElement} */ (this.#dialog.querySelector("[role=search]"));
  }
}

/**
 * @param {HTMLElement} button
 * @returns {Picture}
 */
function pictureOf({ dataset: { picture, name = "", thumb = "" } }) {
  return { id: Number(picture), name, thumb_url: thumb };
}
