// @ts-check
import { Draft } from "./draft.js";
import { EditForm } from "./edit-form.js";
import { filled } from "./form-parts.js";
import { MaskEditor } from "./mask-editor.js";
import { References } from "./references.js";
import { positionOf, sizeAt } from "./tools.js";

/**
 * The studio page: puts the mask editor, the form and the draft together, and gives them buttons,
 * keys and words.
 */

const SPOKEN_MS = 700;
const SINGLE_KEYS = "studio:single-keys";
const HOLD_KEY = "\\";

const data = JSON.parse(find("#studio-data").textContent ?? "");
/** @type {Record<string, string>} */
const words = JSON.parse(find("#studio-words").textContent ?? "");
const surface = find("#surface");
const form = /** @type {HTMLFormElement} */ (find("#edit-form"));
const help = /** @type {HTMLDialogElement} */ (find("#help"));
const slider = /** @type {HTMLInputElement} */ (find("#brush-size"));
const singleKeys = /** @type {HTMLInputElement} */ (find("#single-keys"));
const { format } = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });

const ask = startWorker(surface.dataset.worker ?? "");
const editor = new MaskEditor(
  surface,
  {
    width: data.image.width,
    height: data.image.height,
    previewUrl: data.preview_url,
    previewWidth: data.preview_width,
    fullUrl: data.full_url,
  },
  ask,
);
const editForm = new EditForm(form, {
  models: data.models,
  urls: { estimate: data.estimate_url, submit: data.submit_url },
  words,
  bounds: () => editor.mask.bounds(),
});
const token = /** @type {HTMLInputElement} */ (find("[name=csrfmiddlewaretoken]")).value;
const references = new References(find("#references"), {
  dialog: /** @type {HTMLDialogElement} */ (find("#choose")),
  upload: { url: data.upload_url, token, mostBytes: data.upload_max_bytes },
  words,
  say,
  fails: (texts) => editForm.say("references", texts),
});
const draft = new Draft({
  url: data.draft_url,
  token,
  editor,
  fields: () => editForm.fields,
  beside: () => ({ pictures: references.pictures }),
  says: (state) => (find("#draft-state").textContent = ` · ${words[state]}`),
});

let speaking = 0;

/** @type {Record<string, () => void>} */
const ACTS = {
  brush: () => editor.setTool("brush"),
  eraser: () => editor.setTool("eraser"),
  undo: () => editor.undo(),
  redo: () => editor.redo(),
  invert: () => editor.invert(),
  clear: () => editor.clear(),
  smaller: () => editor.stepSize(-1),
  larger: () => editor.stepSize(1),
  "much-smaller": () => editor.stepSize(-4),
  "much-larger": () => editor.stepSize(4),
  "zoom-in": () => editor.zoomStep(1),
  "zoom-out": () => editor.zoomStep(-1),
  "zoom-100": () => editor.zoomTo(1),
  "zoom-200": () => editor.zoomTo(2),
  fit: () => editor.fit(),
  tint: () => editor.showTint(!editor.tinted),
  help: () => help.showModal(),
  sheet: () => foldSheet(),
};

/** @type {Record<string, string>} */
const KEYS = {
  b: "brush", e: "eraser", "[": "smaller", "]": "larger", "{": "much-smaller", "}": "much-larger", h: "tint",
  "+": "zoom-in", "=": "zoom-in", "-": "zoom-out", 0: "fit", 1: "zoom-100", 2: "zoom-200", "?": "help", Delete: "clear",
};
/** @type {Record<string, string>} */
const CTRL_KEYS = { z: "undo", "shift z": "redo", y: "redo", i: "invert" };

listenToEditor();
listenToForm();
listenToPage();
const begun = begin();

async function begin() {
  const kept = draft.takeKept();
  const start = kept ?? data.draft ?? {};
  references.fill(start.pictures ?? []);
  editForm.fill(start);
  showTool();
  showSize();
  showView();
  const source = kept ? kept.mask && { bytes: kept.mask } : start.mask_url && { url: start.mask_url };
  await restore(source);
  showMask();
  editForm.estimate();
  if (kept) draft.touch();
  draft.open();
}

