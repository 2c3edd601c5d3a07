import assert from "node:assert/strict";
import { test } from "node:test";
import { MOST_PIXELS, Levels, levelFor, partFor } from "../../static/editor/levels.js";

const PHOTO = { width: 8660, height: 5774 };

test("the drawn level is the smallest that is sharp enough", () => {
  const photo = { width: 3000, height: 2000 };
  const levels = [3000, 1500, 750].map((width) => ({ width, height: width }));
  assert.equal(levelFor(levels, photo, 0.2).width, 750);
  assert.equal(levelFor(levels, photo, 0.25).width, 750);
  assert.equal(levelFor(levels, photo, 0.3).width, 1500);
  assert.equal(levelFor(levels, photo, 4).width, 3000);
});

test("the part that is kept holds what is seen, lies within the photo, and is never larger than a phone allows", () => {
  for (const seen of [[0, 0, 1400, 800], [8000, 5000, 8660, 5774], [3000, 2000, 5600, 3500], [10, 5700, 20, 5710]]) {
    const [left, top, right, bottom] = partFor(PHOTO, 1, seen);
    assert.ok(left <= seen[0] && top <= seen[1] && right >= seen[2] && bottom >= seen[3], `${seen}`);
    assert.ok(left >= 0 && top >= 0 && right <= PHOTO.width && bottom <= PHOTO.height);
    assert.ok((right - left) * (bottom - top) <= MOST_PIXELS);
  }
});

test("a picture one pixel high is kept in parts, too, when it is long enough", () => {
  const [left, top, right, bottom] = partFor({ width: 40_000_000, height: 1 }, 1, [500, 0, 1900, 1]);
  assert.ok(left <= 500 && right >= 1900 && top === 0 && bottom === 1);
});

test("no part is kept of a photo that is kept whole, at half the size, or when too much is seen", () => {
  assert.equal(partFor({ width: 4096, height: 4096 }, 1, [0, 0, 1000, 1000]), null);
  assert.equal(partFor(PHOTO, 0.5, [0, 0, 2800, 1700]), null);
  assert.equal(partFor(PHOTO, 0.6, [0, 0, 6400, 4000]), null);
});

function bitmap(width, height) {
  return { width, height, isClosed: false, close() { this.isClosed = true; } };
}

/** Answers as the worker does, and remembers what was asked. */
function worker() {
  const asked = [];
  const ask = async (_, { url, bounds, wantsLevels }) => {
    asked.push({ url, bounds, wantsLevels });
    const sizes = url === "preview" ? [[2048, 1366], [1024, 683]] : [[4330, 2887], [2165, 1444]];
    return {
      levels: wantsLevels ? sizes.map((size) => bitmap(...size)) : [],
      part: bounds && { left: bounds[0], top: bounds[1], bitmap: bitmap(bounds[2] - bounds[0], bounds[3] - bounds[1]) },
      isOpaque: true,
    };
  };
  const glance = async () => ({ width: 2048, height: 1366 });
  const photo = async (message) => ({ answer: await ask("photo", message), transfer: [] });
  return { asked, ask, see: { glance, photo } };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

test("the photo's own pixels are fetched once its preview would be magnified, at full size only around what is seen", async () => {
  const { asked, ask, see } = worker();
  const photo = { ...PHOTO, previewUrl: "preview", previewWidth: 2048, fullUrl: "full" };
  const levels = new Levels(photo, ask, () => {}, see);
  await settled();
  levels.want(0.2, [0, 0, 7000, 4000]);
  assert.deepEqual(asked.map(({ url }) => url), ["preview"]);
  levels.want(0.4, [0, 0, 3500, 2000]);
  levels.want(0.45, [0, 0, 3500, 2000]);
  await settled();
  assert.deepEqual(asked.slice(1), [{ url: "full", bounds: null, wantsLevels: true }]);
  assert.equal(levels.at(0.4).level.width, 4330);
  levels.want(1, [100, 100, 1500, 900]);
  await settled();
  assert.equal(asked.length, 3);
  assert.equal(asked[2].wantsLevels, false);
  levels.want(1, [200, 200, 1600, 1000]);
  assert.equal(asked.length, 3);
  const { part } = levels.at(1);
  levels.want(1, [7000, 4000, 8400, 4800]);
  await settled();
  assert.equal(asked.length, 4);
  assert.ok(part.bitmap.isClosed, "the part before it is given back");
  assert.equal(levels.at(0.3).part, null);
});

test("a photo that cannot be loaded is told once", async () => {
  const told = [];
  const lost = () => Promise.reject(new Error("lost"));
  const photo = { ...PHOTO, previewUrl: "preview", previewWidth: 2048, fullUrl: "full" };
  const nothing = new Levels(photo, lost, (what) => told.push(what), { glance: lost, photo: lost, pause: lost });
  await settled();
  assert.ok(nothing.isEmpty);
  assert.deepEqual(told, ["photofailed"]);
});

test("full pixels that could not be loaded are asked for again after pauses that grow, and begin anew", async () => {
  let broken = true;
  const pauses = [];
  let go = () => {};
  const { asked, ask, see } = worker();
  const flaky = (task, message) => {
    const answer = ask(task, message);
    return broken ? Promise.reject(new Error("lost")) : answer;
  };
  const pause = (ms) => new Promise((resolve) => {
    pauses.push(ms);
    go = resolve;
  });
  const photo = { ...PHOTO, previewUrl: "preview", previewWidth: 2048, fullUrl: "full" };
  // The page looks again whenever it is told of a photo.
  const look = () => levels?.want(0.4, [0, 0, 3500, 2000]);
  let levels = null;
  levels = new Levels(photo, flaky, look, { ...see, pause });
  await settled();
  for (let round = 1; round <= 8; round++) {
    look();
    look();
    await settled();
    assert.equal(asked.length, 1 + round, "not asked for while it waits");
    go();
    await settled();
  }
  assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  broken = false;
  go();
  await settled();
  assert.equal(levels.at(0.4).level.width, 4330);
  broken = true;
  levels.want(1, [100, 100, 1500, 900]);
  await settled();
  assert.equal(pauses.at(-1), 1000);
});
