// @ts-check
import { startWorker } from "./ask.js";
import { DraftNotice } from "./draft-notice.js";
import { Draft } from "./draft.js";
import { EditForm } from "./edit-form.js";
import { filled } from "./form-parts.js";
import { islands } from "./islands.js";
import { listenToLook } from "./look-menu.js";
import { areMarks } from "./markup.js";
import { MaskEditor } from "./mask-editor.js";
import { MaskLibrary } from "./mask-library.js";
import { selectObject } from "./object-select.js";
import { Options } from "./options.js";
import { Palette } from "./palette.js";
import { References } from "./references.js";
import { listenToKeys } from "./shortcuts.js";
import { Session } from "./sign-in-again.js";
import { ToolRail } from "./tool-rail.js";

/**
 * The studio page: puts the mask editor, the form and the draft together, and gives them their
 * commands and words.
 */

const SPOKEN_MS = 700;
const MARKUP_TOOLS = ["arrow", "circle", "line", "text"];
const SINGLE_KEYS = "studio:single-keys";
const MORE_TOOLS = "studio:more-tools";

const data = JSON.parse(find("#studio-data").textContent ?? "");
/** @type {any} */
const words = JSON.parse(find("#studio-words").textContent ?? "");
const surface = find("#surface");
const form = /** @type {HTMLFormElement} */ (find("#edit-form"));
const singleKeys = /** @type {HTMLInputElement} */ (find("#single-keys"));
const moreRail = find("#more-rail");
const icons = surface.dataset.icons ?? "";
const { format } = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });

const ask = startWorker(surface.dataset.worker ?? "");
const session = new Session(/** @type {HTMLDialogElement} */ (find("#sign-in-again")));
const editor = new MaskEditor(
  surface,
  {
    width: data.image.width,
    height: data.image.height,
    previewUrl: data.preview_url,
    previewWidth: data.preview_width,
    fullUrl: data.full_url,
  },
  {
    ask,
    fetchSelection: (wish, signal) =>
      selectObject(wish, {
        url: data.select_url,
        fetch: (url, init) => session.fetch(url, init),
        ask,
        picture: data.image,
        failed: words.workFailed,
        signal,
      }),
    words: { ...words.commands, ...words },
  },
);
const editForm = new EditForm(form, {
  models: data.models,
  urls: { estimate: data.estimate_url, submit: data.submit_url },
  words,
  session,
  drawn: () => ({
    bounds: editor.bounds(),
    islands: () => islands(editor.mask),
    own: editor.work.ownFrame,
    margins: editor.work.margins,
    marks: editor.work.marks,
    ...editor.edge,
  }),
});
const references = new References(find("#references"), {
  dialog: /** @type {HTMLDialogElement} */ (find("#choose")),
  upload: { url: data.upload_url, session, mostBytes: data.upload_max_bytes },
  words,
  say,
  fails: (texts) => editForm.say("references", texts),
});
const draft = new Draft({
  url: data.draft_url,
  key: `${session.person}:${data.image.id}`,
  session,
  editor,
  fields: () => editForm.fields,
  beside: () => ({ pictures: references.pictures }),
  apply,
  notice: new DraftNotice(find("#draft-notice")),
  says: (state) => {
    find("#draft-state").textContent = ` · ${words[`draft_${state}`]}`;
    find("#draft-state").dataset.state = state;
  },
});
const library = new MaskLibrary(/** @type {HTMLDialogElement} */ (find("#mask-library")), {
  editor, ask, session, draft, say, image: data.image, drop: surface,
});

/** @type {import("./commands.js").Page} */
const page = {
  run: () => form.requestSubmit(),
  palette: () => palette.show(),
  moreTools: () => showMoreTools(moreRail.hidden, { remember: true }),
  get hasMoreTools() {
    return !moreRail.hidden;
  },
  singleKeys: () => setSingleKeys(!singleKeys.checked),
  get hasSingleKeys() {
    return singleKeys.checked;
  },
  prompt: () => {
    foldSheet(false);
    find("#prompt").focus();
  },
  masks: (list) => library.open(list),
  press: (field) => find(field).click(),
  has: (field) => /** @type {HTMLInputElement} */ (find(field)).checked,
  context: (steps) => stepContext(steps),
  importMask: () => library.chooseFile(),
  exportMask: () => library.export("white"),
  get amount() {
    return Math.max(1, Math.round(Number(/** @type {HTMLInputElement} */ (find("#amount")).value)) || 1);
  },
};
const rail = new ToolRail({ editor, page, names: words, icons });
const options = new Options(find("#options"), { editor, words, format });
const palette = new Palette(/** @type {HTMLDialogElement} */ (find("#palette")), {
  names: words,
  icons,
  state: ({ isOn, isOff }) => ({ isOn: Boolean(isOn?.(editor, page)), isOff: Boolean(isOff?.(editor, page)) }),
  run: ({ run }) => run(editor, page),
});

