// @ts-check
/**
 * The form beside the picture: what the chosen model takes, what it will cost, and sending it off.
 */

/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {{value: string, label: string}} Choice */
/**
 * @typedef {object} Model
 * @property {string} id
 * @property {string} label
 * @property {number} prompt_limit
 * @property {number} n_max
 * @property {Choice[]} sizes
 * @property {string} default_size
 * @property {Choice[]} qualities
 * @property {string} default_quality
 * @property {string} note
 */
/** @typedef {Record<string, string[]>} Problems by field; "" for the whole */
/** @typedef {{bounds: Bounds, label: string} | null} Frame */
/** @typedef {{text: string, detail: string, frame: Frame, problems?: Problems}} Estimate */

const ESTIMATE_MS = 300;
const SEND_MS = 60_000;
const NEARLY_FULL = 0.8;
const ORDER = ["prompt", "model", "quality", "size", "n", "mask", ""];

export class EditForm extends EventTarget {
  #form;
  #models;
  #words;
  #urls;
  /** @type {(() => Bounds | null)} */ #bounds;
  #timer = 0;
  /** @type {AbortController | null} */ #asking = null;
  #sending = false;

  /**
   * @param {HTMLFormElement} form
   * @param {object} of
   * @param {Model[]} of.models
   * @param {{estimate: string, submit: string}} of.urls
   * @param {Record<string, string>} of.words
   * @param {() => Bounds | null} of.bounds of the mask
   */
  constructor(form, { models, urls, words, bounds }) {
    super();
    this.#form = form;
    this.#models = models;
    this.#urls = urls;
    this.#words = words;
    this.#bounds = bounds;
    this.#field("model").replaceChildren(...models.map(({ id, label }) => new Option(label, id)));
    form.addEventListener("input", (event) => this.#changed(/** @type {HTMLElement} */ (event.target)));
    for (const button of form.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => this.#step(button));
    }
  }

  /** @returns {import("./draft.js").Fields} */
  get fields() {
    const data = new FormData(this.#form);
    const value = (/** @type {string} */ name) => String(data.get(name) ?? "");
    const [prompt, model, n, size, quality] = ["prompt", "model", "n", "size", "quality"].map(value);
    return { prompt, model, n, size, quality };
  }

  /** @param {Partial<import("./draft.js").Fields>} fields */
  fill({ prompt = "", model = "", n = "1", size = "", quality = "" }) {
    this.#field("prompt").value = prompt;
    if (this.#models.some(({ id }) => id === model)) this.#field("model").value = model;
    this.#offer(size, quality);
    this.#setNumber(Number(n) || 1);
    this.#countPrompt();
  }

  /** Asks for the price and the frame, a moment after the last change. */
  estimate() {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#estimate(), ESTIMATE_MS);
  }

  /**
   * Sends the edit. The form's key makes one click one edit, however often it has to be sent.
   * @param {() => Promise<Blob | null>} mask
   * @returns {Promise<string | null>} where the edit is shown, null if it was not taken
   */
  async send(mask) {
    const broken = { url: null, problems: { "": [this.#words.broken] } };
    const { problems, url } = await this.#post(mask).catch(() => broken);
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
    for (const field of ORDER) this.#say(field, problems[field] ?? []);
    const first = ORDER.find((field) => problems[field]?.length);
    if (!jump || first === undefined) return;
    const target = this.#form.querySelector(`[aria-invalid=true]`) ?? this.#form.querySelector("[type=submit]");
    if (first === "mask") this.dispatchEvent(new Event("maskproblem"));
    else /** @type {HTMLElement} */ (target).focus();
  }

  /** @param {HTMLElement} target */
  #changed(target) {
    const { name } = /** @type {HTMLInputElement} */ (target);
    if (name === "model") this.#offer();
    if (name === "prompt") this.#countPrompt();
    this.#say(name, []);
    this.estimate();
    this.dispatchEvent(new Event("change"));
  }

  get #model() {
    return this.#models.find(({ id }) => id === this.#field("model").value) ?? this.#models[0];
  }

  /**
   * Offers what the model takes, keeping what was chosen where it can be had.
   * @param {string} size
   * @param {string} quality
   */
  #offer(size = this.fields.size, quality = this.fields.quality) {
    const model = this.#model;
    if (!model) return;
    const sizes = model.sizes.map(({ value, label }) => new Option(label, value));
    this.#field("size").replaceChildren(...sizes);
    this.#field("size").value = chosen(model.sizes, size, model.default_size);
    this.#part("size").hidden = sizes.length === 0;
    this.#offerQualities(model.qualities, chosen(model.qualities, quality, model.default_quality));
    this.#setNumber(Number(this.#field("n").value) || 1);
    this.#part("model-note").textContent = model.note;
    this.#part("model-note").hidden = !model.note;
    this.#countPrompt();
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
    const most = this.#model?.n_max ?? 1;
    const field = this.#field("n");
    field.max = String(most);
    field.value = String(Math.min(most, Math.max(1, Math.round(number))));
    for (const button of this.#form.querySelectorAll("[data-step]")) {
      const next = Number(field.value) + Number(/** @type {HTMLElement} */ (button).dataset.step);
      /** @type {HTMLButtonElement} */ (button).disabled = next < 1 || next > most;
    }
  }

  #countPrompt() {
    const limit = this.#model?.prompt_limit ?? Infinity;
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
      this.#showEstimate({ text: this.#words.noEstimate, detail: "", frame: null });
    }
  }

  #question() {
    const { prompt, ...choices } = this.fields;
    const question = new URLSearchParams({ ...choices, prompt_chars: String([...prompt.trim()].length) });
    const bounds = this.#bounds();
    ["l", "t", "r", "b"].forEach((side, i) => bounds && question.set(side, String(bounds[i])));
    return question;
  }

