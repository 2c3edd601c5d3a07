// @ts-check
import { filled } from "./form-parts.js";
import { download, pictureIn, readMask, writtenMask } from "./mask-files.js";

/**
 * The dialog with masks from elsewhere: of earlier edits and of drafts, out of files, and this one for
 * other pictures and into files. Its sentences stand in the page.
 */

/** @typedef {"add" | "subtract" | "intersect" | "replace"} Mode */

export class MaskLibrary {
  #wanted = "";
  #dialog;
  #of;
  #words;
  /** @type {(() => void) | null} what a yes does */ #yes = null;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {object} of
   * @param {import("./mask-editor.js").MaskEditor} of.editor
   * @param {import("./surface.js").Ask} of.ask
   * @param {import("./sign-in-again.js").Session} of.session
   * @param {import("./draft.js").Draft} of.draft
   * @param {{name: string, width: number, height: number}} of.image
   * @param {(text: string) => void} of.say to screen readers
   * @param {HTMLElement} of.drop where files can be dropped
   */
  constructor(dialog, of) {
    this.#dialog = dialog;
    this.#of = of;
    this.#words = /** @type {Record<string, string>} */ (dialog.dataset);
    dialog.addEventListener("click", (event) => this.#clicked(event));
    const file = /** @type {HTMLInputElement} */ (this.#part("file"));
    file.addEventListener("change", () => {
      const [chosen] = file.files ?? [];
      file.value = "";
      if (chosen) this.#take(chosen);
    });
    document.addEventListener("paste", (event) => dialog.open && this.#given(event, event.clipboardData), true);
    for (const place of [of.drop, dialog]) {
      place.addEventListener("dragover", (event) => event.preventDefault());
      place.addEventListener("drop", (event) => this.#given(event, event.dataTransfer));
    }
  }

  /** @param {"use" | "copy"} list which of its lists is shown */
  open(list = "use") {
    const mode = /** @type {HTMLInputElement | null} */ (this.#dialog.querySelector(`[value=${this.#of.editor.mode}]`));
    if (mode) mode.checked = true;
    this.#say("");
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#list(list);
  }

  /** Lets a file be chosen. */
  chooseFile() {
    this.#part("file").click();
  }

  /** @param {"white" | "alpha"} by */
  async export(by) {
    const { editor, ask, image } = this.#of;
    const blob = await writtenMask(editor, ask, by);
    if (!blob) return this.#tell(this.#words.empty);
    download(blob, `${image.name.replace(/\.\w{1,5}$/, "")} mask.png`);
    this.#tell(this.#words.exported);
  }

  // ---- what is pressed

  /** @param {MouseEvent} event */
  #clicked(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (target === this.#dialog) return this.#dialog.close(); // beside it
    const more = /** @type {HTMLAnchorElement | null} */ (target.closest(".more a"));
    if (more) {
      event.preventDefault();
      return void this.#more(more);
    }
    const { dataset } = target.closest("button") ?? document.body;
    if (dataset.mask) this.#use(dataset.mask, (dataset.margins ?? "").split(",").map(Number));
    else if (dataset.target) this.#copy(dataset.target);
    else if (dataset.list) this.#list(/** @type {"use" | "copy"} */ (dataset.list));
    else if (dataset.by) this.export(/** @type {"white" | "alpha"} */ (dataset.by));
    else if (dataset.answer) this.#answered(dataset.answer === "yes");
  }

  /**
   * @param {Event} event
   * @param {DataTransfer | null} data
   */
  #given(event, data) {
    const file = pictureIn(data);
    if (!file) return;
    event.preventDefault();
    event.stopPropagation();
    this.#take(file);
  }

  // ---- the lists

  /** @param {"use" | "copy"} list */
  async #list(list) {
    for (const button of this.#dialog.querySelectorAll("[data-list]")) {
      button.ariaPressed = String(/** @type {HTMLElement} */ (button).dataset.list === list);
    }
    this.#part("modes").hidden = list !== "use";
    const shown = this.#part("list");
    shown.replaceChildren(); // what stood there means something else now
    this.#wanted = list;
    const html = await this.#fetched(`${this.#words.url}${list === "copy" ? "?to=1" : ""}`);
    if (this.#wanted === list) shown.innerHTML = html;
  }

  /** @param {HTMLAnchorElement} link */
  async #more(link) {
    const item = /** @type {HTMLElement} */ (link.parentElement);
    const before = item.previousElementSibling;
    item.outerHTML = await this.#fetched(link.href);
    before?.nextElementSibling?.querySelector("button")?.focus();
  }

  /** @param {string} url */
  async #fetched(url) {
    const answer = await this.#of.session.fetch(url).catch(() => null);
    if (answer?.ok && !answer.redirected) return answer.text();
    this.#tell(this.#words.unreachable);
    return "";
  }

  // ---- masks in

  /**
   * @param {string} url
   * @param {number[]} margins of its canvas
   */
  async #use(url, margins) {
    const { session, ask, image } = this.#of;
    try {
      const answer = await session.fetch(url);
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const read = await readMask(await answer.blob(), { ask, picture: image, margins });
      if ("wrongSize" in read) throw new Error("another size");
      await this.#put(read.region, this.#words.used);
    } catch {
      this.#tell(this.#words.unreadable);
    }
  }

