import assert from "node:assert/strict";
import { test } from "node:test";
import { Mask } from "../../static/editor/mask.js";
import { object } from "../../static/editor/object-tool.js";
import { Work } from "../../static/editor/work.js";

const HOW = { from: null, mode: "add", pressure: 1, pointerType: "mouse" };
const SIZE = { width: 400, height: 300 };

/** What a tool works on; the server answers with what `answers` says, one after another. */
function editing(answers, margins = [0, 0, 0, 0]) {
  const work = new Work(SIZE);
  if (margins.some(Boolean)) work.setMargins(margins);
  const { mask, history } = work;
  const told = { wishes: [], said: [], changes: 0, finished: 0, waiting: null, cancel: () => {} };
  const changed = (bounds) => work.seal(bounds);
  const edited = {
    work, mask, history, changed, size: 20,
    surface: { cssPerPixel: 1 },
    outline: () => ({ draw() {}, remove() {}, label() {} }),
    step(act) {
      history.begin();
      const bounds = act();
      if (bounds) changed(bounds);
      return history.commit();
    },
    wait(cancel, answer) {
      told.cancel = cancel;
      told.waiting = answer;
    },
    tell: () => told.changes++,
    say: (word) => told.said.push(word),
    warn: (text) => told.said.push(text),
    words: { objectNotFound: "nothing is there" },
    finish: () => told.finished++,
    fetchSelection: async (wish, signal) => {
      told.wishes.push(JSON.parse(JSON.stringify(wish)));
      const region = answers.shift();
      if (region instanceof Error) throw region;
      if (signal.aborted) throw signal.reason;
      return { region, file: `file ${told.wishes.length}` };
    },
  };
  return { edited, told, mask, history };
}

function box(left, top, right, bottom) {
  return { bounds: [left, top, right, bottom], pixels: new Uint8Array((right - left) * (bottom - top)).fill(255) };
}

function drag(gesture, from, to) {
  gesture.move(from);
  gesture.move(to);
  gesture.release(to);
}

function started(edited, from = { x: 100, y: 50 }, to = { x: 300, y: 250 }, how = HOW) {
  const gesture = object(edited, from, how);
  drag(gesture, from, to);
  return gesture;
}

function drawn(gesture, points, mode = "add") {
  gesture.press(points[0], { ...HOW, mode });
  for (const point of points) gesture.move(point);
  gesture.release(points.at(-1));
}

/** Where the mask is set, against what is wanted. */
function holds(mask, ...boxes) {
  const wanted = new Mask(mask.width, mask.height);
  for (const [left, top, right, bottom] of boxes) {
    for (let y = top; y < bottom; y++) wanted.pixels.fill(255, y * mask.width + left, y * mask.width + right);
  }
  assert.ok(Buffer.from(wanted.pixels.buffer).equals(Buffer.from(mask.pixels.buffer)));
}

test("a box asks for what is in it, and the answer is masked in one step", async () => {
  const { edited, told, mask, history } = editing([box(120, 80, 200, 160)]);
  started(edited);
  assert.equal(await told.waiting, true);
  assert.deepEqual(told.wishes, [{ box: [100, 50, 300, 250], plus: [], minus: [], brush: 20, previous: null }]);
  holds(mask, [120, 80, 200, 160]);
  assert.deepEqual(told.said, ["objectFound"]);
  history.undo();
  holds(mask);
});

test("lines in the box refine the same thing: its answer stands instead of the one before, as a step of its own", async () => {
  const { edited, told, mask, history } = editing([box(120, 80, 200, 160), box(140, 90, 260, 130)]);
  const gesture = started(edited);
  await told.waiting;
  drawn(gesture, [{ x: 150, y: 100 }, { x: 250, y: 120 }]);
  await told.waiting;
  assert.deepEqual(told.wishes[1].plus, [[[150, 100], [150, 100], [150, 100], [250, 120]]]);
  assert.equal(told.wishes[1].previous, "file 1");
  holds(mask, [140, 90, 260, 130]);
  history.undo();
  holds(mask, [120, 80, 200, 160]);
  history.undo();
  holds(mask);
  history.redo();
  history.redo();
  holds(mask, [140, 90, 260, 130]);
});

