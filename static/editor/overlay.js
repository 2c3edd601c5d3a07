// @ts-check
import { measured } from "./edges.js";
import { intersection } from "./mask.js";

/**
 * The mask as it looks on the surface: tinted, with an outline of dashes, light within and dark
 * without, that can be told from any photo and without seeing colour; a dotted line around all that
 * may change (the mask grown), and a tint that fades towards it as the change will.
 *
 * The mask is sampled onto a grid: a cell is a pixel of the surface, or of the canvas where that is
 * larger, so that neither zooming out nor in makes it large. Only what changed is sampled, measured
 * and coloured anew.
 */

/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {import("./mask.js").Mask} Mask */
/** @typedef {import("./looks.js").Inks} Inks */
/** @typedef {import("./viewport.js").Size} Size */
/** @typedef {import("./viewport.js").View} View */
/** @typedef {{grow: number, feather: number}} Edge in canvas pixels */

export class MaskPicture {
  /** Canvas pixels in a cell. */
  #cell = 1;
  #across = new Axis(1, 0, 1, 0, 1, 0);
  #down = this.#across;
  /** 255 where the mask is set. */
  #mask = new Uint8Array(0);
  /** How much of the tint: 0 outside what may change, 255 where it changes wholly. */
  #shade = new Uint8Array(0);
  /** @type {Edge} */ #edge = { grow: 0, feather: 0 };
  #version = 0;

  /**
   * @param {Size} size
   * @param {number} unit how many pixels wide each half of the outline is
   */
  constructor({ width, height }, unit) {
    this.width = width;
    this.height = height;
    this.unit = unit;
    this.colours = new Uint32Array(width * height);
    this.bytes = new Uint8ClampedArray(this.colours.buffer);
  }

  /**
   * Looks elsewhere, at nothing yet.
   * @param {View} view in this picture's own pixels
   * @param {Size} canvas
   * @param {Edge} edge
   */
  look(view, canvas, edge) {
    this.#cell = Math.max(1, 1 / view.scale);
    this.#edge = edge;
    this.#version = Math.random(); // also another than that of a picture before this one
    const reach = Math.ceil((edge.grow + edge.feather) / this.#cell) + 1;
    this.#across = new Axis(this.width, reach, this.unit, view.left, view.scale, canvas.width);
    this.#down = new Axis(this.height, reach, this.unit, view.top, view.scale, canvas.height);
    const cells = this.#stride * this.#down.samples.length;
    if (this.#mask.length < cells) {
      this.#mask = new Uint8Array(cells);
      this.#shade = new Uint8Array(cells);
    } else {
      this.#mask.fill(0, 0, cells);
      this.#shade.fill(0, 0, cells);
    }
  }

  get #stride() {
    return this.#across.samples.length;
  }

