// @ts-check
import { cursorOf } from "./extend.js";
import { boxPath } from "./outline.js";

/**
 * The frame of one's own: a box is drawn, moved by its inside, and resized by its edges and corners.
 * What is sent around it is the server's to say.
 */

/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {import("./mask.js").Point} Point */
/** @typedef {import("./extend.js").Grip} Grip */
/** @typedef {import("./extend.js").Size} Size */

const REACH = 22; // to either side of an edge, in CSS pixels
const SMALLEST = 16;

/** @type {import("./tools.js").Tool} */
export function frame({ work, surface, outline: outlined }, start) {
  const from = work.ownFrame;
  const grip = from && heldAt(from, start, surface.cssPerPixel);
  const outline = outlined();
  let bounds = from;
  return {
    move(point) {
      const way = { x: point.x - start.x, y: point.y - start.y };
      const next = from && grip ? dragged(from, grip, way, work.size) : spanned(start, point);
      bounds = usable(next, work.size) ?? bounds;
      if (!bounds) return;
      const [left, top, right, bottom] = bounds;
      outline.draw(() => boxPath({ x: left, y: top }, { x: right, y: bottom }));
      outline.label(`${right - left} × ${bottom - top}`, point);
    },
    end() {
      outline.remove();
      return work.setOwnFrame(bounds);
    },
    cancel: () => outline.remove(),
  };
}

/**
 * What a point holds of a box: edges, a corner, or all of it. A small box has its grips outside.
 * @param {Bounds} box
 * @param {Point} point
 * @param {number} scale CSS pixels per canvas pixel
 * @returns {Grip | null} null beyond the box
 */
export function heldAt([left, top, right, bottom], { x, y }, scale) {
  const side = (/** @type {number} */ at, /** @type {number} */ length) => {
    const within = Math.min(REACH / scale, length / 4);
    const beyond = (2 * REACH) / scale - within;
    if (at < -beyond || at > length + beyond) return null;
    return at < within ? -1 : at > length - within ? 1 : 0;
  };
  const [across, down] = [side(x - left, right - left), side(y - top, bottom - top)];
  return across === null || down === null ? null : { x: across, y: down };
}

/**
 * @param {Bounds | null} box
 * @param {Point} point
 * @param {number} scale CSS pixels per canvas pixel
 * @returns {string} a CSS cursor, "" for the tool's own
 */
export function cursorOver(box, point, scale) {
  const grip = box && heldAt(box, point, scale);
  if (!grip) return "";
  return grip.x || grip.y ? cursorOf(grip) : "move";
}

/**
 * @param {Bounds} box
 * @param {Grip} grip
 * @param {Point} way that the pointer went
 * @param {Size} canvas which a box that is moved as a whole does not leave
 * @returns {Bounds} an edge that is dragged may pass the other one
 */
export function dragged([left, top, right, bottom], grip, way, { width, height }) {
  const [x, y] = [Math.round(way.x), Math.round(way.y)];
  if (grip.x || grip.y) {
    const one = { x: grip.x < 0 ? left + x : left, y: grip.y < 0 ? top + y : top };
    return spanned(one, { x: grip.x > 0 ? right + x : right, y: grip.y > 0 ? bottom + y : bottom });
  }
  const [across, down] = [within(x, -left, width - right), within(y, -top, height - bottom)];
  return [left + across, top + down, right + across, bottom + down];
}

/**
 * @param {Bounds} box
 * @param {Size} canvas
 * @returns {Bounds | null} the part of it on the canvas, null if that is hardly anything
 */
export function usable([left, top, right, bottom], { width, height }) {
  const box = /** @type {Bounds} */ ([Math.max(0, left), Math.max(0, top), Math.min(width, right), Math.min(height, bottom)]);
  const isUsable = box[2] - box[0] >= Math.min(SMALLEST, width) && box[3] - box[1] >= Math.min(SMALLEST, height);
  return isUsable ? box : null;
}

/**
 * @param {Point} one
 * @param {Point} other
 * @returns {Bounds}
 */
function spanned(one, other) {
  const { round, min, max } = Math;
  const edge = (/** @type {(...all: number[]) => number} */ which, /** @type {"x" | "y"} */ axis) => round(which(one[axis], other[axis]));
  return [edge(min, "x"), edge(min, "y"), edge(max, "x"), edge(max, "y")];
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
function within(value, low, high) {
  return Math.min(high, Math.max(low, value));
}
