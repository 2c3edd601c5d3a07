// @ts-check
import { snapped, toSurface } from "./viewport.js";

/**
 * The frames that will be sent, drawn over the picture, each with a label that says how. Labels stay
 * where they can be read: on the surface, and beside each other.
 */

/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {{bounds: Bounds, label: string}} Frame bounds on the canvas */
/** @typedef {{width: number, height: number}} Size */
/** @typedef {{frame: HTMLElement, tag: HTMLElement, bounds: Bounds, size: Size}} Shown */

const AWAY = 5;
const WITHIN = 4;
const RIM = 4;
const TOP = 24; // what is told about the mask stands there on a phone
const BOTTOM = 64; // and the view's buttons here

export class Frames {
  #ring;
  #surface;
  /** @type {Shown[]} */ #shown = [];
  #scheduled = 0;

  /**
   * @param {HTMLElement} element the surface's
   * @param {import("./surface.js").Surface} surface
   */
  constructor(element, surface) {
    this.#ring = element.querySelector(".ring"); // which lies over them
    this.#surface = surface;
  }

  /** @param {Frame[]} frames */
  show(frames) {
    for (const { frame, tag } of this.#shown) [frame, tag].forEach((each) => each.remove());
    this.#shown = frames.map(({ bounds, label }) => {
      const [frame, tag] = ["sent", "tag"].map((name) => Object.assign(document.createElement("div"), { className: name }));
      tag.textContent = label;
      return { frame, tag, bounds, size: { width: 0, height: 0 } };
    });
    this.#ring?.before(...this.#shown.map(({ frame }) => frame), ...this.#shown.map(({ tag }) => tag));
    for (const each of this.#shown) each.size = { width: each.tag.offsetWidth, height: each.tag.offsetHeight };
    this.#place();
  }

  /** The view is another. */
  follow() {
    if (this.#shown.length) this.#scheduled ||= requestAnimationFrame(() => this.#place());
  }

  #place() {
    cancelAnimationFrame(this.#scheduled);
    this.#scheduled = 0;
    const { view, ratio, size } = this.#surface;
    const seen = snapped(view);
    const boxes = this.#shown.map(({ bounds }) => /** @type {Bounds} */ (toSurface(seen, bounds).map((at) => at / ratio)));
    const room = /** @type {Bounds} */ ([RIM, TOP, size.width / ratio - RIM, size.height / ratio - BOTTOM]);
    const places = labelPlaces(boxes, this.#shown.map((each) => each.size), room);
    this.#shown.forEach(({ frame, tag }, i) => {
      const [left, top, right, bottom] = boxes[i];
      frame.style.transform = `translate(${left}px, ${top}px)`;
      frame.style.inlineSize = `${right - left}px`;
      frame.style.blockSize = `${bottom - top}px`;
      const place = places[i];
      tag.hidden = !place;
      if (place) tag.style.transform = `translate(${place.x}px, ${place.y}px)`;
    });
  }
}

/**
 * Where labels stand: above their frame, else below it, or within, wherever there is room and no other
 * label.
 * @param {Bounds[]} boxes of the frames
 * @param {Size[]} sizes of their labels
 * @param {Bounds} room in the same pixels
 * @returns {({x: number, y: number} | null)[]} null where nothing of the frame is seen
 */
export function labelPlaces(boxes, sizes, room) {
  /** @type {Bounds[]} */
  const taken = [];
  return boxes.map((box, i) => {
    const { width, height } = sizes[i];
    if (box[0] >= room[2] || box[2] <= room[0] || box[1] >= room[3] || box[3] <= room[1]) return null;
    const within = (/** @type {number} */ x) => Math.max(room[0], Math.min(x, room[2] - width));
    const [left, right] = [within(box[0]), within(box[2] - width)];
    const top = Math.max(box[1], room[1]) + WITHIN;
    const bottom = Math.min(box[3], room[3]) - WITHIN - height;
    const rows = [box[1] - AWAY - height, box[3] + AWAY, top, bottom];
    /** @type {[number, number][]} */
    const places = [left, right].flatMap((x) => rows.map((y) => /** @type {[number, number]} */ ([x, y])));
    for (let y = top; y < room[3]; y += height) places.push([left, y]);
    const isFree = ([x, y] = places[0]) =>
      y >= room[1] && y + height <= room[3] &&
      taken.every((other) => x >= other[2] || x + width <= other[0] || y >= other[3] || y + height <= other[1]);
    const [x, y] = places.find(isFree) ?? [left, top];
    taken.push([x, y, x + width, y + height]);
    return { x, y };
  });
}
