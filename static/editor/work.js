// @ts-check
import { History } from "./history.js";
import { CHANGE, Mask, intersection } from "./mask.js";

/**
 * What a person makes in the studio: the mask, the margins by which the picture is extended, the
 * marks drawn over it, and the frame of one's own, all under one line of undo.
 *
 * The mask is as large as the canvas: the picture and its margins. What lies in the margins has no
 * pixels yet and is always masked; whoever writes to the mask seals what was written. Marks and the
 * frame are kept in picture pixels, so that margins never move them.
 */

/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {[left: number, top: number, right: number, bottom: number]} Margins whole pixels, 0 or more */
/** @typedef {{kind: string, width?: number, colour: string, [more: string]: any}} Mark */
/** @typedef {{margins: Margins, marks: readonly Mark[], pixels: Uint8Array | null, own?: Bounds | null}} State pixels: the whole mask, null if it is empty; own: the frame on the canvas */
/** @typedef {{margins: Margins, marks: readonly Mark[], own: Bounds | null, tiles: import("./mask.js").Runs[]}} Kept */

/** @type {Margins} */
const NONE = [0, 0, 0, 0];

export class Work {
  /** @type {Margins} */ margins = NONE;
  /** @type {readonly Mark[]} */ marks = [];
  /** The frame that somebody chose, or null. @type {Bounds | null} */ own = null;
  /** @type {import("./history.js").Swap & {before: readonly Mark[]} | null} */ #lastMarks = null;

  /** @param {{width: number, height: number}} picture */
  constructor({ width, height }) {
    this.picture = { width, height };
    this.mask = new Mask(width, height);
    this.history = new History(this.mask);
  }

  /** The canvas: the picture and its margins. */
  get size() {
    return { width: this.mask.width, height: this.mask.height };
  }

  get isExtended() {
    return this.margins.some((margin) => margin > 0);
  }

  /** @returns {Bounds} where the picture lies on the canvas */
  get photo() {
    const [left, top] = this.margins;
    return [left, top, left + this.picture.width, top + this.picture.height];
  }

  /** The frame that somebody chose, as far as it lies on the canvas. */
  get ownFrame() {
    return this.own && this.onCanvas(this.own);
  }

  /**
   * @param {Bounds} bounds in picture pixels
   * @returns {Bounds | null} what of it lies on the canvas, in the canvas's
   */
  onCanvas(bounds) {
    return intersection(shifted(bounds, this.margins, 1), this.mask.everything);
  }

  /**
   * One step: this frame instead.
   * @param {Bounds | null} bounds whole pixels of the canvas; null leaves the frame to the mask
   * @returns {boolean} whether that is another one
   */
  setOwnFrame(bounds) {
    const next = bounds && shifted(bounds, this.margins, -1);
    if (next === this.own || (next && this.own && same(next, this.own))) return false;
    let other = this.own;
    this.own = next;
    const swap = () => {
      [other, this.own] = [this.own, other];
      return null;
    };
    this.history.record({ swap, bytes: 64 });
    return true;
  }

  /**
   * One step: the picture is extended by these margins instead.
   * @param {Margins} margins
   * @returns {boolean} whether that is another canvas
   */
  setMargins(margins) {
    const next = /** @type {Margins} */ (margins.map((margin) => Math.max(0, Math.round(margin))));
    if (same(next, this.margins)) return false;
    let other = this.margins;
    this.#extend(next);
    // All of the margins is masked, before and after: going back needs nothing that was kept.
    const swap = () => {
      const now = this.margins;
      this.#extend(other);
      other = now;
      return this.mask.everything;
    };
    this.history.record({ swap, bytes: 64 });
    return true;
  }

