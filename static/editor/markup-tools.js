// @ts-check
import { MOST_CHARACTERS, boxOf, handlesOf, hit, markInWords, moved, penAt, rimOf, short, spotAway, spotOf, styleOf, wayOf, writable } from "./markup.js";

/**
 * Tools that draw marks over the picture. A press on a mark that is there already takes that one: it
 * is selected, and goes along with the pointer.
 */

/** @typedef {import("./mask.js").Point} Point */
/** @typedef {import("./markup.js").Mark} Mark */
/** @typedef {import("./markup.js").Spot} Spot */
/** @typedef {import("./tools.js").Gesture} Gesture */
/** @typedef {import("./tools.js").How} How */
/** @typedef {import("./tools.js").Tool} Tool */
/** @typedef {import("./tools.js").Editing} Editing */

const REACH = 8; // CSS pixels
const TOUCH_REACH = 22;
const SLIP = 4;
const SLACK = 0.4;
const REST_MS = 800;
const LEAST_LETTERS = 16; // CSS pixels: Safari zooms into a field with smaller ones

export const arrow = tool((editing, start, { square }, point) => ({
  kind: "arrow", from: start, to: square ? straight(start, point) : point, ...lineStyle(editing),
}));

export const circle = tool((editing, start, { square }, point) => ({
  kind: "circle", bounds: boxOf(start, square ? diagonal(start, point) : point), ...lineStyle(editing),
}));

/** @type {Tool} */
export const line = taking((editing, start) => {
  const pen = penAt(start, SLACK / editing.surface.cssPerPixel);
  return drawing(editing, start, (point) => {
    pen.add(point);
    return { kind: "line", points: pen.points(), ...lineStyle(editing) };
  });
});

/** @type {Tool} */
export const text = taking((editing, start, how) => ({
  move() {},
  end() {
    write(editing, null, start, how);
    return false;
  },
  cancel() {},
}));

/**
 * A tool that draws from where it was pressed to where the pointer is.
 * @param {(editing: Editing, start: Spot, detail: {square: boolean}, point: Spot) => Mark} make
 * @returns {Tool}
 */
function tool(make) {
  return taking((editing, start) => drawing(editing, start, (point, detail) => make(editing, start, detail, point)));
}

/**
 * @param {(editing: Editing, start: Spot, how: How) => Gesture} begin what a press on no mark begins
 * @returns {Tool}
 */
function taking(begin) {
  return (editing, start, how) => {
    const spot = pictureSpot(editing, start);
    return taken(editing, spot, how) ?? begin(editing, spot, how);
  };
}

/**
 * @param {Editing} editing
 * @param {Spot} start
 * @param {How} how
 * @returns {Gesture | null}
 */
function taken(editing, start, how) {
  const { markup, surface } = editing;
  const reach = (how.pointerType === "touch" ? TOUCH_REACH : REACH) / surface.cssPerPixel;
  const chosen = markup.selected;
  const handle = chosen && handlesOf(chosen).find(({ at }) => wayOf(at, start)[0] <= 1.5 * reach);
  if (chosen && handle) return dragging(editing, chosen, start, handle.drag);
  const mark = hit(markup.marks, { x: start[0], y: start[1] }, reach);
  if (!mark) return null;
  const by = (/** @type {Spot} */ [x, y]) => moved(mark, x - start[0], y - start[1]);
  if (mark !== chosen) select(editing, mark);
  const isAgain = mark.kind === "text" && (mark === chosen || how.count === 2);
  return dragging(editing, mark, start, by, isAgain ? () => write(editing, mark, mark.at, how) : undefined);
}

/**
 * @param {Editing} editing
 * @param {Mark} mark
 * @param {Spot} start
 * @param {(to: Spot) => Mark} drag
 * @param {() => void} [still] what is meant if it stayed where it was
 * @returns {Gesture}
 */
function dragging(editing, mark, start, drag, still = () => {}) {
  const { markup } = editing;
  let now = mark;
  return {
    move(point) {
      const spot = pictureSpot(editing, point);
      if (now === mark && !isAway(editing, start, spot)) return;
      now = drag(spot);
      markup.draft(mark, now);
    },
    end() {
      if (now === mark) still();
      else put(editing, mark, now);
      return false;
    },
    cancel: () => markup.undraft(),
  };
}

/**
 * @param {Editing} editing
 * @param {Spot} start
 * @param {(point: Spot, detail: {square: boolean}) => Mark} make
 * @returns {Gesture}
 */
function drawing(editing, start, make) {
  const { markup } = editing;
  /** @type {Mark | null} */ let mark = null;
  return {
    move(point, detail) {
      const spot = pictureSpot(editing, point);
      const next = make(spot, detail);
      if (!mark && !isAway(editing, start, spot)) return;
      mark = next;
      markup.draft(null, mark);
    },
    end() {
      if (mark) put(editing, null, mark);
      else select(editing, null);
      return false;
    },
    cancel: () => markup.undraft(),
  };
}

