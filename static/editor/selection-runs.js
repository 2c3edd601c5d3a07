// @ts-check
import { CHANGE } from "./mask.js";

/**
 * Connected parts of a selection, by its runs: far fewer than its pixels. Pixels are neighbours if
 * they share a side. Runs that touch are joined in a forest whose roots stand for the parts
 * (union-find).
 */

/**
 * Run i reaches from pixel starts[i] to before ends[i]; those of row y are the runs from rows[y] to
 * before rows[y + 1].
 * @typedef {{starts: number[], ends: number[], rows: number[]}} Runs
 */

/**
 * @param {Uint8Array} pixels
 * @param {number} width
 * @param {number} value of the pixels that make the runs
 * @returns {Runs}
 */
export function runsOf(pixels, width, value) {
  const words = new Int32Array(pixels.buffer, pixels.byteOffset, pixels.length >> 2);
  const runs = /** @type {Runs} */ ({ starts: [], ends: [], rows: [] });
  for (let at = 0, end = width; end <= pixels.length; end += width) {
    runs.rows.push(runs.starts.length);
    while (at < end) {
      const start = passed(pixels, words, CHANGE - value, at, end);
      at = passed(pixels, words, value, start, end);
      if (start === at) continue;
      runs.starts.push(start);
      runs.ends.push(at);
    }
  }
  runs.rows.push(runs.starts.length);
  return runs;
}

/**
 * The runs, and for each of them a parent: runs of one part have one root.
 * @param {Uint8Array} pixels
 * @param {number} width
 * @param {number} value
 */
export function labelled(pixels, width, value) {
  const runs = runsOf(pixels, width, value);
  const parents = runs.starts.map((_, run) => run);
  for (let row = 2; row < runs.rows.length; row++) joinRows(runs, parents, row, width);
  return { ...runs, parents };
}

/**
 * The first pixel of another value, or the end. Four at a time where they are alike, as most are.
 * @param {Uint8Array} pixels
 * @param {Int32Array} words
 * @param {number} value
 * @param {number} at
 * @param {number} end
 */
function passed(pixels, words, value, at, end) {
  const word = value === CHANGE ? -1 : 0;
  while (at < end && pixels[at] === value) {
    if (at & 3 || words[at >> 2] !== word) at += 1;
    else do at += 4; while (words[at >> 2] === word && at < end);
  }
  return Math.min(at, end);
}

/**
 * Joins the runs of a row (the one that ends with rows[row]) with those above that they touch.
 * @param {Runs} runs
 * @param {number[]} parents
 * @param {number} row
 * @param {number} width
 */
function joinRows({ starts, ends, rows }, parents, row, width) {
  for (let upper = rows[row - 2], lower = rows[row - 1]; upper < rows[row - 1] && lower < rows[row]; ) {
    const [start, end] = [starts[upper] + width, ends[upper] + width];
    if (start < ends[lower] && starts[lower] < end) join(parents, upper, lower);
    if (end < ends[lower]) upper += 1;
    else lower += 1;
  }
}

/**
 * @param {number[]} parents
 * @param {number} a
 * @param {number} b
 */
export function join(parents, a, b) {
  const [one, other] = [rootOf(parents, a), rootOf(parents, b)];
  // The older run becomes the root: chains stay short, for new runs hang on old ones.
  if (one < other) parents[other] = one;
  else parents[one] = other;
}

/**
 * @param {number[]} parents
 * @param {number} run
 */
export function rootOf(parents, run) {
  while (parents[run] !== run) {
    parents[run] = parents[parents[run]];
    run = parents[run];
  }
  return run;
}

/**
 * The part of a selection to which a pixel belongs.
 * @param {Uint8Array} pixels
 * @param {number} width
 * @param {number} at a selected pixel
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function floodFill(pixels, width, at) {
  const { starts, ends, parents } = labelled(pixels, width, CHANGE);
  const filled = new Uint8Array(pixels.length);
  const root = rootOf(parents, starts.findLastIndex((start) => start <= at));
  for (let run = 0; run < starts.length; run++) {
    if (rootOf(parents, run) === root) filled.fill(CHANGE, starts[run], ends[run]);
  }
  return filled;
}
