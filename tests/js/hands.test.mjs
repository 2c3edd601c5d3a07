import assert from "node:assert/strict";
import { test } from "node:test";
import { Hands } from "../../static/editor/hands.js";

test("a straight line leads from the last place on the picture, also when margins have moved it", () => {
  globalThis.window = { addEventListener() {} };
  const listeners = new Map();
  const element = {
    dataset: {}, style: {}, setPointerCapture() {}, classList: { toggle() {}, remove() {} },
    addEventListener: (name, does) => listeners.set(name, does),
  };
  const surface = {
    ratio: 1, view: { scale: 1 }, brush: {}, cssPerPixel: 1,
    locate() {}, schedule() {}, hideBrush() {}, showLoupe() {},
    position: ({ clientX, clientY }) => ({ x: clientX, y: clientY }),
    toCanvas: (spot) => spot,
  };
  const hows = [];
  const gestures = { press: (_tool, _point, how) => hows.push(how), move() {}, release() {}, hover() {} };
  const editor = { tool: "brush", mode: "add", work: { margins: [0, 0, 0, 0], size: { width: 400, height: 300 } } };
  new Hands(element, surface, gestures, editor);
  const click = (clientX, clientY, shiftKey = false) => {
    for (const name of ["pointerdown", "pointerup"]) {
      listeners.get(name)({ pointerId: 1, pointerType: "mouse", button: 0, buttons: 1, pressure: 0.5, clientX, clientY, shiftKey, altKey: false, timeStamp: 0 });
    }
  };
  click(100, 80);
  editor.work.margins = [30, 20, 0, 0];
  click(200, 90, true);
  assert.deepEqual(hows[1].from, { x: 130, y: 100 });
});
