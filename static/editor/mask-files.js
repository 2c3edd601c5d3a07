// @ts-check
import { packed } from "./png.js";

/** Masks out of files and addresses, and into files. */

/** @typedef {{bounds: [number, number, number, number], pixels: Uint8Array}} Region */
/** @typedef {{width: number, height: number}} Size */
/** @typedef {{region: Region | null, by: "alpha" | "white"} | {wrongSize: Size}} Read */

/**
 * The mask in a file, in pixels of the picture. A file of the size of the whole canvas fits as well.
 * @param {Blob} blob
 * @param {object} of
 * @param {import("./surface.js").Ask} of.ask
 * @param {Size} of.picture
 * @param {readonly number[]} of.margins of the canvas
 * @param {boolean} [of.fit] resize it if it is of another size
 * @returns {Promise<Read>}
 */
export async function readMask(blob, { ask, picture, margins, fit = false }) {
  const [left, top, right, bottom] = margins;
  const canvas = { width: left + picture.width + right, height: top + picture.height + bottom };
  const onCanvas = await ask("import", { blob, ...canvas, fit: false });
  if (!("wrongSize" in onCanvas)) return { ...onCanvas, region: moved(onCanvas.region, -left, -top) };
  return ask("import", { blob, ...picture, fit });
}

/**
 * The mask as a file: white where it changes, or as images APIs take it, transparent there.
 * @param {import("./mask-editor.js").MaskEditor} editor
 * @param {import("./surface.js").Ask} ask
 * @param {"white" | "alpha"} by
 * @returns {Promise<Blob | null>} null: nothing is painted
 */
export async function writtenMask(editor, ask, by) {
  editor.finish();
  const { mask } = editor;
  if (mask.isEmpty) return null;
  const { width, height } = mask;
  const strip = packed(mask, 0, height);
  const bytes = await ask("encode", { strips: [strip], width, height, by }, [strip.buffer]);
  return new Blob([bytes], { type: "image/png" });
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/**
 * The first picture file that was dropped or pasted.
 * @param {DataTransfer | null} data
 */
export function pictureIn(data) {
  return [...(data?.files ?? [])].find(({ type }) => type.startsWith("image/")) ?? null;
}

/**
 * @param {Region | null} region
 * @param {number} dx
 * @param {number} dy
 * @returns {Region | null}
 */
function moved(region, dx, dy) {
  if (!region) return null;
  const [left, top, right, bottom] = region.bounds;
  return { ...region, bounds: [left + dx, top + dy, right + dx, bottom + dy] };
}
