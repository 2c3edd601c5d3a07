import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32, deflateSync, inflateSync } from "node:zlib";
import { UnreadablePng, decodeMask, encodeMask, encodeMaskNow } from "../../static/editor/png.js";

function blob(width, height) {
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return Math.hypot(x - width / 2, y - height / 3) < height / 4 || (x * 7 + y * 3) % 31 === 0 ? 255 : 0;
  });
}

const whole = (pixels, width, height) => [{ bounds: [0, 0, width, height], pixels }];

/** An own reader of the file's chunks, which shares nothing with the code under test. */
function chunksOf(png) {
  const buffer = Buffer.from(png);
  assert.equal(buffer.subarray(0, 8).toString("latin1"), "\x89PNG\r\n\x1a\n");
  const chunks = [];
  for (let at = 8; at < buffer.length; ) {
    const length = buffer.readUInt32BE(at);
    assert.equal(buffer.readUInt32BE(at + 8 + length), crc32(buffer.subarray(at + 4, at + 8 + length)));
    chunks.push([buffer.toString("latin1", at + 4, at + 8), buffer.subarray(at + 8, at + 8 + length)]);
    at += length + 12;
  }
  return chunks;
}

function pixelsOf(png) {
  const chunks = chunksOf(png);
  const header = chunks[0][1];
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const stride = Math.ceil(width / 8);
  const rows = inflateSync(Buffer.concat(chunks.filter(([type]) => type === "IDAT").map(([, data]) => data)));
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    assert.equal(rows[y * (stride + 1)], 2);
    for (let x = 0; x < stride; x++) if (y) rows[y * (stride + 1) + 1 + x] += rows[(y - 1) * (stride + 1) + 1 + x];
    const from = y * (stride + 1) + 1;
    for (let x = 0; x < width; x++) pixels[y * width + x] = rows[from + (x >> 3)] & (128 >> (x & 7)) ? 255 : 0;
  }
  return { width, height, pixels };
}

function greyPng(width, height, bits, rows) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = bits;
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const chunks = [chunk("IHDR", header), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))];
  return Uint8Array.from(Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...chunks]));
}

for (const [width, height] of [[1, 1], [8, 3], [61, 47], [640, 401]]) {
  test(`a mask of ${width} x ${height} is a PNG of one bit per pixel, white = change`, async () => {
    const pixels = blob(width, height);
    const png = await encodeMask(whole(pixels, width, height), width, height);
    assert.deepEqual([...chunksOf(png)[0][1].subarray(8)], [1, 0, 0, 0, 0]);
    assert.deepEqual(pixelsOf(png), { width, height, pixels });
  });

  test(`a mask of ${width} x ${height} written at once has the same pixels`, () => {
    const pixels = blob(width, height);
    assert.deepEqual(pixelsOf(encodeMaskNow(whole(pixels, width, height), width, height)), { width, height, pixels });
  });

  test(`a mask of ${width} x ${height} comes back from its file`, async () => {
    const pixels = blob(width, height);
    const png = await encodeMask(whole(pixels, width, height), width, height);
    assert.deepEqual(await decodeMask(png), { width, height, pixels });
  });
}

test("the parts of a mask lie where their bounds say, and the rest is empty", async () => {
  const [width, height] = [100, 80];
  const mask = new Uint8Array(width * height);
  const parts = [[35, 21, 48, 30], [35, 30, 48, 33], [3, 70, 99, 80]].map(([left, top, right, bottom], part) => {
    const pixels = blob(right - left, bottom - top).map((value, i) => (i % (part + 2) ? value : 255));
    const across = right - left;
    for (let y = top, at = 0; y < bottom; y++, at += across) mask.set(pixels.subarray(at, at + across), y * width + left);
    return { bounds: [left, top, right, bottom], pixels };
  });
  assert.deepEqual(pixelsOf(await encodeMask(parts, width, height)).pixels, mask);
  assert.deepEqual(pixelsOf(encodeMaskNow(parts, width, height)).pixels, mask);
});

test("every run length survives the writer that works at once", () => {
  for (let length = 1; length <= 600; length += length < 270 ? 1 : 37) {
    // One row of whole bytes: `length` white ones after a black one, so each length meets its own symbol.
    const width = (length + 2) * 8;
    const pixels = new Uint8Array(width).fill(255, 8, (length + 1) * 8);
    assert.deepEqual(pixelsOf(encodeMaskNow(whole(pixels, width, 1), width, 1)).pixels, pixels, `run of ${length}`);
  }
});

test("a stroke across 24 megapixels, written at once, fits a request that outlives its page", () => {
  const [width, height] = [6000, 4000];
  const pixels = new Uint8Array(width * height);
  for (let y = 1200; y < 2800; y++) {
    const half = Math.round(Math.sqrt(800 ** 2 - (y - 2000) ** 2));
    pixels.fill(255, y * width + 3000 - half, y * width + 3000 + half);
  }
  assert.ok(encodeMaskNow(whole(pixels, width, height), width, height).length < 60_000);
});

test("grey PNGs of eight bits are read, whichever filter a row has", async () => {
  const [width, height] = [23, 10];
  const grey = Uint8Array.from({ length: width * height }, (_, i) => (i * 57 + (i % 9) * 40) % 256);
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) {
    const filter = (rows[y * (width + 1)] = y % 5);
    for (let x = 0; x < width; x++) {
      const a = x ? grey[y * width + x - 1] : 0;
      const b = y ? grey[(y - 1) * width + x] : 0;
      const c = x && y ? grey[(y - 1) * width + x - 1] : 0;
      const p = a + b - c;
      const paeth = [a, b, c].reduce((best, value) => (Math.abs(p - value) < Math.abs(p - best) ? value : best), a);
      rows[y * (width + 1) + 1 + x] = grey[y * width + x] - [0, a, b, (a + b) >> 1, paeth][filter];
    }
  }
  const { pixels } = await decodeMask(greyPng(width, height, 8, rows));
  assert.deepEqual(pixels, grey.map((value) => (value >= 128 ? 255 : 0)));
});

test("what is no plain grey PNG is left to the browser", async () => {
  const good = await encodeMask(whole(blob(40, 30), 40, 30), 40, 30);
  const palette = good.slice();
  palette[25] = 3;
  const short = greyPng(9, 9, 8, Buffer.alloc(20));
  for (const bytes of [new Uint8Array(0), Buffer.from("<svg/>"), palette, good.slice(0, 60), short]) {
    await assert.rejects(decodeMask(bytes), UnreadablePng);
  }
});
