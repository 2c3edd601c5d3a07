// @ts-check
import { filled, radio } from "./form-parts.js";
import { FramingForm } from "./framing-form.js";
import { boundsOf } from "./markup.js";
import { MoreOptions } from "./more-options.js";
import { chosen } from "./offered.js";

/**
 * The form beside the picture: what the chosen model takes, what it will cost, and sending it off.
 */

/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {import("./offered.js").Choice} Choice */
/** @typedef {import("./offered.js").Model} Model */
/** @typedef {Record<string, string[]>} Problems by field; "" for the whole */
/** @typedef {import("./frames.js").Frame} Frame */
/**
 * What is drawn over the picture, as the form has to know it.
 * @typedef {object} Drawn
 * @property {Bounds | null} bounds of the mask
 * @property {() => Bounds[]} islands of the mask
 * @property {Bounds | null} own the frame that is wanted
 * @property {readonly number[]} margins
 * @property {readonly import("./markup.js").Mark[]} marks
 * @property {number | null} grow
 * @property {number | null} feather
 */
/**
 * @typedef {object} Estimate
 * @property {string} text
 * @property {string} detail
 * @property {string} prices
 * @property {Frame[]} frames
 * @property {string} [framing] what other frames would cost
 * @property {boolean} [splits] whether there are several frames, or could be
 * @property {Problems} [problems]
 */

const ESTIMATE_MS = 300;
const SEND_MS = 60_000;
const NEARLY_FULL = 0.8;
const PLAIN = ["prompt", "references", "model", "quality", "size", "n", "framing", "markup_as"];
/** What an estimate is asked with, beside what problems are told at. */
const ASKED = ["margins", "grow", "feather", "own", "context", "split", "helper"];

export class EditForm extends EventTarget {
  #form;
  #models;
  #words;
  #urls;
  #more;
  #framing;
  #session;
  #drawn;
  /** What was chosen by hand: the next model may have what this one lacks. */
  #wishes = { size: "", quality: "", markup_as: "" };
  #timer = 0;
  /** @type {AbortController | null} */ #asking = null;
  #sending = false;
  /** @type {Set<string>} fields that the last estimate found something wrong with */ #estimated = new Set();

