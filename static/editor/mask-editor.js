// @ts-check
import { History } from "./history.js";
import { Mask } from "./mask.js";
import { Surface } from "./surface.js";
import { TOOLS, clearMask, invertMask, largestBrush, steppedSize } from "./tools.js";

/**
 * The mask editor: the mask with its history, the tools, and the pointers and keys that work them
 * on the surface. What happened is told by events: "change" (another mask, at the end of a
 * gesture), "view", "tool", "size", "look", "photo" and "photofailed".
 */

/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {import("./mask.js").Point} Point */
/** @typedef {{x: number, y: number, pan: boolean, touch: boolean}} Finger a pressed pointer, on the surface */

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEYBOARD = -1;
const KEY_STEP = 10;
const KEY_PAN = 60;
const WHEEL_LINE = 16;
const WHEEL_SPEED = 0.0018;
const PINCH_SPEED = 0.01;
const FIRST_BRUSH = 48;
const SECOND_FINGER_MS = 250;
const SLIP = 12;
const TAP_MS = 500;
const STRIP_BYTES = 4e6;

export class MaskEditor extends EventTarget {
  /** @type {"brush" | "eraser"} */ tool = "brush";
  /** Another number for every other mask. */
  revision = 0;
  tinted = true;
  peeking = false;

  #element;
  #ask;
  #surface;
  /** @type {Map<number, Finger>} */ #fingers = new Map();
  /** @type {import("./tools.js").Gesture | null} */ #gesture = null;
  #start = { at: 0, x: 0, y: 0, pointer: KEYBOARD };
  /** @type {Point | null} */ #lastPoint = null;
  #penSeen = false;
  #panKey = false;
  #releasedAt = -Infinity;

