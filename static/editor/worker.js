// @ts-check
import { photo } from "./levels.js";
import * as tasks from "./worker-tasks.js";

/**
 * The work that would make the page stutter. Each message {id, task, ...} is answered by {id, answer}
 * or {id, error}.
 */

/** @type {Record<string, (message: any) => Promise<{answer: any, transfer: Transferable[]}>>} */
const TASKS = { photo, ...tasks };

self.onmessage = async ({ data }) => {
  try {
    const { answer, transfer } = await TASKS[data.task](data);
    self.postMessage({ id: data.id, answer }, { transfer });
  } catch (error) {
    self.postMessage({ id: data.id, error: String(error) });
  }
};
