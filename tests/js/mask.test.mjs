import assert from "node:assert/strict";
import { test } from "node:test";
import { CHANGE, Mask, TILE, decodeRuns, encodeRuns, intersection, union } from "../../static/editor/mask.js";

/** A small generator of its own, so that a failing case can be run again. */
function numbers(seed) {
  return () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
}

function distance(px, py, from, to) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const along = dx || dy ? ((px - from.x) * dx + (py - from.y) * dy) / (dx * dx + dy * dy) : 0;
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(px - from.x - t * dx, py - from.y - t * dy);
}

function countOf(mask) {
  return mask.pixels.reduce((sum, value) => sum + (value === CHANGE), 0);
}

function paint(mask, from, to, radius, value = CHANGE) {
  mask.fillCapsule(from, to, radius, value);
  for (let tile = 0; tile < mask.counts.length; tile++) mask.recount(tile);
}

test("a capsule sets exactly the pixels whose centres are within its radius", () => {
  const random = numbers(7);
  for (let round = 0; round < 300; round++) {
    const mask = new Mask(61, 47);
    const point = () => ({ x: random() * 100 - 20, y: random() * 90 - 20 });
    const from = point();
    const to = round % 5 ? point() : from;
    if (round % 7 === 0) to.x = from.x;
    if (round % 7 === 1) to.y = from.y;
    const radius = random() * 25;
    mask.fillCapsule(from, to, radius, CHANGE);
    for (let y = 0; y < 47; y++) {
      for (let x = 0; x < 61; x++) {
        const away = distance(x + 0.5, y + 0.5, from, to) - radius;
        if (Math.abs(away) < 1e-9) continue;
        assert.equal(mask.pixels[y * 61 + x], away < 0 ? 255 : 0, `round ${round}, pixel ${x},${y}`);
      }
    }
  }
});

test("a capsule outside the picture changes nothing", () => {
  const mask = new Mask(20, 20);
  mask.fillCapsule({ x: -50, y: 5 }, { x: -40, y: 90 }, 6, CHANGE);
  assert.equal(countOf(mask), 0);
  assert.equal(mask.capsuleBounds({ x: -50, y: 5 }, { x: -40, y: 90 }, 6), null);
});

test("a capsule's bounds hold every pixel that it sets", () => {
  const random = numbers(11);
  for (let round = 0; round < 200; round++) {
    const mask = new Mask(90, 70);
    const from = { x: random() * 90, y: random() * 70 };
    const to = { x: random() * 90, y: random() * 70 };
    paint(mask, from, to, 1 + random() * 20);
    const bounds = mask.bounds();
    const promised = mask.capsuleBounds(from, to, 21);
    assert.deepEqual(union(bounds, promised), promised);
  }
});

test("erasing takes out what painting put in", () => {
  const mask = new Mask(50, 50);
  const line = [{ x: 10, y: 10 }, { x: 40, y: 33 }];
  mask.fillCapsule(...line, 7, CHANGE);
  mask.fillCapsule(...line, 7, 0);
  assert.equal(countOf(mask), 0);
});

test("inverting swaps every pixel and its counts, at a size that fills no whole word", () => {
  const mask = new Mask(301, 303);
  paint(mask, { x: 20, y: 30 }, { x: 280, y: 200 }, 31);
  const before = mask.pixels.slice();
  mask.invert();
  assert.ok(mask.pixels.every((value, i) => value === 255 - before[i]));
  assert.equal(mask.area, countOf(mask));
});

test("clearing leaves an empty mask", () => {
  const mask = new Mask(300, 300);
  paint(mask, { x: 20, y: 30 }, { x: 280, y: 200 }, 31);
  mask.clear();
  assert.ok(mask.isEmpty);
  assert.equal(countOf(mask), 0);
  assert.equal(mask.bounds(), null);
});

test("bounds are the smallest that hold every set pixel, across tiles", () => {
  const random = numbers(3);
  for (let round = 0; round < 60; round++) {
    const mask = new Mask(TILE * 2 + 37, TILE + 90);
    const below = (limit) => Math.floor(random() * limit);
    const spots = Array.from({ length: 1 + below(3) }, () => [below(mask.width), below(mask.height)]);
    const pixels = new Uint8Array(mask.pixels.length);
    for (const [x, y] of spots) pixels[y * mask.width + x] = CHANGE;
    mask.load(pixels);
    const [xs, ys] = [spots.map(([x]) => x), spots.map(([, y]) => y)];
    assert.deepEqual(mask.bounds(), [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1]);
  }
});

