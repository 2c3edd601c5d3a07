import assert from "node:assert/strict";
import { test } from "node:test";
import { PictureMask, fitted } from "../../static/editor/selection-import.js";
import { floodFill, grown, holesFilled, runsOf, shrunk, smoothed, trimmed } from "../../static/editor/selection.js";

/** A small generator of its own, so that a failing case can be run again. */
function numbers(seed) {
  return () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
}

const SIZES = [[61, 47], [1, 70], [70, 1], [33, 34]];

/** Noise, blobs that touch every border, single pixels, frames, and all or nothing. */
function randomPixels(random, width, height) {
  const kind = Math.floor(random() * 6);
  const density = random();
  const blobs = Array.from({ length: 4 }, () => [random() * width, random() * height, 1 + random() * 14]);
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    const isAtBorder = x === 0 || y === 0 || x === width - 1 || y === height - 1;
    const isInBlob = blobs.some(([bx, by, r]) => Math.hypot(bx - x, by - y) < r);
    return [random() < density, isInBlob, random() < 0.01, isAtBorder || isInBlob, true, false][kind] ? 255 : 0;
  });
}

/** A region somewhere on a picture, and the picture's pixels that it stands for. */
function randomRegion(random, width, height) {
  const [left, top] = [Math.floor(random() * width * 0.6), Math.floor(random() * height * 0.6)].map((at) => (random() < 0.4 ? 0 : at));
  const right = random() < 0.4 ? width : left + 1 + Math.floor(random() * (width - left));
  const bottom = random() < 0.4 ? height : top + 1 + Math.floor(random() * (height - top));
  const region = { bounds: [left, top, right, bottom], pixels: randomPixels(random, right - left, bottom - top) };
  return { region, pixels: spreadOut(region, width, height) };
}

function spreadOut(region, width, height) {
  const pixels = new Uint8Array(width * height);
  if (!region) return pixels;
  const [left, top, right, bottom] = region.bounds;
  assert.equal(region.pixels.length, (right - left) * (bottom - top));
  region.pixels.forEach((value, i) => {
    const [x, y] = [left + (i % (right - left)), top + Math.floor(i / (right - left))];
    assert.ok(x < width && y < height);
    pixels[y * width + x] = value;
  });
  return pixels;
}

/** Whether a pixel of the wanted value is within the radius, by looking at every pixel of the picture. */
function isNear(pixels, width, height, x, y, value, radius) {
  for (let v = 0; v < height; v++) {
    for (let u = 0; u < width; u++) {
      if (pixels[v * width + u] === value && (u - x) ** 2 + (v - y) ** 2 <= radius ** 2) return true;
    }
  }
  return false;
}

function assertPixels(actual, width, expected, message) {
  actual.forEach((value, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    if (value !== (expected(x, y) ? 255 : 0)) assert.fail(`${message}, pixel ${x},${y} is ${value}`);
  });
}

/** Parts by union-find over pixels that share a side. */
function partsOf(pixels, width) {
  const parent = Array.from(pixels, (_, i) => i);
  const root = (i) => (parent[i] === i ? i : (parent[i] = root(parent[i])));
  pixels.forEach((value, i) => {
    if (i % width && pixels[i - 1] === value) parent[root(i)] = root(i - 1);
    if (i >= width && pixels[i - width] === value) parent[root(i)] = root(i - width);
  });
  return parent.map((_, i) => root(i));
}

/** A labyrinth of one-pixel walls: one wall, one way, each as long as can be. */
function spiral(side) {
  const pixels = new Uint8Array(side * side);
  let [x, y, dx, dy] = [0, 0, 1, 0];
  const isSet = (u, v) => u >= 0 && v >= 0 && u < side && v < side && pixels[v * side + u] === 255;
  for (let turns = 0; turns < 2; ) {
    pixels[y * side + x] = 255;
    const [u, v] = [x + dx, y + dy];
    if (u < 0 || v < 0 || u >= side || v >= side || isSet(u + dx, v + dy)) {
      [dx, dy] = [-dy, dx];
      turns += 1;
      if (isSet(x + 2 * dx, y + 2 * dy) || isSet(x + dx, y + dy)) break;
      continue;
    }
    [x, y, turns] = [u, v, 0];
  }
  return pixels;
}

