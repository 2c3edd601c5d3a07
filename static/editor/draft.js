// @ts-check
import { encodeMaskNow, packed } from "./png.js";
import { Shelf, fateOf, hold, newTab } from "./shelf.js";

/**
 * What is on the page survives the page: a moment after each change the draft is laid on this
 * browser's shelf and saved on the server; once it is there, it leaves the shelf. What the server
 * cannot take now (no connection, no session, no room) is sent later, by this page or the next one.
 * When another tab or device has saved meanwhile, the person chooses; both ways can be undone.
 */

/** @typedef {Record<string, string> & {prompt: string, model: string, n: string, size: string, quality: string, references: string}} Fields */
/** @typedef {Record<string, any>} Start what the page starts from */
/** @typedef {"saving" | "saved" | "kept" | "signedOut" | "noRoom" | "conflict" | "failed"} State */
/** @typedef {import("./shelf.js").Kept} Kept */
/** @typedef {{version: number, tab: string, updated_at?: string, is_sent?: boolean}} Other a draft that this page does not know */

const REST_MS = 600;
const LONGEST_MS = 2000;
const RETRY_MS = 5000;
const FULL_RETRY_MS = 15_000;
const SEND_MS = 30_000;
const PATIENCE_MS = 1500;
const AWAY_MS = 20_000;
const KEEPALIVE_BYTES = 60_000;

export class Draft {
  #of;
  #shelf = new Shelf();
  #channel = new BroadcastChannel("maskroom:drafts");
  #left = `draft:${location.pathname}`;
  #tab = newTab();
  #number = 0;
  #version = "";
  #timer = 0;
  #since = 0;
  #pending = false;
  /** @type {Promise<void> | null} */ #saving = null;
  #closed = true;
  #applying = false;
  #spares = false;
  #hiddenAt = Infinity;
  #wasAsked = false;
  #wasRenewed = false;
  /** @type {Other | null} */ #conflict = null;
  /** @type {Start | null} what "Undo" gives back */ #before = null;
  /** @type {{revision: number, margins: readonly number[], bytes: Uint8Array<ArrayBuffer> | null}} */
  #file = { revision: -1, margins: [], bytes: null };

