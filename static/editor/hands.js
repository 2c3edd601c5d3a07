// @ts-check
import { cursorOf, gripAt } from "./extend.js";
import { cursorOver } from "./frame-tool.js";
import { Keyboard } from "./keyboard.js";
import { Pointers } from "./pointers.js";
import { TOOLS } from "./toolbox.js";

/**
 * What pointers and keys do: they show where the tool is, and press, draw and release with it. The
 * modifiers that are held say how it changes the mask.
 */

/** @typedef {import("./mask.js").Point} Point */
/** @typedef {import("./tools.js").Mode} Mode */
/** @typedef {import("./pointers.js").Held} Held */
/** @typedef {import("./pointers.js").By} By */
/** @typedef {{tool: string, mode: Mode, work: import("./work.js").Work, editing: import("./tools.js").Editing, undo: () => void, redo: () => void, stepSize: (steps: number) => void}} Editor */

/** Tools whose size the ring shows. */
const BRUSHES = new Set(["brush", "eraser"]);
/** Tools that need two places: a short press of a key leaves them under way. */
const LATCHING = new Set(["rectangle", "ellipse", "lasso", "object", "extend", "frame", "arrow", "circle", "line"]);
const ERASER_END = 32; // of PointerEvent.buttons

export class Hands {
  #element;
  #surface;
  #gestures;
  #editor;
  #pointers;
  #keyboard;
  /** On the picture, which margins move. @type {Point | null} */ #last = null;

  /**
   * @param {HTMLElement} element
   * @param {import("./surface.js").Surface} surface
   * @param {import("./gestures.js").Gestures} gestures
   * @param {Editor} editor
   */
  constructor(element, surface, gestures, editor) {
    this.#element = element;
    this.#surface = surface;
    this.#gestures = gestures;
    this.#editor = editor;
    this.#pointers = new Pointers(element, surface, this.#acts);
    this.#keyboard = new Keyboard(element, surface, this.#acts);
    element.addEventListener("focus", (event) => this.#pointers.brought(event) || this.#keyboard.showCursor());
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

  /** Shows which tool is chosen and which mode is in force. */
  show(mode = this.#editor.mode) {
    const { dataset, style } = this.#element;
    if (dataset.mode !== mode) dataset.mode = mode;
    if (dataset.tool === this.#editor.tool) return;
    dataset.tool = this.#editor.tool;
    style.cursor = "";
    if (!BRUSHES.has(dataset.tool) && !this.#surface.brush.byKeys) this.#surface.hideBrush();
  }

  /** What pointers and keys do alike, and what only one of them does. */
  get #acts() {
    const gestures = this.#gestures;
    const at = (/** @type {Point} */ spot) => this.#surface.toCanvas(spot);
    return {
      pans: () => this.#editor.tool === "hand" || this.#keyboard.pans,
      presses: () => gestures.isPressed,
      latches: () => LATCHING.has(this.#editor.tool),
      press: (/** @type {Point} */ spot, /** @type {Held & By} */ by, count = 1) => this.#press(spot, by, count),
      draw: (/** @type {Point} */ spot, /** @type {Held & By} */ by) => this.#draw(spot, by),
      release: (/** @type {Point} */ spot) => gestures.release(at(spot)),
      hover: (/** @type {Point} */ spot, /** @type {Held & By} */ by) => this.#hover(spot, by),
      modified: (/** @type {Held} */ held) => this.show(this.#modeWith(held)),
      lift: () => this.#surface.showLoupe(null),
      drop: () => gestures.drop(),
      key: (/** @type {KeyboardEvent} */ event) => gestures.key(event),
      undo: () => this.#editor.undo(),
      redo: () => this.#editor.redo(),
      stepSize: (/** @type {number} */ steps) => this.#editor.stepSize(steps),
    };
  }

  /**
   * The ring goes with a brush; a finger hides what it paints on, so the loupe shows that.
   * @param {Point} spot
   * @param {By} by
   */
  #place({ x, y }, { pointerType, buttons }) {
    if (pointerType === "keys") return; // they placed it themselves
    const { brush } = this.#surface;
    const touch = pointerType === "touch";
    brush.x = x;
    brush.y = y;
    brush.byKeys = false;
    brush.shown = !touch && BRUSHES.has(buttons & ERASER_END ? "eraser" : this.#editor.tool);
    if (touch) this.#surface.showLoupe({ x, y });
    else this.#surface.schedule();
  }

  /**
   * @param {Point} spot
   * @param {Held & By} by
   * @param {number} count 2 for the second of a double click
   */
  #press(spot, by, count) {
    this.#place(spot, by);
    const { pressure, pointerType, buttons, shiftKey, altKey } = by;
    const point = this.#surface.toCanvas(spot);
    const [left, top] = this.#editor.work.margins;
    const from = shiftKey && !altKey && this.#last ? { x: this.#last.x + left, y: this.#last.y + top } : null;
    const how = { from, mode: this.#modeWith(by), pressure, pointerType, count };
    const tool = TOOLS[buttons & ERASER_END ? "eraser" : this.#editor.tool];
    if (!tool) return; // the hand
    this.#gestures.press(() => tool(this.#editor.editing, point, how), point, how);
    this.#keep(point);
  }

  /**
   * @param {Point} spot
   * @param {Held & By} by
   */
  #draw(spot, by) {
    this.#place(spot, by);
    const point = this.#surface.toCanvas(spot);
    this.#keep(point);
    this.#gestures.move(point, { pressure: by.pressure, square: by.shiftKey && !by.altKey });
  }

  /** @param {Point} point where a straight line may begin */
  #keep({ x, y }) {
    const [left, top] = this.#editor.work.margins;
    this.#last = { x: x - left, y: y - top };
  }

  /**
   * @param {Point} spot
   * @param {Held & By} by
   */
  #hover(spot, by) {
    this.#place(spot, by);
    this.show(this.#modeWith(by));
    const point = this.#surface.toCanvas(spot);
    this.#gestures.hover(point);
    if (this.#editor.tool === "extend" || this.#editor.tool === "frame") this.#showGrip(point);
  }

  /**
   * @param {Held} held
   * @returns {Mode}
   */
  #modeWith({ altKey, shiftKey }) {
    if (!altKey) return this.#editor.mode;
    return shiftKey ? "intersect" : "subtract";
  }

  /** @param {Point} point */
  #showGrip(point) {
    const { tool, work } = this.#editor;
    const scale = this.#surface.cssPerPixel;
    const cursor = tool === "frame" ? cursorOver(work.ownFrame, point, scale) : cursorOf(gripAt(point, work.size, scale));
    const { style } = this.#element;
    if (style.cursor !== cursor) style.cursor = cursor;
  }
}
