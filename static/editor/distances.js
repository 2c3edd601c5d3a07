// @ts-check
/**
 * Exact Euclidean distances on a small grid, as far as they are asked for: first down the columns,
 * then along each row over the lower envelope of parabolas (Felzenszwalb and Huttenlocher, 2012).
 */

export const FAR = 2 ** 30;

let heights = new Uint16Array(0);
let squares = new Int32Array(0);
let sites = new Int32Array(0);
let limits = new Float64Array(0);

/**
 * Tells, row by row, the squared distance of each cell to the nearest site; FAR where a row has
 * none within `most`. The row is only good until the next one.
 * @param {Uint8Array} plane row by row
 * @param {number} across
 * @param {number} isSite sites are the cells that are 0 (0) or the others (1)
 * @param {number} most
 * @param {(y: number, squares: Int32Array) => void} tell
 */
export function distances(plane, across, isSite, most, tell) {
  const down = plane.length / across;
  const far = Math.min(65534, Math.ceil(most)) + 1;
  reserve(across, down);
  countDown(plane, across, isSite, far);
  countUp(across, down);
  for (let y = 0; y < down; y++) {
    envelope(heights.subarray(y * across, (y + 1) * across), far);
    tell(y, squares);
  }
}

/**
 * How far above each cell the nearest site is.
 * @param {Uint8Array} plane
 * @param {number} across
 * @param {number} isSite
 * @param {number} far
 */
function countDown(plane, across, isSite, far) {
  const rows = heights;
  const other = 1 - isSite;
  for (let at = 0; at < plane.length; at++) {
    const height = at < across ? far : rows[at - across];
    rows[at] = (plane[at] ? other : isSite) === 0 ? 0 : height < far ? height + 1 : far;
  }
}

/**
 * The same from below.
 * @param {number} across
 * @param {number} down
 */
function countUp(across, down) {
  const rows = heights;
  for (let at = (down - 1) * across - 1, below = down * across - 1; at >= 0; at--, below--) {
    const height = rows[below] + 1;
    if (height < rows[at]) rows[at] = height;
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
 * @param {Uint16Array} row heights
 * @param {number} far
 */
function envelope(row, far) {
  const across = row.length;
  const [near, edges] = [sites, limits];
  let last = -1;
  for (let x = 0; x < across; x++) {
    const height = row[x];
    // Inside a run of sites nobody's nearest one is found, but at its ends.
    if (height === far || (height === 0 && row[x - 1] === 0 && row[x + 1] === 0)) continue;
    const lift = x * x + height * height;
    let edge = -Infinity;
    while (last >= 0) {
      const site = near[last];
      const tall = row[site];
      edge = (lift - site * site - tall * tall) / (2 * (x - site));
      if (edge > edges[last]) break;
      last -= 1;
      edge = -Infinity;
    }
    last += 1;
    near[last] = x;
    edges[last] = edge;
  }
  if (last < 0) {
    squares.fill(row[0] === 0 ? 0 : FAR, 0, across);
    return;
  }
  edges[last + 1] = Infinity;
  for (let x = 0, i = 0; x < across; x++) {
    if (row[x] === 0) {
      squares[x] = 0;
      continue;
    }
    while (edges[i + 1] < x) i += 1;
    const away = x - near[i];
    const height = row[near[i]];
    squares[x] = away * away + height * height;
  }
}