  /**
   * One step: these marks instead.
   * @param {readonly Mark[]} marks
   * @param {boolean} joins the step before, if that was one of marks too: a slider that is dragged is one step
   * @returns {boolean} whether they are others
   */
  setMarks(marks, joins = false) {
    if (same(marks, this.marks)) return false;
    const before = this.marks;
    let other = before;
    this.marks = marks;
    if (joins && this.#lastMarks && this.#lastMarks === this.history.newest) {
      if (same(marks, this.#lastMarks.before)) this.history.drop();
      return true;
    }
    const swap = () => {
      [other, this.marks] = [this.marks, other];
      return null;
    };
    this.#lastMarks = { before, swap, bytes: 2 * JSON.stringify(marks).length };
    this.history.record(this.#lastMarks);
    return true;
  }

  /**
   * One step: another state of everything.
   * @param {State} state
   */
  setState(state) {
    let other = this.#kept();
    this.#takeOver(state);
    const swap = () => {
      const now = this.#kept();
      this.#putBack(other);
      other = now;
      return this.mask.everything;
    };
    this.history.record({ swap, bytes: bytesOf(other) });
  }

  /**
   * A stored state as the one before the first step; what is masked, marked or framed already stays.
   * @param {State} state
   */
  load({ margins, marks, pixels, own }) {
    const { mask: painted, photo, marks: drawn, own: framed } = this;
    this.#takeOver({ margins, marks: [...marks, ...drawn], pixels, own });
    this.own = framed ?? this.own;
    if (!painted.isEmpty) this.#include(painted, photo);
    this.history.forget();
  }

  /**
   * Masks what lies in the margins again. The open step has touched these bounds.
   * @param {Bounds} bounds of the mask that were written
   */
  seal(bounds) {
    if (!this.isExtended) return;
    const { pixels, width } = this.mask;
    for (const margin of this.#marginBounds()) {
      const part = intersection(margin, bounds);
      if (!part) continue;
      const [left, top, right, bottom] = part;
      for (let y = top; y < bottom; y++) pixels.fill(CHANGE, y * width + left, y * width + right);
    }
  }

  /** @returns {Bounds[]} */
  #marginBounds() {
    const [left, top, right, bottom] = this.photo;
    const { width, height } = this.mask;
    return [[0, 0, width, top], [0, bottom, width, height], [0, top, left, bottom], [right, top, width, bottom]];
  }

  /** @param {Margins} margins */
  #extend(margins) {
    const [left, top, right, bottom] = margins;
    const shift = { x: left - this.margins[0], y: top - this.margins[1] };
    const { width, height } = this.picture;
    this.#use(this.mask.resized(shift, left + width + right, top + height + bottom, CHANGE), margins);
  }

  /**
   * @param {Mask} mask
   * @param {Margins} margins
   */
  #use(mask, margins) {
    this.mask = mask;
    this.history.mask = mask;
    this.margins = margins;
  }

  /** @param {State} state */
  #takeOver({ margins, marks, pixels, own = null }) {
    const [left, top, right, bottom] = margins;
    const { width, height } = this.picture;
    const mask = new Mask(left + width + right, top + height + bottom);
    if (pixels) mask.load(pixels);
    this.#use(mask, margins);
    this.marks = marks;
    this.own = own && shifted(own, margins, -1);
    if (this.isExtended) {
      this.seal(mask.everything);
      mask.counts.forEach((_, tile) => mask.recount(tile));
    }
  }

  /**
   * @param {Mask} painted
   * @param {Bounds} bounds where it has the picture
   */
  #include({ pixels, width }, [fromLeft, fromTop, fromRight]) {
    const [left, top, , bottom] = this.photo;
    for (let y = top; y < bottom; y++) {
      const from = (y - top + fromTop) * width;
      const row = pixels.subarray(from + fromLeft, from + fromRight);
      const to = y * this.mask.width + left;
      for (let x = 0; x < row.length; x++) if (row[x]) this.mask.pixels[to + x] = CHANGE;
    }
    this.mask.counts.forEach((_, tile) => this.mask.recount(tile));
  }

  /** @returns {Kept} */
  #kept() {
    const { margins, marks, mask, ownFrame } = this;
    return { margins, marks, own: ownFrame, tiles: Array.from(mask.counts, (_, tile) => mask.readTile(tile)) };
  }

  /** @param {Kept} kept */
  #putBack({ tiles, ...kept }) {
    this.#takeOver({ ...kept, pixels: null });
    tiles.forEach((runs, tile) => this.mask.writeTile(tile, runs));
  }
}

/**
 * @param {Bounds} bounds
 * @param {Margins} margins
 * @param {1 | -1} way from the picture to the canvas, or back
 * @returns {Bounds}
 */
function shifted([left, top, right, bottom], [x, y], way) {
  return [left + way * x, top + way * y, right + way * x, bottom + way * y];
}

/**
 * @param {readonly any[]} a
 * @param {readonly any[]} b
 */
function same(a, b) {
  return a.length === b.length && a.every((one, i) => one === b[i]);
}

/** @param {Kept} kept */
function bytesOf({ marks, tiles }) {
  const runs = tiles.reduce((/** @type {number} */ sum, one) => sum + (typeof one === "number" ? 4 : one.byteLength), 0);
  return runs + 2 * JSON.stringify(marks).length;
}
