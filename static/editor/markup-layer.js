// @ts-check
import { boundsOf, handlesOf, isRoom, restyled, toSvg } from "./markup.js";
import { boxPath } from "./outline.js";

/**
 * The marks on the surface, which one is chosen, and what is done to that one. SVG keeps them sharp
 * at every zoom.
 */

/** @typedef {import("./markup.js").Mark} Mark */

const SVG = "http://www.w3.org/2000/svg";
const JOIN_MS = 1500;
const COARSE = matchMedia("(pointer: coarse)");

export class MarkupLayer {
  #surface;
  #work;
  #group = element("g", { fill: "none", "stroke-linecap": "round", "stroke-linejoin": "round" });
  #chosen = element("g", {});
  /** @type {Map<Mark, SVGElement>} */ #shown = new Map();
  /** @type {Mark | null} */ #selected = null;
  /** What stands in for a mark, or is new, while a gesture is under way. @type {{old: Mark | null, now: Mark | null} | null} */
  #draft = null;
  #scheduled = 0;
  #restyled = { option: "", at: -Infinity, /** @type {Mark | null} */ mark: null };

  /**
   * @param {import("./surface.js").Surface} surface
   * @param {import("./work.js").Work} work
   */
  constructor(surface, work) {
    this.#surface = surface;
    this.#work = work;
  }

  /** @returns {readonly Mark[]} */
  get marks() {
    return /** @type {any} */ (this.#work.marks);
  }

  get selected() {
    return this.#selected && this.marks.includes(this.#selected) ? this.#selected : null;
  }

  /** @param {Mark | null} mark */
  select(mark) {
    this.#selected = mark;
    this.show();
  }

  /**
   * Selects the next mark, or the one before.
   * @param {1 | -1} direction
   */
  step(direction) {
    const { selected, marks } = this;
    const at = selected ? marks.indexOf(selected) + direction : direction > 0 ? 0 : -1;
    this.select(marks.at(at % (marks.length || 1)) ?? null);
  }

  /**
   * One step: this mark instead of another, or none, or a further one. It is the selected one then.
   * @param {Mark | null} old
   * @param {Mark | null} now
   * @param {boolean} joins whether it goes on with the step before
   * @returns {boolean} whether there was room for it
   */
  put(old, now, joins = false) {
    this.#draft = { old, now };
    const marks = this.#drafted();
    this.#draft = null;
    const hasRoom = isRoom(marks);
    if (hasRoom) this.#work.setMarks(marks, joins);
    this.select(hasRoom ? now : old);
    return hasRoom;
  }

  /** @returns {boolean} whether a mark was selected, which is gone now */
  remove() {
    const { selected } = this;
    if (selected) this.put(selected, null);
    return selected !== null;
  }

  /**
   * @param {string} option "markColour", "markWidth" or "textSize"
   * @param {any} value
   * @returns {boolean} whether that changed the selected mark
   */
  restyle(option, value) {
    const { selected } = this;
    const mark = selected && restyled(selected, option, value);
    if (!selected || !mark || mark === selected) return false;
    const before = this.#restyled;
    const at = performance.now();
    this.put(selected, mark, before.mark === selected && before.option === option && at - before.at < JOIN_MS);
    this.#restyled = { option, at, mark };
    return true;
  }

  /**
   * Shows a mark as it would be, at most once a frame.
   * @param {Mark | null} old
   * @param {Mark | null} now
   */
  draft(old, now) {
    this.#draft = { old, now };
    this.#scheduled ||= requestAnimationFrame(() => this.show());
  }

  undraft() {
    this.#draft = null;
    this.show();
  }

  /** Draws what is new, and leaves the rest as it is. */
  show() {
    cancelAnimationFrame(this.#scheduled);
    this.#scheduled = 0;
    const marks = this.#drafted();
    const shown = new Map(marks.map((mark) => [mark, this.#shown.get(mark) ?? drawn(mark)]));
    this.#shown = shown;
    this.#group.replaceChildren(...shown.values());
    this.#showChosen(this.#draft ? this.#draft.now : this.selected);
    this.#place();
  }

  /** The marks with what stands in for one of them. */
  #drafted() {
    const { old, now } = this.#draft ?? { old: null, now: null };
    const marks = this.marks.flatMap((mark) => (mark !== old ? mark : (now ?? [])));
    return now && !old ? [...marks, now] : marks;
  }

  /** @param {Mark | null} mark */
  #showChosen(mark) {
    this.#chosen.replaceChildren();
    if (!mark) return;
    const [left, top, right, bottom] = boundsOf(mark);
    const box = boxPath({ x: left, y: top }, { x: right, y: bottom });
    const dots = handlesOf(mark).map(({ at: [x, y] }) => `M${x} ${y}h0`).join("");
    for (const name of ["under", "over"]) this.#chosen.append(element("path", { class: name, d: box }));
    for (const [name, width] of /** @type {const} */ ([["handle under", 15], ["handle", 11]])) {
      const dot = element("path", { class: name, d: dots });
      dot.style.strokeWidth = `${COARSE.matches ? 2 * width : width}px`;
      this.#chosen.append(dot);
    }
  }

  /** Margins move the picture on the canvas, and marks go with the picture. */
  #place() {
    const [left, top] = this.#work.margins;
    for (const group of [this.#group, this.#chosen]) {
      group.setAttribute("transform", `translate(${left} ${top})`);
      if (group.hasChildNodes()) this.#surface.hudCanvas.append(group);
      else group.remove();
    }
  }
}

/** @param {Mark} mark */
function drawn(mark) {
  const parts = toSvg(mark).map(([tag, attributes]) => element(tag, attributes));
  if (mark.kind === "text") {
    parts[0].textContent = mark.text;
    Object.assign(parts[0].style, { whiteSpace: "pre", direction: "ltr" }); // as the server lays it out
  }
  const group = element("g", {});
  group.append(...parts);
  return group;
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 */
function element(tag, attributes) {
  const made = /** @type {SVGElement} */ (document.createElementNS(SVG, tag));
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}
