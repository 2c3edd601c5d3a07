// @ts-check
/**
 * Everything that can be done to the picture, once: the rail, the menus, the keys, the palette and the help
 * are all made from this list. A command's name stands in the page's words, under its id.
 */

/** @typedef {import("./mask-editor.js").MaskEditor} MaskEditor */
/**
 * What a command may ask of the page around the editor.
 * @typedef {object} Page
 * @property {() => void} run
 * @property {() => void} palette
 * @property {() => void} moreTools
 * @property {boolean} hasMoreTools
 * @property {() => void} singleKeys
 * @property {boolean} hasSingleKeys
 * @property {() => void} prompt leads to the prompt
 * @property {(list: "use" | "copy") => void} masks shows masks of other edits, or where this one can go
 * @property {() => void} importMask
 * @property {() => void} exportMask
 * @property {(field: string) => void} press a field of the form that can be checked
 * @property {(field: string) => boolean} has whether it is checked
 * @property {(steps: number) => void} context shows more of what is around the mask, or less
 * @property {number} amount by how many pixels the mask is grown or shrunk
 */
/**
 * @typedef {object} Command
 * @property {string} id
 * @property {"tools" | "mask" | "history" | "view" | "look" | "page"} group where the palette lists it
 * @property {string} [place] where it has a button: an element of the page with this data-place
 * @property {string} icon in the sprite; empty: a check mark while it is on
 * @property {string[]} [keys] such as "b" and "Ctrl+Shift+z"; a character stands for itself, whatever was held to type it
 * @property {boolean} [hold] lasts while its key or button is held
 * @property {(editor: MaskEditor, page: Page) => unknown} run
 * @property {(editor: MaskEditor, page: Page) => boolean} [isOn]
 * @property {(editor: MaskEditor, page: Page) => boolean} [isOff] whether it can do nothing now
 */

/** @type {(editor: MaskEditor) => boolean} */
const isEmpty = ({ mask }) => mask.isEmpty;