for (const [width, height] of SIZES) {
  const size = { width, height };

  test(`growing reaches every pixel within the radius and no other, on ${width} x ${height}`, () => {
    const random = numbers(31);
    for (let round = 0; round < 40; round++) {
      const { region, pixels } = randomRegion(random, width, height);
      const radius = round % 3 ? Math.floor(random() * 9) : random() * 30;
      const after = spreadOut(grown(region, radius, size), width, height);
      assertPixels(after, width, (x, y) => isNear(pixels, width, height, x, y, 255, radius), `round ${round}`);
    }
  });

  test(`shrinking leaves every pixel with nothing else within the radius, on ${width} x ${height}`, () => {
    const random = numbers(32);
    for (let round = 0; round < 40; round++) {
      const { region, pixels } = randomRegion(random, width, height);
      const radius = round % 3 ? Math.floor(random() * 9) : random() * 30;
      const after = spreadOut(shrunk(region, radius, size), width, height);
      assertPixels(after, width, (x, y) => !isNear(pixels, width, height, x, y, 0, radius), `round ${round}`);
    }
  });

  test(`filled holes are the parts that do not reach the border, on ${width} x ${height}`, () => {
    const random = numbers(33);
    for (let round = 0; round < 60; round++) {
      const { region, pixels } = randomRegion(random, width, height);
      const parts = partsOf(pixels, width);
      const isAtBorder = (x, y) => x === 0 || y === 0 || x === width - 1 || y === height - 1;
      const open = new Set(parts.filter((_, i) => isAtBorder(i % width, Math.floor(i / width))));
      const after = spreadOut(holesFilled(region), width, height);
      // A region's own border is no wall: what is beyond it is not selected and leads out.
      assertPixels(after, width, (x, y) => pixels[y * width + x] || !open.has(parts[y * width + x]), `round ${round}`);
    }
  });

  test(`smoothing takes the majority of a disc, on ${width} x ${height}`, () => {
    const random = numbers(34);
    for (let round = 0; round < 30; round++) {
      const { region, pixels } = randomRegion(random, width, height);
      const radius = round % 2 ? 1 + Math.floor(random() * 5) : random() * 7;
      const after = spreadOut(smoothed(region, radius, size), width, height);
      const isSet = (x, y) => {
        let balance = 0;
        pixels.forEach((value, i) => {
          const [u, v] = [i % width, Math.floor(i / width)];
          if ((u - x) ** 2 + (v - y) ** 2 <= radius ** 2) balance += value ? 1 : -1;
        });
        return balance ? balance > 0 : pixels[y * width + x];
      };
      assertPixels(after, width, isSet, `round ${round}`);
    }
  });

  test(`a flood fills the part of its seed, on ${width} x ${height}`, () => {
    const random = numbers(35);
    for (let round = 0; round < 80; round++) {
      const pixels = randomPixels(random, width, height);
      const seed = pixels.indexOf(255, Math.floor(random() * pixels.length));
      if (seed < 0) continue;
      const parts = partsOf(pixels, width);
      const after = floodFill(pixels, width, seed);
      assertPixels(after, width, (x, y) => parts[y * width + x] === parts[seed], `round ${round}`);
    }
  });

  test(`runs are what a walk along each row finds, on ${width} x ${height}`, () => {
    const random = numbers(36);
    for (let round = 0; round < 60; round++) {
      const pixels = randomPixels(random, width, height);
      for (const value of [0, 255]) {
        const expected = { starts: [], ends: [], rows: [] };
        pixels.forEach((pixel, i) => {
          if (i % width === 0) expected.rows.push(expected.starts.length);
          if (pixel !== value) return;
          if (i % width === 0 || pixels[i - 1] !== value) expected.starts.push(i);
          if (i % width === width - 1 || pixels[i + 1] !== value) expected.ends.push(i + 1);
        });
        expected.rows.push(expected.starts.length);
        assert.deepEqual(runsOf(pixels, width, value), expected, `round ${round}`);
      }
    }
  });
}

test("a flood finds its way through a labyrinth, and out of none", () => {
  const side = 61;
  const wall = spiral(side);
  const way = wall.map((value) => 255 - value);
  assert.ok(wall.includes(255) && way.includes(255));
  for (const pixels of [wall, way]) {
    const parts = partsOf(pixels, side);
    const seed = pixels.lastIndexOf(255);
    assertPixels(floodFill(pixels, side, seed), side, (x, y) => parts[y * side + x] === parts[seed], "spiral");
  }
});

test("5,000 islands grow to 5,000 larger ones and shrink to nothing", () => {
  const [width, height] = [2000, 1250];
  const pixels = new Uint8Array(width * height);
  for (let i = 0; i < 5000; i++) pixels[(Math.floor(i / 100) * 25 + 12) * width + (i % 100) * 20 + 10] = 255;
  const region = { bounds: [0, 0, width, height], pixels };
  const after = spreadOut(grown(region, 3, { width, height }), width, height);
  const disc = [...Array(49).keys()].filter((i) => Math.hypot((i % 7) - 3, Math.floor(i / 7) - 3) <= 3).length;
  assert.equal(after.reduce((sum, value) => sum + (value & 1), 0), 5000 * disc);
  assert.equal(new Set(partsOf(after, width).filter((_, i) => after[i])).size, 5000);
  assert.equal(shrunk(region, 1, { width, height }), null);
});

