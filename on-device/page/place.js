// Where the files of models are: their name in every store, and addresses.
// @ts-check

/** The name of the storage, of the locks and of the channel between tabs. */
export const NAME = "collate.models";

/**
 * This script is in a folder of the page whose name changes with its contents.
 * @param {string} path
 */
export const beside = (path) => new URL(path, new URL("../", import.meta.url));
