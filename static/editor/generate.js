// @ts-check
/**
 * The forms that ask for pictures without painting. They work without this: it shows what the chosen model takes and what it
 * will cost as soon as something is changed, instead of after the form was sent.
 */

/** @typedef {{value: string, label: string}} Choice */
/**
 * @typedef {object} Model
 * @property {string} id
 * @property {string} note
 * @property {string} warning
 * @property {number} prompt_limit
 * @property {number} n_max
 * @property {Choice[]} sizes
 * @property {string} default_size
 * @property {Choice[]} qualities
 * @property {string} default_quality
 * @property {Record<string, Choice[]>} options
 * @property {Record<string, string>} help
 * @property {string[]} compressible
 * @property {Choice[]} previews
 * @property {string} default_previews
 * @property {string} previews_note
 * @property {boolean} takes_squares
 */
/** @typedef {{text: string, detail: string, prices: string, sent?: string, problems: Record<string, string[]>}} Estimate */

const ESTIMATE_MS = 300;
const NEARLY_FULL = 0.8;
const OWN_SIZE = ["width", "height"];
const LISTED = ["background", "output_format", "style", "complexity", "moderation"];

const form = /** @type {HTMLFormElement} */ (document.querySelector("form[data-request]"));
/** @type {Model[]} */
const models = JSON.parse(document.getElementById("request-models")?.textContent ?? "[]");
const words = document.getElementById("request-words")?.dataset ?? {};
/** What was chosen by hand, also what the present model does not have: the next one may. @type {Record<string, string>} */
const wishes = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
let timer = 0;
/** @type {AbortController | null} */
let asking = null;

