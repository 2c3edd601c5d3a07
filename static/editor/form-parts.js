// @ts-check
/** Small parts that the studio's forms are made of. */

/**
 * @param {string} text
 * @param {Record<string, string>} values for the words in braces
 */
export function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (word, name) => values[name] ?? word);
}

/**
 * @param {string} name
 * @param {{value: string, label: string}} choice
 * @param {boolean} checked
 */
export function radio(name, { value, label }, checked) {
  const input = Object.assign(document.createElement("input"), { type: "radio", name, value, checked });
  const element = document.createElement("label");
  element.append(input, label);
  return element;
}
