// @ts-check
import { FIRST_LOOK, automaticEdge, inksOf } from "./looks.js";
import { union } from "./mask.js";
import { MaskPicture } from "./overlay.js";

/**
 * The canvas that shows the mask. While somebody paints, only what changed is shown anew, and its
 * edges as often as they are cheap; at rest everything is exact.
 */

/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {import("./looks.js").Look} Look */
/** @typedef {import("./viewport.js").View} View */
/** @typedef {{grow: number | null, feather: number | null}} Edge in picture pixels; null: automatic */

const SLOW_FRAME_MS = 8;
const REST_MS = 120;
const MOST_PIXELS = 2.5e6;
// Measuring edges may take this share of the time while somebody paints; this small it always may.
const EDGE_SHARE = 0.1;
const FEW_CELLS = 12_000;
const STEP_MS = 110;
const MARCH_MS = 4500; // what moves by itself for longer needs a switch to stop it
const stillness = window.matchMedia("(prefers-reduced-motion: reduce)");

export class MaskLayer {
  /** @type {Look} */ look = FIRST_LOOK;
  /** What is shown now, in picture pixels. */
  shown = { grow: 0, feather: 0 };

  #element;
  #work;
  #context;
  /** @type {Edge} */ #edge = { grow: null, feather: null };
  #ratio = 1;
  #size = { width: 1, height: 1 };
  #picture = new MaskPicture({ width: 1, height: 1 }, 1);
  #image = new ImageData(1, 1);
  /** @type {View | null} */ #view = null;
  /** @type {import("./looks.js").Inks | null} */ #inks = null;
  #cost = 0;

  /** @type {Bounds | null} */ #dirty = null;
  /** @type {Bounds | null} cells */ #unmeasured = null;
  #measuredAt = 0;
  #edgeCost = 0;
  #resting = 0;

  /** @type {number[]} */ #ants = [];
  /** @type {Bounds | null} */ #antBounds = null;
  #phase = 0;
  #marching = 0;
  #marchUntil = 0;

  /**
   * @param {HTMLElement} element the surface
   * @param {HTMLCanvasElement} canvas
   * @param {import("./work.js").Work} work
   */
  constructor(element, canvas, work) {
    this.#element = element;
    this.#work = work;
    const context = canvas.getContext("2d");
    if (!context) throw new Error("this browser has no canvas");
    this.#context = context;
  }

  get canvas() {
    return this.#context.canvas;
  }

  /** Pixels of this canvas in a CSS pixel. */
  get ratio() {
    return this.#ratio;
  }

