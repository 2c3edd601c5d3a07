// @ts-check
/**
 * What a tool draws over the picture while its gesture is under way: a line that can be told from
 * any photo, light dashes over dark. Drawn at most once a frame, however many points came.
 */

/** @typedef {import("./mask.js").Point} Point */
/**
 * @typedef {object} Outline
 * @property {(path: () => string) => void} draw an SVG path in canvas pixels, asked for when it is drawn
 * @property {(text: string, at: Point) => void} label beside a point of the canvas
 * @property {() => void} remove
 */

const SVG = "http://www.w3.org/2000/svg";
const LABEL_AWAY = 14;

/**
 * @param {import("./surface.js").Surface} surface
 * @param {string} name a class of the sheet: "outline", "outline band" or "handle"
 * @param {number} [width] of the line in canvas pixels, if it has one
 * @returns {Outline}
 */
export function outlineOn(surface, name = "outline", width) {
  const group = added(surface.hudCanvas, "g", name);
  const lines = [added(group, "path", "under"), added(group, "path", "over")];
  /** @type {SVGElement | null} */ let text = null;
  /** @type {(() => string) | null} */ let path = null;
  let scheduled = 0;
  if (width) lines[1].style.strokeWidth = String(width);
  return { draw, label, remove };

  /** @param {() => string} next */
  function draw(next) {
    path = next;
    scheduled ||= requestAnimationFrame(drawn);
  }

  function drawn() {
    scheduled = 0;
    const d = path?.() ?? "";
    for (const line of lines) line.setAttribute("d", d);
  }

  /**
   * @param {string} words
   * @param {Point} at
   */
  function label(words, at) {
    text ??= added(surface.hud, "text", "measure");
    const { x, y } = surface.toSpot(at);
    text.setAttribute("x", String(x / surface.ratio + LABEL_AWAY));
    text.setAttribute("y", String(y / surface.ratio - LABEL_AWAY));
    text.textContent = words;
  }

  function remove() {
    cancelAnimationFrame(scheduled);
    group.remove();
    text?.remove();
  }
}

/**
 * @param {Element} parent
 * @param {string} tag
 * @param {string} name
 */
function added(parent, tag, name) {
  const element = /** @type {SVGElement} */ (document.createElementNS(SVG, tag));
  element.setAttribute("class", name);
  parent.append(element);
  return element;
}

/**
 * @param {Point[]} points
 * @param {boolean} closed
 */
export function pathOf(points, closed = false) {
  return points.length ? `M${points.map(({ x, y }) => `${short(x)} ${short(y)}`).join("L")}${closed ? "Z" : ""}` : "";
}

/**
 * @param {Point} a one corner
 * @param {Point} b the opposite one
 */
export function boxPath(a, b) {
  return `M${short(a.x)} ${short(a.y)}H${short(b.x)}V${short(b.y)}H${short(a.x)}Z`;
}

/**
 * @param {Point} a one corner of its box
 * @param {Point} b the opposite one
 */
export function ellipsePath(a, b) {
  const [across, down] = [Math.abs(b.x - a.x) / 2, Math.abs(b.y - a.y) / 2].map(short);
  const [left, right, middle] = [Math.min(a.x, b.x), Math.max(a.x, b.x), (a.y + b.y) / 2].map(short);
  const half = `A${across} ${down} 0 1 0`;
  return `M${left} ${middle}${half} ${right} ${middle}${half} ${left} ${middle}Z`;
}

/** @param {number} length hundredths of a pixel are seen at no zoom */
function short(length) {
  return Math.round(length * 100) / 100;
}
