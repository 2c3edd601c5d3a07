// @ts-check
import { union } from "./mask.js";
import {
  LARGEST_SCALE,
  MaskPicture,
  fit,
  kept,
  levelFor,
  nextScale,
  panned,
  toPicture,
  toSurface,
  zoomed,
} from "./viewport.js";

/**
 * What is seen of the editor: two canvases as large as the surface (photo and mask), the brush's
 * ring and the frame. Whatever changes asks for one painting in the next animation frame. All
 * places on the surface are in device pixels.
 */

/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {import("./mask.js").Point} Point */
/** @typedef {import("./viewport.js").View} View */
/** @typedef {(task: string, message?: object, transfer?: Transferable[]) => Promise<any>} Ask the worker's answer */
/**
 * @typedef {object} Photo
 * @property {number} width
 * @property {number} height
 * @property {string} previewUrl a small version, shown first
 * @property {number} previewWidth
 * @property {string} fullUrl all of its pixels, fetched once somebody zooms in
 */

const ZOOM_OUT = 0.5; // of the fitted scale
const SLOW_FRAME_MS = 8;
const SETTLE_MS = 120;
const OVERLAY_PIXELS = 2.5e6;
const SMALLEST_RING = 4;
const TAG_ROOM = 44;
const SIDES = ["top", "right", "bottom", "left"];

export class Surface {
  /** @type {View} */ view = { left: 0, top: 0, scale: 1 };
  /** Device pixels in a CSS pixel. */
  ratio = 1;
  /** Where the brush is, its diameter in picture pixels, and whether pointer or keys moved it there. */
  brush = { x: 0, y: 0, size: 1, shown: false, byKeys: false };

  #element;
  #photo;
  #mask;
  #ask;
  #tell;
  #photoCanvas;
  #maskCanvas;
  #ring;
  #frame;
  /** @type {{bounds: Bounds, label: string} | null} */ #framed = null;
  /** @type {ImageBitmap[]} */ #levels = [];
  #askedForAll = false;

  #rect = new DOMRect();
  #fitted = true;
  #maskRatio = 1;
  #maskPicture = new MaskPicture({ width: 1, height: 1 }, 1);
  #maskImage = new ImageData(1, 1);
  /** @type {View | null} */ #maskView = null;
  #maskCost = 0;
  #tinted = true;
  /** @type {import("./viewport.js").Inks | null} */ #inks = null;
  #ground = "";
  #padding = [0, 0, 0, 0];

  #scheduled = 0;
  #settling = 0;
  #viewIsNew = true;
  /** @type {Bounds | null} */ #dirty = null;

