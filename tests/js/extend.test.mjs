import assert from "node:assert/strict";
import { test } from "node:test";
import { placeOf, wordsFor } from "../../static/editor/cursor-words.js";
import { cursorOf, dragged, extend, gripAt, gripsPath, limited, marginsFor } from "../../static/editor/extend.js";
import { Work } from "../../static/editor/work.js";

const PICTURE = { width: 640, height: 480 };

test("edges and corners are held from outside and from a little inside", () => {
  const grips = [[[5, 240], -1, 0], [[-300, 240], -1, 0], [[630, 470], 1, 1], [[320, 500], 0, 1], [[-9, -9], -1, -1], [[700, 3], 1, -1]];
  for (const [[x, y], across, down] of grips) {
    assert.deepEqual(gripAt({ x, y }, PICTURE, 1), { x: across, y: down }, `${x},${y}`);
  }
  assert.equal(gripAt({ x: 320, y: 240 }, PICTURE, 1), null);
  assert.equal(gripAt({ x: 30, y: 240 }, PICTURE, 1), null);
  assert.deepEqual(gripAt({ x: 30, y: 240 }, PICTURE, 0.5), { x: -1, y: 0 });
});

test("a canvas that is small on screen still has a middle that holds nothing", () => {
  assert.equal(gripAt({ x: 320, y: 240 }, PICTURE, 0.01), null);
});

test("the cursor tells which way an edge goes", () => {
  assert.equal(cursorOf({ x: -1, y: 0 }), "ew-resize");
  assert.equal(cursorOf({ x: 1, y: 1 }), "nwse-resize");
  assert.equal(cursorOf({ x: 1, y: -1 }), "nesw-resize");
  assert.equal(cursorOf(null), "grab");
});

test("grips lie at the corners and in the middle of each edge, alike at every zoom", () => {
  const path = gripsPath([0, 0, 1000, 800], 0.5);
  const lines = [...path.matchAll(/M([^M ]+) ([^M ]+)([hv])([^M ]+)/g)].map(([, x, y, way, length]) => [Number(x), Number(y), way, Number(length)]);
  assert.deepEqual(lines.filter(([x, , way]) => x === 0 && way === "v"), [[0, 0, "v", 52], [0, 348, "v", 104], [0, 800, "v", -52]]);
  assert.deepEqual(lines.filter(([, y, way]) => y === 800 && way === "h"), [[0, 800, "h", 52], [448, 800, "h", 104], [1000, 800, "h", -52]]);
  assert.equal(lines.length, 12);
});

test("only the edges that are held move, and never into the picture", () => {
  assert.deepEqual(dragged([10, 20, 30, 40], { x: -1, y: 0 }, { x: -15, y: 99 }), [25, 20, 30, 40]);
  assert.deepEqual(dragged([10, 20, 30, 40], { x: 1, y: 1 }, { x: 5, y: -90 }), [10, 20, 35, 0]);
  assert.deepEqual(dragged([0, 0, 0, 0], { x: -1, y: -1 }, { x: -4, y: -9 }, 6), [0, 9, 0, 0]);
});

test("an aspect is reached by the smallest canvas around the picture", () => {
  for (const aspect of [1, 4 / 3, 16 / 9, 9 / 16, 21 / 9, 2 / 3]) {
    for (const picture of [PICTURE, { width: 480, height: 641 }, { width: 1, height: 900 }]) {
      const margins = marginsFor(picture, aspect);
      const [width, height] = [picture.width + margins[0] + margins[2], picture.height + margins[1] + margins[3]];
      assert.ok(Math.abs(width - height * aspect) <= Math.max(1, aspect) / 2 + 1e-9, `${width}x${height} for ${aspect}`);
      assert.ok(width === picture.width || height === picture.height);
      assert.ok(Math.abs(margins[0] - margins[2]) <= 1 && Math.abs(margins[1] - margins[3]) <= 1);
    }
  }
});

