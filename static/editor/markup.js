// @ts-check
import { filled } from "./form-parts.js";

/**
 * Marks drawn over the picture to show what is meant: arrows, circles, freehand lines and short
 * texts. They are in picture pixels, with at most one decimal, and never changed, only replaced.
 *
 * The server draws the same marks (editor/imaging/marks.py, markup.py): shapes and numbers here follow that
 * module, and the other way round.
 */

/** @typedef {import("./mask.js").Point} Point */
/** @typedef {[x: number, y: number]} Spot */
/** @typedef {{kind: "arrow", from: Spot, to: Spot, width: number, colour: string}} Arrow */
/** @typedef {{kind: "circle", bounds: [left: number, top: number, right: number, bottom: number], width: number, colour: string}} Circle */
/** @typedef {{kind: "line", points: Spot[], width: number, colour: string}} Line */
/** @typedef {{kind: "text", at: Spot, text: string, size: number, colour: string}} Text `at` is the upper left corner of its box */
/** @typedef {Arrow | Circle | Line | Text} Mark */
/** @typedef {{at: Spot, drag: (to: Spot) => Mark}} Handle a point of a mark that can be dragged */

const MOST_MARKS = 200;
const MOST_NUMBERS = 20_000;
export const MOST_CHARACTERS = 200;
const MOST_CHARACTERS_IN_ALL = 2000;
const FURTHEST = 100_000;
/** @type {[low: number, high: number]} */ const WIDTHS = [0.5, 2000];
/** @type {[low: number, high: number]} */ const SIZES = [2, 4000];

const HEAD = 5; // length of an arrow's barbs in widths of its line
const HEAD_SHARE = 0.5; // and at most this share of the arrow
const RIM = 0.15; // the outline, as a share of the line's width
const TEXT_RIM = 0.05; // and of a text's size
const BASELINE = 0.95;
const LINE_HEIGHT = 1.2;
const [DARK, LIGHT] = ["#18181c", "#faf9f5"];
const SIDES = 48;
const RUN = 200;
const WAITING = 40;
const GUESSED = 0.6; // sizes that a letter is wide

// ---- what is taken

/**
 * @param {any} marks
 * @returns {marks is Mark[]}
 */
export function areMarks(marks) {
  return Array.isArray(marks) && marks.every(isMark) && isRoom(marks);
}

/**
 * Whether as many marks, points and letters as these can be kept.
 * @param {readonly Mark[]} marks
 */
export function isRoom(marks) {
  const numbers = marks.reduce((sum, mark) => sum + 5 + (mark.kind === "line" ? 2 * mark.points.length : 0), 0);
  const characters = marks.reduce((sum, mark) => sum + (mark.kind === "text" ? [...mark.text].length : 0), 0);
  return marks.length <= MOST_MARKS && numbers <= MOST_NUMBERS && characters <= MOST_CHARACTERS_IN_ALL;
}

/** @param {any} mark */
function isMark(mark) {
  const names = Object.hasOwn(PARTS, mark?.kind) ? PARTS[mark.kind].split(" ") : [];
  return names.length > 0 && Object.keys(mark).length === names.length + 1 && names.every((name) => CHECKS[name](mark[name]));
}

/** @type {Record<string, string>} */
const PARTS = { arrow: "from to width colour", circle: "bounds width colour", line: "points width colour", text: "at text size colour" };

const isSpot = isNumbers(2);

/** @type {Record<string, (value: any) => boolean>} */
const CHECKS = {
  from: isSpot,
  to: isSpot,
  at: isSpot,
  points: (points) => Array.isArray(points) && points.length > 0 && points.every(isSpot),
  bounds: (box) => isNumbers(4)(box) && box[0] <= box[2] && box[1] <= box[3],
  width: (width) => isNumber(width, ...WIDTHS),
  size: (size) => isNumber(size, ...SIZES),
  colour: (colour) => /^#[0-9a-f]{6}$/.test(String(colour)),
  text: (text) => typeof text === "string" && text.trim() !== "" && [...text].length <= MOST_CHARACTERS && !UNWRITABLE.test(text),
};

