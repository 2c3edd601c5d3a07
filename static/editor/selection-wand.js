// @ts-check
import { CHANGE, intersection, union } from "./mask.js";
import { around, floodFill, laid, trimmed } from "./selection.js";

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
  const region = enlarged(found, small, size, read, isLike);
  return region && contiguous ? connected(region, boundsUnder([x, y, x + 1, y + 1], small, size)) : region;
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

/**
 * From a selection on the small version to one on the photo. Pixels of the small version that are
 * like all their neighbours decide for the photo's pixels under them; the others leave it to those.
 * @param {Region} found
 * @param {Size} small
 * @param {Size} size
 * @param {Read | null} read
 * @param {IsLike} isLike
 */
function enlarged(found, small, size, read, isLike) {
  const near = around(found, 1, small);
  const [left, top, right, bottom] = near;
  const marks = laid(found, near);
  const bounds = boundsUnder(near, small, size);
  const region = { bounds, pixels: new Uint8Array((bounds[2] - bounds[0]) * (bounds[3] - bounds[1])) };
  for (let first = top; first < bottom; first += STRIP) {
    const undecided = [];
    for (let y = first; y < Math.min(bottom, first + STRIP); y++) {
      for (const { start, end, isWhole } of stretches(marks, right - left, y - top, read !== null)) {
        const stretch = boundsUnder([left + start, y, left + end, y + 1], small, size);
        if (isWhole) paint(region, stretch);
        else undecided.push(stretch);
      }
    }
    if (read && undecided.length) decide(region, undecided, read, isLike);
  }
  return trimmed(region);
}

/**
 * Neighbours in a row that have as many selected pixels around them as each other.
 * @param {Uint8Array} marks
 * @param {number} width
 * @param {number} y
 * @param {boolean} closely false: each pixel stands for its surroundings
 */
function stretches(marks, width, y, closely) {
  const reach = closely ? 1 : 0;
  const last = marks.length / width - 1;
  const [above, row, below] = [Math.max(0, y - reach), y, Math.min(last, y + reach)].map((each) => each * width);
  const counts = new Uint8Array(width);
  for (let x = 0; x < width; x++) counts[x] = (marks[above + x] & 1) + (marks[row + x] & 1) + (marks[below + x] & 1);
  const stretches = [];
  for (let x = 0, start = 0, count = 0; x <= width; x++) {
    const [before, after] = [Math.max(0, x - reach), Math.min(width - 1, x + reach)];
    const next = x < width ? counts[before] + counts[x] + counts[after] : 0;
    if (next === count) continue;
    if (count) stretches.push({ start, end: x, isWhole: count === 9 });
    [start, count] = [x, next];
  }
  return stretches;
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

/**
 * The other way: the photo's pixels whose centres lie under pixels of the small version.
 * @param {Bounds} bounds
 * @param {Size} small
 * @param {Size} size
 */
function boundsUnder(bounds, small, size) {
  const scales = [size.width / small.width, size.height / small.height];
  return /** @type {Bounds} */ (bounds.map((place, i) => Math.ceil(place * scales[i % 2] - 0.5) + 0)); // never -0
}