/** @type {Command[]} */
export const COMMANDS = [
  tool("brush", "b", "tools"),
  tool("eraser", "e", "tools"),
  tool("lasso", "l", "tools"),
  tool("object", "k", "tools"),
  tool("rectangle", "m", "more-tools"),
  tool("ellipse", "o", "more-tools"),
  tool("polygon", "p", "more-tools"),
  tool("wand", "w", "more-tools"),
  tool("extend", "c", "canvas-tools"),
  tool("frame", "f", "canvas-tools"),
  tool("hand", "v", "canvas-tools"),
  tool("arrow", "a", "markup-tools"),
  tool("circle", "r", "markup-tools"),
  tool("line", "d", "markup-tools", "pencil"),
  tool("text", "t", "markup-tools"),
  mode("add"),
  mode("subtract"),
  mode("intersect"),
  act("swap", "tools", swap, { icon: "subtract", keys: ["x"] }),
  act("smaller", "tools", (editor) => editor.stepSize(-1), { icon: "minus", keys: ["["] }),
  act("larger", "tools", (editor) => editor.stepSize(1), { icon: "plus", keys: ["]"] }),
  act("much-smaller", "tools", (editor) => editor.stepSize(-4), { icon: "minus", keys: ["{"] }),
  act("much-larger", "tools", (editor) => editor.stepSize(4), { icon: "plus", keys: ["}"] }),
  act("finish", "tools", (editor) => editor.finish(), { place: "shape", icon: "check" }),
  act("more-tools", "tools", (_, page) => page.moreTools(), {
    place: "more", icon: "more", keys: ["."], isOn: (_, page) => page.hasMoreTools,
  }),
  box("frame-mask", "tools", "[name=framing][value=mask]"),
  box("frame-whole", "tools", "[name=framing][value=whole]"),
  act("no-frame", "tools", (editor) => editor.setOwnFrame(null), {
    place: "frame", icon: "x", keys: ["Escape"], isOff: ({ tool, work }) => tool !== "frame" || !work.own,
  }),
  act("less-context", "tools", (_, page) => page.context(-2), { icon: "minus" }),
  act("more-context", "tools", (_, page) => page.context(2), { icon: "plus" }),
  box("split", "tools", "[name=split]"),

  act("undo", "history", (editor) => editor.undo(), {
    place: "history", keys: ["Ctrl+z"], isOff: ({ history }) => !history.canUndo,
  }),
  act("redo", "history", (editor) => editor.redo(), {
    place: "history", keys: ["Ctrl+Shift+z", "Ctrl+y"], isOff: ({ history }) => !history.canRedo,
  }),

  act("invert", "mask", (editor) => editor.invert(), { place: "mask", keys: ["Ctrl+i"] }),
  act("select-all", "mask", (editor) => editor.selectAll(), { place: "mask", icon: "mask", keys: ["Ctrl+a"] }),
  // Before "clear": of two with one key the first that can do something has it.
  act("delete-mark", "mask", (editor) => editor.deleteMark(), {
    place: "marks", icon: "clear", keys: ["Delete", "Backspace"], isOff: (editor) => !editor.hasMark,
  }),
  act("next-mark", "mask", (editor) => editor.stepMark(1), {
    icon: "pencil", keys: ["n"], isOff: ({ work }) => !work.marks.length,
  }),
  act("clear", "mask", (editor) => editor.clear(), { place: "mask", keys: ["Delete"], isOff: isEmpty }),
  act("grow", "mask", (editor, page) => editor.grow(page.amount), { place: "mask-amount", isOff: isEmpty }),
  act("shrink", "mask", (editor, page) => editor.shrink(page.amount), { place: "mask-amount", isOff: isEmpty }),
  act("smooth", "mask", (editor) => editor.smooth(), { place: "mask-shape", isOff: isEmpty }),
  act("fill-holes", "mask", (editor) => editor.fillHoles(), { place: "mask-shape", icon: "fill", isOff: isEmpty }),
  act("masks", "mask", (_, page) => page.masks("use"), { place: "mask-files", icon: "layers" }),
  act("copy-mask", "mask", (_, page) => page.masks("copy"), { place: "mask-files", icon: "branch", isOff: isEmpty }),
  act("import", "mask", (_, page) => page.importMask(), { place: "mask-files" }),
  act("export", "mask", (_, page) => page.exportMask(), { place: "mask-files", icon: "download", isOff: isEmpty }),
  act("no-extension", "mask", (editor) => editor.setMargins([0, 0, 0, 0]), {
    place: "extend", icon: "x", isOff: ({ work }) => !work.isExtended,
  }),

  act("zoom-out", "view", (editor) => editor.zoomStep(-1), { place: "zoom-out", icon: "minus", keys: ["-"] }),
  act("zoom-in", "view", (editor) => editor.zoomStep(1), { place: "zoom-in", icon: "plus", keys: ["+", "="] }),
  act("fit", "view", (editor) => editor.fit(), { place: "fit", keys: ["0"] }),
  zoom("zoom-50", 0.5),
  zoom("zoom-100", 1, "1"),
  zoom("zoom-200", 2, "2"),
  zoom("zoom-400", 4),
  act("where", "view", (editor) => editor.sayWhere(), { icon: "object", keys: ["i"] }),

  look("hide", "hidden", "h"),
  look("outline", "outline"),
  look("ants", "ants"),
  look("inverse", "inverse"),
  look("only", "only", "q"),
  act("peek", "look", (editor) => editor.peek(!editor.peeking), {
    place: "peek", icon: "compare", keys: ["\\"], hold: true, isOn: (editor) => editor.peeking,
  }),

  act("run", "page", (_, page) => page.run(), { icon: "check", keys: ["Ctrl+Enter"] }),
  act("prompt", "page", (_, page) => page.prompt(), { icon: "pencil", keys: ["/"] }),
  box("helper", "page", "[name=helper]"),
  act("palette", "page", (_, page) => page.palette(), { place: "help", icon: "help", keys: ["?", "Ctrl+k"] }),
  act("single-keys", "page", (_, page) => page.singleKeys(), {
    icon: "keyboard", isOn: (_, page) => page.hasSingleKeys,
  }),
];

/** @type {Map<string, Command>} */
const BY_ID = new Map(COMMANDS.map((command) => [command.id, command]));

/** @param {string} id */
export function commandOf(id) {
  const command = BY_ID.get(id);
  if (!command) throw new Error(`no command ${id}`);
  return command;
}

/**
 * @param {string} id
 * @param {Command["group"]} group
 * @param {Command["run"]} run
 * @param {Partial<Command>} more
 * @returns {Command}
 */
function act(id, group, run, more) {
  return { id, group, run, icon: id, ...more };
}

/**
 * @param {string} id
 * @param {string} key
 * @param {string} place
 * @param {string} [icon]
 */