/** @param {number} count */
function isNumbers(count) {
  return (/** @type {any} */ value) => Array.isArray(value) && value.length === count && value.every((each) => isNumber(each));
}

/**
 * @param {any} value
 * @param {number} low
 * @param {number} high
 */
function isNumber(value, low = -FURTHEST, high = FURTHEST) {
  return typeof value === "number" && value >= low && value <= high && Math.abs(short(value) - value) < 1e-6;
}

const UNWRITABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;

/**
 * What somebody typed, as a mark can hold it.
 * @param {string} text
 */
export function writable(text) {
  const clean = text.replace(new RegExp(UNWRITABLE, "gu"), " ").trim();
  return [...clean].slice(0, MOST_CHARACTERS).join("");
}

// ---- making and changing marks

/**
 * Sizes that can be seen on a picture of this size.
 * @param {{width: number, height: number}} picture
 */
export function firstStyle({ width, height }) {
  const side = Math.max(width, height);
  return { markWidth: Math.max(2, Math.round(side / 160)), textSize: Math.max(12, Math.round(side / 30)) };
}

/**
 * @param {Point} point
 * @returns {Spot}
 */
export function spotOf({ x, y }) {
  return [near(x), near(y)];
}

/**
 * @param {Spot} a one corner
 * @param {Spot} b the opposite one
 * @returns {Circle["bounds"]}
 */
export function boxOf(a, b) {
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])];
}

/**
 * @param {Mark} mark
 * @param {number} dx
 * @param {number} dy
 * @returns {Mark}
 */
export function moved(mark, dx, dy) {
  const by = (/** @type {Spot} */ [x, y]) => spotOf({ x: x + dx, y: y + dy });
  if (mark.kind === "arrow") return { ...mark, from: by(mark.from), to: by(mark.to) };
  if (mark.kind === "line") return { ...mark, points: mark.points.map(by) };
  if (mark.kind === "text") return { ...mark, at: by(mark.at) };
  const [left, top, right, bottom] = mark.bounds;
  return { ...mark, bounds: [...by([left, top]), ...by([right, bottom])] };
}

/**
 * @param {Mark} mark
 * @param {string} option "markColour", "markWidth" or "textSize"
 * @param {any} value
 * @returns {Mark} the same one if it has no such thing
 */
export function restyled(mark, option, value) {
  const name = { markColour: "colour", markWidth: "width", textSize: "size" }[option] ?? "";
  if (!(name in mark)) return mark;
  const [low, high] = name === "size" ? SIZES : WIDTHS;
  const next = name === "colour" ? value : Math.min(high, Math.max(low, short(value)));
  return next === mark[name] ? mark : { ...mark, [name]: next };
}

/**
 * @param {Mark} mark
 * @returns {{markColour: string, markWidth?: number, textSize?: number}} the options that make such a mark
 */
export function styleOf(mark) {
  return { markColour: mark.colour, ...(mark.kind === "text" ? { textSize: mark.size } : { markWidth: mark.width }) };
}

/**
 * @param {Mark} mark
 * @returns {Handle[]}
 */
export function handlesOf(mark) {
  if (mark.kind === "arrow") {
    return [
      { at: mark.from, drag: (from) => ({ ...mark, from }) },
      { at: mark.to, drag: (to) => ({ ...mark, to }) },
    ];
  }
  if (mark.kind !== "circle") return [];
  const [left, top, right, bottom] = mark.bounds;
  /** @type {Spot[]} */ const corners = [[left, top], [right, top], [right, bottom], [left, bottom]];
  return corners.map((at, i) => ({ at, drag: (to) => ({ ...mark, bounds: boxOf(to, corners[(i + 2) % 4]) }) }));
}

/**
 * Takes the points of a freehand line as they come, and leaves out those that nobody would miss:
 * none is farther than `slack` from the line. No point costs more than WAITING others.
 * @param {Spot} start
 * @param {number} slack
 */
export function penAt(start, slack) {
  const kept = [start];
  /** @type {Spot[]} */ let waiting = [];
  return { add, points: () => [...kept, ...waiting.slice(-1)] };

  /** @param {Spot} spot */
  function add(spot) {
    const from = kept[kept.length - 1];
    if (waiting.length === WAITING || waiting.some(([x, y]) => distance(from, spot, x, y) > slack)) {
      kept.push(waiting[waiting.length - 1]);
      waiting = [];
    }
    waiting.push(spot);
  }
}

