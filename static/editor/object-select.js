// @ts-check
/**
 * Selecting a thing: the server is asked, which looks at a small copy of the picture, and its answer
 * is brought to the picture's size.
 */

/** @typedef {import("./tools.js").Region} Region */
/** @typedef {[x: number, y: number]} Place in picture pixels */
/**
 * @typedef {object} Wish in picture pixels
 * @property {[number, number, number, number]} box
 * @property {Place[][]} plus lines on the thing
 * @property {Place[][]} minus lines beside it
 * @property {number} brush how wide the lines are
 * @property {string | null} previous the `file` of the answer that is refined
 */
/** @typedef {{region: Region | null, file: string}} Selection null: nothing was found; file: a PNG as base64 */

const HALF = 8; // of the 16 that the weights around a pixel add up to

/**
 * @param {Wish} wish
 * @param {object} how
 * @param {string} how.url
 * @param {(url: string, init: RequestInit) => Promise<Response>} how.fetch with the token
 * @param {import("./surface.js").Ask} how.ask the worker
 * @param {{width: number, height: number}} how.picture
 * @param {string} how.failed what is said where the server says nothing
 * @param {AbortSignal} how.signal
 * @returns {Promise<Selection>} rejects with what a person can be told
 */
export async function selectObject(wish, { url, fetch, ask, picture: { width, height }, failed, signal }) {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(wish), signal }).catch(() => null);
  signal.throwIfAborted();
  if (answer?.headers.get("Content-Type") !== "image/png") {
    const told = await answer?.json().catch(() => null);
    throw new Error(told?.error ?? failed);
  }
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const file = btoa(String.fromCharCode(...bytes));
  return { region: await ask("enlarge", { bytes, width, height }, [bytes.buffer]), file };
}

/**
 * A small mask at the picture's size, with smooth edges: where a softened copy of it, read between
 * its pixels, is more in than out. Between two pixels that is a line, so each row is known by where
 * it crosses the half.
 * @param {{width: number, height: number, pixels: Uint8Array}} mask
 * @param {number} width
 * @param {number} height
 * @returns {Region | null}
 */
export function enlarged(mask, width, height) {
  const bounds = reach(mask, width, height);
  if (!bounds) return null;
  const isSame = mask.width === width && mask.height === height;
  const soft = isSame ? mask.pixels.map((value) => (value ? 2 * HALF : 0)) : softened(mask);
  const [left, top, right, bottom] = bounds;
  const pixels = new Uint8Array((right - left) * (bottom - top));
  const row = new Float32Array(mask.width);
  for (let y = top; y < bottom; y++) {
    between(row, soft, mask, ((y + 0.5) * mask.height) / height - 0.5);
    fill(pixels.subarray((y - top) * (right - left), (y - top + 1) * (right - left)), row, width / mask.width, left);
  }
  return { bounds, pixels };
}

/**
 * What the mask and a pixel around it cover of the picture.
 * @param {{width: number, height: number, pixels: Uint8Array}} mask
 * @param {number} width
 * @param {number} height
 * @returns {import("./mask.js").Bounds | null}
 */
function reach({ width: across, height: down, pixels }, width, height) {
  let [left, top, right, bottom] = [across, down, 0, 0];
  for (let i = pixels.indexOf(255); i >= 0; i = pixels.indexOf(255, i + 1)) {
    const x = i % across;
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    top = Math.min(top, (bottom = (i - x) / across));
  }
  const first = (/** @type {number} */ at, /** @type {number} */ scale) => Math.max(0, Math.floor((at - 1) * scale));
  const last = (/** @type {number} */ at, /** @type {number} */ scale, /** @type {number} */ most) =>
    Math.min(most, Math.ceil((at + 2) * scale));
  const [wide, high] = [width / across, height / down];
  return top < down ? [first(left, wide), first(top, high), last(right, wide, width), last(bottom, high, height)] : null;
}

/**
 * Each pixel with those around it, weighted 1 2 1 both ways: 0 to 16.
 * @param {{width: number, height: number, pixels: Uint8Array}} mask
 */
function softened({ width, height, pixels }) {
  const soft = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const rows = [Math.max(0, y - 1), y, y, Math.min(height - 1, y + 1)].map((each) => each * width);
    for (let x = 0; x < width; x++) {
      const columns = [Math.max(0, x - 1), x, x, Math.min(width - 1, x + 1)];
      let sum = 0;
      for (const from of rows) for (const column of columns) sum += pixels[from + column] & 1;
      soft[y * width + x] = sum;
    }
  }
  return soft;
}

/**
 * @param {Float32Array} row is filled with what lies at the height `at`
 * @param {Uint8Array} soft
 * @param {{width: number, height: number}} size
 * @param {number} at
 */
function between(row, soft, { width, height }, at) {
  const above = Math.min(height - 1, Math.max(0, Math.floor(at)));
  const below = Math.min(height - 1, above + 1);
  const share = Math.min(1, Math.max(0, at - above));
  for (let x = 0; x < width; x++) {
    row[x] = soft[above * width + x] * (1 - share) + soft[below * width + x] * share;
  }
}

/**
 * @param {Uint8Array} into a row of the region
 * @param {Float32Array} row
 * @param {number} scale
 * @param {number} left of the region
 */
function fill(into, row, scale, left) {
  let from = row[0] >= HALF ? 0 : -1;
  for (let x = 1; x < row.length; x++) {
    const isIn = row[x] >= HALF;
    if (isIn === from >= 0) continue;
    const crossing = x - 1 + (HALF - row[x - 1]) / (row[x] - row[x - 1]);
    const at = Math.max(0, Math.ceil((crossing + 0.5) * scale - 0.5) - left);
    if (!isIn) into.fill(255, from, at);
    from = isIn ? at : -1;
  }
  if (from >= 0) into.fill(255, from);
}
