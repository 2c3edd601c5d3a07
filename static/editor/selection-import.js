// @ts-check
import { CHANGE } from "./mask.js";

/**
 * Pictures from elsewhere as masks: what is transparent changes, or, where nothing is, what is
 * white. Everything between is split in the middle.
 */

const MIDDLE = 128;

/** A picture that is read bit by bit, for its rows come in strips. */
export class PictureMask {
  #isClear = false;

  /**
   * @param {number} width
   * @param {number} height
   */
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.white = new Uint8Array(width * height);
    this.clear = new Uint8Array(width * height);
  }

  /** Whether anything is transparent: then that is what the picture says. */
  get by() {
    return this.#isClear ? "alpha" : "white";
  }

  get pixels() {
    return this[this.#isClear ? "clear" : "white"];
  }

  /**
   * @param {Int32Array} colours of whole rows: red, green, blue, alpha, red lowest
   * @param {number} top
   */
  read(colours, top) {
    for (let i = 0, at = top * this.width; i < colours.length; i++, at++) {
      const [colour, alpha] = [colours[i], colours[i] >>> 24];
      const brightness = 299 * (colour & 255) + 587 * ((colour >> 8) & 255) + 114 * ((colour >> 16) & 255);
      if (brightness * alpha >= MIDDLE * 1000 * 255) this.white[at] = CHANGE;
      if (alpha >= MIDDLE) continue;
      this.clear[at] = CHANGE;
      this.#isClear = true;
    }
  }
}

/**
 * A mask at another size, without new greys: every pixel takes what lies under its centre.
 * @param {{width: number, height: number, pixels: Uint8Array}} mask
 * @param {number} width
 * @param {number} height
 */
export function fitted(mask, width, height) {
  const pixels = new Uint8Array(width * height);
  const columns = Array.from({ length: width }, (_, x) => Math.floor(((x + 0.5) * mask.width) / width));
  for (let y = 0, at = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * mask.height) / height) * mask.width;
    for (let x = 0; x < width; x++) pixels[at++] = mask.pixels[row + columns[x]];
  }
  return pixels;
}