  /**
   * @param {HTMLFormElement} form
   * @param {object} of
   * @param {Model[]} of.models
   * @param {{estimate: string, submit: string}} of.urls
   * @param {Record<string, string>} of.words
   * @param {import("./sign-in-again.js").Session} of.session
   * @param {() => Drawn} of.drawn
   */
  constructor(form, { models, urls, words, session, drawn }) {
    super();
    this.#form = form;
    this.#models = models;
    this.#urls = urls;
    this.#words = words;
    this.#session = session;
    this.#drawn = drawn;
    this.#more = new MoreOptions(/** @type {HTMLDetailsElement} */ (this.#part("more-options")), words);
    this.#framing = new FramingForm(form, (mode) => this.dispatchEvent(new CustomEvent("framing", { detail: mode })));
    this.#field("model").replaceChildren(...models.map(({ id, label }) => new Option(label, id)));
    form.addEventListener("input", (event) => this.#changed(/** @type {HTMLElement} */ (event.target)));
    for (const button of form.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => this.#step(button));
    }
  }

  /**
   * What the draft keeps: all that was chosen, also what the present model does not take.
   * @returns {import("./draft.js").Fields}
   */
  get fields() {
    const value = (/** @type {string} */ name) => this.#field(name).value;
    const [prompt, model, n, references] = ["prompt", "model", "n", "references"].map(value);
    return { prompt, references, model, n, ...this.#wishes, ...this.#more.wishes, ...this.#framing.fields };
  }

  /** @param {Partial<import("./draft.js").Fields>} fields without the references, which are pictures */
  fill({ prompt = "", model = "", n = "1", size = "", quality = "", markup_as = "", ...options }) {
    this.#field("prompt").value = prompt;
    if (this.#models.some(({ id }) => id === model)) this.#field("model").value = model;
    this.#wishes = { size, quality, markup_as };
    this.#more.wishes = /** @type {Record<string, string>} */ (options);
    this.#framing.fill(options);
    this.#field("n").value = n;
    this.#offer();
  }

  /** @param {boolean} hasOwn whether there is a frame of one's own */
  showOwnFrame(hasOwn) {
    this.#framing.showOwn(hasOwn);
  }

  /** Asks for the price and the frame, a moment after the last change. */
  estimate() {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#estimate(), ESTIMATE_MS);
  }

  /**
   * Sends the edit. The form's key makes one click one edit, however often it has to be sent.
   * @param {() => Promise<Blob | null>} mask
   * @param {Record<string, string>} beside further fields
   * @returns {Promise<string | null>} where the edit is shown, null if it was not taken
   */
  async send(mask, beside = {}) {
    const broken = { url: null, problems: { "": [this.#words.broken] } };
    const { problems, url } = await this.#post(mask, beside).catch(() => broken);
    if (!url) this.setSending(false);
    this.showProblems(problems, { jump: true });
    return url;
  }

  get isSending() {
    return this.#sending;
  }

  /** @param {boolean} sending */
  setSending(sending) {
    const button = /** @type {HTMLButtonElement} */ (this.#form.querySelector("[type=submit]"));
    this.#sending = sending;
    button.disabled = sending;
    button.ariaBusy = String(sending);
    const name = /** @type {HTMLElement} */ (button.querySelector(".name"));
    name.textContent = sending ? this.#words.sending : this.#words.run;
  }

  /**
   * @param {Problems} problems
   * @param {{jump?: boolean}} [how] jump: lead the person to the first one
   */
  showProblems(problems, { jump = false } = {}) {
    const said = this.#atFields(problems);
    for (const field of this.#order) this.say(field, said[field] ?? []);
    const first = this.#order.find((field) => said[field]?.length);
    if (!jump || first === undefined) return;
    if (first === "mask") this.dispatchEvent(new Event("maskproblem"));
    else this.#controlOf(first).focus();
  }

  /** The fields that a problem can be said at, from top to bottom. */
  get #order() {
    return [...PLAIN, ...this.#more.names, "mask", ""];
  }

  /**
   * What belongs to no field that is shown is said above the button.
   * @param {Problems} problems
   */
  #atFields(problems) {
    /** @type {Problems} */
    const said = {};
    for (const [name, texts] of Object.entries(problems)) {
      const isShown = this.#order.includes(name) && !this.#part(`${name || "run"}-error`).parentElement?.hidden;
      (said[isShown ? name : ""] ??= []).push(...texts);
    }
    return said;
  }

  /**
   * @param {string} field
   * @returns {HTMLElement}
   */
  #controlOf(field) {
    if (field === "references") return this.#part("references");
    const invalid = field && this.#form.querySelector(`[name="${field}"][aria-invalid=true]`);
    const control = /** @type {HTMLElement} */ (invalid || this.#form.querySelector("[type=submit]"));
    return control;
  }

  /** @param {HTMLElement} target */
  #changed(target) {
    const { name, value } = /** @type {HTMLInputElement} */ (target);
    if (!name) return;
    if (name === "size" || name === "quality" || name === "markup_as") this.#wishes[name] = value;
    this.#more.wish(name, value);
    if (name === "model") this.#offer();
    else if (name === "n") this.#more.offer(this.model, Number(value) || 1);
    else this.#more.update(this.model);
    if (name === "markup_as") this.#offerMarkup(this.model);
    if (name === "prompt") this.#countPrompt();
    this.say(name, []);
    this.estimate();
    this.dispatchEvent(new Event("change"));
  }

  /** The model that is chosen. */
  get model() {
    return this.#models.find(({ id }) => id === this.#field("model").value) ?? this.#models[0];
  }

  /** Offers what the model takes, keeping what was chosen where it can be had. */
  #offer() {
    const { model } = this;
    if (!model) return;
    const sizes = model.sizes.map(({ value, label }) => new Option(label, value));
    this.#field("size").replaceChildren(...sizes);
    this.#field("size").value = chosen(model.sizes, this.#wishes.size, model.default_size);
    this.#part("size").hidden = sizes.length === 0;
    this.#offerQualities(model.qualities, chosen(model.qualities, this.#wishes.quality, model.default_quality));
    this.#setNumber(Number(this.#field("n").value) || 1);
    this.#more.offer(model, Number(this.#field("n").value));
    this.#offerMarkup(model);
    this.#showNotes(model);
    this.#countPrompt();
    this.dispatchEvent(new Event("model"));
  }

  /**
   * Asks how a drawing is to be sent, as long as there is one, or is about to be.
   * @param {boolean} shown
   */
  showMarkup(shown) {
    this.#part("markup_as").hidden = !shown;
  }

  /**
   * A model that takes no drawing by itself is shown it in a reference picture.
   * @param {Model} model
   */
  #offerMarkup(model) {
    const value = model.takes_markup ? this.#wishes.markup_as || "markup" : "reference";
    const radios = this.#part("markup_as").querySelectorAll("input");
    for (const each of radios) {
      each.checked = each.value === value;
      each.disabled = each.value === "markup" && !model.takes_markup;
    }
    const note = model.takes_markup ? this.#words[value === "markup" ? "asMarkup" : "asReference"] : filled(this.#words.noMarkup, { model: model.name });
    this.#part("markup-note").textContent = note;
  }

  /** @param {Model} model */
  #showNotes({ note, warning }) {
    this.#part("model-note").textContent = note;
    this.#part("model-note").hidden = !note;
    const text = /** @type {HTMLElement} */ (this.#part("model-warning").querySelector("span"));
    text.textContent = warning;
    this.#part("model-warning").hidden = !warning;
  }

  /**
   * @param {Choice[]} qualities
   * @param {string} value
   */
  #offerQualities(qualities, value) {
    const list = this.#part("qualities");
    list.replaceChildren(...qualities.map((choice) => radio("quality", choice, choice.value === value)));
    this.#part("quality").hidden = qualities.length === 0;
  }

  /** @param {Element} button */
  #step(button) {
    this.#setNumber(Number(this.#field("n").value) + Number(/** @type {HTMLElement} */ (button).dataset.step));
    this.#changed(this.#field("n"));
  }

  /** @param {number} number */
  #setNumber(number) {
    const most = this.model?.n_max ?? 1;
    const field = this.#field("n");
    field.max = String(most);
    field.value = String(Math.min(most, Math.max(1, Math.round(number))));
    for (const button of this.#form.querySelectorAll("[data-step]")) {
      const next = Number(field.value) + Number(/** @type {HTMLElement} */ (button).dataset.step);
      /** @type {HTMLButtonElement} */ (button).disabled = next < 1 || next > most;
    }
  }

  #countPrompt() {
    const limit = this.model?.prompt_limit ?? Infinity;
    const length = [...this.#field("prompt").value].length;
    const count = this.#part("prompt-count");
    count.hidden = length < limit * NEARLY_FULL;
    const { format } = new Intl.NumberFormat(document.documentElement.lang);
    const numbers = { length: format(length), limit: format(limit) };
    if (!count.hidden) count.textContent = filled(this.#words.characters, numbers);
    count.classList.toggle("bad", length > limit);
  }

  async #estimate() {
    this.#asking?.abort();
    this.#asking = new AbortController();
    try {
      const answer = await fetch(`${this.#urls.estimate}?${this.#question()}`, {
        headers: { Accept: "application/json" },
        signal: this.#asking.signal,
      });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      this.#showEstimate(await answer.json());
    } catch (error) {
      if (/** @type {Error} */ (error).name === "AbortError") return;
      this.#showEstimate({ text: this.#words.noEstimate, detail: "", prices: "", frames: [] });
    }
  }

  #question() {
    const question = new URLSearchParams();
    const chosen = this.#body();
    for (const name of [...PLAIN, ...this.#more.names].filter((name) => name !== "prompt" && chosen.has(name))) {
      question.set(name, String(chosen.get(name)));
    }
    question.set("prompt_chars", String([...this.#field("prompt").value.trim()].length));
    const { bounds, marks, islands } = this.#drawn();
    ["l", "t", "r", "b"].forEach((side, i) => bounds && question.set(side, String(bounds[i])));
    for (const name of ASKED) question.set(name, String(chosen.get(name)));
    question.set("islands", String(islands()));
    question.set("marks", String(marks.length));
    if (marks.length) question.set("marks_bounds", String(around(marks)));
    return question;
  }

  /** The form's fields and what is drawn, without the mask. */
  #body() {
    const body = new FormData(this.#form);
    const { margins, marks, grow, feather, own } = this.#drawn();
    for (const [name, value] of Object.entries(this.#framing.fields)) body.set(name, value);
    if (!marks.length) body.delete("markup_as");
    body.set("margins", margins.join(","));
    body.set("marks", JSON.stringify(marks));
    body.set("grow", String(grow ?? ""));
    body.set("feather", String(feather ?? ""));
    body.set("own", String(own ?? ""));
    return body;
  }

  /** @param {Estimate} estimate */
  #showEstimate({ text, detail, prices, frames, framing = "", splits = false, problems = {} }) {
    this.#part("cost").textContent = text;
    this.#part("left").textContent = detail;
    this.#part("prices").textContent = prices;
    this.#framing.told(framing, splits);
    // That nothing is painted or written yet is no news to somebody who has just begun.
    const said = this.#atFields(problems);
    if (!this.#field("prompt").value.trim()) delete said.prompt;
    for (const field of this.#order.slice(0, -2)) {
      if (said[field]?.length || this.#estimated.has(field)) this.say(field, said[field] ?? []);
    }
    this.#estimated = new Set(Object.keys(said));
    this.dispatchEvent(new CustomEvent("frames", { detail: frames }));
  }

  /**
   * @param {() => Promise<Blob | null>} mask
   * @param {Record<string, string>} beside
   * @returns {Promise<{url: string | null, problems: Problems}>}
   */
  async #post(mask, beside) {
    const body = this.#body();
    for (const [name, value] of Object.entries(beside)) body.set(name, value);
    const file = await mask();
    if (file) body.set("mask", file, "mask.png");
    const headers = { Accept: "application/json" };
    const signal = AbortSignal.timeout(SEND_MS);
    let answer;
    try {
      answer = await this.#session.fetch(this.#urls.submit, { method: "POST", body, headers, signal });
    } catch {
      return { url: null, problems: { "": [this.#words.offline] } };
    }
    const told = await answer.json().catch(() => ({}));
    if (answer.ok && told.url) return { url: told.url, problems: {} };
    if (answer.redirected || answer.status === 401) return { url: null, problems: { "": [this.#words.signedOut] } };
    return { url: null, problems: told.errors ?? { "": [this.#words.broken] } };
  }

  /**
   * Says what is wrong with a field; nothing takes it back.
   * @param {string} field
   * @param {string[]} texts
   */
  say(field, texts) {
    if (!this.#order.includes(field)) return;
    const line = this.#part(`${field || "run"}-error`);
    line.textContent = texts.join(" ");
    line.hidden = texts.length === 0;
    const input = field && /** @type {HTMLElement | null} */ (this.#form.querySelector(`[name="${field}"]`));
    if (!input) return;
    const folded = line.closest("details");
    if (folded && texts.length) folded.open = true;
    if (texts.length) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
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
    const part = this.#form.querySelector(`[data-part="${name}"]`);
    if (!part) throw new Error(`the form has no ${name}`);
    return /** @type {HTMLElement} */ (part);
  }
}

/**
 * @param {readonly import("./markup.js").Mark[]} marks
 * @returns {Bounds} that hold all of them, in whole pixels of the picture
 */
function around(marks) {
  const all = marks.map((mark) => boundsOf(mark));
  const side = (/** @type {number} */ i) => all.map((bounds) => bounds[i]);
  const [left, top] = [0, 1].map((i) => Math.floor(Math.min(...side(i))));
  const [right, bottom] = [2, 3].map((i) => Math.ceil(Math.max(...side(i))));
  return [left, top, right, bottom];
}
