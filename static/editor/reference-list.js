// @ts-check
/**
 * The further pictures of an edit, in order. The picture that is edited is number 1, so they count from 2.
 */

/** @typedef {{id: number, name: string, thumb_url: string}} Picture */

export const FIRST_NUMBER = 2;

export class ReferenceList {
  /** @type {Picture[]} */ #pictures = [];

  get pictures() {
    return [...this.#pictures];
  }

  get ids() {
    return this.#pictures.map(({ id }) => id);
  }

  get length() {
    return this.#pictures.length;
  }

  /** @param {number} id */
  indexOf(id) {
    return this.#pictures.findIndex((picture) => picture.id === id);
  }

  /** @param {number} id */
  has(id) {
    return this.indexOf(id) >= 0;
  }

  /** @param {number} id */
  numberOf(id) {
    return this.indexOf(id) + FIRST_NUMBER;
  }

  /**
   * @param {Picture} picture
   * @param {number} most how many there may be
   * @returns {"added" | "twice" | "full"}
   */
  add(picture, most) {
    if (this.has(picture.id)) return "twice";
    if (this.length >= most) return "full";
    this.#pictures.push(picture);
    return "added";
  }

  /**
   * Moves a picture to another place, as near to the wanted one as there is.
   * @param {number} id
   * @param {number} to index
   * @returns {boolean} whether that changed the order
   */
  move(id, to) {
    const from = this.indexOf(id);
    const place = Math.min(this.length - 1, Math.max(0, to));
    if (from < 0 || place === from) return false;
    this.#pictures.splice(place, 0, ...this.#pictures.splice(from, 1));
    return true;
  }

  /**
   * @param {number} id
   * @returns {Picture | null} who stands in its place now, or else the last one
   */
  remove(id) {
    const at = this.indexOf(id);
    if (at >= 0) this.#pictures.splice(at, 1);
    return this.#pictures[Math.max(0, at)] ?? this.#pictures.at(-1) ?? null;
  }

  /** @param {Picture[]} pictures each is taken once */
  fill(pictures) {
    this.#pictures = [];
    for (const picture of pictures) this.add(picture, Infinity);
  }
}
