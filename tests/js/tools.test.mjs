import assert from "node:assert/strict";
import { test } from "node:test";
import { Gestures } from "../../static/editor/gestures.js";
import { union } from "../../static/editor/mask.js";
import { combined, copied, onCanvas } from "../../static/editor/regions.js";
import { brush, eraser } from "../../static/editor/strokes.js";
import { ellipse, lasso, polygon, rectangle, wand } from "../../static/editor/shape-tools.js";
import {
  clearMask,
  invertMask,
  largestBrush,
  maskAll,
  positionOf,
  sizeAt,
  stampBox,
  steppedSize,
} from "../../static/editor/tools.js";
import { Work } from "../../static/editor/work.js";

globalThis.requestAnimationFrame = (then) => setTimeout(then, 0);

const TOOLS = { brush, eraser, rectangle, ellipse, lasso, polygon, wand };
const HOW = { from: null, mode: "add", pressure: 1, pointerType: "mouse", count: 1 };
const PLAIN = { pressure: 1, square: false };

function editing(width = 300, height = 200, size = 20) {
  const work = new Work({ width, height });
  const edited = {
    work, size, dirty: null, drawn: "", said: [], finished: 0,
    options: { pressure: true, tolerance: 10, contiguous: true },
    photo: { width, height, previewUrl: "/small", fullUrl: "/full" },
    surface: { cssPerPixel: 1 },
    get mask() { return work.mask; },
    get history() { return work.history; },
    changed(bounds) {
      work.seal(bounds);
      edited.dirty = union(edited.dirty, bounds);
    },
    step(act) {
      work.history.begin();
      const bounds = act();
      if (bounds) edited.changed(bounds);
      return work.history.commit();
    },
    outline: () => ({ draw: (path) => (edited.drawn = path()), label() {}, remove: () => (edited.drawn = "") }),
    finish: () => edited.gestures?.finish(),
    say: (word, values) => edited.said.push([word, values]),
  };
  return edited;
}

/** Goes along the points with a tool, from the press to the release. */
function drag(edited, tool, points, how = {}) {
  const gesture = TOOLS[tool](edited, points[0], { ...HOW, ...how });
  for (const point of points.slice(1)) gesture.move(point, { ...PLAIN, ...how });
  return gesture.end();
}

const at = (mask, x, y) => mask.pixels[y * mask.width + x];
const p = (x, y) => ({ x, y });

/** The mask that a test of pixel centres gives. */
function expected({ mask }, isInside) {
  return mask.pixels.map((_, i) => (isInside((i % mask.width) + 0.5, Math.floor(i / mask.width) + 0.5) ? 255 : 0));
}

function distance(x, y, a, b) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const along = dx || dy ? Math.min(1, Math.max(0, ((x - a.x) * dx + (y - a.y) * dy) / (dx * dx + dy * dy))) : 0;
  return Math.hypot(x - a.x - along * dx, y - a.y - along * dy);
}

// ---- brush and eraser

test("the brush paints where it went down, before it moves", () => {
  const edited = editing();
  drag(edited, "brush", [p(50.5, 60.5)]);
  assert.deepEqual(edited.mask.bounds(), [40, 50, 61, 71]);
});

test("a stroke is the union of its capsules, to the pixel", () => {
  const edited = editing();
  const points = [p(20, 20), p(280.5, 180.25), p(150, 30), p(150, 30), p(-40, 100)];
  drag(edited, "brush", points);
  const isInside = (x, y) => points.slice(1).some((point, i) => distance(x, y, points[i], point) <= 10);
  assert.deepEqual(edited.mask.pixels, expected(edited, isInside));
});

test("the eraser takes out only where it goes, whatever the mode", () => {
  for (const mode of ["add", "subtract"]) {
    const edited = editing();
    maskAll(edited);
    drag(edited, "eraser", [p(100, 100)], { mode });
    assert.deepEqual(edited.mask.pixels, expected(edited, (x, y) => Math.hypot(x - 100, y - 100) > 10));
  }
});

test("a brush that subtracts erases", () => {
  const edited = editing();
  maskAll(edited);
  drag(edited, "brush", [p(100, 100), p(200, 100)], { mode: "subtract" });
  assert.deepEqual(edited.mask.pixels, expected(edited, (x, y) => distance(x, y, p(100, 100), p(200, 100)) > 10));
});

