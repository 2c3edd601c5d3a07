// @ts-check
/**
 * The mask: one flat byte per pixel of the picture, 255 = change here, 0 = keep. It is the truth;
 * canvases only show it.
 *
 * A grid of tiles lies over it. Tiles serve the history (a tile is kept as run lengths before it is
 * first touched) and the count (how many pixels each tile has set), so that neither ever walks 24
 * million pixels while somebody paints. Coordinates are continuous: pixel (x, y) has its centre at
 * (x + 0.5, y + 0.5).
 */

export const TILE = 256;
export const CHANGE = 255;
export const KEEP = 0;

/** @typedef {[left: number, top: number, right: number, bottom: number]} Bounds right and bottom exclusive */
/** @typedef {{x: number, y: number}} Point */
/** @typedef {number | Uint16Array} Runs one value for a plain tile, else run lengths that begin with a run of KEEP */

const scratch = new Uint8Array(TILE * TILE);
const lengths = new Uint16Array(TILE * TILE + 1);

export class Mask {
  #words;

  /**
   * @param {number} width
   * @param {number} height
   */
  constructor(width, height) {
    this.width = width;
    this.height = height;
    // Rounded up to whole words, so that inverting can go word by word.
    this.#words = new Uint32Array(Math.ceil((width * height) / 4));
    this.pixels = new Uint8Array(this.#words.buffer, 0, width * height);
    this.columns = Math.ceil(width / TILE);
    this.rows = Math.ceil(height / TILE);
    /** Set pixels of each tile; true between the history's steps. */
    this.counts = new Uint32Array(this.columns * this.rows);
  }

  get area() {
    let area = 0;
    for (const count of this.counts) area += count;
    return area;
  }

  get isEmpty() {
    return this.counts.every((count) => count === 0);
  }

  /** @returns {Bounds} */
  get everything() {
    return [0, 0, this.width, this.height];
  }

  /**
   * The smallest bounds that hold every set pixel, or null.
   * @returns {Bounds | null}
   */
  bounds() {
    const used = [...this.counts.keys()].filter((tile) => this.counts[tile]).map((tile) => this.tileBounds(tile));
    const around = used.reduce(union, /** @type {Bounds | null} */ (null));
    /** @type {Bounds | null} */
    let bounds = null;
    for (const tile of used) {
      // Tiles that lie within the others say nothing new.
      const isWithin = around && tile.every((edge, i) => edge !== around[i]);
      if (!isWithin) bounds = union(bounds, extent(this.pixels, this.width, tile));
    }
    return bounds;
  }

  /**
   * Sets every pixel whose centre is within `radius` of the line between two points.
   * @param {Point} from
   * @param {Point} to
   * @param {number} radius
   * @param {number} value CHANGE or KEEP
   */
  fillCapsule(from, to, radius, value) {
    const bounds = this.capsuleBounds(from, to, radius);
    if (!bounds) return;
    const { pixels, width } = this;
    const capsule = new Capsule(from, to, radius);
    for (let y = bounds[1]; y < bounds[3]; y++) {
      capsule.cross(y + 0.5);
      const start = Math.max(0, Math.ceil(capsule.left - 0.5));
      const end = Math.min(width, Math.floor(capsule.right - 0.5) + 1);
      if (start < end) pixels.fill(value, y * width + start, y * width + end);
    }
  }

  /**
   * What a capsule can touch inside the picture, or null.
   * @param {Point} from
   * @param {Point} to
   * @param {number} radius
   * @returns {Bounds | null}
   */
  capsuleBounds(from, to, radius) {
    return intersection(this.everything, [
      Math.floor(Math.min(from.x, to.x) - radius),
      Math.floor(Math.min(from.y, to.y) - radius),
      Math.ceil(Math.max(from.x, to.x) + radius) + 1,
      Math.ceil(Math.max(from.y, to.y) + radius) + 1,
    ]);
  }

  invert() {
    const words = this.#words;
    for (let i = 0; i < words.length; i++) words[i] = ~words[i];
    for (let tile = 0; tile < this.counts.length; tile++) this.counts[tile] = this.#tileArea(tile) - this.counts[tile];
  }

  clear() {
    this.pixels.fill(KEEP);
    this.counts.fill(0);
  }

  /**
   * Takes over a whole mask of the same size, 0 and 255 only.
   * @param {Uint8Array} pixels
   */
  load(pixels) {
    if (pixels.length !== this.pixels.length) throw new RangeError("the mask has another size than its picture");
    this.pixels.set(pixels);
    for (let tile = 0; tile < this.counts.length; tile++) this.recount(tile);
  }

  /**
   * A new mask of another size, with this one moved to another place on it.
   * @param {Point} shift where this mask's corner lies on the new one, whole pixels
   * @param {number} width
   * @param {number} height
   * @param {number} outside the value of what this mask does not cover
   */
  resized(shift, width, height, outside) {
    const resized = new Mask(width, height);
    if (outside) resized.pixels.fill(outside);
    const place = /** @type {Bounds} */ ([shift.x, shift.y, shift.x + this.width, shift.y + this.height]);
    lay(this.pixels, place, resized.pixels, resized.everything);
    for (let tile = 0; tile < resized.counts.length; tile++) resized.recount(tile);
    return resized;
  }

  /**
   * A copy of what lies inside the bounds, row by row.
   * @param {Bounds} bounds
   */
  copy(bounds) {
    return lay(this.pixels, this.everything, new Uint8Array((bounds[2] - bounds[0]) * (bounds[3] - bounds[1])), bounds);
  }

  /**
   * @param {Bounds} bounds
   * @returns {number[]} the tiles that the bounds touch
   */
  tilesIn([left, top, right, bottom]) {
    const tiles = [];
    for (let row = Math.floor(top / TILE); row * TILE < bottom; row++) {
      for (let column = Math.floor(left / TILE); column * TILE < right; column++) {
        tiles.push(row * this.columns + column);
      }
    }
    return tiles;
  }

  /**
   * @param {number} tile
   * @returns {Bounds}
   */
  tileBounds(tile) {
    const left = (tile % this.columns) * TILE;
    const top = Math.floor(tile / this.columns) * TILE;
    return [left, top, Math.min(this.width, left + TILE), Math.min(this.height, top + TILE)];
  }

  /**
   * A tile as runs. Relies on the tile's count, so it is for tiles that the open step has not
   * touched.
   * @param {number} tile
   * @returns {Runs}
   */
  readTile(tile) {
    if (this.counts[tile] === 0) return KEEP;
    if (this.counts[tile] === this.#tileArea(tile)) return CHANGE;
    return encodeRuns(this.#copyTile(tile));
  }

  /**
   * @param {number} tile
   * @param {Runs} runs
   */
  writeTile(tile, runs) {
    const [left, top, right, bottom] = this.tileBounds(tile);
    const across = right - left;
    const isPlain = typeof runs === "number";
    if (!isPlain) decodeRuns(runs, scratch.subarray(0, across * (bottom - top)));
    for (let y = top, at = 0; y < bottom; y++, at += across) {
      const start = y * this.width + left;
      if (isPlain) this.pixels.fill(runs, start, start + across);
      else this.pixels.set(scratch.subarray(at, at + across), start);
    }
    this.counts[tile] = countRuns(runs, across * (bottom - top));
  }

  /**
   * Mends a tile's count after its pixels changed.
   * @param {number} tile
   */
  recount(tile) {
    const [left, top, right, bottom] = this.tileBounds(tile);
    const byWord = this.width % 4 === 0;
    let count = 0;
    for (let y = top; y < bottom; y++) {
      const start = y * this.width + left;
      const end = start + right - left;
      count += byWord ? this.#countWords(start / 4, end / 4) : this.#countBytes(start, end);
    }
    this.counts[tile] = count;
  }

  /**
   * Whether a tile is not what these runs say. Relies on the tile's count.
   * @param {number} tile
   * @param {Runs} runs
   */
  differs(tile, runs) {
    if (this.counts[tile] !== countRuns(runs, this.#tileArea(tile))) return true;
    return !sameRuns(runs, this.readTile(tile));
  }

  /**
   * Four pixels at a time: one bit of each, added up in the word's four bytes, for at most 64
   * words.
   * @param {number} start
   * @param {number} end
   */
  #countWords(start, end) {
    let sums = 0;
    for (let i = start; i < end; i++) sums += this.#words[i] & 0x01010101;
    return (sums & 255) + ((sums >>> 8) & 255) + ((sums >>> 16) & 255) + (sums >>> 24);
  }

  /**
   * @param {number} start
   * @param {number} end
   */
  #countBytes(start, end) {
    let count = 0;
    for (let i = start; i < end; i++) count += this.pixels[i] & 1;
    return count;
  }

  /** @param {number} tile */
  #tileArea(tile) {
    const [left, top, right, bottom] = this.tileBounds(tile);
    return (right - left) * (bottom - top);
  }

  /** @param {number} tile */
  #copyTile(tile) {
    const [left, top, right, bottom] = this.tileBounds(tile);
    const across = right - left;
    let at = 0;
    for (let y = top; y < bottom; y++, at += across) {
      const start = y * this.width + left;
      scratch.set(this.pixels.subarray(start, start + across), at);
    }
    return scratch.subarray(0, at);
  }
}

/**
 * A capsule is convex, so a line of pixels crosses it once: from the leftmost to the rightmost of
 * its two discs and the band between them. Every row of every move of a brush asks for it, so
 * nothing is allocated.
 */
class Capsule {
  left = Infinity;
  right = -Infinity;