  /**
   * @param {HTMLElement} element
   * @param {Photo} photo
   * @param {import("./mask.js").Mask} mask
   * @param {Ask} ask
   * @param {(what: "view" | "photo" | "photofailed") => void} tell
   */
  constructor(element, photo, mask, ask, tell) {
    this.#element = element;
    this.#photo = photo;
    this.#mask = mask;
    this.#ask = ask;
    this.#tell = tell;
    this.#photoCanvas = context(added(element, "canvas", "photo"), { alpha: false });
    this.#maskCanvas = context(added(element, "canvas", "mask"));
    this.#frame = added(element, "div", "frame");
    added(this.#frame, "span", "tag");
    this.#ring = added(element, "div", "ring");
    this.#resized();
    new ResizeObserver(() => this.#resized()).observe(element);
    this.#load(photo.previewUrl);
  }

  /** @returns {{width: number, height: number}} */
  get size() {
    return this.#photoCanvas.canvas;
  }

  get middle() {
    return { x: this.size.width / 2, y: this.size.height / 2 };
  }

  /**
   * @param {{clientX: number, clientY: number}} event
   * @returns {Point} on the surface
   */
  position({ clientX, clientY }) {
    return { x: (clientX - this.#rect.left) * this.ratio, y: (clientY - this.#rect.top) * this.ratio };
  }

  /**
   * @param {Point} spot on the surface
   * @returns {Point} on the picture
   */
  toPicture({ x, y }) {
    return toPicture(this.view, x, y);
  }

  /** Reads anew where the surface is in the window; done once per press, for it costs a layout. */
  locate() {
    this.#rect = this.#element.getBoundingClientRect();
  }

  fit() {
    this.#show(fit(this.size, this.#photo, this.#margins()), true);
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

  /** @param {boolean} tinted */
  showTint(tinted) {
    this.#tinted = tinted;
    this.repaint(this.#mask.everything);
  }

  /** @param {{bounds: Bounds, label: string} | null} framed */
  showFrame(framed) {
    this.#framed = framed;
    this.#viewIsNew = true;
    this.schedule();
  }

  /** @param {Bounds} bounds of the mask that changed */
  repaint(bounds) {
    this.#dirty = union(this.#dirty, bounds);
    this.schedule();
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
    this.view = kept(view, this.size, this.#photo, this.#smallest);
    this.#viewIsNew = true;
    this.#sharpen();
    this.schedule();
    this.#tell("view");
  }

  get #smallest() {
    return Math.min(1, fit(this.size, this.#photo, this.#margins()).scale * ZOOM_OUT);
  }

  #margins() {
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
    this.#ground = style.backgroundColor;
    this.ratio = window.devicePixelRatio || 1;
    this.#maskRatio = Math.min(this.ratio, Math.max(1, Math.sqrt(OVERLAY_PIXELS / (width * height))));
    resize(this.#photoCanvas.canvas, width * this.ratio, height * this.ratio);
    this.#resizeMask(width * this.#maskRatio, height * this.#maskRatio);
    if (this.#fitted) this.fit();
    else this.pan(this.middle.x - before.x, this.middle.y - before.y);
    this.#viewIsNew = true;
    this.#paint(); // at once: a resized canvas is blank until it is painted
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  #resizeMask(width, height) {
    const { canvas } = this.#maskCanvas;
    resize(canvas, width, height);
    this.#maskPicture = new MaskPicture(canvas, Math.max(1, Math.round(this.#maskRatio)));
    const bytes = /** @type {Uint8ClampedArray<ArrayBuffer>} */ (this.#maskPicture.bytes);
    this.#maskImage = new ImageData(bytes, canvas.width, canvas.height);
    this.#maskView = null;
  }

  /** Fetches the whole photo once the preview would have to be magnified. */
  #sharpen() {
    const { previewWidth, width, fullUrl } = this.#photo;
    const isSharp = previewWidth >= width || this.view.scale * width <= previewWidth * 1.05;
    if (isSharp || this.#askedForAll || !this.#levels.length) return;
    this.#askedForAll = true;
    this.#load(fullUrl);
  }

  /** @param {string} url */
  async #load(url) {
    try {
      this.#levels = await this.#ask("photo", { url });
    } catch {
      this.#askedForAll = false; // the next zoom may try again
      if (!this.#levels.length) this.#tell("photofailed");
      return;
    }
    this.#viewIsNew = true;
    this.#sharpen();
    this.schedule();
    this.#tell("photo");
  }

  // ---- painting

  #paint() {
    cancelAnimationFrame(this.#scheduled);
    this.#scheduled = 0;
    if (this.#viewIsNew) {
      this.#paintPhoto();
      this.#placeFrame();
    }
    this.#paintMask();
    this.#placeRing();
    this.#viewIsNew = false;
  }

  #paintPhoto() {
    const to = this.#photoCanvas;
    const { left, top, scale } = this.view;
    const { width, height } = this.#photo;
    to.fillStyle = this.#ground;
    to.fillRect(0, 0, this.size.width, this.size.height);
    to.fillStyle = "#222";
    if (!this.#levels.length) {
      to.fillRect(left, top, width * scale, height * scale);
      return;
    }
    const level = levelFor(this.#levels, this.#photo, scale);
    const [x, y] = [Math.max(0, -left / scale), Math.max(0, -top / scale)];
    const across = Math.min(width, (this.size.width - left) / scale) - x;
    const down = Math.min(height, (this.size.height - top) / scale) - y;
    const [fx, fy] = [level.width / width, level.height / height];
    const [toX, toY] = [left + x * scale, top + y * scale];
    to.imageSmoothingEnabled = scale < 2;
    to.drawImage(level, x * fx, y * fy, across * fx, down * fy, toX, toY, across * scale, down * scale);
  }

  #paintMask() {
    if (!this.#maskView || (this.#viewIsNew && this.#maskCost < SLOW_FRAME_MS)) this.#paintWholeMask();
    else if (this.#viewIsNew) this.#carryMask(this.#maskView);
    else if (this.#dirty) this.#putMask(this.#maskPicture.paint(this.#mask, this.#dirty, this.#colours()));
    this.#dirty = null;
  }

  #paintWholeMask() {
    const from = performance.now();
    const picture = this.#maskPicture;
    this.#maskView = this.#viewOfMask();
    this.#maskCanvas.canvas.style.transform = "";
    picture.look(this.#maskView, this.#photo);
    picture.colours.fill(0);
    if (!this.#mask.isEmpty) picture.paint(this.#mask, this.#mask.everything, this.#colours());
    this.#maskCanvas.putImageData(this.#maskImage, 0, 0);
    this.#maskCost = performance.now() - from;
  }

  /**
   * Where painting the mask takes longer than half a frame, it moves along as it is until the view
   * is at rest.
   * @param {View} from
   */
  #carryMask(from) {
    const to = this.#viewOfMask();
    const ratio = to.scale / from.scale;
    const x = (to.left - from.left * ratio) / this.#maskRatio;
    const y = (to.top - from.top * ratio) / this.#maskRatio;
    this.#maskCanvas.canvas.style.transform = `translate(${x}px, ${y}px) scale(${ratio})`;
    clearTimeout(this.#settling);
    this.#settling = window.setTimeout(() => this.#paintWholeMask(), SETTLE_MS);
  }

  /** @param {Bounds | null} bounds */
  #putMask(bounds) {
    if (!bounds) return;
    const [left, top, right, bottom] = bounds;
    this.#maskCanvas.putImageData(this.#maskImage, 0, 0, left, top, right - left, bottom - top);
  }

  #viewOfMask() {
    const ratio = this.#maskRatio / this.ratio;
    const { left, top, scale } = this.view;
    return { left: left * ratio, top: top * ratio, scale: scale * ratio };
  }

  #colours() {
    this.#inks ??= {
      tint: word(getComputedStyle(this.#element).getPropertyValue("--tint")),
      light: word("rgb(255 255 255)"),
      dark: word("rgb(0 0 0 / 0.75)"),
    };
    return this.#tinted ? this.#inks : { ...this.#inks, tint: 0 };
  }

  #placeRing() {
    const { x, y, size, shown } = this.brush;
    const across = Math.max(SMALLEST_RING, (size * this.view.scale) / this.ratio);
    const { style } = this.#ring;
    this.#ring.hidden = !shown;
    style.inlineSize = style.blockSize = `${across}px`;
    style.transform = `translate(${x / this.ratio - across / 2}px, ${y / this.ratio - across / 2}px)`;
  }

  #placeFrame() {
    this.#frame.hidden = !this.#framed;
    if (!this.#framed) return;
    const [left, top, right, bottom] = toSurface(this.view, this.#framed.bounds).map((at) => at / this.ratio);
    const { style } = this.#frame;
    style.transform = `translate(${left}px, ${top}px)`;
    style.inlineSize = `${right - left}px`;
    style.blockSize = `${bottom - top}px`;
    const tag = this.#frame.children[0];
    tag.textContent = this.#framed.label;
    tag.classList.toggle("inside", top < TAG_ROOM);
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

/**
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2DSettings} settings
 */
function context(canvas, settings = {}) {
  const found = canvas.getContext("2d", settings);
  if (!found) throw new Error("this browser has no canvas");
  return found;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 */
function resize(canvas, width, height) {
  canvas.width = Math.max(1, Math.round(width));
  canvas.height = Math.max(1, Math.round(height));
}

/**
 * A CSS colour as the little-endian word that an ImageData holds.
 * @param {string} colour
 */
function word(colour) {
  const pixel = context(document.createElement("canvas"));
  pixel.fillStyle = colour;
  pixel.fillRect(0, 0, 1, 1);
  return new Uint32Array(pixel.getImageData(0, 0, 1, 1).data.buffer)[0];
}