test("a brush that intersects keeps of the mask what it went over, in one step", () => {
  const edited = editing();
  drag(edited, "rectangle", [p(50, 50), p(250, 150)]);
  const before = edited.mask.pixels.slice();
  drag(edited, "brush", [p(20, 20), p(120, 100), p(120, 190)], { mode: "intersect" });
  const stroke = (x, y) => Math.min(distance(x, y, p(20, 20), p(120, 100)), distance(x, y, p(120, 100), p(120, 190))) <= 10;
  const isInside = (x, y) => x > 50 && x < 250 && y > 50 && y < 150 && stroke(x, y);
  assert.deepEqual(edited.mask.pixels, expected(edited, isInside));
  edited.history.undo();
  assert.deepEqual(edited.mask.pixels, before);
});

test("a brush of one pixel paints the pixel under the pointer, wherever in it the pointer is", () => {
  for (const [x, y] of [[10.01, 10.01], [10.5, 10.5], [10.99, 10.01], [10.99, 10.99]]) {
    const edited = editing(30, 30, 1);
    drag(edited, "brush", [p(x, y)]);
    assert.equal(at(edited.mask, 10, 10), 255, `${x},${y}`);
    assert.ok(edited.mask.area <= 4);
  }
});

test("a stroke that starts from an earlier point draws the straight line to it", () => {
  const edited = editing();
  drag(edited, "brush", [p(200, 100)], { from: p(40, 100) });
  assert.deepEqual(edited.mask.pixels, expected(edited, (x, y) => distance(x, y, p(40, 100), p(200, 100)) <= 10));
});

test("a pen's pressure is its width, between a tenth and all of the size", () => {
  for (const [pressure, radius] of [[0, 4], [0.5, 22], [1, 40]]) {
    const edited = editing(300, 200, 80);
    drag(edited, "brush", [p(100, 100), p(200, 100)], { pointerType: "pen", pressure });
    const isInside = (x, y) => distance(x, y, p(100, 100), p(200, 100)) <= radius;
    assert.deepEqual(edited.mask.pixels, expected(edited, isInside), `${pressure}`);
  }
});

test("pressure means nothing to a mouse, and to a pen only if it is wanted", () => {
  const mouse = editing(300, 200, 80);
  drag(mouse, "brush", [p(100, 100)], { pressure: 0.5 });
  const pen = editing(300, 200, 80);
  pen.options.pressure = false;
  drag(pen, "brush", [p(100, 100)], { pressure: 0.2, pointerType: "pen" });
  for (const { mask } of [mouse, pen]) assert.deepEqual(mask.bounds(), [60, 60, 140, 140]);
});

test("a stroke whose pressure grows widens steadily and has no gap", () => {
  const edited = editing(300, 200, 80);
  const gesture = brush(edited, p(50, 100), { ...HOW, pointerType: "pen", pressure: 0 });
  gesture.move(p(250, 100), { pressure: 1, square: false });
  gesture.end();
  const tall = (x) => Array.from({ length: 200 }, (_, y) => at(edited.mask, x, y) / 255).reduce((a, b) => a + b);
  for (let x = 51; x < 250; x++) {
    const grown = tall(x) - tall(x - 1);
    assert.ok(grown >= -1 && grown <= 6, `${x}: ${grown}`);
  }
  assert.ok(tall(50) < 24 && tall(249) >= 76, `${tall(50)} to ${tall(249)}`);
});

test("every changed pixel lies in the bounds that were told", () => {
  const edited = editing();
  drag(edited, "brush", [p(20, 20), p(120, 90)]);
  assert.deepEqual(union(edited.mask.bounds(), edited.dirty), edited.dirty);
});

// ---- shapes

const SHAPES = {
  rectangle: [[p(40.5, 30), p(200, 120.5)], (x, y) => x >= 40.5 && x < 200 && y >= 30 && y < 120.5],
  ellipse: [[p(200, 30), p(40, 120)], (x, y) => ((x - 120) / 80) ** 2 + ((y - 75) / 45) ** 2 <= 1],
  lasso: [[p(30, 20), p(220, 40.5), p(180, 170), p(60, 150)], inPolygon([p(30, 20), p(220, 40.5), p(180, 170), p(60, 150)])],
};

