import assert from "node:assert/strict";
import { test } from "node:test";
import { chosen, countSet, isCompressible, offersOf, previewsOf } from "../../static/editor/offered.js";

const choices = (...values) => values.map((value) => ({ value, label: value }));
const plain = { options: {}, compressible: [], previews: [], default_previews: "" };
const rich = {
  options: { background: choices("", "opaque", "transparent"), output_format: choices("", "webp", "jpeg") },
  compressible: ["webp", "jpeg"],
  previews: choices("0", "1", "2"),
  default_previews: "2",
};

test("a choice that the model does not have gives way to its own", () => {
  assert.equal(chosen(choices("low", "high"), "high", "low"), "high");
  assert.equal(chosen(choices("low", "high"), "max", "low"), "low");
  assert.equal(chosen(choices("low"), undefined, "low"), "low");
});

test("an option without a wish stands at the first choice", () => {
  assert.equal(offersOf(rich, {}).background.value, "");
  assert.equal(offersOf(rich, { background: "plaid" }).background.value, "");
});

test("a wish waits for a model that has it", () => {
  const wishes = { background: "transparent" };
  assert.deepEqual(offersOf(plain, wishes), {});
  assert.equal(offersOf(rich, wishes).background.value, "transparent");
});

test("only some formats can be compressed", () => {
  assert.equal(isCompressible(rich, "webp"), true);
  assert.equal(isCompressible(rich, ""), false);
  assert.equal(isCompressible(rich, undefined), false);
  assert.equal(isCompressible(plain, "webp"), false);
});

test("previews are asked for as the house has it until somebody chooses; none is a choice", () => {
  assert.equal(previewsOf(rich, {}).value, "2");
  assert.equal(previewsOf(rich, { partial_images: "0" }).value, "0");
  assert.equal(previewsOf(rich, { partial_images: "3" }).value, "2");
});

test("what is set is counted where the model takes it", () => {
  assert.equal(countSet(rich, {}), 0);
  assert.equal(countSet(rich, { background: "opaque", partial_images: "0" }), 2);
  assert.equal(countSet(rich, { background: "opaque", partial_images: "2" }), 1);
  assert.equal(countSet(rich, { output_compression: "50" }), 0);
  assert.equal(countSet(rich, { output_compression: "50", output_format: "webp" }), 2);
  assert.equal(countSet(plain, { background: "opaque", partial_images: "0" }), 0);
});
