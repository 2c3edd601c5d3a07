// @ts-check
/**
 * Reordering by dragging: with a mouse or a pen at once, with a finger after it has rested for a moment, so that
 * the list can still be scrolled.
 */

const SLACK = 5;
const REST_MS = 350;

/**
 * @typedef {object} Acts
 * @property {(item: HTMLElement) => void} begin
 * @property {(item: HTMLElement, other: HTMLElement) => void} over the item is to take the other one's place
 * @property {(item: HTMLElement) => void} end
 * @property {(item: HTMLElement, place: number) => void} cancel back to where it was among its like
 */

/**
 * @param {HTMLElement} list
 * @param {string} selector of what can be dragged in it
 * @param {Acts} acts
 */
export function listenToDrag(list, selector, acts) {
  /** @type {{item: HTMLElement, x: number, y: number, place: number, isOn: boolean, timer: number} | null} */
  let drag = null;

  list.addEventListener("pointerdown", (event) => {
    const item = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest(selector));
    if (!item || event.button !== 0 || !event.isPrimary) return;
    const place = [...list.querySelectorAll(selector)].indexOf(item);
    drag = { item, x: event.clientX, y: event.clientY, place, isOn: false, timer: 0 };
    if (event.pointerType === "touch") drag.timer = window.setTimeout(() => begin(event.pointerId), REST_MS);
  });
  list.addEventListener("pointermove", (event) => {
    if (drag && event.buttons === 0) stop(); // it was let go elsewhere
    if (!drag) return;
    const isFar = Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > SLACK;
    if (!drag.isOn && isFar && event.pointerType === "touch") stop(); // it scrolls
    else if (!drag.isOn && isFar) begin(event.pointerId);
    if (drag?.isOn) over(event.clientX, event.clientY);
  });
  list.addEventListener("pointerup", () => {
    const { item, isOn } = drag ?? {};
    stop();
    if (item && isOn) acts.end(item);
  });
  list.addEventListener("pointercancel", cancel);
  list.addEventListener("touchmove", (event) => drag?.isOn && event.preventDefault(), { passive: false });
  list.addEventListener("contextmenu", (event) => drag?.isOn && event.preventDefault());
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !drag?.isOn) return;
    event.preventDefault();
    cancel();
  });

  /** @param {number} pointer */
  function begin(pointer) {
    if (!drag) return;
    drag.isOn = true;
    list.setPointerCapture(pointer); // not the item: it is moved in the document
    drag.item.classList.add("dragged");
    list.classList.add("dragging");
    acts.begin(drag.item);
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  function over(x, y) {
    const other = /** @type {HTMLElement | null} */ (document.elementFromPoint(x, y)?.closest(selector) ?? null);
    if (drag && other && other !== drag.item && list.contains(other)) acts.over(drag.item, other);
  }

  function cancel() {
    const { item, place = 0, isOn } = drag ?? {};
    stop();
    if (item && isOn) acts.cancel(item, place);
  }

  function stop() {
    clearTimeout(drag?.timer);
    drag?.item.classList.remove("dragged");
    list.classList.remove("dragging");
    drag = null;
  }
}
