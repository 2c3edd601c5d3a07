// @ts-check
import { cursorOf, gripAt } from "./extend.js";
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
const LATCHING = new Set(["rectangle", "ellipse", "lasso", "object", "extend", "arrow", "circle", "line"]);
const KEYS = { pointerType: "keys", pressure: 1, buttons: 1 };
const ERASER_END = 32; // of PointerEvent.buttons

export class Hands {
  #element;
  #surface;
  #gestures;
  #editor;
  #pointers;
  #keyboard;
  /** @type {Point | null} */ #lastPoint = null;

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
    this.#pointers = new Pointers(element, surface, this.#pointerHands());
    this.#keyboard = new Keyboard(element, surface, this.#keyHands());
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

  /** @returns {import("./pointers.js").Hands} */
  #pointerHands() {
    const toCanvas = (/** @type {Point} */ spot) => this.#surface.toCanvas(spot);
    return {
      pans: () => this.#editor.tool === "hand" || this.#keyboard.pans,
      press: (spot, event, count) => {
        this.#place(spot, event);
        this.#press(spot, event, event, count);
      },
      draw: (spot, event) => {
        this.#place(spot, event);
        this.#draw(spot, event);
      },
      release: (spot) => this.#gestures.release(toCanvas(spot)),
      hover: (spot, event) => {
        this.#place(spot, event);
        this.show(this.#modeWith(event));
        this.#gestures.hover(toCanvas(spot));
        if (this.#editor.tool === "extend") this.#showGrip(toCanvas(spot));
      },
      lift: () => this.#surface.showLoupe(null),
      drop: () => this.#gestures.drop(),
      undo: () => this.#editor.undo(),
      redo: () => this.#editor.redo(),
      stepSize: (steps) => this.#editor.stepSize(steps),
    };
  }

  /** @returns {import("./keyboard.js").KeyHands} */
  #keyHands() {
    const toCanvas = (/** @type {Point} */ spot) => this.#surface.toCanvas(spot);
    return {
      press: (spot, event) => this.#press(spot, event, KEYS, 1),
      draw: (spot) => this.#draw(spot, { pressure: 1, shiftKey: false, altKey: false }),
      release: (spot) => this.#gestures.release(toCanvas(spot)),
      hover: (spot) => this.#gestures.hover(toCanvas(spot)),
      key: (event) => this.#gestures.key(event),
      latches: () => LATCHING.has(this.#editor.tool),
      modified: (held) => this.show(this.#modeWith(held)),
    };
  }

  /**
   * The ring goes with a brush; a finger hides what it paints on, so the loupe shows that.
   * @param {Point} spot
   * @param {By} by
   */
  #place({ x, y }, { pointerType, buttons }) {
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
   * @param {Held} held
   * @param {By} by
   * @param {number} count 2 for the second of a double click
   */
  #press(spot, held, { pointerType, pressure, buttons }, count) {
    const point = this.#surface.toCanvas(spot);
    const from = held.shiftKey && !held.altKey ? this.#lastPoint : null;
    const how = { from, mode: this.#modeWith(held), pressure, pointerType, count };
    const tool = TOOLS[buttons & ERASER_END ? "eraser" : this.#editor.tool];
    this.#gestures.press(() => tool(this.#editor.editing, point, how), point, how);
    this.#lastPoint = point;
  }

  /**
   * @param {Point} spot
   * @param {Held & {pressure: number}} by
   */
  #draw(spot, { pressure, shiftKey, altKey }) {
    this.#lastPoint = this.#surface.toCanvas(spot);
    this.#gestures.move(this.#lastPoint, { pressure, square: shiftKey && !altKey });
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
    const cursor = cursorOf(gripAt(point, this.#editor.work.size, this.#surface.cssPerPixel));
    const { style } = this.#element;
    if (style.cursor !== cursor) style.cursor = cursor;
  }
}
