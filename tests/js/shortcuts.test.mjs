import assert from "node:assert/strict";
import { test } from "node:test";
import { listenToKeys } from "../../static/editor/shortcuts.js";

test("what lasts while a key is held ends with that key, whatever it types by then", () => {
  const listeners = new Map();
  globalThis.Element = class {};
  globalThis.document = { body: {}, querySelector: () => null, addEventListener: (name, does) => listeners.set(name, does) };
  globalThis.window = { addEventListener() {} };
  const editor = {
    peeking: false,
    peek: (on) => (editor.peeking = on),
    keyDown: () => false,
    keyUp() {},
  };
  listenToKeys({ surface: {}, editor, page: { hasSingleKeys: true } });
  const send = (name, key, code) =>
    listeners.get(name)({ key, code, target: null, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, getModifierState: () => false, preventDefault() {} });
  send("keydown", "\\", "Minus"); // by AltGr and the key right of 0, as in Germany
  assert.equal(editor.peeking, true);
  send("keyup", "AltGraph", "AltRight");
  assert.equal(editor.peeking, true);
  send("keyup", "ß", "Minus");
  assert.equal(editor.peeking, false);
});