  /**
   * @param {Point} from
   * @param {Point} to
   * @param {number} radius
   */
  constructor(from, to, radius) {
    this.from = from;
    this.to = to;
    this.radius = radius;
    this.dx = to.x - from.x;
    this.dy = to.y - from.y;
    this.length = Math.hypot(this.dx, this.dy);
  }

  /** @param {number} y where the line lies */
  cross(y) {
    this.left = Infinity;
    this.right = -Infinity;
    this.#disc(this.from.x, y - this.from.y);
    this.#disc(this.to.x, y - this.to.y);
    if (this.length > 0) this.#band(y - this.from.y);
  }

  /**
   * @param {number} x
   * @param {number} away
   */
  #disc(x, away) {
    const half = Math.sqrt(this.radius * this.radius - away * away);
    if (half >= 0) this.#include(x - half, x + half); // not a number beyond the disc
  }

  /**
   * Along the line: 0 <= x * dx + away * dy <= length². Across it: |x * dy - away * dx| <= radius *
   * length.
   * @param {number} away
   */
  #band(away) {
    const { from, radius, dx, dy, length } = this;
    let left = -Infinity;
    let right = Infinity;
    if (dx) {
      const [start, end] = [(-away * dy) / dx, (length * length - away * dy) / dx];
      left = Math.min(start, end);
      right = Math.max(start, end);
    } else if (away * dy < 0 || away * dy > length * length) return;
    if (dy) {
      const [one, other] = [(away * dx - radius * length) / dy, (away * dx + radius * length) / dy];
      left = Math.max(left, Math.min(one, other));
      right = Math.min(right, Math.max(one, other));
    } else if (Math.abs(away * dx) > radius * length) return;
    if (left <= right) this.#include(from.x + left, from.x + right);
  }

  /**
   * @param {number} left
   * @param {number} right
   */
  #include(left, right) {
    if (left < this.left) this.left = left;
    if (right > this.right) this.right = right;
  }
}

