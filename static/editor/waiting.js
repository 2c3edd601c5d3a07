// @ts-check
/**
 * What moves between two looks at the server: the seconds since an edit was begun, and the bar of the usual time. Counted from
 * what the server said, so a wrong clock on this machine changes nothing.
 */

const TICK_MS = 500;
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
