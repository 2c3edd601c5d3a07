import assert from "node:assert/strict";
import { test } from "node:test";
import { wand } from "../../static/editor/selection-wand.js";

/** A small generator of its own, so that a failing case can be run again. */
function numbers(seed) {
  return () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
}

const word = ([red, green, blue, alpha = 255]) => (alpha << 24) | (blue << 16) | (green << 8) | red;
const channels = (colour) => [0, 8, 16, 24].map((shift) => (colour >>> shift) & 255);

/** A photo whose colours a function gives. */
function drawn(width, height, colourAt) {
  const colours = Int32Array.from({ length: width * height }, (_, i) => word(colourAt(i % width, Math.floor(i / width))));
  return { width, height, colours };
}

/** The mean of the photo's pixels under each pixel of a smaller picture. */
function averaged(photo, width, height) {
  const sums = Array.from({ length: width * height }, () => [0, 0, 0, 0, 0]);
  photo.colours.forEach((colour, i) => {
    const [x, y] = [i % photo.width, Math.floor(i / photo.width)];
    const sum = sums[Math.floor(((y + 0.5) * height) / photo.height) * width + Math.floor(((x + 0.5) * width) / photo.width)];
    [...channels(colour), 1].forEach((value, at) => (sum[at] += value));
  });
  const colours = Int32Array.from(sums, ([red, green, blue, alpha, n]) => word([red, green, blue, alpha].map((sum) => Math.round(sum / n))));
  return { width, height, colours };
}

/** Reads from the photo, and notes how many pixels were asked for. */
function reader(photo) {
  const read = ([left, top, right, bottom]) => {
    assert.ok(left >= 0 && top >= 0 && right <= photo.width && bottom <= photo.height && left < right && top < bottom);
    read.pixels += (right - left) * (bottom - top);
    const rows = Array.from({ length: bottom - top }, (_, y) => photo.colours.subarray((top + y) * photo.width + left, (top + y) * photo.width + right));
    return Int32Array.from(rows.flatMap((row) => [...row]));
  };
  read.pixels = 0;
  return read;
}

/** What the wand should find, by walking from pixel to pixel. */
function expectedAt(photo, spot, tolerance, contiguous) {
  const target = channels(photo.colours[spot.y * photo.width + spot.x]);
  const isLike = (at) => channels(photo.colours[at]).every((value, i) => Math.abs(value - target[i]) <= tolerance);
  if (!contiguous) return Uint8Array.from(photo.colours, (_, at) => (isLike(at) ? 255 : 0));
  const found = new Uint8Array(photo.colours.length);
  const queue = [spot.y * photo.width + spot.x];
  while (queue.length) {
    const at = queue.pop();
    if (found[at] || !isLike(at)) continue;
    found[at] = 255;
    if (at % photo.width) queue.push(at - 1);
    if ((at + 1) % photo.width) queue.push(at + 1);
    if (at >= photo.width) queue.push(at - photo.width);
    if (at + photo.width < found.length) queue.push(at + photo.width);
  }
  return found;
}

function spreadOut(region, { width, height }) {
  const pixels = new Uint8Array(width * height);
  const [left, top, right, bottom] = region?.bounds ?? [0, 0, 0, 0];
  for (let y = top; y < bottom; y++) {
    const from = (y - top) * (right - left);
    pixels.set(region.pixels.subarray(from, from + right - left), y * width + left);
  }
  return pixels;
}

/** Discs and bars of plain colours, none thinner than ten pixels, some at the borders. */
function shapes(random, width, height) {
  const colours = [[200, 180, 160], [20, 30, 40], [20, 30, 120], [250, 10, 10]];
  const discs = Array.from({ length: 6 }, () => [random() * width, random() * height, 12 + random() * 40, colours[Math.floor(random() * 4)]]);
  return drawn(width, height, (x, y) => discs.findLast(([cx, cy, r]) => Math.hypot(x - cx, y - cy) < r)?.[3] ?? colours[0]);
}

for (const contiguous of [true, false]) {
  const how = contiguous ? "the part around the click" : "the whole picture";

  for (const [width, height] of [[40, 31], [1, 90], [90, 1]]) {
    test(`a small picture of ${width} x ${height} is selected pixel by pixel, ${how}`, () => {
      const random = numbers(41);
      for (let round = 0; round < 60; round++) {
        const photo = drawn(width, height, () => [0, 0, 0, 0].map((_, i) => (i < 3 || round % 3 === 0 ? Math.floor(random() * 60) : 255)));
        const spot = { x: Math.floor(random() * width), y: Math.floor(random() * height) };
        const tolerance = Math.floor(random() * 60);
        const region = wand(photo, photo, null, spot, { tolerance, contiguous });
        assert.deepEqual(spreadOut(region, photo), expectedAt(photo, spot, tolerance, contiguous), `round ${round}`);
      }
    });
  }

  test(`plain shapes are found to the pixel from a small version, ${how}`, () => {
    const random = numbers(42);
    for (let round = 0; round < 12; round++) {
      const photo = shapes(random, 260 + round, 203);
      const share = 0.3 + random() * 0.6;
      const small = averaged(photo, Math.round(photo.width * share), Math.round(photo.height * share));
      const spot = plainSpot(random, photo);
      const expected = expectedAt(photo, spot, 32, contiguous);
      const region = wand(small, photo, reader(photo), spot, { tolerance: 32, contiguous });
      const wrong = spreadOut(region, photo).reduce((sum, value, at) => sum + (value !== expected[at]), 0);
      // Where two edges meet under one pixel of the small version, a way of a pixel's width may be seen or not.
      assert.ok(wrong <= expected.length / 2000, `round ${round}: ${wrong} pixels differ`);
    }
  });
}

