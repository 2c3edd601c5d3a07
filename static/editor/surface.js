// @ts-check
import { Levels } from "./levels.js";
import { Loupe } from "./loupe.js";
import { MaskLayer } from "./mask-layer.js";
import { PhotoLayer } from "./photo-layer.js";
import {
  LARGEST_SCALE,
  fit,
  kept,
  nextScale,
  panned,
  snapped,
  toCanvas,
  toSurface,
  zoomed,
} from "./viewport.js";

/**
 * What is seen of the editor: two canvases as large as the surface (photo and mask), and over them
 * what tools draw, the brush's ring and the loupe. Whatever changes asks for one
 * painting in the next animation frame. All places on the surface are in device pixels; the canvas
 * is the picture with its margins.
 */

/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {import("./mask.js").Point} Point */
/** @typedef {import("./viewport.js").View} View */
/** @typedef {import("./levels.js").Ask} Ask */
/** @typedef {import("./levels.js").Photo} Photo */
/** @typedef {import("./work.js").Work} Work */
/** @typedef {"view" | "photo" | "photofailed" | "pointer"} News */

const ZOOM_OUT = 0.5; // of the fitted scale
const BRUSHES = ["brush", "eraser"];
const SMALLEST_RING = 4; // CSS pixels
const DASHED = [5, 4];
const OTHER_RING = 20; // of tools without a size, moved by keys
const POINTER_MS = 100;
const DRAWING_MS = 300;
const SIDES = ["top", "right", "bottom", "left"];
const SVG = "http://www.w3.org/2000/svg";

export class Surface {
  /** @type {View} */ view = { left: 0, top: 0, scale: 1 };
  /** Device pixels in a CSS pixel. */
  ratio = 1;
  /** Where the brush is, its diameter in picture pixels, and whether pointer or keys moved it there. */
  brush = { x: 0, y: 0, size: 1, shown: false, byKeys: false };
  /** What tools draw on: over everything, its group in canvas pixels. */
  hud = document.createElementNS(SVG, "svg");
  hudCanvas = document.createElementNS(SVG, "g");
  /** Where the pointer, or the keyboard's brush, is on the canvas. @type {Point | null} */ pointer = null;

  #element;
  #work;
  #tell;
  #photoLayer;
  #maskLayer;
  #loupe;
  #ring;
  #ringSize = 0;
  #margins;

  #rect = new DOMRect();
  #fitted = true;
  #padding = [0, 0, 0, 0];
  /** @type {{clientX: number, clientY: number} | null} */ #hovered = null;
  /** @type {Point | null} */ #loupeSpot = null;
  #pointerAt = 0;
  #telling = 0;

  #scheduled = 0;
  #viewIsNew = true;