/** @param {{bytes?: Uint8Array<ArrayBuffer>, url?: string} | null} source */
async function restore(source) {
  if (!source) return;
  try {
    const { width, height, pixels } = await ask("decode", source);
    if (width !== data.image.width || height !== data.image.height) throw new RangeError("another size");
    editor.load(pixels);
  } catch {
    draft.spareStoredMask();
    warn(words.maskLost);
  }
}

// ---- the editor

function listenToEditor() {
  editor.addEventListener("change", () => {
    showMask();
    draft.touch();
    editForm.estimate();
    editForm.showProblems({});
  });
  editor.addEventListener("tool", showTool);
  editor.addEventListener("size", showSize);
  editor.addEventListener("view", showView);
  editor.addEventListener("look", showLook);
  editor.addEventListener("photo", () => surface.removeAttribute("aria-busy"));
  editor.addEventListener("photofailed", () => warn(words.photoFailed));
  slider.addEventListener("input", () => editor.setSize(sizeAt(Number(slider.value) / 100, editor.largest)));
}

function showTool() {
  for (const name of ["brush", "eraser"]) find(`[data-act=${name}]`).ariaPressed = String(editor.tool === name);
  find("#tool-name").textContent = words[editor.tool];
  surface.dataset.tool = editor.tool;
  say(words[editor.tool]);
}

function showSize() {
  slider.value = String(100 * positionOf(editor.size, editor.largest));
  const size = `${format(editor.size)} px`;
  slider.setAttribute("aria-valuetext", size);
  find("#brush-size-out").textContent = size;
}

function showView() {
  const percent = format(Math.round(editor.scale * (editor.scale < 0.1 ? 1000 : 100)) / (editor.scale < 0.1 ? 10 : 1));
  const zoom = find("[data-act=zoom-100]");
  zoom.textContent = `${percent} %`;
  zoom.ariaLabel = filled(words.zoom, { percent });
}

function showLook() {
  find("[data-act=tint]").ariaPressed = String(!editor.tinted);
  find("[data-hold=peek]").ariaPressed = String(editor.peeking);
}

function showMask() {
  const percent = shareInWords(editor.share);
  const text = editor.mask.isEmpty ? words.noMask : filled(words.maskShare, { percent });
  find("#mask-share").textContent = text;
  setDisabled("undo", !editor.history.canUndo);
  setDisabled("redo", !editor.history.canRedo);
  setDisabled("clear", editor.mask.isEmpty);
  say(text);
}

/** @param {number} share 0 to 1; neither a trace nor all but a trace is rounded away */
function shareInWords(share) {
  if (share > 0 && share < 0.001) return `< ${format(0.1)}`;
  if (share < 1 && share > 0.999) return `> ${format(99.9)}`;
  return format(share * 100);
}

/**
 * A disabled button would lose the focus; one that says that it is disabled keeps it.
 * @param {string} act
 * @param {boolean} disabled
 */
function setDisabled(act, disabled) {
  find(`[data-act=${act}]`).ariaDisabled = String(disabled);
}

// ---- the form

function listenToForm() {
  editForm.addEventListener("model", () => references.fit(editForm.model));
  editForm.addEventListener("change", () => draft.touch());
  editForm.addEventListener("frame", (event) => editor.showFrame(/** @type {CustomEvent} */ (event).detail));
  editForm.addEventListener("maskproblem", () => surface.focus());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
}

async function run() {
  if (editForm.isSending) return;
  editForm.setSending(true);
  editor.finish();
  await begun;
  if (!(await references.settled())) return editForm.setSending(false);
  await draft.close();
  const url = await editForm.send(() => draft.file());
  if (url) location.assign(url);
  else {
    draft.touch();
    draft.open();
  }
}

// ---- the page

function listenToPage() {
  for (const button of document.querySelectorAll("[data-act]")) {
    const { act = "" } = /** @type {HTMLElement} */ (button).dataset;
    button.addEventListener("click", (event) => {
      if (button.ariaDisabled !== "true") ACTS[act]();
      // After a click the keys belong to the surface again; whoever came by keyboard stays on the button.
      const byPointer = /** @type {MouseEvent} */ (event).detail > 0;
      if (byPointer && button.closest("[data-tools]")) editor.focus();
    });
  }
  listenToHold(find("[data-hold=peek]"));
  document.addEventListener("keydown", keyDown);
  document.addEventListener("keyup", keyUp);
  window.addEventListener("blur", () => editor.peeking && editor.peek(false));
  // A page that comes back from the cache carries the key of the edit that was sent, which is used up.
  window.addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  singleKeys.checked = localStorage.getItem(SINGLE_KEYS) !== "off";
  singleKeys.addEventListener("change", () => localStorage.setItem(SINGLE_KEYS, singleKeys.checked ? "on" : "off"));
}

