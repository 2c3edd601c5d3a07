import assert from "node:assert/strict";
import { test } from "node:test";
import { startWorker } from "../../static/editor/ask.js";

/** Workers that write down what they were asked. */
function workers() {
  const started = [];
  globalThis.Worker = class {
    asked = [];
    isGone = false;
    constructor() {
      started.push(this);
    }
    postMessage(message) {
      this.asked.push(message);
    }
    terminate() {
      this.isGone = true;
    }
  };
  return started;
}

test("each question gets its own answer, or its own error", async () => {
  const [worker, ask] = [workers(), startWorker("/worker.js")];
  const [one, two] = [ask("grow", { radius: 2 }), ask("wand")];
  assert.deepEqual(worker[0].asked, [{ radius: 2, id: 1, task: "grow" }, { id: 2, task: "wand" }]);
  worker[0].onmessage({ data: { id: 2, error: "no photo" } });
  worker[0].onmessage({ data: { id: 1, answer: "a region" } });
  assert.equal(await one, "a region");
  await assert.rejects(two, { message: "no photo" });
});

test("when the worker cannot be loaded nothing waits for ever, and the next question starts it anew", async () => {
  const [worker, ask] = [workers(), startWorker("/worker.js")];
  const lost = [ask("photo"), ask("encode")];
  worker[0].onerror();
  for (const each of lost) await assert.rejects(each);
  assert.ok(worker[0].isGone);
  const again = ask("encode");
  assert.equal(worker.length, 2);
  worker[1].onmessage({ data: { id: 3, answer: "a file" } });
  assert.equal(await again, "a file");
});