for (const [tool, [points, isInside]] of Object.entries(SHAPES)) {
  for (const mode of ["add", "subtract", "intersect"]) {
    test(`the ${tool} in the mode ${mode} changes exactly what lies inside`, () => {
      const edited = editing();
      drag(edited, "brush", [p(0, 0), p(300, 200)]);
      const before = edited.mask.pixels.slice();
      const was = (x, y) => before[Math.floor(y) * 300 + Math.floor(x)] > 0;
      const rules = { add: (i, w) => i || w, subtract: (i, w) => w && !i, intersect: (i, w) => i && w };
      assert.equal(drag(edited, tool, points, { mode }), true);
      assert.deepEqual(edited.mask.pixels, expected(edited, (x, y) => rules[mode](isInside(x, y), was(x, y))));
      edited.history.undo();
      assert.deepEqual(edited.mask.pixels, before);
    });
  }
}

test("a click with a box or the lasso changes nothing, not even where it intersects", () => {
  for (const tool of ["rectangle", "ellipse", "lasso"]) {
    const edited = editing();
    maskAll(edited);
    assert.equal(drag(edited, tool, [p(50, 50), p(50, 50)], { mode: "intersect" }), false);
    assert.equal(edited.mask.area, 300 * 200);
  }
});

test("with Shift a box has equal sides", () => {
  const edited = editing();
  drag(edited, "rectangle", [p(150, 100), p(90, 130)], { square: true });
  assert.deepEqual(edited.mask.bounds(), [90, 100, 150, 160]);
});

test("what is drawn of a shape goes away at its end and when it is given up", () => {
  for (const finish of ["end", "cancel"]) {
    const edited = editing();
    const gesture = rectangle(edited, p(10, 10), HOW);
    gesture.move(p(50, 60), PLAIN);
    assert.equal(edited.drawn, "M10 10H50V60H10Z");
    gesture[finish]();
    assert.equal(edited.drawn, "");
  }
});

test("a box by numbers is exact", () => {
  const edited = editing();
  assert.equal(stampBox(edited, [20, 30, 60, 45], "rectangle", "add"), true);
  assert.deepEqual([edited.mask.bounds(), edited.mask.area], [[20, 30, 60, 45], 40 * 15]);
  assert.equal(stampBox(edited, [60, 45, 60, 45], "rectangle", "intersect"), false);
});

// ---- the polygon, through the hands that hold it

function holding(edited) {
  const told = [];
  edited.gestures = new Gestures({ changed: () => told.push("changed"), busy: () => told.push("busy"), failed: (error) => told.push(error.message) });
  const press = (x, y, count = 1, how = {}) => {
    const point = p(x, y);
    const all = { ...HOW, ...how, count };
    edited.gestures.press(() => TOOLS[edited.tool ?? "polygon"](edited, point, all), point, all);
  };
  const click = (x, y, count, how) => {
    press(x, y, count, how);
    edited.gestures.release(p(x, y));
  };
  return { told, press, click, key: (key) => edited.gestures.key({ key }) };
}

const CORNERS = [p(30, 20), p(220, 40), p(180, 170), p(60, 150)];

test("a polygon is closed by Enter, a double click, or a click on its first corner", () => {
  const closings = [
    ({ key }) => key("Enter"),
    ({ click }) => click(60, 150, 2),
    ({ click }) => click(35, 24),
  ];
  for (const close of closings) {
    const edited = editing();
    const hands = holding(edited);
    for (const { x, y } of CORNERS) hands.click(x, y);
    assert.equal(edited.mask.isEmpty, true);
    close(hands);
    assert.deepEqual(edited.mask.pixels, expected(edited, inPolygon(CORNERS)));
    assert.deepEqual(hands.told, ["changed"]);
    assert.equal(edited.gestures.isOpen, false);
  }
});

test("Backspace and undo take a polygon's last corner back, and the first one ends it", () => {
  const edited = editing();
  const hands = holding(edited);
  hands.click(30, 20);
  hands.click(220, 40);
  hands.click(10, 190);
  hands.key("Backspace");
  hands.click(299, 199);
  assert.equal(edited.gestures.back(), true);
  hands.click(180, 170);
  hands.click(60, 150);
  hands.key("Enter");
  assert.deepEqual(edited.mask.pixels, expected(edited, inPolygon(CORNERS)));
  hands.click(10, 10);
  hands.key("Backspace");
  assert.equal(edited.gestures.isOpen, false);
  assert.equal(edited.gestures.back(), false);
});

