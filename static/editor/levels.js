// @ts-check
/**
 * A photo at several sizes, so that drawing it small never reads all of it: first the preview,
 * then, once somebody looks closer, the photo's own pixels. What is too large for one canvas of a
 * phone is kept at half its size, and at full size only around what is seen.
 *
 * The worker decodes (`photo`); the page chooses (`Levels`). Only the preview is decoded by the page,
 * which has it before the worker has started: at first as the browser's own image, which is there
 * soonest, and then as bitmaps, which are drawn fastest.
 */

/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {(task: string, message?: object, transfer?: Transferable[]) => Promise<any>} Ask the worker's answer */
/**
 * @typedef {object} Photo
 * @property {number} width
 * @property {number} height
 * @property {string} previewUrl a small version, shown first
 * @property {number} previewWidth
 * @property {string} fullUrl all of its pixels, fetched once somebody zooms in
 */
/** @typedef {{left: number, top: number, bitmap: ImageBitmap}} Part of the photo, at full size */
/** @typedef {{levels: ImageBitmap[], part: Part | null, isOpaque: boolean}} Decoded levels: largest first */

/** The largest canvas that phones allow is 4096 x 4096; no bitmap that is kept is larger. */
export const MOST_PIXELS = 4096 * 4096;
const PART_SIDE = 4096;
const SMALLEST_LEVEL = 900;
const PROBE = 256;
const BLURRED = 1.05;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Decodes a photo.
 * @param {{url: string, bounds: Bounds | null, wantsLevels: boolean}} message bounds: the part that is wanted at full size
 * @returns {Promise<{answer: Decoded, transfer: Transferable[]}>}
 */
export async function photo({ url, bounds, wantsLevels }) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const whole = await createImageBitmap(await response.blob());
  const levels = wantsLevels ? await levelsOf(whole) : [];
  const part = bounds && (await partOf(whole, bounds));
  const isOpaque = wantsLevels && !isTransparent(levels[levels.length - 1]);
  if (!levels.includes(whole)) whole.close();
  const transfer = part ? [...levels, part.bitmap] : levels;
  return { answer: { levels, part, isOpaque }, transfer };
}

/**
 * Not `decode()`: a canvas that is drawn on decodes for itself, once more.
 * @param {string} url
 */
async function glance(url) {
  const image = new Image();
  image.src = url;
  await new Promise((resolve, reject) => Object.assign(image, { onload: resolve, onerror: reject }));
  return image;
}

