// @ts-check
import { encodeMaskNow } from "./png.js";

/**
 * What is on the page survives the page: the draft is saved on the server a moment after each
 * change. What is not saved yet when the page goes away is sent after it, and kept in the tab too,
 * for a reload may ask for the page before that arrives.
 */

/** @typedef {Record<string, string> & {prompt: string, model: string, n: string, size: string, quality: string, references: string}} Fields */
/** @typedef {"saving" | "saved" | "failed"} State */

const REST_MS = 600;
const RETRY_MS = 5000;
const SEND_MS = 30_000;
const PATIENCE_MS = 1500;
const KEEPALIVE_BYTES = 60_000;

export class Draft {
  #url;
  #token;
  #editor;
  #fields;
  #beside;
  #says;
  #shelf;
  #timer = 0;
  #pending = false;
  /** @type {Promise<void> | null} */ #saving = null;
  #closed = true;
  #unreadable = -1;
  #tab = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  #number = 0;
  #version = String(JSON.parse(document.querySelector("#studio-data")?.textContent ?? "{}").draft?.version ?? "");
  /** @type {{revision: number, blob: Blob | null}} */ #file = { revision: -1, blob: null };

  /**
   * @param {object} of
   * @param {string} of.url
   * @param {string} of.token against forged requests
   * @param {import("./mask-editor.js").MaskEditor} of.editor
   * @param {() => Fields} of.fields
   * @param {() => object} of.beside what the tab keeps beside the fields
   * @param {(state: State) => void} of.says
   */
  constructor({ url, token, editor, fields, beside, says }) {
    this.#url = url;
    this.#token = token;
    this.#editor = editor;
    this.#fields = fields;
    this.#beside = beside;
    this.#says = says;
    this.#shelf = `draft:${location.pathname}${location.search}`;
    document.addEventListener("visibilitychange", () => {
      if (document.hidden && this.#pending && !this.#closed) this.#save();
    });
    window.addEventListener("pagehide", () => this.#leave());
  }

  /** Something changed. */
  touch() {
    this.#pending = true;
    if (!this.#closed) this.#later(REST_MS);
  }

  /** Saves from here on: what was stored is on the page, or the edit was not taken. */
  open() {
    this.#closed = false;
    if (this.#pending) this.#later(REST_MS);
  }

  /** The stored mask could not be read: it stays on the server until another one is painted. */
  spareStoredMask() {
    this.#unreadable = this.#editor.revision;
  }

  /** Saves nothing from here on: a draft that arrives after its edit would outlive it. */
  async close() {
    this.#closed = true;
    this.#pending = false;
    clearTimeout(this.#timer);
    await Promise.race([this.#saving, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
  }

  /** The mask's file as of now, null if the mask is empty. */
  async file() {
    if (this.#file.revision !== this.#editor.revision || this.#editor.isDrawing) {
      const { revision, bytes } = await this.#editor.encode();
      this.#file = { revision, blob: bytes && new Blob([bytes], { type: "image/png" }) };
    }
    return this.#file.blob;
  }

  /**
   * What the tab kept when this page was left unsaved; asked for once.
   * @returns {any} the fields, what was kept beside them, and the mask's bytes; null if there is nothing
   */
  takeKept() {
    const kept = sessionStorage.getItem(this.#shelf);
    sessionStorage.removeItem(this.#shelf);
    const [entry] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
    if (!kept || (entry.type !== "reload" && entry.type !== "back_forward")) return null;
    const { mask, ...fields } = JSON.parse(kept);
    return { ...fields, mask: mask && Uint8Array.from(atob(mask), (letter) => letter.charCodeAt(0)) };
  }

  /** @param {number} wait */
  #later(wait) {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#save(), wait);
  }

  #save() {
    // One at a time: the save under way looks again when it is done.
    this.#saving ??= this.#saveOnce().finally(() => (this.#saving = null));
  }

  async #saveOnce() {
    clearTimeout(this.#timer);
    this.#pending = false;
    this.#says("saving");
    const isSaved = await this.#send();
    if (this.#closed) return;
    this.#pending ||= !isSaved;
    if (!isSaved) this.#says("failed");
    else if (!this.#pending) this.#says("saved");
    if (this.#pending) this.#later(isSaved ? REST_MS : RETRY_MS);
  }

  async #send() {
    try {
      const fields = this.#fields();
      const mask = await this.file();
      const body = this.#body(fields, mask);
      const headers = { "X-CSRFToken": this.#token };
      const keepalive = document.hidden && sizeOf(fields, mask) < KEEPALIVE_BYTES;
      const signal = AbortSignal.timeout(SEND_MS);
      const answer = await fetch(this.#url, { method: "POST", headers, body, keepalive, signal });
      if (!answer.ok || answer.redirected) return false; // a redirect leads to the sign-in page
      this.#version = String((await answer.json()).version);
      return true;
    } catch {
      return false;
    }
  }

  /**
   * @param {Fields} fields
   * @param {Blob | null} mask
   */
  #body(fields, mask) {
    const body = new FormData();
    const saver = { tab: this.#tab, number: String((this.#number += 1)), version: this.#version };
    for (const [name, value] of Object.entries({ ...fields, ...saver })) body.set(name, value);
    if (mask) body.set("mask", mask, "mask.png");
    else if (this.#unreadable !== this.#editor.revision) body.set("mask_empty", "1");
    return body;
  }

  /** The last moment: nothing that has to be waited for runs any more. */
  #leave() {
    if (this.#closed || (!this.#pending && !this.#saving)) return;
    this.#editor.finish();
    const { mask } = this.#editor;
    const bounds = mask.bounds();
    const bytes = bounds && encodeMaskNow([{ bounds, pixels: mask.copy(bounds) }], mask.width, mask.height);
    const fields = this.#fields();
    keep(this.#shelf, { ...fields, ...this.#beside(), mask: bytes && text(bytes) });
    const blob = bytes && new Blob([bytes], { type: "image/png" });
    if (sizeOf(fields, blob) > KEEPALIVE_BYTES) return;
    const headers = { "X-CSRFToken": this.#token };
    fetch(this.#url, { method: "POST", headers, body: this.#body(fields, blob), keepalive: true }).catch(() => {});
  }
}

/**
 * @param {Fields} fields
 * @param {Blob | null} mask
 */
function sizeOf(fields, mask) {
  return new Blob([JSON.stringify(fields)]).size + (mask?.size ?? 0) + 2000;
}

/**
 * @param {string} shelf
 * @param {object} draft
 */
function keep(shelf, draft) {
  try {
    sessionStorage.setItem(shelf, JSON.stringify(draft));
  } catch {
    // The tab's shelf is full or forbidden: what was saved last stands.
  }
}

/** @param {Uint8Array} bytes */
function text(bytes) {
  let letters = "";
  for (let at = 0; at < bytes.length; at += 8192) letters += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(letters);
}
