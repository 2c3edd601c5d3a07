// @ts-check
import { Gestures } from "./gestures.js";
import { Keyboard } from "./keyboard.js";
import { Pointers } from "./pointers.js";
import { combined, nextFrame, onCanvas, strips } from "./regions.js";
import { Surface } from "./surface.js";
import { TOOLS, clearMask, invertMask, largestBrush, maskAll, steppedSize } from "./tools.js";
import { Work } from "./work.js";

/**
 * The mask editor: the work, the tools, and the pointers and keys that work them on the surface.
 *
 * What happened is told by events: "change" (another mask), "marks", "margins", "view", "tool",
 * "mode", "size", "options", "look", "edge", "busy", "photo", "photofailed", and with words in
 * their detail "announce" (for who listens) and "problem" (for all to see).
 */

/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {import("./mask.js").Point} Point */
/** @typedef {import("./tools.js").Mode} Mode */
/** @typedef {import("./tools.js").Region} Region */
/** @typedef {import("./work.js").Margins} Margins */
/** @typedef {"brush" | "eraser" | "rectangle" | "ellipse" | "lasso" | "polygon" | "wand" | "object" | "extend" | "arrow" | "circle" | "line" | "text" | "hand"} ToolName */
/** @typedef {{tint: string, strength: number, outline: boolean, inverse: boolean, only: boolean, hidden: boolean, ants: boolean}} Look */
/** @typedef {{grow: number | null, feather: number | null}} Edge in picture pixels; null is automatic */

const FIRST_BRUSH = 48;
const ERASER_END = 32; // of PointerEvent.buttons

export class MaskEditor extends EventTarget {
  /** @type {ToolName} */ tool = "brush";
  /** @type {Mode} */ mode = "add";
  /** @type {import("./tools.js").Options} */
  options = { tolerance: 32, contiguous: true, pressure: true, markColour: "#ff3b30", markWidth: 8, textSize: 48 };
  /** @type {Look} */
  look = { tint: "amber", strength: 0.44, outline: true, inverse: false, only: false, hidden: false, ants: false };
  /** @type {Edge} */ edge = { grow: null, feather: null };
  /** Another number for every other mask. */
  revision = 0;
  peeking = false;

  #element;
  #photo;
  #ask;
  #fetchSelection;
  #words;
  #surface;
  #gestures;
  #pointers;
  #keyboard;
  /** @type {Point | null} */ #lastPoint = null;

