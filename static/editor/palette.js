// @ts-check
import { capsOf, found } from "./commands.js";
import { cap, icon } from "./tool-rail.js";

/** All commands with their keys, to be searched and run: the palette, which is the help too. */

/** @typedef {import("./commands.js").Command} Command */
/**
 * @typedef {object} Names
 * @property {Record<string, string>} commands
 * @property {Record<string, string>} groups
 * @property {Record<string, string>} caps
 * @property {string} noCommand
 */

export class Palette {
  #dialog;
  #names;
  #icons;
  #state;
  #run;
  #search;
  #list;
  #at = 0;
  /** @type {Command[]} */ #shown = [];

  /**
   * @param {HTMLDialogElement} dialog
   * @param {object} of
   * @param {Names} of.names
   * @param {string} of.icons the sprite's address
   * @param {(command: Command) => {isOn: boolean, isOff: boolean}} of.state
   * @param {(command: Command) => void} of.run
   */
  constructor(dialog, { names, icons, state, run }) {
    this.#dialog = dialog;
    this.#names = names;
    this.#icons = icons;
    this.#state = state;
    this.#run = run;
    this.#search = /** @type {HTMLInputElement} */ (dialog.querySelector("[role=combobox]"));
    this.#list = /** @type {HTMLElement} */ (dialog.querySelector("[role=listbox]"));
    this.#search.addEventListener("input", () => this.#fill());
    dialog.addEventListener("keydown", (event) => this.#key(event));
    dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
    this.#list.addEventListener("click", ({ target }) => {
      const row = /** @type {Element} */ (target).closest("[role=option]");
      if (row) this.#choose([...this.#rows].indexOf(row));
    });
  }

  show() {
    this.#search.value = "";
    this.#fill();
    this.#dialog.showModal();
    this.#search.focus();
  }

  get #rows() {
    return this.#list.querySelectorAll("[role=option]");
  }

  #fill() {
    const text = this.#search.value.trim();
    const { commands, groups, noCommand } = this.#names;
    const matching = found(text, ({ id }) => commands[id], ({ group }) => groups[group]);
    const byGroup = grouped(matching);
    this.#shown = text ? matching : [...byGroup.values()].flat();
    const parts = text ? this.#shown.map((each) => this.#row(each)) : [...byGroup].map((each) => this.#group(...each));
    if (parts.length) this.#list.replaceChildren(...parts);
    else this.#list.replaceChildren(said(noCommand));
    this.#list.scrollTop = 0;
    this.#mark(0);
  }

  /**
   * @param {string} group
   * @param {Command[]} commands
   */
  #group(group, commands) {
    const part = document.createElement("div");
    const title = Object.assign(document.createElement("h3"), { textContent: this.#names.groups[group] });
    title.ariaHidden = "true";
    part.role = "group";
    part.ariaLabel = title.textContent;
    part.append(title, ...commands.map((each) => this.#row(each)));
    return part;
  }

  /** @param {Command} command */
  #row(command) {
    const row = document.createElement("div");
    const { isOn, isOff } = this.#state(command);
    row.role = "option";
    row.id = `command-${command.id}`;
    row.className = "item";
    row.ariaSelected = "false";
    row.ariaDisabled = String(isOff);
    const name = Object.assign(document.createElement("span"), { textContent: this.#names.commands[command.id] });
    const signs = [command.icon, ...(isOn ? ["check"] : [])].map((id) => icon(this.#icons, id));
    for (const sign of signs) sign.classList.add("small");
    const keys = command.keys?.map((key) => this.#keys(key)) ?? [];
    if (command.isOn) row.ariaChecked = String(isOn);
    row.append(signs[0], name, ...signs.slice(1), ...keys.slice(0, 2));
    return row;
  }

  /** @param {string} key */
  #keys(key) {
    const keys = Object.assign(document.createElement("span"), { className: "keys" });
    keys.append(...capsOf(key, this.#names.caps).map(cap));
    return keys;
  }

  /** @param {number} at */
  #mark(at) {
    const rows = this.#rows;
    this.#at = rows.length ? (at + rows.length) % rows.length : 0;
    rows.forEach((row, i) => (row.ariaSelected = String(i === this.#at)));
    const row = rows[this.#at];
    if (row) this.#search.setAttribute("aria-activedescendant", row.id);
    else this.#search.removeAttribute("aria-activedescendant");
    // The first row brings the title of its group along.
    (this.#at ? row : row?.parentElement?.firstElementChild)?.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { key, target } = event;
    if (target !== this.#search || event.isComposing) return;
    if (key === "ArrowDown") this.#mark(this.#at + 1);
    else if (key === "ArrowUp") this.#mark(this.#at - 1);
    else if (key === "Enter") this.#choose(this.#at);
    else return;
    event.preventDefault();
  }

  /** @param {number} at */
  #choose(at) {
    const command = this.#shown[at];
    if (!command || this.#state(command).isOff) return;
    this.#search.blur(); // else it would hear keys until the next frame
    this.#dialog.close();
    this.#run(command);
  }
}

/** @param {Command[]} commands */
function grouped(commands) {
  /** @type {Map<string, Command[]>} */
  const groups = new Map();
  for (const each of commands) groups.set(each.group, [...(groups.get(each.group) ?? []), each]);
  return groups;
}

/** @param {string} text */
function said(text) {
  return Object.assign(document.createElement("p"), { className: "soft", textContent: text });
}
