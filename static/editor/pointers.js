// @ts-check
/**
 * Mouse, pen and fingers. One pointer draws, unless it is there to move the picture; two fingers
 * move and zoom it; two that only tap undo. Once a pen was seen, fingers are a resting hand: they
 * move the picture and never paint.
 */

/** @typedef {import("./mask.js").Point} Point */
/** @typedef {{x: number, y: number, pan: boolean, touch: boolean, id: number}} Finger a pressed pointer, on the surface */
/**
 * What pointers do to the editor. Spots are places on the surface.
 * @typedef {object} Hands
 * @property {() => boolean} pans whether a drag is to move the picture
 * @property {(spot: Point, event: PointerEvent) => void} press
 * @property {(spot: Point, event: PointerEvent) => void} draw
 * @property {(spot: Point, event: PointerEvent) => void} release
 * @property {(spot: Point, event: PointerEvent) => void} hover
 * @property {() => void} drop what was pressed was not meant
 * @property {() => void} finish
 * @property {() => void} undo
 * @property {() => void} redo
 * @property {(steps: number) => void} stepSize
 */

const WHEEL_LINE = 16;
const WHEEL_SPEED = 0.0018;
const PINCH_SPEED = 0.01;
const SECOND_FINGER_MS = 250;
const SLIP = 12;
const TAP_MS = 350;
const FOCUS_MS = 500;
const RIGHT = 2;
const MIDDLE = 1;

export class Pointers {
  #element;
  #surface;
  #hands;
  /** @type {Map<number, Finger>} */ #fingers = new Map();
  /** The pointer that draws, and where and when it came down. */
  #start = { at: 0, x: 0, y: 0, id: -1 };
  /** Fingers that came down together, as long as they may be a tap. */
  #tap = { at: 0, most: 0, isStill: false };
  #penSeen = false;
  #releasedAt = -Infinity;

