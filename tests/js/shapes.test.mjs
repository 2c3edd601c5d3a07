import assert from "node:assert/strict";
import { test } from "node:test";
import { History } from "../../static/editor/history.js";
import { CHANGE, Mask } from "../../static/editor/mask.js";
import { combine, combineRegion, combining, ellipse, polygon, rectangle } from "../../static/editor/shapes.js";

/** A small generator of its own, so that a failing case can be run again. */
function numbers(seed) {
  return () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
}

const SIZES = [[61, 47], [1, 40], [53, 1], [300, 270]];
const MODES = {
  add: (was, within) => was || within,
  subtract: (was, within) => was && !within,
  intersect: (was, within) => was && within,
  replace: (was, within) => within,
};

function countOf(mask) {
  return mask.pixels.reduce((sum, value) => sum + (value === CHANGE), 0);
}

/** What an area covers, asked pixel by pixel from its spans. */
function covered(area, width, height) {
  const mask = new Mask(width, height);
  const history = new History(mask);
  history.begin();
  combine(mask, history, area, "add");
  history.commit();
  return mask;
}

function assertCovers(area, width, height, isInside, message) {
  const { pixels } = covered(area, width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const expected = isInside(x + 0.5, y + 0.5);
      if (expected !== null) assert.equal(pixels[y * width + x], expected ? 255 : 0, `${message}, pixel ${x},${y}`);
    }
  }
}

function randomPoint(random, width, height) {
  return { x: (random() * 1.6 - 0.3) * width, y: (random() * 1.6 - 0.3) * height };
}

/** How often a closed line winds around a point: the sum of the angles under which its edges are seen. */
function windings(points, x, y) {
  let angle = 0;
  points.forEach((a, i) => {
    const b = points[(i + 1) % points.length];
    const [ax, ay, bx, by] = [a.x - x, a.y - y, b.x - x, b.y - y];
    angle += Math.atan2(ax * by - ay * bx, ax * bx + ay * by);
  });
  return Math.round(angle / (2 * Math.PI));
}

function distance(px, py, from, to) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const along = dx || dy ? ((px - from.x) * dx + (py - from.y) * dy) / (dx * dx + dy * dy) : 0;
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(px - from.x - t * dx, py - from.y - t * dy);
}

function randomMask(random, width, height) {
  const mask = new Mask(width, height);
  const kind = Math.floor(random() * 4);
  const pixels = new Uint8Array(width * height);
  for (let i = 0; i < pixels.length; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    const isSet = [false, true, random() < 0.3, Math.hypot(x - width / 3, y - height / 2) < width / 4][kind];
    if (isSet) pixels[i] = 255;
  }
  mask.load(pixels);
  return mask;
}

for (const [width, height] of SIZES) {
  test(`a rectangle covers the pixels whose centres it holds, on ${width} x ${height}`, () => {
    const random = numbers(21);
    for (let round = 0; round < 60; round++) {
      const [a, b] = [randomPoint(random, width, height), randomPoint(random, width, height)];
      const isInside = (x, y) => (x - a.x) * (x - b.x) <= 0 && (y - a.y) * (y - b.y) <= 0;
      assertCovers(rectangle(a, b), width, height, isInside, `round ${round}`);
    }
  });

  test(`an ellipse covers the pixels whose centres fulfil its equation, on ${width} x ${height}`, () => {
    const random = numbers(22);
    for (let round = 0; round < 60; round++) {
      const [a, b] = [randomPoint(random, width, height), randomPoint(random, width, height)];
      const isInside = (x, y) => {
        // The product form: (2x - ax - bx)² / (ax - bx)² + … <= 1, without the middle and the radii.
        const [across, down] = [(a.x - b.x) ** 2, (a.y - b.y) ** 2];
        const sum = (2 * x - a.x - b.x) ** 2 * down + (2 * y - a.y - b.y) ** 2 * across - across * down;
        return Math.abs(sum) < 1e-6 ? null : sum < 0;
      };
      assertCovers(ellipse(a, b), width, height, isInside, `round ${round}`);
    }
  });

  test(`a polygon covers the pixels around which it winds an odd number of times, on ${width} x ${height}`, () => {
    const random = numbers(23);
    for (let round = 0; round < 30; round++) {
      const points = Array.from({ length: 3 + (round % 12) }, () => randomPoint(random, width, height));
      if (round % 3 === 0) points[1].y = points[0].y;
      if (round % 4 === 0) points[2].x = points[1].x;
      const isInside = (x, y) => {
        const isOnEdge = points.some((a, i) => distance(x, y, a, points[(i + 1) % points.length]) < 1e-9);
        return isOnEdge ? null : windings(points, x, y) % 2 !== 0;
      };
      assertCovers(polygon(points), width, height, isInside, `round ${round}`);
    }
  });
}

