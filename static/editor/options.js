// @ts-check
import { intersection } from "./mask.js";
import { positionOf, sizeAt } from "./tools.js";

/** The bar of options, which follows the tool. Each control belongs to the tools that its data-for names. */

/** @typedef {import("./mask.js").Bounds} Bounds */

const AUTOMATIC = -1;

export class Options {
  #root;
  #editor;
  #words;
  #format;
  #hasPen = false;
  /** @type {HTMLInputElement | null} what is being changed */ #changing = null;

  /**
   * @param {HTMLElement} root
   * @param {object} of
   * @param {import("./mask-editor.js").MaskEditor} of.editor
   * @param {any} of.words
   * @param {(number: number) => string} of.format
   */
  constructor(root, { editor, words, format }) {
    this.#root = root;
    this.#editor = editor;
    this.#words = words;
    this.#format = format;
    root.addEventListener("input", ({ target }) => {
      this.#changing = /** @type {HTMLInputElement} */ (target);
      this.#changed(this.#changing);
      this.#changing = null;
    });
    root.addEventListener("change", ({ target }) => this.#settled(/** @type {HTMLInputElement} */ (target)));
    root.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && /** @type {Element} */ (event.target).matches("#box input")) this.#stamp();
    });
    // What does not fit is reached by the wheel too, which has no sideways step on most mice.
    root.addEventListener("wheel", ({ deltaY }) => (root.scrollLeft += deltaY), { passive: true });
    this.#find("#box button").addEventListener("click", () => this.#stamp());
    for (const event of ["tool", "size", "options", "mark", "edge", "margins", "own"]) editor.addEventListener(event, () => this.show());
    document.addEventListener("pointerover", ({ pointerType }) => {
      if (pointerType !== "pen" || this.#hasPen) return;
      this.#hasPen = true;
      this.show();
    });
    this.#fillBox("#box", this.#offeredBox);
  }

  show() {
    const { tool, size, largest, options, edge, work } = this.#editor;
    for (const part of this.#all("[data-for]")) {
      const isFor = part.dataset.for?.split(" ").includes(tool);
      part.hidden = !isFor || (part.dataset.pen !== undefined && !this.#hasPen);
    }
    this.#find("#tool-name").textContent = this.#words.commands[tool];
    this.#slide(this.#input("#brush-size"), 100 * positionOf(size, largest), this.#pixels(size));
    for (const input of this.#all("[data-option]")) this.#showOption(input, options[input.dataset.option ?? ""]);
    for (const name of /** @type {const} */ (["feather", "grow"])) {
      const text = edge[name] === null ? this.#words.automatic : this.#pixels(edge[name]);
      this.#slide(this.#input(`[data-edge=${name}]`), edge[name] ?? AUTOMATIC, text);
    }
    for (const input of this.#all("#mark-colour input")) input.checked = input.value === options.markColour;
    this.#all("#margins input").forEach((input, i) => (input.value = String(work.margins[i])));
    this.#fillBox("#own-frame", work.ownFrame ?? this.#offeredBox);
  }

  /**
   * @param {HTMLInputElement} input
   * @param {any} value
   */
  #showOption(input, value) {
    if (input.type === "checkbox") input.checked = value;
    else if (input.dataset.partOf) this.#slide(input, 100 * positionOf(value, this.#largest(input)), this.#pixels(value));
    else this.#slide(input, value, this.#format(value));
  }

  /** @param {HTMLInputElement} input */
  #changed(input) {
    const value = Number(input.value);
    const { edge, option, partOf } = input.dataset;
    if (input.id === "brush-size") this.#editor.setSize(sizeAt(value / 100, this.#editor.largest));
    else if (edge) this.#editor.setEdge({ ...this.#editor.edge, [edge]: value === AUTOMATIC ? null : value });
    else if (input.name === "mark-colour") this.#editor.setOption("markColour", input.value);
    else if (option && input.type === "checkbox") this.#editor.setOption(option, input.checked);
    else if (option) this.#editor.setOption(option, partOf ? sizeAt(value / 100, this.#largest(input)) : value);
  }

  /**
   * What is typed in steps counts once it is whole.
   * @param {HTMLInputElement} input
   */
  #settled(input) {
    if (input.closest("#margins")) {
      const margins = this.#all("#margins input").map((each) => Math.max(0, Math.round(each.valueAsNumber) || 0));
      this.#editor.setMargins(/** @type {[number, number, number, number]} */ (margins));
      this.#find("#aspect").value = "";
    } else if (input.closest("#own-frame")) {
      const box = this.#boxOf("#own-frame");
      if (box) this.#editor.setOwnFrame(box);
      this.show(); // what holds
    } else if (input.id === "aspect" && input.value) {
      const [across, down] = input.value.split(":").map(Number);
      this.#editor.extendTo(down ? across / down : null);
    }
  }

  /** @returns {Bounds} something to begin with */
  get #offeredBox() {
    const { width, height } = this.#editor.work.size;
    const [left, top] = [Math.round(width / 4), Math.round(height / 4)];
    return [left, top, width - left, height - top];
  }

  /**
   * @param {string} numbers
   * @param {Bounds} box
   */
  #fillBox(numbers, [left, top, right, bottom]) {
    const values = [left, top, right - left, bottom - top];
    this.#all(`${numbers} input`).forEach((input, i) => (input.value = String(values[i])));
  }

  /**
   * @param {string} numbers
   * @returns {Bounds | null} what of the box lies on the canvas
   */
  #boxOf(numbers) {
    const [x, y, width, height] = this.#all(`${numbers} input`).map((input) => Math.round(input.valueAsNumber));
    if (![x, y, width, height].every(Number.isFinite) || width < 1 || height < 1) return null;
    return intersection([x, y, x + width, y + height], this.#editor.mask.everything);
  }

  #stamp() {
    const { tool } = this.#editor;
    const box = this.#boxOf("#box");
    if (box) this.#editor.stampBox(box, tool === "ellipse" ? tool : "rectangle");
  }

  /**
   * @param {HTMLInputElement} input
   * @param {number} value
   * @param {string} text
   */
  #slide(input, value, text) {
    // Written back, a value that was rounded would take the slider's small steps back.
    if (input !== this.#changing) input.value = String(value);
    input.setAttribute("aria-valuetext", text);
    const output = input.parentElement?.querySelector("output");
    if (output) output.textContent = text;
  }

  /** @param {HTMLInputElement} input */
  #largest(input) {
    return Math.max(16, this.#editor.largest / Number(input.dataset.partOf));
  }

  /** @param {number} length */
  #pixels(length) {
    return `${this.#format(length)} px`;
  }

  /** @param {string} selector */
  #input(selector) {
    return /** @type {HTMLInputElement} */ (this.#find(selector));
  }

  /**
   * @param {string} selector
   * @returns {any}
   */
  #find(selector) {
    return this.#root.querySelector(selector);
  }

  /** @param {string} selector */
  #all(selector) {
    return /** @type {HTMLInputElement[]} */ ([...this.#root.querySelectorAll(selector)]);
  }
}
