// @ts-check
import { packed } from "./png.js";
import { combining } from "./shapes.js";

/**
 * Regions that come from somewhere else, the worker or the server, and the mask as it goes there.
 * Large ones take several frames, so that the page never stands still.
 */

/** @typedef {import("./tools.js").Region} Region */

const STRIP = 512;
const PATIENCE_MS = 12;

/**
 * Combines a region of the canvas with the mask, in one step.
 * @param {import("./tools.js").Editing} editing
 * @param {Region} region
 * @param {import("./shapes.js").Mode} mode
 * @param {AbortSignal} signal leaves the mask as it was
 * @returns {Promise<boolean>} whether the mask is another now
 */
export async function combined({ work, mask, history, changed }, region, mode, signal) {
  if (signal.aborted) return false;
  const giveUp = () => {
    const bounds = history.cancel();
    if (bounds) changed(bounds);
  };
  signal.addEventListener("abort", giveUp);
  history.begin();
  let from = performance.now();
  for (const bounds of combining(mask, history, region, mode)) {
    if (bounds) changed(bounds);
    if (performance.now() - from < PATIENCE_MS) continue;
    await nextFrame();
    if (signal.aborted) return false;
    from = performance.now();
  }
  signal.removeEventListener("abort", giveUp);
  return history.commit({ counted: !work.isExtended });
}

/**
 * From picture pixels to canvas pixels.
 * @param {Region} region
 * @param {import("./work.js").Margins} margins
 * @returns {Region}
 */
export function onCanvas({ bounds: [left, top, right, bottom], pixels }, [x, y]) {
  return { bounds: [left + x, top + y, right + x, bottom + y], pixels };
}

/**
 * The mask as the worker's encoder wants it; one at rest.
 * @param {import("./mask.js").Mask} mask
 */
export async function strips(mask) {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const packedRows = [];
  await inStrips(0, mask.height, (top, bottom) => packedRows.push(packed(mask, top, bottom)));
  return packedRows;
}

/**
 * A part of the mask; one at rest.
 * @param {import("./mask.js").Mask} mask
 * @param {import("./mask.js").Bounds} bounds
 */
export async function copied(mask, [left, top, right, bottom]) {
  const pixels = new Uint8Array((right - left) * (bottom - top));
  await inStrips(top, bottom, (from, to) => pixels.set(mask.copy([left, from, right, to]), (from - top) * (right - left)));
  return pixels;
}

/**
 * @param {number} top
 * @param {number} bottom
 * @param {(top: number, bottom: number) => void} does
 */
async function inStrips(top, bottom, does) {
  let from = performance.now();
  for (; top < bottom; top += STRIP) {
    does(top, Math.min(bottom, top + STRIP));
    if (performance.now() - from < PATIENCE_MS) continue;
    await nextFrame();
    from = performance.now();
  }
}

/** A timer steps in where there are no frames: in a tab that nobody looks at. */
export function nextFrame() {
  return new Promise((resolve) => {
    requestAnimationFrame(resolve);
    setTimeout(resolve, 50);
  });
}