// ---- where marks are

/**
 * @param {Mark} mark
 * @param {number} [beyond] how far the line's own width reaches
 * @returns {import("./mask.js").Bounds} with its line, not only whole pixels
 */
export function boundsOf(mark, beyond = "width" in mark ? mark.width / 2 : 0) {
  const [xs, ys] = [0, 1].map((axis) => pointsOf(mark).map((spot) => spot[axis]));
  return [Math.min(...xs) - beyond, Math.min(...ys) - beyond, Math.max(...xs) + beyond, Math.max(...ys) + beyond];
}

/**
 * @param {readonly Mark[]} marks
 * @param {Point} point
 * @param {number} reach how far beside a mark is still on it
 * @returns {Mark | null} the uppermost mark there
 */
export function hit(marks, point, reach) {
  return marks.findLast((mark) => isOn(mark, point, reach)) ?? null;
}

/**
 * @param {Mark} mark
 * @param {Point} point
 * @param {number} reach
 */
function isOn(mark, { x, y }, reach) {
  const spots = pointsOf(mark);
  if (mark.kind !== "text") return spots.some((spot, i) => distance(spots[Math.max(0, i - 1)], spot, x, y) <= mark.width / 2 + reach);
  const [[left, top], [right, bottom]] = spots;
  return x > left - reach && x < right + reach && y > top - reach && y < bottom + reach;
}

/**
 * From a point to a straight stroke.
 * @param {Spot} from
 * @param {Spot} to
 * @param {number} x
 * @param {number} y
 */
function distance([ax, ay], [bx, by], x, y) {
  const [dx, dy] = [bx - ax, by - ay];
  const at = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(x - ax - at * dx, y - ay - at * dy);
}

/**
 * The corners of what is drawn as one line; of a text those of its box.
 * @param {Mark} mark
 * @returns {Spot[]}
 */
function pointsOf(mark) {
  if (mark.kind === "arrow") return arrowOf(mark);
  if (mark.kind === "circle") return ringOf(mark.bounds);
  if (mark.kind === "line") return mark.points;
  const { at: [x, y], text, size } = mark;
  return [[x, y], [x + (lengthOf(text) ?? GUESSED * text.length) * size, y + LINE_HEIGHT * size]];
}

/** @param {Arrow} mark */
function arrowOf({ from, to, width }) {
  const [length, angle] = wayOf(to, from);
  const barb = (/** @type {1 | -1} */ side) => spotAway(to, Math.min(HEAD * width, HEAD_SHARE * length), angle + (side * Math.PI) / 6);
  return [from, to, barb(1), to, barb(-1)];
}

/**
 * @param {Spot} from
 * @param {Spot} to
 * @returns {[length: number, angle: number]}
 */
export function wayOf([ax, ay], [bx, by]) {
  return [Math.hypot(bx - ax, by - ay), Math.atan2(by - ay, bx - ax)];
}

/**
 * @param {Spot} from
 * @param {number} length
 * @param {number} angle
 */
export function spotAway([x, y], length, angle) {
  return spotOf({ x: x + length * Math.cos(angle), y: y + length * Math.sin(angle) });
}

/** @param {Circle["bounds"]} bounds */
function ringOf([left, top, right, bottom]) {
  return Array.from({ length: SIDES + 1 }, (_, i) => {
    const angle = (2 * Math.PI * i) / SIDES;
    return /** @type {Spot} */ ([
      (left + right) / 2 + ((right - left) / 2) * Math.cos(angle),
      (top + bottom) / 2 + ((bottom - top) / 2) * Math.sin(angle),
    ]);
  });
}

// ---- what marks look like

/**
 * @param {Mark} mark
 * @returns {[tag: string, attributes: Record<string, string | number>][]} SVG elements, the lower one first
 */
