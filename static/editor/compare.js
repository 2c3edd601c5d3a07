// @ts-check
/** Before and after: the line between the two pictures follows the slider under it, by mouse, touch and keys. */

/** @param {HTMLInputElement} slider */
function follow(slider) {
  const box = /** @type {HTMLElement | null} */ (slider.closest("[data-compare]"));
  box?.style.setProperty("--at", `${slider.value}%`);
}

document.addEventListener("input", (event) => {
  const slider = /** @type {HTMLInputElement} */ (event.target);
  if (slider.matches("[data-compare] input[type=range]")) follow(slider);
});

// A picture as wide as a hand is hard to drag at its thumb: pressing anywhere takes the line there.
document.addEventListener("pointerdown", (event) => {
  const slider = /** @type {HTMLInputElement} */ (event.target);
  if (!slider.matches("[data-compare] input[type=range]") || event.button !== 0) return;
  event.preventDefault();
  slider.focus({ preventScroll: true });
  slider.setPointerCapture(event.pointerId);
  const move = (/** @type {PointerEvent} */ { clientX }) => {
    const { left, width } = slider.getBoundingClientRect();
    slider.value = String((100 * (clientX - left)) / width);
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  };
  move(event);
  slider.addEventListener("pointermove", move);
  for (const end of ["pointerup", "pointercancel"]) {
    slider.addEventListener(end, () => slider.removeEventListener("pointermove", move), { once: true });
  }
});

/** Lines start where the server says, or where a browser left them before a reload. */
function placeLines() {
  for (const slider of document.querySelectorAll("[data-compare] input[type=range]")) {
    follow(/** @type {HTMLInputElement} */ (slider));
  }
}

placeLines();
document.addEventListener("page:changed", placeLines);

const line = document.querySelector(".lineage");
const here = /** @type {HTMLElement | null} */ (line?.querySelector("[aria-current]") ?? null);
if (line && here) line.scrollLeft = here.offsetLeft - (line.clientWidth - here.offsetWidth) / 2;
