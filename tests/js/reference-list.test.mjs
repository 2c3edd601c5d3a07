import assert from "node:assert/strict";
import { test } from "node:test";
import { ReferenceList } from "../../static/editor/reference-list.js";

const picture = (id) => ({ id, name: `${id}.png`, thumb_url: `/images/${id}/thumb-small` });

function listOf(...ids) {
  const list = new ReferenceList();
  list.fill(ids.map(picture));
  return list;
}

test("references count from 2, for the picture that is edited is 1", () => {
  const list = listOf(7, 3);
  assert.deepEqual([list.numberOf(7), list.numberOf(3)], [2, 3]);
});

test("a picture is added at the end, once, and while there is room", () => {
  const list = listOf(7);
  assert.equal(list.add(picture(3), 3), "added");
  assert.equal(list.add(picture(7), 3), "twice");
  assert.equal(list.add(picture(5), 3), "added");
  assert.equal(list.add(picture(9), 3), "full");
  assert.deepEqual(list.ids, [7, 3, 5]);
});

test("what is there already is named so, even where there is no room", () => {
  assert.equal(listOf(1, 2).add(picture(2), 2), "twice");
});

test("a stored list is taken as it is, each picture once, however few the model takes", () => {
  assert.deepEqual(listOf(4, 2, 4, 9).ids, [4, 2, 9]);
});

test("a picture moves to a place and the others make room", () => {
  const list = listOf(1, 2, 3, 4);
  assert.equal(list.move(4, 1), true);
  assert.deepEqual(list.ids, [1, 4, 2, 3]);
  assert.equal(list.move(1, 3), true);
  assert.deepEqual(list.ids, [4, 2, 3, 1]);
});

test("a picture moves no further than the list goes", () => {
  const list = listOf(1, 2, 3);
  assert.equal(list.move(1, -1), false);
  assert.equal(list.move(3, 9), false);
  assert.equal(list.move(8, 0), false);
  assert.deepEqual(list.ids, [1, 2, 3]);
  assert.equal(list.move(1, 9), true);
  assert.deepEqual(list.ids, [2, 3, 1]);
});

test("after one is taken out its place goes to the next, at the end to the last", () => {
  const list = listOf(1, 2, 3);
  assert.equal(list.remove(2).id, 3);
  assert.equal(list.remove(3).id, 1);
  assert.equal(list.remove(1), null);
  assert.equal(list.length, 0);
});

test("the pictures that are given out are no door to the list", () => {
  const list = listOf(1, 2);
  list.pictures.pop();
  assert.deepEqual(list.ids, [1, 2]);
});
