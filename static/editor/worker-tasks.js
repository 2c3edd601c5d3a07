// @ts-check
import { CHANGE } from "./mask.js";
import { enlarged } from "./object-select.js";
import { UnreadablePng, decodeMask, encodeAlphaMask, encodeMask } from "./png.js";
import { PictureMask, fitted } from "./selection-import.js";
import { selectAlike } from "./selection-photo.js";
import { grown, holesFilled, shrunk, smoothed } from "./selection.js";

/** What the worker does with masks: each task takes a message and gives an answer and what of it is moved. */

/** @typedef {import("./shapes.js").Region} Region */
/** @typedef {{region: Region, size: import("./selection.js").Size, radius: number}} Whole a selection on its picture */

const STRIP = 1024;

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

/** @param {Parameters<typeof selectAlike>[0]} message */
export async function wand(message) {
  return moved(await selectAlike(message));
}

/**
 * A mask from a file: by what is transparent, or, where nothing is, by what is white. One of
 * another size is refused unless it may be fitted; with `inverse` the rest is selected.
 * @param {{blob: Blob, width: number, height: number, fit?: boolean, inverse?: boolean}} message
 */
async function importMask({ blob, width, height, fit = false, inverse = false }) {
  const mask = await read(blob);
  const found = { width: mask.width, height: mask.height };
  const isRight = found.width === width && found.height === height;
  if (!isRight && !fit) return { answer: { wrongSize: found }, transfer: [] };
  const pixels = isRight ? mask.pixels : fitted(mask, width, height);
  if (inverse) for (let i = 0; i < pixels.length; i++) pixels[i] ^= CHANGE;
  const region = { bounds: [0, 0, width, height], pixels };
  return { answer: { region, found, by: mask.by }, transfer: [pixels.buffer] };
}

export { importMask as import };

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
  const { width, height } = bitmap;
  const mask = new PictureMask(width, height);
  const context = new OffscreenCanvas(width, Math.min(STRIP, height)).getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("no canvas");
  context.globalCompositeOperation = "copy"; // a transparent strip must not show the one before it
  for (let top = 0; top < height; top += STRIP) {
    const rows = Math.min(STRIP, height - top);
    context.drawImage(bitmap, 0, top, width, rows, 0, 0, width, rows);
    mask.read(context.getImageData(0, 0, width, rows).data, top * width);
  }
  bitmap.close();
  return mask;
}

/** @param {string} url */
async function fetched(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return answer.blob();
}
