import assert from "node:assert/strict";
import { test } from "node:test";
import { fateOf, newTab } from "../../static/editor/shelf.js";

const KEPT = { tab: "a", number: 4, version: "7" };

test("what the server has of the same page, or something newer of it, has arrived", () => {
  assert.equal(fateOf(KEPT, { version: 8, tab: "a", number: 4 }), "arrived");
  assert.equal(fateOf(KEPT, { version: 9, tab: "a", number: 5 }), "arrived");
});

test("what the page made after its last saving is newer, whatever the version", () => {
  assert.equal(fateOf(KEPT, { version: 7, tab: "a", number: 3 }), "newer");
  assert.equal(fateOf(KEPT, { version: 8, tab: "a", number: 3 }), "newer"); // an answer was lost
});

test("what was made upon the server's version is newer, whoever saved that", () => {
  assert.equal(fateOf(KEPT, { version: 7, tab: "b", number: 9 }), "newer");
  assert.equal(fateOf({ ...KEPT, version: "0" }, { version: 0, tab: "", number: 0 }), "newer");
});

test("what another page has saved since stands apart: the person chooses", () => {
  assert.equal(fateOf(KEPT, { version: 8, tab: "b", number: 1 }), "apart");
  assert.equal(fateOf({ ...KEPT, version: "" }, { version: 8, tab: "b", number: 1 }), "apart");
});

test("an edit that was sent has all that its page kept", () => {
  assert.equal(fateOf(KEPT, { version: 8, tab: "a", number: 99999999 }), "arrived");
});

test("a page that knew of no draft is newer than none", () => {
  assert.equal(fateOf({ ...KEPT, version: "" }, {}), "newer");
});

test("pages have names of their own", () => {
  const names = new Set(Array.from({ length: 100 }, newTab));
  assert.equal(names.size, 100);
  for (const name of names) assert.match(name, /^[0-9a-f]{24}$/);
});
