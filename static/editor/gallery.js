// @ts-check
/** The gallery's keys, and what is new in it after an upload. Everything else here is links, forms and htmx. */

const search = /** @type {HTMLInputElement | null} */ (document.querySelector("#q"));
const KEYS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.key === "/" && search && !target.matches("input, textarea, select")) {
    event.preventDefault();
    search.focus();
    search.select();
  }
  if (KEYS.includes(event.key) && target.matches(".tile > a:first-of-type")) {
    event.preventDefault();
    step(target, event.key);
  }
});

/**
 * Moves the focus to the next tile that way. The rows are as the browser has laid them out.
 * @param {HTMLElement} from
 * @param {string} key
 */
function step(from, key) {
  const links = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".tile > a:first-of-type")]);
  const at = links.indexOf(from);
  if (key === "ArrowRight" || key === "ArrowLeft") {
    links[at + (key === "ArrowRight" ? 1 : -1)]?.focus();
    return;
  }
  const here = middle(from);
  const others = links.filter((link) => (key === "ArrowDown" ? middle(link).y > here.y + 1 : middle(link).y < here.y - 1));
  nearest(others, here)?.focus();
}

/** @param {HTMLElement} link */
function middle(link) {
  const box = link.getBoundingClientRect();
  return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
}

/** @param {HTMLElement[]} links @param {{x: number, y: number}} here */
function nearest(links, here) {
  const far = (/** @type {HTMLElement} */ link) => {
    const { x, y } = middle(link);
    return Math.abs(y - here.y) * 3 + Math.abs(x - here.x);
  };
  return links.reduce((best, link) => (!best || far(link) < far(best) ? link : best), /** @type {HTMLElement | null} */ (null));
}

document.addEventListener("uploaded", () => {
  const isNewest = !new URLSearchParams(location.search).has("after");
  if (isNewest) /** @type {any} */ (window).htmx?.ajax("GET", location.href, { target: "#pictures" });
});