test("Escape gives a polygon up, and a second finger takes back only its press", () => {
  const edited = editing();
  const hands = holding(edited);
  for (const { x, y } of CORNERS.slice(0, 3)) hands.click(x, y);
  hands.press(290, 190);
  edited.gestures.drop();
  hands.click(60, 150);
  hands.key("Enter");
  assert.deepEqual(edited.mask.pixels, expected(edited, inPolygon(CORNERS)));
  for (const { x, y } of CORNERS) hands.click(x + 5, y);
  assert.equal(hands.key("Escape"), true);
  assert.deepEqual(edited.mask.pixels, expected(edited, inPolygon(CORNERS)));
  assert.equal(edited.drawn, "");
});

test("each corner of a polygon is told to those who listen", () => {
  const edited = editing();
  const hands = holding(edited);
  hands.click(30, 20);
  hands.click(220, 40);
  assert.deepEqual(edited.said, [["polygonPoint", { count: "1" }], ["polygonPoint", { count: "2" }]]);
});

// ---- answers that are waited for

function wanding(answer) {
  const edited = editing();
  edited.tool = "wand";
  edited.asked = [];
  edited.ask = (task, message) => (edited.asked.push([task, message]), answer());
  return { edited, hands: holding(edited) };
}

const REGION = { bounds: [10, 20, 12, 21], pixels: Uint8Array.from([255, 255]) };

test("the wand asks with the pixel of the picture, and its answer is one step on the canvas", async () => {
  const { edited, hands } = wanding(async () => REGION);
  edited.work.setMargins([7, 5, 0, 0]);
  hands.click(17.9, 25.2);
  assert.deepEqual(edited.asked[0][0], "wand");
  assert.deepEqual(edited.asked[0][1].point, { x: 10, y: 20 });
  await settled();
  assert.deepEqual(hands.told, ["busy", "busy", "changed"]);
  assert.equal(at(edited.mask, 17, 25), 255);
  assert.equal(at(edited.mask, 18, 25), 255);
  assert.equal(edited.mask.area, 2 + 7 * 205 + 5 * 300);
  edited.history.undo();
  assert.equal(edited.mask.area, 7 * 205 + 5 * 300);
});

test("the wand beside the picture asks for nothing", async () => {
  const { edited, hands } = wanding(async () => REGION);
  edited.work.setMargins([7, 5, 0, 0]);
  hands.click(3, 100);
  await settled();
  assert.deepEqual(edited.asked, []);
  assert.equal(edited.history.isOpen, false);
});

test("an answer that comes after Escape or another press changes nothing", async () => {
  for (const interrupt of [({ key }) => key("Escape"), ({ click }) => click(299, 199)]) {
    let answered = () => {};
    const answers = [new Promise((resolve) => (answered = () => resolve(REGION))), Promise.resolve(null)];
    const { edited, hands } = wanding(() => answers.shift());
    hands.click(10, 20);
    assert.equal(edited.gestures.isBusy, true);
    interrupt(hands);
    answered();
    await settled();
    assert.equal(edited.mask.isEmpty, true);
    assert.equal(edited.gestures.isBusy, false);
    assert.equal(hands.told.includes("changed"), false);
  }
});

test("a failure is told, and the next press works", async () => {
  const answers = [() => Promise.reject(new Error("no luck")), async () => REGION];
  const { edited, hands } = wanding(() => answers.shift()());
  hands.click(10, 20);
  await settled();
  assert.deepEqual(hands.told, ["busy", "no luck", "busy"]);
  hands.click(10, 20);
  await settled();
  assert.equal(edited.mask.area, 2);
});

test("a large region takes several frames, and giving it up puts everything back", async () => {
  const edited = editing(3000, 3000);
  const pixels = new Uint8Array(3000 * 3000).map((_, i) => (i % 3 ? 255 : 0));
  const canceling = new AbortController();
  let frames = 0;
  globalThis.requestAnimationFrame = (then) => {
    frames += 1;
    if (frames === 2) canceling.abort();
    setTimeout(then, 0);
  };
  const done = await combined(edited, { bounds: [0, 0, 3000, 3000], pixels }, "add", canceling.signal);
  globalThis.requestAnimationFrame = (then) => setTimeout(then, 0);
  assert.equal(done, false);
  assert.ok(frames >= 2);
  assert.equal(edited.mask.area, 0);
  assert.equal(edited.mask.pixels.indexOf(255), -1);
  assert.equal(edited.history.isOpen, false);
});

