// @ts-check
import { UnreadablePng, decodeMask, encodeMask } from "./png.js";

/**
 * The work that would make the page stutter: decoding photos and scaling them down, reading and
 * writing mask files. Each message {id, task, ...} is answered by {id, answer} or {id, error}.
 */

const SMALLEST_LEVEL = 900;
const STRIP = 1024;

/** @type {Record<string, (message: any) => Promise<{answer: any, transfer: Transferable[]}>>} */
const TASKS = { photo, encode, decode };

self.onmessage = async ({ data }) => {
  try {
    const { answer, transfer } = await TASKS[data.task](data);
    self.postMessage({ id: data.id, answer }, { transfer });
  } catch (error) {
    self.postMessage({ id: data.id, error: String(error) });
  }
};

/**
 * A photo and its halves, so that drawing it small never reads all of it.
 * @param {{url: string}} message
 */
async function photo({ url }) {
  const levels = [await createImageBitmap(await fetched(url))];
  for (let last = levels[0]; Math.max(last.width, last.height) > SMALLEST_LEVEL * 2; ) {
    const half = { resizeWidth: Math.ceil(last.width / 2), resizeHeight: Math.ceil(last.height / 2) };
    last = await createImageBitmap(last, { ...half, resizeQuality: "medium" });
    levels.push(last);
  }
  return { answer: levels, transfer: levels };
}

/** @param {{parts: import("./png.js").Part[], width: number, height: number}} message */
async function encode({ parts, width, height }) {
  const bytes = await encodeMask(parts, width, height);
  return { answer: bytes, transfer: [bytes.buffer] };
}

/**
 * @param {{url?: string, bytes?: Uint8Array<ArrayBuffer>}} message
 */
async function decode({ url, bytes }) {
  const blob = url ? await fetched(url) : new Blob(bytes ? [bytes] : []);
  const mask = await decodeMask(new Uint8Array(await blob.arrayBuffer())).catch((error) => {
    if (error instanceof UnreadablePng) return decodedByBrowser(blob);
    throw error;
  });
  return { answer: mask, transfer: [mask.pixels.buffer] };
}

/**
 * Any other picture file as a mask, in strips: no canvas of the picture's size. Its brightness says
 * what changes.
 * @param {Blob} blob
 */
async function decodedByBrowser(blob) {
  const bitmap = await createImageBitmap(blob);
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, Math.min(STRIP, height));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("no canvas");
  context.globalCompositeOperation = "copy"; // a transparent strip must not show the one before it
  const pixels = new Uint8Array(width * height);
  for (let top = 0; top < height; top += STRIP) {
    const rows = Math.min(STRIP, height - top);
    context.drawImage(bitmap, 0, top, width, rows, 0, 0, width, rows);
    const { data } = context.getImageData(0, 0, width, rows);
    for (let i = 0; i < width * rows; i++) if (data[4 * i + 1] >= 128) pixels[top * width + i] = 255;
  }
  bitmap.close();
  return { width, height, pixels };
}

/** @param {string} url */
async function fetched(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return answer.blob();
}