/** A spot whose neighbours have its colour. */
function plainSpot(random, { width, height, colours }) {
  for (;;) {
    const [x, y] = [8 + Math.floor(random() * (width - 16)), 8 + Math.floor(random() * (height - 16))];
    const around = [-8, 0, 8].flatMap((dy) => [-8, 0, 8].map((dx) => colours[(y + dy) * width + x + dx]));
    if (around.every((colour) => colour === around[0])) return { x, y };
  }
}

test("only the surroundings of the edge are read from the photo", () => {
  const photo = drawn(600, 600, (x, y) => (Math.hypot(x - 300, y - 300) < 250 ? [200, 0, 0] : [0, 0, 200]));
  const read = reader(photo);
  const region = wand(averaged(photo, 200, 200), photo, read, { x: 300, y: 300 }, { tolerance: 20, contiguous: true });
  assert.deepEqual(spreadOut(region, photo), expectedAt(photo, { x: 300, y: 300 }, 20, true));
  const flat = reader(drawn(600, 600, () => [9, 9, 9]));
  const plain = drawn(200, 200, () => [9, 9, 9]);
  assert.deepEqual(wand(plain, photo, flat, { x: 5, y: 5 }, { tolerance: 0, contiguous: true }).bounds, [0, 0, 600, 600]);
  assert.equal(flat.pixels, 0);
});

test("an island inside a letter is not selected with the paper around it", () => {
  // A thin ring of ink: what lies right inside is so near to the paper outside that it is asked for its own colour.
  const photo = drawn(300, 300, (x, y) => (Math.abs(Math.hypot(x - 150, y - 150) - 12) < 1.5 ? [0, 0, 0] : [255, 255, 255]));
  const region = wand(averaged(photo, 120, 120), photo, reader(photo), { x: 20, y: 20 }, { tolerance: 40, contiguous: true });
  const pixels = spreadOut(region, photo);
  assert.equal(pixels[150 * 300 + 150], 0);
  assert.deepEqual(pixels, expectedAt(photo, { x: 20, y: 20 }, 40, true));
});

test("grain within a plain area does not leave holes", () => {
  const random = numbers(43);
  const photo = drawn(400, 400, (x) => [0, 0, 0].map(() => (x < 200 ? 60 : 200) + Math.floor(random() * 90) - 45));
  const region = wand(averaged(photo, 80, 80), photo, reader(photo), { x: 100, y: 200 }, { tolerance: 32, contiguous: true });
  const pixels = spreadOut(region, photo);
  for (let y = 0; y < 400; y++) for (let x = 0; x < 180; x++) assert.equal(pixels[y * 400 + x], 255, `${x},${y}`);
  for (let y = 0; y < 400; y++) for (let x = 220; x < 400; x++) assert.equal(pixels[y * 400 + x], 0, `${x},${y}`);
});

test("without the photo's own pixels each pixel of the small version stands for those under it", () => {
  const random = numbers(44);
  const small = drawn(23, 17, () => (random() < 0.5 ? [10, 10, 10] : [240, 240, 240]));
  const size = { width: 61, height: 90 };
  const pixels = spreadOut(wand(small, size, null, { x: 0, y: 0 }, { tolerance: 5, contiguous: false }), size);
  pixels.forEach((value, i) => {
    const [x, y] = [Math.floor((((i % 61) + 0.5) * 23) / 61), Math.floor(((Math.floor(i / 61) + 0.5) * 17) / 90)];
    assert.equal(value, small.colours[y * 23 + x] === small.colours[0] ? 255 : 0);
  });
});

test("a click on a pixel unlike all around it selects by its place in the small version", () => {
  const photo = drawn(300, 300, (x, y) => (x === 150 && y === 150 ? [255, 255, 255] : x < 200 ? [20, 20, 20] : [90, 90, 90]));
  const region = wand(averaged(photo, 100, 100), photo, reader(photo), { x: 150, y: 150 }, { tolerance: 30, contiguous: true });
  assert.deepEqual(region.bounds, [0, 0, 200, 300]);
});

test("a click beside an edge selects what is on its side", () => {
  const photo = drawn(300, 300, (x, y) => (x < (y < 60 ? 90 : 151) ? [20, 20, 20] : [80, 80, 80]));
  const region = wand(averaged(photo, 100, 100), photo, reader(photo), { x: 152, y: 150 }, { tolerance: 25, contiguous: true });
  assert.deepEqual(spreadOut(region, photo), expectedAt(photo, { x: 152, y: 150 }, 25, true));
});
