// @ts-check
/**
 * Starts the worker, and gives a function that asks it.
 * @param {string} url
 * @returns {import("./surface.js").Ask}
 */
export function startWorker(url) {
  const worker = new Worker(url, { type: "module" });
  const waiting = new Map();
  let last = 0;
  worker.onmessage = ({ data: { id, answer, error } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(error));
    else resolve(answer);
  };
  worker.onerror = () => waiting.forEach(({ reject }) => reject(new Error("the worker did not start")));
  return (task, message = {}, transfer = []) =>
    new Promise((resolve, reject) => {
      waiting.set((last += 1), { resolve, reject });
      worker.postMessage({ ...message, id: last, task }, transfer);
    });
}
