// @ts-check
import { filled, radio } from "./form-parts.js";
import { countSet, isCompressible, offersOf, previewsOf } from "./offered.js";

/** The folded part of the form: what only some models take. */

/** @typedef {import("./offered.js").Model} Model */
/** @typedef {import("./offered.js").Wishes} Wishes */

const OPEN = "studio:more-options";
const COMPRESSION = "output_compression";

export class MoreOptions {
  #root;
  #words;
  /** @type {Wishes} */ #wishes = {};

  /**
   * @param {HTMLDetailsElement} root
   * @param {Record<string, string>} words
   */
  constructor(root, words) {
    this.#root = root;
    this.#words = words;
    root.open = localStorage.getItem(OPEN) === "yes";
    root.addEventListener("toggle", () => localStorage.setItem(OPEN, root.open ? "yes" : "no"));
  }

  /** The names of all options, whatever the model takes. */
  get names() {
    return this.#fields().map(({ dataset }) => dataset.option ?? "");
  }

  /** What was chosen, also what the present model has no use for. */
  get wishes() {
    return Object.fromEntries(this.names.map((name) => [name, this.#wishes[name] ?? ""]));
  }

  /** @param {Wishes} wishes */
  set wishes(wishes) {
    this.#wishes = Object.fromEntries(this.names.map((name) => [name, wishes[name] ?? ""]));
  }

  /**
   * A field was changed by hand.
   * @param {string} name
   * @param {string} value
   */
  wish(name, value) {
    if (this.names.includes(name)) this.#wishes[name] = value;
  }

  /**
   * Shows what the model takes. Fields that are not shown are not sent either.
   * @param {Model} model
   * @param {number} n how many results are asked for
   */
  offer(model, n) {
    const offers = offersOf(model, this.#wishes);
    for (const field of this.#fields()) {
      const name = field.dataset.option ?? "";
      if (name === "partial_images") this.#offerPreviews(field, model, n);
      else if (name !== COMPRESSION) this.#offerChoices(field, offers[name], model.help[name] ?? "");
    }
    this.update(model);
  }

  /**
   * Follows what was chosen: one of the fields depends on another one.
   * @param {Model} model
   */
  update(model) {
    this.#offerCompression(isCompressible(model, offersOf(model, this.#wishes).output_format?.value));
    const helper = /** @type {HTMLInputElement} */ (this.#root.querySelector("[name=helper]"));
    const count = countSet(model, this.#wishes) + Number(helper.checked);
    this.#part("more-count").textContent = count ? filled(this.#words.changed, { count: String(count) }) : "";
  }

  /**
   * @param {HTMLElement} field
   * @param {import("./offered.js").Offer | undefined} offer
   * @param {string} help
   */
  #offerChoices(field, offer, help) {
    const select = /** @type {HTMLSelectElement} */ (field.querySelector("select"));
    field.hidden = select.disabled = !offer;
    if (!offer) return;
    select.replaceChildren(...offer.choices.map(({ value, label }) => new Option(label, value)));
    select.value = offer.value;
    /** @type {HTMLElement} */ (field.querySelector(".meta")).textContent = help;
  }

  /** @param {boolean} isTaken */
  #offerCompression(isTaken) {
    const field = /** @type {HTMLElement} */ (this.#root.querySelector(`[data-option="${COMPRESSION}"]`));
    const input = /** @type {HTMLInputElement} */ (field.querySelector("input"));
    field.hidden = input.disabled = !isTaken;
    input.value = this.#wishes[COMPRESSION] ?? "";
  }

  /**
   * Only a single result is shown while it is made: of several nobody knows whose preview comes.
   * @param {HTMLElement} field
   * @param {Model} model
   * @param {number} n
   */
  #offerPreviews(field, model, n) {
    const { choices, value } = previewsOf(model, this.#wishes);
    const fieldset = /** @type {HTMLFieldSetElement} */ (field);
    field.hidden = choices.length === 0;
    fieldset.disabled = field.hidden || n > 1;
    const radios = choices.map((choice) => radio("partial_images", choice, choice.value === value));
    this.#part("previews").replaceChildren(...radios);
    const note = n > 1 ? filled(this.#words.onePreview, { count: String(n) }) : model.previews_note;
    this.#part("previews-help").textContent = note;
  }

  #fields() {
    return /** @type {HTMLElement[]} */ ([...this.#root.querySelectorAll("[data-option]")]);
  }

  /** @param {string} name */
  #part(name) {
    return /** @type {HTMLElement} */ (this.#root.querySelector(`[data-part="${name}"]`));
  }
}
