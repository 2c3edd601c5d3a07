import assert from "node:assert/strict";
import { test } from "node:test";
import {
  fit,
  kept,
  nextScale,
  panned,
  snapped,
  toCanvas,
  toSurface,
  zoomed,
} from "../../static/editor/viewport.js";

const SURFACE = { width: 1000, height: 800 };
const PICTURE = { width: 3000, height: 2000 };
const MARGINS = { left: 20, top: 30, right: 20, bottom: 90 };
const close = (a, b) => assert.ok(Math.abs(a - b) < 1e-6, `${a} is not ${b}`);

test("a fitted picture is as large as its margins allow, and in their middle", () => {
  const view = fit(SURFACE, PICTURE, MARGINS);
  close(view.scale, 0.32);
  assert.deepEqual(toSurface(view, [0, 0, 3000, 2000]), [20, 50, 980, 690]);
});

test("a tiny picture is not magnified without end", () => {
  assert.equal(fit(SURFACE, { width: 4, height: 4 }, MARGINS).scale, 32);
});

test("zooming keeps the spot under the pointer", () => {
  let view = fit(SURFACE, PICTURE, MARGINS);
  const before = toCanvas(view, 333, 444);
  view = zoomed(view, 5, 333, 444);
  const after = toCanvas(view, 333, 444);
  close(before.x, after.x);
  close(before.y, after.y);
  assert.equal(view.scale, 5);
});

test("the middle of the surface never leaves the picture", () => {
  for (const [dx, dy] of [[9000, 9000], [-9000, 9000], [9000, -9000], [-9000, -9000]]) {
    const view = kept(panned(fit(SURFACE, PICTURE, MARGINS), dx, dy), SURFACE, PICTURE, 0.1);
    const { x, y } = toCanvas(view, 500, 400);
    assert.ok(x >= -1e-6 && x <= 3000 + 1e-6 && y >= -1e-6 && y <= 2000 + 1e-6, `${x},${y}`);
  }
});

test("the scale stays between the smallest and 32", () => {
  const view = fit(SURFACE, PICTURE, MARGINS);
  assert.equal(kept(zoomed(view, 400, 0, 0), SURFACE, PICTURE, 0.1).scale, 32);
  assert.equal(kept(zoomed(view, 0.001, 0, 0), SURFACE, PICTURE, 0.1).scale, 0.1);
});

test("zoom steps go to the next round scale, both ways", () => {
  assert.equal(nextScale(0.31, 1), 0.33);
  assert.equal(nextScale(0.31, -1), 0.25);
  assert.equal(nextScale(1, 1), 1.5);
  assert.equal(nextScale(1, -1), 0.67);
  assert.equal(nextScale(32, 1), 32);
});

test("what is drawn begins on a whole pixel, and is no larger for it", () => {
  assert.deepEqual(snapped({ left: 3.4, top: -7.6, scale: 2.5 }), { left: 3, top: -8, scale: 2.5 });
});
