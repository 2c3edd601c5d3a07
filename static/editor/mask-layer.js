// @ts-check
import { FIRST_LOOK, automaticEdge, inksOf } from "./looks.js";
import { intersection, union } from "./mask.js";
import { MaskPicture } from "./overlay.js";

/**
 * The canvas that shows the mask. What is cheap is shown within the frame: what was painted, and
 * small masks whole. Else the worker measures the edges: while somebody paints, they follow a
 * moment later; while the view moves, the last exact picture moves along until the next one is
 * there.
 */

/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {import("./looks.js").Look} Look */
/** @typedef {import("./viewport.js").View} View */
/** @typedef {{grow: number | null, feather: number | null}} Edge in picture pixels; null: automatic */

/** @typedef {{x: number, y: number, across: number, dash: number[]}} Ring in CSS pixels */

const SLOW_FRAME_MS = 8;
const REST_MS = 120;
const MOVING_MS = 200; // between exact pictures while the view moves
const MOST_PIXELS = 2.5e6;
const FEW_CELLS = 3000; // whose edges are measured within a frame of a stroke
const MANY_CELLS = 60_000; // of another view
const ASK_MS = 80;
const STEP_MS = 110;
const MARCH_MS = 4500; // what moves by itself for longer needs a switch to stop it
const stillness = window.matchMedia("(prefers-reduced-motion: reduce)");

export class MaskLayer {
  /** @type {Look} */ look = FIRST_LOOK;
  /** What is shown now, in picture pixels. */
  shown = { grow: 0, feather: 0 };

  #element;
  #work;
  #ask;
  #context;
  /** @type {Edge} */ #edge = { grow: null, feather: null };
  #ratio = 1;
  #picture = new MaskPicture({ width: 1, height: 1 }, 1);
  #image = new ImageData(1, 1);
  /** @type {import("./looks.js").Inks | null} */ #inks = null;

  /** What the canvas shows, and what the picture looks at: another while that is being measured. */
  /** @type {View | null} */ #shown = null;
  /** @type {View | null} */ #looked = null;
  /** @type {View} */ #wanted = { left: 0, top: 0, scale: 1 };
  #isSlow = false;
  /** The edge is another than what was looked at. */
  #isAnother = false;
  #exactAt = 0;

  /** @type {Bounds | null} */ #dirty = null;
  /** @type {Bounds | null} cells that may show the mask */ #region = null;
  #isWhole = false;
  /** @type {Bounds | null} cells */ #unmeasured = null;
  #isAsking = false;
  #askedAt = -Infinity;
  #resting = 0;
  #restsAt = 0;

  /** @type {Ring | null} */ #ring = null;
  /** @type {Bounds | null} */ #ringed = null;

  /** @type {number[]} */ #ants = [];
  /** @type {Bounds | null} */ #antBounds = null;
  #phase = 0;
  #marching = 0;
  #marchUntil = 0;

  /**
   * @param {HTMLElement} element the surface
   * @param {HTMLCanvasElement} canvas
   * @param {import("./work.js").Work} work
   * @param {import("./levels.js").Ask} ask
   */
  constructor(element, canvas, work, ask) {
    this.#element = element;
    this.#work = work;
    this.#ask = ask;
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
    this.#shown = null;
  }

  /** @param {Partial<Look>} look */
  setLook(look) {
    this.look = { ...this.look, ...look };
    this.#inks = null;
  }

  /** @param {Edge} edge */
  setEdge(edge) {
    this.#edge = edge;
    this.#isAnother = true;
  }