  /**
   * @param {HTMLElement} element
   * @param {import("./surface.js").Photo} photo
   * @param {import("./surface.js").Ask} ask
   */
  constructor(element, photo, ask) {
    super();
    this.#element = element;
    this.#ask = ask;
    this.mask = new Mask(photo.width, photo.height);
    this.history = new History(this.mask);
    this.largest = largestBrush(photo);
    this.#surface = new Surface(element, photo, this.mask, ask, (what) => this.#tell(what));
    this.setSize(Math.round((FIRST_BRUSH * this.#surface.ratio) / this.scale));
    this.#listen();
  }

  get scale() {
    return this.#surface.view.scale;
  }

  get size() {
    return this.#surface.brush.size;
  }

  /** The share of the picture that the mask covers, 0 to 1. */
  get share() {
    return this.mask.area / (this.mask.width * this.mask.height);
  }

  /** @param {"brush" | "eraser"} tool */
  setTool(tool) {
    this.tool = tool;
    this.#tell("tool");
  }

  /** @param {number} size in picture pixels */
  setSize(size) {
    this.#surface.brush.size = Math.min(this.largest, Math.max(1, size));
    this.#surface.schedule();
    this.#tell("size");
  }

  /** @param {number} steps */
  stepSize(steps) {
    this.setSize(steppedSize(this.size, steps, this.largest));
  }

  undo() {
    this.finish();
    this.#changedIn(this.history.undo());
  }

  redo() {
    this.finish();
    this.#changedIn(this.history.redo());
  }

  invert() {
    this.finish();
    if (invertMask(this.#editing)) this.#changed();
  }

  clear() {
    this.finish();
    if (clearMask(this.#editing)) this.#changed();
  }

  /**
   * Takes over a stored mask, as the state before the first step. What was painted while it was
   * fetched is kept.
   * @param {Uint8Array} pixels
   */
  load(pixels) {
    this.finish();
    if (!this.mask.isEmpty) this.mask.pixels.forEach((value, i) => (pixels[i] |= value));
    this.mask.load(pixels);
    this.history = new History(this.mask);
    this.revision += 1;
    this.#surface.repaint(this.mask.everything);
  }

  /** Takes the focus without asking for the keyboard's brush. */
  focus() {
    this.#releasedAt = performance.now();
    this.#element.focus({ preventScroll: true });
  }

  /** Whether a gesture is under way. */
  get isDrawing() {
    return this.#gesture !== null;
  }

  /**
   * The mask as a PNG, null if it is empty, and which revision it is. It is copied for the worker a
   * strip per frame, and once more if somebody draws meanwhile: what comes out is always a mask
   * that was there at rest.
   * @returns {Promise<{revision: number, bytes: Uint8Array<ArrayBuffer> | null}>}
   */
  async encode() {
    const { width, height } = this.mask;
    for (;;) {
      while (this.isDrawing) await nextFrame();
      const { revision } = this;
      const parts = await this.#copied();
      if (this.isDrawing || revision !== this.revision) continue;
      const buffers = parts.map(({ pixels }) => pixels.buffer);
      const bytes = parts.length ? await this.#ask("encode", { parts, width, height }, buffers) : null;
      return { revision, bytes };
    }
  }

  async #copied() {
    const bounds = this.mask.bounds();
    const parts = [];
    if (!bounds) return [];
    const [left, top, right, bottom] = bounds;
    const rows = Math.ceil(STRIP_BYTES / (right - left));
    for (let y = top; y < bottom; y += rows) {
      if (y > top) await nextFrame();
      const strip = /** @type {Bounds} */ ([left, y, right, Math.min(bottom, y + rows)]);
      parts.push({ bounds: strip, pixels: this.mask.copy(strip) });
    }
    return parts;
  }

  fit() {
    this.#surface.fit();
  }

  /** @param {1 | -1} direction */
  zoomStep(direction) {
    this.#surface.zoomStep(direction);
  }

  /** @param {number} scale device pixels per picture pixel */
  zoomTo(scale) {
    this.#surface.zoom(scale);
  }

  /** @param {{bounds: Bounds, label: string} | null} framed the window that will be sent */
  showFrame(framed) {
    this.#surface.showFrame(framed);
  }

  /** @param {boolean} tinted */
  showTint(tinted) {
    this.tinted = tinted;
    this.#surface.showTint(tinted);
    this.#tell("look");
  }

  /** @param {boolean} peeking whether to show the picture alone */
  peek(peeking) {
    this.peeking = peeking;
    this.#element.classList.toggle("peeking", peeking);
    this.#tell("look");
  }

  /** Ends the gesture that is under way, as if the pointer went up. */
  finish() {
    const gesture = this.#gesture;
    this.#gesture = null;
    if (gesture?.end()) this.#changed();
  }

  /**
   * @param {KeyboardEvent} event
   * @returns {boolean} whether the key was meant for the surface
   */
  keyDown(event) {
    if (event.key in ARROWS) this.#arrow(event);
    else if (event.key === " ") this.#space(event);
    else return false;
    return true;
  }

  /** @param {KeyboardEvent} event */
  keyUp(event) {
    if (event.key !== " ") return;
    if (this.#panKey) this.#setPanKey(false);
    if (this.#start.pointer === KEYBOARD) this.finish();
  }

  // ---- pointers

  #listen() {
    const element = this.#element;
    element.addEventListener("pointerdown", (event) => this.#down(event));
    element.addEventListener("pointermove", (event) => this.#move(event));
    element.addEventListener("pointerup", (event) => this.#up(event));
    element.addEventListener("pointercancel", (event) => this.#up(event, true));
    element.addEventListener("pointerleave", () => this.#surface.brush.byKeys || this.#surface.hideBrush());
    element.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    element.addEventListener("contextmenu", (event) => event.preventDefault());
    element.addEventListener("focus", () => this.#focused());
    element.addEventListener("blur", () => this.#blurred());
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.pointerType === "mouse" && event.button === 2) return;
    if (event.button === 1) event.preventDefault(); // no autoscroll
    this.#element.setPointerCapture(event.pointerId);
    this.#surface.locate();
    this.#penSeen ||= event.pointerType === "pen";
    const touch = event.pointerType === "touch";
    const second = touch && this.#fingers.size > 0;
    if (second) this.#giveWay();
    // Once a pen was seen, touches are a resting hand: they move the picture and never paint.
    const pan = second || this.#panKey || event.button === 1 || (touch && this.#penSeen);
    const { x, y } = this.#surface.position(event);
    this.#fingers.set(event.pointerId, { x, y, pan, touch });
    this.#element.classList.toggle("panning", pan);
    this.#placeBrush({ x, y }, !touch && !pan);
    if (!pan) this.#begin({ x, y }, event.shiftKey, event.pointerId);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const finger = this.#fingers.get(event.pointerId);
    const { x, y } = this.#surface.position(event);
    if (finger?.pan) this.#drag(finger, x, y);
    else if (finger && this.#start.pointer === event.pointerId) this.#draw(event);
    if (finger) Object.assign(finger, { x, y });
    this.#placeBrush({ x, y }, !finger?.touch && !finger?.pan && !this.#panKey && event.pointerType !== "touch");
  }

  /** @param {PointerEvent} event */
  #draw(event) {
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.#drawTo(this.#surface.position(each));
  }

  /**
   * @param {PointerEvent} event
   * @param {boolean} canceled
   */
  #up(event, canceled = false) {
    const finger = this.#fingers.get(event.pointerId);
    this.#fingers.delete(event.pointerId);
    this.#releasedAt = performance.now();
    if (finger?.touch) this.#surface.hideBrush();
    if (!this.#fingers.size) this.#element.classList.remove("panning");
    if (this.#start.pointer !== event.pointerId || !this.#gesture) return;
    if (canceled) this.#abandon();
    else {
      this.#drawTo(this.#surface.position(event)); // the last move may have been swallowed by the release
      this.finish();
    }
  }

  /** A second finger came down: what the first one drew is kept only if it was meant. */
  #giveWay() {
    const { at, x, y, pointer } = this.#start;
    const finger = this.#fingers.get(pointer);
    const way = finger ? Math.hypot(finger.x - x, finger.y - y) / this.#surface.ratio : 0;
    if (way < SLIP || performance.now() - at < SECOND_FINGER_MS) this.#abandon();
    else this.finish();
    for (const each of this.#fingers.values()) each.pan = true;
  }

  /**
   * Pans with one pointer, pans and zooms with two.
   * @param {Finger} finger
   * @param {number} x
   * @param {number} y
   */
  #drag(finger, x, y) {
    const other = [...this.#fingers.values()].find((each) => each !== finger && each.touch);
    if (!other) {
      this.#surface.pan(x - finger.x, y - finger.y);
      return;
    }
    const before = Math.max(1, Math.hypot(finger.x - other.x, finger.y - other.y));
    const after = Math.max(1, Math.hypot(x - other.x, y - other.y));
    const middle = { x: (finger.x + other.x) / 2, y: (finger.y + other.y) / 2 };
    this.#surface.zoom((this.scale * after) / before, middle);
    this.#surface.pan((x - finger.x) / 2, (y - finger.y) / 2);
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : WHEEL_LINE;
    const [across, down] = [event.deltaX * unit, event.deltaY * unit];
    if (event.altKey) this.stepSize(across + down < 0 ? 1 : -1);
    else if (event.shiftKey || Math.abs(across) > Math.abs(down)) {
      this.#surface.pan(-(across || down) * this.#surface.ratio, 0);
    } else {
      // A pinch on a touch pad comes as a wheel with small steps and ctrlKey set.
      const speed = event.ctrlKey ? PINCH_SPEED : WHEEL_SPEED;
      this.#surface.zoom(this.scale * Math.exp(-down * speed), this.#surface.position(event));
    }
  }

  // ---- keys

  /**
   * Moves the brush if the surface has the focus, else the picture.
   * @param {KeyboardEvent} event
   */
  #arrow(event) {
    const [dx, dy] = ARROWS[event.key];
    const { brush, middle, ratio } = this.#surface;
    if (!this.#hasFocus || event.shiftKey) {
      this.#surface.pan(-dx * KEY_PAN * ratio, -dy * KEY_PAN * ratio);
      return;
    }
    const from = brush.shown ? brush : middle;
    this.#moveBrush(from.x + dx * KEY_STEP * ratio, from.y + dy * KEY_STEP * ratio);
  }

  /**
   * The brush stays on the surface; the picture moves under it instead.
   * @param {number} x
   * @param {number} y
   */
  #moveBrush(x, y) {
    const { size, ratio } = this.#surface;
    const rim = KEY_STEP * ratio;
    const spot = { x: within(x, rim, size.width - rim), y: within(y, rim, size.height - rim) };
    this.#surface.pan(spot.x - x, spot.y - y);
    this.#placeBrush(spot, true, true);
    if (this.#gesture) this.#drawTo(spot);
  }

  /**
   * Paints if keys moved the brush, else lets the pointer drag the picture.
   * @param {KeyboardEvent} event
   */
  #space(event) {
    if (event.repeat) return;
    const { brush } = this.#surface;
    if (brush.byKeys && this.#hasFocus) this.#begin(brush, event.shiftKey, KEYBOARD);
    else this.#setPanKey(true);
  }

  /** @param {boolean} pressed */
  #setPanKey(pressed) {
    this.#panKey = pressed;
    this.#element.classList.toggle("pannable", pressed);
    if (pressed) this.#surface.hideBrush();
  }

  get #hasFocus() {
    return document.activeElement === this.#element;
  }

  #focused() {
    // A tap gives the focus too, but does not ask for the keyboard's brush.
    const byPointer = this.#fingers.size > 0 || performance.now() - this.#releasedAt < TAP_MS;
    if (!byPointer && !this.#surface.brush.shown) this.#placeBrush(this.#surface.middle, true, true);
  }

  #blurred() {
    this.finish();
    this.#setPanKey(false);
    if (this.#surface.brush.byKeys) this.#surface.hideBrush();
  }

  // ---- gestures

  /** @returns {import("./tools.js").Editing} */
  get #editing() {
    const { mask, history, size } = this;
    return { mask, history, size, changed: (bounds) => this.#surface.repaint(bounds) };
  }

  /**
   * @param {Point} spot
   * @param {boolean} straight whether a line leads here from where the last stroke ended
   * @param {number} pointer
   */
  #begin({ x, y }, straight, pointer) {
    this.finish();
    const point = this.#surface.toPicture({ x, y });
    this.#start = { at: performance.now(), x, y, pointer };
    this.#gesture = TOOLS[this.tool](this.#editing, point, straight ? this.#lastPoint : null);
    this.#lastPoint = point;
  }

  /** @param {Point} spot */
  #drawTo(spot) {
    this.#lastPoint = this.#surface.toPicture(spot);
    this.#gesture?.move(this.#lastPoint);
  }

  #abandon() {
    this.#gesture?.cancel();
    this.#gesture = null;
  }

  /**
   * @param {Point} spot
   * @param {boolean} shown
   * @param {boolean} byKeys
   */
  #placeBrush({ x, y }, shown, byKeys = false) {
    Object.assign(this.#surface.brush, { x, y, shown, byKeys });
    this.#surface.schedule();
  }

  /** @param {Bounds | null} bounds */
  #changedIn(bounds) {
    if (!bounds) return;
    this.#surface.repaint(bounds);
    this.#changed();
  }

  #changed() {
    this.revision += 1;
    this.#tell("change");
  }

  /** @param {string} what */
  #tell(what) {
    this.dispatchEvent(new Event(what));
  }
}

/** A timer steps in where there are no frames: in a tab that nobody looks at. */
function nextFrame() {
  return new Promise((resolve) => {
    requestAnimationFrame(resolve);
    setTimeout(resolve, 50);
  });
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
function within(value, low, high) {
  return Math.min(high, Math.max(low, value));
}