test("a region of the picture lies by the margins further on the canvas", () => {
  assert.deepEqual(onCanvas(REGION, [3, 4, 5, 6]).bounds, [13, 24, 15, 25]);
});

// ---- commands

test("clearing an empty mask is no step, and clearing can be undone", () => {
  const edited = editing();
  assert.equal(clearMask(edited), false);
  drag(edited, "brush", [p(50, 60)]);
  const before = edited.mask.pixels.slice();
  clearMask(edited);
  assert.ok(edited.mask.isEmpty);
  edited.history.undo();
  assert.deepEqual(edited.mask.pixels, before);
});

test("inverting and clearing leave what is new masked", () => {
  const edited = editing();
  edited.work.setMargins([10, 0, 0, 0]);
  const isNew = (x) => x < 10;
  invertMask(edited);
  assert.equal(edited.mask.area, 310 * 200);
  clearMask(edited);
  assert.deepEqual(edited.mask.pixels, expected(edited, isNew));
  assert.equal(edited.mask.area, 10 * 200);
});

test("random gestures with every tool in every mode are undone to the last byte", () => {
  const seeded = random(4);
  const whole = (below) => Math.floor(seeded() * below);
  const spot = () => p(whole(460) - 30, whole(360) - 30);
  for (let round = 0; round < 6; round++) {
    const edited = editing(400, 300, 10 + whole(60));
    const states = [edited.mask.pixels.slice()];
    while (states.length < 55) {
      const tool = ["brush", "eraser", "rectangle", "ellipse", "lasso", "brush"][whole(6)];
      const mode = ["add", "add", "add", "subtract", "intersect"][whole(5)];
      const points = Array.from({ length: 2 + whole(6) }, spot);
      const done = whole(12) ? drag(edited, tool, points, { mode, pointerType: whole(2) ? "pen" : "mouse", pressure: seeded() }) : invertMask(edited);
      assert.equal(edited.history.isOpen, false);
      if (done) states.push(edited.mask.pixels.slice());
      else assert.deepEqual(edited.mask.pixels, states[states.length - 1]);
    }
    for (let i = states.length - 2; i >= 0; i--) {
      edited.history.undo();
      assert.deepEqual(edited.mask.pixels, states[i], `round ${round}, undo to ${i}`);
    }
    assert.equal(edited.mask.area, 0);
  }
});

// ---- sizes

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

function inPolygon(corners) {
  return (x, y) => {
    let isInside = false;
    corners.forEach((a, i) => {
      const b = corners[(i + 1) % corners.length];
      if (a.y > y !== b.y > y && x >= a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x)) isInside = !isInside;
    });
    return isInside;
  };
}

function settled() {
  return new Promise((resolve) => setTimeout(resolve, 5));
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

test("undoing while an answer is waited for gives up that alone", async () => {
  const told = [];
  const gestures = new Gestures({ changed: () => told.push("changed"), busy: () => told.push("busy"), failed: () => told.push("failed") });
  let isCanceled = false;
  const waiting = gestures.wait({ cancel: () => (isCanceled = true) }, new Promise((resolve) => setTimeout(() => resolve(true), 5)));
  assert.equal(gestures.back(), true);
  assert.equal(await waiting, false);
  assert.deepEqual([isCanceled, gestures.isBusy, told], [true, false, ["busy", "busy"]]);
  assert.equal(gestures.back(), false, "the next undo is the history's");
});

test("a part of the mask is copied whole, with frames between its strips", async (context) => {
  const { work } = editing(40, 1300);
  for (let i = 0; i < work.mask.pixels.length; i += 7) work.mask.pixels[i] = 255;
  const [now, frame] = [performance.now, globalThis.requestAnimationFrame];
  context.after(() => Object.assign(globalThis, { requestAnimationFrame: frame }) && (performance.now = now));
  let [time, frames] = [0, 0];
  performance.now = () => (time += 20); // a slow machine
  globalThis.requestAnimationFrame = (then) => setTimeout(then, 0, (frames += 1));
  const bounds = [3, 5, 31, 1290];
  const pixels = await copied(work.mask, bounds);
  assert.deepEqual(pixels, work.mask.copy(bounds));
  assert.equal(frames, 3);
});
