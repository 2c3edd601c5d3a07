// @ts-check
import { intersection } from "./mask.js";

/**
 * Where the picture lies on the surface, and what the mask looks like there.
 *
 * All lengths here are device pixels: at scale 1 one picture pixel is one pixel of the screen,
 * which is what "100 %" says.
 */

/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {{width: number, height: number}} Size */
/** @typedef {{left: number, top: number, scale: number}} View where the picture's corner is, and its magnification */
/** @typedef {{left: number, top: number, right: number, bottom: number}} Margins */

export const LARGEST_SCALE = 32;
const STOPS = [0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.33, 0.5, 0.67, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32];

/**
 * The whole picture, as large as the margins allow, in their middle.
 * @param {Size} surface
 * @param {Size} picture
 * @param {Margins} margins
 * @returns {View}
 */
export function fit(surface, picture, margins) {
  const across = Math.max(1, surface.width - margins.left - margins.right);
  const down = Math.max(1, surface.height - margins.top - margins.bottom);
  const scale = Math.min(across / picture.width, down / picture.height, LARGEST_SCALE);
  return {
    left: Math.round(margins.left + (across - picture.width * scale) / 2),
    top: Math.round(margins.top + (down - picture.height * scale) / 2),
    scale,
  };
}

/**
 * Another scale, with the point (x, y) of the surface staying over the same spot of the picture.
 * @param {View} view
 * @param {number} scale
 * @param {number} x
 * @param {number} y
 * @returns {View}
 */
export function zoomed(view, scale, x, y) {
  const ratio = scale / view.scale;
  return { left: x - (x - view.left) * ratio, top: y - (y - view.top) * ratio, scale };
}

/**
 * @param {View} view
 * @param {number} dx
 * @param {number} dy
 * @returns {View}
 */
export function panned(view, dx, dy) {
  return { ...view, left: view.left + dx, top: view.top + dy };
}

/**
 * Keeps the middle of the surface over the picture, so that nobody loses it, and the scale within
 * its limits.
 * @param {View} view
 * @param {Size} surface
 * @param {Size} picture
 * @param {number} smallest scale
 * @returns {View}
 */
export function kept(view, surface, picture, smallest) {
  const [x, y] = [surface.width / 2, surface.height / 2];
  const scale = Math.min(LARGEST_SCALE, Math.max(smallest, view.scale));
  const { left, top } = scale === view.scale ? view : zoomed(view, scale, x, y);
  return {
    left: Math.min(x, Math.max(x - picture.width * scale, left)),
    top: Math.min(y, Math.max(y - picture.height * scale, top)),
    scale,
  };
}

/**
 * The next round scale up (1) or down (-1).
 * @param {number} scale
 * @param {1 | -1} direction
 */
export function nextScale(scale, direction) {
  const near = 1.01;
  const stops = direction > 0 ? STOPS : STOPS.toReversed();
  return stops.find((stop) => (direction > 0 ? stop > scale * near : stop * near < scale)) ?? stops[stops.length - 1];
}

/**
 * @param {View} view
 * @param {number} x
 * @param {number} y
 */
export function toPicture(view, x, y) {
  return { x: (x - view.left) / view.scale, y: (y - view.top) / view.scale };
}

/**
 * Bounds of the picture as bounds of the surface, grown to whole pixels.
 * @param {View} view
 * @param {Bounds} bounds
 * @returns {Bounds}
 */
export function toSurface(view, [left, top, right, bottom]) {
  return [
    Math.floor(view.left + left * view.scale),
    Math.floor(view.top + top * view.scale),
    Math.ceil(view.left + right * view.scale),
    Math.ceil(view.top + bottom * view.scale),
  ];
}

/**
 * The smallest picture of a mip chain that need not be magnified, else the largest.
 * @template {Size} T
 * @param {T[]} levels largest first
 * @param {Size} picture
 * @param {number} scale
 * @returns {T}
 */
export function levelFor(levels, picture, scale) {
  const sharp = levels.filter((level) => level.width >= picture.width * scale);
  return sharp.length ? sharp[sharp.length - 1] : levels[0];
}

/** @typedef {{tint: number, light: number, dark: number}} Inks colours as little-endian RGBA words */

/**
 * The mask as it looks on the surface: tinted, with an outline of dashes, light within and dark
 * without, that can be told from any photo and without seeing colour. Only what is asked for is
 * sampled and coloured.
 */
