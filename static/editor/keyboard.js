// @ts-check
/**
 * The editor by keys alone: arrows move a cursor over the focused surface, Space presses there and
 * holds as long as it is held. What needs two corners stays pressed after a short Space, until the
 * next one or Enter.
 */

/** @typedef {import("./mask.js").Point} Point */
/** @typedef {import("./pointers.js").Held & import("./pointers.js").By} Pressed */
/**
 * @typedef {object} KeyHands
 * @property {(spot: Point, by: Pressed) => void} press
 * @property {(spot: Point, by: Pressed) => void} draw
 * @property {(spot: Point) => void} release
 * @property {(spot: Point, by: Pressed) => void} hover
 * @property {(event: KeyboardEvent) => boolean} key whether the gesture that is under way took it
 * @property {() => boolean} presses whether what was pressed is still under way
 * @property {() => boolean} latches whether a short press leaves the gesture under way
 * @property {(held: {altKey: boolean, shiftKey: boolean}) => void} modified Alt or Shift is held, or is not any more
 */

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 10;
const LARGE_STEP = 50;
const PAN = 60;
const PLAIN = { pointerType: "keys", pressure: 1, buttons: 1, altKey: false, shiftKey: false };

export class Keyboard {
  /** Whether Space is held to move the picture by the pointer. */
  pans = false;

  #element;
  #surface;
  #hands;
  #isPressed = false;
  /** Whether the cursor moved, or nothing waits for that: releasing Space then ends what it began. */
  #isDone = true;

  /**
   * @param {HTMLElement} element
   * @param {import("./surface.js").Surface} surface
   * @param {KeyHands} hands
   */
  constructor(element, surface, hands) {
    this.#element = element;
    this.#surface = surface;
    this.#hands = hands;
    for (const each of [element, window]) each.addEventListener("blur", () => this.#blurred());
  }

  get hasFocus() {
    return document.activeElement === this.#element;
  }

  /**
   * @param {KeyboardEvent} event
   * @returns {boolean} whether the key was meant for the surface
   */
  keyDown(event) {
    if (event.key === "Alt" || event.key === "Shift") this.#hands.modified(event);
    if (event.key === "Alt") return true; // the browser's menu stays where it is
    if (event.ctrlKey || event.metaKey) return false; // a command's, or the browser's own
    this.#isPressed &&= this.#hands.presses(); // a command may have ended it
    if (event.key in ARROWS) return this.#arrow(event);
    if (event.key === " ") return this.#space(event);
    if (this.#isPressed && event.key === "Enter") return this.#release();
    if (!this.#hands.key(event)) return false;
    this.#isPressed = false;
    return true;
  }

  /** @param {KeyboardEvent} event */
  keyUp(event) {
    if (event.key === "Alt" || event.key === "Shift") this.#hands.modified(event);
    if (event.key !== " ") return;
    if (this.pans) this.#setPans(false);
    if (this.#isPressed && this.#isDone) this.#release();
  }

  /** Shows the cursor in the middle for whoever came here by keys. */
  showCursor() {
    if (!this.#surface.brush.shown) this.#place(this.#surface.middle);
  }

  /** The cursor is where the keys left it, or in the middle. */
  get cursor() {
    const { brush, middle } = this.#surface;
    return brush.shown ? { x: brush.x, y: brush.y } : middle;
  }

  /**
   * Moves the cursor if the surface has the focus, else the picture.
   * @param {KeyboardEvent} event
   */
  #arrow(event) {
    if (event.altKey) return false; // the browser's own
    const [dx, dy] = ARROWS[event.key];
    const { ratio } = this.#surface;
    if (!this.hasFocus) {
      this.#surface.pan(-dx * PAN * ratio, -dy * PAN * ratio);
      return true;
    }
    // Zoomed in far, a step is one pixel of the picture.
    const step = event.shiftKey ? LARGE_STEP : Math.max(STEP, this.#surface.view.scale / ratio);
    const { x, y } = this.cursor;
    this.#moveTo(x + dx * step * ratio, y + dy * step * ratio);
    return true;
  }

  /**
   * The cursor stays on the surface; the picture moves under it instead.
   * @param {number} x
   * @param {number} y
   */
  #moveTo(x, y) {
    const { size, ratio } = this.#surface;
    const rim = STEP * ratio;
    const spot = { x: within(x, rim, size.width - rim), y: within(y, rim, size.height - rim) };
    this.#surface.pan(spot.x - x, spot.y - y);
    this.#place(spot);
    if (!this.#isPressed) return this.#hands.hover(spot, PLAIN);
    this.#isDone = true;
    this.#hands.draw(spot, PLAIN);
  }

  /** @param {Point} spot */
  #place({ x, y }) {
    Object.assign(this.#surface.brush, { x, y, shown: true, byKeys: true });
    this.#surface.schedule();
  }

  /**
   * Presses if keys moved the cursor, else lets the pointer drag the picture.
   * @param {KeyboardEvent} event
   */
  #space(event) {
    if (event.repeat) return true;
    if (this.#isPressed) return this.#release();
    if (!this.hasFocus || !this.#surface.brush.byKeys) this.#setPans(true);
    else {
      this.#isPressed = true;
      this.#isDone = !this.#hands.latches();
      this.#hands.press(this.cursor, { ...PLAIN, altKey: event.altKey, shiftKey: event.shiftKey });
    }
    return true;
  }

  #release() {
    this.#isPressed = false;
    this.#hands.release(this.cursor);
    return true;
  }

  /** @param {boolean} pans */
  #setPans(pans) {
    this.pans = pans;
    this.#element.classList.toggle("pannable", pans);
    if (pans) this.#surface.hideBrush();
  }

  #blurred() {
    if (this.#isPressed) this.#release();
    this.#setPans(false);
    this.#hands.modified({ altKey: false, shiftKey: false });
    if (this.#surface.brush.byKeys) this.#surface.hideBrush();
  }
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
function within(value, low, high) {
  return Math.min(high, Math.max(low, value));
}
