import assert from "node:assert/strict";
import { test } from "node:test";
import { Keyboard } from "../../static/editor/keyboard.js";
import { Pointers } from "../../static/editor/pointers.js";

/** An element, a surface and hands that write down what happens, and a clock that stands still. */
function bench({ ratio = 1, pans = () => false } = {}) {
  const listeners = new Map();
  const told = [];
  const noted = (value) => (typeof value === "object" ? { x: value.x, y: value.y } : value);
  const note = (name) => (...values) => void told.push([name, ...values.slice(0, 1).map(noted)]);
  const element = {
    dataset: {},
    addEventListener: (name, does) => listeners.set(name, does),
    setPointerCapture() {},
    classList: { toggle() {}, remove() {} },
  };
  const surface = {
    ratio, view: { scale: 1 }, size: { width: 1000, height: 800 }, middle: { x: 500, y: 400 },
    brush: { x: 0, y: 0, shown: false, byKeys: false },
    locate() {}, schedule() {}, hideBrush: () => (surface.brush.shown = false),
    position: ({ clientX, clientY }) => ({ x: clientX * ratio, y: clientY * ratio }),
    pan: (x, y) => void ((x || y) && told.push(["pan", x + 0, y + 0])), // -0 and 0 are no difference
    zoom(scale, spot) {
      surface.view.scale = scale;
      told.push(["zoom", scale, spot]);
    },
  };
  const hands = {
    pans, press: (spot, event, count) => told.push(["press", spot, count]), draw: (spot, { pressure }) => told.push(["draw", spot, pressure]),
    release: note("release"), hover: note("hover"), lift() {}, drop: note("drop"), undo: note("undo"), redo: note("redo"), stepSize: note("stepSize"),
  };
  const pointers = new Pointers(element, surface, hands);
  const clock = { now: 1000 };
  const send = (name, pointerId, clientX, clientY, more = {}) => {
    const pointerType = pointerId < 10 ? "mouse" : pointerId < 20 ? "touch" : "pen";
    const buttons = name === "pointerup" ? 0 : 1;
    listeners.get(name)({ pointerId, pointerType, clientX, clientY, buttons, button: 0, pressure: 0.5, timeStamp: clock.now, preventDefault: note("prevented"), ...more });
  };
  const names = () => told.map(([name]) => name);
  return { told, names, send, clock, pointers, surface, element, listeners };
}

const MOUSE = 1;
const PEN = 21;
const [FIRST, SECOND, THIRD] = [11, 12, 13];

test("a press, what is drawn and the release follow each other, each coalesced point once", () => {
  const { told, send } = bench({ ratio: 2 });
  send("pointerdown", MOUSE, 10, 20);
  const coalesced = [[11, 20], [12, 21], [15, 25]].map(([clientX, clientY]) => ({ clientX, clientY, pressure: 0.5 }));
  send("pointermove", MOUSE, 15, 25, { getCoalescedEvents: () => coalesced });
  send("pointerup", MOUSE, 15, 25, { pressure: 0 });
  assert.deepEqual(told, [
    ["press", { x: 20, y: 40 }, 1],
    ["draw", { x: 22, y: 40 }, 0.5], ["draw", { x: 24, y: 42 }, 0.5], ["draw", { x: 30, y: 50 }, 0.5],
    ["release", { x: 30, y: 50 }],
  ]);
});

test("a move that the release swallowed is drawn with the pressure before it", () => {
  const { told, send } = bench();
  send("pointerdown", PEN, 10, 20, { pressure: 0.8 });
  send("pointerup", PEN, 90, 20, { pressure: 0 });
  assert.deepEqual(told.slice(1), [["draw", { x: 90, y: 20 }, 0.8], ["release", { x: 90, y: 20 }]]);
});

test("the right button does nothing, the middle one moves the picture", () => {
  const { told, send } = bench();
  send("pointerdown", MOUSE, 10, 20, { button: 2, buttons: 2 });
  send("pointermove", MOUSE, 50, 60, { button: -1, buttons: 2 });
  send("pointerup", MOUSE, 50, 60);
  assert.deepEqual(told, [["hover", { x: 50, y: 60 }]]);
  told.length = 0;
  send("pointerdown", MOUSE, 10, 20, { button: 1, buttons: 4 });
  send("pointermove", MOUSE, 50, 60, { buttons: 4 });
  send("pointerup", MOUSE, 50, 60);
  assert.deepEqual(told, [["prevented"], ["pan", 40, 40]]);
});

