import assert from "node:assert/strict";
import { test } from "node:test";
import { FIRST_LOOK, automaticEdge, inksOf } from "../../static/editor/looks.js";
import { CHANGE, Mask } from "../../static/editor/mask.js";
import { MaskPicture } from "../../static/editor/overlay.js";

const INKS = {
  kept: new Uint32Array(256).map((_, shade) => (shade ? 1000 + shade : 0)),
  painted: new Uint32Array(256).map((_, shade) => 2000 + shade),
  light: 2,
  dark: 3,
  dot: 4,
  outline: true,
};
const PLAIN = { grow: 0, feather: 0 };
const TINT = INKS.painted[255];

function shown(mask, { size, view, unit = 1, edge = PLAIN, inks = INKS, ants = null }) {
  const picture = new MaskPicture(size, unit);
  picture.look(view, mask, edge);
  paint(picture, mask, mask.everything, inks, ants);
  return picture;
}

function paint(picture, mask, bounds, inks = INKS, ants = null) {
  const cells = picture.sample(mask, bounds);
  const measured = cells && picture.measure(cells);
  return measured && picture.colour(measured, inks, 0, ants);
}

function rowsOf({ colours, width, height }) {
  return Array.from({ length: height }, (_, y) => [...colours.subarray(y * width, (y + 1) * width)]);
}

function square(size, left, top, right, bottom) {
  const mask = new Mask(size, size);
  for (let y = top; y < bottom; y++) mask.pixels.fill(CHANGE, y * size + left, y * size + right);
  return mask;
}

const ACTUAL = { left: 0, top: 0, scale: 1 };

test("inside is tinted, the rim is outlined on both sides, outside is clear", () => {
  const rows = rowsOf(shown(square(20, 6, 6, 14, 14), { size: { width: 20, height: 20 }, view: ACTUAL }));
  assert.equal(rows[10][10], TINT);
  assert.equal(rows[10][5], INKS.dark);
  assert.ok([INKS.light, INKS.dark].includes(rows[10][6]));
  assert.equal(rows[10][7], TINT);
  assert.equal(rows[10][4], 0);
  const rim = [...Array(8).keys()].map((i) => rows[6][6 + i]);
  assert.ok(rim.includes(INKS.light) && rim.includes(INKS.dark));
});

test("a mask that runs out of the surface has no outline along the surface's rim", () => {
  const view = { left: -20, top: -20, scale: 1 };
  const picture = shown(square(60, 0, 0, 60, 60), { size: { width: 10, height: 10 }, view });
  assert.ok(picture.colours.every((colour) => colour === TINT));
});

/** Distances as they are defined. */
function grownByHand(mask, radius) {
  const { width, height, pixels } = mask;
  const set = [...pixels.keys()].filter((i) => pixels[i]).map((i) => [i % width, Math.floor(i / width)]);
  return Array.from({ length: width * height }, (_, i) =>
    set.some(([x, y]) => (x - (i % width)) ** 2 + (y - Math.floor(i / width)) ** 2 <= radius * radius),
  );
}

for (const scale of [1, 3]) {
  test(`at scale ${scale} the grown edge lies where the exact distance puts it`, () => {
    const mask = new Mask(64, 48);
    mask.fillCapsule({ x: 14, y: 12 }, { x: 40, y: 30 }, 5, CHANGE);
    mask.fillCapsule({ x: 55, y: 8 }, { x: 55, y: 8 }, 0.8, CHANGE);
    const grown = grownByHand(mask, 7);
    const size = { width: 64 * scale, height: 48 * scale };
    const inks = { ...INKS, outline: false, dot: 0 };
    const picture = shown(mask, { size, view: { left: 0, top: 0, scale }, edge: { grow: 7, feather: 5 }, inks });
    rowsOf(picture).forEach((row, y) =>
      row.forEach((colour, x) => {
        const at = Math.floor(y / scale) * 64 + Math.floor(x / scale);
        assert.equal(colour !== 0, grown[at], `${x},${y}`);
      }),
    );
  });
}

test("a dotted line runs around all that may change, and only there", () => {
  const picture = shown(square(60, 20, 20, 40, 40), { size: { width: 60, height: 60 }, view: ACTUAL, edge: { grow: 8, feather: 0 } });
  const rows = rowsOf(picture);
  const line = rows[11].slice(20, 40);
  assert.ok(line.includes(INKS.dot) && line.includes(0), "above the grown square");
  assert.ok(!rows[10].includes(INKS.dot) && !rows[15].slice(16, 44).includes(INKS.dot));
});

