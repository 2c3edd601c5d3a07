// @ts-check
/**
 * Where drafts lie that the server does not have yet: in this browser, one for each page that saves.
 * They outlive the page, the browser and a crash of either.
 */

/**
 * @typedef {object} Kept
 * @property {string} tab the page that made it
 * @property {number} number the how-manieth of its savings
 * @property {string} version of the draft on the server that the page knew; "" if it knew none
 * @property {string} key of the person and the picture
 * @property {string} url where it is saved
 * @property {string} search of the page's address
 * @property {number} at when, in ms
 * @property {Record<string, any>} start what the page starts from
 * @property {Uint8Array<ArrayBuffer> | null | undefined} mask a PNG; null: empty; undefined: as on the server
 */
/** @typedef {{version?: number, tab?: string, number?: number}} Stored what the server tells of its draft */

const STORE = "drafts";
const OPENING_MS = 5000;

/**
 * What is to be done with a kept draft, given the one on the server.
 * @param {Kept} kept
 * @param {Stored} stored
 * @returns {"arrived" | "newer" | "apart"} apart: the server has another one that the page did not know
 */
export function fateOf(kept, { version = "", tab = "", number = 0 }) {
  if (tab === kept.tab) return number >= kept.number ? "arrived" : "newer";
  return String(version) === kept.version ? "newer" : "apart";
}

/** @returns {string} a name that no other page has */
export function newTab() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Holds a name until it is let go of, or this page ends, however it ends.
 * @param {string} tab
 * @returns {Promise<(() => void) | null>} lets go of it; null: another page that is alive holds it
 */
export function hold(tab) {
  if (!navigator.locks) return Promise.resolve(() => {}); // only there in a secure context
  return new Promise((resolve) => {
    navigator.locks.request(`draft:${tab}`, { ifAvailable: true }, (lock) => {
      if (!lock) return resolve(null);
      return new Promise((/** @type {(value?: any) => void} */ letGo) => resolve(letGo));
    });
  });
}

export class Shelf {
  /** @type {Promise<IDBDatabase> | null} */ #opened = null;

  /**
   * @param {Kept} kept
   * @returns {Promise<boolean>} whether it lies there now
   */
  async put(kept) {
    return (await this.#asked("readwrite", (store) => store.put(kept))) !== null;
  }

  /** @param {string} tab */
  async remove(tab) {
    await this.#asked("readwrite", (store) => store.delete(tab));
  }

  /** @returns {Promise<Kept[]>} */
  async all() {
    return (await this.#asked("readonly", (store) => store.getAll())) ?? [];
  }

  /**
   * A browser may forbid the shelf, or have no room: null, then.
   * @template T
   * @param {IDBTransactionMode} mode
   * @param {(store: IDBObjectStore) => IDBRequest<T>} asks
   * @returns {Promise<T | null>}
   */
  async #asked(mode, asks) {
    try {
      this.#opened ??= opened();
      const transaction = (await this.#opened).transaction(STORE, mode, { durability: "strict" });
      const request = asks(transaction.objectStore(STORE));
      await new Promise((resolve, reject) => {
        transaction.oncomplete = resolve;
        transaction.onabort = () => reject(transaction.error);
      });
      return request.result;
    } catch {
      this.#opened = null; // the next one tries again
      return null;
    }
  }
}

/** @returns {Promise<IDBDatabase>} */
function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("maskroom", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "tab" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    setTimeout(reject, OPENING_MS); // some browsers forget to answer, and the server shall not wait
  });
}
