// @ts-check
import { boxPath, pathOf } from "./outline.js";
import { combineRegion } from "./shapes.js";
import { union } from "./mask.js";
import { onCanvas } from "./regions.js";

/**
 * Object select: a box around a thing, which is then found in it; lines drawn on the thing, or with
 * Alt beside it, refine what was found. Each answer is one step.
 */

/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {import("./mask.js").Point} Point */
/** @typedef {import("./tools.js").Editing} Editing */
/** @typedef {import("./tools.js").How} How */
/** @typedef {import("./tools.js").Region} Region */
/** @typedef {{isMinus: boolean, points: Point[]}} Line */
/** @typedef {{region: Region | null, file: string, lines: Line[], isStep: boolean}} Found region in canvas pixels */

const MOST_FOUND = 6; // that can be gone back to within the gesture: each may be as large as the picture
const LEAST = 4; // CSS pixels: a smaller box is a slip of the hand

/** @type {import("./tools.js").Tool} */
export function object(editing, start, how) {
  return new ObjectGesture(editing, start, how);
}

class ObjectGesture {
  stays = true;
  #editing;
  #outline;
  /** @type {import("./outline.js").Outline | null} */ #band = null;
  /** @type {import("./tools.js").Mode} */ #mode = "add";
  /** @type {[Point, Point] | null} a box, in canvas pixels */ #box = null;
  #isBoxing = true;
  /** @type {Line[]} */ #lines = [];
  /** @type {Line | null} */ #line = null;
  /** @type {Region | null} what was masked before the first answer */ #before = null;
  /** @type {Found[]} */ #found = [];

  /**
   * @param {Editing} editing
   * @param {Point} start
   * @param {How} how
   */
  constructor(editing, start, how) {
    this.#editing = editing;
    this.#outline = editing.outline();
    this.#begin(start, how);
  }

