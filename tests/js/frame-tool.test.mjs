import assert from "node:assert/strict";
import { test } from "node:test";
import { cursorOver, dragged, frame, heldAt, usable } from "../../static/editor/frame-tool.js";
import { Work } from "../../static/editor/work.js";

const CANVAS = { width: 1000, height: 800 };
const BOX = [200, 100, 600, 500];

/** What a tool works on, and what it drew. */
function editing(work = new Work(CANVAS)) {
  const drawn = { boxes: [], labels: [], removed: 0 };
  const outline = () => ({ draw: (path) => drawn.boxes.push(path()), label: (text) => drawn.labels.push(text), remove: () => (drawn.removed += 1) });
  return { work, outline, surface: { cssPerPixel: 0.5 }, drawn };
}

test("edges and corners are held from 22 CSS pixels on either side, at every zoom", () => {
  for (const scale of [0.1, 0.5, 2]) {
    const reach = Math.min(22 / scale, 100);
    assert.deepEqual(heldAt(BOX, { x: 200 + reach - 1, y: 300 }, scale), { x: -1, y: 0 });
    assert.deepEqual(heldAt(BOX, { x: 200 - 22 / scale + 1, y: 300 }, scale), { x: -1, y: 0 });
    assert.deepEqual(heldAt(BOX, { x: 600 + 22 / scale - 1, y: 500 }, scale), { x: 1, y: 1 });
    assert.deepEqual(heldAt(BOX, { x: 400, y: 300 }, scale), { x: 0, y: 0 });
    assert.equal(heldAt(BOX, { x: 400, y: 500 + 44 / scale + 1 }, scale), null);
  }
});

test("a small box can still be moved by its middle, and resized from beyond its edges", () => {
  const small = [200, 100, 240, 140];
  assert.deepEqual(heldAt(small, { x: 220, y: 120 }, 1), { x: 0, y: 0 });
  assert.deepEqual(heldAt(small, { x: 270, y: 120 }, 1), { x: 1, y: 0 });
});

test("the cursor tells what would be held", () => {
  assert.equal(cursorOver(null, { x: 5, y: 5 }, 1), "");
  assert.equal(cursorOver(BOX, { x: 400, y: 300 }, 1), "move");
  assert.equal(cursorOver(BOX, { x: 200, y: 100 }, 1), "nwse-resize");
  assert.equal(cursorOver(BOX, { x: 900, y: 700 }, 1), "");
});

test("a box that is moved keeps its size and stays on the canvas", () => {
  assert.deepEqual(dragged(BOX, { x: 0, y: 0 }, { x: 30.4, y: -20.6 }, CANVAS), [230, 79, 630, 479]);
  assert.deepEqual(dragged(BOX, { x: 0, y: 0 }, { x: 900, y: -900 }, CANVAS), [600, 0, 1000, 400]);
});

test("only the edges that are held move, and one may pass the other", () => {
  assert.deepEqual(dragged(BOX, { x: 1, y: 0 }, { x: 50, y: 70 }, CANVAS), [200, 100, 650, 500]);
  assert.deepEqual(dragged(BOX, { x: -1, y: -1 }, { x: 500, y: 10 }, CANVAS), [600, 110, 700, 500]);
});

test("what leaves the canvas is cut, and hardly anything is no frame", () => {
  assert.deepEqual(usable([-50, 700, 300, 900], CANVAS), [0, 700, 300, 800]);
  assert.equal(usable([100, 100, 110, 400], CANVAS), null);
  assert.deepEqual(usable([0, 0, 8, 6], { width: 8, height: 6 }), [0, 0, 8, 6]); // as large as it can be
});

test("a drag beside the frame draws another one, with its size beside it", () => {
  const { drawn, ...given } = editing();
  const gesture = frame(given, { x: 700.2, y: 300 }, {});
  gesture.move({ x: 300, y: 150.4 }, {});
  assert.equal(drawn.boxes.at(-1), "M300 150H700V300H300Z");
  assert.equal(drawn.labels.at(-1), "400 × 150");
  assert.equal(gesture.end(), true);
  assert.equal(drawn.removed, 1);
  assert.deepEqual(given.work.ownFrame, [300, 150, 700, 300]);
});

test("a drag inside moves the frame, one that is given up leaves it, and a mere press does nothing", () => {
  const given = editing();
  given.work.setOwnFrame(BOX);
  const moving = frame(given, { x: 400, y: 300 }, {});
  moving.move({ x: 410, y: 310 }, {});
  moving.end();
  assert.deepEqual(given.work.ownFrame, [210, 110, 610, 510]);
  const other = frame(given, { x: 400, y: 300 }, {});
  other.move({ x: 500, y: 310 }, {});
  other.cancel();
  assert.deepEqual(given.work.ownFrame, [210, 110, 610, 510]);
  assert.equal(frame(given, { x: 400, y: 300 }, {}).end(), false);
  assert.equal(frame(editing(), { x: 400, y: 300 }, {}).end(), false);
});
