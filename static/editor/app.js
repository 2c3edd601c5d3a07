// @ts-check
// What every page shares: toasts, menus, focus after a swap, the theme. The only file that knows htmx's event names.

const words = /** @type {HTMLTemplateElement | null} */ (document.getElementById("words"))?.dataset ?? {};
const toasts = document.querySelector(".toasts");
const SHOWN_FOR_MS = 6000;

/**
 * Say something in the corner. A trouble stays until it is closed, anything else leaves by itself.
 * @param {string} text
 * @param {{trouble?: boolean}} [how]
 * @returns {HTMLElement | undefined}
 */
export function toast(text, { trouble = false } = {}) {
  if (!toasts || !text) return undefined;
  for (const shown of toasts.children) if (shown.textContent === text) return /** @type {HTMLElement} */ (shown);
  const note = document.createElement("p");
  note.className = trouble ? "toast error" : "toast";
  note.textContent = text;
  toasts.append(note);
  return note;
}

/** @param {Element} note */
function tend(note) {
  if (!note.classList.contains("error")) {
    setTimeout(() => note.remove(), SHOWN_FOR_MS);
    return;
  }
  const close = document.createElement("button");
  close.type = "button";
  close.className = "close";
  close.ariaLabel = words.close ?? "Close";
  close.addEventListener("click", () => note.remove());
  note.append(close);
}

for (const note of toasts?.children ?? []) tend(note);
if (toasts) {
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) for (const node of addedNodes) if (node instanceof Element) tend(node);
  }).observe(toasts, { childList: true });
}
document.addEventListener("toast", (event) => {
  const { text, trouble } = /** @type {CustomEvent} */ (event).detail;
  toast(text, { trouble });
});

// --- htmx -------------------------------------------------------------------------------------------------------

/** @param {any} event */
const isPoll = (event) => /\bevery\b/.test(event.detail.elt?.getAttribute?.("hx-trigger") ?? "");
/** @type {HTMLElement | undefined} */
let pollTrouble;

document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && isPoll(event)) event.preventDefault();
  else if (!isPoll(event)) busy(event, true);
});
document.addEventListener("htmx:afterRequest", (event) => busy(event, false));
document.addEventListener("htmx:afterOnLoad", (event) => {
  if (isPoll(event)) pollTrouble = pollTrouble?.remove();
});
document.addEventListener("htmx:afterSettle", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  dress(target);
  const first = target.matches?.("[data-autofocus]") ? target : target.querySelector?.("[data-autofocus]");
  /** @type {HTMLElement | null} */ (first)?.focus({ preventScroll: true });
  target.dispatchEvent(new CustomEvent("page:changed", { bubbles: true }));
});
document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = /** @type {any} */ (event).detail;
  complain(event, sentenceFor(xhr.status));
});
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => complain(event, words.offline ?? ""));
}

/** @param {any} event @param {boolean} is */
function busy(event, is) {
  const target = event.detail.target;
  if (is) target?.setAttribute("aria-busy", "true");
  else target?.removeAttribute("aria-busy");
}

/** A poll that fails says so once, not every two seconds. @param {Event} event @param {string} sentence */
function complain(event, sentence) {
  const note = toast(sentence, { trouble: true });
  if (isPoll(event)) pollTrouble = note;
}

/** @param {number} status */
function sentenceFor(status) {
  const known = { 403: words.refused, 404: words.gone, 429: words.busy };
  return known[/** @type {403} */ (status)] ?? words.broken ?? "";
}

// --- menus ------------------------------------------------------------------------------------------------------

/** @type {(except?: Node | null) => void} */
const closeMenus = (except) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!except || !menu.contains(except)) menu.removeAttribute("open");
  }
};
document.addEventListener("click", (event) => closeMenus(/** @type {Node} */ (event.target)));
document.addEventListener("focusin", (event) => closeMenus(/** @type {Node} */ (event.target)));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.activeElement?.closest("details.menu[open]");
  closeMenus();
  menu?.querySelector("summary")?.focus();
});

// --- small things -----------------------------------------------------------------------------------------------

document.addEventListener("change", (event) => {
  const input = /** @type {HTMLInputElement} */ (event.target);
  if (input.matches("[data-theme-choice] input")) document.documentElement.dataset.theme = input.value;
  if (input.matches("[data-submit-on-change]")) input.form?.requestSubmit();
});

document.addEventListener("click", async (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("[data-copy]");
  if (!button) return;
  const field = /** @type {HTMLInputElement} */ (document.getElementById(button.getAttribute("data-copy") ?? ""));
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    toast(words.copied ?? "");
  } catch {
    toast(words.notCopied ?? ""); // no clipboard without HTTPS: the field is selected, Ctrl+C works
  }
});

document.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("[data-confirm]");
  if (button && !window.confirm(button.getAttribute("data-confirm") ?? "")) event.preventDefault();
});

/**
 * What a part of the page gets from script: controls that need it, and full local times as tooltips.
 * @param {ParentNode} part
 */
function dress(part) {
  for (const control of part.querySelectorAll?.("[data-with-script]") ?? []) control.removeAttribute("hidden");
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  for (const time of part.querySelectorAll?.("time[datetime]:not([title])") ?? []) {
    const at = new Date(/** @type {HTMLTimeElement} */ (time).dateTime);
    if (!Number.isNaN(at.getTime())) /** @type {HTMLElement} */ (time).title = format.format(at);
  }
}
dress(document);
