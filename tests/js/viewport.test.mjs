import assert from "node:assert/strict";
import { test } from "node:test";
import { CHANGE, Mask } from "../../static/editor/mask.js";
import {
  MaskPicture,
  fit,
  kept,
  levelFor,
  nextScale,
  panned,
  toPicture,
  toSurface,
  zoomed,
} from "../../static/editor/viewport.js";

const SURFACE = { width: 1000, height: 800 };
const PICTURE = { width: 3000, height: 2000 };
const MARGINS = { left: 20, top: 30, right: 20, bottom: 90 };
const INKS = { tint: 1, light: 2, dark: 3 };
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
  const before = toPicture(view, 333, 444);
  view = zoomed(view, 5, 333, 444);
  const after = toPicture(view, 333, 444);
  close(before.x, after.x);
  close(before.y, after.y);
  assert.equal(view.scale, 5);
});

test("the middle of the surface never leaves the picture", () => {
  for (const [dx, dy] of [[9000, 9000], [-9000, 9000], [9000, -9000], [-9000, -9000]]) {
    const view = kept(panned(fit(SURFACE, PICTURE, MARGINS), dx, dy), SURFACE, PICTURE, 0.1);
    const { x, y } = toPicture(view, 500, 400);
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

test("the drawn level is the smallest that is sharp enough", () => {
  const levels = [3000, 1500, 750].map((width) => ({ width, height: width }));
  assert.equal(levelFor(levels, PICTURE, 0.2).width, 750);
  assert.equal(levelFor(levels, PICTURE, 0.25).width, 750);
  assert.equal(levelFor(levels, PICTURE, 0.3).width, 1500);
  assert.equal(levelFor(levels, PICTURE, 4).width, 3000);
});

function coloursOf(picture) {
  const { colours, width, height } = picture;
  return Array.from({ length: height }, (_, y) => [...colours.subarray(y * width, (y + 1) * width)]);
}

function square(size, left, top, right, bottom) {
  const mask = new Mask(size, size);
  for (let y = top; y < bottom; y++) mask.pixels.fill(CHANGE, y * size + left, y * size + right);
  return mask;
}

test("inside is tinted, the rim is outlined on both sides, outside is clear", () => {
  const picture = new MaskPicture({ width: 20, height: 20 }, 1);
  picture.look({ left: 0, top: 0, scale: 1 }, { width: 20, height: 20 });
  picture.paint(square(20, 6, 6, 14, 14), [0, 0, 20, 20], INKS);
  const rows = coloursOf(picture);
  assert.equal(rows[10][10], INKS.tint);
  assert.equal(rows[10][5], INKS.dark);
  assert.ok([INKS.light, INKS.dark].includes(rows[10][6]));
  assert.equal(rows[10][7], INKS.tint);
  assert.equal(rows[10][4], 0);
  const rim = [...Array(8).keys()].map((i) => rows[6][6 + i]);
  assert.ok(rim.includes(INKS.light));
});

test("a mask that runs out of the surface has no outline along the surface's rim", () => {
  const picture = new MaskPicture({ width: 10, height: 10 }, 1);
  picture.look({ left: -20, top: -20, scale: 1 }, { width: 60, height: 60 });
  picture.paint(square(60, 0, 0, 60, 60), [0, 0, 60, 60], INKS);
  assert.ok(picture.colours.every((colour) => colour === INKS.tint));
});

for (const scale of [0.13, 0.5, 1, 3.7]) {
  test(`painting only what changed, at scale ${scale}, gives the picture that painting all gives`, () => {
    const view = { left: 3.4, top: -7.8, scale };
    const make = () => {
      const picture = new MaskPicture({ width: 120, height: 90 }, 1);
      picture.look(view, { width: 300, height: 300 });
      return picture;
    };
    const mask = new Mask(300, 300);
    const part = make();
    part.paint(mask, mask.everything, INKS);
    for (const [from, to, value] of [
      [{ x: 20, y: 20 }, { x: 110, y: 90 }, 255],
      [{ x: 60, y: 50 }, { x: 65, y: 95 }, 0],
    ]) {
      mask.fillCapsule(from, to, 14, value);
      part.paint(mask, mask.capsuleBounds(from, to, 14), INKS);
    }
    const whole = make();
    whole.paint(mask, mask.everything, INKS);
    assert.ok(whole.colours.some((colour) => colour === INKS.tint));
    assert.deepEqual(part.colours, whole.colours);
  });
}

test("a change beyond the surface paints nothing", () => {
  const picture = new MaskPicture({ width: 10, height: 10 }, 1);
  picture.look({ left: 0, top: 0, scale: 1 }, { width: 300, height: 300 });
  assert.equal(picture.paint(square(300, 100, 100, 120, 120), [100, 100, 120, 120], INKS), null);
});