  /**
   * @param {object} of
   * @param {string} of.url
   * @param {string} of.key of the person and the picture
   * @param {import("./sign-in-again.js").Session} of.session
   * @param {import("./mask-editor.js").MaskEditor} of.editor
   * @param {() => Fields} of.fields
   * @param {() => object} of.beside what only this browser keeps beside the fields
   * @param {(start: Start) => Promise<void>} of.apply puts all of it on the page, as one undoable step
   * @param {import("./draft-notice.js").DraftNotice} of.notice
   * @param {(state: State) => void} of.says
   */
  constructor(of) {
    this.#of = of;
    of.notice.listen({
      take: () => this.#takeOther(),
      keep: () => this.#keepMine(),
      undo: () => this.#undo(),
      signin: () => this.#signIn(),
    });
    this.#channel.onmessage = ({ data }) => data.key === of.key && this.#heardOf(data);
    document.addEventListener("visibilitychange", () => this.#lookedAt());
    window.addEventListener("online", () => this.#pending && this.#save());
    window.addEventListener("pagehide", () => this.#leave());
  }

  /**
   * Where the page starts: from what the server has, or from what an earlier page could not send.
   * @param {Start | null} stored
   * @returns {Promise<Start>} as the server tells it; with `mask`, a file's bytes, where that was kept here
   */
  async begin(stored) {
    const known = stored ?? {};
    this.#version = String(known.version ?? "");
    const kept = await this.#newestKept(known);
    if (!kept) {
      await hold(this.#tab);
      return this.#whole(known);
    }
    const isApart = fateOf(kept, known) === "apart";
    if (navigator.locks) {
      // Under the name of the page that is gone: what it had under way may still arrive, and is ours.
      this.#tab = kept.tab;
      this.#number = kept.number;
      this.#version = kept.version;
    } else {
      // That page may be alive: two that save under one name would overwrite each other.
      if (isApart) this.#version = kept.version;
      await this.#shelf.put({ ...kept, tab: this.#tab, number: (this.#number = 1), version: this.#version });
      await this.#shelf.remove(kept.tab);
    }
    this.#pending = true;
    if (isApart) this.#clash(/** @type {Other} */ (known));
    const { mask_url, margins } = known;
    return { ...kept.start, ...(kept.mask === undefined ? { mask_url, margins } : { mask: kept.mask }) };
  }

  /**
   * The draft with its mask; the newer one, if it has moved on since the page was made.
   * @param {Start} known
   * @returns {Promise<Start>}
   */
  async #whole(known) {
    if (!known.version || !known.mask_url) return known;
    const mask = await bytesAt(known.mask_url).catch(() => null);
    if (mask) return { ...known, mask };
    const other = await this.#other().catch(() => known);
    this.#version = String(other.version);
    return other;
  }

  /** Saves from here on: what was stored is on the page, or the edit was not taken. */
  open() {
    this.#closed = false;
    if (this.#pending) this.#later(REST_MS);
    this.#sendOthers();
  }

  /** Something changed. */
  touch() {
    if (this.#applying) return;
    this.#pending = true;
    this.#since ||= Date.now();
    if (!this.#closed) this.#later(Math.min(REST_MS, Math.max(0, this.#since + LONGEST_MS - Date.now())));
  }

  /** The stored mask could not be read: it stays on the server until another one is painted. */
  spareStoredMask() {
    this.#spares = true;
  }

  /** Saves nothing from here on: the edit is sent. */
  async close() {
    this.#closed = true;
    this.#pending = false;
    clearTimeout(this.#timer);
    await Promise.race([this.#saving, after(PATIENCE_MS)]);
  }

  /** By which the server knows, with the edit, which draft it was: none that somebody else saved since. */
  sent() {
    return { draft_tab: this.#tab, draft_version: this.#version };
  }

  /** The edit was taken. */
  async forget() {
    sessionStorage.removeItem(this.#left);
    this.#channel.postMessage({ key: this.#of.key, tab: this.#tab, version: Infinity, is_sent: true });
    await this.#shelf.remove(this.#tab);
  }

  /** The mask's file as of now, null if the mask is empty. */
  async file() {
    const { bytes } = await this.#encoded();
    return bytes && new Blob([bytes], { type: "image/png" });
  }

  // ---- what is saved

  get #isSpared() {
    const { mask, history } = this.#of.editor;
    return this.#spares && mask.isEmpty && !history.canUndo;
  }

  async #encoded() {
    const { editor } = this.#of;
    if (this.#file.revision !== editor.revision || editor.isDrawing) this.#file = await editor.encode();
    return this.#file;
  }

  /** What is on the page but for the mask. */
  #start() {
    const { fields, beside, editor } = this.#of;
    const { work, edge } = editor;
    const { margins, marks, ownFrame: own } = work;
    return { ...fields(), ...beside(), margins, marks, own, grow: edge.grow, feather: edge.feather };
  }

  /**
   * All that is on the page. Half of a gesture is no mask: while one lasts, the mask stays as it was
   * saved.
   * @returns {Promise<Kept>}
   */
  async #kept() {
    const file = await Promise.race([this.#encoded(), after(LONGEST_MS)]);
    const start = this.#start();
    if (!file) {
      this.#pending = true; // there is a mask yet to be saved
      return this.#record(start, undefined);
    }
    return this.#record({ ...start, margins: file.margins }, this.#isSpared ? undefined : file.bytes);
  }

  /**
   * @param {Start} start
   * @param {Kept["mask"]} mask
   * @returns {Kept}
   */
  #record(start, mask) {
    const { key, url } = this.#of;
    const of = { tab: this.#tab, number: (this.#number += 1), version: this.#version };
    return { ...of, key, url, search: location.search, at: Date.now(), start, mask };
  }

  // ---- saving

  /** @param {number} wait */
  #later(wait) {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#save(), wait);
  }

  #save() {
    if (this.#closed) return; // what is pending waits for open()
    // One at a time: the save under way looks again when it is done.
    this.#saving ??= this.#saveOnce().finally(() => (this.#saving = null));
    return this.#saving;
  }

  async #saveOnce() {
    clearTimeout(this.#timer);
    this.#pending = false;
    this.#since = 0;
    if (!this.#conflict) this.#of.says("saving");
    const kept = await this.#kept();
    const isOnShelf = await this.#shelf.put(kept);
    if (this.#closed) return;
    if (this.#conflict) return this.#of.says("conflict");
    const wait = await this.#send(kept, isOnShelf);
    if (this.#closed || this.#conflict) return;
    this.#pending ||= wait > 0;
    if (this.#pending) this.#later(wait || (kept.mask === undefined ? RETRY_MS : REST_MS));
  }

  /**
   * @param {Kept} kept
   * @param {boolean} isOnShelf
   * @returns {Promise<number>} after how many milliseconds to try again; 0: it is saved, or can't be
   */
  async #send(kept, isOnShelf) {
    const { session, notice, says } = this.#of;
    const here = isOnShelf ? "kept" : "failed";
    let answer;
    try {
      answer = await this.#post(kept);
    } catch {
      says(here);
      if (isOnShelf) notice.show("offline");
      return RETRY_MS;
    }
    const told = await answer.json().catch(() => ({}));
    if (session.isOver(answer) || told.errors?.person) return this.#signedOut();
    if (answer.status === 409) this.#clash(told);
    else if (answer.ok) await this.#saved(kept, told.version);
    else if (answer.status === 507 || answer.status === 503) {
      says(isOnShelf ? "noRoom" : "failed");
      notice.show(isOnShelf ? "noRoom" : "failed", { why: told.error ?? "" });
      return FULL_RETRY_MS;
    } else if (answer.status >= 500) {
      says(here);
      return RETRY_MS;
    } else {
      says("failed");
      notice.show("failed", { why: Object.values(told.errors ?? {}).flat().join(" ") });
    }
    return 0;
  }

  /**
   * @param {Kept} kept
   * @param {boolean} [outlives] whether it has to be sent even if the page goes away
   */
  #post(kept, outlives = document.hidden) {
    const headers = { "X-CSRFToken": this.#of.session.token, Accept: "application/json" };
    const body = bodyOf(kept);
    const keepalive = outlives && sizeOf(body) < KEEPALIVE_BYTES;
    return fetch(kept.url, { method: "POST", headers, body, keepalive, signal: AbortSignal.timeout(SEND_MS) });
  }

  /**
   * @param {Kept} kept
   * @param {number} version
   */
  async #saved({ key, tab, number }, version) {
    this.#version = String(version);
    this.#wasAsked = this.#wasRenewed = false;
    this.#channel.postMessage({ key, tab, version });
    if (number === this.#number) await this.#shelf.remove(tab);
    sessionStorage.removeItem(this.#left);
    this.#of.notice.saved();
    if (!this.#pending) this.#of.says("saved");
    // The address of an edit that is run again starts from that edit: a reload would not show the draft.
    if (location.search && !this.#closed) history.replaceState(history.state, "", location.pathname);
  }

  /** What earlier pages of this person could not send of other pictures. */
  async #sendOthers() {
    const { key, session } = this.#of;
    for (const kept of await this.#shelf.all()) {
      if (kept.key === key || kept.key.split(":")[0] !== key.split(":")[0]) continue;
      const letGo = await hold(kept.tab);
      if (!letGo) continue;
      const answer = await this.#post(kept).catch(() => null);
      // Where somebody else has saved since, the picture's own page asks.
      if (answer?.ok && !session.isOver(answer)) await this.#shelf.remove(kept.tab);
      letGo();
    }
  }

  // ---- a session that is over

  /** @returns {Promise<number>} */
  async #signedOut() {
    const { session, editor, notice, says } = this.#of;
    if (await session.renew({ quietly: true })) {
      if (this.#wasRenewed) says("failed"); // it is refused for another reason: not again at once
      const wait = this.#wasRenewed ? FULL_RETRY_MS : 1;
      this.#wasRenewed = true;
      return wait;
    }
    says("signedOut");
    notice.show("signedOut");
    if (this.#wasAsked) return FULL_RETRY_MS;
    this.#wasAsked = true;
    while (editor.isDrawing) await after(200); // no dialog under a stroke
    return (await session.renew()) ? 1 : FULL_RETRY_MS;
  }

  async #signIn() {
    if (await this.#of.session.renew()) this.#save();
  }

  // ---- another tab, another device

  /** @param {Other & {key: string}} other */
  #heardOf(other) {
    if (!this.#closed && other.tab !== this.#tab && other.version > Number(this.#version)) this.#clash(other);
  }

  async #lookedAt() {
    if (document.hidden) {
      this.#hiddenAt = Date.now();
      if (this.#pending && !this.#closed) this.#save();
    } else if (Date.now() - this.#hiddenAt > AWAY_MS && !this.#closed && !this.#pending && !this.#saving) {
      const other = await this.#ask().catch(() => null);
      if (other && other.tab !== this.#tab) this.#heardOf(/** @type {any} */ (other));
    }
  }

  /** @param {Other} other */
  #clash(other) {
    this.#conflict = other;
    this.#of.says("conflict");
    const when = other.updated_at ? new Date(other.updated_at) : new Date();
    const at = when.toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
    this.#of.notice.show(other.is_sent ? "sent" : "conflict", { at });
  }

  async #takeOther() {
    await this.#resolve(async (other) => {
      this.#before = await this.#present();
      await this.#put(other);
      clearTimeout(this.#timer);
      this.#pending = false;
      await this.#shelf.remove(this.#tab);
      this.#of.says("saved");
      this.#of.notice.show("took");
    });
  }

  async #keepMine() {
    await this.#resolve(async (other) => {
      this.#before = other;
      this.#of.notice.show("keptMine");
      await this.#saving;
      await this.#save();
    });
  }

  async #undo() {
    const before = this.#before;
    this.#before = null;
    this.#of.notice.hide();
    if (before) await this.#put(before);
    this.touch();
  }

  /** @param {(other: Start) => Promise<void>} how */
  async #resolve(how) {
    try {
      const other = await this.#other();
      this.#version = String(other.version);
      this.#conflict = null;
      await how(other);
    } catch {
      this.#of.notice.show("unreachable");
    }
  }

  /** @param {Start} start */
  async #put(start) {
    this.#applying = true;
    this.#spares = false;
    await this.#of.apply(start).finally(() => (this.#applying = false));
  }

  /** All that is on the page, as the page starts from. */
  async #present() {
    const { margins, bytes } = await this.#encoded();
    return { ...this.#start(), margins, mask: bytes };
  }

  /** The server's draft with its mask, both of the same version. */
  async #other() {
    for (let tries = 0; tries < 3; tries++) {
      const start = await this.#ask();
      if (!start.mask_url) return { ...start, mask: null };
      const mask = await bytesAt(start.mask_url);
      if (mask) return { ...start, mask };
    }
    throw new Error("the draft changes all the time");
  }

  /** @returns {Promise<Start>} */
  async #ask() {
    const answer = await this.#of.session.fetch(`${this.#of.url}?as=json`);
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    return answer.json();
  }

  // ---- the page's last moment, and the next page's first

  /** Nothing that has to be waited for runs any more. */
  #leave() {
    if (this.#closed) return;
    const { editor } = this.#of;
    editor.finish(); // a stroke under way is a change too
    if (!this.#pending && !this.#saving) return;
    const { mask } = editor;
    const { width, height } = mask;
    const bytes = mask.isEmpty ? null : encodeMaskNow([packed(mask, 0, height)], width, height);
    const kept = this.#record(this.#start(), this.#isSpared ? undefined : bytes);
    leaveIn(this.#left, kept);
    if (!this.#conflict) this.#post(kept, true).catch(() => {});
  }

  /**
   * What was kept here by a page that is gone and has not reached the server.
   * @param {Start} stored
   * @returns {Promise<Kept | null>}
   */
  async #newestKept(stored) {
    const left = takeLeft(this.#left);
    const onShelf = await this.#shelf.all();
    const found = [...(left ? [left] : []), ...onShelf].filter(
      ({ key, search }) => key === this.#of.key && (!location.search || search === location.search),
    );
    for (const kept of found.sort((a, b) => (a.tab === b.tab ? b.number - a.number : b.at - a.at))) {
      const isFree = Boolean(await hold(kept.tab)) || kept === left;
      if (isFree && fateOf(kept, stored) !== "arrived") return kept;
      if (isFree) await this.#shelf.remove(kept.tab);
    }
    return null;
  }
}

/**
 * @param {string} url
 * @returns {Promise<Uint8Array<ArrayBuffer> | null>}
 */
async function bytesAt(url) {
  const answer = await fetch(url);
  return answer.ok && !answer.redirected ? new Uint8Array(await answer.arrayBuffer()) : null;
}

/** @param {Kept} kept */
function bodyOf({ start, mask, tab, number, version, key }) {
  const body = new FormData();
  const { pictures, margins, marks, ...fields } = start;
  const more = { tab, number, version, person: key.split(":")[0], marks: JSON.stringify(marks ?? []) };
  for (const [name, value] of Object.entries({ ...fields, ...more })) body.set(name, String(value ?? ""));
  if (mask !== undefined) body.set("margins", (margins ?? []).join(","));
  if (mask) body.set("mask", new Blob([mask], { type: "image/png" }), "mask.png");
  else if (mask === null) body.set("mask_empty", "1");
  return body;
}

/** @param {FormData} body */
function sizeOf(body) {
  let size = 2000;
  for (const [, value] of body) size += typeof value === "string" ? 3 * value.length + 100 : value.size;
  return size;
}

/**
 * @param {string} name
 * @param {Kept} kept
 */
function leaveIn(name, kept) {
  try {
    sessionStorage.setItem(name, JSON.stringify({ ...kept, mask: kept.mask && text(kept.mask) }));
  } catch {
    // There is no room, or it is forbidden: what was saved last stands.
  }
}

/**
 * @param {string} name
 * @returns {Kept | null}
 */
function takeLeft(name) {
  const left = JSON.parse(sessionStorage.getItem(name) ?? "null");
  sessionStorage.removeItem(name);
  if (left?.mask) left.mask = Uint8Array.from(atob(left.mask), (letter) => letter.charCodeAt(0));
  return left;
}

/** @param {Uint8Array} bytes */
function text(bytes) {
  let letters = "";
  for (let at = 0; at < bytes.length; at += 8192) letters += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(letters);
}

/**
 * @param {number} wait
 * @returns {Promise<undefined>}
 */
function after(wait) {
  return new Promise((resolve) => setTimeout(resolve, wait, undefined));
}
