// @ts-check
import { CHANGE, KEEP } from "./mask.js";

/**
 * Tools are functions: given what is edited and where the pointer went down, they return the
 * gesture that follows it. Commands change the mask at once. Both go through the history, so undo
 * is the same for all.
 */

/** @typedef {import("./mask.js").Point} Point */
/** @typedef {import("./mask.js").Bounds} Bounds */
/**
 * @typedef {object} Editing
 * @property {import("./mask.js").Mask} mask
 * @property {import("./history.js").History} history
 * @property {number} size the brush's diameter in picture pixels
 * @property {(bounds: Bounds) => void} changed told after each change of the mask
 */
/**
 * @typedef {object} Gesture
 * @property {(point: Point) => void} move
 * @property {() => boolean} end whether the mask is another now
 * @property {() => void} cancel leaves the mask as it was before the gesture
 */
/**
 * With `from`, a straight line leads from there to the start.
 * @typedef {(editing: Editing, start: Point, from?: Point | null) => Gesture} Tool
 */

/** @type {Record<string, Tool>} */
export const TOOLS = {
  brush: (editing, start, from) => stroke(editing, CHANGE, start, from),
  eraser: (editing, start, from) => stroke(editing, KEEP, start, from),
};

/**
 * @param {Editing} editing
 * @param {number} value
 * @param {Point} start
 * @param {Point | null} [from]
 * @returns {Gesture}
 */
function stroke(editing, value, start, from) {
  const { mask, history } = editing;
  // The half diagonal of a pixel: a smaller brush could fall between the centres and paint nothing.
  const radius = Math.max(editing.size / 2, Math.SQRT1_2);
  let last = from ?? start;
  history.begin();
  move(start);
  return { move, end: () => history.commit(), cancel };

  /** @param {Point} point */
  function move(point) {
    const bounds = mask.capsuleBounds(last, point, radius);
    if (bounds) {
      history.touch(bounds);
      mask.fillCapsule(last, point, radius, value);
      editing.changed(bounds);
    }
    last = point;
  }

  function cancel() {
    const bounds = history.cancel();
    if (bounds) editing.changed(bounds);
  }
}

/** @param {Editing} editing */
export function invertMask({ mask, history, changed }) {
  history.begin();
  history.touch(mask.everything);
  mask.invert();
  changed(mask.everything);
  return history.commit({ counted: true });
}

/** @param {Editing} editing */
export function clearMask({ mask, history, changed }) {
  const bounds = mask.bounds();
  if (!bounds) return false;
  history.begin();
  history.touch(bounds);
  mask.clear();
  changed(bounds);
  return history.commit({ counted: true });
}

/**
 * The largest useful brush for a picture: half of its shorter side.
 * @param {{width: number, height: number}} picture
 */
export function largestBrush({ width, height }) {
  return Math.max(16, Math.round(Math.min(width, height) / 2));
}

/**
 * A slider's position (0 to 1) as a brush size; equal steps feel equal, so the scale is
 * logarithmic.
 * @param {number} position
 * @param {number} largest
 */
export function sizeAt(position, largest) {
  return Math.round(largest ** position);
}

/**
 * @param {number} size
 * @param {number} largest
 */
export function positionOf(size, largest) {
  return Math.log(size) / Math.log(largest);
}

/**
 * The next brush size up or down: about a tenth more or less, and always another one.
 * @param {number} size
 * @param {number} steps negative for smaller
 * @param {number} largest
 */
export function steppedSize(size, steps, largest) {
  const wanted = Math.round(size * 1.1 ** steps);
  const next = wanted === size ? size + Math.sign(steps) : wanted;
  return Math.min(largest, Math.max(1, next));
}
