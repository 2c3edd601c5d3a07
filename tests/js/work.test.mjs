import assert from "node:assert/strict";
import { test } from "node:test";
import { Mask } from "../../static/editor/mask.js";
import { Work } from "../../static/editor/work.js";

const ARROW = { kind: "arrow", from: [1, 2], to: [30, 40], width: 4, colour: "#ff0000" };
const CIRCLE = { kind: "circle", bounds: [5, 5, 50, 60], width: 4, colour: "#00ff00" };

function painted(work, from, to, radius, value = 255) {
  const { mask, history } = work;
  const bounds = mask.capsuleBounds(from, to, radius);
  history.begin();
  if (bounds) {
    history.touch(bounds);
    mask.fillCapsule(from, to, radius, value);
    work.seal(bounds);
  }
  return history.commit();
}

/** What must hold whatever was done: margins are masked, and the tiles' counts are true. */
function assertSound({ mask, photo: [left, top, right, bottom], size, picture, margins }) {
  assert.deepEqual(size, { width: picture.width + margins[0] + margins[2], height: picture.height + margins[1] + margins[3] });
  for (let y = 0; y < mask.height; y++) {
    for (let x = 0; x < mask.width; x++) {
      if (x < left || x >= right || y < top || y >= bottom) assert.equal(mask.pixels[y * mask.width + x], 255, `${x},${y}`);
    }
  }
  assert.equal(mask.area, mask.pixels.reduce((area, value) => area + (value ? 1 : 0), 0));
}

function stateOf({ mask, margins, marks }) {
  return { pixels: mask.pixels.slice(), margins: [...margins], marks: [...marks] };
}

test("margins move what is masked with the picture and are masked themselves", () => {
  const work = new Work({ width: 300, height: 200 });
  painted(work, { x: 100, y: 50 }, { x: 140, y: 60 }, 12);
  const before = work.mask.pixels.slice();
  assert.equal(work.setMargins([30, 0, 15, 70]), true);
  assertSound(work);
  assert.deepEqual(work.photo, [30, 0, 330, 200]);
  assert.deepEqual(work.mask.copy(work.photo), before);
});

test("the eraser does not reach what is new", () => {
  const work = new Work({ width: 300, height: 200 });
  work.setMargins([40, 0, 0, 0]);
  painted(work, { x: 20, y: 100 }, { x: 90, y: 100 }, 20);
  painted(work, { x: 0, y: 100 }, { x: 340, y: 100 }, 30, 0);
  assertSound(work);
  assert.equal(work.mask.pixels[100 * 340 + 60], 0);
});

test("shrinking the canvas again leaves the mask inside the picture as it is", () => {
  const work = new Work({ width: 120, height: 90 });
  work.setMargins([10, 20, 30, 40]);
  painted(work, { x: 5, y: 5 }, { x: 60, y: 70 }, 9);
  const before = work.mask.copy(work.photo);
  work.setMargins([0, 20, 0, 0]);
  assert.deepEqual(work.mask.copy(work.photo), before);
  work.setMargins([0, 0, 0, 0]);
  assert.deepEqual(work.mask.pixels, before);
});

test("the same margins and the same marks are no step", () => {
  const work = new Work({ width: 120, height: 90 });
  assert.equal(work.setMargins([0, 0, 0, 0]), false);
  work.setMarks([ARROW]);
  assert.equal(work.setMarks([ARROW]), false);
  work.history.undo();
  assert.equal(work.history.canUndo, false);
});

test("another state of everything is one step, and so is the way back", () => {
  const work = new Work({ width: 120, height: 90 });
  painted(work, { x: 20, y: 20 }, { x: 60, y: 70 }, 9);
  work.setMarks([ARROW]);
  const before = stateOf(work);
  const pixels = new Uint8Array(130 * 90);
  pixels.fill(255, 40 * 130, 50 * 130);
  work.setState({ margins: [10, 0, 0, 0], marks: [CIRCLE], pixels });
  assertSound(work);
  const after = stateOf(work);
  work.history.undo();
  assert.deepEqual(stateOf(work), before);
  work.history.redo();
  assert.deepEqual(stateOf(work), after);
  assert.deepEqual(after.marks, [CIRCLE]);
});

test("loading keeps what was painted while it was fetched, and is no step", () => {
  const work = new Work({ width: 120, height: 90 });
  painted(work, { x: 100, y: 80 }, { x: 100, y: 80 }, 5);
  const pixels = new Uint8Array(130 * 95);
  pixels[20 * 130 + 30] = 255;
  work.load({ margins: [10, 5, 0, 0], marks: [ARROW], pixels });
  assertSound(work);
  assert.equal(work.mask.pixels[85 * 130 + 110], 255);
  assert.equal(work.mask.pixels[20 * 130 + 30], 255);
  assert.equal(work.mask.pixels[30 * 130 + 30], 0);
  assert.deepEqual(work.marks, [ARROW]);
  assert.equal(work.history.canUndo, false);
});

test("steps of marks that join are one step, until something else comes between", () => {
  const work = new Work({ width: 120, height: 90 });
  work.setMarks([ARROW]);
  for (let width = 5; width < 9; width++) work.setMarks([{ ...ARROW, width }], width > 5);
  work.history.undo();
  assert.deepEqual(work.marks, [ARROW]);
  work.history.redo();
  assert.equal(work.marks[0].width, 8);
  painted(work, { x: 20, y: 20 }, { x: 60, y: 70 }, 9);
  work.setMarks([CIRCLE], true);
  work.history.undo();
  assert.equal(work.marks[0].width, 8);
  assert.equal(work.mask.isEmpty, false);
});

