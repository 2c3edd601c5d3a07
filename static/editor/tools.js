// @ts-check
import { CHANGE, KEEP } from "./mask.js";

/**
 * Tools are functions: given what is edited and where the pointer went down, they return the
 * gesture that follows it. Commands change the mask at once. Both go through the history, so undo
 * is the same for all.
 */

/** @typedef {import("./mask.js").Point} Point */
/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {{bounds: Bounds, pixels: Uint8Array}} Region 0 or 255, row by row, of the bounds' size */
/** @typedef {"add" | "subtract" | "intersect"} Mode */
/** @typedef {{tolerance: number, contiguous: boolean, pressure: boolean, markColour: string, markWidth: number, textSize: number}} Options */
/**
 * What a tool works on. `changed` follows every writing to the mask; `step` is a whole undo step:
 * what it calls touches the history, writes, and returns what has to be painted anew.
 * @typedef {object} Editing
 * @property {import("./work.js").Work} work
 * @property {import("./mask.js").Mask} mask
 * @property {import("./history.js").History} history
 * @property {number} size the brush's diameter in canvas pixels
 * @property {Options} options
 * @property {import("./surface.js").Surface} surface
 * @property {import("./surface.js").Ask} ask the worker
 * @property {import("./surface.js").Photo} photo
 * @property {(request: any, signal: AbortSignal) => Promise<Region>} fetchSelection in picture pixels
 * @property {(bounds: Bounds) => void} changed
 * @property {(act: () => Bounds | null) => boolean} step whether the mask is another now
 * @property {(cancel: () => void, answer: Promise<boolean>) => void} wait for what a gesture that stays has asked for; busy until the answer says whether anything changed. Whatever begins before that calls cancel.
 * @property {(what: "change" | "marks" | "margins") => void} tell that something is another now, while the gesture goes on
 * @property {() => void} finish ends the gesture itself, as Enter does
 * @property {(text: string) => void} announce to those who listen to the page
 */
/**
 * @typedef {object} How a press came about
 * @property {Point | null} from where a straight line leads here from
 * @property {Mode} mode
 * @property {number} pressure 0 to 1
 * @property {string} pointerType "mouse", "touch", "pen" or "keys"
 * @property {number} [count] 2 for a double click
 */
/** @typedef {{pressure: number, square: boolean}} Detail of a move; square: equal sides are wanted */
/**
 * `end` says whether anything changed, or promises to: while it is waited for, `cancel` may still
 * come. A gesture that stays is not ended by the pointer's release, which it is told instead; `drop`
 * takes back a press that was not meant, `back` the last part of what there is.
 * @typedef {object} Gesture
 * @property {(point: Point, detail: Detail) => void} move
 * @property {() => boolean | Promise<boolean>} end
 * @property {() => void} cancel leaves everything as it was before the gesture
 * @property {boolean} [stays]
 * @property {(point: Point, how: How) => void} [press]
 * @property {(point: Point) => void} [release]
 * @property {(point: Point) => void} [hover]
 * @property {() => void} [drop]
 * @property {() => boolean} [back]
 * @property {(event: KeyboardEvent) => boolean} [key] whether it took the key
 */
/** @typedef {(editing: Editing, start: Point, how: How) => Gesture} Tool */

const LEAST_PRESSURE = 0.1;
const RADIUS_STEP = 2;

/** @type {Record<string, Tool>} */
export const TOOLS = {
  brush: (editing, start, how) => stroke(editing, how.mode === "subtract" ? KEEP : CHANGE, start, how),
  eraser: (editing, start, how) => stroke(editing, KEEP, start, how),
};

/**
 * @param {Editing} editing
 * @param {number} value
 * @param {Point} start
 * @param {How} how
 * @returns {Gesture}
 */
function stroke(editing, value, start, how) {
  const { mask, history } = editing;
  let last = how.from ?? start;
  let radius = radiusAt(editing, how, how.pressure);
  history.begin();
  line(start, radius);
  return { move, end: () => history.commit(), cancel };

  /**
   * @param {Point} point
   * @param {Detail} [detail]
   */
  function move(point, detail) {
    const next = radiusAt(editing, how, detail?.pressure ?? how.pressure);
    // One capsule, or a few where the pressure changes its size by more than a step.
    const parts = Math.min(8, Math.ceil(Math.abs(next - radius) / RADIUS_STEP)) || 1;
    const [from, before] = [last, radius];
    for (let part = 1; part <= parts; part++) {
      const share = part / parts;
      line(between(from, point, share), before + (next - before) * share);
    }
    radius = next;
  }

  /**
   * @param {Point} to
   * @param {number} wide
   */
  function line(to, wide) {
    const bounds = mask.capsuleBounds(last, to, wide);
    if (bounds) {
      history.touch(bounds);
      mask.fillCapsule(last, to, wide, value);
      editing.changed(bounds);
    }
    last = to;
  }

  function cancel() {
    const bounds = history.cancel();
    if (bounds) editing.changed(bounds);
  }
}

/**
 * @param {Editing} editing
 * @param {How} how
 * @param {number} pressure
 */
function radiusAt({ size, options }, { pointerType }, pressure) {
  const isPressed = options.pressure && pointerType === "pen";
  const share = isPressed ? LEAST_PRESSURE + (1 - LEAST_PRESSURE) * pressure : 1;
  // The half diagonal of a pixel: a smaller brush could fall between the centres and paint nothing.
  return Math.max((size * share) / 2, Math.SQRT1_2);
}

/**
 * @param {Point} a
 * @param {Point} b
 * @param {number} share
 * @returns {Point}
 */
function between(a, b, share) {
  return { x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share };
}

/** @param {Editing} editing */
export function invertMask({ work, mask, history, changed }) {
  history.begin();
  history.touch(mask.everything);
  mask.invert();
  changed(mask.everything);
  return history.commit({ counted: !work.isExtended });
}

/** @param {Editing} editing */
export function clearMask({ work, mask, history, changed }) {
  const bounds = mask.bounds();
  if (!bounds) return false;
  history.begin();
  history.touch(bounds);
  mask.clear();
  changed(bounds);
  return history.commit({ counted: !work.isExtended });
}

/** @param {Editing} editing */
export function maskAll({ mask, history, changed }) {
  history.begin();
  history.touch(mask.everything);
  mask.pixels.fill(CHANGE);
  changed(mask.everything);
  return history.commit();
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
