// @ts-check
import { union } from "./mask.js";

/**
 * Undo and redo of everything, in one line. Whatever changes the mask opens a step, touches the
 * bounds it is about to change, and commits. A step keeps the tiles as they were before the first
 * touch, as run lengths; undoing swaps them with the present ones, and so does redoing. Whatever
 * changes something else brings a step that can swap itself.
 */

/** @typedef {import("./mask.js").Mask} Mask */
/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {Map<number, import("./mask.js").Runs>} Tiles as they are on the other side of the step */
/**
 * A change of anything but the mask's pixels, made already. `swap` takes it back, and makes it
 * again when it is called again; it returns what has to be painted anew of the mask.
 * @typedef {{swap: () => Bounds | null, bytes: number}} Swap
 */
/** @typedef {Tiles | Swap} Step */

const LEAST_STEPS = 50;
const MOST_BYTES = 24e6;

export class History {
  #limit;
  /** @type {Step[]} */ #past = [];
  /** @type {Step[]} */ #future = [];
  /** @type {Tiles | null} */ #open = null;

  /**
   * @param {Mask} mask
   * @param {number} limit of steps; large ones are kept for fifty only
   */
  constructor(mask, limit = 200) {
    /** The mask that tiles are read from; another one after a swap that put another one in place. */
    this.mask = mask;
    this.#limit = limit;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /** The last step, if nothing was undone since. */
  get newest() {
    return this.#future.length ? null : this.#past[this.#past.length - 1];
  }

  /** Whether a step is open: the mask is between two states. */
  get isOpen() {
    return this.#open !== null;
  }

  /** Bytes that all steps take. */
  get size() {
    return [...this.#past, ...this.#future].reduce((size, step) => size + bytesOf(step), 0);
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
    for (const tile of this.mask.tilesIn(bounds)) {
      if (!this.#open.has(tile)) this.#open.set(tile, this.mask.readTile(tile));
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
      if (!counted) this.mask.recount(tile);
      if (!this.mask.differs(tile, before)) step.delete(tile);
    }
    if (step.size > 0) this.#push(step);
    return step.size > 0;
  }

  /**
   * Gives up the open step and puts everything back.
   * @returns {Bounds | null} what has to be painted anew
   */
  cancel() {
    const step = this.#open;
    this.#open = null;
    for (const [tile, before] of step ?? []) this.mask.writeTile(tile, before);
    return step && this.#bounds(step);
  }

  /** @param {Swap} step */
  record(step) {
    if (this.#open) this.commit();
    this.#push(step);
  }

  /** The last step changes nothing any more. */
  drop() {
    this.#past.pop();
  }

  /** Forgets every step. */
  forget() {
    this.#past = [];
    this.#future = [];
    this.#open = null;
  }

  /** @returns {Bounds | null} what of the mask has to be painted anew */
  undo() {
    return this.#move(this.#past, this.#future);
  }

  /** @returns {Bounds | null} */
  redo() {
    return this.#move(this.#future, this.#past);
  }

  /** @param {Step} step */
  #push(step) {
    this.#past.push(step);
    this.#future = [];
    const isFull = () => this.#past.length > LEAST_STEPS && this.size > MOST_BYTES;
    while (this.#past.length > this.#limit || isFull()) this.#past.shift();
  }

  /**
   * @param {Step[]} from
   * @param {Step[]} to
   */
  #move(from, to) {
    const step = from.pop();
    if (!step) return null;
    to.push(step);
    return step instanceof Map ? this.#swapTiles(step) : step.swap();
  }

  /** @param {Tiles} step */
  #swapTiles(step) {
    for (const [tile, then] of step) {
      const now = this.mask.readTile(tile);
      this.mask.writeTile(tile, then);
      step.set(tile, now);
    }
    return this.#bounds(step);
  }

  /** @param {Tiles} step */
  #bounds(step) {
    /** @type {Bounds | null} */
    let bounds = null;
    for (const tile of step.keys()) bounds = union(bounds, this.mask.tileBounds(tile));
    return bounds;
  }
}

/** @param {Step} step */
function bytesOf(step) {
  if (!(step instanceof Map)) return step.bytes;
  let bytes = 0;
  for (const runs of step.values()) bytes += typeof runs === "number" ? 0 : runs.byteLength;
  return bytes;
}