function tool(id, key, place, icon = id) {
  const run = (/** @type {MaskEditor} */ editor) => editor.setTool(/** @type {any} */ (id));
  return act(id, "tools", run, { place, icon, keys: [key], isOn: (editor) => editor.tool === id });
}

/** @param {"add" | "subtract" | "intersect"} id */
function mode(id) {
  return act(id, "tools", (editor) => editor.setMode(id), { place: "modes", isOn: (editor) => editor.mode === id });
}

/**
 * @param {string} id
 * @param {number} scale
 * @param {string} [key]
 */
function zoom(id, scale, key) {
  const isOn = (/** @type {MaskEditor} */ editor) => editor.scale === scale;
  return act(id, "view", (editor) => editor.zoomTo(scale), { place: "zoom", icon: "", keys: key ? [key] : [], isOn });
}

/**
 * @param {string} id
 * @param {"hidden" | "outline" | "ants" | "inverse" | "only"} name
 * @param {string} [key]
 */
function look(id, name, key) {
  const isOn = (/** @type {MaskEditor} */ editor) => Boolean(editor.look[name]);
  const run = (/** @type {MaskEditor} */ editor) => editor.setLook({ [name]: !editor.look[name] });
  return act(id, "look", run, { place: "look", icon: "", keys: key ? [key] : [], isOn });
}

/**
 * @param {string} id
 * @param {Command["group"]} group
 * @param {string} field of the form, to be checked
 */
function box(id, group, field) {
  const isOn = (/** @type {MaskEditor} */ _, /** @type {Page} */ page) => page.has(field);
  return act(id, group, (_, page) => page.press(field), { icon: "", isOn });
}

/** @param {MaskEditor} editor */
function swap(editor) {
  editor.setMode(editor.mode === "subtract" ? "add" : "subtract");
}

/**
 * What was pressed, as the list above names it. AltGr is how some keyboards type brackets; it comes as Ctrl
 * and Alt, or as Alt alone. With Alt, letters and digits are the browser's. Letters of another alphabet are
 * known by where they are.
 * @param {KeyboardEvent} event
 */
export function pressed(event) {
  const ctrl = (event.ctrlKey || event.metaKey) && !event.getModifierState("AltGraph");
  const typed = /^[^ -~]$/.test(event.key) ? event.code.replace(/^Key/, "") : event.key;
  const key = typed.length === 1 ? typed.toLowerCase() : typed;
  const alt = event.altKey && /^\w$/.test(key);
  return `${ctrl ? "Ctrl+" : ""}${ctrl && event.shiftKey ? "Shift+" : ""}${alt ? "Alt+" : ""}${key}`;
}

/** @param {string} key as in `keys` */
export function isSingle(key) {
  return key.length === 1;
}

/**
 * @param {string} key as in `keys`
 * @param {(command: Command) => boolean} canRun
 * @returns {Command | undefined} the first with this key that can do something now
 */
export function commandOn(key, canRun) {
  return COMMANDS.find((command) => command.keys?.includes(key) && canRun(command));
}

/**
 * What a key is called on its cap.
 * @param {string} key as in `keys`
 * @param {Record<string, string>} caps
 * @returns {string[]}
 */
export function capsOf(key, caps) {
  return key.split(/\+(?=.)/).map((part) => caps[part] ?? (part.length === 1 ? part.toUpperCase() : part));
}

/**
 * As `aria-keyshortcuts` wants it.
 * @param {Command} command
 */
export function shortcutsOf({ keys = [] }) {
  const named = keys.map((key) => capsOf(key, { Ctrl: "Control", "+": "Plus" }).join("+"));
  return named.join(" ");
}

/**
 * The commands that a search finds, the best first; all words have to be in name, group or keys.
 * @param {string} text
 * @param {(command: Command) => string} nameOf
 * @param {(command: Command) => string} [beside] further words that a command is found by
 */
export function found(text, nameOf, beside = () => "") {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  /** @param {Command} command */
  const rank = (command) => {
    const name = nameOf(command).toLowerCase();
    if (command.keys?.includes(text)) return -1;
    const all = `${name} ${beside(command).toLowerCase()}`;
    if (!words.every((word) => all.includes(word))) return Infinity;
    if (!words.length || name.startsWith(words[0])) return 0;
    return words.every((word) => name.includes(word)) ? 1 : 2;
  };
  const ranked = COMMANDS.map((command) => ({ command, rank: rank(command) })).filter(({ rank }) => rank < Infinity);
  return ranked.sort((one, other) => one.rank - other.rank).map(({ command }) => command);
}
