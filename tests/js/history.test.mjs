import assert from "node:assert/strict";
import { test } from "node:test";
import { History } from "../../static/editor/history.js";
import { Mask, TILE } from "../../static/editor/mask.js";
import { brush, eraser } from "../../static/editor/strokes.js";
import { clearMask, invertMask } from "../../static/editor/tools.js";
import { Work } from "../../static/editor/work.js";

const TOOLS = { brush, eraser };
const HOW = { from: null, mode: "add", pressure: 1, pointerType: "mouse" };

function editing(width = 700, height = 600, limit = 50) {
  const work = new Work({ width, height });
  const history = new History(work.mask, limit);
  return { work, mask: work.mask, history, size: 60, options: { pressure: true }, changed() {} };
}

function draw(edited, tool, ...points) {
  const gesture = TOOLS[tool](edited, points[0], HOW);
  for (const point of points.slice(1)) gesture.move(point, HOW);
  return gesture.end();
}

const somewhere = (i) => ({ x: (i * 173) % 700, y: (i * 97) % 600 });

test("undo and redo give back every state, pixel by pixel", () => {
  const edited = editing();
  const states = [edited.mask.pixels.slice()];
  for (let i = 0; i < 12; i++) {
    if (i === 5) invertMask(edited);
    else if (i === 9) clearMask(edited);
    else draw(edited, i % 3 === 2 ? "eraser" : "brush", somewhere(i), somewhere(i + 1), somewhere(i + 4));
    states.push(edited.mask.pixels.slice());
  }
  const area = edited.mask.area;
  for (let i = states.length - 2; i >= 0; i--) {
    edited.history.undo();
    assert.deepEqual(edited.mask.pixels, states[i], `undo to ${i}`);
  }
  assert.equal(edited.mask.area, 0);
  for (let i = 1; i < states.length; i++) {
    edited.history.redo();
    assert.deepEqual(edited.mask.pixels, states[i], `redo to ${i}`);
  }
  assert.equal(edited.mask.area, area);
});

test("a step that changed nothing is no step", () => {
  const edited = editing();
  assert.equal(draw(edited, "eraser", { x: 100, y: 100 }, { x: 200, y: 180 }), false);
  assert.equal(edited.history.canUndo, false);
});

test("a canceled gesture leaves the mask and the history as they were", () => {
  const edited = editing();
  draw(edited, "brush", { x: 50, y: 50 }, { x: 400, y: 300 });
  const before = edited.mask.pixels.slice();
  const gesture = TOOLS.brush(edited, { x: 300, y: 60 }, HOW);
  gesture.move({ x: 310, y: 500 }, HOW);
  gesture.cancel();
  assert.deepEqual(edited.mask.pixels, before);
  edited.history.undo();
  assert.ok(edited.mask.isEmpty);
  assert.equal(edited.history.canUndo, false);
});

test("a new stroke ends what could be redone", () => {
  const edited = editing();
  draw(edited, "brush", { x: 50, y: 50 });
  edited.history.undo();
  assert.equal(edited.history.canRedo, true);
  draw(edited, "brush", { x: 150, y: 50 });
  assert.equal(edited.history.canRedo, false);
});

test("only the newest steps are kept", () => {
  const edited = editing(700, 600, 3);
  for (let i = 0; i < 5; i++) draw(edited, "brush", { x: 60 + 120 * i, y: 100 });
  let undone = 0;
  while (edited.history.undo()) undone += 1;
  assert.equal(undone, 3);
  assert.ok(edited.mask.area > 0);
});

test("undo names the bounds that changed", () => {
  const edited = editing();
  draw(edited, "brush", { x: TILE + 100, y: 100 });
  assert.deepEqual(edited.history.undo(), [TILE, 0, TILE * 2, TILE]);
  assert.equal(edited.history.undo(), null);
});

test("many small steps are kept, large ones only as long as they fit", () => {
  const edited = editing(700, 600, 200);
  for (let i = 0; i < 130; i++) draw(edited, i % 2 ? "eraser" : "brush", somewhere(i - (i % 2)));
  let undone = 0;
  for (; edited.history.canUndo; undone++) edited.history.undo();
  assert.equal(undone, 130);
  assert.equal(edited.mask.area, 0);
});

test("a step that swaps itself stands in the line of undo as others do", () => {
  const edited = editing();
  let colour = "red";
  draw(edited, "brush", { x: 50, y: 50 });
  let other = colour;
  colour = "blue";
  edited.history.record({ bytes: 10, swap: () => ([colour, other] = [other, colour], null) });
  draw(edited, "brush", { x: 350, y: 50 });
  edited.history.undo();
  assert.equal(colour, "blue");
  assert.equal(edited.history.undo(), null);
  assert.equal(colour, "red");
  assert.ok(edited.mask.area > 0);
  edited.history.redo();
  assert.equal(colour, "blue");
  assert.equal(edited.history.canRedo, true);
});

test("fifty strokes across 24 megapixels stay under 25 MB", () => {
  const edited = editing(6000, 4000);
  edited.size = 480;
  for (let i = 0; i < 50; i++) {
    const points = [{ x: (i * 977) % 6000, y: 0 }, { x: (i * 1471) % 6000, y: 2000 }, { x: 6000, y: (i * 577) % 4000 }];
    draw(edited, i % 3 === 2 ? "eraser" : "brush", ...points);
  }
  assert.ok(edited.history.size < 25e6, `${edited.history.size} bytes`);
});