  /**
   * @param {HTMLElement} element
   * @param {import("./surface.js").Surface} surface
   * @param {Hands} hands
   */
  constructor(element, surface, hands) {
    this.#element = element;
    this.#surface = surface;
    this.#hands = hands;
    const listen = (/** @type {string} */ name, /** @type {(event: any) => void} */ does, options = {}) =>
      element.addEventListener(name, does, options);
    listen("pointerdown", (event) => this.#down(event));
    listen("pointermove", (event) => this.#move(event));
    listen("pointerup", (event) => this.#up(event));
    listen("pointercancel", (event) => this.#lost(event));
    listen("lostpointercapture", (event) => this.#lost(event));
    listen("pointerleave", () => surface.brush.byKeys || surface.hideBrush());
    listen("wheel", (event) => this.#wheel(event), { passive: false });
    listen("contextmenu", (event) => event.preventDefault());
  }

  /** Whether the focus, if it comes now, comes by a pointer. */
  get justUsed() {
    return this.#fingers.size > 0 || performance.now() - this.#releasedAt < FOCUS_MS;
  }

  /** The focus that comes next is not asked for by keys. */
  use() {
    this.#releasedAt = performance.now();
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.pointerType === "mouse" && event.button === RIGHT) return;
    if (event.button === MIDDLE) event.preventDefault(); // no autoscroll
    if (this.#fingers.has(event.pointerId)) return; // a further button of a pressed mouse
    this.#element.setPointerCapture(event.pointerId);
    this.#surface.locate();
    if (event.pointerType === "pen") this.#seePen();
    const touch = event.pointerType === "touch";
    const others = touch && this.#fingers.size > 0;
    if (touch) this.#beginTap();
    if (others) this.#giveWay();
    const pan = others || this.#hands.pans() || event.button === MIDDLE || (touch && this.#penSeen);
    const { x, y } = this.#surface.position(event);
    this.#fingers.set(event.pointerId, { x, y, pan, touch, id: event.pointerId });
    this.#element.classList.toggle("panning", pan);
    if (pan) this.#surface.hideBrush();
    else this.#press({ x, y }, event);
  }

  /**
   * @param {Point} spot
   * @param {PointerEvent} event
   */
  #press({ x, y }, event) {
    if (this.#fingers.has(this.#start.id)) this.#hands.finish(); // a pen beside a mouse: one at a time
    this.#start = { at: performance.now(), x, y, id: event.pointerId };
    this.#hands.press({ x, y }, event);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const finger = this.#fingers.get(event.pointerId);
    const spot = this.#surface.position(event);
    if (!finger) return this.#hover(spot, event);
    if (this.#wayFrom(finger.id, spot) > SLIP) this.#tap.isStill = false;
    if (finger.pan) this.#drag(finger, spot);
    else if (this.#start.id === finger.id) this.#draw(event);
    Object.assign(finger, spot);
  }

  /**
   * @param {Point} spot
   * @param {PointerEvent} event
   */
  #hover(spot, event) {
    if (event.pointerType === "touch") return;
    if (event.pointerType === "pen") this.#seePen();
    if (!this.#hands.pans()) this.#hands.hover(spot, event);
  }

  /** @param {PointerEvent} event */
  #draw(event) {
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.#hands.draw(this.#surface.position(each), each);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    const finger = this.#lift(event.pointerId);
    if (!finger) return;
    if (finger.id === this.#start.id && !finger.pan) {
      const spot = this.#surface.position(event);
      this.#hands.draw(spot, event); // the last move may have been swallowed by the release
      this.#hands.release(spot, event);
    }
    this.#endTap();
  }

  /**
   * The browser took the pointer away: what it drew is kept if it was meant.
   * @param {PointerEvent} event
   */
  #lost(event) {
    const finger = this.#fingers.get(event.pointerId);
    if (!finger) return;
    if (finger.id === this.#start.id && !finger.pan) this.#settle(finger);
    this.#lift(finger.id);
    this.#tap.isStill = false;
  }

  /** @param {number} id */
  #lift(id) {
    const finger = this.#fingers.get(id);
    this.#fingers.delete(id);
    this.#releasedAt = performance.now();
    if (finger?.touch) this.#surface.hideBrush();
    if (!this.#fingers.size) this.#element.classList.remove("panning");
    return finger;
  }

  /** Fingers that touch now are a hand that rests. */
  #seePen() {
    if (this.#penSeen) return;
    this.#penSeen = true;
    if (this.#fingers.size) this.#giveWay();
  }

  /** Another finger came down, or a pen: from here on those that are down move the picture. */
  #giveWay() {
    const finger = this.#fingers.get(this.#start.id);
    if (finger && !finger.pan) this.#settle(finger);
    for (const each of this.#fingers.values()) each.pan = true;
  }

  /**
   * Ends what a pointer draws; a touch that hardly began was not meant.
   * @param {Finger} finger
   */
  #settle(finger) {
    const { at, x, y } = this.#start;
    const way = Math.hypot(finger.x - x, finger.y - y) / this.#surface.ratio;
    if (finger.touch && (way < SLIP || performance.now() - at < SECOND_FINGER_MS)) this.#hands.drop();
    else this.#hands.release(finger, new PointerEvent("pointerup"));
  }

  /**
   * How far the finger that began is away from there, in CSS pixels.
   * @param {number} id
   * @param {Point} spot
   */
  #wayFrom(id, spot) {
    const finger = this.#fingers.get(id);
    const from = id === this.#start.id ? this.#start : finger ?? spot;
    return Math.hypot(spot.x - from.x, spot.y - from.y) / this.#surface.ratio;
  }

  #beginTap() {
    const alone = this.#fingers.size === 0;
    if (alone) this.#tap = { at: performance.now(), most: 1, isStill: true };
    else this.#tap.most += 1;
  }

  /** Two fingers that tapped undo, three redo. */
  #endTap() {
    const { at, most, isStill } = this.#tap;
    if (this.#fingers.size || !isStill || performance.now() - at > TAP_MS) return;
    this.#tap.isStill = false;
    if (most === 2) this.#hands.undo();
    if (most === 3) this.#hands.redo();
  }

  /**
   * Pans with one pointer, pans and zooms with two.
   * @param {Finger} finger
   * @param {Point} to
   */
  #drag(finger, { x, y }) {
    const other = [...this.#fingers.values()].find((each) => each !== finger && each.touch);
    if (!other) {
      this.#surface.pan(x - finger.x, y - finger.y);
      return;
    }
    const before = Math.max(1, Math.hypot(finger.x - other.x, finger.y - other.y));
    const after = Math.max(1, Math.hypot(x - other.x, y - other.y));
    const middle = { x: (finger.x + other.x) / 2, y: (finger.y + other.y) / 2 };
    this.#surface.zoom((this.#surface.view.scale * after) / before, middle);
    this.#surface.pan((x - finger.x) / 2, (y - finger.y) / 2);
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : WHEEL_LINE;
    const [across, down] = [event.deltaX * unit, event.deltaY * unit];
    if (event.altKey) this.#hands.stepSize(across + down < 0 ? 1 : -1);
    else if (event.shiftKey || Math.abs(across) > Math.abs(down)) {
      this.#surface.pan(-(across || down) * this.#surface.ratio, 0);
    } else {
      // A pinch on a touch pad comes as a wheel with small steps and ctrlKey set.
      const speed = event.ctrlKey ? PINCH_SPEED : WHEEL_SPEED;
      const { scale } = this.#surface.view;
      this.#surface.zoom(scale * Math.exp(-down * speed), this.#surface.position(event));
    }
  }
}