  /**
   * @param {File} file
   * @param {boolean} [fit]
   */
  async #take(file, fit = false) {
    const { ask, image, editor } = this.#of;
    const { name } = file;
    let read;
    try {
      read = await readMask(file, { ask, picture: image, margins: editor.work.margins, fit });
    } catch {
      return this.#tell(filled(this.#words.noMask, { name }));
    }
    if ("wrongSize" in read) {
      const sizes = { found: sizeText(read.wrongSize), wanted: sizeText(image), name };
      return this.#question(filled(this.#words.wrongSize, sizes), this.#words.resize, () => this.#take(file, true));
    }
    await this.#put(read.region, filled(read.by === "alpha" ? this.#words.byAlpha : this.#words.byWhite, { name }));
  }

  /**
   * @param {import("./mask-files.js").Region | null} region
   * @param {string} done
   */
  async #put(region, done) {
    if (!region) return this.#tell(this.#words.nothing);
    await this.#of.editor.putRegion(region, this.#mode);
    this.#dialog.close();
    this.#of.say(done);
  }

  get #mode() {
    const { editor } = this.#of;
    const chosen = /** @type {HTMLInputElement | null} */ (this.#part("modes").querySelector(":checked"));
    return this.#dialog.open && chosen ? /** @type {Mode} */ (chosen.value) : editor.mode;
  }

  // ---- masks out

  /**
   * @param {string} url of the other picture's draft
   * @param {Record<string, string>} [more]
   */
  async #copy(url, more = {}) {
    const { draft, editor, session } = this.#of;
    const mask = await draft.file();
    if (!mask) return this.#tell(this.#words.empty);
    const body = new FormData();
    body.set("mask", mask, "mask.png");
    const fields = { margins: editor.work.margins.join(","), person: session.person, ...more };
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    const headers = { Accept: "application/json" };
    const answer = await session.fetch(url, { method: "POST", body, headers }).catch(() => null);
    const told = (await answer?.json().catch(() => null)) ?? {};
    if (answer?.ok && told.url) return this.#copied(told);
    if (answer?.status === 409 && told.version !== undefined) {
      const again = { replace: "1", version: String(told.version) };
      return this.#question(told.error, this.#words.replace, () => this.#copy(url, again));
    }
    this.#tell(told.error ?? (Object.values(told.errors ?? {}).flat().join(" ") || this.#words.unreachable));
  }

  /** @param {{url: string, name: string}} told */
  #copied({ url, name }) {
    this.#tell(filled(this.#words.copied, { name }));
    const link = /** @type {HTMLAnchorElement} */ (this.#part("open"));
    link.href = url;
    link.hidden = false;
  }

  // ---- what is said and asked

  /**
   * @param {string} text
   * @param {string} yes
   * @param {() => void} does
   */
  #question(text, yes, does) {
    this.#tell(text);
    this.#yes = does;
    const button = this.#part("yes");
    button.textContent = yes;
    for (const name of ["yes", "no"]) this.#part(name).hidden = false;
    button.focus();
  }

  /** @param {boolean} isYes */
  #answered(isYes) {
    const does = this.#yes;
    this.#say("");
    if (isYes) does?.();
  }

  /** @param {string} text to be seen: a file may have been dropped beside the dialog */
  #tell(text) {
    if (!this.#dialog.open) this.open();
    this.#say(text);
  }

  /** @param {string} text */
  #say(text) {
    this.#yes = null;
    this.#part("said").textContent = text;
    for (const name of ["yes", "no", "open"]) this.#part(name).hidden = true;
  }

  /** @param {string} name */
  #part(name) {
    return /** @type {HTMLElement} */ (this.#dialog.querySelector(`[data-part="${name}"]`));
  }
}

/** @param {{width: number, height: number}} size */
function sizeText({ width, height }) {
  return `${width} × ${height}`;
}
