// @ts-check
/** A result: the way of comparing outlives another finish, and its difference tells how it stands. */

/** @type {{view?: string, share?: string}} */
const chosen = {};

document.addEventListener("change", (event) => {
  const input = /** @type {HTMLInputElement} */ (event.target);
  if (input.matches('[name="compare"]')) chosen.view = input.value;
});

document.addEventListener("input", (event) => {
  const input = /** @type {HTMLInputElement} */ (event.target);
  if (input.matches("[data-compare] input[type=range]")) chosen.share = input.value;
  const output = document.getElementById(input.dataset.shownIn ?? "");
  if (output) output.textContent = input.value;
});

document.addEventListener("page:changed", () => {
  const view = find(`[name="compare"][value="${chosen.view}"]`);
  if (view) view.checked = true;
  const slider = find("[data-compare] input[type=range]");
  if (slider && chosen.share) {
    slider.value = chosen.share;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }
});

// What opens near the end of a screen would be half below it.
document.addEventListener("toggle", (event) => {
  const opened = /** @type {Element} */ (event.target);
  if (opened.matches("#downloads[open]")) opened.lastElementChild?.scrollIntoView({ block: "nearest" });
}, true);

/** @param {string} selector @returns {HTMLInputElement | null} */
function find(selector) {
  return document.querySelector(selector);
}

// --- the difference, which is made when it is first looked at ---------------------------------------------------

document.addEventListener("load", (event) => mark(/** @type {Element} */ (event.target), "is-there"), true);
document.addEventListener("error", (event) => mark(/** @type {Element} */ (event.target), "is-failed"), true);
for (const image of document.querySelectorAll("img.difference")) {
  if (/** @type {HTMLImageElement} */ (image).naturalWidth) mark(image, "is-there");
}

/** @param {Element} image @param {string} how */
function mark(image, how) {
  if (image.matches?.("img.difference")) image.closest("[data-difference]")?.classList.add(how);
}

document.addEventListener("click", (event) => {
  const box = /** @type {Element} */ (event.target).closest("[data-try-again]")?.closest("[data-difference]");
  const image = /** @type {HTMLImageElement | null} */ (box?.querySelector("img.difference") ?? null);
  if (!box || !image) return;
  box.classList.remove("is-failed");
  const { src } = image;
  image.src = "";
  image.src = src;
});
