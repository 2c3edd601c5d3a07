// @ts-check
import { wordsFor } from "./cursor-words.js";
import { limited, marginsFor } from "./extend.js";
import { usable } from "./frame-tool.js";
import { Frames } from "./frames.js";
import { Gestures } from "./gestures.js";
import { Grips } from "./grips.js";
import { Hands } from "./hands.js";
import { firstStyle, markInWords } from "./markup.js";
import { MarkupLayer } from "./markup-layer.js";
import { outlineOn } from "./outline.js";
import { onCanvas } from "./regions.js";
import { Steps } from "./steps.js";
import { Surface } from "./surface.js";
import { clearMask, invertMask, largestBrush, maskAll, stampBox, steppedSize } from "./tools.js";
import { Work } from "./work.js";

/**
 * The mask editor: the work, the tools and their settings, the commands, and the hands that work
 * them on the surface.
 *
 * What happened is told by events: "change" (another mask), "marks", "margins", "own" (another frame of one's own), "view", "tool",
 * "mode", "size", "options", "look", "edge", "busy", "mark" (another one is selected), "loaded" (the
 * draft's state: "margins" and "marks" follow), "photo", "photofailed", "pointer", and with words in
 * their detail "announce" (for who listens) and "problem" (for all to see).
 */

/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {import("./tools.js").Mode} Mode */
/** @typedef {import("./tools.js").Options} Options */
/** @typedef {import("./tools.js").Region} Region */
/** @typedef {import("./work.js").Margins} Margins */
/** @typedef {"brush" | "eraser" | "rectangle" | "ellipse" | "lasso" | "polygon" | "wand" | "object" | "extend" | "frame" | "arrow" | "circle" | "line" | "text" | "hand"} ToolName */
/** @typedef {{grow: number | null, feather: number | null}} Edge in picture pixels; null is automatic */

const FIRST_BRUSH = 48;
/** @type {Margins} */
const NO_MARGINS = [0, 0, 0, 0];

export class MaskEditor extends EventTarget {
  /** @type {ToolName} */ tool = "brush";
  /** @type {Mode} */ mode = "add";
  /** @type {Edge} */ edge = { grow: null, feather: null };
  /** @type {Options} */ options;
  peeking = false;

  #element;
  #photo;
  #ask;
  #fetchSelection;
  #words;
  #spoken;
  #surface;
  #markup;
  #gestures;
  #steps;
  #hands;
  #sizeSaid = "";
  #grips;
  #frames;

