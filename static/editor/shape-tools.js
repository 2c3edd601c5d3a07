// @ts-check
import { boxPath, ellipsePath, pathOf } from "./outline.js";
import { combined, onCanvas } from "./regions.js";
import * as shapes from "./shapes.js";

/**
 * Tools that draw the edge of what they select: boxes, the lasso, the polygon; and the wand, which
 * finds it. The mask changes when the gesture ends, by adding, taking away or intersecting.
 */

/** @typedef {import("./mask.js").Point} Point */
/** @typedef {import("./tools.js").Editing} Editing */
/** @typedef {import("./tools.js").How} How */
/** @typedef {import("./tools.js").Gesture} Gesture */
/** @typedef {import("./tools.js").Tool} Tool */

const CLOSE = 10;

export const rectangle = box(shapes.rectangle, boxPath);
export const ellipse = box(shapes.ellipse, ellipsePath);

/**
 * @param {(a: Point, b: Point) => shapes.Area} shape
 * @param {(a: Point, b: Point) => string} path
 * @returns {Tool}
 */
function box(shape, path) {
  return (editing, start, { mode }) => {
    const outline = editing.outline();
    let corner = start;
    return {
      move(point, { square }) {
        corner = square ? squared(start, point) : point;
        outline.draw(() => path(start, corner));
      },
      end() {
        outline.remove();
        return put(editing, shape(start, corner), mode);
      },
      cancel: () => outline.remove(),
    };
  };
}

/** @type {Tool} */
export function lasso(editing, start, { mode }) {
  const outline = editing.outline();
  const points = [start];
  return {
    move(point) {
      points.push(point);
      outline.draw(() => pathOf(points, true));
    },
    end() {
      outline.remove();
      return put(editing, shapes.polygon(points), mode);
    },
    cancel: () => outline.remove(),
  };
}

/**
 * Each press sets a corner when it is released; Enter, a double click or a press on the first
 * corner closes.
 * @type {Tool}
 */
export function polygon(editing, start, { mode }) {
  const outline = editing.outline();
  /** @type {Point[]} */
  const corners = [];
  let next = start;
  let isClosing = false;
  return {
    stays: true,
    press(point, { count }) {
      isClosing = count === 2 || (corners.length > 2 && isNear(point, corners[0]));
      lead(point);
    },
    move: lead,
    hover: lead,
    release(point) {
      if (isClosing) return editing.finish();
      corners.push(point);
      editing.say("polygonPoint", { count: String(corners.length) });
      draw();
    },
    drop: () => (corners.length ? draw() : editing.finish()),
    back() {
      corners.pop();
      if (corners.length) draw();
      else editing.finish();
      return true;
    },
    key(event) {
      if (event.key === "Backspace") this.back?.(false);
      return event.key === "Backspace";
    },
    end() {
      outline.remove();
      return corners.length > 2 && put(editing, shapes.polygon(corners), mode);
    },
    cancel: () => outline.remove(),
  };

  /** @param {Point} point */
  function lead(point) {
    next = point;
    draw();
  }

  function draw() {
    outline.draw(() => pathOf([...corners, next], true));
  }

  /**
   * @param {Point} a
   * @param {Point} b
   */
  function isNear(a, b) {
    return Math.hypot(a.x - b.x, a.y - b.y) * editing.surface.cssPerPixel < CLOSE;
  }
}

/** @type {Tool} */
export function wand(editing, start, { mode }) {
  const { work, photo, options, ask } = editing;
  const { margins } = work;
  const point = { x: Math.floor(start.x - margins[0]), y: Math.floor(start.y - margins[1]) };
  const canceling = new AbortController();
  return { move() {}, end, cancel: () => canceling.abort() };

  async function end() {
    if (point.x < 0 || point.y < 0 || point.x >= photo.width || point.y >= photo.height) return false;
    const { tolerance, contiguous } = options;
    const { previewUrl, fullUrl, width, height } = photo;
    const region = await ask("wand", { previewUrl, fullUrl, width, height, point, tolerance, contiguous });
    return region ? combined(editing, onCanvas(region, margins), mode, canceling.signal) : false;
  }
}

/**
 * A press that selects nothing changes nothing, also where it would have been intersected.
 * @param {Editing} editing
 * @param {shapes.Area} area
 * @param {import("./tools.js").Mode} mode
 */
function put(editing, area, mode) {
  const { mask, history } = editing;
  return area.bounds !== null && editing.step(() => shapes.combine(mask, history, area, mode));
}

/**
 * The corner of a square towards a point.
 * @param {Point} from
 * @param {Point} to
 */
function squared(from, to) {
  const side = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y));
  return { x: from.x + side * Math.sign(to.x - from.x), y: from.y + side * Math.sign(to.y - from.y) };
}
