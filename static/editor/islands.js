// @ts-check
import { CHANGE, extent, union } from "./mask.js";

/**
 * Where the mask lies in pieces. What is far apart may be sent in several frames, so the server asks
 * where: islands are told apart on cells of 64 pixels, and islands in touching cells are one.
 */

/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {import("./mask.js").Mask} Mask */
/** @typedef {{across: number, down: number, used: Uint8Array}} Cells */

const CELL = 64; // a part of the mask's tiles
const MOST = 32;

/**
 * The same as the server finds in the mask that is sent.
 * @param {Mask} mask between two steps
 * @returns {Bounds[]} the islands' exact bounds, which never overlap: what would is one, and of too many
 *   the smallest are one with what is nearest
 */
export function islands(mask) {
  const cells = usedCells(mask);
  /** @type {Bounds[]} */
  const boxes = [];
  for (let at = cells.used.indexOf(1); at >= 0; at = cells.used.indexOf(1, at + 1)) {
    boxes.push(around(mask, taken(cells, at)));
  }
  const few = ordered(boxes).slice(0, MOST);
  const large = [...few];
  for (const box of boxes.slice(MOST)) {
    const at = nearest(large, box);
    few[at] = joined(few[at], box);
  }
  return ordered(disjoint(few));
}

/**
 * Which cells have anything masked. Plain tiles are known by their counts.
 * @param {Mask} mask
 * @returns {Cells}
 */
function usedCells(mask) {
  const { width, height, pixels, counts } = mask;
  const [across, down] = [width, height].map((length) => Math.ceil(length / CELL));
  const used = new Uint8Array(across * down);
  counts.forEach((count, tile) => {
    if (!count) return;
    const [left, top, right, bottom] = mask.tileBounds(tile);
    const isPlain = count === (right - left) * (bottom - top);
    for (let y = top; y < bottom; y += isPlain ? CELL : 1) {
      const row = pixels.subarray(y * width + left, y * width + right);
      const first = Math.floor(y / CELL) * across + left / CELL;
      for (let x = row.indexOf(CHANGE); x >= 0; ) {
        const cell = Math.floor(x / CELL);
        used[first + cell] = 1;
        x = row.indexOf(CHANGE, (cell + 1) * CELL);
      }
    }
  });
  return { across, down, used };
}

/**
 * Takes a cell and all that hang together with it, by sides or corners, out of those that are used.
 * @param {Cells} cells
 * @param {number} start
 * @returns {Bounds[]} their bounds in cells
 */
function taken({ across, down, used }, start) {
  const stack = [start];
  /** @type {Bounds[]} */
  const found = [];
  used[start] = 0;
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const [column, row] = [at % across, Math.floor(at / across)];
    found.push([column, row, column + 1, row + 1]);
    for (let y = Math.max(0, row - 1); y <= Math.min(down - 1, row + 1); y++) {
      for (let x = Math.max(0, column - 1); x <= Math.min(across - 1, column + 1); x++) {
        if (used[y * across + x]) stack.push(y * across + x);
        used[y * across + x] = 0;
      }
    }
  }
  return found;
}

/**
 * The exact bounds of an island. Only its outermost cells can have a say in them.
 * @param {Mask} mask
 * @param {Bounds[]} cells
 */
function around({ pixels, width, height }, cells) {
  const all = cells.reduce(joined);
  const outer = cells.filter((cell) => cell.some((edge, i) => edge === all[i]));
  const bounds = outer.map(([left, top, right, bottom]) =>
    extent(pixels, width, [left * CELL, top * CELL, Math.min(width, right * CELL), Math.min(height, bottom * CELL)]));
  return /** @type {Bounds} */ (bounds.reduce(union));
}

/**
 * @param {Bounds[]} boxes
 * @returns {Bounds[]} the same, those joined that overlap
 */
function disjoint(boxes) {
  /** @type {Bounds[]} */
  const apart = [];
  for (let box of boxes) {
    for (let at; (at = apart.findIndex((other) => overlaps(box, other))) >= 0; ) box = joined(box, apart.splice(at, 1)[0]);
    apart.push(box);
  }
  return apart;
}

/** @param {Bounds[]} boxes the largest first; of equal ones the upper, then the left */
function ordered(boxes) {
  return boxes.sort((one, other) => area(other) - area(one) || one[1] - other[1] || one[0] - other[0]);
}

/**
 * @param {Bounds} one
 * @param {Bounds} other
 */
function joined(one, other) {
  return /** @type {Bounds} */ (union(one, other));
}

/** @param {Bounds} bounds */
function area([left, top, right, bottom]) {
  return (right - left) * (bottom - top);
}

/**
 * @param {Bounds} one
 * @param {Bounds} other
 * @returns {number} how far apart they are, squared
 */
function gap(one, other) {
  const x = Math.max(0, one[0] - other[2], other[0] - one[2]);
  const y = Math.max(0, one[1] - other[3], other[1] - one[3]);
  return x * x + y * y;
}

/**
 * @param {Bounds} one
 * @param {Bounds} other
 */
function overlaps(one, other) {
  return one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];
}

/**
 * @param {Bounds[]} boxes
 * @param {Bounds} box
 * @returns {number} the index of the one that is nearest to it
 */
function nearest(boxes, box) {
  const gaps = boxes.map((other) => gap(box, other));
  return gaps.indexOf(Math.min(...gaps));
}