test("the mouse's buttons that go back and forth paint nothing", () => {
  const { told, send } = bench();
  for (const [button, buttons] of [[3, 8], [4, 16]]) {
    send("pointerdown", MOUSE, 10, 20, { button, buttons });
    send("pointerup", MOUSE, 10, 20, { button });
  }
  assert.deepEqual(told, []);
});

test("a context menu never opens", () => {
  const { listeners } = bench();
  let isPrevented = false;
  listeners.get("contextmenu")({ preventDefault: () => (isPrevented = true) });
  assert.ok(isPrevented);
});

for (const loss of ["pointercancel", "lostpointercapture"]) {
  test(`a stroke of the mouse that ends with ${loss} is kept`, () => {
    const { names, send } = bench();
    send("pointerdown", MOUSE, 10, 20);
    send("pointermove", MOUSE, 12, 20);
    send(loss, MOUSE, 12, 20);
    send("pointermove", MOUSE, 90, 20, { buttons: 0 });
    assert.deepEqual(names(), ["press", "draw", "release", "hover"]);
  });

  test(`a touch that ends with ${loss} is kept only if it was meant`, () => {
    for (const [wait, way, end] of [[400, 60, "release"], [400, 5, "drop"], [100, 60, "drop"]]) {
      const { names, send, clock } = bench();
      send("pointerdown", FIRST, 10, 20);
      send("pointermove", FIRST, 10 + way, 20);
      clock.now += wait;
      send(loss, FIRST, 10 + way, 20);
      assert.deepEqual(names(), ["press", "draw", end], `${wait} ms, ${way} px`);
    }
  });
}

test("a loop that a finger drew back to where it began is kept, however it ends", () => {
  for (const end of [(send) => send("pointercancel", FIRST, 11, 20), (send) => send("pointerdown", SECOND, 200, 200)]) {
    const { names, send, clock } = bench();
    send("pointerdown", FIRST, 10, 20);
    send("pointermove", FIRST, 90, 80);
    send("pointermove", FIRST, 11, 20);
    clock.now += 400;
    end(send);
    assert.deepEqual(names(), ["press", "draw", "draw", "release"]);
  }
});

test("a release that nobody told is noticed at the next move, and the next press works", () => {
  const { names, send } = bench();
  send("pointerdown", MOUSE, 10, 20);
  send("pointermove", MOUSE, 90, 20, { buttons: 0 });
  send("pointerdown", MOUSE, 10, 20);
  send("pointerdown", MOUSE, 30, 20);
  assert.deepEqual(names(), ["press", "release", "hover", "press", "release", "press"]);
});

test("the second finger takes back what hardly began and keeps what was meant", () => {
  for (const [wait, way, end] of [[20, 0, "drop"], [400, 3, "drop"], [200, 80, "drop"], [400, 80, "release"]]) {
    const { names, send, clock } = bench();
    send("pointerdown", FIRST, 100, 100);
    send("pointermove", FIRST, 100 + way, 100);
    clock.now += wait;
    send("pointerdown", SECOND, 200, 200);
    assert.deepEqual(names(), ["press", "draw", end], `${wait} ms, ${way} px`);
  }
});

test("two fingers zoom about their middle and move, and one that stays goes on moving", () => {
  const { told, send, surface } = bench();
  send("pointerdown", FIRST, 100, 100);
  send("pointerdown", SECOND, 200, 100);
  told.length = 0;
  send("pointermove", SECOND, 300, 100);
  assert.deepEqual(told, [["zoom", 2, { x: 150, y: 100 }], ["pan", 50, 0]]);
  assert.equal(surface.view.scale, 2);
  send("pointerup", SECOND, 300, 100);
  told.length = 0;
  send("pointermove", FIRST, 110, 120);
  assert.deepEqual(told, [["pan", 10, 20]]);
});

