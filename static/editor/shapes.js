// @ts-check
import { CHANGE, KEEP, intersection, union } from "./mask.js";

/**
 * Shapes as areas of pixels, and how areas and regions change a mask. A pixel belongs to a shape if
 * its centre does; a centre on an edge belongs to the shape on its right or below, so that shapes
 * which share an edge share no pixel.
 */

/** @typedef {import("./mask.js").Mask} Mask */
/** @typedef {import("./history.js").History} History */
/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {import("./mask.js").Point} Point */
/** @typedef {{bounds: Bounds, pixels: Uint8Array}} Region 0 or 255, row by row, of the bounds' size */
/** @typedef {"add" | "subtract" | "intersect" | "replace"} Mode */
/**
 * `spans` writes the pixels of row y as pairs [start, end) from left to right and returns how many
 * numbers it wrote; it is asked for rows inside the bounds only. Nothing is clipped to a picture.
 * @typedef {{bounds: Bounds | null, spans: (y: number, into: number[]) => number}} Area
 */
/** @typedef {{top: number, bottom: number, from: Point, slope: number}} Edge it crosses the rows from top to bottom */
/** @typedef {[keptInside: number, keptOutside: number, setInside: number]} Rule */

/**
 * What a mask keeps of itself inside and outside of what it is combined with, and what is set
 * inside.
 * @type {Record<Mode, Rule>}
 */
const MODES = {
  add: [CHANGE, CHANGE, CHANGE],
  subtract: [KEEP, CHANGE, KEEP],
  intersect: [CHANGE, KEEP, KEEP],
  replace: [KEEP, KEEP, CHANGE],
};

/**
 * @param {Point} a one corner
 * @param {Point} b the opposite corner
 * @returns {Area}
 */
export function rectangle(a, b) {
  const [left, top, right, bottom] = /** @type {Bounds} */ (box(a, b).map(firstFrom));
  return { bounds: filled([left, top, right, bottom]), spans: (_, into) => written(into, left, right) };
}

/**
 * The ellipse that fits into a box.
 * @param {Point} a one corner
 * @param {Point} b the opposite corner
 * @returns {Area}
 */
export function ellipse(a, b) {
  const [left, top, right, bottom] = box(a, b);
  const middle = { x: (left + right) / 2, y: (top + bottom) / 2 };
  /** @type {Area["spans"]} */
  const spans = (y, into) => {
    const away = (y + 0.5 - middle.y) / (bottom - middle.y);
    const half = (right - middle.x) * Math.sqrt(Math.max(0, 1 - away * away));
    return written(into, firstFrom(middle.x - half), firstFrom(middle.x + half));
  };
  return { bounds: filled(/** @type {Bounds} */ (box(a, b).map(firstFrom))), spans };
}

/**
 * What lies inside a closed line of points, by the even-odd rule.
 * @param {Point[]} points
 * @returns {Area}
 */
export function polygon(points) {
  const edges = edgesOf(points);
  if (!edges.length) return { bounds: null, spans: () => 0 };
  let [left, right, bottom] = [Infinity, -Infinity, -Infinity];
  for (const { x } of points) [left, right] = [Math.min(left, x), Math.max(right, x)];
  for (const edge of edges) bottom = Math.max(bottom, edge.bottom);
  return { bounds: filled([firstFrom(left), edges[0].top, firstFrom(right), bottom]), spans: between(edges) };
}

/**
 * The edges that cross the centres of any row, from the top down.
 * @param {Point[]} points
 * @returns {Edge[]}
 */
function edgesOf(points) {
  const edges = [];
  for (let i = 0; i < points.length; i++) {
    const [a, b] = [points[i], points[(i + 1) % points.length]];
    const top = firstFrom(Math.min(a.y, b.y));
    const bottom = firstFrom(Math.max(a.y, b.y));
    if (top < bottom) edges.push({ top, bottom, from: a, slope: (b.x - a.x) / (b.y - a.y) });
  }
  return edges.sort((a, b) => a.top - b.top);
}

/**
 * Rows are asked for from the top down, so the edges in reach are carried on from row to row.
 * @param {Edge[]} edges
 * @returns {Area["spans"]}
 */
function between(edges) {
  /** @type {Edge[]} */
  let near = [];
  let next = 0;
  let last = -Infinity;
  return (y, into) => {
    if (y < last) [near, next] = [[], 0];
    last = y;
    for (; next < edges.length && edges[next].top <= y; next++) near.push(edges[next]);
    near = near.filter((edge) => edge.bottom > y);
    near.forEach(({ from, slope }, i) => (into[i] = firstFrom(from.x + slope * (y + 0.5 - from.y))));
    into.length = near.length;
    into.sort((a, b) => a - b);
    return near.length;
  };
}

/**
 * Changes the mask, in an open step of the history.
 * @param {Mask} mask
 * @param {History} history
 * @param {Area} area
 * @param {Mode} mode
 * @returns {Bounds | null} what has to be painted anew
 */
export function combine(mask, history, area, mode) {
  const inside = area.bounds && intersection(mask.everything, area.bounds);
  const reach = reached(mask, inside, mode);
  if (!reach) return null;
  history.touch(reach);
  /** @type {number[]} */
  const spans = [];
  for (let y = reach[1]; y < reach[3]; y++) {
    const count = inside && y >= inside[1] && y < inside[3] ? area.spans(y, spans) : 0;
    combineRow(mask, y, reach, spans, count, mode);
  }
  return reach;
}

/**
 * @param {Mask} mask
 * @param {number} y
 * @param {Bounds} reach
 * @param {number[]} spans
 * @param {number} count
 * @param {Mode} mode
 */
