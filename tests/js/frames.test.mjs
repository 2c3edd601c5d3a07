import assert from "node:assert/strict";
import { test } from "node:test";
import { labelPlaces } from "../../static/editor/frames.js";

const ROOM = [4, 24, 796, 536];
const SIZE = { width: 180, height: 20 };

function places(...boxes) {
  return labelPlaces(boxes, boxes.map(() => SIZE), ROOM);
}

function assertApart(found) {
  const seen = found.filter(Boolean);
  seen.forEach((one, i) => seen.slice(i + 1).forEach((other) => {
    assert.ok(Math.abs(one.x - other.x) >= SIZE.width || Math.abs(one.y - other.y) >= SIZE.height, JSON.stringify(found));
  }));
  for (const { x, y } of seen) {
    assert.ok(x >= ROOM[0] && x + SIZE.width <= ROOM[2] && y >= ROOM[1] && y + SIZE.height <= ROOM[3], JSON.stringify(found));
  }
}

test("a label stands above its frame, from its left edge on", () => {
  assert.deepEqual(places([100, 100, 400, 300]), [{ x: 100, y: 75 }]);
});

test("without room above it stands below, and in a frame as high as the room within", () => {
  assert.deepEqual(places([100, 30, 400, 300]), [{ x: 100, y: 305 }]);
  assert.deepEqual(places([100, -50, 400, 900]), [{ x: 100, y: 28 }]);
});

test("a label stays on the view as long as anything of its frame is seen", () => {
  assert.deepEqual(places([700, 100, 1500, 300]), [{ x: 616, y: 75 }]);
  assert.deepEqual(places([-900, 100, 20, 300]), [{ x: 4, y: 75 }]);
  assert.deepEqual(places([-900, 100, -20, 300], [100, 600, 300, 700]), [null, null]);
});

test("labels do not lie over each other, however close their frames are", () => {
  assertApart(places([100, 100, 300, 200], [120, 105, 320, 210]));
  assertApart(places([100, 100, 300, 200], [100, 100, 300, 200], [100, 100, 300, 200], [100, 100, 300, 200]));
  assertApart(places([0, 0, 800, 560], [0, 0, 800, 560], [0, 0, 800, 560], [0, 0, 800, 560]));
  assertApart(places([600, 400, 760, 500], [640, 380, 900, 540]));
});