  /** @returns {Bounds} the cells that show the canvas */
  get everything() {
    return [this.#across.from, this.#down.from, this.#across.to, this.#down.to];
  }

  /**
   * Samples what may have changed. Until its edges are measured, its tint is plain.
   * @param {Mask} mask
   * @param {Bounds} bounds of the canvas
   * @returns {Bounds | null} the cells that are others now: a stroke's next part covers little new
   */
  sample({ pixels, width }, bounds) {
    const [fromX, toX] = this.#across.cellsOf(bounds[0], bounds[2]);
    const [fromY, toY] = this.#down.cellsOf(bounds[1], bounds[3]);
    const cells = intersection([fromX, fromY, toX, toY], this.everything);
    if (!cells) return null;
    const [left, top, right, bottom] = cells;
    let [first, start, last, end] = [right, bottom, left - 1, top];
    const { samples } = this.#across;
    const [plane, shade] = [this.#mask, this.#shade];
    for (let y = top; y < bottom; y++) {
      const from = this.#down.samples[y] * width;
      const row = y * this.#stride;
      for (let x = left; x < right; x++) {
        const value = pixels[from + samples[x]];
        if (plane[row + x] === value) continue;
        plane[row + x] = shade[row + x] = value;
        if (x < first) first = x;
        if (x > last) last = x;
        if (y < start) start = y;
        end = y + 1;
      }
    }
    return first <= last ? [first, start, last + 1, end] : null;
  }

  /**
   * @param {Bounds} cells that were sampled
   * @returns {Bounds | null} those that may look different for it
   */
  around(cells) {
    return intersection(swollen(cells, (this.#edge.grow + this.#edge.feather) / this.#cell), this.everything);
  }

  /**
   * What has to be known to measure the edges around cells that were sampled.
   * @param {Bounds} cells
   * @returns {import("./edges.js").Wish | null}
   */
  wish(cells) {
    const reach = this.#edge.grow / this.#cell;
    const fade = this.#edge.feather / this.#cell;
    const seen = this.around(cells);
    const near = seen && intersection(swollen(seen, fade), this.everything);
    const all = near && intersection(swollen(near, reach), this.everything);
    if (!seen || !near || !all) return null;
    const across = all[2] - all[0];
    const plane = new Uint8Array(across * (all[3] - all[1]));
    for (let y = all[1], at = 0; y < all[3]; y++, at += across) {
      plane.set(this.#mask.subarray(y * this.#stride + all[0], y * this.#stride + all[2]), at);
    }
    return { version: this.#version, plane, all, near, seen, reach, fade };
  }

  /**
   * Takes over what was measured, but where the mask has changed meanwhile.
   * @param {import("./edges.js").Measured} found
   * @returns {Bounds | null} the cells that may look different now
   */
  take({ version, plane, all, seen, shade }) {
    if (version !== this.#version) return null;
    let from = 0;
    for (let y = seen[1]; y < seen[3]; y++) {
      let then = (y - all[1]) * (all[2] - all[0]) + seen[0] - all[0];
      for (let x = seen[0], at = y * this.#stride + x; x < seen[2]; x++, at++, from++, then++) {
        if (this.#mask[at] === plane[then]) this.#shade[at] = shade[from];
      }
    }
    return seen;
  }

  /**
   * Measures at once.
   * @param {Bounds} cells
   */
  measure(cells) {
    const wish = this.wish(cells);
    return wish && this.take(measured(wish));
  }

  /**
   * What these measured edges cost, in cells that are looked at.
   * @param {Bounds} cells
   */
  costOf([left, top, right, bottom]) {
    const reach = (4 * this.#edge.grow + 4 * this.#edge.feather) / this.#cell;
    return Math.min(right - left + reach, this.#stride) * Math.min(bottom - top + reach, this.#down.samples.length);
  }

  /**
   * Colours what shows these cells.
   * @param {Bounds} cells
   * @param {Inks} inks
   * @param {number} phase of the dashes
   * @param {number[] | null} ants takes the places of the dashes
   * @returns {Bounds | null} pixels of the surface that have new colours
   */
  colour(cells, inks, phase, ants = null) {
    const [across, down] = [this.#across, this.#down];
    const [left, right] = across.pixelsOf(cells[0], cells[2]);
    const [top, bottom] = down.pixelsOf(cells[1], cells[3]);
    const seen = intersection([left, top, right, bottom], [across.start, down.start, across.end, down.end]);
    if (seen) this.#colour(seen, inks, phase, ants);
    return seen;
  }

  /**
   * Moves the dashes.
   * @param {number[]} ants
   * @param {Inks} inks
   * @param {number} phase
   */
  march(ants, { light, dark }, phase) {
    const { width, unit, colours } = this;
    for (const place of ants) {
      colours[place] = isDash(place % width, Math.floor(place / width), unit, phase) ? light : dark;
    }
  }

  // ---- colours

  /**
   * @param {Bounds} pixels of the surface
   * @param {Inks} inks
   * @param {number} phase
   * @param {number[] | null} ants
   */
  #colour([left, top, right, bottom], { kept, painted, light, dark, dot, outline }, phase, ants) {
    const { unit, colours, width } = this;
    const stride = this.#stride;
    const [mask, shade] = [this.#mask, this.#shade];
    const across = this.#across.cells;
    const down = this.#down.cells;
    for (let y = top; y < bottom; y++) {
      const here = down[y + unit] * stride;
      const above = down[y] * stride;
      const below = down[y + 2 * unit] * stride;
      for (let x = left; x < right; x++) {
        const column = across[x + unit];
        const before = here + across[x];
        const after = here + across[x + 2 * unit];
        const at = here + column;
        const tint = shade[at];
        const place = y * width + x;
        if (mask[at]) {
          const isRim = outline && !(mask[before] && mask[after] && mask[above + column] && mask[below + column]);
          if (isRim) ants?.push(place);
          colours[place] = !isRim ? painted[tint] : isDash(x, y, unit, phase) ? light : dark;
        } else if (shade[before] | shade[after] | shade[above + column] | shade[below + column]) {
          const isRim = mask[before] | mask[after] | mask[above + column] | mask[below + column];
          colours[place] = outline && isRim ? dark : tint || !isDot(x, y, unit) ? kept[tint] : dot;
        } else colours[place] = kept[tint];
      }
    }
  }
}

/** One direction of the grid. */
class Axis {
  /** The first cell on the canvas, and the one after the last. */
  from = 0;
  to = 0;

  #unit;
  #scale;
  #offset;
  /** Cells in a canvas pixel, and which cell is the canvas's corner. */
  #density;
  #origin;

  /**
   * @param {number} length of the surface
   * @param {number} reach how many cells beyond it count
   * @param {number} unit
   * @param {number} offset where the canvas begins on the surface
   * @param {number} scale
   * @param {number} limit length of the canvas
   */
  constructor(length, reach, unit, offset, scale, limit) {
    const at = (/** @type {number} */ pixel) => Math.floor((pixel + 0.5 - offset) / scale);
    const isMagnified = scale > 1;
    const first = isMagnified ? at(-unit) - reach : -unit - reach;
    const last = isMagnified ? at(length + unit - 1) + reach : length + unit - 1 + reach;
    this.#unit = unit;
    this.#scale = scale;
    this.#offset = offset;
    this.#density = Math.min(1, scale);
    this.#origin = isMagnified ? -first : offset - first;
    /** The canvas pixel of each cell; -1 beyond the canvas. */
    this.samples = Int32Array.from({ length: last - first + 1 }, (_, i) => {
      const sample = isMagnified ? first + i : at(first + i);
      return sample >= 0 && sample < limit ? sample : -1;
    });
    /** The cell of each surface pixel, from `unit` before the first one on. */
    this.cells = Int32Array.from({ length: length + 2 * unit }, (_, i) =>
      isMagnified ? at(i - unit) - first : i - unit - first,
    );
    this.from = Math.max(0, this.samples.findIndex((sample) => sample >= 0));
    this.to = this.samples.findLastIndex((sample) => sample >= 0) + 1;
    /** The first surface pixel that shows the canvas, and the one after the last. */
    this.start = Math.max(0, Math.ceil(offset - 0.5));
    this.end = Math.min(length, Math.ceil(offset + limit * scale - 0.5));
  }

  /**
   * @param {number} low
   * @param {number} high
   * @returns {[number, number]} the cells that may sample these canvas pixels
   */
  cellsOf(low, high) {
    return [
      Math.floor(low * this.#density + this.#origin) - 1,
      Math.ceil(high * this.#density + this.#origin) + 1,
    ];
  }

  /**
   * @param {number} low
   * @param {number} high
   * @returns {[number, number]} the surface pixels that show these cells, or a rim against them
   */
  pixelsOf(low, high) {
    const size = this.#scale / this.#density;
    return [
      Math.floor((low - this.#origin) * size + this.#offset) - this.#unit,
      Math.ceil((high - this.#origin) * size + this.#offset) + this.#unit,
    ];
  }
}

/**
 * Two of every three squares of a chequered pattern, so that an outline is dashed in every
 * direction.
 * @param {number} x
 * @param {number} y
 * @param {number} unit
 * @param {number} phase
 */
function isDash(x, y, unit, phase) {
  const length = 4 * unit;
  return (Math.floor((x + phase) / length) + Math.floor((y + phase) / length)) % 3 !== 0;
}

/**
 * Every other square of a finer pattern.
 * @param {number} x
 * @param {number} y
 * @param {number} unit
 */
function isDot(x, y, unit) {
  const length = 2 * unit;
  return (Math.floor(x / length) + Math.floor(y / length)) % 2 === 0;
}

/**
 * @param {Bounds} bounds
 * @param {number} by
 * @returns {Bounds}
 */
function swollen([left, top, right, bottom], by) {
  const whole = Math.ceil(by);
  return [left - whole, top - whole, right + whole, bottom + whole];
}