/** @param {number} ms */
async function pause(ms) {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** @param {ImageBitmap} whole */
async function levelsOf(whole) {
  const levels = whole.width * whole.height <= MOST_PIXELS ? [whole] : [];
  for (let last = whole; Math.max(last.width, last.height) > SMALLEST_LEVEL * 2; ) {
    const half = { resizeWidth: Math.ceil(last.width / 2), resizeHeight: Math.ceil(last.height / 2) };
    last = await createImageBitmap(last, { ...half, resizeQuality: "medium" });
    if (last.width * last.height <= MOST_PIXELS) levels.push(last);
  }
  return levels;
}

/**
 * @param {ImageBitmap} whole
 * @param {Bounds} bounds
 */
async function partOf(whole, [left, top, right, bottom]) {
  return { left, top, bitmap: await createImageBitmap(whole, left, top, right - left, bottom - top) };
}

/** @param {ImageBitmap} level */
function isTransparent(level) {
  const share = Math.min(1, PROBE / Math.max(level.width, level.height));
  const [width, height] = [level.width, level.height].map((length) => Math.max(1, Math.round(length * share)));
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context) return false;
  context.drawImage(level, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  for (let i = 3; i < data.length; i += 4) if (data[i] < 255) return true;
  return false;
}

export class Levels {
  /** @type {(ImageBitmap | HTMLImageElement)[]} */ #levels = [];
  /** @type {Part | null} */ #part = null;
  #isFull = false;
  #isAsking = false;
  #pauseMs = FIRST_PAUSE_MS;
  #photo;
  #ask;
  #tell;
  #see;
  isOpaque = true;

  /**
   * @param {Photo} of
   * @param {Ask} ask
   * @param {(what: "photo" | "photofailed") => void} tell
   * @param {{glance: typeof glance, photo: typeof photo, pause: typeof pause}} [see] the preview; and the clock
   */
  constructor(of, ask, tell, see = { glance, photo, pause }) {
    this.#photo = of;
    this.#ask = ask;
    this.#tell = tell;
    this.#see = see;
    this.#begin();
  }

  async #begin() {
    this.#isAsking = true;
    const image = await this.#see.glance(this.#photo.previewUrl).catch(() => null);
    if (image) {
      this.#levels = [image];
      this.#tell("photo");
    }
    await this.#load(this.#photo.previewUrl, null, true);
  }

  get isEmpty() {
    return this.#levels.length === 0;
  }

  /**
   * The smallest level that need not be magnified, else the largest; and the part at full size
   * where that is needed.
   * @param {number} scale
   * @returns {{level: ImageBitmap | HTMLImageElement, part: Part | null}}
   */
  at(scale) {
    const level = levelFor(this.#levels, this.#photo, scale);
    return { level, part: this.#isBlurred(scale) ? this.#part : null };
  }

  /**
   * Fetches what would have to be magnified otherwise.
   * @param {number} scale
   * @param {Bounds} seen of the photo
   */
  want(scale, seen) {
    if (this.#isAsking || this.isEmpty) return;
    const { fullUrl } = this.#photo;
    if (!this.#isFull) {
      // The preview is lossy: who looks at single pixels shall see those that there are.
      if (scale >= 1 || this.#isBlurred(scale)) this.#load(fullUrl, partFor(this.#photo, scale, seen), true);
    } else if (this.#isBlurred(scale)) {
      const bounds = partFor(this.#photo, scale, seen);
      if (bounds && !(this.#part && contains(boundsOf(this.#part), seen))) this.#load(fullUrl, bounds, false);
    } else if (this.#part && scale < 0.25) {
      this.#part.bitmap.close();
      this.#part = null;
    }
  }

  /** @param {number} scale */
  #isBlurred(scale) {
    const { width } = this.#levels[0];
    return width < this.#photo.width && scale * this.#photo.width > width * BLURRED;
  }

  /**
   * What fails is asked for again after a while, which grows, if it is still wanted then.
   * @param {string} url
   * @param {Bounds | null} bounds
   * @param {boolean} wantsLevels
   */
  async #load(url, bounds, wantsLevels) {
    this.#isAsking = true;
    try {
      await this.#fetch(url, bounds, wantsLevels);
      this.#pauseMs = FIRST_PAUSE_MS;
    } catch {
      if (this.isEmpty) return this.#tell("photofailed");
      await this.#see.pause(this.#pauseMs);
      this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
    }
    this.#isAsking = false;
    this.#tell("photo");
  }

  /**
   * @param {string} url
   * @param {Bounds | null} bounds
   * @param {boolean} wantsLevels
   */
  async #fetch(url, bounds, wantsLevels) {
    const message = { url, bounds, wantsLevels };
    const isPreview = url === this.#photo.previewUrl;
    const found = isPreview ? (await this.#see.photo(message)).answer : await this.#ask("photo", message);
    if (wantsLevels) {
      for (const level of this.#levels) if ("close" in level) level.close();
      this.#levels = found.levels;
      this.#isFull = url === this.#photo.fullUrl;
      this.isOpaque = found.isOpaque;
    }
    if (found.part) {
      this.#part?.bitmap.close();
      this.#part = found.part;
    }
  }
}

/**
 * The smallest picture of a chain of halves that need not be magnified, else the largest.
 * @template {{width: number, height: number}} T
 * @param {T[]} levels largest first
 * @param {{width: number, height: number}} photo
 * @param {number} scale
 * @returns {T}
 */
export function levelFor(levels, photo, scale) {
  return levels.findLast((level) => level.width >= photo.width * scale) ?? levels[0];
}

/**
 * Which part of a photo to keep at full size when this of it is seen; null where all of it is
 * kept, where half the size is sharp enough, and where more is seen than may be kept.
 * @param {{width: number, height: number}} photo
 * @param {number} scale
 * @param {Bounds} seen
 * @returns {Bounds | null}
 */
export function partFor({ width, height }, scale, [left, top, right, bottom]) {
  if (width * height <= MOST_PIXELS || scale * 2 <= BLURRED) return null;
  const across = Math.min(width, Math.max(right - left, PART_SIDE));
  const down = Math.min(height, Math.floor(MOST_PIXELS / across));
  if (across * down > MOST_PIXELS || bottom - top > down) return null;
  const x = around((left + right) / 2, across, width);
  const y = around((top + bottom) / 2, down, height);
  return [x, y, x + across, y + down];
}

/**
 * @param {number} middle
 * @param {number} length
 * @param {number} limit
 */
function around(middle, length, limit) {
  return Math.round(Math.min(limit - length, Math.max(0, middle - length / 2)));
}

/**
 * @param {Part} part
 * @returns {Bounds} which pixels of the photo it has
 */
export function boundsOf({ left, top, bitmap }) {
  return [left, top, left + bitmap.width, top + bitmap.height];
}

/**
 * @param {Bounds} outer
 * @param {Bounds} inner
 */
export function contains(outer, inner) {
  return outer[0] <= inner[0] && outer[1] <= inner[1] && outer[2] >= inner[2] && outer[3] >= inner[3];
}