test("a self-crossing star is hollow in its middle", () => {
  const points = [0, 2, 4, 1, 3].map((turn) => {
    const angle = (turn * 2 * Math.PI) / 5;
    return { x: 50 + 45 * Math.sin(angle), y: 50 - 45 * Math.cos(angle) };
  });
  const { pixels } = covered(polygon(points), 100, 100);
  assert.equal(pixels[50 * 100 + 50], 0);
  assert.equal(pixels[20 * 100 + 50], 255);
});

test("shapes that share an edge share no pixel and leave none between them, on centres too", () => {
  const random = numbers(25);
  for (let round = 0; round < 40; round++) {
    const snapped = () => Math.floor(random() * 60) / 2; // every second place is a pixel's centre
    const [left, middle, right, top, bottom] = [0, snapped(), 30, snapped() / 2, 15 + snapped() / 2];
    const halves = [[left, middle], [middle, right]].map(([a, b]) => [{ x: a, y: top }, { x: b, y: bottom }]);
    const whole = covered(rectangle({ x: left, y: top }, { x: right, y: bottom }), 40, 40);
    const corners = ([a, b]) => [a, { x: b.x, y: a.y }, b, { x: a.x, y: b.y }];
    for (const make of [([a, b]) => rectangle(a, b), (half) => polygon(corners(half))]) {
      const [one, two] = halves.map((half) => covered(make(half), 40, 40).pixels);
      assert.deepEqual(one.map((value, i) => (value & two[i] ? 1 : value | two[i])), whole.pixels);
    }
  }
});

test("a nearly level edge is as exact as a steep one, far down the picture", () => {
  const points = [{ x: 0, y: 5000.5 - 1e-9 }, { x: 60, y: 5000.5 + 1e-9 }, { x: 60, y: 5003 }, { x: 0, y: 5003 }];
  const area = polygon(points);
  const spans = [];
  assert.equal(area.spans(5000, spans), 2);
  assert.ok(Math.abs(spans[0] - 0) <= 1 && Math.abs(spans[1] - 30) <= 1, `${spans}`);
});

test("a polygon gives the same rows in whichever order they are asked for", () => {
  const random = numbers(26);
  const points = Array.from({ length: 40 }, () => randomPoint(random, 80, 80));
  const [area, fresh] = [polygon(points), polygon(points)];
  const row = (of, y) => {
    const spans = [];
    return spans.slice(0, of.spans(y, spans)).concat(spans.slice(0, of.spans(y, spans)));
  };
  const rows = Array.from({ length: 60 }, (_, y) => row(fresh, y + 5));
  for (let y = 59; y >= 0; y--) assert.deepEqual(row(area, y + 5), rows[y]);
});

test("shapes without an inside have no bounds and change nothing", () => {
  const point = { x: 12.3, y: 9.8 };
  const none = [rectangle(point, point), ellipse(point, { x: 40, y: 9.8 }), polygon([]), polygon([point]), polygon([point, { x: 3, y: 3 }])];
  for (const area of none) {
    const mask = covered(area, 50, 50);
    assert.ok(mask.isEmpty);
  }
  assert.equal(rectangle(point, point).bounds, null);
  assert.equal(polygon([point]).bounds, null);
});

test("an area's bounds hold all of its spans, wherever it lies", () => {
  const random = numbers(27);
  for (let round = 0; round < 200; round++) {
    const [a, b, c] = [0, 0, 0].map(() => randomPoint(random, 400, 300));
    for (const { bounds, spans } of [rectangle(a, b), ellipse(a, b), polygon([a, b, c])]) {
      if (!bounds) continue;
      const found = [];
      for (let y = bounds[1]; y < bounds[3]; y++) {
        const count = spans(y, found);
        for (let i = 0; i < count; i += 2) assert.ok(bounds[0] <= found[i] && found[i + 1] <= bounds[2]);
      }
    }
  }
});