/**
 * @param {Uint8Array} bytes
 * @returns {Runs}
 */
export function encodeRuns(bytes) {
  if (!bytes.includes(CHANGE - bytes[0])) return bytes[0];
  let runs = 0;
  let value = KEEP;
  for (let at = 0; at < bytes.length; value = CHANGE - value) {
    let next = bytes.indexOf(CHANGE - value, at);
    if (next < 0) next = bytes.length;
    lengths[runs++] = next - at;
    at = next;
  }
  return lengths.slice(0, runs);
}

/**
 * @param {Runs} runs
 * @param {Uint8Array} bytes
 */
export function decodeRuns(runs, bytes) {
  if (typeof runs === "number") {
    bytes.fill(runs);
    return;
  }
  let at = 0;
  let value = KEEP;
  for (const length of runs) {
    bytes.fill(value, at, at + length);
    at += length;
    value = CHANGE - value;
  }
}

/**
 * @param {Runs} runs
 * @param {number} area
 */
function countRuns(runs, area) {
  if (typeof runs === "number") return runs === CHANGE ? area : 0;
  let count = 0;
  for (let i = 1; i < runs.length; i += 2) count += runs[i];
  return count;
}

/**
 * @param {Runs} a
 * @param {Runs} b
 */
function sameRuns(a, b) {
  if (typeof a === "number" || typeof b === "number") return a === b;
  return a.length === b.length && a.every((length, i) => length === b[i]);
}

/**
 * @param {Bounds} a
 * @param {Bounds} b
 * @returns {Bounds | null}
 */
export function intersection(a, b) {
  const left = Math.max(a[0], b[0]);
  const top = Math.max(a[1], b[1]);
  const right = Math.min(a[2], b[2]);
  const bottom = Math.min(a[3], b[3]);
  return left < right && top < bottom ? [left, top, right, bottom] : null;
}

/**
 * @param {Bounds | null} a
 * @param {Bounds | null} b
 * @returns {Bounds | null}
 */
export function union(a, b) {
  if (!a || !b) return a || b;
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}

/**
 * The smallest bounds that hold every set pixel of a place, or null.
 * @param {Uint8Array} pixels
 * @param {number} width
 * @param {Bounds} place
 * @returns {Bounds | null}
 */
export function extent(pixels, width, [from, first, to, end]) {
  let [left, top, right, bottom] = [to, end, from, first];
  for (let y = first; y < end; y++) {
    const row = pixels.subarray(y * width + from, y * width + to);
    const start = row.indexOf(CHANGE);
    if (start < 0) continue;
    [left, right] = [Math.min(left, from + start), Math.max(right, from + row.lastIndexOf(CHANGE) + 1)];
    [top, bottom] = [Math.min(top, y), y + 1];
  }
  return left < right ? [left, top, right, bottom] : null;
}

/**
 * Copies pixels from one rectangle to another, as far as both cover the same place.
 * @param {Uint8Array} pixels
 * @param {Bounds} bounds of the pixels
 * @param {Uint8Array<ArrayBuffer>} into
 * @param {Bounds} place of what they are copied into
 */
export function lay(pixels, bounds, into, place) {
  const here = intersection(bounds, place);
  for (let y = here?.[1] ?? 0; here && y < here[3]; y++) {
    const from = (y - bounds[1]) * (bounds[2] - bounds[0]) - bounds[0];
    const to = (y - place[1]) * (place[2] - place[0]) - place[0];
    into.set(pixels.subarray(from + here[0], from + here[2]), to + here[0]);
  }
  return into;
}
