// @ts-check
import { distances } from "./distances.js";

/**
 * Where the edge of all that may change lies (the mask grown), and how the tint fades towards it.
 */

/** @typedef {import("./mask.js").Bounds} Bounds */
/**
 * @typedef {object} Wish
 * @property {number} version which look at the mask it belongs to
 * @property {Uint8Array<ArrayBuffer>} plane the mask in `all`, row by row
 * @property {Bounds} all cells that count
 * @property {Bounds} near cells whose own state is wanted
 * @property {Bounds} seen cells whose shade is wanted
 * @property {number} reach how far the mask grows, in cells
 * @property {number} fade
 */
/** @typedef {Wish & {shade: Uint8Array<ArrayBuffer>}} Measured shade: of `seen`, row by row; 0 outside what may change, 255 where it changes wholly */

const FULL = 255;

/**
 * In the worker.
 * @param {Wish} wish
 * @returns {Promise<{answer: Measured, transfer: Transferable[]}>}
 */
export async function edges(wish) {
  const answer = measured(wish);
  return { answer, transfer: [answer.shade.buffer, answer.plane.buffer] };
}

/**
 * @param {Wish} wish
 * @returns {Measured}
 */
export function measured(wish) {
  const { plane, all, near, seen, reach, fade } = wish;
  const contract = grown(plane, all, near, reach);
  const ramp = rampOf(fade);
  const shade = new Uint8Array((seen[2] - seen[0]) * (seen[3] - seen[1]));
  let at = 0;
  distances(contract, near[2] - near[0], 0, fade, (y, squares) => {
    if (y + near[1] < seen[1] || y + near[1] >= seen[3]) return;
    for (let x = seen[0] - near[0]; x < seen[2] - near[0]; x++, at++) {
      const square = squares[x];
      shade[at] = square === 0 ? 0 : square < ramp.length ? ramp[square] : FULL;
    }
  });
  return { ...wish, shade };
}

/**
 * 1 where the mask reaches.
 * @param {Uint8Array} plane
 * @param {Bounds} all
 * @param {Bounds} near
 * @param {number} reach
 */
function grown(plane, all, near, reach) {
  const contract = new Uint8Array((near[2] - near[0]) * (near[3] - near[1]));
  const most = reach * reach;
  let at = 0;
  distances(plane, all[2] - all[0], 1, reach, (y, squares) => {
    if (y + all[1] < near[1] || y + all[1] >= near[3]) return;
    for (let x = near[0] - all[0]; x < near[2] - all[0]; x++, at++) if (squares[x] <= most) contract[at] = 1;
  });
  return contract;
}

/**
 * The shade at each squared distance from the outside.
 * @param {number} fade
 */
function rampOf(fade) {
  return Uint8Array.from({ length: Math.ceil(fade * fade) + 1 }, (_, square) => {
    const share = Math.min(1, Math.sqrt(square) / Math.max(fade, 1e-6));
    return 1 + Math.round((FULL - 1) * share * share * (3 - 2 * share));
  });
}
