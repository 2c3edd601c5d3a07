// @ts-check
import { photo } from "./levels.js";

/**
 * The work that would make the page stutter. Each message {id, task, ...} is answered by {id, answer}
 * or {id, error}.
 */

/** @typedef {Record<string, (message: any) => Promise<{answer: any, transfer: Transferable[]}>>} Tasks */

/** @type {Promise<Tasks> | null} */
let masks = null;

self.onmessage = async ({ data }) => {
  try {
    const tasks = data.task === "photo" ? { photo } : await maskTasks();
    const { answer, transfer } = await tasks[data.task](data);
    self.postMessage({ id: data.id, answer }, { transfer });
  } catch (error) {
    self.postMessage({ id: data.id, error: String(error) });
  }
  maskTasks().catch(() => {}); // at hand before the connection may be lost
};

/** The photo does not wait for all that can be done with masks: it comes right after. */
function maskTasks() {
  masks ??= /** @type {Promise<any>} */ (import("./worker-tasks.js"));
  masks.catch(() => (masks = null)); // the next task tries again
  return masks;
}
