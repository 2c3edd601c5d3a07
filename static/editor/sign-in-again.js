// @ts-check
import { filled } from "./form-parts.js";

/**
 * The session of the page's person. When it is over, the page asks for the password in place: what
 * is on the page stays, and what was waiting is sent.
 */

const TOKEN = "csrfmiddlewaretoken";
const JSON_ONLY = { Accept: "application/json" };

export class Session {
  #dialog;
  #form;
  /** Against forged requests; good for the page's person alone. */ token = "";
  /** @type {Promise<boolean> | null} */ #renewing = null;
  /** @type {(isIn: boolean) => void} */ #answer = () => {};

  /** @param {HTMLDialogElement} dialog with the form, and in its data whose page this is */
  constructor(dialog) {
    this.#dialog = dialog;
    this.#form = /** @type {HTMLFormElement} */ (dialog.querySelector("form"));
    this.token = /** @type {HTMLInputElement} */ (this.#form.elements.namedItem(TOKEN)).value;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#signIn();
    });
    dialog.querySelector("[data-later]")?.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      this.#password.value = "";
      this.#answer(dialog.returnValue === "in");
    });
    // What htmx asks for by itself must not take the page away; a dialog that stays empty says why.
    document.addEventListener("htmx:beforeOnLoad", (event) => {
      const { xhr } = /** @type {CustomEvent} */ (event).detail;
      if (!xhr.getResponseHeader("HX-Redirect")?.startsWith(this.#signinPath)) return;
      event.preventDefault();
      this.renew({ quietly: !(/** @type {HTMLElement} */ (event.target).closest("dialog")) });
    });
  }

  get #signinPath() {
    return this.#form.getAttribute("action") ?? "";
  }

  /** The number of the person whose page this is. */
  get person() {
    return this.#dialog.dataset.person ?? "";
  }

  /**
   * As fetch, with the token. If the session is over, the person is asked to sign in, and it is sent
   * once more.
   * @param {string} url
   * @param {RequestInit} [init]
   */
  async fetch(url, init = {}) {
    const answer = await fetch(url, this.#withToken(init));
    if (!this.isOver(answer) || !(await this.renew())) return answer;
    return fetch(url, this.#withToken(init));
  }

  /** @param {Response} answer */
  isOver(answer) {
    const isSignin = answer.redirected && new URL(answer.url).pathname === this.#signinPath;
    return isSignin || answer.status === 401 || answer.status === 403; // 403: the token is of an older session
  }

  /**
   * Whether the page's person is signed in, here or meanwhile in another tab; if not, asks for the password.
   * @param {{quietly?: boolean}} [how] quietly: does not ask
   * @returns {Promise<boolean>}
   */
  async renew({ quietly = false } = {}) {
    if (quietly) return (await this.#look()).isIn;
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  async #look() {
    try {
      const answer = await fetch(this.#form.action, { headers: JSON_ONLY });
      const { csrf, person } = await answer.json();
      const isIn = String(person?.id) === this.person;
      // Nothing of this page may be sent in the name of somebody else who has signed in meanwhile.
      if (isIn) this.#useToken(csrf);
      else /** @type {HTMLInputElement} */ (this.#form.elements.namedItem(TOKEN)).value = csrf;
      return { isIn, isThere: true, person };
    } catch {
      return { isIn: false, isThere: false, person: null };
    }
  }

  async #renew() {
    const now = await this.#look();
    if (now.isIn || !now.isThere) return now.isIn; // no connection: the one who asks will try again
    const { other = "" } = this.#dialog.dataset;
    this.#say(now.person ? [filled(other, { name: now.person.name })] : []);
    this.#dialog.returnValue = "";
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#password.focus();
    return new Promise((/** @type {(isIn: boolean) => void} */ resolve) => (this.#answer = resolve));
  }

  async #signIn() {
    const button = /** @type {HTMLButtonElement} */ (this.#form.querySelector("[type=submit]"));
    const body = new FormData(this.#form);
    this.#password.value = "";
    button.disabled = true;
    const told = await fetch(this.#form.action, { method: "POST", body, headers: JSON_ONLY })
      .then((answer) => answer.json())
      .catch(() => ({}));
    button.disabled = false;
    if (told.csrf) {
      this.#useToken(told.csrf);
      return this.#dialog.close("in");
    }
    // Refused without a word: somebody has signed in in another tab meanwhile, which makes the token another.
    if (!told.errors && (await this.#look()).isIn) return this.#dialog.close("in");
    this.#say(Object.values(told.errors ?? { "": [this.#dialog.dataset.offline] }).flat());
    this.#password.focus();
  }

  /** @param {string} token */
  #useToken(token) {
    this.token = token;
    for (const input of document.querySelectorAll(`[name=${TOKEN}]`)) {
      /** @type {HTMLInputElement} */ (input).value = token;
    }
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  }

  /** @param {RequestInit} init */
  #withToken(init) {
    const { body } = init;
    if (body instanceof FormData && body.has(TOKEN)) body.set(TOKEN, this.token); // it goes before the header
    return { ...init, headers: { ...init.headers, "X-CSRFToken": this.token } };
  }

  /** @param {string[]} texts */
  #say(texts) {
    const line = /** @type {HTMLElement} */ (this.#dialog.querySelector("[role=alert]"));
    line.textContent = texts.join(" ");
    line.hidden = texts.length === 0;
  }

  get #password() {
    return /** @type {HTMLInputElement} */ (this.#form.elements.namedItem("password"));
  }
}
