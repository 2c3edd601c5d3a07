// @ts-check
/**
 * What lies under a finger, magnified, above it.
 */

/** @typedef {import("./mask.js").Point} Point */

const ACROSS = 120; // CSS pixels
const MAGNIFIED = 1.6;
const AWAY = 100;
const RIM = 8;

export class Loupe {
  #context = context();
  #parent;
  #photo;
  #mask;

  /**
   * @param {HTMLElement} parent
   * @param {HTMLCanvasElement} photo
   * @param {HTMLCanvasElement} mask
   */
  constructor(parent, photo, mask) {
    this.#parent = parent;
    this.#photo = photo;
    this.#mask = mask;
  }

  /**
   * @param {Point | null} spot in device pixels
   * @param {number} ratio
   * @param {number} ring the brush's diameter on the surface
   */
  show(spot, ratio, ring) {
    const { canvas } = this.#context;
    if (!spot) {
      if (canvas.isConnected) canvas.remove();
      return;
    }
    if (!canvas.isConnected) this.#parent.append(canvas);
    const size = Math.round(ACROSS * ratio);
    if (canvas.width !== size) {
      canvas.width = canvas.height = size;
      canvas.style.inlineSize = canvas.style.blockSize = `${ACROSS}px`;
    }
    this.#draw(spot, size, ring);
    this.#place(spot, ratio);
  }

  /**
   * @param {Point} spot
   * @param {number} size
   * @param {number} ring
   */
  #draw({ x, y }, size, ring) {
    const to = this.#context;
    const part = size / MAGNIFIED;
    to.fillStyle = "#111";
    to.fillRect(0, 0, size, size);
    for (const layer of [this.#photo, this.#mask]) {
      if (layer.hidden) continue;
      const share = layer.width / this.#photo.width;
      const [left, top] = [(x - part / 2) * share, (y - part / 2) * share];
      to.drawImage(layer, left, top, part * share, part * share, 0, 0, size, size);
    }
    for (const [colour, width] of /** @type {const} */ ([["#000", 3], ["#fff", 1.25]])) {
      to.strokeStyle = colour;
      to.lineWidth = (width * size) / ACROSS;
      to.beginPath();
      to.arc(size / 2, size / 2, Math.max(2, (ring * MAGNIFIED) / 2), 0, 7);
      to.stroke();
    }
  }

  /**
   * Above the finger, or below it where there is no room.
   * @param {Point} spot
   * @param {number} ratio
   */
  #place(spot, ratio) {
    const [x, y] = [spot.x / ratio, spot.y / ratio];
    const width = this.#photo.width / ratio;
    const left = Math.min(width - ACROSS - RIM, Math.max(RIM, x - ACROSS / 2));
    const above = y - AWAY - ACROSS / 2;
    const top = above >= RIM ? above : y + AWAY - ACROSS / 2;
    this.#context.canvas.style.transform = `translate(${left}px, ${top}px)`;
  }
}

function context() {
  const canvas = document.createElement("canvas");
  canvas.className = "loupe";
  const found = canvas.getContext("2d", { alpha: false });
  if (!found) throw new Error("this browser has no canvas");
  return found;
}
