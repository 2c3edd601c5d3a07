// @ts-check
import { filled } from "./form-parts.js";

/** What somebody hears who does not see: how much is masked and where, and where the cursor is. */

/** @typedef {import("./mask.js").Bounds} Bounds */
/** @typedef {import("./mask.js").Point} Point */
/** @typedef {{width: number, height: number}} Size */

const NEAR_MIDDLE = 0.1;
const NEARLY_ALL = 0.8;
const PLACES = [
  ["placeTopLeft", "placeTop", "placeTopRight"],
  ["placeLeft", "placeMiddle", "placeRight"],
  ["placeBottomLeft", "placeBottom", "placeBottomRight"],
];

/**
 * @param {Record<string, string>} words
 * @param {string} language of the numbers
 */
export function wordsFor(words, language) {
  const { format } = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  return { say, share, mask, where };

  /**
   * @param {string} word
   * @param {Record<string, string>} values
   */
  function say(word, values = {}) {
    return filled(words[word] ?? "", values);
  }

  /** @param {number} part 0 to 1; neither a trace nor all but a trace is rounded away */
  function share(part) {
    if (part <= 0) return words.noMask;
    const percent = part < 0.001 ? `< ${format(0.1)}` : part < 1 && part > 0.999 ? `> ${format(99.9)}` : format(part * 100);
    return say("maskShare", { percent });
  }

  /**
   * @param {number} part
   * @param {Bounds | null} bounds of the mask
   * @param {Size} size of the canvas
   */
  function mask(part, bounds, size) {
    const text = share(part);
    return bounds ? say("maskPlace", { mask: text, place: words[placeOf(bounds, size)] }) : text;
  }

  /**
   * @param {Point} point in whole pixels of the canvas, as boxes are typed
   * @param {boolean} isMasked
   * @param {boolean} isInside the canvas
   */
  function where({ x, y }, isMasked, isInside) {
    const name = isInside ? (isMasked ? "whereMasked" : "where") : "whereOutside";
    return say(name, { x: format(x), y: format(y) });
  }
}

/**
 * @param {Bounds} bounds
 * @param {Size} size
 * @returns {string} the name of the words
 */
export function placeOf([left, top, right, bottom], { width, height }) {
  if ((right - left) / width > NEARLY_ALL && (bottom - top) / height > NEARLY_ALL) return "placeAll";
  return PLACES[third((top + bottom) / 2 / height)][third((left + right) / 2 / width)];
}

/** @param {number} at 0 to 1 */
function third(at) {
  return Math.abs(at - 0.5) <= NEAR_MIDDLE ? 1 : at < 0.5 ? 0 : 2;
}
