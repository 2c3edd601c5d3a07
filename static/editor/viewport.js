// @ts-check
/**
 * Where the canvas (the picture with the margins that extending adds) lies on the surface.
 *
 * All lengths here are device pixels: at scale 1 one picture pixel is one pixel of the screen,
 * which is what "100 %" says.
 */

/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {{width: number, height: number}} Size */
/** @typedef {import("./mask.js").Point} Point */
/** @typedef {{left: number, top: number, scale: number}} View where the canvas's corner is, and its magnification */
/** @typedef {{left: number, top: number, right: number, bottom: number}} Margins */

export const LARGEST_SCALE = 32;
const STOPS = [0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.33, 0.5, 0.67, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32];

/**
 * The whole picture, as large as the margins allow, in their middle.
 * @param {Size} surface
 * @param {Size} picture
 * @param {Margins} margins
 * @returns {View}
 */
export function fit(surface, picture, margins) {
  const across = Math.max(1, surface.width - margins.left - margins.right);
  const down = Math.max(1, surface.height - margins.top - margins.bottom);
  const scale = Math.min(across / picture.width, down / picture.height, LARGEST_SCALE);
  return {
    left: Math.round(margins.left + (across - picture.width * scale) / 2),
    top: Math.round(margins.top + (down - picture.height * scale) / 2),
    scale,
  };
}

/**
 * Another scale, with the point (x, y) of the surface staying over the same spot of the picture.
 * @param {View} view
 * @param {number} scale
 * @param {number} x
 * @param {number} y
 * @returns {View}
 */
export function zoomed(view, scale, x, y) {
  const ratio = scale / view.scale;
  return { left: x - (x - view.left) * ratio, top: y - (y - view.top) * ratio, scale };
}

/**
 * @param {View} view
 * @param {number} dx
 * @param {number} dy
 * @returns {View}
 */
export function panned(view, dx, dy) {
  return { ...view, left: view.left + dx, top: view.top + dy };
}

/**
 * Keeps the middle of the surface over the picture, so that nobody loses it, and the scale within
 * its limits.
 * @param {View} view
 * @param {Size} surface
 * @param {Size} picture
 * @param {number} smallest scale
 * @returns {View}
 */
export function kept(view, surface, picture, smallest) {
  const [x, y] = [surface.width / 2, surface.height / 2];
  const scale = Math.min(LARGEST_SCALE, Math.max(smallest, view.scale));
  const { left, top } = scale === view.scale ? view : zoomed(view, scale, x, y);
  return {
    left: Math.min(x, Math.max(x - picture.width * scale, left)),
    top: Math.min(y, Math.max(y - picture.height * scale, top)),
    scale,
  };
}

/**
 * The next round scale up (1) or down (-1).
 * @param {number} scale
 * @param {1 | -1} direction
 */
export function nextScale(scale, direction) {
  const near = 1.01;
  const stops = direction > 0 ? STOPS : STOPS.toReversed();
  return stops.find((stop) => (direction > 0 ? stop > scale * near : stop * near < scale)) ?? stops[stops.length - 1];
}

/**
 * The view with the canvas's corner on a whole pixel: what is drawn at 100 % or 200 % is crisp then,
 * and all layers round alike. Only for drawing: a view that is zoomed on would carry the rounding along.
 * @param {View} view
 * @returns {View}
 */
export function snapped({ left, top, scale }) {
  return { left: Math.round(left), top: Math.round(top), scale };
}

/**
 * @param {View} view
 * @param {number} x
 * @param {number} y
 * @returns {Point}
 */
export function toCanvas(view, x, y) {
  return { x: (x - view.left) / view.scale, y: (y - view.top) / view.scale };
}

/**
 * Bounds of the picture as bounds of the surface, grown to whole pixels.
 * @param {View} view
 * @param {Bounds} bounds
 * @returns {Bounds}
 */
export function toSurface(view, [left, top, right, bottom]) {
  return [
    Math.floor(view.left + left * view.scale),
    Math.floor(view.top + top * view.scale),
    Math.ceil(view.left + right * view.scale),
    Math.ceil(view.top + bottom * view.scale),
  ];
}

/**
 * The smallest picture of a mip chain that need not be magnified, else the largest.
 * @template {Size} T
 * @param {T[]} levels largest first
 * @param {Size} picture
 * @param {number} scale
 * @returns {T}
 */
export function levelFor(levels, picture, scale) {
  const sharp = levels.filter((level) => level.width >= picture.width * scale);
  return sharp.length ? sharp[sharp.length - 1] : levels[0];
}
