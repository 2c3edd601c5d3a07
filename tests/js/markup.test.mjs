import assert from "node:assert/strict";
import { test } from "node:test";
import {
  areMarks,
  boundsOf,
  firstStyle,
  handlesOf,
  hit,
  lengthOf,
  markInWords,
  moved,
  penAt,
  restyled,
  toSvg,
  writable,
} from "../../static/editor/markup.js";

const ARROW = { kind: "arrow", from: [10, 20.5], to: [110, -20], width: 8, colour: "#ff3b30" };
const CIRCLE = { kind: "circle", bounds: [20, 30, 180, 130], width: 6.5, colour: "#ffd60a" };
const LINE = { kind: "line", points: [[10, 10], [60, 90], [110, 10]], width: 12, colour: "#0090ff" };
const TEXT = { kind: "text", at: [20, 40], text: "Größer, bitte", size: 24, colour: "#ffffff" };
const ALL = [ARROW, CIRCLE, LINE, TEXT];

/** The same on every run. */
function random(seed) {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

test("marks as the tools make them are taken", () => {
  assert.equal(areMarks(ALL), true);
  assert.equal(areMarks([]), true);
});

const without = ({ width, ...rest }) => rest;
const RUBBISH = [
  null, {}, "arrow", [null], [[]], ["line"], [{}], [{ kind: "square" }], [{ kind: "toString" }],
  [{ ...ARROW, more: 1 }], [{ ...TEXT, width: 3 }], [without(ARROW)], [{ ...ARROW, from: [1] }],
  [{ ...ARROW, from: [1, 2, 3] }], [{ ...ARROW, from: "12" }], [{ ...ARROW, from: [NaN, 2] }],
  [{ ...ARROW, from: [Infinity, 2] }], [{ ...ARROW, from: [1e30, 2] }], [{ ...ARROW, from: [0.25, 2] }],
  [{ ...ARROW, from: ["1", 2] }], [{ ...ARROW, width: 0 }], [{ ...ARROW, width: 1e9 }],
  [{ ...ARROW, colour: "red" }], [{ ...ARROW, colour: "#FF0000" }], [{ ...ARROW, colour: 255 }],
  [{ ...CIRCLE, bounds: [20, 30, 10, 130] }], [{ ...CIRCLE, bounds: [1, 2, 3] }], [{ ...LINE, points: [] }],
  [{ ...LINE, points: [[1, 2], [3]] }], [{ ...LINE, points: "ab" }], [{ ...TEXT, text: "" }],
  [{ ...TEXT, text: "  " }], [{ ...TEXT, text: 5 }], [{ ...TEXT, text: "a\nb" }], [{ ...TEXT, text: "\ud800" }],
  [{ ...TEXT, size: 0 }], [{ ...TEXT, text: "m".repeat(201) }], Array(201).fill(ARROW),
  [{ ...LINE, points: Array(10_001).fill([1, 2]) }], Array(182).fill({ ...TEXT, text: "m".repeat(11) }),
];

test("what the server would refuse is refused", () => {
  for (const marks of RUBBISH) assert.equal(areMarks(marks), false, JSON.stringify(marks)?.slice(0, 80));
});

test("what is typed becomes a text that can be kept", () => {
  assert.equal(writable("  two\nlines\u2028and\ta tab "), "two lines and a tab");
  assert.equal([...writable("😀".repeat(300))].length, 200);
  assert.equal(areMarks([{ ...TEXT, text: writable("a\u0000b\ud800") }]), true);
});

test("a mark is hit on its line and beside it, not inside of it", () => {
  assert.equal(hit(ALL.slice(0, 2), { x: 20, y: 80 }, 2), CIRCLE);
  assert.equal(hit([CIRCLE], { x: 100, y: 80 }, 10), null);
  assert.equal(hit([ARROW], { x: 60, y: 0.25 }, 0), ARROW);
  assert.equal(hit([ARROW], { x: 60, y: 14 }, 4), null);
  assert.equal(hit([ARROW], { x: 60, y: 14 }, 12), ARROW);
  assert.equal(hit([LINE], { x: 35, y: 50 }, 0), LINE);
  assert.equal(hit([TEXT], { x: 30, y: 50 }, 0), TEXT);
  assert.equal(hit([TEXT], { x: 600, y: 50 }, 0), null);
});

test("of two marks the upper one is hit", () => {
  const above = { ...LINE, colour: "#000000" };
  assert.equal(hit([LINE, above], { x: 10, y: 10 }, 0), above);
});

test("moving a mark moves all of it, and there and back is where it was", () => {
  for (const mark of ALL) {
    const [left, top, right, bottom] = boundsOf(mark);
    const there = moved(mark, 12.3, -45.6);
    boundsOf(there).forEach((at, i) => assert.ok(Math.abs(at - [left + 12.3, top - 45.6, right + 12.3, bottom - 45.6][i]) < 0.2));
    assert.deepEqual(moved(there, -12.3, 45.6), mark);
    assert.equal(areMarks([there]), true);
  }
});

test("a mark stays within what can be kept, wherever it is dragged", () => {
  for (const mark of ALL) assert.equal(areMarks([moved(mark, 1e7, -1e7)]), true);
});

test("handles drag ends and corners", () => {
  const [from, to] = handlesOf(ARROW);
  assert.deepEqual([from.at, to.at], [ARROW.from, ARROW.to]);
  assert.deepEqual(to.drag([5, 6]), { ...ARROW, to: [5, 6] });
  const corner = handlesOf(CIRCLE)[2];
  assert.deepEqual(corner.drag([10, 20]).bounds, [10, 20, 20, 30]);
});

test("restyling changes what the mark has, within the limits", () => {
  assert.equal(restyled(ARROW, "markColour", "#111111").colour, "#111111");
  assert.equal(restyled(ARROW, "markWidth", 3.14159).width, 3.1);
  assert.equal(restyled(TEXT, "textSize", 1e9).size, 4000);
  assert.equal(restyled(TEXT, "markWidth", 5), TEXT);
  assert.equal(restyled(ARROW, "markWidth", 8), ARROW);
});

test("a freehand line stays within its slack of what was drawn, with far fewer points", () => {
  const next = random(7);
  for (const slack of [0.4, 2]) {
    const drawn = [[0, 0]];
    const pen = penAt([0, 0], slack);
    let [x, y, angle] = [0, 0, 0];
    for (let i = 0; i < 5000; i++) {
      angle += (next() - 0.5) * 0.4;
      [x, y] = [x + 1.5 * Math.cos(angle), y + 1.5 * Math.sin(angle)];
      drawn.push([x, y]);
      pen.add([x, y]);
    }
    const kept = pen.points();
    assert.ok(kept.length < drawn.length / 2.5, `${kept.length} of ${drawn.length}`);
    assert.deepEqual(kept.at(-1), drawn.at(-1));
    assert.ok(farthest(drawn, kept) <= slack * 1.0001, `${farthest(drawn, kept)}`);
  }
});

test("a freehand line that turns round on itself keeps its tip", () => {
  const pen = penAt([0, 0], 0.5);
  for (const x of [10, 20, 30, 20, 10, 5]) pen.add([x, 0]);
  assert.deepEqual(pen.points(), [[0, 0], [30, 0], [5, 0]]);
});

test("a hundred thousand points are taken in a moment, and few of a straight line are kept", () => {
  const pen = penAt([0, 0], 0.4);
  const from = performance.now();
  for (let i = 1; i <= 100_000; i++) pen.add([i / 50, i / 75]);
  assert.ok(performance.now() - from < 500);
  assert.ok(pen.points().length <= 2501);
});

/** How far the points that were drawn are from the line that was kept, at most. */
function farthest(drawn, kept) {
  const strokes = kept.slice(1).map((to, i) => [kept[i], to]);
  return Math.max(...drawn.map(([x, y]) => Math.min(...strokes.map(([from, to]) => away(from, to, x, y)))));
}

function away([ax, ay], [bx, by], x, y) {
  const [dx, dy] = [bx - ax, by - ay];
  const at = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(x - ax - at * dx, y - ay - at * dy);
}

test("every mark is drawn twice, its outline below and wider", () => {
  for (const mark of ALL.slice(0, 3)) {
    const [[tag, rim], [same, line]] = toSvg(mark);
    assert.equal(tag, same);
    assert.equal(line["stroke-width"], mark.width);
    assert.ok(rim["stroke-width"] >= mark.width + 2);
    assert.equal(line.stroke, mark.colour);
  }
});

test("a long line is drawn in runs that hang together, all outlines below", () => {
  const points = Array.from({ length: 450 }, (_, i) => [i, i % 7]);
  const parts = toSvg({ ...LINE, points });
  assert.deepEqual(parts.map(([, { stroke }]) => stroke === LINE.colour), [false, false, false, true, true, true]);
  const runs = parts.slice(3).map(([, shape]) => shape.points.split(" "));
  assert.equal(runs[0].at(-1), runs[1][0]);
  assert.equal(runs.flat().length, 450 + 2);
  assert.equal(toSvg({ ...LINE, points: [[3, 4]] })[0][1].points, "3,4 3,4");
});

test("the outline is light around dark colours", () => {
  const rim = (colour) => toSvg({ ...ARROW, colour })[0][1].stroke;
  assert.notEqual(rim("#111111"), rim("#ffffff"));
  assert.equal(rim("#0090ff"), rim("#ffffff"));
});

test("a text is as wide as the server's letters, where that is known", () => {
  assert.ok(Math.abs(lengthOf("Hello World") - 5.64) < 0.05);
  assert.equal(lengthOf("é"), lengthOf("e"));
  assert.equal(lengthOf("好"), 1.025);
  assert.equal(lengthOf("שלום"), null);
  assert.equal("textLength" in toSvg({ ...TEXT, text: "שלום" })[0][1], false);
});

test("marks are told in words", () => {
  const words = { markArrow: "Arrow to {x}, {y}", markCircle: "Circle around {x}, {y}", markText: "Text “{text}” at {x}, {y}" };
  assert.equal(markInWords(ARROW, words), "Arrow to 110, -20");
  assert.equal(markInWords(CIRCLE, words), "Circle around 100, 80");
  assert.equal(markInWords(TEXT, words), "Text “Größer, bitte” at 20, 40");
});

test("first sizes can be seen on any picture", () => {
  for (const width of [64, 1024, 8660]) {
    const { markWidth, textSize } = firstStyle({ width, height: width / 2 });
    assert.equal(areMarks([{ ...ARROW, width: markWidth }, { ...TEXT, size: textSize }]), true);
    assert.ok(markWidth >= 2 && textSize >= 12);
  }
  assert.ok(firstStyle({ width: 8660, height: 5774 }).textSize > 200);
});