test("whatever is done in whatever order can be undone to the last byte, and done again", () => {
  const seeded = random(20261121);
  const whole = (below) => Math.floor(seeded() * below);
  for (let round = 0; round < 12; round++) {
    const work = new Work({ width: 40 + whole(400), height: 30 + whole(300) });
    const states = [stateOf(work)];
    while (states.length < 70) if (acted(work, whole)) states.push(stateOf(work)), assert.equal(work.mask.area, area(work.mask));
    for (let i = states.length - 2; i >= 0; i--) {
      work.history.undo();
      assert.deepEqual(stateOf(work), states[i], `round ${round}, undo to ${i}`);
    }
    assert.equal(work.history.canUndo, false);
    for (let i = 1; i < states.length; i++) {
      work.history.redo();
      assert.deepEqual(stateOf(work), states[i], `round ${round}, redo to ${i}`);
    }
    assertSound(work);
  }
});

test("fifty steps on 24 megapixels, margins and marks among them, stay under 25 MB", () => {
  const work = new Work({ width: 6000, height: 4000 });
  for (let i = 1, made = 0; made < 50; i++) {
    if (i % 17 === 16) made += Number(work.setMargins([i * 10, 0, 0, i]));
    else if (i % 11 === 10) made += Number(work.setMarks([...work.marks, ARROW]));
    else made += Number(painted(work, { x: (i * 977) % 6000, y: 0 }, { x: (i * 1471) % 6000, y: 4000 }, 240, i % 3 ? 255 : 0));
  }
  assert.ok(work.history.size < 25e6, `${work.history.size} bytes`);
  let steps = 0;
  for (; work.history.canUndo; steps++) work.history.undo();
  assert.equal(steps, 50);
  assert.equal(work.mask.area, 0);
});

function acted(work, whole) {
  const { width, height } = work.size;
  const spot = () => ({ x: whole(width * 1.2) - width / 10, y: whole(height * 1.2) - height / 10 });
  const act = whole(10);
  if (act < 6) return painted(work, spot(), spot(), 1 + whole(40), act < 4 ? 255 : 0);
  if (act < 8) return work.setMargins([whole(60), whole(60), whole(2) * whole(90), 0]);
  if (act < 9) return work.setMarks(whole(3) ? [...work.marks, { ...ARROW, width: whole(9) }] : []);
  work.setState({ margins: [whole(20), 0, 0, whole(9)], marks: [CIRCLE], pixels: null });
  return true;
}

function area(mask) {
  const other = new Mask(mask.width, mask.height);
  other.load(mask.pixels);
  return other.area;
}

/** A small generator with a seed (mulberry32). */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

test("marks that joined a step until nothing of it was left leave no step", () => {
  const work = new Work({ width: 100, height: 100 });
  work.setMarks([ARROW]);
  work.setMarks([ARROW, CIRCLE]);
  work.setMarks([CIRCLE], true);
  work.setMarks([ARROW], true);
  assert.deepEqual(work.marks, [ARROW]);
  work.history.undo();
  assert.deepEqual([work.marks, work.history.canUndo], [[], false], "one undo is the step before");
  work.history.redo();
  assert.deepEqual([work.marks, work.history.canRedo], [[ARROW], false]);
});

test("marks do not join a step that was undone", () => {
  const work = new Work({ width: 100, height: 100 });
  work.setMarks([ARROW]);
  work.setMarks([ARROW, CIRCLE]);
  work.history.undo();
  work.setMarks([CIRCLE], true);
  work.history.undo();
  assert.deepEqual(work.marks, [ARROW]);
  work.history.undo();
  work.history.redo();
  work.setMarks([], true);
  work.history.undo();
  assert.deepEqual(work.marks, [ARROW]);
});

test("a frame of one's own is a step like all others, and margins move it with the picture", () => {
  const work = new Work({ width: 300, height: 200 });
  assert.equal(work.setOwnFrame([10, 20, 110, 120]), true);
  assert.equal(work.setOwnFrame([10, 20, 110, 120]), false);
  work.setMargins([30, 5, 0, 0]);
  assert.deepEqual(work.ownFrame, [40, 25, 140, 125]);
  work.setOwnFrame([0, 0, 100, 60]); // partly over what is new
  work.setMargins([0, 0, 0, 0]);
  assert.deepEqual(work.ownFrame, [0, 0, 70, 55]);
  work.history.undo();
  assert.deepEqual(work.ownFrame, [0, 0, 100, 60]);
  work.history.undo();
  assert.deepEqual(work.ownFrame, [40, 25, 140, 125]);
  work.setOwnFrame(null);
  assert.equal(work.ownFrame, null);
  work.history.undo();
  work.history.undo();
  work.history.undo();
  assert.equal(work.own, null);
  work.history.redo();
  assert.deepEqual(work.ownFrame, [10, 20, 110, 120]);
});

test("a stored state brings its frame, and one that was drawn before it came stays", () => {
  const state = { pixels: null, margins: [10, 0, 0, 0], marks: [], own: [15, 5, 60, 50] };
  const work = new Work({ width: 300, height: 200 });
  work.load(state);
  assert.deepEqual([work.own, work.ownFrame], [[5, 5, 50, 50], [15, 5, 60, 50]]);
  const early = new Work({ width: 300, height: 200 });
  early.setOwnFrame([1, 2, 30, 40]);
  early.load(state);
  assert.deepEqual(early.ownFrame, [11, 2, 40, 40]);
  work.setState({ pixels: null, margins: [0, 0, 0, 0], marks: [] });
  assert.equal(work.ownFrame, null);
  work.history.undo();
  assert.deepEqual(work.ownFrame, [15, 5, 60, 50]);
});