/** @param {HTMLElement} button */
function listenToHold(button) {
  button.addEventListener("pointerdown", (event) => {
    button.setPointerCapture(event.pointerId);
    editor.peek(true);
  });
  for (const end of ["pointerup", "pointercancel", "blur"]) button.addEventListener(end, () => editor.peek(false));
  button.addEventListener("keydown", ({ key }) => (key === " " || key === "Enter") && editor.peek(true));
  button.addEventListener("keyup", () => editor.peek(false));
}

/** @param {KeyboardEvent} event */
function keyDown(event) {
  // AltGr is how some keyboards type brackets; it comes as Ctrl and Alt.
  const ctrl = (event.ctrlKey || event.metaKey) && !event.getModifierState("AltGraph");
  const isCovered = Boolean(document.querySelector("dialog[open]"));
  if (ctrl && event.key === "Enter" && !isCovered) {
    event.preventDefault();
    form.requestSubmit();
    return;
  }
  if (event.defaultPrevented || isCovered || isTyping(event.target)) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const isTaken = ctrl ? actOn(CTRL_KEYS[event.shiftKey ? `shift ${key}` : key]) : plainKey(event, key);
  if (isTaken) event.preventDefault();
}

/**
 * @param {KeyboardEvent} event
 * @param {string} key
 */
function plainKey(event, key) {
  if (isForSurface(event) && editor.keyDown(event)) return true;
  if (!singleKeys.checked && document.activeElement !== surface) return false;
  if (key !== HOLD_KEY) return actOn(KEYS[key]);
  if (!event.repeat) editor.peek(true);
  return true;
}

/** @param {KeyboardEvent} event */
function keyUp(event) {
  if (event.key === HOLD_KEY) editor.peek(false);
  editor.keyUp(event);
}

/** @param {string | undefined} act */
function actOn(act) {
  if (!act) return false;
  ACTS[act]();
  return true;
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  const typing = "textarea, select, input:not([type=range], [type=radio], [type=checkbox])";
  return target instanceof Element && target.matches(typing);
}

/**
 * Space and arrows belong to the surface unless another control has a use for them.
 * @param {KeyboardEvent} event
 */
function isForSurface({ key, target }) {
  return target === surface || target === document.body || (key === " " && target === slider);
}

function foldSheet() {
  const panel = find(".panel");
  const isOpen = panel.classList.toggle("folded") === false;
  find("[data-act=sheet]").ariaExpanded = String(isOpen);
}

/**
 * Says it to screen readers once nothing else has been said for a moment.
 * @param {string} text
 */
function say(text) {
  clearTimeout(speaking);
  speaking = window.setTimeout(() => (find("#said").textContent = text), SPOKEN_MS);
}

/** @param {string} text */
function warn(text) {
  const note = find("#warning");
  note.textContent = text;
  note.hidden = false;
}

/**
 * @param {string} url
 * @returns {import("./surface.js").Ask}
 */
function startWorker(url) {
  const worker = new Worker(url, { type: "module" });
  const waiting = new Map();
  let last = 0;
  worker.onmessage = ({ data: { id, answer, error } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(error));
    else resolve(answer);
  };
  worker.onerror = () => waiting.forEach(({ reject }) => reject(new Error("the worker did not start")));
  return (task, message = {}, transfer = []) =>
    new Promise((resolve, reject) => {
      waiting.set((last += 1), { resolve, reject });
      worker.postMessage({ ...message, id: last, task }, transfer);
    });
}

/**
 * @param {string} selector
 * @returns {HTMLElement}
 */
function find(selector) {
  const element = document.querySelector(selector);
  if (!element) throw new Error(`the page has no ${selector}`);
  return /** @type {HTMLElement} */ (element);
}
