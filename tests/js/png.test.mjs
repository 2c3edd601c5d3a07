import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32, deflateSync, inflateSync } from "node:zlib";
import { Mask } from "../../static/editor/mask.js";
import { UnreadablePng, decodeMask, encodeAlphaMask, encodeMask, encodeMaskNow, packed } from "../../static/editor/png.js";

function blob(width, height) {
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return Math.hypot(x - width / 2, y - height / 3) < height / 4 || (x * 7 + y * 3) % 31 === 0 ? 255 : 0;
  });
}

/** Rows of bits in strips of a few rows each, packed by way of text. */
function stripsOf(pixels, width, height, rows = 7) {
  const strips = [];
  for (let top = 0; top < height; top += rows) {
    const bytes = [];
    for (let y = top; y < Math.min(height, top + rows); y++) {
      const row = [...pixels.subarray(y * width, (y + 1) * width)].map((value) => (value ? "1" : "0")).join("");
      for (let x = 0; x < width; x += 8) bytes.push(parseInt(row.slice(x, x + 8).padEnd(8, "0"), 2));
    }
    strips.push(Uint8Array.from(bytes));
  }
  return strips;
}

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

/** What rows say, each of which is told as the difference to the row above. */
function rowsWithoutUp(rows, stride, height) {
  const bytes = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y++) {
    assert.equal(rows[y * (stride + 1)], 2);
    for (let x = 0; x < stride; x++) bytes[y * stride + x] = rows[y * (stride + 1) + 1 + x] + (y ? bytes[(y - 1) * stride + x] : 0);
  }
  return bytes;
}

function pixelsOf(png) {
  const chunks = chunksOf(png);
  const header = chunks[0][1];
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const stride = Math.ceil(width / 8);
  const packedRows = inflateSync(Buffer.concat(chunks.filter(([type]) => type === "IDAT").map(([, data]) => data)));
  const rows = rowsWithoutUp(packedRows, stride, height);
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) pixels[y * width + x] = rows[y * stride + (x >> 3)] & (128 >> (x & 7)) ? 255 : 0;
  }
  return { width, height, pixels };
}

function greyPng(width, height, bits, rows, more = []) {
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
  const others = more.map(([type, data]) => chunk(type, data));
  const chunks = [chunk("IHDR", header), ...others, chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))];
  return Uint8Array.from(Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...chunks]));
}

for (const [width, height] of [[1, 1], [8, 3], [61, 47], [640, 401]]) {
  test(`a mask of ${width} x ${height} is a PNG of one bit per pixel, white = change`, async () => {
    const pixels = blob(width, height);
    const png = await encodeMask(stripsOf(pixels, width, height), width, height);
    assert.deepEqual([...chunksOf(png)[0][1].subarray(8)], [1, 0, 0, 0, 0]);
    assert.deepEqual(pixelsOf(png), { width, height, pixels });
  });

  test(`a mask of ${width} x ${height} written at once has the same pixels`, () => {
    const pixels = blob(width, height);
    assert.deepEqual(pixelsOf(encodeMaskNow(stripsOf(pixels, width, height), width, height)), { width, height, pixels });
  });

  test(`a mask of ${width} x ${height} comes back from its file`, async () => {
    const pixels = blob(width, height);
    const png = await encodeMask(stripsOf(pixels, width, height), width, height);
    assert.deepEqual(await decodeMask(png), { width, height, pixels });
  });
}

for (const [width, height] of [[1, 1], [7, 300], [300, 7], [513, 258], [640, 600]]) {
  test(`a mask of ${width} x ${height} is packed eight pixels to a byte, plain tiles and others, in strips`, () => {
    const mask = new Mask(width, height);
    const masks = [blob(width, height), mask.pixels.map(() => 255), mask.pixels.map((_, i) => (i % width < 256 ? 255 : 0)), mask.pixels.slice()];
    for (const pixels of masks) {
      mask.load(pixels);
      const strips = stripsOf(pixels, width, height, 37);
      strips.forEach((strip, i) => {
        const top = i * 37;
        assert.deepEqual(packed(mask, top, Math.min(height, top + 37)), strip);
      });
    }
  });
}

for (const [width, height] of [[1, 1], [61, 47], [9, 200], [640, 401]]) {
  test(`a mask of ${width} x ${height} for images APIs is black, and transparent where it changes`, async () => {
    const pixels = blob(width, height);
    const png = await encodeAlphaMask(stripsOf(pixels, width, height), width, height);
    const chunks = chunksOf(png);
    assert.deepEqual([...chunks[0][1]], [...Buffer.from(Uint32Array.of(width, height).buffer).swap32(), 8, 6, 0, 0, 0]);
    const rows = inflateSync(Buffer.concat(chunks.filter(([type]) => type === "IDAT").map(([, data]) => data)));
    assert.equal(rows.length, (4 * width + 1) * height);
    const colours = rowsWithoutUp(rows, 4 * width, height);
    assert.deepEqual(colours, Buffer.from(Uint8Array.from({ length: 4 * pixels.length }, (_, i) => (i % 4 === 3 ? 255 - pixels[i >> 2] : 0))));
  });
}

test("every run length survives the writer that works at once", () => {
  for (let length = 1; length <= 600; length += length < 270 ? 1 : 37) {
    // One row of whole bytes: `length` white ones after a black one, so each length meets its own symbol.
    const width = (length + 2) * 8;
    const pixels = new Uint8Array(width).fill(255, 8, (length + 1) * 8);
    assert.deepEqual(pixelsOf(encodeMaskNow(stripsOf(pixels, width, 1), width, 1)).pixels, pixels, `run of ${length}`);
  }
});

test("a stroke across 24 megapixels, written at once, fits a request that outlives its page", () => {
  const [width, height] = [6000, 4000];
  const mask = new Mask(width, height);
  mask.fillCapsule({ x: 3000, y: 2000 }, { x: 3000, y: 2000 }, 800, 255);
  for (let tile = 0; tile < mask.counts.length; tile++) mask.recount(tile);
  assert.ok(encodeMaskNow([packed(mask, 0, height)], width, height).length < 60_000);
});

test("a much painted mask of 24 megapixels stays below 150 KB", async () => {
  const [width, height] = [6000, 4000];
  const mask = new Mask(width, height);
  for (let i = 0; i < 100; i++) {
    const point = { x: (i * 2741) % width, y: (i * 1693) % height };
    mask.fillCapsule(point, { x: point.x + ((i * 577) % 1600), y: point.y + ((i * 911) % 900) - 450 }, 30 + (i % 7) * 20, i % 5 ? 255 : 0);
  }
  for (let tile = 0; tile < mask.counts.length; tile++) mask.recount(tile);
  assert.ok((await encodeMask([packed(mask, 0, height)], width, height)).length < 150_000);
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
  const good = await encodeMask(stripsOf(blob(40, 30), 40, 30), 40, 30);
  const palette = good.slice();
  palette[25] = 3;
  const oneGreyIsTransparent = greyPng(9, 9, 8, Buffer.alloc(90), [["tRNS", Buffer.alloc(2)]]);
  const short = greyPng(9, 9, 8, Buffer.alloc(20));
  for (const bytes of [new Uint8Array(0), Buffer.from("<svg/>"), palette, good.slice(0, 60), short, oneGreyIsTransparent]) {
    await assert.rejects(decodeMask(bytes), UnreadablePng);
  }
});
