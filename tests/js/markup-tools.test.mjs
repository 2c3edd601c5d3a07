import assert from "node:assert/strict";
import { test } from "node:test";
import { areMarks, isRoom } from "../../static/editor/markup.js";
import { arrow, circle, line } from "../../static/editor/markup-tools.js";
import { Work } from "../../static/editor/work.js";

/** The editor as a tool sees it, with a layer that shows nothing. */
function editing({ margins = [0, 0, 0, 0], cssPerPixel = 1 } = {}) {
  const work = new Work({ width: 400, height: 300 });
  if (margins.some(Boolean)) work.setMargins(margins);
  const told = [];
  const markup = {
    selected: null,
    drafts: 0,
    get marks() {
      return work.marks;
    },
    select: (mark) => (markup.selected = mark),
    draft: () => (markup.drafts += 1),
    undraft() {},
    put(old, now) {
      const marks = old ? work.marks.flatMap((mark) => (mark !== old ? mark : (now ?? []))) : [...work.marks, now];
      if (isRoom(marks)) work.setMarks(marks);
      markup.selected = now;
      return isRoom(marks);
    },
  };
  return {
    work, markup, told, words: { marksFull: "full" }, surface: { cssPerPixel },
    options: { markColour: "#ff3b30", markWidth: 8, textSize: 24 },
    tell: (what) => told.push(what), announce: (text) => told.push(text), warn: (text) => told.push(`warned: ${text}`), setOptions: (options) => told.push(options),
  };
}

const at = (x, y) => ({ x, y });
const BY = { pointerType: "mouse", mode: "add", from: null, pressure: 1, count: 1 };

function drag(edited, tool, points, { by = BY, detail = { square: false } } = {}) {
  const gesture = tool(edited, points[0], by);
  for (const point of points.slice(1)) gesture.move(point, detail);
  return gesture.end();
}

test("an arrow leads from the press to the release", () => {
  const edited = editing();
  assert.equal(drag(edited, arrow, [at(10, 20), at(60, 60), at(110, 70.26)]), false);
  assert.deepEqual(edited.work.marks, [{ kind: "arrow", from: [10, 20], to: [110, 70.3], width: 8, colour: "#ff3b30" }]);
  assert.ok(edited.told.includes("marks"));
  assert.equal(edited.markup.selected, edited.work.marks[0]);
});

test("marks are in pixels of the picture, whatever its margins", () => {
  const edited = editing({ margins: [50, 30, 0, 0] });
  drag(edited, circle, [at(150, 130), at(250, 230)]);
  assert.deepEqual(edited.work.marks[0].bounds, [100, 100, 200, 200]);
});

test("with Shift circles are round, and arrows level, steep or between", () => {
  const edited = editing();
  const square = { detail: { square: true } };
  drag(edited, circle, [at(100, 100), at(20, 150)], square);
  assert.deepEqual(edited.work.marks[0].bounds, [20, 100, 100, 180]);
  drag(edited, arrow, [at(200, 200), at(290, 208)], square);
  assert.equal(edited.work.marks[1].to[1], 200);
});

test("a press that hardly moves draws nothing and gives up the selection", () => {
  const edited = editing();
  drag(edited, arrow, [at(10, 20), at(60, 60)]);
  drag(edited, arrow, [at(300, 200), at(301, 202)]);
  assert.equal(edited.work.marks.length, 1);
  assert.equal(edited.markup.selected, null);
});

test("a press on a mark takes it along, and the options follow it", () => {
  const edited = editing();
  drag(edited, arrow, [at(10, 20), at(110, 20)]);
  edited.options = { ...edited.options, markColour: "#0090ff", markWidth: 3 };
  edited.markup.selected = null;
  drag(edited, circle, [at(60, 24), at(80, 64)]);
  assert.equal(edited.work.marks.length, 1);
  assert.deepEqual([edited.work.marks[0].from, edited.work.marks[0].to], [[30, 60], [130, 60]]);
  assert.ok(edited.told.some((one) => one.markColour === "#ff3b30" && one.markWidth === 8));
});

test("a handle of the selected mark drags one end", () => {
  const edited = editing();
  drag(edited, arrow, [at(10, 20), at(110, 20)]);
  drag(edited, arrow, [at(112, 22), at(112, 60), at(150, 90)]);
  assert.deepEqual([edited.work.marks[0].from, edited.work.marks[0].to], [[10, 20], [150, 90]]);
});

test("fingers may miss by more than a mouse", () => {
  for (const [pointerType, count] of [["mouse", 2], ["touch", 1]]) {
    const edited = editing();
    drag(edited, arrow, [at(10, 20), at(110, 20)]);
    edited.markup.selected = null;
    drag(edited, arrow, [at(60, 40), at(60, 90)], { by: { ...BY, pointerType } });
    assert.equal(edited.work.marks.length, count);
  }
});

test("a gesture that is given up leaves everything as it was", () => {
  const edited = editing();
  const gesture = line(edited, at(10, 10), BY);
  gesture.move(at(100, 100), { square: false });
  gesture.cancel();
  assert.deepEqual(edited.work.marks, []);
  assert.equal(edited.work.history.canUndo, false);
});

test("every mark, drag and all the rest is one step of undo", () => {
  const edited = editing();
  const states = [edited.work.marks];
  const steps = [
    () => drag(edited, arrow, [at(10, 20), at(110, 20)]),
    () => drag(edited, line, [at(10, 100), at(50, 150), at(90, 100)]),
    () => drag(edited, circle, [at(50, 150), at(80, 250)]),
    () => drag(edited, circle, [at(200, 20), at(280, 90)]),
  ];
  for (const step of steps) {
    step();
    states.push(edited.work.marks);
  }
  for (const state of states.slice(0, -1).reverse()) {
    edited.work.history.undo();
    assert.deepEqual(edited.work.marks, state);
  }
  for (const state of states.slice(1)) {
    edited.work.history.redo();
    assert.deepEqual(edited.work.marks, state);
  }
});

test("a line of many thousand points is drawn in a moment and can be kept", () => {
  const edited = editing({ cssPerPixel: 0.5 });
  const gesture = line(edited, at(200, 150), BY);
  const from = performance.now();
  for (let i = 0; i < 20_000; i++) {
    const angle = i / 300;
    gesture.move(at(200 + (100 + 40 * Math.sin(i / 700)) * Math.cos(angle), 150 + 120 * Math.sin(angle)), { square: false });
  }
  gesture.end();
  assert.ok(performance.now() - from < 1000, `${performance.now() - from} ms`);
  assert.equal(edited.work.marks.length, 1);
  assert.equal(areMarks(edited.work.marks), true);
});

test("where there is no room for more, what is there stays, and that is said", () => {
  const edited = editing();
  const many = Array.from({ length: 200 }, (_, i) => ({ kind: "line", points: [[i, 280]], width: 1, colour: "#111111" }));
  edited.work.setMarks(many);
  drag(edited, arrow, [at(10, 20), at(110, 20)]);
  assert.equal(edited.work.marks, many);
  assert.ok(edited.told.includes("warned: full"));
});
