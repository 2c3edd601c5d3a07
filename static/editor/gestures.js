// @ts-check
/**
 * The gesture that is under way, and the answer that is waited for. Pointers and keys press, draw
 * and release; what that does is the tool's.
 */

/** @typedef {import("./mask.js").Point} Point */
/** @typedef {import("./tools.js").Gesture} Gesture */
/** @typedef {import("./tools.js").How} How */
/** @typedef {import("./tools.js").Detail} Detail */

export class Gestures {
  /** @type {Gesture | null} */ #gesture = null;
  /** @type {{cancel: () => void} | null} */ #pending = null;
  isPressed = false;
  #tell;

  /**
   * @param {object} tell
   * @param {() => void} tell.changed
   * @param {() => void} tell.busy waiting began or ended
   * @param {(error: Error) => void} tell.failed
   */
  constructor(tell) {
    this.#tell = tell;
  }

  /** Whether what is seen may not be what is meant yet. */
  get isDrawing() {
    return this.#gesture !== null && (this.isPressed || !this.#gesture.stays);
  }

  get isBusy() {
    return this.#pending !== null;
  }

  get isOpen() {
    return this.#gesture !== null;
  }

  /**
   * @param {() => Gesture} tool starts a gesture, unless one is under way that wants more presses
   * @param {Point} point
   * @param {How} how
   */
  press(tool, point, how) {
    this.#dropPending();
    this.isPressed = true;
    if (this.#gesture?.stays) this.#gesture.press?.(point, how);
    else {
      this.finish();
      this.isPressed = true;
      this.#gesture = tool();
    }
  }

  /**
   * @param {Point} point
   * @param {Detail} detail
   */
  move(point, detail) {
    if (this.isPressed) this.#gesture?.move(point, detail);
  }

  /** @param {Point} point */
  hover(point) {
    if (!this.isPressed) this.#gesture?.hover?.(point);
  }

  /** @param {Point} point */
  release(point) {
    if (!this.isPressed) return;
    this.isPressed = false;
    if (this.#gesture?.stays) this.#gesture.release?.(point);
    else this.finish();
  }

  /** The press was not meant: a second finger came. */
  drop() {
    if (!this.isPressed) return;
    this.isPressed = false;
    if (this.#gesture?.stays && this.#gesture.drop) this.#gesture.drop();
    else this.abort();
  }

  /**
   * @param {KeyboardEvent} event
   * @returns {boolean} whether the gesture took the key
   */
  key(event) {
    if (this.#gesture?.key?.(event)) return true;
    if (event.key === "Escape") return this.abort();
    if (event.key !== "Enter" || !this.#gesture) return false;
    this.finish();
    return true;
  }

  /** @returns {boolean} whether an answer is not waited for any more, or the gesture took its own last part back */
  back() {
    const isGivenUp = this.#dropPending();
    return this.#gesture?.back?.(isGivenUp) || isGivenUp;
  }

  /** Ends the gesture with what there is of it. An answer that is waited for may still come. */
  finish() {
    const gesture = this.#gesture;
    this.#gesture = null;
    this.isPressed = false;
    if (!gesture) return;
    const ended = gesture.end();
    if (typeof ended !== "boolean") this.wait(gesture, ended);
    else if (ended) this.#tell.changed();
  }

  /** @returns {boolean} whether there was anything to give up */
  abort() {
    const gesture = this.#gesture;
    this.#gesture = null;
    this.isPressed = false;
    gesture?.cancel();
    return this.#dropPending() || gesture !== null;
  }

  /**
   * @param {{cancel: () => void}} gesture canceled when something else begins before the answer is there
   * @param {Promise<boolean>} answer whether something changed
   * @returns {Promise<boolean>}
   */
  async wait(gesture, answer) {
    this.#dropPending();
    this.#pending = gesture;
    this.#tell.busy();
    const isChanged = await answer.catch((error) => {
      if (this.#isPending(gesture)) this.#tell.failed(error);
      return false;
    });
    if (!this.#isPending(gesture)) return false;
    this.#pending = null;
    this.#tell.busy();
    if (isChanged) this.#tell.changed();
    return isChanged;
  }

  /** @param {{cancel: () => void}} gesture */
  #isPending(gesture) {
    return this.#pending === gesture;
  }

  #dropPending() {
    const pending = this.#pending;
    this.#pending = null;
    if (!pending) return false;
    pending.cancel();
    this.#tell.busy();
    return true;
  }
}
