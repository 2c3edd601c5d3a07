// @ts-check
import { CHANGE } from "./mask.js";
import { combine, ellipse, rectangle } from "./shapes.js";

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
 * @property {(request: any, signal: AbortSignal) => Promise<{region: Region | null, file: string}>} fetchSelection the region in picture pixels
 * @property {(bounds: Bounds) => void} changed
 * @property {(act: () => Bounds | null) => boolean} step whether the mask is another now
 * @property {(cancel: () => void, answer: Promise<boolean>) => void} wait for what a gesture that stays has asked for; busy until the answer says whether anything changed. Whatever begins before that calls cancel.
 * @property {(what: string) => void} tell that something is another now: "change", "marks", "mark"
 * @property {(name?: string, width?: number) => import("./outline.js").Outline} outline
 * @property {() => void} finish ends the gesture itself, as Enter does
 * @property {(word: string, values?: Record<string, string>) => void} say one of the page's words to those who listen
 * @property {(text: string) => void} announce the same with a text
 * @property {(text: string) => void} warn all of them
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
 * @property {(isGivenUp: boolean) => boolean} [back] isGivenUp: the answer that was waited for is not
 * @property {(event: KeyboardEvent) => boolean} [key] whether it took the key
 */
/** @typedef {(editing: Editing, start: Point, how: How) => Gesture} Tool */

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
 * A box by numbers.
 * @param {Editing} editing
 * @param {Bounds} bounds of the canvas
 * @param {"rectangle" | "ellipse"} shape
 * @param {Mode} mode
 */
export function stampBox({ mask, history, step }, [left, top, right, bottom], shape, mode) {
  const area = (shape === "ellipse" ? ellipse : rectangle)({ x: left, y: top }, { x: right, y: bottom });
  return area.bounds !== null && step(() => combine(mask, history, area, mode));
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