form.addEventListener("input", (event) => {
  const field = /** @type {HTMLInputElement} */ (event.target);
  wishes[field.name] = field.value;
  if (field.name === "model") offer();
  follow();
  say(OWN_SIZE.includes(field.name) ? "size" : field.name, []);
  clearTimeout(timer);
  timer = window.setTimeout(estimate, ESTIMATE_MS);
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
if (isChanged()) {
  offer();
  estimate();
}
follow();

/** Whether somebody chose before this file was there, or the browser kept what was chosen over a reload. */
function isChanged() {
  return [...form.elements].some((field) => {
    if (field instanceof HTMLSelectElement) return [...field.options].some((option) => option.selected !== option.defaultSelected);
    if (!(field instanceof HTMLInputElement) || field.type === "hidden") return false;
    return field.type === "radio" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
  });
}

function model() {
  return models.find(({ id }) => id === input("model").value) ?? models[0];
}

/** Shows the fields that the model takes, each with what can be chosen. */
function offer() {
  const of = model();
  for (const name of LISTED) {
    choose(name, of.options[name] ?? [], "");
    tell(`${name}-help`, of.help[name] ?? "");
  }
  choose("size", of.sizes, of.default_size);
  choose("partial_images", of.previews, of.default_previews);
  offerQualities(of);
  input("n").max = String(of.n_max);
  if (Number(input("n").value) > of.n_max) input("n").value = String(of.n_max);
  tell("model-note", of.note);
  tell("model-warning", of.warning);
  tell("partial_images-help", of.previews_note);
  part("square")?.toggleAttribute("hidden", !of.takes_squares);
}

/**
 * @param {string} name
 * @param {Choice[]} choices none: the model does not take it
 * @param {string} otherwise what holds where the wish cannot be had
 */
function choose(name, choices, otherwise) {
  const select = /** @type {HTMLSelectElement | null} */ (form.querySelector(`select[name="${name}"]`));
  if (!select) return;
  select.replaceChildren(...choices.map(({ value, label }) => new Option(label, value)));
  select.value = wished(name, choices, otherwise);
  toggle(name, choices.length > 0);
}

/** @param {Model} of */
function offerQualities({ qualities, default_quality: otherwise }) {
  const value = wished("quality", qualities, otherwise);
  part("qualities")?.replaceChildren(...qualities.map((choice) => radio(choice, choice.value === value)));
  toggle("quality", qualities.length > 0);
}

/** @param {Choice} choice @param {boolean} checked */
function radio({ value, label }, checked) {
  const element = document.createElement("label");
  const button = Object.assign(document.createElement("input"), { type: "radio", name: "quality", value, checked });
  element.append(button, label);
  return element;
}

/** @param {string} name @param {Choice[]} choices @param {string} otherwise */
function wished(name, choices, otherwise) {
  return choices.some(({ value }) => value === wishes[name]) ? wishes[name] : otherwise;
}

/** What depends on other fields: compression on the format, previews on the number, the count on the prompt. */
function follow() {
  const { compressible, previews, previews_note: note } = model();
  const format = /** @type {HTMLSelectElement | null} */ (form.querySelector('[name="output_format"]'))?.value ?? "";
  toggle("output_compression", compressible.includes(format));
  const isOne = input("n").value === "1";
  const counts = form.querySelector('[name="partial_images"]');
  if (counts) /** @type {HTMLSelectElement} */ (counts).disabled = previews.length === 0 || !isOne;
  tell("partial_images-help", isOne ? note : (words.onePreview ?? ""));
  const further = part("further");
  if (further) further.hidden = [...further.querySelectorAll("[data-field]")].every((field) => field.hasAttribute("hidden"));
  countPrompt();
}

function countPrompt() {
  const count = part("prompt-count");
  if (!count) return;
  const { length } = [...input("prompt").value];
  const limit = model().prompt_limit;
  const { format } = new Intl.NumberFormat(document.documentElement.lang);
  count.hidden = length < limit * NEARLY_FULL;
  count.textContent = (words.characters ?? "").replace("{length}", format(length)).replace("{limit}", format(limit));
  count.classList.toggle("bad", length > limit);
}

async function estimate() {
  asking?.abort();
  asking = new AbortController();
  try {
    const question = `${form.dataset.estimate}?${asked()}`;
    const answer = await fetch(question, { headers: { Accept: "application/json" }, signal: asking.signal });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    showEstimate(await answer.json());
  } catch (error) {
    if (/** @type {Error} */ (error).name === "AbortError") return;
    showEstimate({ text: words.noEstimate ?? "", detail: "", prices: "", problems: {} });
  }
}

function asked() {
  const question = new URLSearchParams([...new FormData(form)].map(([name, value]) => [name, String(value)]));
  for (const name of ["prompt", "key", "csrfmiddlewaretoken", "from_edit"]) question.delete(name);
  const prompt = form.elements.namedItem("prompt");
  if (prompt) question.set("prompt_chars", String([.../** @type {HTMLTextAreaElement} */ (prompt).value.trim()].length));
  return question;
}

/** @param {Estimate} estimate */
function showEstimate({ text, detail, prices, sent, problems }) {
  for (const [name, told] of [["cost", text], ["left", detail], ["prices", prices]]) tellAlways(name, told);
  if (sent) tellAlways("sent", sent);
  for (const field of form.querySelectorAll("[data-field]")) {
    const { field: name = "" } = /** @type {HTMLElement} */ (field).dataset;
    // That nothing is written yet is no news to somebody who has just begun.
    if (problems[name] && name !== "prompt") say(name, problems[name]);
  }
}

/** @param {string} name @param {string[]} texts */
function say(name, texts) {
  const line = part(`${name}-error`);
  if (!line) return;
  line.textContent = texts.join(" ");
  line.hidden = texts.length === 0;
  const field = form.querySelector(`[name="${name}"]`);
  if (texts.length) field?.setAttribute("aria-invalid", "true");
  else field?.removeAttribute("aria-invalid");
}

/** A field that is not shown is not sent either. @param {string} name @param {boolean} isTaken */
function toggle(name, isTaken) {
  const field = /** @type {HTMLElement | null} */ (form.querySelector(`[data-field="${name}"]`));
  if (!field) return;
  field.hidden = !isTaken;
  const control = /** @type {HTMLSelectElement | null} */ (field.matches("fieldset") ? field : field.querySelector("[name]"));
  if (control) control.disabled = !isTaken;
}

/** @param {string} name @param {string} text */
function tell(name, text) {
  const line = part(name);
  if (!line) return;
  tellAlways(name, text);
  line.hidden = !text;
}

/** @param {string} name @param {string} text */
function tellAlways(name, text) {
  const line = part(name);
  if (line) (line.querySelector("span") ?? line).textContent = text;
}

/** @param {string} name */
function input(name) {
  return /** @type {HTMLInputElement} */ (form.elements.namedItem(name) ?? document.createElement("input"));
}

/** @param {string} name */
function part(name) {
  return /** @type {HTMLElement | null} */ (document.querySelector(`[data-part="${name}"]`));
}