test("the tint fades towards the grown edge over the feather, and what is painted keeps most of it", () => {
  const mask = square(80, 30, 0, 80, 80);
  const picture = shown(mask, { size: { width: 80, height: 80 }, view: ACTUAL, edge: { grow: 6, feather: 16 } });
  const row = rowsOf(picture)[40];
  const shades = row.slice(24, 29).map((colour) => colour - 1000);
  assert.ok(shades.every((shade, i) => i === 0 || shade > shades[i - 1]), `${shades}`);
  assert.ok(row[36] >= 2000 && row[36] < TINT, "still fading inside what is painted");
  assert.equal(row[24 + 17], TINT);
  const { kept, painted } = inksOf(FIRST_LOOK, [255, 140, 30]);
  const alpha = (word) => word >>> 24;
  assert.equal(alpha(kept[0]), 0);
  assert.ok(alpha(painted[1]) > alpha(painted[255]) / 2);
});

for (const scale of [0.13, 0.5, 1, 3.7]) {
  test(`painting only what changed, at scale ${scale}, gives the picture that painting all gives`, () => {
    const view = { left: 3, top: -8, scale };
    const edge = { grow: 9, feather: 12 };
    const size = { width: 120, height: 90 };
    const mask = new Mask(300, 300);
    const part = new MaskPicture(size, 1);
    part.look(view, mask, edge);
    for (const [from, to, value] of [
      [{ x: 20, y: 20 }, { x: 110, y: 90 }, 255],
      [{ x: 60, y: 50 }, { x: 65, y: 95 }, 0],
      [{ x: 200, y: 250 }, { x: 290, y: 310 }, 255],
    ]) {
      mask.fillCapsule(from, to, 14, value);
      paint(part, mask, mask.capsuleBounds(from, to, 14));
    }
    const whole = shown(mask, { size, view, edge });
    assert.ok(whole.colours.some((colour) => colour === TINT));
    assert.deepEqual(part.colours, whole.colours);
  });
}

test("a change beyond the surface paints nothing", () => {
  const picture = new MaskPicture({ width: 10, height: 10 }, 1);
  const mask = square(300, 100, 100, 120, 120);
  picture.look(ACTUAL, mask, PLAIN);
  assert.equal(paint(picture, mask, [100, 100, 120, 120]), null);
});

test("the inverse view tints what is kept, the mask alone is white on black, on the canvas only", () => {
  const mask = square(20, 5, 5, 15, 15);
  const look = (how) => {
    const inks = inksOf({ ...FIRST_LOOK, outline: false, ...how }, [1, 2, 3]);
    const picture = new MaskPicture({ width: 40, height: 40 }, 1);
    picture.look({ left: 10, top: 10, scale: 1 }, mask, PLAIN);
    picture.measure(picture.sample(mask, mask.everything));
    picture.colour(picture.everything, inks, 0);
    return rowsOf(picture);
  };
  const inverse = look({ inverse: true });
  assert.equal(inverse[20][20] >>> 24, 0);
  assert.equal(inverse[12][12] >>> 24, Math.round(255 * FIRST_LOOK.strength));
  assert.equal(inverse[12][5], 0);
  const only = look({ only: true });
  assert.equal(only[20][20], 0xffffffff);
  assert.equal(only[12][12], 0xff000000);
  assert.equal(only[12][5], 0);
});

test("ants move along the edge and touch nothing else", () => {
  const ants = [];
  const mask = square(40, 8, 8, 32, 32);
  const picture = shown(mask, { size: { width: 40, height: 40 }, view: ACTUAL, ants });
  const before = picture.colours.slice();
  picture.march(ants, INKS, 0);
  assert.deepEqual(picture.colours, before);
  picture.march(ants, INKS, 1);
  const moved = [...before.keys()].filter((i) => before[i] !== picture.colours[i]);
  assert.ok(moved.length > 10);
  assert.ok(moved.every((i) => ants.includes(i) && mask.pixels[i] === CHANGE));
  picture.march(ants, INKS, 12);
  assert.deepEqual(picture.colours, before);
});

test("automatic edges are those of the server", () => {
  assert.deepEqual(automaticEdge([0, 0, 300, 400]), { grow: 6, feather: 10 });
  assert.deepEqual(automaticEdge([0, 0, 6000, 4000]), { grow: 33, feather: 64 });
  assert.deepEqual(automaticEdge([10, 10, 12, 12]), { grow: 4, feather: 8 });
});

test("of what a stroke goes over, only the cells that are others now are told", () => {
  const mask = square(40, 10, 10, 20, 20);
  const picture = shown(mask, { size: { width: 40, height: 40 }, view: ACTUAL });
  assert.equal(picture.sample(mask, mask.everything), null);
  mask.pixels.fill(CHANGE, 15 * 40 + 18, 15 * 40 + 25);
  mask.pixels[17 * 40 + 12] = 0;
  const [x, y] = picture.everything;
  assert.deepEqual(picture.sample(mask, [10, 10, 30, 30]), [x + 12, y + 15, x + 25, y + 18]);
  assert.equal(picture.sample(mask, [10, 10, 30, 30]), null);
});