  /** @param {Estimate} estimate */
  #showEstimate({ text, detail, frame, problems = {} }) {
    this.#part("cost").textContent = text;
    this.#part("left").textContent = detail;
    // That nothing is painted or written yet is no news to somebody who has just begun.
    for (const field of ["prompt", "model", "quality", "size", "n"]) {
      const isBlank = field === "prompt" && !this.fields.prompt.trim();
      if (problems[field]?.length && !isBlank) this.#say(field, problems[field]);
    }
    this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
  }

  /**
   * @param {() => Promise<Blob | null>} mask
   * @returns {Promise<{url: string | null, problems: Problems}>}
   */
  async #post(mask) {
    const body = new FormData(this.#form);
    const file = await mask();
    if (file) body.set("mask", file, "mask.png");
    const headers = { Accept: "application/json" };
    const signal = AbortSignal.timeout(SEND_MS);
    let answer;
    try {
      answer = await fetch(this.#urls.submit, { method: "POST", body, headers, signal });
    } catch {
      return { url: null, problems: { "": [this.#words.offline] } };
    }
    const told = await answer.json().catch(() => ({}));
    if (answer.ok && told.url) return { url: told.url, problems: {} };
    if (answer.redirected || answer.status === 401) return { url: null, problems: { "": [this.#words.signedOut] } };
    return { url: null, problems: told.errors ?? { "": [this.#words.broken] } };
  }

  /**
   * @param {string} field
   * @param {string[]} texts
   */
  #say(field, texts) {
    if (!ORDER.includes(field)) return;
    const line = this.#part(`${field || "run"}-error`);
    line.textContent = texts.join(" ");
    line.hidden = texts.length === 0;
    const input = field && /** @type {HTMLElement | null} */ (this.#form.querySelector(`[name="${field}"]`));
    if (!input) return;
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
 * @param {string} text
 * @param {Record<string, string>} values for the words in braces
 */
export function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (word, name) => values[name] ?? word);
}

/**
 * @param {Choice[]} choices
 * @param {string} wanted
 * @param {string} otherwise
 */
function chosen(choices, wanted, otherwise) {
  return choices.some(({ value }) => value === wanted) ? wanted : otherwise;
}

/**
 * @param {string} name
 * @param {Choice} choice
 * @param {boolean} checked
 */
function radio(name, { value, label }, checked) {
  const input = Object.assign(document.createElement("input"), { type: "radio", name, value, checked });
  const element = document.createElement("label");
  element.append(input, label);
  return element;
}
