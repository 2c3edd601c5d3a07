// @ts-check
import { CHANGE, KEEP, Mask, union } from "./mask.js";
import { pathOf } from "./outline.js";
import { combineRegion } from "./shapes.js";

/**
 * The brush and the eraser. A stroke is a chain of capsules, so that it has no gaps however fast
 * the pointer went; a pen's pressure makes them wider and narrower.
 */

/** @typedef {import("./mask.js").Point} Point */
/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {import("./tools.js").Editing} Editing */
/** @typedef {import("./tools.js").How} How */
/** @typedef {import("./tools.js").Detail} Detail */
/** @typedef {import("./tools.js").Gesture} Gesture */
/** @typedef {(to: Point, radius: number) => void} Line paints from where the last one ended */

const LEAST_PRESSURE = 0.1;
const RADIUS_STEP = 2;
const MOST_PARTS = 16;

/** @type {import("./tools.js").Tool} */
export function brush(editing, start, how) {
  return how.mode === "intersect" ? kept(editing, start, how) : painted(editing, how.mode === "add" ? CHANGE : KEEP, start, how);
}

/** @type {import("./tools.js").Tool} */
export function eraser(editing, start, how) {
  return painted(editing, KEEP, start, how);
}

/**
 * @param {Editing} editing
 * @param {number} value
 * @param {Point} start
 * @param {How} how
 * @returns {Gesture}
 */
function painted(editing, value, start, how) {
  const { mask, history } = editing;
  let last = how.from ?? start;
  history.begin();
  return { move: chain(editing, start, how, line), end: () => history.commit(), cancel };

  /** @type {Line} */
  function line(to, radius) {
    const bounds = mask.capsuleBounds(last, to, radius);
    if (bounds) {
      history.touch(bounds);
      mask.fillCapsule(last, to, radius, value);
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
 * A stroke of what is kept of the mask: only its end says what goes.
 * @param {Editing} editing
 * @param {Point} start
 * @param {How} how
 * @returns {Gesture}
 */
function kept(editing, start, how) {
  const { mask, history } = editing;
  const outline = editing.outline("outline band", editing.size);
  /** @type {{from: Point, to: Point, radius: number}[]} */
  const capsules = [];
  let last = how.from ?? start;
  const move = chain(editing, start, how, (to, radius) => {
    capsules.push({ from: last, to, radius });
    last = to;
    outline.draw(() => pathOf([capsules[0].from, ...capsules.map((each) => each.to)]));
  });
  return { move, end, cancel: () => outline.remove() };

  function end() {
    outline.remove();
    return editing.step(() => combineRegion(mask, history, regionOf(mask, capsules), "intersect"));
  }
}

/**
 * Strings capsules together: one for each point, or a few where the pressure changes their size by
 * more than a step.
 * @param {Editing} editing
 * @param {Point} start
 * @param {How} how
 * @param {Line} line
 * @returns {Gesture["move"]}
 */
function chain(editing, start, how, line) {
  let last = start;
  let radius = radiusAt(editing, how, how.pressure);
  line(start, radius);
  return (point, detail) => {
    const next = radiusAt(editing, how, detail.pressure);
    const parts = Math.min(MOST_PARTS, Math.ceil(Math.abs(next - radius) / RADIUS_STEP)) || 1;
    for (let part = 1; part <= parts; part++) {
      const share = part / parts;
      line({ x: mixed(last.x, point.x, share), y: mixed(last.y, point.y, share) }, mixed(radius, next, share));
    }
    last = point;
    radius = next;
  };
}

/**
 * @param {Editing} editing
 * @param {How} how
 * @param {number} pressure
 */
function radiusAt({ size, options }, { pointerType }, pressure) {
  const isPressed = options.pressure && pointerType === "pen";
  const share = isPressed ? mixed(LEAST_PRESSURE, 1, pressure) : 1;
  // The half diagonal of a pixel: a smaller brush could fall between the centres and paint nothing.
  return Math.max((size * share) / 2, Math.SQRT1_2);
}

/**
 * @param {Mask} mask
 * @param {{from: Point, to: Point, radius: number}[]} capsules
 * @returns {import("./tools.js").Region}
 */
function regionOf(mask, capsules) {
  /** @type {Bounds | null} */
  let bounds = null;
  for (const { from, to, radius } of capsules) bounds = union(bounds, mask.capsuleBounds(from, to, radius));
  const [left, top, right, bottom] = bounds ?? [0, 0, 0, 0];
  const part = new Mask(right - left, bottom - top);
  const moved = (/** @type {Point} */ { x, y }) => ({ x: x - left, y: y - top });
  for (const { from, to, radius } of capsules) part.fillCapsule(moved(from), moved(to), radius, CHANGE);
  return { bounds: [left, top, right, bottom], pixels: part.pixels };
}

/**
 * @param {number} a
 * @param {number} b
 * @param {number} share
 */
function mixed(a, b, share) {
  return a + (b - a) * share;
}