  /** The canvas has another size, or is another one. */
  renew() {
    this.#shown = null;
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
    if (isNew) this.#wanted = view;
    this.canvas.hidden = this.look.hidden;
    if (this.look.hidden) return;
    const isMoved = this.#shown !== this.#wanted || this.#isAnother;
    const isExact = !isMoved && this.#shown === this.#looked;
    if (!this.#shown || (isMoved && !this.#isSlow) || (this.#dirty && !isExact)) this.#paintNow();
    else if (this.#dirty) this.#paintChanged(this.#dirty);
    else if (isMoved) this.#carry();
    else if (!this.#inks && isExact) this.#showAll();
    else return;
    this.#dirty = null;
    clearTimeout(this.#marching);
    this.#marching = 0;
    this.#rests();
  }

  #rests() {
    this.#restsAt = performance.now() + REST_MS;
    this.#resting ||= window.setTimeout(() => this.#rest(), REST_MS); // a new timer for each frame costs more
  }

  #rest() {
    this.#resting = 0;
    if (this.look.hidden) return;
    const early = this.#restsAt - performance.now();
    if (early > 0) {
      this.#resting = window.setTimeout(() => this.#rest(), early);
      return;
    }
    if (this.#work.history.isOpen) {
      this.#measureRest();
      this.#rests();
      return;
    }
    const { grow, feather } = this.shown;
    const edge = this.#findEdge();
    this.#isAnother ||= edge.grow !== grow || edge.feather !== feather;
    const isStale = this.#shown !== this.#wanted || this.#isAnother;
    if (isStale && this.#isSlow) this.#paintExactly();
    else if (isStale) this.#paintNow();
    else if (this.#unmeasured) this.#measureRest();
    else if (!this.#isAsking && !this.#isWhole) this.#showAll();
    this.wake();
  }

  /** Within the frame: the edges only if they are cheap. */
  #paintNow() {
    const began = performance.now();
    const cells = this.#lookAround();
    const isCheap = !cells || this.#picture.costOf(cells) < MANY_CELLS;
    if (cells && isCheap) this.#picture.measure(cells);
    this.#unmeasured = isCheap ? null : cells;
    this.#showAll();
    this.#isSlow = !isCheap || performance.now() - began > SLOW_FRAME_MS;
    this.#measureRest();
  }

  /**
   * Samples the mask as it looks from where the view is.
   * @returns {Bounds | null} the cells that may show it
   */
  #lookAround() {
    const { mask, history } = this.#work;
    this.#looked = this.#wanted;
    this.#isAnother = false;
    this.#picture.look(this.#wanted, this.#work.size, this.#findEdge());
    // The mask does not know its bounds in mid-stroke.
    const bounds = history.isOpen ? mask.everything : mask.bounds();
    this.#region = bounds && this.#picture.sample(mask, bounds);
    return this.#region;
  }

  /** @param {Bounds} bounds */
  #paintChanged(bounds) {
    const picture = this.#picture;
    const cells = picture.sample(this.#work.mask, bounds);
    if (!cells) return;
    const isCheap = picture.costOf(cells) < FEW_CELLS;
    if (!isCheap) this.#unmeasured = union(this.#unmeasured, cells);
    this.#region = union(this.#region, cells);
    const seen = isCheap ? picture.measure(cells) : cells;
    if (seen) this.#show(seen);
    if (performance.now() - this.#askedAt > ASK_MS) this.#measureRest();
  }

  /** The last exact picture moves along. */
  #carry() {
    const [from, to] = [this.#shown, this.#wanted];
    if (!from) return;
    const scale = to.scale / from.scale;
    const x = (to.left - from.left * scale) / this.#ratio;
    const y = (to.top - from.top * scale) / this.#ratio;
    this.canvas.style.transform = from === to ? "" : `translate(${x}px, ${y}px) scale(${scale})`;
    if (performance.now() - this.#exactAt > MOVING_MS) this.#paintExactly();
  }

  /** Once the worker has measured its edges, the picture of the present view is shown. */
  #paintExactly() {
    if (this.#isAsking) return;
    this.#exactAt = performance.now();
    this.#unmeasured = this.#lookAround();
    if (this.#unmeasured) this.#measureRest();
    else this.#showAll();
  }

  /** Lets the worker measure what is not measured yet. */
  async #measureRest() {
    const wish = this.#unmeasured && !this.#isAsking && this.#picture.wish(this.#unmeasured);
    if (!wish) return;
    this.#isAsking = true;
    this.#askedAt = performance.now();
    this.#unmeasured = null;
    const found = await this.#ask("edges", wish, [wish.plane.buffer]).catch(() => null);
    this.#isAsking = false;
    const seen = found && this.#picture.take(found);
    if (seen && this.#resting && this.#looked === this.#shown) this.#show(seen);
    else if (seen || !found) this.#showAll();
    if (this.#ring) this.drawRing(this.#ring);
    // What came meanwhile: parts that were painted, another view.
    if (!this.#resting) this.#rest();
  }

  /** @param {Bounds} cells */
  #show(cells) {
    this.#isWhole = false;
    const seen = this.#picture.colour(cells, this.#inksNow(), this.#phase);
    this.#put(union(seen, this.#ringed)); // and the ring goes, which is near: two puttings cost twice
    this.#ringed = null;
  }

  /** Everything that the picture looks at, and which places are the ants'. */
  #showAll() {
    const picture = this.#picture;
    const isPlain = this.look.inverse || this.look.only;
    const isSame = this.#inks && this.#shown === this.#looked;
    const cells = isPlain ? picture.everything : this.#region && picture.around(this.#region);
    const before = this.#antBounds;
    this.#ants = [];
    picture.colours.fill(0);
    this.#antBounds = cells && picture.colour(cells, this.#inksNow(), this.#phase, this.#ants);
    if (isSame && !isPlain) this.#put(union(before, this.#antBounds)); // what was undone goes
    else this.#context.putImageData(this.#image, 0, 0);
    this.#isWhole = true;
    this.#shown = this.#looked;
    if (this.#shown !== this.#wanted) this.#carry();
    else this.canvas.style.transform = "";
  }

  /** @param {Bounds | null} bounds */
  #put(bounds) {
    if (!bounds) return;
    const [left, top, right, bottom] = bounds;
    this.#context.putImageData(this.#image, 0, 0, left, top, right - left, bottom - top);
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

  /**
   * The brush's ring while somebody paints: on this canvas, which changes anyway. To move an element
   * would cost a look at all layers of the page.
   * @param {Ring | null} ring
   * @returns {boolean} whether it is drawn here
   */
  drawRing(ring) {
    this.#put(this.#ringed);
    const { isOpen } = this.#work.history;
    this.#ring = ring && isOpen && !this.look.hidden && this.#shown === this.#wanted ? ring : null;
    this.#ringed = null;
    if (!this.#ring) return false;
    const to = this.#context;
    const [x, y, radius] = [this.#ring.x, this.#ring.y, this.#ring.across / 2].map((length) => length * this.#ratio);
    for (const [colour, width, dash] of /** @type {const} */ ([["rgb(0 0 0 / 0.7)", 3.5, []], ["#fff", 1.5, this.#ring.dash]])) {
      to.strokeStyle = colour;
      to.lineWidth = width * this.#ratio;
      to.setLineDash(dash.map((length) => length * this.#ratio));
      to.beginPath();
      to.arc(x, y, radius, 0, 2 * Math.PI);
      to.stroke();
    }
    const reach = radius + 3 * this.#ratio;
    const bounds = /** @type {Bounds} */ ([x - reach, y - reach, x + reach, y + reach].map(Math.round));
    this.#ringed = intersection(bounds, [0, 0, this.canvas.width, this.canvas.height]);
    return true;
  }

  // ---- ants

  #march() {
    const { ants, outline } = this.look;
    const isOver = performance.now() > this.#marchUntil;
    this.#marching = 0;
    if (!ants || !outline || isOver || stillness.matches || document.hidden || !this.#antBounds) return;
    this.#phase += 1;
    this.#picture.march(this.#ants, this.#inksNow(), this.#phase);
    this.#put(this.#antBounds);
    this.#marching = window.setTimeout(() => this.#march(), STEP_MS);
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
