// @ts-check
import { boxPath } from "./outline.js";

/**
 * Extending: the canvas's edges and corners are dragged outward, or the canvas is given an aspect.
 */

/** @typedef {import("./mask.js").Point} Point */
/** @typedef {import("./work.js").Margins} Margins */
/** @typedef {{width: number, height: number}} Size */
/** @typedef {{x: -1 | 0 | 1, y: -1 | 0 | 1}} Grip which edges are held; 0 is neither of two */

const REACH = 24;
const SNAP = 6;
const GRIP = 26;
const SPOTS = [0, 0.5, 1];
const MOST_PIXELS = 64_000_000; // as the server's limits are
const LONGEST_SIDE = 30_000;
/** @type {import("./tools.js").Tool} */
export function extend(editing, start) {
  const { work, surface } = editing;
  const grip = gripAt(start, work.size, surface.cssPerPixel);
  if (!grip) return carry(surface, start);
  const outline = editing.outline();
  const from = work.margins;
  let margins = from;
  return {
    move(point) {
      const way = { x: Math.round(point.x - start.x), y: Math.round(point.y - start.y) };
      margins = limited(dragged(from, grip, way, SNAP / surface.cssPerPixel), work.picture, from);
      show(point);
    },
    end() {
      outline.remove();
      return work.setMargins(margins);
    },
    cancel: () => outline.remove(),
  };

  /** @param {Point} point */
  function show(point) {
    const { width, height } = canvasOf(work.picture, margins);
    const corner = { x: from[0] - margins[0], y: from[1] - margins[1] };
    outline.draw(() => boxPath(corner, { x: corner.x + width, y: corner.y + height }));
    outline.label(`${width} × ${height}`, point);
  }
}

/**
 * Away from the edges the picture itself is moved.
 * @param {import("./surface.js").Surface} surface
 * @param {Point} start
 * @returns {import("./tools.js").Gesture}
 */
function carry(surface, start) {
  const move = (/** @type {Point} */ { x, y }) => surface.pan((x - start.x) * surface.view.scale, (y - start.y) * surface.view.scale);
  return { move, end: () => false, cancel() {} };
}

/**
 * What a point of the canvas holds of its edges. Outside of the canvas everything is in reach; a
 * small canvas leaves its middle free.
 * @param {Point} point
 * @param {Size} size
 * @param {number} scale CSS pixels per canvas pixel
 * @returns {Grip | null}
 */
export function gripAt({ x, y }, { width, height }, scale) {
  const side = (/** @type {number} */ at, /** @type {number} */ length) => {
    const reach = Math.min(REACH / scale, length / 4);
    return at < reach ? -1 : at > length - reach ? 1 : 0;
  };
  const grip = /** @type {Grip} */ ({ x: side(x, width), y: side(y, height) });
  return grip.x || grip.y ? grip : null;
}

/**
 * @param {Grip | null} grip
 * @returns {string} a CSS cursor
 */
export function cursorOf(grip) {
  if (!grip) return "grab";
  const slanted = grip.x === grip.y ? "nwse" : "nesw";
  return `${grip.x && grip.y ? slanted : grip.x ? "ew" : "ns"}-resize`;
}

/**
 * @param {Margins} margins
 * @param {Grip} grip
 * @param {Point} way that the pointer went, in canvas pixels
 * @param {number} snap margins smaller than that are none
 * @returns {Margins}
 */
export function dragged([left, top, right, bottom], grip, way, snap = 0) {
  const kept = (/** @type {number} */ margin) => (margin < snap ? 0 : margin);
  return [
    grip.x < 0 ? kept(left - way.x) : left,
    grip.y < 0 ? kept(top - way.y) : top,
    grip.x > 0 ? kept(right + way.x) : right,
    grip.y > 0 ? kept(bottom + way.y) : bottom,
  ];
}

/**
 * The smallest canvas of an aspect that holds the picture, which lies in its middle.
 * @param {Size} picture
 * @param {number} aspect width by height
 * @returns {Margins}
 */
export function marginsFor({ width, height }, aspect) {
  const across = Math.max(0, Math.round(height * aspect) - width);
  const down = Math.max(0, Math.round(width / aspect) - height);
  const [left, top] = [Math.floor(across / 2), Math.floor(down / 2)];
  return [left, top, across - left, down - top];
}

/**
 * Margins that would make the canvas too large are not taken.
 * @param {Margins} margins
 * @param {Size} picture
 * @param {Margins} otherwise
 * @returns {Margins}
 */
export function limited(margins, picture, otherwise) {
  const { width, height } = canvasOf(picture, margins);
  const isShort = Math.max(width, height) <= LONGEST_SIDE;
  return (isShort && width * height <= MOST_PIXELS) || margins.every((margin) => margin === 0) ? margins : otherwise;
}

/**
 * @param {Size} picture
 * @param {Margins} margins
 */
function canvasOf({ width, height }, [left, top, right, bottom]) {
  return { width: left + width + right, height: top + height + bottom };
}

/**
 * Grips at the corners and the middles of the edges.
 * @param {import("./mask.js").Bounds} box the canvas, or one on it
 * @param {number} scale CSS pixels per canvas pixel
 */
export function gripsPath([first, above, right, bottom], scale) {
  const [width, height] = [right - first, bottom - above];
  const long = Math.min(GRIP / scale, width / 4, height / 4);
  /** Where along an edge a grip begins, and how far it goes. */
  const along = (/** @type {number} */ share, /** @type {number} */ length) =>
    share === 0.5 ? [length / 2 - long, 2 * long] : [share * length, share ? -long : long];
  let path = "";
  for (const x of SPOTS) {
    for (const y of SPOTS) {
      const [left, across] = along(x, width);
      const [top, down] = along(y, height);
      if (y !== 0.5) path += `M${first + left} ${above + y * height}h${across}`;
      if (x !== 0.5) path += `M${first + x * width} ${above + top}v${down}`;
    }
  }
  return path;
}