export class MaskPicture {
  /** @type {View | null} */ #view = null;
  #plane;
  #across = new Int32Array(0);
  #down = new Int32Array(0);

  /**
   * @param {Size} size
   * @param {number} outline how many pixels wide each half of the outline is
   */
  constructor({ width, height }, outline) {
    this.width = width;
    this.height = height;
    this.outline = outline;
    this.colours = new Uint32Array(width * height);
    this.bytes = new Uint8ClampedArray(this.colours.buffer);
    // The samples reach beyond the surface by the outline, so that no false one runs along its rim.
    this.#plane = new Uint8Array((width + 2 * outline) * (height + 2 * outline));
  }

  /**
   * @param {View} view in this picture's own pixels
   * @param {Size} picture
   */
  look(view, picture) {
    this.#view = view;
    this.#plane.fill(0);
    this.#across = samples(this.width, this.outline, view.left, view.scale, picture.width);
    this.#down = samples(this.height, this.outline, view.top, view.scale, picture.height);
  }

  /**
   * Paints what shows these bounds of the mask.
   * @param {import("./mask.js").Mask} mask
   * @param {Bounds} bounds of the mask
   * @param {Inks} inks
   * @returns {Bounds | null} what has new colours
   */
  paint(mask, bounds, inks) {
    const { outline } = this;
    if (!this.#view) return null;
    const changed = toSurface(this.#view, bounds);
    const sampled = intersection(grown(changed, 1), grown([0, 0, this.width, this.height], outline));
    if (!sampled) return null;
    this.#sample(mask, sampled);
    const coloured = intersection(grown(sampled, outline), [0, 0, this.width, this.height]);
    if (coloured) this.#colour(coloured, inks);
    return coloured;
  }

  /**
   * @param {import("./mask.js").Mask} mask
   * @param {Bounds} bounds
   */
  #sample({ pixels, width }, [left, top, right, bottom]) {
    const across = this.#across;
    const down = this.#down;
    const plane = this.#plane;
    const { outline } = this;
    // Beyond the picture there is no mask; inside it, samples are one run, for they only grow.
    const first = Math.max(left + outline, across.findIndex((x) => x >= 0));
    const last = Math.min(right + outline, across.findLastIndex((x) => x >= 0) + 1);
    for (let y = top + outline; y < bottom + outline; y++) {
      const from = down[y] * width;
      if (from < 0) continue;
      const to = y * across.length;
      for (let x = first; x < last; x++) plane[to + x] = pixels[from + across[x]];
    }
  }

  /**
   * @param {Bounds} bounds
   * @param {Inks} inks
   */
  #colour([left, top, right, bottom], { tint, light, dark }) {
    const { outline, colours, width } = this;
    const plane = this.#plane;
    const stride = width + 2 * outline;
    const over = outline * stride;
    for (let y = top; y < bottom; y++) {
      let at = (y + outline) * stride + left + outline;
      let to = y * width + left;
      for (let x = left; x < right; x++, at++, to++) {
        const here = plane[at];
        const near = plane[at - outline] + plane[at + outline] + plane[at - over] + plane[at + over];
        if (here === 0) colours[to] = near === 0 ? 0 : dark;
        else colours[to] = near === 1020 ? tint : isDash(x, y, outline) ? light : dark;
      }
    }
  }
}

/**
 * Which picture pixel each surface pixel shows, by its centre; -1 beyond the picture.
 * @param {number} length
 * @param {number} margin
 * @param {number} offset
 * @param {number} scale
 * @param {number} limit
 */
function samples(length, margin, offset, scale, limit) {
  return Int32Array.from({ length: length + 2 * margin }, (_, i) => {
    const at = Math.floor((i - margin + 0.5 - offset) / scale);
    return at >= 0 && at < limit ? at : -1;
  });
}

/**
 * Two of every three squares of a chequered pattern, so that an outline is dashed in every
 * direction.
 * @param {number} x
 * @param {number} y
 * @param {number} unit
 */
function isDash(x, y, unit) {
  const length = 4 * unit;
  return (Math.floor(x / length) + Math.floor(y / length)) % 3 !== 0;
}

/**
 * @param {Bounds} bounds
 * @param {number} by
 * @returns {Bounds}
 */
function grown([left, top, right, bottom], by) {
  return [left - by, top - by, right + by, bottom + by];
}