  /**
   * @param {HTMLElement} element
   * @param {Photo} photo
   * @param {Work} work
   * @param {Ask} ask
   * @param {(what: News) => void} tell
   */
  constructor(element, photo, work, ask, tell) {
    this.#element = element;
    this.#work = work;
    this.#margins = work.margins;
    this.#tell = tell;
    const [photoCanvas, maskCanvas] = ["photo", "mask"].map((name) => added(element, "canvas", name));
    const levels = new Levels(photo, ask, (what) => this.#photoCame(what));
    this.#photoLayer = new PhotoLayer(photoCanvas, work, levels);
    this.#maskLayer = new MaskLayer(element, maskCanvas, work, ask);
    this.hud.setAttribute("class", "hud");
    this.hud.setAttribute("aria-hidden", "true");
    this.hudCanvas.dataset.space = "canvas";
    this.hud.append(this.hudCanvas);
    element.append(this.hud);
    this.#ring = added(element, "div", "ring");
    this.#loupe = new Loupe(element, photoCanvas, maskCanvas);
    this.#resized();
    new ResizeObserver(() => this.#resized()).observe(element);
    this.#listen();
  }

  /** @returns {{width: number, height: number}} */
  get size() {
    return this.#photoLayer.canvas;
  }

  get middle() {
    return { x: this.size.width / 2, y: this.size.height / 2 };
  }

  get cssPerPixel() {
    return this.view.scale / this.ratio;
  }

  get look() {
    return this.#maskLayer.look;
  }

  /** The edge that is shown now, in picture pixels, whether chosen or automatic. */
  get edge() {
    return this.#maskLayer.shown;
  }

  /**
   * @param {{clientX: number, clientY: number}} event
   * @returns {Point} on the surface
   */
  position({ clientX, clientY }) {
    return { x: (clientX - this.#rect.left) * this.ratio, y: (clientY - this.#rect.top) * this.ratio };
  }

  /**
   * What is painted lies exactly under what is seen.
   * @param {Point} spot on the surface
   * @returns {Point}
   */
  toCanvas({ x, y }) {
    return toCanvas(snapped(this.view), x, y);
  }

  /**
   * @param {Point} point of the canvas
   * @returns {Point} on the surface
   */
  toSpot({ x, y }) {
    const { left, top, scale } = snapped(this.view);
    return { x: left + x * scale, y: top + y * scale };
  }

  /** Reads anew where the surface is in the window; done once per press, for it costs a layout. */
  locate() {
    this.#rect = this.#element.getBoundingClientRect();
  }

  fit() {
    this.#show(fit(this.size, this.#work.size, this.#room()), true);
  }

  /**
   * @param {number} dx
   * @param {number} dy
   */
  pan(dx, dy) {
    if (dx || dy) this.#show(panned(this.view, dx, dy));
  }

  /**
   * @param {number} scale
   * @param {Point} spot that stays where it is
   */
  zoom(scale, spot = this.brush.shown ? this.brush : this.middle) {
    const within = Math.min(LARGEST_SCALE, Math.max(this.#smallest, scale));
    this.#show(zoomed(this.view, within, spot.x, spot.y));
  }

  /** @param {1 | -1} direction */
  zoomStep(direction) {
    this.zoom(nextScale(this.view.scale, direction));
  }

  hideBrush() {
    this.brush.shown = false;
    this.schedule();
  }

  /** @param {Partial<import("./looks.js").Look>} look */
  setLook(look) {
    this.#maskLayer.setLook(look);
    this.schedule();
  }

  /** @param {import("./mask-layer.js").Edge} edge */
  setEdge(edge) {
    this.#maskLayer.setEdge(edge);
    this.schedule();
  }

  /** @param {Point | null} spot on the surface, under a finger */
  showLoupe(spot) {
    this.#loupeSpot = spot;
    this.schedule();
  }

  /** @param {Bounds} bounds of the mask that changed */
  repaint(bounds) {
    this.#maskLayer.changed(bounds);
    this.schedule();
  }

  /** The canvas has other margins: the photo stays where it is, as long as all can still be seen. */
  workChanged() {
    const [left, top] = this.#margins;
    this.#margins = this.#work.margins;
    const { scale } = this.view;
    const moved = panned(this.view, (left - this.#margins[0]) * scale, (top - this.#margins[1]) * scale);
    this.#maskLayer.renew();
    if (this.#fitted && !this.#isWithin(moved)) this.fit();
    else this.#show(moved, this.#fitted);
  }

  schedule() {
    this.#scheduled ||= requestAnimationFrame(() => this.#paint());
  }

  // ---- the view

  /**
   * @param {View} view
   * @param {boolean} fitted
   */
  #show(view, fitted = false) {
    this.#fitted = fitted;
    this.view = kept(view, this.size, this.#work.size, this.#smallest);
    this.#viewIsNew = true;
    this.schedule();
    this.#tell("view");
  }

  /** @param {View} view */
  #isWithin(view) {
    const { width, height } = this.#work.size;
    const [left, top, right, bottom] = toSurface(view, [0, 0, width, height]);
    return left >= 0 && top >= 0 && right <= this.size.width && bottom <= this.size.height;
  }

  get #smallest() {
    return Math.min(1, fit(this.size, this.#work.size, this.#room()).scale * ZOOM_OUT);
  }

  #room() {
    const [top, right, bottom, left] = this.#padding.map((length) => length * this.ratio);
    return { top, right, bottom, left };
  }

  #resized() {
    this.locate();
    const { width, height } = this.#rect;
    if (!width || !height) return;
    const before = this.middle;
    const style = getComputedStyle(this.#element);
    this.#padding = SIDES.map((side) => parseFloat(style.getPropertyValue(`padding-${side}`)));
    this.ratio = window.devicePixelRatio || 1;
    this.#photoLayer.resize(width * this.ratio, height * this.ratio, this.ratio, style);
    this.#maskLayer.resize(width, height, this.ratio);
    if (this.#fitted) this.fit();
    else this.pan(this.middle.x - before.x, this.middle.y - before.y);
    this.#viewIsNew = true;
    this.#paint(); // at once: a resized canvas is blank until it is painted
  }

  /** @param {"photo" | "photofailed"} what */
  #photoCame(what) {
    this.#viewIsNew = true;
    this.schedule();
    this.#tell(what);
  }

  // ---- the pointer

  #listen() {
    this.#element.addEventListener("pointermove", (event) => (this.#hovered = event), { passive: true });
    this.#element.addEventListener("pointerleave", () => {
      this.#hovered = null;
      this.schedule();
    });
    // The ring is an element again.
    this.#element.addEventListener("pointerup", () => this.schedule());
  }

  /** Tells where the pointer is, a few times a second: words that follow it cost a layout. */
  #tellPointer() {
    const spot = this.brush.byKeys && this.brush.shown ? this.brush : this.#hovered && this.position(this.#hovered);
    const pointer = spot && this.toCanvas(spot);
    if (pointer?.x === this.pointer?.x && pointer?.y === this.pointer?.y) return;
    const now = performance.now();
    const pause = this.#work.history.isOpen ? DRAWING_MS : POINTER_MS;
    if (pointer && now - this.#pointerAt < pause) {
      this.#telling ||= window.setTimeout(() => {
        this.#telling = 0;
        this.schedule();
      }, pause);
      return;
    }
    this.#pointerAt = now;
    this.pointer = pointer;
    this.#tell("pointer");
  }

  // ---- painting

  #paint() {
    cancelAnimationFrame(this.#scheduled);
    this.#scheduled = 0;
    const view = snapped(this.view);
    if (this.#viewIsNew) {
      this.#photoLayer.paint(view);
      this.#placeHud(view);
    }
    const share = this.#maskLayer.ratio / this.ratio;
    const { left, top, scale } = view;
    this.#maskLayer.paint({ left: left * share, top: top * share, scale: scale * share }, this.#viewIsNew);
    this.#placeRing();
    this.#loupe.show(this.#loupeSpot, this.ratio, this.brush.size * scale);
    this.#viewIsNew = false;
    this.#tellPointer();
  }

  /** @param {View} view */
  #placeHud({ left, top, scale }) {
    const [x, y, size] = [left, top, scale].map((length) => length / this.ratio);
    this.hudCanvas.setAttribute("transform", `matrix(${size} 0 0 ${size} ${x} ${y})`);
  }

  #placeRing() {
    const { size, shown } = this.brush;
    const { tool = "", mode = "" } = this.#element.dataset;
    const across = BRUSHES.includes(tool) ? Math.max(SMALLEST_RING, size * this.cssPerPixel) : OTHER_RING;
    const [x, y] = [this.brush.x / this.ratio, this.brush.y / this.ratio];
    const dash = tool === "eraser" || mode === "subtract" ? DASHED : [];
    const isHidden = this.#maskLayer.drawRing(shown ? { x, y, across, dash } : null) || !shown;
    if (this.#ring.hidden !== isHidden) this.#ring.hidden = isHidden;
    if (isHidden) return;
    const { style } = this.#ring;
    if (across !== this.#ringSize) style.inlineSize = style.blockSize = `${across}px`;
    this.#ringSize = across;
    style.transform = `translate(${x - across / 2}px, ${y - across / 2}px)`;
  }
}

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {HTMLElement} parent
 * @param {T} tag
 * @param {string} name
 */
function added(parent, tag, name) {
  const element = document.createElement(tag);
  element.className = name;
  parent.append(element);
  return element;
}
