// @ts-check
import { CHANGE, KEEP, extent, lay } from "./mask.js";

/**
 * What can be done with a selection as a whole: grow, shrink, smooth, fill its holes, take one of
 * its parts. Only the selection's bounds and their surroundings are visited, run by run where that
 * is possible; distances are Euclidean, between the centres of pixels, and exact. What lies beyond
 * the picture is neither selected nor not, so a selection that reaches the picture's border stays
 * there when it shrinks.
 */

/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {import("./shapes.js").Region} Region */
/** @typedef {{width: number, height: number}} Size */
/**
 * Run i reaches from pixel starts[i] to before ends[i]; those of row y are the runs from rows[y] to
 * before rows[y + 1].
 * @typedef {{starts: number[], ends: number[], rows: number[]}} Runs
 */

/**
 * All pixels at most `radius` away from a selected one.
 * @param {Region} region
 * @param {number} radius
 * @param {Size} size of the picture
 * @returns {Region | null}
 */
export function grown(region, radius, size) {
  const bounds = around(region, Math.floor(radius), size);
  return trimmed({ bounds, pixels: spread(laid(region, bounds), bounds[2] - bounds[0], CHANGE, radius) });
}

/**
 * All selected pixels that are more than `radius` away from every other one.
 * @param {Region} region
 * @param {number} radius
 * @param {Size} size
 * @returns {Region | null}
 */
export function shrunk(region, radius, size) {
  const bounds = around(region, 1, size); // with a rim that is not selected, where there is room for one
  return trimmed({ bounds, pixels: spread(laid(region, bounds), bounds[2] - bounds[0], KEEP, radius) });
}

/**
 * Selects what is surrounded by selected pixels. A gap that only a corner leads into is a hole.
 * @param {Region} region
 * @returns {Region}
 */
export function holesFilled({ bounds, pixels }) {
  const width = bounds[2] - bounds[0];
  const filled = pixels.slice();
  const { starts, ends, parents } = labelled(pixels, width, KEEP);
  const open = new Set();
  for (let run = 0; run < starts.length; run++) {
    const isAtSide = starts[run] % width === 0 || ends[run] % width === 0;
    const isAtEnd = starts[run] < width || ends[run] >= pixels.length - width;
    if (isAtSide || isAtEnd) open.add(rootOf(parents, run));
  }
  for (let run = 0; run < starts.length; run++) {
    if (!open.has(rootOf(parents, run))) filled.fill(CHANGE, starts[run], ends[run]);
  }
  return { bounds, pixels: filled };
}

/**
 * The part of a selection to which a pixel belongs; pixels are neighbours if they share a side.
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

/**
 * Every pixel becomes what most of the picture's pixels within `radius` of it are, itself included;
 * where both are as many, it stays.
 * @param {Region} region
 * @param {number} radius
 * @param {Size} size
 * @returns {Region | null}
 */
export function smoothed(region, radius, size) {
  const bounds = around(region, Math.floor(radius), size);
  const width = bounds[2] - bounds[0];
  const before = laid(region, bounds);
  const [most, least] = [spread(before, width, CHANGE, radius), spread(before, width, KEEP, radius)];
  const pixels = before.slice();
  const sums = rowSums(before, width);
  const halves = halvesOf(radius);
  for (let at = 0; at < pixels.length; at++) {
    if (most[at] === least[at]) continue; // all that is near is of one kind
    const sum = balance(sums, width, at % width, Math.floor(at / width), halves);
    if (sum) pixels[at] = sum > 0 ? CHANGE : KEEP;
  }
  return trimmed({ bounds, pixels });
}

/**
 * How many pixels of each row are selected before each place. Sums of long rows may run over: only
 * their differences count.
 * @param {Uint8Array} pixels
 * @param {number} width
 */
function rowSums(pixels, width) {
  const sums = new Uint16Array(pixels.length + pixels.length / width);
  for (let from = 0, to = 0; from < pixels.length; to++) {
    for (const end = from + width; from < end; from++, to++) sums[to + 1] = sums[to] + (pixels[from] & 1);
    sums[to + 1] = 0;
  }
  return sums;
}

/**
 * How many more pixels of a disc are selected than not.
 * @param {Uint16Array} sums
 * @param {number} width
 * @param {number} x
 * @param {number} y
 * @param {number[]} halves
 */
function balance(sums, width, x, y, halves) {
  const reach = halves.length - 1;
  const last = Math.min(sums.length / (width + 1) - 1, y + reach);
  let balance = 0;
  for (let row = Math.max(0, y - reach); row <= last; row++) {
    const half = halves[Math.abs(row - y)];
    const [start, end] = [Math.max(0, x - half), Math.min(width, x + half + 1)];
    const at = row * (width + 1);
    balance += 2 * ((sums[at + end] - sums[at + start]) & 0xffff) - (end - start);
  }
  return balance;
}