test("with Alt a line says what is beside the thing", async () => {
  const { edited, told } = editing([box(120, 80, 200, 160), box(120, 80, 150, 160)]);
  const gesture = started(edited);
  await told.waiting;
  drawn(gesture, [{ x: 180, y: 100 }], "subtract");
  await told.waiting;
  assert.deepEqual([told.wishes[1].plus.length, told.wishes[1].minus.length], [0, 1]);
});

test("what was masked before is kept beside the thing, whatever its answers are", async () => {
  const { edited, told, mask } = editing([box(120, 80, 200, 160), box(150, 90, 180, 130), null]);
  edited.step(() => {
    mask.pixels.fill(255, 100 * 400 + 10, 100 * 400 + 390);
    mask.tilesIn(mask.everything).forEach((tile) => mask.recount(tile));
    return mask.everything;
  });
  const gesture = started(edited);
  await told.waiting;
  drawn(gesture, [{ x: 160, y: 100 }]);
  await told.waiting;
  holds(mask, [10, 100, 390, 101], [150, 90, 180, 130]);
  drawn(gesture, [{ x: 170, y: 100 }], "subtract");
  await told.waiting;
  holds(mask, [10, 100, 390, 101]);
  assert.deepEqual(told.said, ["objectFound", "objectFound", "nothing is there"]);
});

for (const [mode, first, second] of [
  ["subtract", [[0, 0, 400, 80], [0, 80, 120, 160], [200, 80, 400, 160], [0, 160, 400, 300]], [[0, 0, 400, 90], [0, 90, 300, 140], [0, 140, 400, 300]]],
  ["intersect", [[120, 80, 200, 160]], [[300, 90, 400, 140]]],
]) {
  test(`refining goes on by the way the box was drawn: ${mode}`, async () => {
    const { edited, told, mask } = editing([box(120, 80, 200, 160), box(300, 90, 400, 140)]);
    edited.step(() => {
      edited.history.touch(mask.everything);
      mask.pixels.fill(255);
      mask.tilesIn(mask.everything).forEach((tile) => mask.recount(tile));
      return mask.everything;
    });
    const gesture = started(edited, undefined, undefined, { ...HOW, mode });
    await told.waiting;
    holds(mask, ...first);
    drawn(gesture, [{ x: 160, y: 100 }], mode);
    await told.waiting;
    assert.equal(told.wishes[1].plus.length, 1);
    holds(mask, ...second);
  });
}

test("a press outside of the box begins anew: what was found stays", async () => {
  const { edited, told, mask } = editing([box(120, 80, 200, 160), box(310, 260, 330, 280)]);
  const gesture = started(edited);
  await told.waiting;
  gesture.press({ x: 302, y: 252 }, HOW);
  drag(gesture, { x: 302, y: 252 }, { x: 390, y: 290 });
  await told.waiting;
  assert.deepEqual(told.wishes[1], { box: [302, 252, 390, 290], plus: [], minus: [], brush: 20, previous: null });
  holds(mask, [120, 80, 200, 160], [310, 260, 330, 280]);
});

test("on an extended canvas the server is asked in the picture's own pixels", async () => {
  const { edited, told, mask } = editing([box(20, 30, 60, 70)], [100, 40, 0, 0]);
  const gesture = started(edited, { x: 50, y: 20 }, { x: 300, y: 250 });
  await told.waiting;
  assert.deepEqual(told.wishes[0].box, [0, 0, 200, 210]);
  holds(mask, [0, 0, 500, 40], [0, 40, 100, 340], [120, 70, 160, 110]);
  drawn(gesture, [{ x: 150, y: 90 }]);
  await told.waiting.catch(() => {});
  assert.deepEqual(told.wishes[1].plus[0][0], [50, 50]);
});

test("a box beside the picture, or one of a slip of the hand, asks nothing", () => {
  const beside = editing([], [100, 0, 0, 0]);
  started(beside.edited, { x: 10, y: 10 }, { x: 90, y: 90 });
  assert.deepEqual([beside.told.finished, beside.told.wishes.length], [1, 0]);
  const slip = editing([]);
  started(slip.edited, { x: 10, y: 10 }, { x: 12, y: 90 });
  assert.deepEqual([slip.told.finished, slip.told.wishes.length], [1, 0]);
});

