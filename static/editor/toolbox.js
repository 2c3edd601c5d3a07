// @ts-check
import { extend } from "./extend.js";
import { frame } from "./frame-tool.js";
import { arrow, circle, line, text } from "./markup-tools.js";
import { object } from "./object-tool.js";
import { ellipse, lasso, polygon, rectangle, wand } from "./shape-tools.js";
import { brush, eraser } from "./strokes.js";

/** All tools, by name. The hand is none: it moves the picture. */

/** @type {Record<string, import("./tools.js").Tool>} */
export const TOOLS = {
  brush, eraser, rectangle, ellipse, lasso, polygon, wand, object, extend, frame, arrow, circle, line, text,
};