  /**
   * @param {HTMLElement} element
   * @param {import("./surface.js").Photo} photo
   * @param {object} of
   * @param {import("./surface.js").Ask} of.ask the worker
   * @param {import("./tools.js").Editing["fetchSelection"]} of.fetchSelection
   * @param {Record<string, string>} of.words
   */
  constructor(element, photo, { ask, fetchSelection, words }) {
    super();
    this.#element = element;
    this.#photo = photo;
    this.#ask = (/** @type {Parameters<typeof ask>} */ ...question) =>
      ask(...question).catch(() => Promise.reject(new Error(words.workFailed)));
    this.#fetchSelection = fetchSelection;
    this.#words = words;
    this.#spoken = wordsFor(words, document.documentElement.lang);
    this.work = new Work(photo);
    this.largest = largestBrush(photo);
    this.#sizeSaid = `${photo.width} × ${photo.height}`;
    this.options = { tolerance: 32, contiguous: true, pressure: true, markColour: "#ff3b30", ...firstStyle(photo) };
    this.#surface = new Surface(element, photo, this.work, ask, (what) => this.#tell(what));
    this.#markup = new MarkupLayer(this.#surface, this.work);
    this.#grips = new Grips(this.#surface, this.work);
    this.#frames = new Frames(element, this.#surface);
    this.#gestures = new Gestures({
      changed: () => this.#steps.changed(),
      busy: () => this.#tell("busy"),
      // What the server says is for people; what browser or worker say is not.
      failed: ({ name, message }) => this.#tell("problem", name === "Error" ? message : words.workFailed),
    });
    this.#steps = new Steps({
      work: this.work,
      gestures: this.#gestures,
      ask: this.#ask,
      editing: () => this.editing,
      tell: (what) => this.#retell(what),
    });
    this.#hands = new Hands(element, this.#surface, this.#gestures, this);
    this.setSize(Math.round((FIRST_BRUSH * this.#surface.ratio) / this.scale));
    this.#hands.show();
    this.addEventListener("view", () => {
      this.#grips.show(this.tool);
      this.#frames.follow();
    });
  }

  // ---- state

  get mask() {
    return this.work.mask;
  }

  get history() {
    return this.work.history;
  }

  get look() {
    return this.#surface.look;
  }

  get scale() {
    return this.#surface.view.scale;
  }

  get size() {
    return this.#surface.brush.size;
  }

  /** Where the pointer or the cursor is on the canvas, or null. */
  get pointer() {
    return this.#surface.pointer;
  }

  /** Another number for every other mask. */
  get revision() {
    return this.#steps.revision;
  }

  /** The share of the canvas that the mask covers, 0 to 1. */
  get share() {
    return this.mask.area / (this.mask.width * this.mask.height);
  }

  /** The same in words. */
  get maskInWords() {
    return this.#spoken.share(this.share);
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
    this.#hands.show();
    this.#grips.show(tool);
    if (!MARKERS.has(tool)) this.selectMark(null);
    this.#tell("tool");
    this.#announce(this.#words[tool]);
  }

  /** @param {Mode} mode */
  setMode(mode) {
    this.mode = mode;
    this.#hands.show();
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
    this.#announce(`${this.size} px`);
  }

  /**
   * @template {keyof Options} T
   * @param {T} name
   * @param {Options[T]} value
   */
  setOption(name, value) {
    this.#setOptions({ [name]: value });
    if (this.hasMark) this.#steps.command(() => this.#markup.restyle(name, value));
  }

  /** @param {Partial<Options>} options */
  #setOptions(options) {
    this.options = { ...this.options, ...options };
    this.#tell("options");
  }

  /** @param {Partial<Edge>} edge */
  setEdge(edge) {
    this.edge = { ...this.edge, ...edge };
    this.#surface.setEdge(this.edge);
    this.#tell("edge");
  }

  /** @param {Partial<import("./looks.js").Look>} look */
  setLook(look) {
    this.#surface.setLook(look);
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
    this.#announce(this.#words.undo); // unless the mask has more to say
    if (!this.#gestures.back()) this.#steps.step(() => this.history.undo());
  }

  redo() {
    this.#announce(this.#words.redo);
    this.#steps.step(() => this.history.redo());
  }

  invert() {
    this.#steps.command(invertMask);
  }

  clear() {
    this.#steps.command(clearMask);
  }

  selectAll() {
    this.#steps.command(maskAll);
  }

  /**
   * A box by numbers.
   * @param {Bounds} bounds of the canvas
   * @param {"rectangle" | "ellipse"} shape
   * @param {Mode} mode
   */
  stampBox(bounds, shape, mode = this.mode) {
    this.#steps.command((editing) => stampBox(editing, bounds, shape, mode));
  }

  /** @param {number} radius in canvas pixels */
  grow(radius) {
    return this.#steps.reshape("grow", { radius });
  }

  /** @param {number} radius in canvas pixels */
  shrink(radius) {
    return this.#steps.reshape("shrink", { radius });
  }

  /** @param {number} radius of the unevenness that goes, in canvas pixels */
  smooth(radius = this.#unevenness) {
    return this.#steps.reshape("smooth", { radius });
  }

  fillHoles() {
    return this.#steps.reshape("holes", {});
  }

  /**
   * Combines a region from elsewhere with the mask, in one step.
   * @param {Region} region in picture pixels
   * @param {import("./shapes.js").Mode} mode
   */
  putRegion(region, mode = this.mode) {
    return this.#steps.put(async () => ({ region: onCanvas(region, this.work.margins), mode }));
  }

  /** @param {Margins} margins in picture pixels; what would make the canvas too large is not taken */
  setMargins(margins) {
    if (limited(margins, this.work.picture, this.work.margins) === margins) {
      this.#steps.command(() => this.work.setMargins(margins));
    } else {
      this.#tell("problem", this.#words.canvasTooLarge);
      this.#tell("options"); // fields show again what holds
    }
  }

  /** @param {number | null} aspect width by height of the canvas; null takes the picture's own */
  extendTo(aspect) {
    this.setMargins(aspect ? marginsFor(this.work.picture, aspect) : NO_MARGINS);
  }

  /** @param {Bounds | null} bounds of the frame that is wanted, on the canvas; null leaves it to the mask */
  setOwnFrame(bounds) {
    const own = bounds && usable(bounds, this.work.size);
    if (own || !bounds) this.#steps.command(() => this.work.setOwnFrame(own));
  }

  // ---- marks

  /** @param {readonly import("./work.js").Mark[]} marks */
  setMarks(marks) {
    this.#steps.command(() => this.work.setMarks(marks));
  }

  /** Whether a mark is selected. */
  get hasMark() {
    return this.#markup.selected !== null;
  }

  /** @param {number | null} index of a mark */
  selectMark(index) {
    this.#markup.select(index === null ? null : (this.#markup.marks[index] ?? null));
    this.#tell("mark");
  }

  /** @param {1 | -1} direction to the next mark, or the one before */
  stepMark(direction) {
    this.finish();
    this.#markup.step(direction);
    this.#tell("mark");
    const { selected } = this.#markup;
    if (selected) this.#announce(markInWords(selected, this.#words));
  }

  deleteMark() {
    const { selected } = this.#markup;
    this.#steps.command(() => this.#markup.remove());
    this.#tell("mark");
    if (selected) this.#announce(this.#spoken.say("markDeleted", { mark: markInWords(selected, this.#words) }));
  }

  // ---- the work as a whole

  /**
   * Takes over a stored state, as the one before the first step, once nothing is being drawn. What
   * was painted while it was fetched is kept.
   * @param {Uint8Array | null} pixels of the canvas, null if nothing is masked
   * @param {Margins} margins
   * @param {readonly import("./work.js").Mark[]} marks
   * @param {Bounds | null} own the frame of one's own
   */
  load(pixels, margins = NO_MARGINS, marks = [], own = null) {
    return this.#steps.load({ pixels, margins, marks, own });
  }

  /**
   * Another state of everything, in one step.
   * @param {import("./work.js").State} state
   */
  reset(state) {
    this.#steps.step(() => {
      this.work.setState(state);
      return this.mask.everything;
    });
  }

  /**
   * The mask as a PNG, null if it is empty, and which revision it is. Somebody may draw while it is
   * copied for the worker; what comes out is always a mask that was there at rest.
   * @param {"white" | "alpha"} by what says change: white, or transparency as images APIs want it
   * @returns {Promise<{revision: number, margins: Margins, bytes: Uint8Array<ArrayBuffer> | null}>}
   */
  encode(by = "white") {
    return this.#steps.encode(by);
  }

  /** Says where the cursor is. */
  sayWhere() {
    const { width, height } = this.mask;
    const { brush, middle, pointer } = this.#surface; // the pointer is told a few times a second only
    const { x, y } = brush.shown || !pointer ? this.#surface.toCanvas(brush.shown ? brush : middle) : pointer;
    const [column, row] = [Math.floor(x), Math.floor(y)];
    const isInside = column >= 0 && row >= 0 && column < width && row < height;
    const isMasked = isInside && this.mask.pixels[row * width + column] > 0;
    this.#announce(this.#spoken.where({ x: column, y: row }, isMasked, isInside));
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

  /** @param {import("./frames.js").Frame[]} frames that will be sent */
  showFrames(frames) {
    this.#frames.show(frames);
  }

  /** Takes the focus without asking for the keyboard's cursor. */
  focus() {
    this.#hands.focus();
  }

  /**
   * @param {KeyboardEvent} event
   * @returns {boolean} whether the key was meant for the surface
   */
  keyDown(event) {
    return this.#hands.keyDown(event);
  }

  /** @param {KeyboardEvent} event */
  keyUp(event) {
    this.#hands.keyUp(event);
  }

  /** Ends the gesture that is under way, as if the pointer went up. */
  finish() {
    this.#gestures.finish();
  }

  // ---- steps

  /** What tools work on. @returns {import("./tools.js").Editing} */
  get editing() {
    const { work, mask, history, options } = this;
    const surface = this.#surface;
    const changed = (/** @type {Bounds} */ bounds) => {
      work.seal(bounds);
      surface.repaint(bounds);
    };
    return {
      work, mask, history, options, changed, surface,
      get size() {
        return surface.brush.size; // it may change during a gesture that stays
      },
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
      markup: this.#markup,
      words: this.#words,
      tell: (what) => (what === "mark" ? this.#tell(what) : this.#steps.changed(what !== "marks")),
      setOptions: (options) => this.#setOptions(options),
      focus: () => this.focus(),
      outline: (name, width) => outlineOn(surface, name, width),
      finish: () => this.finish(),
      say: (word, values) => this.#announce(this.#spoken.say(word, values)),
      announce: (text) => this.#announce(text),
      warn: (text) => this.#tell("problem", text),
    };
  }

  /** What a hand leaves uneven: more in a large mask. */
  get #unevenness() {
    const [left, top, right, bottom] = this.bounds() ?? [0, 0, 0, 0];
    return Math.max(2, Math.round(Math.hypot(right - left, bottom - top) / 150));
  }

  /**
   * What a step changed is shown, told and said.
   * @param {"margins" | "marks" | "own" | "change" | "loaded"} what
   */
  #retell(what) {
    if (what === "margins" || what === "loaded") this.#surface.workChanged();
    if (what !== "change") {
      this.#markup.show();
      this.#grips.show(this.tool);
    }
    for (const name of what === "loaded" ? ["loaded", "margins", "marks", "own"] : [what]) this.#tell(name);
    if (what === "change") this.#announce(this.#changeInWords);
  }

  get #changeInWords() {
    const { width, height } = this.work.size;
    const [last, now] = [this.#sizeSaid, `${width} × ${height}`];
    this.#sizeSaid = now;
    if (last !== now) return this.#spoken.say("extended", { width: String(width), height: String(height) });
    return this.#spoken.mask(this.share, this.bounds(), this.work.size);
  }

  /** @param {string | undefined} text */
  #announce(text) {
    if (text) this.#tell("announce", text);
  }

  /**
   * @param {string} what
   * @param {string} [detail]
   */
  #tell(what, detail) {
    this.dispatchEvent(new CustomEvent(what, { detail }));
  }
}

/** Tools that keep a mark selected. */
const MARKERS = new Set(["arrow", "circle", "line", "text"]);
