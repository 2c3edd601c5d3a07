// @ts-check
/**
 * Mouse, pen and fingers. One pointer draws, unless it is there to move the picture; two fingers
 * move and zoom it; two that only tap undo. Once a pen was seen, fingers are a resting hand: they
 * move the picture and never paint.
 */

/** @typedef {import("./mask.js").Point} Point */
/**
 * A pressed pointer, on the surface.
 * @typedef {{id: number, type: string, x: number, y: number, from: Point, pan: boolean, pressure: number}} Finger
 */
/** @typedef {{altKey: boolean, shiftKey: boolean}} Held */
/** @typedef {{pointerType: string, pressure: number, buttons: number}} By */
/**
 * What pointers do to the editor. Spots are places on the surface.
 * @typedef {object} Hands
 * @property {() => boolean} pans whether a drag is to move the picture
 * @property {(spot: Point, event: PointerEvent, count: number) => void} press count: 2 for the second of a double click
 * @property {(spot: Point, event: Held & By) => void} draw
 * @property {(spot: Point) => void} release
 * @property {(spot: Point, event: PointerEvent) => void} hover
 * @property {() => void} lift no pointer draws any more
 * @property {() => void} drop what was pressed was not meant
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
const DOUBLE_MS = 400;
const MIDDLE = 1;

export class Pointers {
  #element;
  #surface;
  #hands;
  /** @type {Map<number, Finger>} */ #fingers = new Map();
  /** The pointer that draws, and where and when it came down. */
  #start = { at: -Infinity, x: 0, y: 0, id: -1, count: 0 };
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

  /**
   * Whether the focus comes by a pointer.
   * @param {FocusEvent} event
   */
  brought({ timeStamp }) {
    return this.#fingers.size > 0 || timeStamp - this.#releasedAt < FOCUS_MS;
  }

  /** The focus that comes next is not asked for by keys. */
  use() {
    this.#releasedAt = performance.now();
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.pointerType === "mouse" && event.button > MIDDLE) return; // nor those that go back and forth
    if (event.button === MIDDLE) event.preventDefault(); // no autoscroll
    this.#lost(event); // should its last release have been missed
    const touch = event.pointerType === "touch";
    if (touch && this.#isPenDown) return; // the hand that draws
    this.#element.setPointerCapture(event.pointerId);
    this.#surface.locate();
    if (event.pointerType === "pen") this.#putPen(event);
    if (touch) this.#beginTap(event);
    const isSecond = touch && this.#fingers.size > 0;
    if (isSecond) this.#giveWay(event);
    const pan = isSecond || this.#hands.pans() || event.button === MIDDLE || (touch && this.#penSeen);
    const { x, y } = this.#surface.position(event);
    const { pointerId: id, pointerType: type, pressure } = event;
    this.#fingers.set(id, { id, type, x, y, from: { x, y }, pan, pressure });
    this.#element.classList.toggle("panning", pan);
    if (pan) this.#surface.hideBrush();
    else this.#press({ x, y }, event);
  }

  /**
   * @param {Point} spot
   * @param {PointerEvent} event
   */
  #press({ x, y }, event) {
    const { at, count, ...last } = this.#start;
    const now = event.timeStamp;
    const isNear = Math.hypot(x - last.x, y - last.y) < SLIP * this.#surface.ratio;
    const isDouble = count === 1 && isNear && now - at < DOUBLE_MS;
    this.#start = { at: now, x, y, id: event.pointerId, count: isDouble ? 2 : 1 };
    this.#hands.press({ x, y }, event, this.#start.count);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (event.buttons === 0) this.#lost(event); // released where nobody told
    const finger = this.#fingers.get(event.pointerId);
    const spot = this.#surface.position(event);
    if (!finger) return this.#hover(spot, event);
    if (this.#isAway(finger, spot)) this.#tap.isStill = false;
    if (finger.pan) this.#drag(finger, spot);
    else if (this.#start.id === finger.id) this.#draw(event);
    finger.x = spot.x;
    finger.y = spot.y;
    finger.pressure = event.pressure;
  }

  /**
   * @param {Point} spot
   * @param {PointerEvent} event
   */
  #hover(spot, event) {
    if (event.pointerType === "touch") return;
    if (event.pointerType === "pen") this.#seePen(event);
    if (!this.#hands.pans()) this.#hands.hover(spot, event);
  }

  /** @param {PointerEvent} event */
  #draw(event) {
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.#hands.draw(this.#surface.position(each), each);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    const finger = this.#lift(event);
    if (!finger) return;
    if (finger.id === this.#start.id && !finger.pan) {
      const spot = this.#surface.position(event);
      const isElsewhere = spot.x !== finger.x || spot.y !== finger.y;
      // The last move may have been swallowed by the release, which has no pressure of its own.
      if (isElsewhere) this.#hands.draw(spot, withPressure(event, finger.pressure));
      this.#hands.release(spot);
    }
    this.#endTap(event);
  }

  /**
   * The browser took the pointer away: what it drew is kept if it was meant.
   * @param {PointerEvent} event
   */
  #lost(event) {
    const finger = this.#fingers.get(event.pointerId);
    if (!finger) return;
    if (finger.id === this.#start.id && !finger.pan) this.#settle(finger, event);
    this.#lift(event);
    this.#tap.isStill = false;
  }

  /** @param {PointerEvent} event */
  #lift({ pointerId, timeStamp }) {
    const finger = this.#fingers.get(pointerId);
    this.#fingers.delete(pointerId);
    if (!finger) return;
    this.#releasedAt = timeStamp;
    this.#hands.lift();
    if (!this.#fingers.size) this.#element.classList.remove("panning");
    return finger;
  }

  /**
   * Fingers that touch now are a hand that rests.
   * @param {PointerEvent} event
   */
  #seePen(event) {
    if (!this.#penSeen) this.#giveWay(event);
    this.#penSeen = true;
  }

  /**
   * The pen draws: nothing else moves the picture under it.
   * @param {PointerEvent} event
   */
  #putPen(event) {
    this.#seePen(event);
    for (const finger of this.#fingers.values()) finger.pan = false;
  }

  get #isPenDown() {
    return [...this.#fingers.values()].some(({ type }) => type === "pen");
  }

  /**
   * A second finger came down, or a pen: from here on those that are down move the picture.
   * @param {PointerEvent} event
   */
  #giveWay(event) {
    const finger = this.#fingers.get(this.#start.id);
    if (finger && !finger.pan) this.#settle(finger, event);
    for (const each of this.#fingers.values()) each.pan = true;
  }

  /**
   * Ends what a pointer draws; a touch that hardly began was not meant.
   * @param {Finger} finger
   * @param {PointerEvent} event
   */
  #settle(finger, { timeStamp }) {
    const isYoung = timeStamp - this.#start.at < SECOND_FINGER_MS;
    if (finger.type === "touch" && (isYoung || this.#tap.isStill)) this.#hands.drop();
    else this.#hands.release(finger);
    this.#hands.lift();
  }

  /**
   * @param {Finger} finger
   * @param {Point} spot
   */
  #isAway({ from }, { x, y }) {
    return Math.hypot(x - from.x, y - from.y) >= SLIP * this.#surface.ratio;
  }

  /** @param {PointerEvent} event */
  #beginTap({ timeStamp }) {
    const isFirst = this.#fingers.size === 0;
    if (isFirst) this.#tap = { at: timeStamp, most: 1, isStill: true };
    else this.#tap.most += 1;
  }

  /**
   * Two fingers that tapped undo, three redo.
   * @param {PointerEvent} event
   */
  #endTap({ timeStamp }) {
    const { at, most, isStill } = this.#tap;
    if (this.#fingers.size || !isStill || timeStamp - at > TAP_MS) return;
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
    const other = [...this.#fingers.values()].find((each) => each !== finger && each.type === "touch");
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

/**
 * @param {PointerEvent} event
 * @param {number} pressure
 * @returns {Held & By}
 */
function withPressure({ pointerType, buttons, altKey, shiftKey }, pressure) {
  return { pointerType, buttons, altKey, shiftKey, pressure };
}
