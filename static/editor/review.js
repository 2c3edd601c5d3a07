// @ts-check
// Keys for reviewers, and a selection that outlives going from item to item. Every key presses a button or link of the page.

const KEYS_OFF = "maskroom.review.keys-off";
const SELECTED = "maskroom.review.selected";
/** @type {Set<string>} values of checkboxes: a result's id, and how many decisions there were when it was selected */
const selected = new Set(JSON.parse(sessionStorage.getItem(SELECTED) ?? "[]"));
/** @type {HTMLInputElement | null} */
let shownBefore = null; // what `\` goes back to when it is let go

const find = (/** @type {string} */ selector) => /** @type {HTMLElement | null} */ (document.querySelector(selector));
const findAll = (/** @type {string} */ selector) => /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll(selector));

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || keysAreOff()) return;
  const act = actFor(event);
  if (act && act() !== false) event.preventDefault();
});

document.addEventListener("keyup", (event) => {
  if (event.key !== "\\" || !shownBefore) return;
  shownBefore.checked = true;
  shownBefore = null;
});

/** @param {KeyboardEvent} event @returns {(() => unknown) | undefined} */
function actFor({ key, shiftKey, repeat, target }) {
  const name = key.toLowerCase();
  const onRadio = target instanceof HTMLInputElement;
  if (name === "j" || (!onRadio && (name === "arrowdown" || name === "arrowright"))) return () => press("j");
  if (name === "k" || (!onRadio && (name === "arrowup" || name === "arrowleft"))) return () => press("k");
  if (repeat) return undefined; // a key held down decides once
  if (name === "a") return () => press(shiftKey ? "shift+a" : "a");
  if (name === "u") return () => press("u");
  if (name === "r") return toggleReasons;
  if (name === "x") return selectCurrent;
  if (name === "\\") return showSource;
  if (/^[1-9]$/.test(name) && find("#reject[open]")) return () => giveReason(Number(name));
  return undefined;
}

/** @param {string} key @returns {boolean} */
function press(key) {
  const control = find(`[data-key="${key}"]`);
  if (!control || (key === "shift+a" && !selected.size)) return false;
  control.click();
  return true;
}

function toggleReasons() {
  const menu = /** @type {HTMLDetailsElement | null} */ (find("#reject"));
  if (!menu) return false;
  menu.open = !menu.open;
  if (menu.open) find("#reject .reasons button")?.focus();
  else menu.querySelector("summary")?.focus();
  return true;
}

/** @param {number} number */
function giveReason(number) {
  const reasons = findAll("#reject .reasons > button");
  if (number <= reasons.length) reasons[number - 1].click();
  else if (number === reasons.length + 1) find("#reject .other .input")?.focus();
  else return false;
  return true;
}

function selectCurrent() {
  const box = /** @type {HTMLInputElement | null} */ (find('.queue li[aria-current] input[type="checkbox"]'));
  if (!box) return false;
  box.click();
  return true;
}

function showSource() {
  const shown = /** @type {HTMLInputElement | null} */ (find('.item [name="show"]:checked'));
  const source = /** @type {HTMLInputElement | null} */ (find('.item [name="show"][value="source"]'));
  if (!shown || !source) return false;
  shownBefore = shown;
  source.checked = true;
  return true;
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  const written = 'input:not([type="radio"], [type="checkbox"]), textarea, select, [contenteditable]';
  return target.matches(written);
}

// --- what is selected -------------------------------------------------------------------------------------------

document.addEventListener("change", (event) => {
  const box = /** @type {HTMLInputElement} */ (event.target);
  if (box.matches("[data-keys-on]")) keepKeys(box.checked);
  if (!box.matches('.queue [name="result"]')) return;
  if (box.checked) selected.add(box.value);
  else selected.delete(box.value);
  countSelected();
});

function restore() {
  const boxes = findAll('.queue [name="result"]');
  const there = new Set([...boxes].map((box) => box.value));
  if (there.size) for (const value of selected) if (!there.has(value)) selected.delete(value);
  for (const box of boxes) box.checked = selected.has(box.value);
  countSelected();
  for (const box of findAll("[data-keys-on]")) box.checked = !keysAreOff();
  keepInView(find(".queue ol"), find(".queue li[aria-current]"));
}

/** Scrolls the list alone, never the page. @param {HTMLElement | null} list @param {HTMLElement | null} row */
function keepInView(list, row) {
  if (list && row) list.scrollTop = row.offsetTop - list.offsetTop - list.clientHeight / 3;
}

function countSelected() {
  sessionStorage.setItem(SELECTED, JSON.stringify([...selected]));
  for (const output of findAll("[data-selected-count]")) output.textContent = String(selected.size);
}

// --- single keys can be turned off, for people whose tools speak or press them by accident ------------------------

function keysAreOff() {
  return localStorage.getItem(KEYS_OFF) === "yes";
}

/** @param {boolean} on */
function keepKeys(on) {
  if (on) localStorage.removeItem(KEYS_OFF);
  else localStorage.setItem(KEYS_OFF, "yes");
}

document.addEventListener("page:changed", restore);
restore();
