// @ts-check
import { gripsPath } from "./extend.js";
import { boxPath, outlineOn } from "./outline.js";

/** What can be taken hold of on the surface: the canvas's edges, and the frame of one's own. */

export class Grips {
  #surface;
  #work;
  /** @type {import("./outline.js").Outline[]} */ #outlines = [];

  /**
   * @param {import("./surface.js").Surface} surface
   * @param {import("./work.js").Work} work
   */
  constructor(surface, work) {
    this.#surface = surface;
    this.#work = work;
  }

  /** @param {string} tool */
  show(tool) {
    this.#outlines.forEach((each) => each.remove());
    this.#outlines = [];
    const { ownFrame, mask } = this.#work;
    if (ownFrame) this.#draw("own", () => boxPath({ x: ownFrame[0], y: ownFrame[1] }, { x: ownFrame[2], y: ownFrame[3] }));
    const held = tool === "extend" ? mask.everything : tool === "frame" && ownFrame;
    if (held) this.#draw("handle", () => gripsPath(held, this.#surface.cssPerPixel));
  }

  /**
   * @param {string} name
   * @param {() => string} path
   */
  #draw(name, path) {
    const outline = outlineOn(this.#surface, name);
    outline.draw(path);
    this.#outlines.push(outline);
  }
}