  /**
   * @param {number} width in CSS pixels
   * @param {number} height
   * @param {number} deviceRatio
   */
  resize(width, height, deviceRatio) {
    this.#ratio = Math.min(deviceRatio, Math.max(1, Math.sqrt(MOST_PIXELS / (width * height))));
    const { canvas } = this;
    canvas.width = Math.max(1, Math.round(width * this.#ratio));
    canvas.height = Math.max(1, Math.round(height * this.#ratio));
    this.#picture = new MaskPicture(canvas, Math.max(1, Math.round(this.#ratio)));
    const bytes = /** @type {Uint8ClampedArray<ArrayBuffer>} */ (this.#picture.bytes);
    this.#image = new ImageData(bytes, canvas.width, canvas.height);
    this.#view = null;
  }

  /** @param {Partial<Look>} look */
  setLook(look) {
    this.look = { ...this.look, ...look };
    this.#inks = null;
    this.#view = null;
  }

  /** @param {Edge} edge */
  setEdge(edge) {
    this.#edge = edge;
    this.#view = null;
  }

  /** The canvas has another size, or is another one. */
  renew() {
    this.#view = null;
  }

  /** @param {Bounds} bounds of the mask that changed */
  changed(bounds) {
    this.#dirty = union(this.#dirty, bounds);
  }

  /** Somebody is here: the ants go on. */
  wake() {
    this.#marchUntil = performance.now() + MARCH_MS;
    if (!this.#marching && !this.#resting && this.#ants.length) this.#march();
  }

  /**
   * @param {View} view in pixels of this canvas
   * @param {boolean} isNew
   */
  paint(view, isNew) {
    this.canvas.hidden = this.look.hidden;
    if (this.look.hidden) this.#view = null;
    else if (!this.#view || (isNew && this.#cost < SLOW_FRAME_MS)) this.#paintAll(view);
    else if (isNew) this.#carry(this.#view, view);
    else if (this.#dirty) this.#paintChanged(this.#dirty);
    else return;
    this.#dirty = null;
    this.#halt();
    clearTimeout(this.#resting);
    this.#resting = window.setTimeout(() => this.#rest(view), REST_MS);
  }

  /** @param {View} view */
  #paintAll(view) {
    const began = performance.now();
    const picture = this.#picture;
    this.#view = view;
    this.canvas.style.transform = "";
    picture.look(view, this.#work.size, this.#findEdge());
    picture.colours.fill(0);
    this.#ants = [];
    this.#antBounds = null;
    this.#colourAll();
    this.#context.putImageData(this.#image, 0, 0);
    this.#unmeasured = null;
    this.#cost = performance.now() - began;
  }

  #colourAll() {
    const { mask, history } = this.#work;
    const picture = this.#picture;
    const isPlain = this.look.inverse || this.look.only;
    // The mask does not know its bounds in mid-stroke.
    const bounds = history.isOpen ? mask.everything : mask.bounds();
    const cells = bounds && picture.sample(mask, bounds);
    const measured = cells && picture.measure(cells);
    const coloured = isPlain ? picture.everything : measured;
    if (coloured) this.#antBounds = picture.colour(coloured, this.#inksNow(), this.#phase, this.#ants);
  }

  /** @param {Bounds} bounds */
  #paintChanged(bounds) {
    const picture = this.#picture;
    const cells = picture.sample(this.#work.mask, bounds);
    if (!cells) return;
    this.#unmeasured = union(this.#unmeasured, cells);
    const seen = this.#mayMeasure(this.#unmeasured) ? this.#measure(this.#unmeasured) : cells;
    const coloured = seen && picture.colour(seen, this.#inksNow(), this.#phase);
    if (!coloured) return;
    const [left, top, right, bottom] = coloured;
    this.#context.putImageData(this.#image, 0, 0, left, top, right - left, bottom - top);
  }

  /** @param {Bounds} cells */
  #mayMeasure(cells) {
    if (this.#picture.costOf(cells) < FEW_CELLS) return true;
    return (performance.now() - this.#measuredAt) * EDGE_SHARE > this.#edgeCost;
  }

  /** @param {Bounds} cells */
  #measure(cells) {
    const began = performance.now();
    const seen = this.#picture.measure(cells);
    this.#measuredAt = performance.now();
    this.#edgeCost = this.#measuredAt - began;
    this.#unmeasured = null;
    return seen;
  }

  /**
   * Where painting the mask takes longer than half a frame, it moves along as it is until the view
   * is at rest.
   * @param {View} from
   * @param {View} to
   */
  #carry(from, to) {
    const scale = to.scale / from.scale;
    const x = (to.left - from.left * scale) / this.#ratio;
    const y = (to.top - from.top * scale) / this.#ratio;
    this.canvas.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
  }

  /** @param {View} view */
  #rest(view) {
    this.#resting = 0;
    if (this.look.hidden) return;
    this.#paintAll(view);
    this.wake();
  }

  /** Automatic edges follow the mask, but not in mid-stroke, where nobody has counted it. */
  #findEdge() {
    const { mask, history } = this.#work;
    if (!history.isOpen) {
      const automatic = automaticEdge(mask.bounds());
      this.shown = { grow: this.#edge.grow ?? automatic.grow, feather: this.#edge.feather ?? automatic.feather };
    }
    return this.shown;
  }

  // ---- ants

  #march() {
    const { ants, outline } = this.look;
    const isOver = performance.now() > this.#marchUntil;
    this.#marching = 0;
    if (!ants || !outline || isOver || stillness.matches || document.hidden || !this.#antBounds) return;
    this.#phase += 1;
    this.#picture.march(this.#ants, this.#inksNow(), this.#phase);
    const [left, top, right, bottom] = this.#antBounds;
    this.#context.putImageData(this.#image, 0, 0, left, top, right - left, bottom - top);
    this.#marching = window.setTimeout(() => this.#march(), STEP_MS);
  }

  #halt() {
    clearTimeout(this.#marching);
    this.#marching = 0;
  }

  // ---- colours

  #inksNow() {
    this.#inks ??= inksOf(this.look, this.#colourOf(this.look.tint));
    return this.#inks;
  }

  /**
   * @param {string} tint
   * @returns {[number, number, number]}
   */
  #colourOf(tint) {
    const pixel = new OffscreenCanvas(1, 1).getContext("2d");
    if (!pixel) return [255, 140, 30];
    pixel.fillStyle = getComputedStyle(this.#element).getPropertyValue(`--tint-${tint}`) || "orange";
    pixel.fillRect(0, 0, 1, 1);
    const [red, green, blue] = pixel.getImageData(0, 0, 1, 1).data;
    return [red, green, blue];
  }
}