test("what is grown comes back in bounds no larger than the radius asks for", () => {
  const pixel = { bounds: [50, 40, 51, 41], pixels: Uint8Array.of(255) };
  assert.deepEqual(grown(pixel, 4.7, { width: 100, height: 42 }).bounds, [46, 36, 55, 42]);
});

test("growing and shrinking by nothing change nothing", () => {
  const random = numbers(37);
  const { region, pixels } = randomRegion(random, 40, 40);
  const size = { width: 40, height: 40 };
  assert.deepEqual(spreadOut(grown(region, 0, size), 40, 40), pixels);
  assert.deepEqual(spreadOut(shrunk(region, 0, size), 40, 40), pixels);
});

test("a region that selects nothing stays nothing", () => {
  const region = { bounds: [2, 3, 8, 9], pixels: new Uint8Array(36) };
  const size = { width: 20, height: 20 };
  for (const after of [grown(region, 5, size), shrunk(region, 5, size), smoothed(region, 5, size), trimmed(region)]) {
    assert.equal(after, null);
  }
});

test("a trimmed region has the same pixels in the smallest bounds", () => {
  const random = numbers(38);
  for (let round = 0; round < 200; round++) {
    const { region, pixels } = randomRegion(random, 40, 30);
    const after = trimmed(region);
    assert.deepEqual(spreadOut(after, 40, 30), pixels);
    const set = [...pixels.keys()].filter((i) => pixels[i]);
    const [xs, ys] = [set.map((i) => i % 40), set.map((i) => Math.floor(i / 40))];
    const bounds = set.length ? [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1] : undefined;
    assert.deepEqual(after?.bounds, bounds);
  }
});

/** As a canvas gives its bytes, in words. */
const words = (...pixels) => new Int32Array(Uint8ClampedArray.from(pixels.flat()).buffer);

test("a picture without transparency is a mask by its white, split at 128", () => {
  const mask = new PictureMask(4, 2);
  mask.read(words(...[0, 127, 128, 255].map((value) => [value, value, value, 255])), 0);
  mask.read(words([255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255], [255, 255, 0, 255]), 1);
  assert.equal(mask.by, "white");
  assert.deepEqual([...mask.pixels], [0, 0, 255, 255, 0, 255, 0, 255]);
});

test("a picture with transparency is a mask by what is transparent, whatever its colours", () => {
  const mask = new PictureMask(2, 3);
  const pixel = (value, alpha) => [value, value, value, alpha];
  mask.read(words(pixel(255, 255), pixel(0, 255)), 0);
  mask.read(words(pixel(255, 0), pixel(0, 127), pixel(255, 128), pixel(9, 255)), 1);
  assert.equal(mask.by, "alpha");
  assert.deepEqual([...mask.pixels], [0, 0, 255, 255, 0, 0]);
});

test("white that can be seen through half and more is white", () => {
  const mask = new PictureMask(3, 1);
  mask.read(words(...[[255, 127], [255, 128], [200, 150]].map(([value, alpha]) => [value, value, value, alpha])), 0);
  assert.deepEqual([...mask.white], [0, 255, 0]);
});

test("a fitted mask takes the pixel under each centre", () => {
  const random = numbers(39);
  for (const [from, to] of [[[7, 5], [21, 10]], [[40, 30], [7, 11]], [[1, 9], [4, 3]], [[6, 6], [6, 6]]]) {
    const pixels = Uint8Array.from({ length: from[0] * from[1] }, () => (random() < 0.5 ? 255 : 0));
    const after = fitted({ width: from[0], height: from[1], pixels }, to[0], to[1]);
    after.forEach((value, i) => {
      const [x, y] = [i % to[0], Math.floor(i / to[0])];
      // The source pixel whose square holds this pixel's centre.
      const isUnder = (u, size, of) => u * 2 * size[0] <= (2 * of + 1) * size[1] && (2 * of + 1) * size[1] < (u + 1) * 2 * size[0];
      const column = [...Array(from[0]).keys()].find((u) => isUnder(u, [to[0], from[0]], x));
      const row = [...Array(from[1]).keys()].find((v) => isUnder(v, [to[1], from[1]], y));
      assert.equal(value, pixels[row * from[0] + column]);
    });
  }
});