test("an answer that comes too late changes nothing", async () => {
  const { edited, told, mask } = editing([box(120, 80, 200, 160)]);
  started(edited);
  told.cancel();
  assert.equal(await told.waiting, false);
  holds(mask);
});

test("after a failure the next line asks again with all that was drawn", async () => {
  const { edited, told, mask } = editing([box(120, 80, 200, 160), new Error("busy"), box(120, 80, 150, 160)]);
  const gesture = started(edited);
  await told.waiting;
  drawn(gesture, [{ x: 150, y: 100 }]);
  await assert.rejects(told.waiting, /busy/);
  holds(mask, [120, 80, 200, 160]);
  drawn(gesture, [{ x: 190, y: 100 }], "subtract");
  await told.waiting;
  assert.deepEqual([told.wishes[2].plus.length, told.wishes[2].minus.length, told.wishes[2].previous], [1, 1, "file 1"]);
  holds(mask, [120, 80, 150, 160]);
});

test("undo takes the last answer back, and refining goes on from the one before", async () => {
  const { edited, told, mask } = editing([box(120, 80, 200, 160), box(140, 90, 260, 130), box(1, 2, 3, 4)]);
  const gesture = started(edited);
  await told.waiting;
  drawn(gesture, [{ x: 150, y: 100 }]);
  await told.waiting;
  assert.equal(gesture.back(false), true);
  holds(mask, [120, 80, 200, 160]);
  drawn(gesture, [{ x: 160, y: 110 }]);
  await told.waiting;
  assert.deepEqual([told.wishes[2].plus.length, told.wishes[2].previous], [1, "file 1"]);
  holds(mask, [1, 2, 3, 4]);
});

test("undone before its answer is there, only the line goes, and the thing can still be refined", async () => {
  const { edited, told, mask } = editing([box(120, 80, 200, 160), box(1, 2, 3, 4), box(120, 80, 150, 160)]);
  const gesture = started(edited);
  await told.waiting;
  drawn(gesture, [{ x: 150, y: 100 }]);
  told.cancel();
  assert.equal(gesture.back(true), true);
  await told.waiting.catch(() => {});
  holds(mask, [120, 80, 200, 160]);
  drawn(gesture, [{ x: 160, y: 110 }]);
  await told.waiting;
  assert.deepEqual(told.wishes[2].plus, [[[160, 110], [160, 110], [160, 110]]]);
  holds(mask, [120, 80, 150, 160]);
});

test("undone before the first answer is there, the box goes", () => {
  const { edited, told } = editing([box(120, 80, 200, 160)]);
  const gesture = started(edited);
  told.cancel();
  assert.equal(gesture.back(true), true);
  assert.equal(told.finished, 1);
});

test("the first answer is undone as any step is", async () => {
  const { edited, told } = editing([box(120, 80, 200, 160)]);
  const gesture = started(edited);
  await told.waiting;
  assert.equal(gesture.back(false), false);
});

test("a second finger takes a line back, and the thing can still be refined", async () => {
  const { edited, told } = editing([box(120, 80, 200, 160), box(120, 80, 150, 160)]);
  const gesture = started(edited);
  await told.waiting;
  gesture.press({ x: 150, y: 100 }, HOW);
  gesture.drop();
  assert.deepEqual([told.wishes.length, told.finished], [1, 0]);
  drawn(gesture, [{ x: 160, y: 100 }]);
  await told.waiting;
  assert.equal(told.wishes[1].plus.length, 1);
});

test("after many answers only the last ones can be gone back to one by one: their pictures are not kept for ever", async () => {
  const { edited, told } = editing(Array.from({ length: 9 }, (_, i) => box(120, 80, 130 + i, 160)));
  const gesture = started(edited);
  await told.waiting;
  for (let i = 0; i < 8; i++) {
    drawn(gesture, [{ x: 150, y: 100 }]);
    await told.waiting;
  }
  let back = 0;
  while (gesture.back(false)) back += 1;
  assert.equal(back, 5);
});
