// @ts-check
import { filled } from "./form-parts.js";

/**
 * What is to be said of the draft, with what can be done about it, over the foot of the canvas. The
 * sentences stand in the page.
 */

/** @typedef {"take" | "keep" | "undo" | "signin"} Act */

/** @type {Record<string, string[]>} */
const ACTS = {
  conflict: ["take", "keep"],
  sent: ["fresh", "keep"],
  took: ["undo", "close"],
  keptMine: ["undo", "close"],
  signedOut: ["signin"],
  unreachable: ["take", "keep"],
};
const WAITS = ["offline", "noRoom", "signedOut", "failed"];
const BACK_MS = 5000;

export class DraftNotice {
  #root;
  #shown = "";
  #timer = 0;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
  }

  /** @param {Record<Act, () => void>} acts */
  listen(acts) {
    this.#root.addEventListener("click", ({ target }) => {
      const act = /** @type {HTMLElement} */ (target).closest("button")?.dataset.does;
      if (act === "close") this.hide();
      else if (act) acts[act === "fresh" ? "take" : /** @type {Act} */ (act)]();
    });
  }

  /**
   * @param {string} name of the sentence
   * @param {Record<string, string>} [values]
   */
  show(name, values = {}) {
    clearTimeout(this.#timer);
    const box = /** @type {HTMLElement} */ (this.#root.firstElementChild);
    const line = /** @type {HTMLElement} */ (box.querySelector("p"));
    const text = filled(this.#root.dataset[name] ?? "", values);
    if (line.textContent !== text) line.textContent = text;
    const acts = ACTS[name] ?? ["close"];
    for (const button of box.querySelectorAll("button")) button.hidden = !acts.includes(button.dataset.does ?? "");
    box.hidden = name === this.#shown && box.hidden; // what was closed stays so until there is something else to say
    this.#shown = name;
  }

  hide() {
    /** @type {HTMLElement} */ (this.#root.firstElementChild).hidden = true;
  }

  /** Whatever was in the way of saving is not any more. */
  saved() {
    if (!WAITS.includes(this.#shown)) return;
    this.#shown = "";
    this.show("back");
    this.#shown = "";
    this.#timer = window.setTimeout(() => this.hide(), BACK_MS);
  }
}