/** @type {import("./frames.js").Frame[]} that would be sent now */ let frames = [];
/** @type {import("./mask.js").Bounds | null} the last frame of one's own, in picture pixels */ let ownBefore = null;
const used = new Set();
let speaking = 0;
let hasBegun = false;

listenToEditor();
listenToForm();
listenToPage();
const begun = begin();

async function begin() {
  showView();
  options.show();
  const blank = { ...editForm.fields, prompt: "" };
  const start = await draft.begin(data.draft);
  // What somebody has typed or chosen meanwhile holds.
  const early = Object.entries(editForm.fields).filter(([name, value]) => value !== blank[name]);
  await apply({ ...start, ...Object.fromEntries(early) });
  hasBegun = true;
  showMask();
  draft.open();
}

/**
 * Shows a draft: as the state before the first step, and later on as a step that can be undone.
 * @param {any} start
 */
async function apply(start) {
  references.fill(start.pictures ?? []);
  editForm.fill(start);
  editor.setEdge({ grow: edgeOf(start.grow), feather: edgeOf(start.feather) });
  const margins = start.margins?.length ? start.margins : [0, 0, 0, 0];
  const pixels = await maskOf(start, margins);
  const state = { pixels, margins, marks: areMarks(start.marks) ? start.marks : [], own: start.framing === "own" ? start.own : null };
  if (hasBegun) editor.reset(state);
  else await editor.load(state.pixels, state.margins, state.marks, state.own);
  editForm.estimate();
}

/** @param {number | string | null | undefined} length nothing is automatic */
function edgeOf(length) {
  return length === "" || length === null || length === undefined ? null : Number(length);
}

/**
 * @param {{mask?: Uint8Array | null, mask_url?: string | null}} start
 * @param {[number, number, number, number]} margins
 * @returns {Promise<Uint8Array | null>}
 */
async function maskOf({ mask, mask_url: url }, [left, top, right, bottom]) {
  const source = mask ? { bytes: mask } : url && { url };
  if (!source) return null;
  try {
    const { width, height, pixels } = await ask("decode", source);
    const isWhole = width === data.image.width + left + right && height === data.image.height + top + bottom;
    if (!isWhole) throw new RangeError("another size");
    return pixels;
  } catch {
    draft.spareStoredMask();
    warn(words.maskLost);
    return null;
  }
}

// ---- the editor

function listenToEditor() {
  const hear = (/** @type {string[]} */ names, /** @type {(event: any) => void} */ does) =>
    names.forEach((name) => editor.addEventListener(name, does));
  hear(["own"], () => {
    ownBefore = editor.work.own ?? ownBefore;
    editForm.showOwnFrame(editor.work.own !== null);
  });
  hear(["change", "marks", "margins", "edge", "own"], ({ type }) => {
    if (!hasBegun) return void (type === "change" && draft.touch()); // painted before the draft was there
    if (type !== "edge") used.add(editor.tool);
    showMask();
    draft.touch();
    editForm.estimate();
    editForm.showProblems({});
  });
  hear(["marks", "tool"], () => editForm.showMarkup(editor.work.marks.length > 0 || MARKUP_TOOLS.includes(editor.tool)));
  hear(["tool"], showHint);
  hear(["view"], showView);
  hear(["tool", "mode", "look", "busy", "change", "marks", "mark", "margins", "view"], () => rail.show());
  hear(["busy"], () => find("#busy").toggleAttribute("hidden", !editor.isBusy));
  hear(["pointer"], showPointer);
  hear(["photo"], () => surface.removeAttribute("aria-busy"));
  hear(["photofailed"], () => warn(words.photoFailed));
  let problem = "";
  hear(["problem"], ({ detail }) => warn((problem = detail)));
  hear(["change", "marks", "tool", "busy"], ({ type }) => {
    if (find("#warning").textContent === problem && (type !== "busy" || editor.isBusy)) find("#warning").hidden = true;
  });
  hear(["announce"], ({ detail }) => say(detail));
  listenToLook(find("#look-menu"), editor, format);
}

