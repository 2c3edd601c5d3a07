// @ts-check
import { CHANGE, intersection, union } from "./mask.js";
import { floodFill } from "./selection-runs.js";
import { around, laid, trimmed } from "./selection.js";

/**
 * The magic wand: the pixels whose colour is like that of the one that was clicked. It looks at a
 * small version of the photo first, and at the photo's own pixels only where the small one shows
 * the selection's edge: nobody ever holds all pixels of a large photo at once.
 *
 * A colour is one word, red lowest, as a canvas gives its bytes.
 */

/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {import("./shapes.js").Region} Region */
/** @typedef {import("./selection.js").Size} Size */
/** @typedef {{width: number, height: number, colours: Int32Array}} Small */
/** @typedef {(bounds: Bounds) => Int32Array} Read the photo's own colours within bounds, row by row */
/** @typedef {(colour: number) => boolean} IsLike */

const STRIP = 32; // rows of the small version that are refined at once

/**
 * @param {Small} small
 * @param {Size} size of the photo
 * @param {Read | null} read null: the small version has to do
 * @param {{x: number, y: number}} spot a pixel of the photo
 * @param {{tolerance: number, contiguous: boolean}} how tolerance: the largest difference in any channel, 0 to 255
 * @returns {Region | null}
 */
export function wand(small, size, read, spot, { tolerance, contiguous }) {
  const { width, height, colours } = small;
  const [x, y] = [under(spot.x, size.width, width), under(spot.y, size.height, height)];
  const isLike = likeness(colours[y * width + x], tolerance);
  const alike = new Uint8Array(colours.length);
  for (let at = 0; at < colours.length; at++) if (isLike(colours[at])) alike[at] = CHANGE;
  const pixels = contiguous ? floodFill(alike, width, y * width + x) : alike;
  const found = /** @type {Region} */ (trimmed({ bounds: [0, 0, width, height], pixels }));
  if (width === size.width && height === size.height) return found;
  const enlarging = new Enlarging(found, small, size);
  const region = enlarging.region(read, isLike);
  return region && contiguous ? connected(region, enlarging.boundsOf(x, y, x + 1, y + 1)) : region;
}

/**
 * @param {number} colour
 * @param {number} tolerance
 * @returns {IsLike}
 */
function likeness(colour, tolerance) {
  const [red, green, blue, alpha] = [0, 8, 16, 24].map((shift) => (colour >>> shift) & 255);
  return (other) =>
    Math.abs((other & 255) - red) <= tolerance &&
    Math.abs(((other >>> 8) & 255) - green) <= tolerance &&
    Math.abs(((other >>> 16) & 255) - blue) <= tolerance &&
    Math.abs((other >>> 24) - alpha) <= tolerance;
}

/**
 * The part of a region that holds a selected pixel of these bounds. If they hold none, because the
 * click met a pixel unlike its surroundings, the region stays as it is.
 * @param {Region} region
 * @param {Bounds} bounds
 */
function connected(region, bounds) {
  const [left, top, right] = region.bounds;
  const here = intersection(region.bounds, bounds);
  for (let y = here?.[1] ?? 0; here && y < here[3]; y++) {
    for (let x = here[0]; x < here[2]; x++) {
      const at = (y - top) * (right - left) + x - left;
      if (!region.pixels[at]) continue;
      return trimmed({ bounds: region.bounds, pixels: floodFill(region.pixels, right - left, at) });
    }
  }
  return region;
}

/** From a selection on the small version to one on the photo. */
class Enlarging {
  #small;
  #size;
  #near;
  #marks;
  #across;
  #counts;

  /**
   * @param {Region} found
   * @param {Size} small
   * @param {Size} size
   */
  constructor(found, small, size) {
    this.#small = small;
    this.#size = size;
    this.#near = around(found, 1, small);
    this.#marks = laid(found, this.#near);
    this.#across = this.#near[2] - this.#near[0];
    this.#counts = new Uint8Array(this.#across + 2);
  }