  /**
   * @param {Point} point
   * @param {How} how
   */
  press(point, how) {
    if (!this.#box || !isIn(point, this.#box)) return this.#begin(point, how);
    // Where the box was taken away from the mask, the lines of a press without Alt are on the thing.
    const isMinus = how.mode === "subtract" && this.#mode !== "subtract";
    this.#line = { isMinus, points: [point] };
    this.#band = this.#editing.outline("outline band", this.#editing.size);
    this.move(point);
  }

  /** @param {Point} point */
  move(point) {
    if (this.#isBoxing) {
      this.#box = [this.#box?.[0] ?? point, point];
      this.#draw();
    } else if (this.#line) {
      const { points } = this.#line;
      points.push(point);
      this.#band?.draw(() => pathOf(points));
    }
  }

  release() {
    const line = this.#line;
    if (this.#isBoxing) {
      this.#isBoxing = false;
      if (!this.#isLargeEnough()) return this.#editing.finish();
    } else if (line) {
      this.#lines = [...this.#lines, line];
      this.#dropLine();
    }
    this.#ask();
  }

  /** A second finger came. */
  drop() {
    this.#dropLine();
    if (this.#isBoxing) this.#editing.finish();
  }

  /**
   * The last answer is taken back, and what was drawn for it; the one before can be refined again.
   * @param {boolean} isGivenUp only what was drawn goes: its answer is not waited for any more
   */
  back(isGivenUp) {
    if (this.#found.length < (isGivenUp ? 1 : 2)) return isGivenUp && (this.#editing.finish(), true);
    const isStep = !isGivenUp && this.#found.pop()?.isStep;
    this.#lines = this.#found[this.#found.length - 1].lines;
    if (isGivenUp) return true;
    const bounds = isStep && this.#editing.history.undo();
    if (bounds) this.#editing.changed(bounds);
    this.#editing.tell("change");
    return true;
  }

  end() {
    this.cancel();
    return false; // each answer was a step of its own
  }

  cancel() {
    this.#dropLine();
    this.#outline.remove();
  }

  /**
   * @param {Point} point
   * @param {How} how
   */
  #begin(point, { mode }) {
    this.#mode = mode;
    this.#box = [point, point];
    this.#isBoxing = true;
    [this.#lines, this.#found, this.#before] = [[], [], null];
    this.#draw();
  }

  #draw() {
    this.#outline.draw(() => (this.#box ? boxPath(...this.#box) : ""));
  }

  #dropLine() {
    this.#line = null;
    this.#band?.remove();
    this.#band = null;
  }

  #isLargeEnough() {
    const [a, b] = /** @type {[Point, Point]} */ (this.#box);
    const least = LEAST / this.#editing.surface.cssPerPixel;
    return Math.min(Math.abs(a.x - b.x), Math.abs(a.y - b.y)) >= least && this.#wish() !== null;
  }

  #ask() {
    const canceling = new AbortController();
    const answer = this.#answer(this.#lines, canceling.signal);
    this.#editing.wait(() => canceling.abort(), answer);
  }

  /**
   * @param {Line[]} lines
   * @param {AbortSignal} signal
   */
  async #answer(lines, signal) {
    const { fetchSelection, work, words, say, warn } = this.#editing;
    const { region, file } = await fetchSelection(this.#wish(), signal);
    if (signal.aborted) return false;
    const found = region && onCanvas(region, work.margins);
    const isStep = this.#put(found);
    this.#found.push({ region: found, file, lines, isStep });
    if (this.#found.length > MOST_FOUND) this.#found.shift();
    if (found) say("objectFound");
    else warn(words.objectNotFound);
    return isStep;
  }

  /**
   * Instead of the answer before, this one: what that one added is taken away, what it took is added.
   * @param {Region | null} region
   */
  #put(region) {
    const { mask, history, step } = this.#editing;
    const last = this.#found[this.#found.length - 1];
    if (!last) this.#before = kept(mask);
    /** @type {[Region | null | undefined, import("./tools.js").Mode][]} */
    const steps = [[region, this.#mode]];
    if (last) steps.unshift([this.#mode === "add" ? last.region : null, "subtract"], [this.#before, "add"]);
    return step(() => {
      /** @type {Bounds | null} */
      let bounds = null;
      for (const [each, mode] of steps) if (each) bounds = union(bounds, combineRegion(mask, history, each, mode));
      return bounds;
    });
  }

  /** What the server is asked, in picture pixels; null where the box lies beside the picture. */
  #wish() {
    const { work, size } = this.#editing;
    const [x, y] = work.margins;
    const { width, height } = work.picture;
    const [a, b] = /** @type {[Point, Point]} */ (this.#box);
    const box = [
      Math.max(0, Math.min(a.x, b.x) - x), Math.max(0, Math.min(a.y, b.y) - y),
      Math.min(width, Math.max(a.x, b.x) - x), Math.min(height, Math.max(a.y, b.y) - y),
    ].map(Math.round);
    if (box[0] >= box[2] || box[1] >= box[3]) return null;
    const places = (/** @type {boolean} */ isMinus) =>
      this.#lines
        .filter((line) => line.isMinus === isMinus)
        .map(({ points }) => points.map((point) => [point.x - x, point.y - y].map(Math.round)));
    const previous = this.#found[this.#found.length - 1]?.file ?? null;
    return { box, plus: places(false), minus: places(true), brush: Math.round(size), previous };
  }
}

/**
 * @param {import("./mask.js").Mask} mask
 * @returns {Region | null}
 */
function kept(mask) {
  const bounds = mask.bounds();
  return bounds && { bounds, pixels: mask.copy(bounds) };
}

/**
 * @param {Point} point
 * @param {[Point, Point]} box
 */
function isIn({ x, y }, [a, b]) {
  const [left, right] = [Math.min(a.x, b.x), Math.max(a.x, b.x)];
  const [top, bottom] = [Math.min(a.y, b.y), Math.max(a.y, b.y)];
  return x >= left && x <= right && y >= top && y <= bottom;
}
