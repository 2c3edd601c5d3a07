import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { COMMANDS, capsOf, commandOf, commandOn, found, isSingle, pressed, shortcutsOf } from "../../static/editor/commands.js";

const ROOT = new URL("../../", import.meta.url);
const words = readFileSync(new URL("templates/images/_studio_words.html", ROOT), "utf8");
const names = section("commands");
const groups = section("groups");
const nameOf = ({ id }) => names[id];

/** The English texts of one part of the page's words. */
function section(name) {
  const [, text] = words.match(new RegExp(`"${name}": \\{([^]*?)\\n  \\}`));
  const lines = text.matchAll(/"([^"]+)": "\{% filter escapejs %\}\{% translate '([^']*)' %\}/g);
  return Object.fromEntries([...lines].map(([, key, value]) => [key, value]));
}

function key(key, held = {}) {
  const modifiers = held.modifiers ?? [];
  return { ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, code: "", ...held, key, getModifierState: (name) => modifiers.includes(name) };
}

/** An editor in which every command can do something, and which keeps what it was asked for. */
function editorWith(state = {}) {
  const asked = [];
  const known = {
    mask: { isEmpty: false }, history: { canUndo: true, canRedo: true }, work: { isExtended: true }, look: {}, tool: "brush",
    mode: "add", scale: 0.3, hasMark: false, isDrawing: true, peeking: false, ...state,
  };
  const editor = new Proxy(known, { get: (_, name) => known[name] ?? ((...given) => asked.push([name, ...given])) });
  return { editor, asked };
}

function pageWith() {
  const asked = [];
  const known = { hasMoreTools: false, hasSingleKeys: true, amount: 7 };
  return { page: new Proxy(known, { get: (_, name) => known[name] ?? (() => asked.push([name])) }), asked };
}

test("every command has a name, a group and an icon of its own page", () => {
  const sprite = readFileSync(new URL("static/editor/icons.svg", ROOT), "utf8");
  for (const { id, group, icon } of COMMANDS) {
    assert.ok(names[id], `${id} has no name`);
    assert.ok(groups[group], `${group} has no name`);
    assert.ok(icon === "" || sprite.includes(`<symbol id="${icon}"`), `the sprite has no ${icon}`);
  }
  assert.equal(Object.keys(names).length, COMMANDS.length, "a name stands for no command");
  assert.equal(new Set(COMMANDS.map(({ id }) => id)).size, COMMANDS.length);
  assert.equal(new Set(Object.values(names)).size, COMMANDS.length, "two commands are called alike");
});

test("every place where a command has its button is on the page, once", () => {
  const folder = new URL("templates/images/", ROOT);
  const markup = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), "utf8")).join("\n");
  const places = [...markup.matchAll(/data-place="([^"]+)"/g)].map(([, place]) => place);
  const wanted = new Set(COMMANDS.flatMap(({ place }) => place ?? []));
  assert.deepEqual(places.sort(), [...wanted].sort());
});

test("every command does something to the editor or the page", () => {
  for (const { id, run } of COMMANDS) {
    const { editor, asked } = editorWith();
    const { page, asked: askedOfPage } = pageWith();
    run(editor, page);
    assert.equal(asked.length + askedOfPage.length, 1, id);
  }
});

test("no key belongs to two commands, but that Delete takes the chosen mark before it clears the mask", () => {
  const owners = new Map();
  for (const { id, keys = [] } of COMMANDS) for (const each of keys) owners.set(each, [...(owners.get(each) ?? []), id]);
  const shared = [...owners].filter(([, ids]) => ids.length > 1);
  assert.deepEqual(shared, [["Delete", ["delete-mark", "clear"]]]);
  const on = (state) => commandOn("Delete", ({ isOff }) => !isOff?.(editorWith(state).editor))?.id;
  assert.equal(on({ hasMark: true }), "delete-mark");
  assert.equal(on({ hasMark: false }), "clear");
  assert.equal(on({ hasMark: false, mask: { isEmpty: true } }), undefined);
});

test("what is pressed is named alike however the keyboard makes it", () => {
  assert.equal(pressed(key("B", { shiftKey: true })), "b");
  assert.equal(pressed(key("?", { shiftKey: true })), "?");
  assert.equal(pressed(key("Z", { ctrlKey: true, shiftKey: true })), "Ctrl+Shift+z");
  assert.equal(pressed(key("z", { metaKey: true })), "Ctrl+z");
  assert.equal(pressed(key("[", { ctrlKey: true, modifiers: ["AltGraph"] })), "[");
  assert.equal(pressed(key("Delete")), "Delete");
  assert.equal(commandOn(pressed(key("y", { ctrlKey: true })), () => true).id, "redo");
  assert.ok(isSingle("["));
  assert.ok(!isSingle("Delete"));
  assert.ok(!isSingle("Ctrl+z"));
});

test("with Alt, letters are the browser's, and brackets are typed so on some keyboards", () => {
  const isKey = (event) => commandOn(pressed(event), () => true) !== undefined;
  for (const letter of ["b", "d", "0", "1"]) assert.ok(!isKey(key(letter, { altKey: true })), letter);
  assert.equal(pressed(key("[", { altKey: true })), "[");
  assert.ok(!isKey(key("å", { altKey: true, code: "KeyA" })));
});

test("letters of another alphabet are known by their place, signs are not", () => {
  assert.equal(pressed(key("я", { ctrlKey: true, code: "KeyZ" })), "Ctrl+z");
  assert.equal(pressed(key("И", { shiftKey: true, code: "KeyB" })), "b");
  assert.equal(commandOn(pressed(key("ß", { code: "Minus" })), () => true), undefined);
  assert.equal(commandOn(pressed(key("é", { code: "Digit2" })), () => true), undefined);
});

test("keys are shown as caps and told as shortcuts", () => {
  assert.deepEqual(capsOf("Ctrl+Shift+z", {}), ["Ctrl", "Shift", "Z"]);
  assert.deepEqual(capsOf("+", {}), ["+"]);
  assert.deepEqual(capsOf("Delete", { Delete: "Entf" }), ["Entf"]);
  assert.equal(shortcutsOf(commandOf("redo")), "Control+Shift+Z Control+Y");
  assert.equal(shortcutsOf(commandOf("zoom-in")), "Plus =");
  assert.equal(shortcutsOf(commandOf("grow")), "");
});

test("a search finds by name, group and key, names that begin so first", () => {
  const ids = (text) => found(text, nameOf, ({ group }) => groups[group]).map(({ id }) => id);
  assert.equal(ids("").length, COMMANDS.length);
  assert.equal(ids("inv")[0], "invert");
  assert.equal(ids("MASK inv")[0], "invert");
  assert.deepEqual(new Set(ids("fill")), new Set(["fill-holes"]));
  assert.equal(ids("[")[0], "smaller");
  assert.ok(ids("zoom").includes("fit"), "found by its group");
  assert.equal(ids("mask").at(-1) === "select-all", false, "what is called so stands before what only belongs there");
  assert.deepEqual(ids("xyzzy"), []);
});
