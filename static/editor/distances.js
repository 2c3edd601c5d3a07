// @ts-check
/**
 * Exact Euclidean distances on a small grid, as far as they are asked for: first down the columns,
 * then along each row over the lower envelope of parabolas (Felzenszwalb and Huttenlocher, 2012).
 */

/** @typedef {import("./mask.js").Bounds} Bounds */

export const FAR = 2 ** 30;

let heights = new Uint16Array(0);
let squares = new Int32Array(0);
let sites = new Int32Array(0);
let limits = new Float64Array(0);

/**
 * Tells, row by row, the squared distance of each cell to the nearest one that is near: FAR where
 * there is none within `most`. The row is only good until the next one.
 * @param {Uint8Array} plane
 * @param {number} stride
 * @param {Bounds} bounds which cells are looked at
 * @param {number} isSite sites are the cells that are 0 (0) or the others (1)
 * @param {number} most
 * @param {(y: number, squares: Int32Array) => void} tell
 */
export function distances(plane, stride, [left, top, right, bottom], isSite, most, tell) {
  const across = right - left;
  const far = Math.min(65534, Math.ceil(most)) + 1;
  reserve(across, bottom - top);
  for (let y = top, at = 0; y < bottom; y++) {
    const row = y * stride;
    for (let x = left; x < right; x++, at++) {
      if ((plane[row + x] === 0) === (isSite === 0)) heights[at] = 0;
      else heights[at] = y > top && heights[at - across] < far ? heights[at - across] + 1 : far;
    }
  }
  for (let at = (bottom - top - 1) * across - 1; at >= 0; at--) {
    const below = heights[at + across] + 1;
    if (below < heights[at]) heights[at] = below;
  }
  for (let y = top; y < bottom; y++) {
    envelope((y - top) * across, across, far);
    tell(y, squares);
  }
}

/**
 * @param {number} across
 * @param {number} down
 */
function reserve(across, down) {
  if (heights.length < across * down) heights = new Uint16Array(across * down);
  if (squares.length >= across) return;
  squares = new Int32Array(across);
  sites = new Int32Array(across);
  limits = new Float64Array(across + 1);
}

/**
 * @param {number} at where the row begins
 * @param {number} across
 * @param {number} far
 */
function envelope(at, across, far) {
  let last = -1;
  for (let x = 0; x < across; x++) {
    const height = heights[at + x];
    // Inside a run of sites nobody's nearest one is found, but at its ends.
    if (height >= far || (height === 0 && isInner(at, x, across))) continue;
    const lift = x * x + height * height;
    let limit = -Infinity;
    while (last >= 0) {
      const site = sites[last];
      limit = (lift - site * site - heights[at + site] ** 2) / (2 * (x - site));
      if (limit > limits[last]) break;
      last -= 1;
      limit = -Infinity;
    }
    last += 1;
    sites[last] = x;
    limits[last] = limit;
  }
  if (last < 0) {
    squares.fill(FAR, 0, across);
    return;
  }
  limits[last + 1] = Infinity;
  for (let x = 0, near = 0; x < across; x++) {
    while (limits[near + 1] < x) near += 1;
    const height = heights[at + sites[near]];
    squares[x] = heights[at + x] === 0 ? 0 : (x - sites[near]) ** 2 + height * height;
  }
}

/**
 * @param {number} at
 * @param {number} x
 * @param {number} across
 */
function isInner(at, x, across) {
  return x > 0 && x < across - 1 && heights[at + x - 1] === 0 && heights[at + x + 1] === 0;
}
