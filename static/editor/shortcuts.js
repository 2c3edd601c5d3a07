// @ts-check
import { commandOn, isSingle, pressed } from "./commands.js";

/**
 * The keys of the page. The surface hears them first: what is being drawn may have a use for Enter or Escape.
 * Single letters can be switched off, for those who speak or slip; over the focused picture they stay.
 */

/** @typedef {import("./commands.js").Command} Command */

const HEARD_IN_FIELDS = ["run", "palette"];

/**
 * @param {object} of
 * @param {HTMLElement} of.surface
 * @param {import("./mask-editor.js").MaskEditor} of.editor
 * @param {import("./commands.js").Page} of.page
 */
export function listenToKeys({ surface, editor, page }) {
  /** A key is let go by its place: what it types may be another character by then. @type {{command: Command, code: string} | null} */
  let held = null;

  /** @param {KeyboardEvent} event */
  function down(event) {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape" && document.querySelector(":popover-open")) return; // that closes it
    const isField = isTyping(event.target);
    if (!isField && isForSurface(event, surface) && editor.keyDown(event)) return event.preventDefault();
    const key = pressed(event);
    const command = commandOn(key, (each) => !each.isOff?.(editor, page));
    if (!command || !isHeard(command, key, isField, event.target)) return;
    event.preventDefault();
    if (!command.hold) command.run(editor, page);
    else if (!event.repeat && !held) hold(command, event.code);
  }

  /**
   * @param {Command} command
   * @param {string} key
   * @param {boolean} isField
   * @param {EventTarget | null} target
   */
  function isHeard(command, key, isField, target) {
    if (isSingle(key)) return !isField && (page.hasSingleKeys || target === surface);
    return !isField || (HEARD_IN_FIELDS.includes(command.id) && key.startsWith("Ctrl+"));
  }

  /**
   * @param {Command} command
   * @param {string} code
   */
  function hold(command, code) {
    held = { command, code };
    command.run(editor, page);
  }

  function release() {
    held?.command.run(editor, page);
    held = null;
  }

  document.addEventListener("keydown", down);
  document.addEventListener("keyup", (event) => {
    if (event.code === held?.code) release();
    editor.keyUp(event);
  });
  window.addEventListener("blur", release);
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  const typing = "textarea, select, input:not([type=range], [type=radio], [type=checkbox])";
  return target instanceof Element && target.matches(typing);
}

/**
 * Space, arrows and Enter belong to the surface unless another control has a use for them.
 * @param {KeyboardEvent} event
 * @param {HTMLElement} surface
 */
function isForSurface({ key, target }, surface) {
  const isSlider = target instanceof Element && target.matches("[type=range]");
  return target === surface || target === document.body || (key === " " && isSlider);
}
