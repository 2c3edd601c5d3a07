// @ts-check
/**
 * Starts the worker, and gives a function that asks it. One that could not be loaded, or broke, is
 * started anew by the next question.
 * @param {string} url
 * @returns {import("./surface.js").Ask}
 */
export function startWorker(url) {
  /** @type {Worker | null} */ let worker = null;
  const waiting = new Map();
  let last = 0;
  start();
  return (task, message = {}, transfer = []) =>
    new Promise((resolve, reject) => {
      waiting.set((last += 1), { resolve, reject });
      (worker ?? start()).postMessage({ ...message, id: last, task }, transfer);
    });

  function start() {
    const started = (worker = new Worker(url, { type: "module" }));
    started.onmessage = ({ data: { id, answer, error } }) => {
      const { resolve, reject } = waiting.get(id);
      waiting.delete(id);
      if (error) reject(new Error(error));
      else resolve(answer);
    };
    started.onerror = () => {
      started.terminate();
      worker = null;
      waiting.forEach(({ reject }) => reject(new Error("the worker did not start")));
      waiting.clear();
    };
    return started;
  }
}
