// @ts-check
/**
 * How the mask may look: tinted or alone, with ants along its edge, or away.
 */

/**
 * @typedef {object} Look
 * @property {string} tint one of TINTS
 * @property {number} strength 0 to 1
 * @property {boolean} outline
 * @property {boolean} ants whether the outline moves
 * @property {boolean} inverse what is kept is tinted
 * @property {boolean} only the mask alone, white on black
 * @property {boolean} hidden
 */
/**
 * Colours as the little-endian RGBA words of an ImageData.
 * @typedef {object} Inks
 * @property {Uint32Array} kept for each shade 0 to 255 outside the painted mask
 * @property {Uint32Array} painted for each shade inside it
 * @property {number} light
 * @property {number} dark
 * @property {number} dot of the line around all that may change
 * @property {boolean} outline
 */

export const TINTS = ["amber", "red", "green", "blue", "white"];

/** @type {Readonly<Look>} */
export const FIRST_LOOK = {
  tint: TINTS[0],
  strength: 0.44,
  outline: true,
  ants: true,
  inverse: false,
  only: false,
  hidden: false,
};

const WHITE = 0xffffffff;
const BLACK = 0xff000000;
const LIGHT = WHITE;
const DARK = 0xbf000000;
const DOT = 0xd9ffffff;
// What is painted never fades below this share of the tint, or a small island would hardly be seen.
const LEAST_PAINTED = 0.6;

/**
 * @param {Look} look
 * @param {[red: number, green: number, blue: number]} tint
 * @returns {Inks}
 */
export function inksOf({ strength, outline, inverse, only }, [red, green, blue]) {
  const colour = red | (green << 8) | (blue << 16);
  const kept = new Uint32Array(256);
  const painted = new Uint32Array(256);
  for (let shade = 0; shade < 256; shade++) {
    const share = shade / 255;
    kept[shade] = tinted(inverse ? 1 - share : share);
    painted[shade] = tinted(inverse ? 0 : LEAST_PAINTED + (1 - LEAST_PAINTED) * share);
  }
  if (only) {
    kept.fill(inverse ? WHITE : BLACK);
    painted.fill(inverse ? BLACK : WHITE);
  }
  return { kept, painted, light: LIGHT, dark: DARK, dot: DOT, outline: outline && !only };

  /** @param {number} share of the tint */
  function tinted(share) {
    return (colour | (Math.round(255 * strength * share) << 24)) >>> 0;
  }
}

/**
 * How far the mask is grown and faded when nobody says it, as the server counts it.
 * @param {import("./mask.js").Bounds | null} bounds of the mask
 * @returns {{grow: number, feather: number}}
 */
export function automaticEdge(bounds) {
  const [left, top, right, bottom] = bounds ?? [0, 0, 0, 0];
  const grow = 4 + Math.round(0.004 * Math.hypot(right - left, bottom - top));
  const grown = Math.hypot(right - left + 2 * grow, bottom - top + 2 * grow);
  return { grow, feather: Math.min(64, Math.max(8, Math.round(0.02 * grown))) };
}