for (const [mode, rule] of Object.entries(MODES)) {
  for (const [width, height] of SIZES) {
    test(`to ${mode} an area is boolean algebra, told truly and undone whole, on ${width} x ${height}`, () => {
      const random = numbers(28);
      for (let round = 0; round < 24; round++) {
        const mask = randomMask(random, width, height);
        const points = Array.from({ length: 3 + (round % 4) }, () => randomPoint(random, width, height));
        const within = covered(polygon(points), width, height).pixels;
        checkCombination(mask, (history) => combine(mask, history, polygon(points), mode), within, rule);
      }
    });

    test(`to ${mode} a region is boolean algebra, told truly and undone whole, on ${width} x ${height}`, () => {
      const random = numbers(29);
      for (let round = 0; round < 24; round++) {
        const mask = randomMask(random, width, height);
        const { region, within } = randomRegion(random, width, height);
        checkCombination(mask, (history) => combineRegion(mask, history, region, mode), within, rule, { counted: true });
        assert.equal(mask.area, countOf(mask));
      }
    });
  }
}

function checkCombination(mask, combineWith, within, rule, how) {
  const before = mask.pixels.slice();
  const expected = before.map((was, i) => (rule(was, within[i]) ? 255 : 0));
  const history = new History(mask);
  history.begin();
  const told = combineWith(history);
  const isChanged = history.commit(how);
  assert.deepEqual(mask.pixels, expected);
  assert.equal(isChanged, before.some((value, i) => value !== expected[i]));
  before.forEach((value, i) => {
    if (value === expected[i]) return;
    const [x, y] = [i % mask.width, Math.floor(i / mask.width)];
    assert.ok(told && x >= told[0] && x < told[2] && y >= told[1] && y < told[3], `pixel ${x},${y} changed unsaid`);
  });
  history.undo();
  assert.deepEqual(mask.pixels, before);
  history.redo();
  assert.deepEqual(mask.pixels, expected);
}

/** Regions stick out of the picture, lie beside it, or cover all of it. */
function randomRegion(random, width, height) {
  const { pixels } = randomMask(random, width * 2, height * 2);
  const [left, top] = [Math.floor((random() * 2.2 - 1.6) * width), Math.floor((random() * 2.2 - 1.6) * height)];
  const within = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [rx, ry] = [x - left, y - top];
      const isInside = rx >= 0 && ry >= 0 && rx < width * 2 && ry < height * 2;
      within[y * width + x] = isInside ? pixels[ry * width * 2 + rx] : 0;
    }
  }
  return { region: { bounds: [left, top, left + width * 2, top + height * 2], pixels }, within };
}

test("a region that changes nothing touches no tile", () => {
  const mask = randomMask(() => 0.3, 600, 600); // all of it set
  const touched = [];
  const history = { touch: (bounds) => touched.push(bounds) };
  const whole = { bounds: [0, 0, 600, 600], pixels: new Uint8Array(360_000).fill(255) };
  combineRegion(mask, history, whole, "add");
  combineRegion(mask, history, whole, "intersect");
  combineRegion(mask, history, whole, "replace");
  combineRegion(mask, history, { ...whole, pixels: new Uint8Array(360_000) }, "subtract");
  assert.deepEqual(touched, []);
});

test("a region can be combined a row of tiles at a time", () => {
  const [one, two] = [new Mask(700, 700), new Mask(700, 700)];
  const pixels = Uint8Array.from({ length: 490_000 }, (_, i) => ((i * 7919) % 1013 < 300 ? 255 : 0));
  const region = { bounds: [0, 0, 700, 700], pixels };
  const [steps, whole] = [new History(one), new History(two)];
  steps.begin();
  whole.begin();
  const told = [...combining(one, steps, region, "add")];
  assert.deepEqual(told, [[0, 0, 700, 256], [0, 256, 700, 512], [0, 512, 700, 700]]);
  assert.deepEqual(combineRegion(two, whole, region, "add"), [0, 0, 700, 700]);
  assert.deepEqual(one.pixels, two.pixels);
});