test("margins that the server would refuse are not taken", () => {
  assert.deepEqual(limited([0, 0, 100_000, 0], PICTURE, [1, 2, 3, 4]), [1, 2, 3, 4]);
  assert.deepEqual(limited([0, 0, 29_500, 0], PICTURE, [1, 2, 3, 4]), [1, 2, 3, 4]);
  assert.deepEqual(limited([0, 9_000, 9_000, 0], PICTURE, [1, 2, 3, 4]), [1, 2, 3, 4]);
  assert.deepEqual(limited([50, 0, 0, 9], PICTURE, [1, 2, 3, 4]), [50, 0, 0, 9]);
  assert.deepEqual(limited([0, 0, 0, 0], { width: 9000, height: 9000 }, [1, 2, 3, 4]), [0, 0, 0, 0]);
});

function editing() {
  const work = new Work(PICTURE);
  const shown = { path: "", text: "", pans: [] };
  const outline = () => ({ draw: (path) => (shown.path = path()), label: (text) => (shown.text = text), remove: () => (shown.path = "") });
  const surface = { cssPerPixel: 1, view: { scale: 2 }, pan: (...way) => shown.pans.push(way) };
  return { work, shown, outline, surface };
}

test("a drag shows the canvas that comes of it, and its end is one step", () => {
  const edited = editing();
  const gesture = extend(edited, { x: 2, y: 3 });
  gesture.move({ x: -98, y: -47.4 });
  assert.deepEqual(edited.shown, { path: "M-100 -50H640V480H-100Z", text: "740 × 530", pans: [] });
  assert.equal(edited.work.isExtended, false);
  assert.equal(gesture.end(), true);
  assert.deepEqual(edited.work.margins, [100, 50, 0, 0]);
  edited.work.history.undo();
  assert.deepEqual(edited.work.margins, [0, 0, 0, 0]);
  assert.equal(edited.work.history.canUndo, false);
});

test("a drag of the middle moves the picture, and one that is given up changes nothing", () => {
  const edited = editing();
  extend(edited, { x: 300, y: 200 }).move({ x: 310, y: 195 });
  assert.deepEqual(edited.shown.pans, [[20, -10]]);
  const gesture = extend(edited, { x: 2, y: 240 });
  gesture.move({ x: -98, y: 240 });
  gesture.cancel();
  assert.equal(edited.work.isExtended, false);
  assert.equal(edited.shown.path, "");
});

// ---- words

const WORDS = {
  noMask: "none", maskShare: "{percent} %", maskPlace: "{mask}, {place}", placeLeft: "left", placeAll: "everywhere",
  where: "{x}|{y}", whereMasked: "{x}|{y} masked", whereOutside: "outside",
};

test("where the mask is, is told by the middle of its bounds", () => {
  const size = { width: 300, height: 300 };
  const places = {
    placeMiddle: [120, 130, 180, 190], placeLeft: [60, 120, 140, 180], placeRight: [200, 100, 290, 200], placeTop: [100, 0, 200, 50],
    placeBottom: [140, 200, 150, 290], placeTopLeft: [0, 0, 20, 20], placeTopRight: [280, 0, 300, 20], placeBottomLeft: [0, 200, 20, 300],
    placeBottomRight: [250, 250, 260, 260], placeAll: [5, 5, 290, 290],
  };
  for (const [place, bounds] of Object.entries(places)) assert.equal(placeOf(bounds, size), place);
});

test("neither a trace of a mask nor all but a trace is rounded away", () => {
  const { share, mask } = wordsFor(WORDS, "en");
  assert.deepEqual([0, 0.0001, 0.0964, 0.9999, 1].map(share), ["none", "< 0.1 %", "9.6 %", "> 99.9 %", "100 %"]);
  assert.equal(mask(0.0964, [60, 120, 140, 180], { width: 300, height: 300 }), "9.6 %, left");
  assert.equal(mask(0, null, { width: 300, height: 300 }), "none");
});

test("where the cursor is, is told with what is there", () => {
  const { where } = wordsFor(WORDS, "en");
  assert.equal(where({ x: 12, y: 1034 }, false, true), "12|1,034");
  assert.equal(where({ x: 12, y: 34 }, true, true), "12|34 masked");
  assert.equal(where({ x: -12, y: 34 }, false, false), "outside");
});