test("a mask of another size is refused", () => {
  assert.throws(() => new Mask(20, 20).load(new Uint8Array(399)), RangeError);
});

test("a tile written back is the tile that was read, at the corner too", () => {
  const mask = new Mask(TILE + 40, TILE + 30);
  paint(mask, { x: 240, y: 240 }, { x: 290, y: 270 }, 14);
  const before = mask.pixels.slice();
  const tiles = [0, 1, 2, 3].map((tile) => mask.readTile(tile));
  mask.clear();
  tiles.forEach((runs, tile) => mask.writeTile(tile, runs));
  assert.deepEqual(mask.pixels, before);
  assert.equal(mask.area, countOf(mask));
});

test("runs come back as the same bytes", () => {
  const random = numbers(5);
  for (const chance of [0, 0.01, 0.5, 0.99, 1]) {
    const bytes = Uint8Array.from({ length: TILE * TILE }, () => (random() < chance ? 255 : 0));
    const back = new Uint8Array(bytes.length).fill(7);
    decodeRuns(encodeRuns(bytes), back);
    assert.deepEqual(back, bytes);
  }
});

test("a plain tile costs no run", () => {
  assert.equal(encodeRuns(new Uint8Array(TILE * TILE)), 0);
  assert.equal(encodeRuns(new Uint8Array(TILE * TILE).fill(255)), 255);
});

test("a copy of bounds holds their pixels, row by row", () => {
  const mask = new Mask(40, 30);
  paint(mask, { x: 20, y: 15 }, { x: 26, y: 18 }, 6);
  const part = mask.copy([10, 5, 33, 27]);
  const row = (y) => [...mask.pixels.subarray(y * 40 + 10, y * 40 + 33)];
  const expected = Array.from({ length: 22 }, (_, y) => row(y + 5));
  assert.deepEqual([...part], expected.flat());
});

test("bounds that only share an edge do not intersect", () => {
  assert.equal(intersection([0, 0, 10, 10], [10, 0, 20, 10]), null);
  assert.deepEqual(intersection([0, 0, 10, 10], [4, 5, 20, 8]), [4, 5, 10, 8]);
});

for (const width of [TILE + 44, TILE + 45]) {
  test(`a recount finds every set pixel at a width of ${width}`, () => {
    const mask = new Mask(width, TILE + 10);
    paint(mask, { x: 100, y: 120 }, { x: width - 3, y: 260 }, 90);
    assert.ok(mask.area > 10_000);
    assert.equal(mask.area, countOf(mask));
  });
}

test("a tile differs from runs that have as many set pixels in other places", () => {
  const mask = new Mask(TILE, TILE);
  paint(mask, { x: 60.5, y: 60.5 }, { x: 60.5, y: 60.5 }, 20);
  const runs = mask.readTile(0);
  assert.equal(mask.differs(0, runs), false);
  mask.clear();
  paint(mask, { x: 160.5, y: 160.5 }, { x: 160.5, y: 160.5 }, 20);
  assert.equal(mask.differs(0, runs), true);
});

for (const outside of [0, 255]) {
  for (const [width, height] of [[61, 47], [1, 300], [300, 1], [520, 301]]) {
    test(`a ${width} x ${height} mask moved to another size keeps its pixels, and ${outside} lies around them`, () => {
      const random = numbers(13);
      for (let round = 0; round < 25; round++) {
        const mask = new Mask(width, height);
        mask.load(mask.pixels.map(() => (random() < 0.4 ? 255 : 0)));
        const [wide, high] = [1 + Math.floor(random() * width * 2), 1 + Math.floor(random() * height * 2)];
        const shift = { x: Math.floor((random() * 2 - 1) * width), y: Math.floor((random() * 2 - 1) * height) };
        const resized = mask.resized(shift, wide, high, outside);
        assert.deepEqual([resized.width, resized.height], [wide, high]);
        for (let y = 0; y < high; y++) {
          for (let x = 0; x < wide; x++) {
            const [px, py] = [x - shift.x, y - shift.y];
            const isCovered = px >= 0 && px < width && py >= 0 && py < height;
            const expected = isCovered ? mask.pixels[py * width + px] : outside;
            if (resized.pixels[y * wide + x] !== expected) assert.fail(`round ${round}, pixel ${x},${y}`);
          }
        }
        assert.equal(resized.area, countOf(resized));
      }
    });
  }
}