function combineRow({ pixels, width }, y, [left, , right], spans, count, mode) {
  const [keptInside, keptOutside, setInside] = MODES[mode];
  const at = y * width;
  let done = left;
  for (let i = 0; i < count; i += 2) {
    const start = Math.max(done, Math.min(right, spans[i]));
    const end = Math.max(start, Math.min(right, spans[i + 1]));
    if (!keptOutside) pixels.fill(KEEP, at + done, at + start);
    if (setInside || !keptInside) pixels.fill(setInside, at + start, at + end);
    done = end;
  }
  if (!keptOutside) pixels.fill(KEEP, at + done, at + right);
}

/**
 * The same for a region. The mask's counts are true afterwards.
 * @param {Mask} mask
 * @param {History} history
 * @param {Region} region
 * @param {Mode} mode
 * @returns {Bounds | null} what has to be painted anew
 */
export function combineRegion(mask, history, region, mode) {
  /** @type {Bounds | null} */
  let changed = null;
  for (const bounds of combining(mask, history, region, mode)) changed = union(changed, bounds);
  return changed;
}

/**
 * The same by and by, for regions that take longer than a frame: after each row of tiles it tells
 * what has to be painted anew.
 * @param {Mask} mask
 * @param {History} history
 * @param {Region} region
 * @param {Mode} mode
 * @returns {Generator<Bounds | null, void>}
 */
export function* combining(mask, history, region, mode) {
  const reach = reached(mask, intersection(mask.everything, region.bounds), mode);
  /** @type {Bounds | null} */
  let changed = null;
  for (const tile of reach ? mask.tilesIn(reach) : []) {
    const bounds = mask.tileBounds(tile);
    if (changed && changed[3] <= bounds[1]) {
      yield changed;
      changed = null;
    }
    if (combineTile(mask, history, tile, region, mode)) changed = union(changed, bounds);
  }
  yield changed;
}

/**
 * A tile that stays as it is, as most do, costs neither a new look at its pixels nor an undo.
 * @param {Mask} mask
 * @param {History} history
 * @param {number} tile
 * @param {Region} region
 * @param {Mode} mode
 * @returns {boolean} whether the tile may be another now
 */
function combineTile(mask, history, tile, region, mode) {
  const bounds = mask.tileBounds(tile);
  const area = (bounds[2] - bounds[0]) * (bounds[3] - bounds[1]);
  const before = valuesOf(mask.counts[tile], area);
  const inside = valuesOf(countIn(region, bounds), area);
  const [keptInside, keptOutside, setInside] = MODES[mode];
  const after = before.map((value) => {
    return inside.map((within) => (within ? (value & keptInside) | setInside : value & keptOutside));
  });
  if (after.every((values, i) => values.every((value) => value === before[i]))) return false;
  history.touch(bounds);
  const [first, ...others] = after.flat();
  if (others.every((value) => value === first)) mask.writeTile(tile, first);
  else {
    combinePixels(mask, bounds, region, MODES[mode]);
    mask.recount(tile);
  }
  return true;
}

/**
 * @param {Mask} mask
 * @param {Bounds} bounds of a tile
 * @param {Region} region
 * @param {Rule} rule
 */
function combinePixels({ pixels, width }, [left, top, right, bottom], region, [keptInside, keptOutside, setInside]) {
  const [from, first, to, end] = region.bounds;
  const start = Math.min(right, Math.max(left, from));
  for (let y = top; y < bottom; y++) {
    const [at, row] = [y * width, (y - first) * (to - from) - from];
    const stop = y < first || y >= end ? start : Math.max(start, Math.min(right, to));
    for (let x = start; x < stop; x++) {
      const within = region.pixels[row + x];
      pixels[at + x] = (pixels[at + x] & ((within & keptInside) | (~within & keptOutside))) | (within & setInside);
    }
    if (keptOutside) continue;
    pixels.fill(KEEP, at + left, at + start);
    pixels.fill(KEEP, at + stop, at + right);
  }
}

/**
 * What a combination can change at all.
 * @param {Mask} mask
 * @param {Bounds | null} inside
 * @param {Mode} mode
 */
function reached(mask, inside, mode) {
  const [, keptOutside, setInside] = MODES[mode];
  return keptOutside ? inside : union(mask.bounds(), setInside ? inside : null);
}

/**
 * @param {Region} region
 * @param {Bounds} bounds
 * @returns {number} how many of the region's pixels are set inside the bounds
 */
function countIn({ bounds: [from, first, to, end], pixels }, bounds) {
  const inside = intersection([from, first, to, end], bounds);
  let count = 0;
  for (let y = inside?.[1] ?? 0; inside && y < inside[3]; y++) {
    const row = (y - first) * (to - from) - from;
    for (let at = row + inside[0]; at < row + inside[2]; at++) count += pixels[at] & 1;
  }
  return count;
}

/**
 * @param {number} count of set pixels
 * @param {number} area
 */
function valuesOf(count, area) {
  if (count === 0) return [KEEP];
  return count === area ? [CHANGE] : [KEEP, CHANGE];
}

/**
 * The first pixel whose centre is at a place or after it.
 * @param {number} place
 */
function firstFrom(place) {
  return Math.ceil(place - 0.5) + 0; // never -0
}

/**
 * @param {number[]} into
 * @param {number} start
 * @param {number} end
 */
function written(into, start, end) {
  if (start >= end) return 0;
  into[0] = start;
  into[1] = end;
  return 2;
}

/**
 * @param {Bounds} bounds
 * @returns {Bounds | null}
 */
function filled(bounds) {
  return intersection(bounds, bounds);
}

/**
 * @param {Point} a
 * @param {Point} b
 * @returns {Bounds}
 */
function box(a, b) {
  return [Math.min(a.x, b.x), Math.min(a.y, b.y), Math.max(a.x, b.x), Math.max(a.y, b.y)];
}
