// @ts-check
import { combined, copied, nextFrame, strips } from "./regions.js";

/**
 * Commands as steps of the work: at once, or by an answer that is waited for; and what is another
 * after a step. The mask leaves from here too, for it may only do so between two steps.
 */

/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {import("./tools.js").Editing} Editing */
/** @typedef {import("./tools.js").Region} Region */
/** @typedef {{region: Region, mode: import("./shapes.js").Mode}} Answer a region of the canvas */

/** @type {Region} */
const NOTHING = { bounds: [0, 0, 0, 0], pixels: new Uint8Array(0) };

export class Steps {
  /** Another number for every other mask. */
  revision = 0;

  #work;
  #gestures;
  #ask;
  #editing;
  #tell;
  #seen;

  /**
   * @param {object} of
   * @param {import("./work.js").Work} of.work
   * @param {import("./gestures.js").Gestures} of.gestures
   * @param {import("./surface.js").Ask} of.ask the worker
   * @param {() => Editing} of.editing
   * @param {(what: "margins" | "marks" | "own" | "change" | "loaded") => void} of.tell what is another now
   */
  constructor({ work, gestures, ask, editing, tell }) {
    this.#work = work;
    this.#gestures = gestures;
    this.#ask = ask;
    this.#editing = editing;
    this.#tell = tell;
    this.#seen = seenOf(work);
  }

  /** @param {(editing: Editing) => boolean} act does something at once, and says whether it did */
  command(act) {
    this.#rest();
    if (act(this.#editing())) this.changed();
  }

  /** @param {() => Bounds | null} act goes a step of any kind, and says what of the mask is another now */
  step(act) {
    this.#rest();
    const bounds = act();
    if (bounds) this.#editing().changed(bounds);
    this.changed(bounds !== null);
  }

  /**
   * Gives the mask another shape, in one step.
   * @param {"grow" | "shrink" | "smooth" | "holes"} task of the worker
   * @param {object} message
   */
  reshape(task, message) {
    const { mask, size } = this.#work;
    this.#gestures.finish();
    const bounds = mask.bounds();
    if (!bounds) return Promise.resolve(false);
    return this.put(async () => {
      const region = { bounds, pixels: await copied(mask, bounds) };
      const answer = await this.#ask(task, { region, size, ...message }, [region.pixels.buffer]);
      return { region: answer ?? NOTHING, mode: "replace" };
    });
  }

  /**
   * One step with a region that is waited for.
   * @param {() => Promise<Answer>} ask
   * @returns {Promise<boolean>} whether the mask is another now
   */
  put(ask) {
    this.#rest();
    const canceling = new AbortController();
    const answer = ask().then(({ region, mode }) => combined(this.#editing(), region, mode, canceling.signal));
    return this.#gestures.wait({ cancel: () => canceling.abort() }, answer);
  }

  /** @param {import("./work.js").State} state the one before the first step */
  async load(state) {
    while (this.#gestures.isDrawing) await nextFrame(); // a stroke is not cut
    this.#rest();
    this.#work.load(state);
    this.revision += 1;
    this.#seen = seenOf(this.#work);
    this.#editing().changed(this.#work.mask.everything);
    this.#tell("loaded");
  }

  /**
   * @param {"white" | "alpha"} by
   * @returns {Promise<{revision: number, margins: import("./work.js").Margins, bytes: Uint8Array<ArrayBuffer> | null}>}
   */
  async encode(by) {
    for (;;) {
      while (this.#gestures.isDrawing || this.#gestures.isBusy || this.#work.history.isOpen) await nextFrame();
      const { revision } = this;
      const { margins, mask, size } = this.#work;
      if (mask.isEmpty) return { revision, margins, bytes: null };
      const rows = await strips(mask);
      if (this.#work.history.isOpen || revision !== this.revision) continue;
      const buffers = rows.map(({ buffer }) => buffer);
      return { revision, margins, bytes: await this.#ask("encode", { strips: rows, ...size, by }, buffers) };
    }
  }

  /**
   * Tells what is another now.
   * @param {boolean} isOtherMask unless only the marks or the frame are others
   */
  changed(isOtherMask = this.#work.marks === this.#seen.marks && this.#work.own === this.#seen.own) {
    const seen = this.#seen;
    const { margins, marks, own } = (this.#seen = seenOf(this.#work));
    if (margins !== seen.margins) this.#tell("margins");
    if (marks !== seen.marks) this.#tell("marks");
    if (own !== seen.own) this.#tell("own");
    if (!isOtherMask && margins === seen.margins) return;
    this.revision += 1;
    this.#tell("change");
  }

  /** Ends what is under way, and waits for nothing any more. */
  #rest() {
    this.#gestures.finish();
    this.#gestures.abort();
  }
}

/** @param {import("./work.js").Work} work */
function seenOf({ margins, marks, own }) {
  return { margins, marks, own };
}
