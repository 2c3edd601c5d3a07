// @ts-check
/**
 * What a model offers to somebody who has wishes: of each option the choices, and which of them holds. A wish
 * that the model does not know is kept for the next model.
 */

/** @typedef {{value: string, label: string}} Choice */
/**
 * @typedef {object} Model
 * @property {string} id
 * @property {string} name
 * @property {string} label the name, and what there is to know before choosing it
 * @property {string} note
 * @property {string} warning
 * @property {number} prompt_limit
 * @property {number} n_max
 * @property {number} references_max
 * @property {boolean} takes_markup whether a drawing can be sent by itself
 * @property {Choice[]} sizes
 * @property {string} default_size
 * @property {Choice[]} qualities
 * @property {string} default_quality
 * @property {Record<string, Choice[]>} options
 * @property {Record<string, string>} help by the option's name
 * @property {string[]} compressible file formats whose compression can be chosen
 * @property {Choice[]} previews
 * @property {string} default_previews
 * @property {string} previews_note
 */
/** @typedef {Record<string, string>} Wishes by the option's name */
/** @typedef {{choices: Choice[], value: string}} Offer */

/**
 * @param {Choice[]} choices
 * @param {string | undefined} wanted
 * @param {string} otherwise
 */
export function chosen(choices, wanted, otherwise) {
  return choices.some(({ value }) => value === wanted) ? String(wanted) : otherwise;
}

/**
 * @param {Model} model
 * @param {Wishes} wishes
 * @returns {Record<string, Offer>} of the model's options; where nothing is wished the first choice holds
 */
export function offersOf(model, wishes) {
  const entries = Object.entries(model.options).map(([name, choices]) => {
    const value = chosen(choices, wishes[name], choices[0].value);
    return [name, { choices, value }];
  });
  return Object.fromEntries(entries);
}

/**
 * @param {Model} model
 * @param {string | undefined} format
 */
export function isCompressible(model, format) {
  return model.compressible.includes(format ?? "");
}

/**
 * @param {Model} model
 * @param {Wishes} wishes
 * @returns {Offer}
 */
export function previewsOf(model, wishes) {
  const value = chosen(model.previews, wishes.partial_images, model.default_previews);
  return { choices: model.previews, value };
}

/**
 * How many of the options are not as the model would have them.
 * @param {Model} model
 * @param {Wishes} wishes
 */
export function countSet(model, wishes) {
  const offers = offersOf(model, wishes);
  const set = Object.values(offers).filter(({ choices, value }) => value !== choices[0].value).length;
  const isCompressed = isCompressible(model, offers.output_format?.value) && Boolean(wishes.output_compression);
  const hasPreviews = model.previews.length > 0 && previewsOf(model, wishes).value !== model.default_previews;
  return set + Number(isCompressed) + Number(hasPreviews);
}
