import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const ROOT = new URL("../../", import.meta.url);
const page = readFileSync(new URL("templates/images/_studio_words.html", ROOT), "utf8");
const words = new Set([...page.matchAll(/^ {2}"(\w+)": "/gm)].map(([, name]) => name));
const commands = new Set([...page.match(/"commands": \{([^]*?)\n {2}\}/)[1].matchAll(/"([\w-]+)": "/g)].map(([, name]) => name));
const hints = [...page.match(/"hints": \{([^]*?)\n {2}\}/)[1].matchAll(/"(\w+)": "/g)].map(([, name]) => name);

/** The scripts that read these words; others have their own on their elements. */
const READERS = ["studio", "mask-editor", "cursor-words", "markup", "markup-tools", "object-tool", "shape-tools", "edit-form", "more-options", "references"];
/** Named like a field of the form, not a word: `say("references", …)` says a problem there. */
const PLAIN = ["references"];
const READ = /(?<!\.dataset|\/)\b(?:words\.|say\(")(\w+)/g;

test("every word that the studio's scripts read is on its page", () => {
  const groups = ["commands", "hints"];
  for (const name of READERS) {
    const script = readFileSync(new URL(`static/editor/${name}.js`, ROOT), "utf8").replaceAll(/^import .*$/gm, "");
    const read = [...script.matchAll(READ)].map(([, word]) => word).filter((word) => !groups.includes(word));
    const isThere = (word) => words.has(word) || (name === "mask-editor" && commands.has(word));
    const missing = read.filter((word) => !isThere(word) && !PLAIN.includes(word));
    assert.deepEqual(missing, [], `${name}.js`);
  }
});

test("every word of the page is read, and every tool has its hint", () => {
  const scripts = READERS.concat("options", "palette", "draft", "upload-picture")
    .map((name) => readFileSync(new URL(`static/editor/${name}.js`, ROOT), "utf8")).join("\n");
  const unread = [...words].filter((word) => !word.startsWith("draft_") && !new RegExp(`\\b${word}\\b`).test(scripts));
  assert.deepEqual(unread, []);
  for (const tool of hints) assert.ok(commands.has(tool), tool);
});
