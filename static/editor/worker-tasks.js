// @ts-check
import { edges } from "./edges.js";
import { enlarged } from "./object-select.js";
import { UnreadablePng, decodeMask, encodeAlphaMask, encodeMask } from "./png.js";
import { PictureMask, fitted } from "./selection-import.js";
import { wand as found } from "./selection-wand.js";
import { grown, holesFilled, shrunk, smoothed } from "./selection.js";

/** What the worker does with masks: each task takes a message and gives an answer and what of it is moved. */

/** @typedef {import("./shapes.js").Region} Region */
/** @typedef {{region: Region, size: import("./selection.js").Size, radius: number}} Whole a selection on its picture */
/** @typedef {{fullUrl: string, previewUrl: string, width: number, height: number}} Photo the preview stands in where the whole cannot be had */
/** @typedef {{small: import("./selection-wand.js").Small, whole: ImageBitmap | null}} Opened */

const STRIP = 256;
const SMALL = 4e6; // pixels that the wand looks at first
const KEPT_MS = 60_000;

/** @type {{url: string, opening: Promise<Opened>} | null} */
let kept = null;
let timer = 0;

/**
 * A mask's file, with white or, for images APIs, with transparent = change.
 * @param {{strips: Uint8Array[], width: number, height: number, by?: "white" | "alpha"}} message
 */
export async function encode({ strips, width, height, by }) {
  const bytes = await (by === "alpha" ? encodeAlphaMask : encodeMask)(strips, width, height);
  return { answer: bytes, transfer: [bytes.buffer] };
}

/**
 * @param {{url?: string, bytes?: Uint8Array<ArrayBuffer>}} message
 */
export async function decode({ url, bytes }) {
  const { width, height, white } = await read(url ? await fetched(url) : new Blob(bytes ? [bytes] : []));
  return { answer: { width, height, pixels: white }, transfer: [white.buffer] };
}

/** @param {Whole} message */
export async function grow({ region, radius, size }) {
  return moved(grown(region, radius, size));
}

/** @param {Whole} message */
export async function shrink({ region, radius, size }) {
  return moved(shrunk(region, radius, size));
}

/** @param {Whole} message */
export async function smooth({ region, radius, size }) {
  return moved(smoothed(region, radius, size));
}

/** @param {{region: Region}} message */
export async function holes({ region }) {
  return moved(holesFilled(region));
}

/**
 * What the wand selects at a point of the photo, or null beside it.
 * @param {Photo & {point: {x: number, y: number}, tolerance: number, contiguous: boolean}} message
 */
export async function wand({ point, tolerance, contiguous, ...photo }) {
  const spot = { x: Math.floor(point.x), y: Math.floor(point.y) };
  if (spot.x < 0 || spot.y < 0 || spot.x >= photo.width || spot.y >= photo.height) return moved(null);
  const { small, whole } = await opened(photo);
  const read = whole && ((/** @type {import("./mask.js").Bounds} */ bounds) => coloursIn(whole, bounds));
  return moved(found(small, photo, read, spot, { tolerance, contiguous }));
}

/**
 * A mask from a file: by what is transparent, or, where nothing is, by what is white. One of
 * another size is refused unless it may be fitted.
 * @param {{blob: Blob, width: number, height: number, fit?: boolean}} message
 */
async function importMask({ blob, width, height, fit }) {
  const mask = await read(blob);
  const found = { width: mask.width, height: mask.height };
  const isRight = found.width === width && found.height === height;
  if (!isRight && !fit) return { answer: { wrongSize: found }, transfer: [] };
  const pixels = isRight ? mask.pixels : fitted(mask, width, height);
  const region = { bounds: [0, 0, width, height], pixels };
  return { answer: { region, found, by: mask.by }, transfer: [pixels.buffer] };
}

export { edges, importMask as import };

/**
 * A thing that was found on a small copy of the picture.
 * @param {{bytes: Uint8Array<ArrayBuffer>, width: number, height: number}} message bytes: a mask's file
 */
export async function enlarge({ bytes, width, height }) {
  return moved(enlarged(await read(new Blob([bytes])), width, height));
}

/** @param {Region | null} region */
function moved(region) {
  return { answer: region, transfer: region ? [/** @type {Transferable} */ (region.pixels.buffer)] : [] };
}

/**
 * Grey PNG files are read here, all others by the browser.
 * @param {Blob} blob
 * @returns {Promise<Pick<PictureMask, "width" | "height" | "by" | "pixels" | "white">>}
 */
async function read(blob) {
  try {
    const mask = await decodeMask(new Uint8Array(await blob.arrayBuffer()));
    return { ...mask, by: "white", white: mask.pixels };
  } catch (error) {
    if (error instanceof UnreadablePng) return readByBrowser(blob);
    throw error;
  }
}

/**
 * In strips: no canvas of the picture's size.
 * @param {Blob} blob
 */
async function readByBrowser(blob) {
  const bitmap = await createImageBitmap(blob, { premultiplyAlpha: "none", colorSpaceConversion: "none" });
  const mask = new PictureMask(bitmap.width, bitmap.height);
  for (let top = 0; top < mask.height; top += STRIP) {
    mask.read(coloursIn(bitmap, [0, top, mask.width, Math.min(mask.height, top + STRIP)]), top);
  }
  bitmap.close();
  return mask;
}

/**
 * The photo for the wand: kept from click to click, and given up after a while without one.
 * @param {Photo} photo
 */
function opened(photo) {
  clearTimeout(timer);
  timer = setTimeout(giveUp, KEPT_MS);
  if (kept?.url === photo.fullUrl) return kept.opening;
  giveUp();
  kept = { url: photo.fullUrl, opening: open(photo) };
  kept.opening.catch(giveUp); // the next click tries again
  return kept.opening;
}

function giveUp() {
  kept?.opening.then(({ whole }) => whole?.close()).catch(() => {});
  kept = null;
}

/**
 * @param {Photo} photo
 * @returns {Promise<Opened>}
 */
async function open({ fullUrl, previewUrl, ...size }) {
  const whole = await decoded(fullUrl).catch(() => null);
  const source = whole ?? (await decoded(previewUrl));
  const share = Math.min(1, Math.sqrt(SMALL / (size.width * size.height)));
  const [width, height] = [size.width, size.height].map((length) => Math.max(1, Math.round(length * share)));
  const small = await createImageBitmap(source, { resizeWidth: width, resizeHeight: height, resizeQuality: "medium" });
  const colours = coloursIn(small, [0, 0, width, height]);
  small.close();
  if (!whole) source.close();
  return { small: { width, height, colours }, whole };
}

/** @param {string} url */
async function decoded(url) {
  return createImageBitmap(await fetched(url));
}

/**
 * @param {ImageBitmap} bitmap
 * @param {import("./mask.js").Bounds} bounds
 */
function coloursIn(bitmap, [left, top, right, bottom]) {
  const [width, height] = [right - left, bottom - top];
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("no canvas");
  context.drawImage(bitmap, -left, -top);
  return new Int32Array(context.getImageData(0, 0, width, height).data.buffer);
}

/** @param {string} url */
async function fetched(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return answer.blob();
}