test("two fingers that tap undo, three redo; slow ones and those that move do not", () => {
  const cases = [[2, 0, 0, ["undo"]], [3, 0, 0, ["redo"]], [1, 0, 0, []], [4, 0, 0, []], [2, 500, 0, []], [2, 0, 30, []], [2, 0, 5, ["undo"]]];
  for (const [fingers, wait, way, wanted] of cases) {
    const { names, send, clock } = bench();
    const ids = [...Array(fingers).keys()].map((i) => FIRST + i);
    ids.forEach((id) => send("pointerdown", id, id * 10, 100));
    if (way) send("pointermove", ids[fingers - 1], ids[fingers - 1] * 10 + way, 100);
    clock.now += wait;
    ids.forEach((id) => send("pointerup", id, id * 10, 100));
    assert.deepEqual(names().filter((name) => name === "undo" || name === "redo"), wanted, `${fingers} fingers, ${wait} ms, ${way} px`);
  }
});

test("once a pen was seen, a finger only moves the picture", () => {
  for (const seen of ["hover", "stroke"]) {
    const { told, send } = bench();
    if (seen === "hover") send("pointermove", PEN, 5, 5, { buttons: 0 });
    else send("pointerdown", PEN, 5, 5), send("pointerup", PEN, 5, 5);
    told.length = 0;
    send("pointerdown", FIRST, 100, 100);
    send("pointermove", FIRST, 150, 130);
    send("pointerup", FIRST, 150, 130);
    assert.deepEqual(told, [["pan", 50, 30]]);
  }
});

test("a hand that rests while the pen draws neither paints nor moves the picture", () => {
  const { names, send } = bench();
  send("pointerdown", FIRST, 300, 300); // the hand came first
  send("pointerdown", PEN, 100, 100);
  send("pointermove", FIRST, 330, 330);
  send("pointerdown", SECOND, 400, 400);
  send("pointermove", SECOND, 450, 400);
  send("pointermove", PEN, 120, 100);
  send("pointerup", SECOND, 450, 400);
  send("pointerup", FIRST, 330, 330);
  send("pointerup", PEN, 120, 100);
  assert.deepEqual(names(), ["press", "drop", "press", "draw", "release"]);
});

test("a second press at the same place soon after the first is a double click, a third is not", () => {
  const { told, send, clock } = bench();
  for (const [wait, x] of [[0, 10], [200, 12], [200, 12], [200, 90], [600, 90]]) {
    clock.now += wait;
    send("pointerdown", MOUSE, x, 20);
    send("pointerup", MOUSE, x, 20);
  }
  assert.deepEqual(told.filter(([name]) => name === "press").map(([, , count]) => count), [1, 2, 1, 1, 1]);
});

test("the wheel zooms at the pointer, goes sideways with Shift and changes the brush with Alt", () => {
  const { told, listeners } = bench();
  globalThis.WheelEvent = { DOM_DELTA_PIXEL: 0 };
  const turn = (more) => listeners.get("wheel")({ deltaX: 0, deltaY: 0, deltaMode: 0, clientX: 30, clientY: 40, preventDefault() {}, ...more });
  turn({ deltaY: -100 });
  turn({ deltaY: 50, shiftKey: true });
  turn({ deltaX: 70, deltaY: 10 });
  turn({ deltaY: -100, altKey: true });
  turn({ deltaX: 100, altKey: true }); // some systems turn a wheel with a key held sideways
  assert.deepEqual(told.map(([name]) => name), ["zoom", "pan", "pan", "stepSize", "stepSize"]);
  assert.ok(told[0][1] > 1);
  assert.deepEqual(told[0][2], { x: 30, y: 40 });
  assert.deepEqual(told.slice(1), [["pan", -50, 0], ["pan", -70, 0], ["stepSize", 1], ["stepSize", -1]]);
});

// ---- keys

function keys({ latches = false, takes = [] } = {}) {
  const { surface, element, told } = bench();
  const listeners = new Map();
  const under = { way: false };
  globalThis.document = { activeElement: element };
  globalThis.window = { addEventListener: (name, does) => listeners.set(name, does) };
  const note = (name) => (spot) => void told.push([name, spot && { x: spot.x, y: spot.y }]);
  const keyboard = new Keyboard(element, surface, {
    press: (spot) => void ((under.way = true), note("press")(spot)), draw: note("draw"), release: note("release"), hover: note("hover"),
    presses: () => under.way,
    key: ({ key }) => takes.includes(key), latches: () => latches, modified: ({ altKey, shiftKey }) => told.push(["modified", altKey, shiftKey]),
  });
  const event = (key, more) => ({ key, altKey: false, shiftKey: false, ctrlKey: false, metaKey: false, repeat: false, ...more });
  return {
    told, surface, keyboard, under, leave: () => listeners.get("blur")(),
    down: (key, more = {}) => keyboard.keyDown(event(key, more)),
    up: (key, more = {}) => keyboard.keyUp(event(key, more)),
  };
}

