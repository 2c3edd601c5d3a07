import assert from "node:assert/strict";
import { test } from "node:test";
import { enlarged, selectObject } from "../../static/editor/object-select.js";

/** Numbers between 0 and 1, the same ones for the same seed. */
function randoms(seed) {
  let state = seed;
  return () => ((state = (state * 1103515245 + 12345) % 2147483648) / 2147483648);
}

function maskOf(width, height, isIn) {
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) if (isIn(x, y)) pixels[y * width + x] = 255;
  return { width, height, pixels };
}

/** The whole picture from a region. */
function whole(region, width, height) {
  const pixels = new Uint8Array(width * height);
  if (!region) return pixels;
  const [left, top, right, bottom] = region.bounds;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) pixels[y * width + x] = region.pixels[(y - top) * (right - left) + x - left];
  }
  return pixels;
}

/** By its definition: a softened copy, read between its pixels at each pixel of the picture. */
function reference({ width, height, pixels }, wide, high) {
  const at = (x, y) => pixels[Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x))] / 255;
  const soft = (x, y) => {
    let sum = 0;
    for (const [dx, a] of [[-1, 1], [0, 2], [1, 1]]) for (const [dy, b] of [[-1, 1], [0, 2], [1, 1]]) sum += a * b * at(x + dx, y + dy);
    return sum / 16;
  };
  const clamp = (value, most) => Math.min(most, Math.max(0, value));
  return (x, y) => {
    const u = clamp(((x + 0.5) * width) / wide - 0.5, width - 1);
    const v = clamp(((y + 0.5) * height) / high - 0.5, height - 1);
    const [i, j] = [Math.min(Math.floor(u), Math.max(0, width - 2)), Math.min(Math.floor(v), Math.max(0, height - 2))];
    const [s, t] = [u - i, v - j];
    const inner = (1 - s) * soft(i, j) + s * soft(Math.min(i + 1, width - 1), j);
    const outer = (1 - s) * soft(i, Math.min(j + 1, height - 1)) + s * soft(Math.min(i + 1, width - 1), Math.min(j + 1, height - 1));
    return (1 - t) * inner + t * outer;
  };
}

test("a random mask is enlarged as its definition says, wherever that is not a matter of rounding", () => {
  for (let seed = 1; seed <= 25; seed++) {
    const random = randoms(seed);
    const [width, height] = [2 + Math.floor(random() * 20), 2 + Math.floor(random() * 20)];
    const share = random();
    const mask = maskOf(width, height, () => random() < share);
    const scale = 1.1 + random() * 6;
    const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
    const found = whole(enlarged(mask, wide, high), wide, high);
    const wanted = reference(mask, wide, high);
    for (let y = 0; y < high; y++) {
      for (let x = 0; x < wide; x++) {
        const value = wanted(x, y);
        if (Math.abs(value - 0.5) > 1e-5) assert.equal(found[y * wide + x], value > 0.5 ? 255 : 0, `seed ${seed}: ${x} ${y}`);
      }
    }
  }
});

test("a disc stays round: no stairs of the small mask are left", () => {
  const mask = maskOf(128, 96, (x, y) => Math.hypot(x + 0.5 - 64, y + 0.5 - 48) <= 30);
  const [wide, high] = [1280, 960];
  const found = whole(enlarged(mask, wide, high), wide, high);
  let furthest = 0;
  for (let y = 1; y < high - 1; y++) {
    for (let x = 1; x < wide - 1; x++) {
      const isEdge = found[y * wide + x] && !(found[y * wide + x + 1] && found[y * wide + x - 1]);
      if (isEdge) furthest = Math.max(furthest, Math.abs(Math.hypot(x + 0.5 - 640, y + 0.5 - 480) - 300));
    }
  }
  assert.ok(furthest < 7, `an edge is ${furthest} px off; a stair of the small mask has 10`);
});

test("a mask of the picture's own size is taken as it is", () => {
  const random = randoms(9);
  const mask = maskOf(31, 17, () => random() < 0.3);
  assert.deepEqual(whole(enlarged(mask, 31, 17), 31, 17), mask.pixels);
});

test("nothing selected is no region", () => {
  assert.equal(enlarged(maskOf(20, 10, () => false), 400, 200), null);
});

test("all selected is all of the picture", () => {
  const region = enlarged(maskOf(20, 10, () => true), 413, 207);
  assert.deepEqual(region.bounds, [0, 0, 413, 207]);
  assert.ok(region.pixels.every((value) => value === 255));
});

test("a picture of one column, or of one pixel, is enlarged", () => {
  const region = enlarged(maskOf(1, 512, (_, y) => y < 256), 1, 20_000);
  assert.equal(whole(region, 1, 20_000).indexOf(0), 10_000);
  assert.deepEqual(enlarged(maskOf(1, 1, () => true), 1, 1), { bounds: [0, 0, 1, 1], pixels: Uint8Array.of(255) });
});

test("24 megapixels are enlarged at once", () => {
  const mask = maskOf(512, 341, (x, y) => Math.hypot(x - 256, y - 170) < 160);
  const from = performance.now();
  enlarged(mask, 6000, 4000);
  assert.ok(performance.now() - from < 500);
});

// ---- asking

const PNG = { ok: true, status: 200, headers: new Headers({ "Content-Type": "image/png" }), arrayBuffer: async () => Uint8Array.of(1, 2, 3).buffer };
const refused = (status, told) => ({ ok: false, status, headers: new Headers(), json: async () => told });
const WISH = { box: [0, 0, 5, 5], plus: [], minus: [], brush: 3, previous: null };

function asking(answers, more = {}) {
  const sent = [];
  const fetch = async (url, init) => {
    sent.push({ url, ...init });
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const asked = [];
  const ask = async (task, message) => {
    asked.push([task, [...message.bytes], message.width, message.height]);
    return { bounds: [0, 0, 1, 1], pixels: Uint8Array.of(255) };
  };
  const how = { url: "/select", fetch, ask, picture: { width: 40, height: 30 }, failed: "It failed", signal: new AbortController().signal, ...more };
  return { sent, asked, answer: selectObject(WISH, how) };
}

test("the wish is sent as JSON, and the answer comes at the picture's size with the file to refine it by", async () => {
  const { sent, asked, answer } = asking([PNG]);
  const { region, file } = await answer;
  assert.deepEqual(JSON.parse(sent[0].body), WISH);
  assert.equal(sent[0].method, "POST");
  assert.deepEqual(asked, [["enlarge", [1, 2, 3], 40, 30]]);
  assert.deepEqual([region.bounds, atob(file)], [[0, 0, 1, 1], "\x01\x02\x03"]);
});

test("what the server says about it is what is thrown", async () => {
  await assert.rejects(asking([refused(422, { error: "Too slow" })]).answer, /Too slow/);
});

test("no connection, and an answer that is no answer, are told in the page's words", async () => {
  await assert.rejects(asking([new TypeError("fetch failed")]).answer, /It failed/);
  await assert.rejects(asking([{ ok: true, status: 200, headers: new Headers({ "Content-Type": "text/html" }), json: async () => JSON.parse("<") }]).answer, /It failed/);
});

test("what was given up is not answered", async () => {
  const canceling = new AbortController();
  canceling.abort();
  await assert.rejects(asking([PNG], { signal: canceling.signal }).answer, { name: "AbortError" });
});
