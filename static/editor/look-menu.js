// @ts-check
/** The menu of how the mask looks. What was chosen is remembered in this browser. */

const LOOK = "studio:look";
const KEPT = ["tint", "strength", "outline", "ants"];

/**
 * @param {HTMLElement} menu
 * @param {import("./mask-editor.js").MaskEditor} editor
 * @param {(number: number) => string} format
 */
export function listenToLook(menu, editor, format) {
  const strength = /** @type {HTMLInputElement} */ (menu.querySelector("#strength"));
  const tints = /** @type {NodeListOf<HTMLInputElement>} */ (menu.querySelectorAll("[name=tint]"));
  for (const tint of tints) tint.addEventListener("change", () => editor.setLook({ tint: tint.value }));
  strength.addEventListener("input", () => editor.setLook({ strength: Number(strength.value) / 100 }));
  editor.addEventListener("look", show);
  const kept = remembered();
  if ([...tints].some(({ value }) => value === kept.tint)) editor.setLook(kept);
  else show();

  function show() {
    const { look } = editor;
    const text = `${format(Math.round(100 * look.strength))} %`;
    for (const tint of tints) tint.checked = tint.value === look.tint;
    strength.value = String(100 * look.strength);
    strength.setAttribute("aria-valuetext", text);
    /** @type {HTMLOutputElement} */ (menu.querySelector("output")).textContent = text;
    localStorage.setItem(LOOK, JSON.stringify(look, KEPT));
  }
}

/** @returns {Partial<import("./mask-editor.js").Look>} */
function remembered() {
  try {
    return JSON.parse(localStorage.getItem(LOOK) ?? "{}");
  } catch {
    return {};
  }
}