/**
 * A field over the surface, as large as the text will be. It is done at Enter, and when it loses
 * the focus; Escape gives it up.
 * @param {Editing} editing
 * @param {Mark & {kind: "text"} | null} mark
 * @param {Spot} at
 * @param {How} how
 */
function write(editing, mark, at, { pointerType }) {
  const { surface, markup, work, options, words } = editing;
  const { text, size, colour } = mark ?? { text: "", size: short(options.textSize), colour: options.markColour };
  const field = Object.assign(document.createElement("input"), { value: text, maxLength: MOST_CHARACTERS, ariaLabel: words.markWords, className: "writing" });
  let now = mark;
  let isOpen = true;
  let resting = 0;
  Object.assign(field.style, {
    pointerEvents: "auto", transformOrigin: "0 0", font: "600 16px/1.2 var(--font)", minInlineSize: "6ch", padding: 0, border: 0,
    outline: `1px solid ${colour}`, color: colour, background: `${rimOf(colour)}aa`,
  });
  field.style.setProperty("field-sizing", "content");
  surface.hud.after(field);
  if (mark) markup.draft(mark, null);
  else select(editing, null);
  place();
  field.focus({ preventScroll: true });
  field.addEventListener("pointerdown", (event) => event.stopPropagation());
  field.addEventListener("input", () => {
    clearTimeout(resting);
    resting = window.setTimeout(keep, REST_MS);
  });
  field.addEventListener("blur", () => close(true));
  field.addEventListener("keydown", ({ key, isComposing }) => {
    if (isComposing || (key !== "Enter" && key !== "Escape")) return;
    close(key === "Enter");
    if (pointerType === "keys") surface.brush.shown = surface.brush.byKeys = true;
    editing.focus();
  });

  /** It stays where it is on the picture, however that is moved meanwhile. */
  function place() {
    if (!isOpen) return;
    const { x, y } = surface.toSpot({ x: at[0] + work.margins[0], y: at[1] + work.margins[1] });
    const scale = Math.max(1, (size * surface.cssPerPixel) / LEAST_LETTERS);
    field.style.transform = `translate(${x / surface.ratio}px, ${y / surface.ratio}px) scale(${scale})`;
    requestAnimationFrame(place);
  }

  /** What was typed so far, so that it is in the draft; all of it is one step. */
  function keep() {
    const words = writable(field.value);
    const next = words && words !== text ? /** @type {Mark} */ ({ kind: "text", at, text: words, size, colour }) : words ? mark : null;
    if (next !== now) put(editing, now, next, now !== mark);
    now = next;
    if (isOpen && now) markup.draft(now, null);
  }

  /** @param {boolean} isMeant */
  function close(isMeant) {
    if (!isOpen) return;
    isOpen = false;
    clearTimeout(resting);
    if (!isMeant) field.value = text;
    field.remove();
    keep();
    markup.undraft();
  }
}

/**
 * @param {Editing} editing
 * @param {Mark | null} old
 * @param {Mark | null} now
 * @param {boolean} joins whether it goes on with the step before
 */
function put(editing, old, now, joins = false) {
  if (editing.markup.put(old, now, joins)) {
    editing.tell("marks");
    if (!joins) select(editing, now); // who types on need not hear it again
  } else editing.warn(editing.words.marksFull);
}

/**
 * The options follow the mark that is selected.
 * @param {Editing} editing
 * @param {Mark | null} mark
 */
function select(editing, mark) {
  editing.markup.select(mark);
  if (mark) {
    editing.setOptions(styleOf(mark));
    editing.announce(markInWords(mark, editing.words));
  }
  editing.tell("mark");
}

/** @param {Editing} editing */
function lineStyle({ options }) {
  return { width: short(options.markWidth), colour: options.markColour };
}

/**
 * @param {Editing} editing
 * @param {Point} point of the canvas
 */
function pictureSpot({ work }, { x, y }) {
  return spotOf({ x: x - work.margins[0], y: y - work.margins[1] });
}

/**
 * Whether that was more than a hand that shook.
 * @param {Editing} editing
 * @param {Spot} a
 * @param {Spot} b
 */
function isAway({ surface }, a, b) {
  return wayOf(a, b)[0] * surface.cssPerPixel >= SLIP;
}

/**
 * In steps of 45 degrees.
 * @param {Spot} from
 * @param {Spot} to
 */
function straight(from, to) {
  const [length, angle] = wayOf(from, to);
  return spotAway(from, length, (Math.round((angle * 4) / Math.PI) * Math.PI) / 4);
}

/**
 * The corner of a square towards a point.
 * @param {Spot} from
 * @param {Spot} to
 */
function diagonal([x, y], to) {
  const [dx, dy] = [to[0] - x, to[1] - y];
  const side = Math.max(Math.abs(dx), Math.abs(dy));
  return spotOf({ x: x + side * Math.sign(dx), y: y + side * Math.sign(dy) });
}
