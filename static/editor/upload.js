// @ts-check
/**
 * Pictures in, on every page: by the picker, by drag and drop, from the clipboard. Each file is a request of its own, so
 * that one that is refused keeps none of the others from arriving.
 */

const AT_ONCE = 3;

const words = /** @type {HTMLElement} */ (find("#upload-words")).dataset;
const panel = find("#uploading");
const list = find("#uploading ul");
const summary = find("#uploading h2 span");
const drop = find("#drop");
const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-upload]"));

document.body.append(drop, panel); // above whatever part of the page they came in

/** @typedef {{file: File, name: string, row: HTMLElement, state: "waiting" | "sending" | "taken" | "refused", url: string, note: string}} Upload */

/** @type {Upload[]} */
let uploads = [];

/** @param {File[]} files */
function add(files) {
  if (!form || files.length === 0) return;
  const fresh = files.map(uploadOf);
  uploads.push(...fresh);
  list.prepend(...fresh.map(({ row }) => row));
  panel.hidden = false;
  for (const upload of fresh) {
    if (upload.file.size > Number(words.limit)) refuse(upload, words.tooLarge ?? "");
  }
  next();
}

/** @param {File} file @returns {Upload} */
function uploadOf(file) {
  const name = file.name || (words.pasted ?? "");
  return { file, name, row: rowOf(name), state: "waiting", url: "", note: "" };
}

/** @param {string} name */
function rowOf(name) {
  const row = document.createElement("li");
  const title = element("b", name);
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", name);
  row.append(title, bar, element("p", words.waiting ?? ""));
  return row;
}

function next() {
  const sending = uploads.filter(({ state }) => state === "sending").length;
  for (const upload of uploads.filter(({ state }) => state === "waiting").slice(0, AT_ONCE - sending)) send(upload);
  tell();
}

/** @param {Upload} upload */
function send(upload) {
  upload.state = "sending";
  const body = new FormData();
  body.set("files", upload.file, upload.name);
  const request = new XMLHttpRequest(); // fetch does not tell how much has been sent
  request.open("POST", form?.action ?? "");
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("X-CSRFToken", token());
  request.responseType = "json";
  request.upload.onprogress = ({ loaded, total }) => show(upload, loaded / total);
  request.onload = () => answered(upload, request);
  request.onerror = () => refuse(upload, words.offline ?? "");
  request.onloadend = next;
  request.send(body);
}

function token() {
  return /** @type {HTMLInputElement} */ (form?.querySelector("[name=csrfmiddlewaretoken]")).value;
}

/** @param {Upload} upload @param {number} share */
function show(upload, share) {
  const bar = /** @type {HTMLProgressElement} */ (upload.row.querySelector("progress"));
  const text = /** @type {HTMLElement} */ (upload.row.querySelector("p"));
  if (share < 1) {
    bar.value = share;
    text.textContent = `${Math.floor(share * 100)} %`;
  } else {
    bar.removeAttribute("value"); // it has arrived; how long reading it takes is not known
    text.textContent = words.reading ?? "";
  }
}

/** @param {Upload} upload @param {XMLHttpRequest} request */
function answered(upload, request) {
  const told = request.response;
  if (request.status === 201 && told) taken(upload, told);
  else if (told?.error) refuse(upload, told.error);
  else if (request.status === 200) refuse(upload, words.signedOut ?? ""); // the sign-in page, by a redirect
  else if (request.status === 413) refuse(upload, words.tooLarge ?? "");
  else refuse(upload, words.broken ?? "");
}

/** @param {Upload} upload @param {{url: string, thumb_url: string, note: string}} told */
function taken(upload, told) {
  Object.assign(upload, { state: "taken", url: told.url, note: told.note });
  const picture = document.createElement("img");
  picture.src = told.thumb_url;
  picture.alt = "";
  const link = document.createElement("a");
  link.className = "button";
  link.href = told.url;
  link.textContent = words.edit ?? "";
  link.ariaLabel = (words.editName ?? "").replace("{name}", upload.name);
  upload.row.className = "taken";
  upload.row.replaceChildren(picture, element("b", upload.name), element("p", told.note || (words.done ?? "")), link);
}

/** @param {Upload} upload @param {string} sentence */
function refuse(upload, sentence) {
  upload.state = "refused";
  upload.row.className = "refused";
  upload.row.replaceChildren(icon("unknown"), element("b", upload.name), element("p", sentence));
}

function tell() {
  const count = (/** @type {string} */ wanted) => uploads.filter(({ state }) => state === wanted).length;
  const [done, refused] = [count("taken"), count("refused")];
  const text = (refused ? words.refused : words.progress) ?? "";
  const told = filled(text, { done, refused, all: uploads.length });
  if (summary.textContent !== told) summary.textContent = told;
  if (uploads.length > 0 && done + refused === uploads.length) finished();
}

function finished() {
  const [only] = uploads;
  if (uploads.length === 1 && only.state === "taken" && !only.note) {
    location.assign(only.url);
    return;
  }
  if (uploads.some(({ state }) => state === "taken")) document.dispatchEvent(new Event("uploaded"));
}

function isBusy() {
  return uploads.some(({ state }) => state === "waiting" || state === "sending");
}

find("#uploading button").addEventListener("click", () => {
  if (isBusy()) {
    panel.classList.toggle("folded");
    return;
  }
  uploads = [];
  list.replaceChildren();
  panel.hidden = true;
});
window.addEventListener("beforeunload", (event) => isBusy() && event.preventDefault());

// --- the picker -------------------------------------------------------------------------------------------------

const input = /** @type {HTMLInputElement | null} */ (form?.querySelector("input[type=file]") ?? null);
input?.addEventListener("change", () => {
  const files = [...(input.files ?? [])];
  input.value = "";
  add(files);
});
document.addEventListener("click", (event) => {
  if (!input || !(/** @type {HTMLElement} */ (event.target).closest("[data-upload-pick]"))) return;
  event.preventDefault();
  input.click();
});

// --- drag and drop ----------------------------------------------------------------------------------------------

/** @param {DragEvent} event */
const holdsFiles = (event) => event.dataTransfer?.types.includes("Files") ?? false;

document.addEventListener("dragenter", (event) => holdsFiles(event) && showDrop(event.dataTransfer?.items.length ?? 0));
document.addEventListener("dragover", (event) => {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
});
document.addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) drop.hidden = true;
});
document.addEventListener("drop", (event) => {
  drop.hidden = true;
  if (!holdsFiles(event)) return;
  event.preventDefault();
  add([...(event.dataTransfer?.files ?? [])]);
});

/** @param {number} count */
function showDrop(count) {
  const text = (count === 1 ? words.dropOne : words.dropMany) ?? "";
  const title = /** @type {HTMLElement} */ (drop.querySelector("strong"));
  title.textContent = filled(text, { count: count || "" });
  drop.hidden = false;
}

// --- the clipboard ----------------------------------------------------------------------------------------------

document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  const isText = event.clipboardData?.types.includes("text/plain");
  if (files.length === 0 || isText) return;
  event.preventDefault();
  add(files);
});

// --- small things -----------------------------------------------------------------------------------------------

/** @param {string} text @param {Record<string, string | number>} values for the words in braces */
function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (word, name) => String(values[name] ?? word));
}

/** @param {string} tag @param {string} text */
function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

/** @param {string} name */
function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon bad");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${words.icons}#${name}`);
  svg.append(use);
  return svg;
}

/** @param {string} selector @returns {HTMLElement} */
function find(selector) {
  const found = document.querySelector(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return /** @type {HTMLElement} */ (found);
}