  /**
   * @param {HTMLElement} element
   * @param {import("./surface.js").Photo} photo
   * @param {any} of
   * @param {import("./surface.js").Ask} of.ask the worker
   * @param {import("./tools.js").Editing["fetchSelection"]} of.fetchSelection
   * @param {Record<string, string>} of.words
   */
  constructor(element, photo, of) {
    super();
    const { ask, fetchSelection, words } = typeof of === "function" ? { ask: of, fetchSelection: of, words: {} } : of;
    this.#element = element;
    this.#photo = photo;
    this.#ask = ask;
    this.#fetchSelection = fetchSelection;
    this.#words = words;
    this.work = new Work(photo);
    this.largest = largestBrush(photo);
    this.#surface = new Surface(element, photo, this.mask, ask, (what) => this.#tell(what));
    this.#gestures = new Gestures({
      changed: () => this.#changed(),
      busy: () => this.#tell("busy"),
      failed: (error) => this.#tell("problem", error.message),
    });
    this.#pointers = new Pointers(element, this.#surface, this.#pointerHands());
    this.#keyboard = new Keyboard(element, this.#surface, this.#keyHands());
    element.addEventListener("focus", () => this.#pointers.justUsed || this.#keyboard.showCursor());
    this.setSize(Math.round((FIRST_BRUSH * this.#surface.ratio) / this.scale));
    this.#showMode();
  }

  // ---- state

  get mask() {
    return this.work.mask;
  }

  get history() {
    return this.work.history;
  }

  get scale() {
    return this.#surface.view.scale;
  }

  get size() {
    return this.#surface.brush.size;
  }

  /** The share of the canvas that the mask covers, 0 to 1. */
  get share() {
    return this.mask.area / (this.mask.width * this.mask.height);
  }

  /** The mask's, on the canvas. */
  bounds() {
    return this.mask.bounds();
  }

  /** Whether a gesture is under way: the mask is between two states. */
  get isDrawing() {
    return this.#gestures.isDrawing || this.history.isOpen;
  }

  /** Whether an answer is waited for that may change the mask. */
  get isBusy() {
    return this.#gestures.isBusy;
  }

  // ---- settings

  /** @param {ToolName} tool */
  setTool(tool) {
    this.finish();
    this.tool = tool;
    this.#showMode();
    this.#tell("tool");
    this.#announce(this.#words[tool]);
  }

  /** @param {Mode} mode */
  setMode(mode) {
    this.mode = mode;
    this.#showMode();
    this.#tell("mode");
    this.#announce(this.#words[mode]);
  }

  /** @param {number} size in canvas pixels */
  setSize(size) {
    this.#surface.brush.size = Math.min(this.largest, Math.max(1, size));
    this.#surface.schedule();
    this.#tell("size");
  }

  /** @param {number} steps */
  stepSize(steps) {
    this.setSize(steppedSize(this.size, steps, this.largest));
  }

  /**
   * @template {keyof import("./tools.js").Options} T
   * @param {T} name
   * @param {import("./tools.js").Options[T]} value
   */
  setOption(name, value) {
    this.options = { ...this.options, [name]: value };
    this.#tell("options");
  }

  /** @param {Partial<Edge>} edge */
  setEdge(edge) {
    this.edge = { ...this.edge, ...edge };
    this.#surface.setEdge(this.edge);
    this.#tell("edge");
  }

  /** @param {Partial<Look>} look */
  setLook(look) {
    this.look = { ...this.look, ...look };
    this.#surface.setLook(this.look);
    this.#tell("look");
  }

  get tinted() {
    return !this.look.hidden;
  }

  /** @param {boolean} tinted */
  showTint(tinted) {
    this.look = { ...this.look, hidden: !tinted };
    this.#surface.showTint(tinted);
    this.#tell("look");
  }

  /** @param {boolean} peeking whether to show the picture alone */
  peek(peeking) {
    this.peeking = peeking;
    this.#element.classList.toggle("peeking", peeking);
    this.#tell("look");
  }

  // ---- commands

  undo() {
    if (!this.#gestures.back()) this.#step(() => this.history.undo());
  }

  redo() {
    this.#step(() => this.history.redo());
  }

  invert() {
    this.#command(() => invertMask(this.#editing));
  }

  clear() {
    this.#command(() => clearMask(this.#editing));
  }

  selectAll() {
    this.#command(() => maskAll(this.#editing));
  }

  /** @param {number} radius in canvas pixels */
  grow(radius) {
    return this.#reshape("grow", { radius });
  }

  /** @param {number} radius in canvas pixels */
  shrink(radius) {
    return this.#reshape("shrink", { radius });
  }

  /** @param {number} radius of the unevenness that goes */
  smooth(radius = this.#smoothing) {
    return this.#reshape("smooth", { radius });
  }

  fillHoles() {
    return this.#reshape("holes", {});
  }

  /**
   * Combines a region from elsewhere with the mask.
   * @param {Region} region in picture pixels
   * @param {import("./shapes.js").Mode} mode
   */
  putRegion(region, mode = this.mode) {
    return this.#answered(async () => ({ region: onCanvas(region, this.work.margins), mode }));
  }

  /** @param {Margins} margins */
  setMargins(margins) {
    this.#step(() => (this.work.setMargins(margins) ? this.mask.everything : null));
  }

  /** @param {readonly import("./work.js").Mark[]} marks */
  setMarks(marks) {
    this.#step(() => void this.work.setMarks(marks) ?? null);
  }

  /**
   * Takes over a stored state, as the one before the first step. What was painted while it was
   * fetched is kept.
   * @param {Uint8Array | null} pixels of the canvas, null if nothing is masked
   * @param {Margins} margins
   * @param {readonly import("./work.js").Mark[]} marks
   */
  load(pixels, margins = [0, 0, 0, 0], marks = []) {
    this.finish();
    this.#following(() => {
      this.work.load({ pixels, margins, marks });
      return this.mask.everything;
    });
  }

  /**
   * Another state of everything, in one step.
   * @param {import("./work.js").State} state
   */
  reset(state) {
    this.#step(() => {
      this.work.setState(state);
      return this.mask.everything;
    });
  }

  /**
   * The mask as a PNG, null if it is empty, and which revision it is. It is copied for the worker a
   * strip per frame, and once more if somebody draws meanwhile: what comes out is always a mask
   * that was there at rest.
   * @returns {Promise<{revision: number, margins: Margins, bytes: Uint8Array<ArrayBuffer> | null}>}
   */
  async encode() {
    for (;;) {
      while (this.isDrawing || this.isBusy) await nextFrame();
      const { revision, mask } = this;
      const { margins, size } = this.work;
      const parts = await strips(mask);
      if (this.isDrawing || revision !== this.revision) continue;
      const buffers = parts.map(({ pixels }) => pixels.buffer);
      const bytes = parts.length ? await this.#ask("encode", { parts, ...size }, buffers) : null;
      return { revision, margins, bytes };
    }
  }

  // ---- the view

  fit() {
    this.#surface.fit();
  }

  /** @param {1 | -1} direction */
  zoomStep(direction) {
    this.#surface.zoomStep(direction);
  }

  /** @param {number} scale device pixels per canvas pixel */
  zoomTo(scale) {
    this.#surface.zoom(scale);
  }

  /** @param {{bounds: Bounds, label: string} | null} framed the window that will be sent, on the canvas */
  showFrame(framed) {
    this.#surface.showFrame(framed);
  }

  /** Takes the focus without asking for the keyboard's cursor. */
  focus() {
    this.#pointers.use();
    this.#element.focus({ preventScroll: true });
  }

  /**
   * @param {KeyboardEvent} event
   * @returns {boolean} whether the key was meant for the surface
   */
  keyDown(event) {
    return this.#keyboard.keyDown(event);
  }

  /** @param {KeyboardEvent} event */
  keyUp(event) {
    this.#keyboard.keyUp(event);
  }

  /** Ends the gesture that is under way, as if the pointer went up. */
  finish() {
    this.#gestures.finish();
  }

  // ---- hands

  /** @returns {import("./pointers.js").Hands} */
  #pointerHands() {
    const place = (/** @type {Point} */ { x, y }, /** @type {boolean} */ shown) => {
      Object.assign(this.#surface.brush, { x, y, shown: shown && this.#hasBrush, byKeys: false });
      this.#surface.schedule();
    };
    return {
      pans: () => this.tool === "hand" || this.#keyboard.pans,
      press: (spot, event) => {
        place(spot, event.pointerType !== "touch");
        this.#press(spot, event, event);
      },
      draw: (spot, event) => {
        place(spot, event.pointerType !== "touch");
        this.#draw(spot, event);
      },
      release: (spot) => this.#gestures.release(this.#surface.toPicture(spot)),
      hover: (spot, event) => {
        place(spot, true);
        this.#modified(event);
        this.#gestures.hover(this.#surface.toPicture(spot));
      },
      drop: () => this.#gestures.drop(),
      finish: () => this.finish(),
      undo: () => this.undo(),
      redo: () => this.redo(),
      stepSize: (steps) => this.stepSize(steps),
    };
  }

  /** @returns {import("./keyboard.js").KeyHands} */
  #keyHands() {
    return {
      press: (spot, event) => this.#press(spot, event, { pointerType: "keys", pressure: 1, buttons: 1 }),
      draw: (spot) => this.#draw(spot, { pressure: 1, shiftKey: false, altKey: false }),
      release: (spot) => this.#gestures.release(this.#surface.toPicture(spot)),
      hover: (spot) => this.#gestures.hover(this.#surface.toPicture(spot)),
      key: (event) => this.#gestures.key(event),
      latches: () => LATCHING.has(this.tool),
      modified: () => this.#modified({ altKey: this.#keyboard.alt, shiftKey: this.#keyboard.shift }),
    };
  }

  /**
   * @param {Point} spot
   * @param {{altKey: boolean, shiftKey: boolean}} held
   * @param {{pointerType: string, pressure: number, buttons: number, detail?: number}} by
   */
  #press(spot, held, { pointerType, pressure, buttons, detail }) {
    const point = this.#surface.toPicture(spot);
    const name = buttons & ERASER_END ? "eraser" : this.tool;
    const from = held.shiftKey && !held.altKey ? this.#lastPoint : null;
    const how = { from, mode: this.#modeWith(held), pressure, pointerType, count: detail };
    const tool = TOOLS[name];
    if (tool) this.#gestures.press(() => tool(this.#editing, point, how), point, how);
    this.#lastPoint = point;
  }

  /**
   * @param {Point} spot
   * @param {{pressure: number, shiftKey: boolean, altKey: boolean}} by
   */
  #draw(spot, { pressure, shiftKey, altKey }) {
    this.#lastPoint = this.#surface.toPicture(spot);
    this.#gestures.move(this.#lastPoint, { pressure, square: shiftKey && !altKey });
  }

  /** @param {{altKey: boolean, shiftKey: boolean}} held */
  #modified(held) {
    this.#showMode(this.#modeWith(held));
  }

  /**
   * @param {{altKey: boolean, shiftKey: boolean}} held
   * @returns {Mode}
   */
  #modeWith({ altKey, shiftKey }) {
    if (!altKey) return this.mode;
    return shiftKey ? "intersect" : "subtract";
  }

  /** The mode in force, for whoever looks. */
  #showMode(mode = this.mode) {
    const { dataset } = this.#element;
    if (dataset.mode !== mode) dataset.mode = mode;
    if (dataset.tool !== this.tool) dataset.tool = this.tool;
  }

  get #hasBrush() {
    return BRUSHES.has(this.tool);
  }

  // ---- steps

  /** @returns {import("./tools.js").Editing} */
  get #editing() {
    const { work, mask, history, size, options } = this;
    const changed = (/** @type {Bounds} */ bounds) => {
      work.seal(bounds);
      this.#surface.repaint(bounds);
    };
    return {
      work, mask, history, size, options, changed,
      surface: this.#surface,
      ask: this.#ask,
      photo: this.#photo,
      fetchSelection: this.#fetchSelection,
      step: (act) => {
        history.begin();
        const bounds = act();
        if (bounds) changed(bounds);
        return history.commit();
      },
      wait: (cancel, answer) => void this.#gestures.wait({ cancel }, answer),
      tell: (what) => (what === "change" ? this.#changed() : this.#tell(what)),
      finish: () => this.finish(),
      announce: (text) => this.#announce(text),
    };
  }

  /**
   * @param {"grow" | "shrink" | "smooth" | "holes"} task of the worker
   * @param {object} message
   */
  async #reshape(task, message) {
    this.finish();
    const bounds = this.bounds();
    if (!bounds) return false;
    return this.#answered(async () => {
      const region = { bounds, pixels: this.mask.copy(bounds) };
      const answer = await this.#ask(task, { region, size: this.work.size, ...message }, [region.pixels.buffer]);
      return { region: answer ?? { bounds, pixels: new Uint8Array(region.pixels.length) }, mode: "replace" };
    });
  }

  /**
   * One step with a region of the canvas that is waited for.
   * @param {() => Promise<{region: Region, mode: import("./shapes.js").Mode}>} ask
   */
  #answered(ask) {
    this.finish();
    this.#gestures.abort();
    const canceling = new AbortController();
    const answer = ask().then(({ region, mode }) => combined(this.#editing, region, mode, canceling.signal));
    return this.#gestures.wait({ cancel: () => canceling.abort() }, answer);
  }

  /** About a hundredth of what is masked is uneven by hand. */
  get #smoothing() {
    const [left, top, right, bottom] = this.bounds() ?? [0, 0, 0, 0];
    return Math.max(2, Math.round(Math.hypot(right - left, bottom - top) / 150));
  }

  /** @param {() => boolean} act changes the mask at once */
  #command(act) {
    this.finish();
    this.#gestures.abort();
    if (act()) this.#changed();
  }

  /** @param {() => Bounds | null} act goes a step of any kind, and says what of the mask it changed */
  #step(act) {
    this.finish();
    this.#gestures.abort();
    this.#following(act);
  }

  /** @param {() => Bounds | null} act */
  #following(act) {
    const { margins, marks } = this.work;
    const bounds = act();
    if (margins !== this.work.margins) {
      this.#surface.workChanged();
      this.#tell("margins");
    } else if (bounds) this.#surface.repaint(bounds);
    if (marks !== this.work.marks) this.#tell("marks");
    if (bounds) this.#changed();
  }

  #changed() {
    this.revision += 1;
    this.#tell("change");
  }

  /** @param {string | undefined} text */
  #announce(text) {
    if (text) this.#tell("announce", text);
  }

  /**
   * @param {string} what
   * @param {any} [detail]
   */
  #tell(what, detail) {
    this.dispatchEvent(detail === undefined ? new Event(what) : new CustomEvent(what, { detail }));
  }
}

/** Tools whose size the ring shows. */
const BRUSHES = new Set(["brush", "eraser"]);
/** Tools that need two places: a short press of a key leaves them under way. */
const LATCHING = new Set(["rectangle", "ellipse", "lasso", "object", "extend", "arrow", "circle", "line"]);
