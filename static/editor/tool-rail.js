// @ts-check
import { COMMANDS, capsOf, commandOf, shortcutsOf } from "./commands.js";

/**
 * The buttons of all commands that have a place on the page: the rail, the bars and the menus. They show what
 * is on and what can do nothing now.
 */

/** @typedef {import("./commands.js").Command} Command */
/** @typedef {{commands: Record<string, string>, caps: Record<string, string>}} Names */

const GAP = 8;

export class ToolRail {
  #editor;
  #page;
  #names;
  #icons;
  /** @type {{button: HTMLButtonElement, command: Command}[]} */ #buttons = [];

  /**
   * @param {object} of
   * @param {import("./mask-editor.js").MaskEditor} of.editor
   * @param {import("./commands.js").Page} of.page
   * @param {Names} of.names
   * @param {string} of.icons the sprite's address
   */
  constructor({ editor, page, names, icons }) {
    this.#editor = editor;
    this.#page = page;
    this.#names = names;
    this.#icons = icons;
    for (const place of document.querySelectorAll("[data-place]")) this.#fill(/** @type {HTMLElement} */ (place));
    for (const menu of document.querySelectorAll("[popover]")) listenToMenu(/** @type {HTMLElement} */ (menu));
  }

  /** Shows what is on and what is off now. */
  show() {
    for (const { button, command } of this.#buttons) {
      const state = button.ariaExpanded === null ? "ariaPressed" : "ariaExpanded";
      if (command.isOn) button[state] = String(command.isOn(this.#editor, this.#page));
      // A disabled button would lose the focus; one that says that it is disabled keeps it.
      if (command.isOff) button.ariaDisabled = String(command.isOff(this.#editor, this.#page));
    }
  }

  /** @param {HTMLElement} place */
  #fill(place) {
    const commands = COMMANDS.filter((command) => command.place === place.dataset.place);
    place.append(...commands.map((command) => this.#button(command, place.dataset.look ?? "item")));
  }

  /**
   * @param {Command} command
   * @param {string} look "item" in a menu, "button" for words, else the classes of a button that is an icon
   */
  #button(command, look) {
    const button = document.createElement("button");
    const name = this.#names.commands[command.id];
    const keys = capsOf(command.keys?.[0] ?? "", this.#names.caps).filter(Boolean);
    const shortcuts = shortcutsOf(command);
    Object.assign(button, { type: "button", className: look });
    button.dataset.act = command.id;
    if (shortcuts) button.setAttribute("aria-keyshortcuts", shortcuts);
    if (command.id === "more-tools") button.ariaExpanded = "false";
    if (command.id === "palette") button.ariaHasPopup = "dialog";
    if (keys.length && look !== "item") button.title = `${name} (${keys.join(" ")})`;
    if (look === "item") button.append(...this.#item(command, name, keys));
    else if (look === "button") button.textContent = name;
    else {
      button.ariaLabel = name;
      button.title ||= name;
      button.append(icon(this.#icons, command.icon));
    }
    this.#listen(button, command);
    this.#buttons.push({ button, command });
    return button;
  }

  /**
   * @param {Command} command
   * @param {string} name
   * @param {string[]} keys
   */
  #item(command, name, keys) {
    const sign = icon(this.#icons, command.icon || "check");
    sign.classList.add("small");
    return [sign, Object.assign(document.createElement("span"), { textContent: name }), ...keys.map(cap)];
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {Command} command
   */
  #listen(button, command) {
    if (command.hold) return listenToHold(button, (on) => this.#editor.peek(on));
    button.addEventListener("click", ({ detail }) => {
      if (button.ariaDisabled === "true") return;
      const menu = /** @type {HTMLElement | null} */ (button.closest("[popover]"));
      // What is switched on and off may be one of several; what was done is done.
      if (menu && !command.isOn) menu.hidePopover();
      command.run(this.#editor, this.#page);
      // After a click the keys belong to the surface again; whoever came by keyboard stays on the button.
      if (detail > 0 && !menu && command.id !== "palette") this.#editor.focus();
    });
  }
}

/**
 * Runs a command of the list from outside of its buttons, if it can do something now.
 * @param {string} id
 * @param {import("./mask-editor.js").MaskEditor} editor
 * @param {import("./commands.js").Page} page
 */
export function runCommand(id, editor, page) {
  const command = commandOf(id);
  if (!command.isOff?.(editor, page)) command.run(editor, page);
}

/**
 * @param {string} sprite
 * @param {string} id
 */
export function icon(sprite, id) {
  const space = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  picture.setAttribute("class", "icon");
  picture.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${sprite}#${id}`);
  picture.append(use);
  return picture;
}

/** @param {string} text */
export function cap(text) {
  const key = Object.assign(document.createElement("kbd"), { textContent: text });
  key.ariaHidden = "true";
  return key;
}

/**
 * @param {HTMLElement} button
 * @param {(on: boolean) => void} hold
 */
function listenToHold(button, hold) {
  button.addEventListener("pointerdown", (event) => {
    button.setPointerCapture(event.pointerId);
    hold(true);
  });
  for (const end of ["pointerup", "pointercancel", "blur"]) button.addEventListener(end, () => hold(false));
  button.addEventListener("keydown", ({ key }) => (key === " " || key === "Enter") && hold(true));
  button.addEventListener("keyup", () => hold(false));
}

/**
 * A menu opens beside its button, or above or below it; its own height need not be known for that.
 * @param {HTMLElement} menu
 */
function listenToMenu(menu) {
  const button = document.querySelector(`[popovertarget="${menu.id}"]`);
  if (!button) return;
  menu.addEventListener("beforetoggle", (event) => {
    if (/** @type {ToggleEvent} */ (event).newState !== "open") return;
    Object.assign(menu.style, placed(button.getBoundingClientRect(), menu.dataset.beside !== undefined));
  });
  menu.addEventListener("keydown", (event) => stepThrough(menu, event));
}

/**
 * @param {DOMRect} rect of the button
 * @param {boolean} beside where the rail stands upright
 */
function placed({ left, right, top, bottom }, beside) {
  const { innerWidth: width, innerHeight: height } = window;
  const isLow = top + bottom > height;
  if (beside && window.matchMedia("(width >= 56rem)").matches) {
    const upright = isLow ? { top: "auto", bottom: px(height - bottom) } : { top: px(top), bottom: "auto" };
    return { ...upright, left: px(right + GAP), right: "auto" };
  }
  const upright = isLow ? { top: "auto", bottom: px(height - top + GAP) } : { top: px(bottom + GAP), bottom: "auto" };
  const isRight = left + right > width;
  const across = isRight ? { left: "auto", right: px(width - right) } : { left: px(left), right: "auto" };
  return { ...upright, ...across };
}

/** @param {number} length */
function px(length) {
  return `${Math.max(GAP, Math.round(length))}px`;
}

/**
 * Arrow keys go from item to item.
 * @param {HTMLElement} menu
 * @param {KeyboardEvent} event
 */
function stepThrough(menu, event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !/** @type {Element} */ (event.target).matches(".item")) return;
  const items = /** @type {HTMLElement[]} */ ([...menu.querySelectorAll(".item")]);
  const at = items.indexOf(/** @type {HTMLElement} */ (event.target)) + step;
  items.at(at % items.length)?.focus();
  event.preventDefault();
}
