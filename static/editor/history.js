// @ts-check
import { union } from "./mask.js";

/**
 * Undo and redo. Whatever changes the mask opens a step, touches the bounds it is about to change,
 * and commits. A step keeps the tiles as they were before the first touch, as run lengths; undoing
 * swaps them with the present ones, and so does redoing.
 */

/** @typedef {import("./mask.js").Mask} Mask */
/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {Map<number, import("./mask.js").Runs>} Step */

export class History {
  #mask;
  #limit;
  /** @type {Step[]} */ #past = [];
  /** @type {Step[]} */ #future = [];
  /** @type {Step | null} */ #open = null;

  /**
   * @param {Mask} mask
   * @param {number} limit
   */
  constructor(mask, limit = 50) {
    this.#mask = mask;
    this.#limit = limit;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /** Bytes that the run lengths of all steps take. */
  get size() {
    let size = 0;
    for (const step of [...this.#past, ...this.#future]) {
      for (const runs of step.values()) size += typeof runs === "number" ? 0 : runs.byteLength;
    }
    return size;
  }

  begin() {
    if (this.#open) this.commit();
    this.#open = new Map();
  }

  /**
   * Keeps the tiles of these bounds before they change.
   * @param {Bounds} bounds
   */
  touch(bounds) {
    if (!this.#open) throw new Error("touch() belongs between begin() and commit()");
    for (const tile of this.#mask.tilesIn(bounds)) {
      if (!this.#open.has(tile)) this.#open.set(tile, this.#mask.readTile(tile));
    }
  }

  /**
   * Ends the step. One that changed nothing leaves no trace, so that an undo is always seen.
   * @param {{counted?: boolean}} how counted: the mask has kept its counts itself
   * @returns {boolean} whether anything changed
   */
  commit({ counted = false } = {}) {
    const step = this.#open;
    this.#open = null;
    if (!step) return false;
    for (const [tile, before] of step) {
      if (!counted) this.#mask.recount(tile);
      if (!this.#mask.differs(tile, before)) step.delete(tile);
    }
    if (step.size === 0) return false;
    this.#past.push(step);
    if (this.#past.length > this.#limit) this.#past.shift();
    this.#future = [];
    return true;
  }

  /**
   * Gives up the open step and puts everything back.
   * @returns {Bounds | null} what has to be painted anew
   */
  cancel() {
    const step = this.#open;
    this.#open = null;
    for (const [tile, before] of step ?? []) this.#mask.writeTile(tile, before);
    return step && this.#bounds(step);
  }

  /** @returns {Bounds | null} what changed, or null if there was nothing to undo */
  undo() {
    return this.#swap(this.#past, this.#future);
  }

  /** @returns {Bounds | null} */
  redo() {
    return this.#swap(this.#future, this.#past);
  }

  /**
   * @param {Step[]} from
   * @param {Step[]} to
   */
  #swap(from, to) {
    const step = from.pop();
    if (!step) return null;
    for (const [tile, then] of step) {
      const now = this.#mask.readTile(tile);
      this.#mask.writeTile(tile, then);
      step.set(tile, now);
    }
    to.push(step);
    return this.#bounds(step);
  }

  /** @param {Step} step */
  #bounds(step) {
    /** @type {Bounds | null} */
    let bounds = null;
    for (const tile of step.keys()) bounds = union(bounds, this.#mask.tileBounds(tile));
    return bounds;
  }
}
