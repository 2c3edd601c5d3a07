// @ts-check
import { filled } from "./form-parts.js";
import { PicturePicker } from "./picture-picker.js";
import { FIRST_NUMBER, ReferenceList } from "./reference-list.js";
import { listenToDrag } from "./reorder.js";
import { uploaded } from "./upload-picture.js";

/**
 * The references in the form: pictures that are uploaded or chosen, put in order and taken out. The form's
 * field `references` holds their numbers.
 */

/** @typedef {import("./reference-list.js").Picture} Picture */

/** @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

export class References {
  #list = new ReferenceList();
  #root;
  #field;
  #picker;
  #upload;
  #words;
  #say;
  #fails;
  /** @type {import("./offered.js").Model | null} */ #model = null;
  /** @type {number | null} the one that the buttons act on */ #chosen = null;
  /** @type {Promise<boolean> | null} */ #uploading = null;

  /**
   * @param {HTMLElement} root
   * @param {object} of
   * @param {HTMLDialogElement} of.dialog in which pictures are chosen
   * @param {import("./upload-picture.js").Target} of.upload
   * @param {Record<string, string>} of.words
   * @param {(text: string) => void} of.say to screen readers
   * @param {(texts: string[]) => void} of.fails shows what went wrong
   */
  constructor(root, { dialog, upload, words, say, fails }) {
    this.#root = root;
    this.#field = /** @type {HTMLInputElement} */ (root.querySelector("[name=references]"));
    this.#upload = upload;
    this.#words = words;
    this.#say = say;
    this.#fails = fails;
    this.#picker = new PicturePicker(dialog, {
      toggle: (picture) => (this.#list.has(picture.id) ? this.#remove(picture.id) : this.#add(picture)),
      has: (id) => this.#list.has(id),
      count: () => this.#count,
      upload: (files) => this.#take(files),
    });
    this.#listenToButtons();
    this.#listenToFiles();
    listenToDrag(this.#ul, ".reference", {
      begin: (item) => this.#choose(idOf(item)),
      over: (item, other) => this.#list.move(idOf(item), this.#list.indexOf(idOf(other))) && this.#show(),
      end: (item) => this.#moved(idOf(item)),
      cancel: (item, place) => this.#list.move(idOf(item), place) && this.#show(),
    });
  }

  get pictures() {
    return this.#list.pictures;
  }

  /** @param {Picture[]} pictures */
  fill(pictures) {
    this.#list.fill(pictures);
    this.#show();
  }

  /**
   * Follows the model: how many it takes, and whether it takes any.
   * @param {import("./offered.js").Model} model
   */
  fit(model) {
    this.#model = model;
    this.#show();
  }

  /** @returns {Promise<boolean>} once nothing is being uploaded any more: whether all of it was taken */
  async settled() {
    return (await this.#uploading) ?? true;
  }

  get #most() {
    return this.#model?.references_max ?? 0;
  }

  get #count() {
    const [count, most] = [this.#list.length, this.#most].map(String);
    return filled(this.#words.referencesOf, { count, most });
  }

  // ---- what is changed

  /**
   * @param {Picture} picture
   * @returns {string} why it was not added
   */
  #add(picture) {
    const how = this.#list.add(picture, this.#most);
    if (how === "full") return this.#told(filled(this.#words.referencesFull, { most: String(this.#most) }));
    if (how === "twice") return this.#told(filled(this.#words.referenceTwice, { name: picture.name }));
    this.#chosen = picture.id;
    this.#tellPlace(picture.id);
    this.#changed();
    return "";
  }

  /** @param {number} id */
  #remove(id) {
    const { name } = this.#list.pictures[this.#list.indexOf(id)];
    const next = this.#list.remove(id);
    this.#chosen = next?.id ?? null;
    this.#say(filled(this.#words.referenceOut, { name }));
    this.#changed();
  }

  /**
   * @param {number} id
   * @param {number} step
   */
  #step(id, step) {
    if (this.#list.move(id, this.#list.indexOf(id) + step)) this.#changed();
    this.#tellPlace(id);
  }

  /** @param {number} id was dragged to where it is */
  #moved(id) {
    this.#tellPlace(id);
    this.#changed();
    this.#handleOf(id)?.focus();
  }

  #changed() {
    this.#show();
    this.#field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** @param {string} text */
  #told(text) {
    this.#say(text);
    return text;
  }

  /** @param {number} id */
  #tellPlace(id) {
    const picture = this.#list.pictures[this.#list.indexOf(id)];
    this.#say(filled(this.#words.reference, { name: picture.name, number: String(this.#list.numberOf(id)) }));
  }

  // ---- how it shows

  #show() {
    const isTaken = this.#most > 0;
    this.#field.value = this.#list.ids.join(",");
    this.#field.disabled = !isTaken;
    this.#part("list").hidden = !isTaken && this.#list.length === 0;
    this.#root.classList.toggle("unsent", !isTaken);
    this.#part("count").textContent = this.#list.length && isTaken ? this.#count : "";
    this.#part("count").classList.toggle("bad", this.#list.length > this.#most);
    this.#part("help").textContent = this.#help(isTaken);
    /** @type {HTMLElement} */ (this.#root.querySelector(".add")).hidden = this.#list.length >= this.#most;
    this.#showItems();
    this.#showActs();
    this.#picker.show();
  }

  /** @param {boolean} isTaken */
  #help(isTaken) {
    if (isTaken) return this.#words.referencesHelp;
    const text = this.#list.length ? this.#words.referencesUnsent : this.#words.referencesNone;
    return filled(text, { model: this.#model?.name ?? "" });
  }

  /** Items stay the same elements, so that one that is moved keeps its picture; the focus comes back to it. */
  #showItems() {
    const focused = this.#root.contains(document.activeElement) ? document.activeElement : null;
    const before = new Map(this.#items.map((item) => [idOf(item), item]));
    const items = this.#list.pictures.map((picture) => before.get(picture.id) ?? this.#itemOf(picture));
    for (const item of before.values()) if (!items.includes(item)) item.remove();
    const isOther = this.#items.length !== items.length || this.#items.some((item, i) => item !== items[i]);
    if (isOther) /** @type {Element} */ (this.#ul.querySelector(".source")).after(...items);
    items.forEach((item, i) => {
      /** @type {HTMLElement} */ (item.querySelector(".number")).textContent = String(i + FIRST_NUMBER);
      const isChosen = idOf(item) === this.#chosen;
      /** @type {HTMLElement} */ (item.querySelector("button")).ariaPressed = String(isChosen);
    });
    if (isOther && focused?.isConnected) /** @type {HTMLElement} */ (focused).focus();
  }

  /** @param {Picture} picture */
  #itemOf({ id, name, thumb_url }) {
    const item = this.#copyOf("#reference");
    const image = /** @type {HTMLImageElement} */ (item.querySelector("img"));
    item.dataset.id = String(id);
    item.title = name;
    image.src = thumb_url;
    /** @type {HTMLElement} */ (item.querySelector(".caption")).textContent = name;
    return item;
  }

  #showActs() {
    const acts = this.#part("acts");
    const at = this.#list.indexOf(this.#chosen ?? 0);
    acts.hidden = at < 0;
    if (at < 0) return;
    /** @type {HTMLElement} */ (acts.querySelector("b")).textContent = String(at + FIRST_NUMBER);
    /** @type {HTMLElement} */ (acts.querySelector("p span")).textContent = this.#list.pictures[at].name;
    for (const button of acts.querySelectorAll("[data-move]")) {
      const to = at + Number(/** @type {HTMLElement} */ (button).dataset.move);
      // A disabled button would lose the focus; one that says that it is disabled keeps it.
      button.ariaDisabled = String(to < 0 || to >= this.#list.length);
    }
  }

  /** @param {number} id */
  #choose(id) {
    this.#chosen = id;
    for (const item of this.#items) {
      /** @type {HTMLElement} */ (item.querySelector("button")).ariaPressed = String(idOf(item) === id);
    }
    this.#showActs();
  }

  // ---- buttons and keys

  #listenToButtons() {
    this.#ul.addEventListener("click", ({ target }) => this.#clicked(/** @type {HTMLElement} */ (target)));
    this.#ul.addEventListener("focusin", ({ target }) => this.#within(target, (id) => this.#choose(id)));
    this.#ul.addEventListener("keydown", (event) => this.#within(event.target, (id) => this.#keyDown(event, id)));
    this.#part("acts").addEventListener("click", ({ target }) => {
      const button = /** @type {HTMLElement} */ (target).closest("button");
      if (!button || this.#chosen === null || button.ariaDisabled === "true") return;
      if (button.dataset.move) this.#step(this.#chosen, Number(button.dataset.move));
      else this.#removeAndGoOn(this.#chosen);
    });
  }

  /** @param {HTMLElement} target */
  #clicked(target) {
    if (target.closest("[data-add]")) this.#picker.open();
    this.#within(target, (id) => this.#choose(id));
  }

  /**
   * @param {KeyboardEvent} event
   * @param {number} id
   */
  #keyDown(event, id) {
    const isRemoval = event.key === "Delete" || event.key === "Backspace";
    if (event.ctrlKey || event.metaKey || event.altKey || !(isRemoval || event.key in STEPS)) return;
    event.preventDefault(); // the same keys clear the mask and move the brush
    if (isRemoval) this.#removeAndGoOn(id);
    else this.#step(id, STEPS[event.key]);
  }

  /** @param {number} id */
  #removeAndGoOn(id) {
    this.#remove(id);
    const next = this.#chosen === null ? null : this.#handleOf(this.#chosen);
    (next ?? /** @type {HTMLElement | null} */ (this.#root.querySelector("[data-add]")))?.focus();
  }

  /**
   * @param {EventTarget | null} target
   * @param {(id: number) => void} act with the reference that the target lies in
   */
  #within(target, act) {
    const item = /** @type {HTMLElement} */ (target).closest(".reference");
    if (item) act(idOf(/** @type {HTMLElement} */ (item)));
  }

  // ---- files

  /** Elsewhere on the page, files that are dropped or pasted become pictures to edit. */
  #listenToFiles() {
    this.#root.addEventListener("dragenter", (event) => this.#draggedIn(event));
    this.#root.addEventListener("dragover", (event) => this.#draggedOver(event));
    this.#root.addEventListener("dragleave", ({ relatedTarget }) => {
      if (!this.#root.contains(/** @type {Node | null} */ (relatedTarget))) this.#draggedOut();
    });
    this.#root.addEventListener("drop", (event) => this.#dropped(event));
    this.#root.addEventListener("paste", (event) => this.#pasted(event));
  }

  /** @param {DragEvent} event */
  #draggedIn(event) {
    if (!holdsFiles(event) || this.#most === 0) return;
    event.stopPropagation();
    const elsewhere = document.querySelector("#drop");
    if (elsewhere) /** @type {HTMLElement} */ (elsewhere).hidden = true;
    this.#root.classList.add("drop");
    this.#part("help").textContent = this.#words.referencesDrop;
  }

  /** @param {DragEvent} event */
  #draggedOver(event) {
    if (!holdsFiles(event) || !event.dataTransfer || this.#most === 0) return;
    event.preventDefault();
    event.stopPropagation();
    event.dataTransfer.dropEffect = "copy";
  }

  #draggedOut() {
    this.#root.classList.remove("drop");
    this.#part("help").textContent = this.#help(this.#most > 0);
  }

  /** @param {DragEvent} event */
  #dropped(event) {
    if (!holdsFiles(event) || this.#most === 0) return;
    event.preventDefault();
    event.stopPropagation();
    this.#draggedOut();
    this.#take([...(event.dataTransfer?.files ?? [])]);
  }

  /** @param {ClipboardEvent} event */
  #pasted(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0 || this.#most === 0) return;
    event.preventDefault();
    event.stopPropagation();
    this.#take(files);
  }

  /** @param {File[]} files one after the other, so that they come in their order */
  #take(files) {
    if (files.length === 0) return;
    this.#fails([]);
    const uploading = this.#takeAll(files, this.#uploading);
    this.#uploading = uploading;
    uploading.finally(() => {
      if (this.#uploading === uploading) this.#uploading = null;
    });
  }

  /**
   * @param {File[]} files
   * @param {Promise<boolean> | null} before
   */
  async #takeAll(files, before) {
    const waiting = files.map((file) => ({ file, item: this.#uploadingItem(file.name || this.#words.pasted) }));
    await before;
    const wrong = [];
    for (const { file, item } of waiting) {
      const { picture, error } = await uploaded(file, this.#upload, this.#words);
      item.remove();
      const why = picture ? this.#add(picture) : `${file.name}: ${error}`;
      if (why) wrong.push(why);
    }
    if (wrong.length === 0) return true;
    this.#fails([...new Set(wrong)]);
    this.#say(wrong.join(" "));
    return false;
  }

  /** @param {string} name */
  #uploadingItem(name) {
    const item = this.#copyOf("#reference-uploading");
    const text = filled(this.#words.uploading, { name });
    /** @type {HTMLElement} */ (item.querySelector("progress")).ariaLabel = text;
    /** @type {HTMLElement} */ (item.querySelector(".caption")).textContent = name;
    /** @type {Element} */ (this.#ul.querySelector(".add")).before(item);
    this.#say(text);
    return item;
  }

  // ---- elements

  get #items() {
    return /** @type {HTMLElement[]} */ ([...this.#ul.querySelectorAll(".reference")]);
  }

  get #ul() {
    return this.#part("list");
  }

  /** @param {number} id */
  #handleOf(id) {
    return /** @type {HTMLElement | null} */ (this.#ul.querySelector(`[data-id="${id}"] button`));
  }

  /** @param {string} name */
  #part(name) {
    return /** @type {HTMLElement} */ (this.#root.querySelector(`[data-part="references-${name}"]`));
  }

  /** @param {string} template */
  #copyOf(template) {
    const { content } = /** @type {HTMLTemplateElement} */ (this.#root.querySelector(template));
    return /** @type {HTMLElement} */ (/** @type {Element} */ (content.firstElementChild).cloneNode(true));
  }
}

/** @param {HTMLElement} item */
function idOf(item) {
  return Number(item.dataset.id);
}

/** @param {DragEvent} event */
function holdsFiles(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}