test("arrows move the cursor, with Shift in larger steps, and Space stamps where it is", () => {
  const { told, surface, down, up } = keys();
  down("ArrowRight");
  down("ArrowDown", { shiftKey: true });
  assert.deepEqual([surface.brush.x, surface.brush.y, surface.brush.byKeys], [510, 450, true]);
  down(" ");
  up(" ");
  assert.deepEqual(told.slice(-2), [["press", { x: 510, y: 450 }], ["release", { x: 510, y: 450 }]]);
});

test("Space that is held draws along the arrows", () => {
  const { told, down, up } = keys();
  down("ArrowRight");
  down(" ");
  down(" ", { repeat: true });
  down("ArrowRight");
  up(" ");
  assert.deepEqual(told.map(([name]) => name).filter((name) => name !== "pan"), ["hover", "press", "draw", "release"]);
});

test("a tool of two places stays pressed after a short Space, until Space or Enter", () => {
  for (const end of [" ", "Enter"]) {
    const { told, down, up } = keys({ latches: true });
    down("ArrowRight");
    down(" ");
    up(" ");
    down("ArrowDown");
    down(end);
    up(end);
    assert.deepEqual(told.slice(-3), [["press", { x: 510, y: 400 }], ["draw", { x: 510, y: 410 }], ["release", { x: 510, y: 410 }]]);
  }
});

test("the cursor stays on the surface, and the picture moves under it instead", () => {
  const { told, surface, down } = keys();
  for (let i = 0; i < 12; i++) down("ArrowLeft", { shiftKey: true });
  assert.equal(surface.brush.x, 10);
  assert.deepEqual(told.filter(([name]) => name === "pan"), [["pan", 10, 0], ["pan", 50, 0], ["pan", 50, 0]]);
});

test("zoomed in far, an arrow goes one pixel of the picture", () => {
  const { surface, down } = keys();
  surface.view.scale = 32;
  down("ArrowRight");
  assert.equal(surface.brush.x, 532);
});

test("without the focus arrows move the picture, and Space lets the pointer do so", () => {
  const { told, keyboard, down, up } = keys();
  globalThis.document = { activeElement: null };
  down("ArrowRight");
  assert.deepEqual(told, [["pan", -60, 0]]);
  down(" ");
  assert.equal(keyboard.pans, true);
  up(" ");
  assert.equal(keyboard.pans, false);
});

test("who leaves the window with Space held does not come back with it held", () => {
  const { keyboard, down, leave } = keys();
  globalThis.document = { activeElement: null };
  down(" ");
  leave();
  assert.equal(keyboard.pans, false);
});

test("after a press that a command has ended, the next Space presses anew", () => {
  const { told, under, down, up } = keys({ latches: true });
  down("ArrowRight");
  down(" ");
  up(" ");
  under.way = false; // another tool was chosen
  told.length = 0;
  down("ArrowRight");
  down(" ");
  assert.deepEqual(told.map(([name]) => name), ["hover", "press"]);
});

test("with Ctrl or Cmd a key is the page's, also while something is under way", () => {
  const { told, down } = keys({ latches: true, takes: ["Enter", " "] });
  down("ArrowRight");
  down(" ");
  told.length = 0;
  for (const held of [{ ctrlKey: true }, { metaKey: true }]) {
    for (const key of ["Enter", " ", "ArrowLeft"]) assert.equal(down(key, held), false, key);
  }
  assert.deepEqual(told, []);
});

test("what a gesture has a use for is taken, all else is left to the page", () => {
  const { down } = keys({ takes: ["Escape"] });
  assert.equal(down("Escape"), true);
  assert.equal(down("Backspace"), false);
  assert.equal(down("ArrowLeft", { altKey: true }), false); // the browser's way back
});

test("Alt and Shift tell the mode that is in force", () => {
  const { told, down, up } = keys();
  down("Alt", { altKey: true });
  down("Shift", { altKey: true, shiftKey: true });
  up("Alt", { shiftKey: true });
  assert.deepEqual(told, [["modified", true, false], ["modified", true, true], ["modified", false, true]]);
});