export function toSvg(mark) {
  const rim = rimOf(mark.colour);
  if (mark.kind === "text") return [["text", textOf(mark, rim)]];
  const { width, colour } = mark;
  const shapes = mark.kind === "circle" ? [ellipseOf(mark.bounds)] : runsOf(pointsOf(mark));
  const strokes = /** @type {const} */ ([[rim, short(width + 2 * Math.max(1, RIM * width))], [colour, width]]);
  return strokes.flatMap(([stroke, wide]) => shapes.map(([tag, shape]) => [tag, { ...shape, stroke, "stroke-width": wide }]));
}

/**
 * @param {Circle["bounds"]} bounds
 * @returns {[string, object]}
 */
function ellipseOf([left, top, right, bottom]) {
  return ["ellipse", { cx: (left + right) / 2, cy: (top + bottom) / 2, rx: (right - left) / 2, ry: (bottom - top) / 2 }];
}

/**
 * In runs: the cost of a line that crosses itself grows faster than its length.
 * @param {Spot[]} spots
 * @returns {[string, object][]}
 */
function runsOf(spots) {
  const runs = [];
  for (let i = 0; i === 0 || i < spots.length - 1; i += RUN) {
    const run = spots.slice(i, i + RUN + 1);
    if (run.length === 1) run.push(run[0]); // a dot
    runs.push(run.map((spot) => spot.map(short)).join(" "));
  }
  return runs.map((points) => ["polyline", { points }]);
}

/**
 * @param {Text} mark
 * @param {string} rim
 */
function textOf({ at: [x, y], text, size, colour }, rim) {
  const length = lengthOf(text);
  return {
    x,
    y: short(y + BASELINE * size),
    "font-size": size,
    "font-weight": 600,
    "paint-order": "stroke",
    fill: colour,
    stroke: rim,
    "stroke-width": 2 * Math.max(1, TEXT_RIM * size),
    ...(length && { textLength: short(length * size), lengthAdjust: "spacingAndGlyphs" }),
  };
}

/**
 * What sets a colour off: dark around light ones, light around dark ones.
 * @param {string} colour
 */
export function rimOf(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return 0.299 * red + 0.587 * green + 0.114 * blue < 80 ? LIGHT : DARK;
}

/**
 * How wide the server's letters are from space to tilde, in hundredths of the size, less 25: every
 * browser has letters of its own, and they are made as wide as those.
 */
const ADVANCES = "36E`\\kd1\\\\GX5J5N\\\\\\\\\\\\\\\\\\\\67MSMUoa``bZWbe9][Umba^a_\\Xc_m^^Z?N?He@UYUYUEY[57S5vZWYYFQGZUnTUQC3CR";
const WIDE = /[\u3000-\u9fff\uac00-\ud7a3\uff01-\uff60]/;
const WIDE_ADVANCE = 1.025;

/**
 * @param {string} text
 * @returns {number | null} in sizes; null where only the server knows
 */
export function lengthOf(text) {
  let length = 0;
  for (const each of text.normalize("NFC")) {
    const [letter] = each < "\u0180" ? each.normalize("NFD") : each;
    const place = ADVANCES.charCodeAt(letter.charCodeAt(0) - 32);
    if (WIDE.test(letter)) length += WIDE_ADVANCE;
    else if (place) length += (place - 25) / 100;
    else return null;
  }
  return length;
}

/**
 * What somebody hears of a mark who does not see it.
 * @param {Mark} mark
 * @param {Record<string, string>} words
 */
export function markInWords(mark, words) {
  const [left, top, right, bottom] = boundsOf(mark, 0);
  const middle = [(left + right) / 2, (top + bottom) / 2];
  const [x, y] = (mark.kind === "arrow" ? mark.to : mark.kind === "text" ? mark.at : middle).map((at) => String(Math.round(at)));
  const name = { arrow: "markArrow", circle: "markCircle", line: "markLine", text: "markText" }[mark.kind];
  return filled(words[name] ?? "", { x, y, text: mark.kind === "text" ? mark.text : "" });
}

/**
 * To one decimal, and within what is kept.
 * @param {number} value
 */
function near(value) {
  return short(Math.min(FURTHEST, Math.max(-FURTHEST, value)));
}

/** @param {number} value */
export function short(value) {
  return Math.round(value * 10) / 10;
}