  /**
   * Pixels of the small version that are like all their neighbours decide for the photo's pixels
   * under them; the others leave it to those.
   * @param {Read | null} read
   * @param {IsLike} isLike
   */
  region(read, isLike) {
    const [left, top, right, bottom] = this.#near;
    const bounds = this.boundsOf(left, top, right, bottom);
    const region = { bounds, pixels: new Uint8Array((bounds[2] - bounds[0]) * (bounds[3] - bounds[1])) };
    for (let first = top; first < bottom; first += STRIP) {
      const undecided = [];
      for (let y = first; y < Math.min(bottom, first + STRIP); y++) {
        for (const { start, end, isWhole } of this.#stretches(y - top, read !== null)) {
          const stretch = this.boundsOf(left + start, y, left + end, y + 1);
          if (isWhole) paint(region, stretch);
          else undecided.push(stretch);
        }
      }
      if (read && undecided.length) decide(region, undecided, read, isLike);
    }
    return trimmed(region);
  }

  /**
   * The photo's pixels whose centres lie under pixels of the small version.
   * @param {number} left
   * @param {number} top
   * @param {number} right
   * @param {number} bottom
   * @returns {Bounds}
   */
  boundsOf(left, top, right, bottom) {
    const across = this.#size.width / this.#small.width;
    const down = this.#size.height / this.#small.height;
    const first = (/** @type {number} */ place) => Math.ceil(place - 0.5) + 0; // never -0
    return [first(left * across), first(top * down), first(right * across), first(bottom * down)];
  }

  /**
   * Neighbours in a row that have as many selected pixels around them as each other.
   * @param {number} y
   * @param {boolean} closely false: each pixel stands for its surroundings
   */
  #stretches(y, closely) {
    const counts = this.#counts;
    const across = this.#across;
    const last = this.#marks.length / across - 1;
    const [above, row, below] = [Math.max(0, y - 1), y, Math.min(last, y + 1)].map((each) => (closely ? each : y) * across);
    for (let x = 0; x < across; x++) {
      counts[x + 1] = (this.#marks[above + x] & 1) + (this.#marks[row + x] & 1) + (this.#marks[below + x] & 1);
    }
    counts[0] = counts[1];
    counts[across + 1] = counts[across];
    const stretches = [];
    for (let x = 0, start = 0, count = -1; x <= across; x++) {
      const next = x === across ? -1 : closely ? counts[x] + counts[x + 1] + counts[x + 2] : 3 * counts[x + 1];
      if (next === count) continue;
      if (count > 0) stretches.push({ start, end: x, isWhole: count === 9 });
      [start, count] = [x, next];
    }
    return stretches;
  }
}

/**
 * @param {Region} region
 * @param {Bounds} stretch
 */
function paint({ bounds, pixels }, [left, top, right, bottom]) {
  const across = bounds[2] - bounds[0];
  for (let y = top; y < bottom; y++) {
    const row = (y - bounds[1]) * across - bounds[0];
    pixels.fill(CHANGE, row + left, row + right);
  }
}

/**
 * Lets the photo's own colours decide about some stretches.
 * @param {Region} region
 * @param {Bounds[]} stretches
 * @param {Read} read
 * @param {IsLike} isLike
 */
function decide({ bounds, pixels }, stretches, read, isLike) {
  const box = /** @type {Bounds} */ (stretches.reduce((all, stretch) => /** @type {Bounds} */ (union(all, stretch))));
  const colours = read(box);
  for (const [left, top, right, bottom] of stretches) {
    for (let y = top; y < bottom; y++) {
      const to = (y - bounds[1]) * (bounds[2] - bounds[0]) - bounds[0];
      const from = (y - box[1]) * (box[2] - box[0]) - box[0];
      for (let x = left; x < right; x++) if (isLike(colours[from + x])) pixels[to + x] = CHANGE;
    }
  }
}

/**
 * The pixel of the small version under which a pixel of the photo has its centre.
 * @param {number} place
 * @param {number} length
 * @param {number} small
 */
function under(place, length, small) {
  return Math.floor(((place + 0.5) * small) / length);
}
