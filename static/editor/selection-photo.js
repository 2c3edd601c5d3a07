// @ts-check
import { wand } from "./selection-wand.js";

/**
 * The photo's pixels for the wand, in the worker. They are kept from click to click, and given up
 * after a while without one.
 */

/** @typedef {import("./selection-wand.js").Small} Small */
/** @typedef {import("./selection-wand.js").Read} Read */
/** @typedef {{small: Small, read: Read | null, close: () => void}} Opened */
/**
 * @typedef {object} Photo
 * @property {string} fullUrl
 * @property {string} previewUrl stands in where the whole photo cannot be had
 * @property {number} width
 * @property {number} height
 */

const KEPT_MS = 60_000;
const MOST_SMALL = 4e6; // pixels

/** @type {{url: string, opening: Promise<Opened>} | null} */
let kept = null;
let timer = 0;

/**
 * What the wand selects at a point of the photo, or null beside it.
 * @param {Photo & {point: {x: number, y: number}, tolerance: number, contiguous: boolean}} message
 */
export async function selectAlike({ point, tolerance, contiguous, ...photo }) {
  const spot = { x: Math.floor(point.x), y: Math.floor(point.y) };
  if (spot.x < 0 || spot.y < 0 || spot.x >= photo.width || spot.y >= photo.height) return null;
  const { small, read } = await opened(photo);
  return wand(small, photo, read, spot, { tolerance, contiguous });
}

/** @param {Photo} photo */
function opened(photo) {
  clearTimeout(timer);
  timer = setTimeout(giveUp, KEPT_MS);
  if (kept?.url === photo.fullUrl) return kept.opening;
  giveUp();
  const opening = open(photo);
  kept = { url: photo.fullUrl, opening };
  opening.catch(giveUp); // the next click tries again
  return opening;
}

function giveUp() {
  kept?.opening.then(({ close }) => close()).catch(() => {});
  kept = null;
}

/**
 * @param {Photo} photo
 * @returns {Promise<Opened>}
 */
async function open(photo) {
  const share = Math.min(1, Math.sqrt(MOST_SMALL / (photo.width * photo.height)));
  const [width, height] = [photo.width, photo.height].map((length) => Math.max(1, Math.round(length * share)));
  const whole = await decoded(photo.fullUrl).catch(() => null);
  const source = whole ?? (await decoded(photo.previewUrl));
  const small = await createImageBitmap(source, { resizeWidth: width, resizeHeight: height, resizeQuality: "medium" });
  const colours = coloursIn(small, 0, 0, width, height);
  small.close();
  if (!whole) source.close();
  const read = whole && (/** @type {Read} */ (([left, top, right, bottom]) => coloursIn(whole, left, top, right - left, bottom - top)));
  return { small: { width, height, colours }, read, close: () => whole?.close() };
}

/** @param {string} url */
async function decoded(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return createImageBitmap(await answer.blob());
}

/**
 * @param {ImageBitmap} bitmap
 * @param {number} left
 * @param {number} top
 * @param {number} width
 * @param {number} height
 */
function coloursIn(bitmap, left, top, width, height) {
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("no canvas");
  context.drawImage(bitmap, -left, -top);
  return new Int32Array(context.getImageData(0, 0, width, height).data.buffer);
}