/**
 * The pixels after those of one value have spread by a radius. A row is covered by the rows around
 * it, the nearest first; what they leave are gaps, and mostly there are soon none.
 * @param {Uint8Array} pixels
 * @param {number} width
 * @param {number} value
 * @param {number} radius
 */
function spread(pixels, width, value, radius) {
  const runs = runsOf(pixels, width, value);
  const halves = halvesOf(radius);
  const after = new Uint8Array(pixels.length).fill(value);
  const rows = pixels.length / width;
  for (let y = 0; y < rows; y++) {
    let gaps = [0, width];
    for (let away = 0; away < halves.length && gaps.length; away++) {
      if (away <= y) gaps = cut(gaps, runs, y - away, width, halves[away]);
      if (away && y + away < rows) gaps = cut(gaps, runs, y + away, width, halves[away]);
    }
    for (let i = 0; i < gaps.length; i += 2) after.fill(CHANGE - value, y * width + gaps[i], y * width + gaps[i + 1]);
  }
  return after;
}

/**
 * What a row's runs leave of gaps when they are widened on both sides.
 * @param {number[]} gaps pairs [start, end)
 * @param {Runs} runs
 * @param {number} row
 * @param {number} width
 * @param {number} half
 */
function cut(gaps, { starts, ends, rows }, row, width, half) {
  const [first, last] = [rows[row], rows[row + 1]];
  if (first === last) return gaps;
  const left = [];
  for (let i = 0, run = first; i < gaps.length; i += 2) {
    let [start, end] = [gaps[i] + row * width, gaps[i + 1] + row * width];
    run = firstAfter(ends, start - half, run, last);
    for (let at = run; at < last && start < end && starts[at] - half < end; at++) {
      if (starts[at] - half > start) left.push(start - row * width, starts[at] - half - row * width);
      start = ends[at] + half;
    }
    if (start < end) left.push(start - row * width, end - row * width);
  }
  return left;
}

/**
 * The first of some rising numbers that is larger than a limit.
 * @param {number[]} numbers
 * @param {number} limit
 * @param {number} low
 * @param {number} high
 */
function firstAfter(numbers, limit, low, high) {
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

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
 * The runs, and for each of them a parent: those that are connected have one root (union-find).
 * @param {Uint8Array} pixels
 * @param {number} width
 * @param {number} value
 */
function labelled(pixels, width, value) {
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
function join(parents, a, b) {
  const [one, other] = [rootOf(parents, a), rootOf(parents, b)];
  // The older run becomes the root: chains stay short, for new runs hang on old ones.
  if (one < other) parents[other] = one;
  else parents[one] = other;
}

/**
 * @param {number[]} parents
 * @param {number} run
 */
function rootOf(parents, run) {
  while (parents[run] !== run) {
    parents[run] = parents[parents[run]];
    run = parents[run];
  }
  return run;
}

/**
 * Half the width of a disc, without its middle column, by the distance from its middle row.
 * @param {number} radius
 */
function halvesOf(radius) {
  const length = Math.floor(radius) + 1;
  return Array.from({ length }, (_, away) => Math.floor(Math.sqrt(radius * radius - away * away)));
}

/**
 * A region's bounds and what lies around them in the picture.
 * @param {Region} region
 * @param {number} margin
 * @param {Size} size
 * @returns {Bounds}
 */
export function around({ bounds: [left, top, right, bottom] }, margin, { width, height }) {
  return [
    Math.max(0, left - margin),
    Math.max(0, top - margin),
    Math.min(width, right + margin),
    Math.min(height, bottom + margin),
  ];
}

/**
 * A region's pixels, laid into other bounds.
 * @param {Region} region
 * @param {Bounds} place
 */
export function laid({ bounds, pixels }, place) {
  return lay(pixels, bounds, new Uint8Array((place[2] - place[0]) * (place[3] - place[1])), place);
}

/**
 * The same region in the smallest bounds, or null if nothing of it is selected.
 * @param {Region} region
 * @returns {Region | null}
 */
export function trimmed(region) {
  const [left, top, right, bottom] = region.bounds;
  const tight = extent(region.pixels, right - left, [0, 0, right - left, bottom - top]);
  if (!tight) return null;
  const bounds = /** @type {Bounds} */ (tight.map((edge, i) => edge + region.bounds[i % 2]));
  const isTight = bounds.every((edge, i) => edge === region.bounds[i]);
  return isTight ? region : { bounds, pixels: laid(region, bounds) };
}
