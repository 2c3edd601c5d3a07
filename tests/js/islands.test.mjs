import assert from "node:assert/strict";
import { test } from "node:test";
import { islands } from "../../static/editor/islands.js";
import { Mask } from "../../static/editor/mask.js";

/** @param {number[][]} boxes to be masked */
function masked(width, height, boxes) {
  const mask = new Mask(width, height);
  for (const [left, top, right, bottom] of boxes) {
    for (let y = top; y < bottom; y++) mask.pixels.fill(255, y * width + left, y * width + right);
  }
  mask.counts.forEach((_, tile) => mask.recount(tile));
  return mask;
}

test("nothing masked has no islands, and everything is one", () => {
  assert.deepEqual(islands(new Mask(700, 500)), []);
  assert.deepEqual(islands(masked(701, 503, [[0, 0, 701, 503]])), [[0, 0, 701, 503]]);
});

test("islands far apart are told with their exact bounds, the largest first", () => {
  const boxes = [[700, 300, 733, 311], [10, 20, 200, 333], [1290, 995, 1291, 999]];
  assert.deepEqual(islands(masked(1291, 999, boxes)), [[10, 20, 200, 333], [700, 300, 733, 311], [1290, 995, 1291, 999]]);
});

test("islands in touching cells are one, also over a corner; a free cell parts them", () => {
  assert.deepEqual(islands(masked(500, 500, [[60, 60, 62, 62], [126, 126, 127, 127]])), [[60, 60, 127, 127]]);
  assert.equal(islands(masked(500, 500, [[60, 60, 62, 62], [128, 60, 130, 62]])).length, 2);
});

test("an island within a ring's bounds is one with the ring", () => {
  const ring = [[0, 0, 900, 20], [0, 880, 900, 900], [0, 0, 20, 900], [880, 0, 900, 900]];
  assert.deepEqual(islands(masked(1000, 1000, [...ring, [440, 440, 460, 460]])), [[0, 0, 900, 900]]);
});

test("edges are exact where an island is concave and another one lies in its arm", () => {
  const boxes = [[5, 5, 400, 30], [5, 5, 30, 400], [333, 333, 444, 444]];
  assert.deepEqual(islands(masked(600, 600, boxes)), [[5, 5, 444, 444]]);
});

test("of too many the smallest become one with what is nearest, and none is lost", () => {
  const dots = [];
  for (let row = 0; row < 10; row++) {
    for (let column = 0; column < 10; column++) dots.push([column * 200, row * 200, column * 200 + 10, row * 200 + 10]);
  }
  const mask = masked(2000, 2000, dots);
  const boxes = islands(mask);
  assert.ok(boxes.length > 1 && boxes.length <= 32, `${boxes.length}`);
  for (const [left, top, right, bottom] of dots) {
    assert.ok(boxes.some((box) => box[0] <= left && box[1] <= top && box[2] >= right && box[3] >= bottom));
  }
  boxes.forEach((one, i) => boxes.slice(i + 1).forEach((other) =>
    assert.ok(one[2] <= other[0] || other[2] <= one[0] || one[3] <= other[1] || other[3] <= one[1])));
});

test("it takes a few milliseconds at 24 megapixels", () => {
  const mask = masked(6000, 4000, []);
  for (const [x, y, radius] of [[900, 900, 500], [4800, 3000, 700], [3000, 500, 60]]) {
    mask.fillCapsule({ x, y }, { x: x + 200, y: y + 90 }, radius, 255);
  }
  mask.counts.forEach((_, tile) => mask.recount(tile));
  islands(mask);
  const times = [1, 2, 3, 4, 5].map(() => {
    const start = performance.now();
    assert.equal(islands(mask).length, 3);
    return performance.now() - start;
  });
  assert.ok(Math.min(...times) < 16, `${Math.min(...times)} ms`);
});
