// @ts-check
/** Sends one file to the page's upload address. */

/** @typedef {{url: string, session: import("./sign-in-again.js").Session, mostBytes: number}} Target */
/** @typedef {{picture?: import("./reference-list.js").Picture, error?: string}} Answer */

/**
 * @param {File} file
 * @param {Target} target
 * @param {Record<string, string>} words
 * @returns {Promise<Answer>} the stored picture, or why it was not taken
 */
export async function uploaded(file, { url, session, mostBytes }, words) {
  if (file.size > mostBytes) return { error: words.uploadTooLarge };
  const body = new FormData();
  body.set("files", file, file.name || words.pasted);
  const headers = { Accept: "application/json" };
  let answer;
  try {
    answer = await session.fetch(url, { method: "POST", body, headers });
  } catch {
    return { error: words.uploadFailed };
  }
  if (answer.redirected || answer.status === 401) return { error: words.signedOut };
  const told = await answer.json().catch(() => ({}));
  if (answer.status === 201) return { picture: told };
  return { error: told.error ?? words.uploadFailed };
}