function showView() {
  const percent = format(Math.round(editor.scale * (editor.scale < 0.1 ? 1000 : 100)) / (editor.scale < 0.1 ? 10 : 1));
  const zoom = find("#zoom");
  zoom.textContent = `${percent} %`;
  zoom.ariaLabel = filled(words.zoom, { percent });
}

function showMask() {
  find("#mask-share").textContent = editor.maskInWords;
  find(".facts").classList.toggle("empty", editor.mask.isEmpty);
  rail.show();
  showHint();
}

/** One sentence for whoever has just begun, or takes a tool for the first time; gone once it was used. */
function showHint() {
  const hint = find("#hint");
  const isPlain = editor.tool === "brush" || editor.tool === "eraser";
  hint.textContent = words.hints[editor.tool];
  hint.hidden = used.has(editor.tool) || (isPlain && !editor.mask.isEmpty);
}

function showPointer() {
  const { pointer } = editor;
  const [x, y] = pointer ? [pointer.x, pointer.y].map((each) => format(Math.floor(each))) : ["", ""];
  find("#coordinates").textContent = pointer ? filled(words.pointer, { x, y }) : "";
}

// ---- the form

function listenToForm() {
  editForm.addEventListener("model", () => references.fit(editForm.model));
  editForm.addEventListener("change", () => draft.touch());
  editForm.addEventListener("frames", (event) => editor.showFrames((frames = /** @type {CustomEvent} */ (event).detail)));
  editForm.addEventListener("framing", (event) => frame(/** @type {CustomEvent} */ (event).detail));
  editForm.addEventListener("maskproblem", () => surface.focus());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
}

/**
 * Whoever wants a frame of their own begins with the one that they had, or with what would be sent.
 * @param {string} mode
 */
function frame(mode) {
  const { work } = editor;
  if (mode === "own") {
    editor.setOwnFrame((ownBefore && work.onCanvas(ownBefore)) ?? frames[0]?.bounds ?? work.mask.everything);
    editor.setTool("frame");
  } else {
    editor.setOwnFrame(null);
    if (editor.tool === "frame") editor.setTool("brush");
  }
}

/** @param {number} steps of the slider */
function stepContext(steps) {
  const slider = /** @type {HTMLInputElement} */ (find("#context"));
  slider.stepUp(steps);
  slider.dispatchEvent(new Event("input", { bubbles: true }));
}

async function run() {
  if (editForm.isSending) return;
  editForm.setSending(true);
  editor.finish();
  await begun;
  if (!(await references.settled())) return editForm.setSending(false);
  await draft.close();
  const url = await editForm.send(() => draft.file(), draft.sent());
  if (url) {
    await draft.forget();
    location.assign(url);
  } else {
    draft.touch();
    draft.open();
  }
}

// ---- the page

function listenToPage() {
  listenToKeys({ surface, editor, page });
  find("[data-act=sheet]").addEventListener("click", () => foldSheet());
  singleKeys.addEventListener("change", () => setSingleKeys(singleKeys.checked));
  setSingleKeys(localStorage.getItem(SINGLE_KEYS) !== "off");
  showMoreTools(localStorage.getItem(MORE_TOOLS) === "yes");
  // A page that comes back from the cache carries the key of the edit that was sent, which is used up.
  window.addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
}

/** @param {boolean} on */
function setSingleKeys(on) {
  singleKeys.checked = on;
  localStorage.setItem(SINGLE_KEYS, on ? "on" : "off");
}

/**
 * @param {boolean} shown
 * @param {{remember?: boolean}} [how]
 */
function showMoreTools(shown, { remember = false } = {}) {
  moreRail.hidden = !shown;
  if (remember) localStorage.setItem(MORE_TOOLS, shown ? "yes" : "no");
  rail.show();
}

/** @param {boolean} [folded] */
function foldSheet(folded) {
  const isOpen = find(".panel").classList.toggle("folded", folded) === false;
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
 * @param {string} selector
 * @returns {HTMLElement}
 */
function find(selector) {
  const element = document.querySelector(selector);
  if (!element) throw new Error(`the page has no ${selector}`);
  return /** @type {HTMLElement} */ (element);
}
