import assert from "node:assert/strict";
import { test } from "node:test";
import { union } from "../../static/editor/mask.js";
import { TOOLS } from "../../static/editor/toolbox.js";
import {
  clearMask,
  invertMask,
  largestBrush,
  positionOf,
  sizeAt,
  steppedSize,
} from "../../static/editor/tools.js";
import { Work } from "../../static/editor/work.js";

const HOW = { from: null, mode: "add", pressure: 1, pointerType: "mouse" };

function editing(width = 300, height = 200, size = 20) {
  const work = new Work({ width, height });
  const { mask, history } = work;
  const changed = (bounds) => (edited.dirty = union(edited.dirty, bounds));
  const edited = { work, mask, history, size, options: { pressure: true }, dirty: null, changed };
  return edited;
}

const at = (mask, x, y) => mask.pixels[y * mask.width + x];

test("the brush paints where it went down, before it moves", () => {
  const edited = editing();
  TOOLS.brush(edited, { x: 50.5, y: 60.5 }, HOW).end();
  assert.equal(at(edited.mask, 50, 60), 255);
  assert.deepEqual(edited.mask.bounds(), [40, 50, 61, 71]);
});

test("a stroke has no gaps between two far points", () => {
  const edited = editing();
  const gesture = TOOLS.brush(edited, { x: 20, y: 20 }, HOW);
  gesture.move({ x: 280, y: 180 }, HOW);
  gesture.end();
  for (let i = 0; i <= 100; i++) assert.equal(at(edited.mask, Math.floor(20 + 2.6 * i), Math.floor(20 + 1.6 * i)), 255);
});

test("the eraser takes out only where it goes", () => {
  const edited = editing();
  invertMask(edited);
  TOOLS.eraser(edited, { x: 100, y: 100 }, HOW).end();
  assert.equal(at(edited.mask, 100, 100), 0);
  assert.equal(at(edited.mask, 100, 120), 255);
});

test("a brush of one pixel paints the pixel under the pointer, wherever in it the pointer is", () => {
  for (const [x, y] of [[10.01, 10.01], [10.5, 10.5], [10.99, 10.01], [10.99, 10.99]]) {
    const edited = editing(30, 30, 1);
    TOOLS.brush(edited, { x, y }, HOW).end();
    assert.equal(at(edited.mask, 10, 10), 255, `${x},${y}`);
    assert.ok(edited.mask.area <= 4);
  }
});

test("a stroke that starts from an earlier point draws the straight line to it", () => {
  const edited = editing();
  TOOLS.brush(edited, { x: 200, y: 100 }, { ...HOW, from: { x: 40, y: 100 } }).end();
  assert.deepEqual([40, 120, 200].map((x) => at(edited.mask, x, 100)), [255, 255, 255]);
  assert.equal(at(edited.mask, 120, 130), 0);
});

test("every changed pixel lies in the bounds that were told", () => {
  const edited = editing();
  const gesture = TOOLS.brush(edited, { x: 20, y: 20 }, HOW);
  gesture.move({ x: 120, y: 90 }, HOW);
  gesture.end();
  assert.deepEqual(union(edited.mask.bounds(), edited.dirty), edited.dirty);
});

test("clearing an empty mask is no step", () => {
  const edited = editing();
  assert.equal(clearMask(edited), false);
  assert.equal(edited.history.canUndo, false);
});

test("clearing can be undone", () => {
  const edited = editing();
  TOOLS.brush(edited, { x: 50, y: 60 }, HOW).end();
  const before = edited.mask.pixels.slice();
  clearMask(edited);
  assert.ok(edited.mask.isEmpty);
  edited.history.undo();
  assert.deepEqual(edited.mask.pixels, before);
});

test("the slider reaches every size from one pixel to the largest", () => {
  const largest = largestBrush({ width: 6000, height: 4000 });
  assert.equal(sizeAt(0, largest), 1);
  assert.equal(sizeAt(1, largest), 2000);
  for (const size of [1, 2, 40, 160, 1999]) assert.equal(sizeAt(positionOf(size, largest), largest), size);
});

test("every step changes the size, and stays within its limits", () => {
  for (const size of [1, 2, 3, 7, 100]) {
    assert.ok(steppedSize(size, 1, 400) > size);
    assert.ok(size === 1 || steppedSize(size, -1, 400) < size);
  }
  assert.equal(steppedSize(1, -4, 400), 1);
  assert.equal(steppedSize(390, 4, 400), 400);
});
