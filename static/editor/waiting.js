// @ts-check
/**
 * What moves between two looks at the server: the seconds since an edit was begun, the bar of the usual time, and previews. Time
 * is counted from what the server said, so a wrong clock on this machine changes nothing.
 */

const TICK_MS = 500;
const FADE_MS = 150;
/** @type {WeakMap<Element, number>} */
const begun = new WeakMap();
const title = document.title;
let status = statusOnPage();

setInterval(tick, TICK_MS);
tick();

function tick() {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("[data-elapsed]")) {
    const { elapsed, seconds = "", minutes = "" } = /** @type {HTMLElement} */ (element).dataset;
    const text = inWords(since(element, Number(elapsed)), seconds, minutes);
    if (element.textContent !== text) element.textContent = text;
  }
  for (const bar of document.querySelectorAll("progress[data-working]")) {
    const { working, high } = /** @type {HTMLElement} */ (bar).dataset;
    /** @type {HTMLProgressElement} */ (bar).value = Math.min(0.95, since(bar, Number(working)) / Number(high));
  }
  showTitle();
  sayStatus();
}

/** Seconds by now, where `elapsed` were over when the element came. @param {Element} element @param {number} elapsed */
function since(element, elapsed) {
  const now = performance.now() / 1000;
  if (!begun.has(element)) begun.set(element, now - elapsed);
  return now - /** @type {number} */ (begun.get(element));
}

/** @param {number} elapsed @param {string} seconds @param {string} minutes */
function inWords(elapsed, seconds, minutes) {
  const whole = Math.floor(elapsed);
  if (whole < 90) return seconds.replace("{s}", String(whole));
  return minutes.replace("{m}", String(Math.floor(whole / 60))).replace("{s}", String(whole % 60));
}

// --- previews ---------------------------------------------------------------------------------------------------
// A swap puts the next picture where a preview was, but it has yet to be loaded: until then the old one stays.

document.addEventListener("load", (event) => show(/** @type {Element} */ (event.target)), true);
document.addEventListener("error", (event) => drop(/** @type {Element} */ (event.target)), true);
for (const preview of document.querySelectorAll("img.preview")) {
  if (/** @type {HTMLImageElement} */ (preview).complete) show(preview);
}
new MutationObserver((changes) => {
  for (const { removedNodes } of changes) for (const node of removedNodes) if (node instanceof Element) keepPreviewsOf(node);
}).observe(document.body, { childList: true, subtree: true });

/** @param {Element} gone */
function keepPreviewsOf(gone) {
  for (const holder of gone.matches("[data-of]") ? [gone] : gone.querySelectorAll("[data-of]")) {
    const old = [...holder.querySelectorAll("img:is(.came, .held)")].at(-1);
    const { of } = /** @type {HTMLElement} */ (holder).dataset;
    const next = [...document.querySelectorAll(`[data-of="${of}"] img`)].at(-1);
    if (old && next && !next.matches(".came, .held") && !isThere(next)) keep(old, next);
  }
}

/** @param {Element} old @param {Element} next */
function keep(old, next) {
  old.className = "held";
  old.setAttribute("alt", "");
  next.before(old);
}

/** @param {Element} image */
function isThere(image) {
  const { complete, naturalWidth } = /** @type {HTMLImageElement} */ (image);
  return complete && naturalWidth > 0 && !image.matches(".preview");
}

/** @param {Element} image */
function show(image) {
  if (image.matches?.("img.preview")) image.classList.add("came");
  const held = image.previousElementSibling;
  if (!held?.matches("img.held")) return;
  if (!image.matches(".preview")) held.classList.add("going");
  setTimeout(() => held.remove(), FADE_MS);
}

/** The edit ended between the page and the picture: the next look brings its end. @param {Element} image */
function drop(image) {
  if (image.matches?.("img.preview")) image.remove();
}

// --- what is said -----------------------------------------------------------------------------------------------

function showTitle() {
  const running = Number(/** @type {HTMLElement | null} */ (document.querySelector("#activity"))?.dataset.running ?? 0);
  const wanted = running ? `(${running}) ${title}` : title;
  if (document.title !== wanted) document.title = wanted;
}

/** Once per change, for screen readers: the region that shows it is replaced as a whole. */
function sayStatus() {
  const now = statusOnPage();
  if (now === status) return;
  status = now;
  const said = document.querySelector("#said");
  if (said) said.textContent = now;
}

function statusOnPage() {
  return /** @type {HTMLElement | null} */ (document.querySelector("#edit"))?.dataset.statusWord ?? "";
}
