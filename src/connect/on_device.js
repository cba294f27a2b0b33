// The models that run in this browser, for the views: see `on-device/page/device.js`. The page asks that
// module for answers; it is the same instance because its URL is the same.
// @ts-check
/** @import { Model } from "../../on-device/page/model.js" */

/** @type {typeof import("../../on-device/page/device.js") | undefined} */
let device;
let known = "[]";
let lacks = false;

/**
 * Calls `told` now and whenever the models change, until the returned function is called. If the module can't
 * be loaded, it calls it once and `isMissing` holds.
 * @param {string} address Of the module, relative to the page.
 * @param {() => void} told
 */
export function watch(address, told) {
    let isOver = false;
    let end = () => {};
    /** @param {typeof import("../../on-device/page/device.js")} module */
    const begin = (module) => {
        device = module;
        if (isOver) return;
        const look = async () => {
            const models = await module.models();
            known = models;
            lacks = module.isMissing();
            if (!isOver) told();
        };
        end = module.watch(look);
        look();
    };
    import(new URL(address, document.baseURI).href).then(begin, (error) => {
        console.error(error);
        lacks = true;
        if (!isOver) told();
    });
    return () => {
        isOver = true;
        end();
    };
}

/** The known models, as JSON. */
export const models = () => known;

/** Returns whether the module is missing. */
export const isMissing = () => lacks;

/**
 * Returns, once the download has ended in any way, whether the model is here or loads in another tab.
 * @param {string} id
 */
export async function download(id) {
    if (!device) return false;
    await device.fetchWeights(id);
    /** @type {Model[]} */
    const models = JSON.parse(await device.models());
    return models.some((model) => model.id === id && ["ready", "elsewhere"].includes(model.state));
}
/** @param {string} id */
export const cancel = (id) => device?.cancel(id);
/** @param {string} id */
export const remove = (id) => device?.remove(id);
/**
 * Imports a file; returns the result as JSON.
 * @param {File} file
 */
export const add = async (file) =>
    device ? device.add(file) : JSON.stringify({ error: { code: "no_program" } });

/**
 * @param {number} number
 * @param {string} locale
 * @param {string} name Of the unit, as `Intl.NumberFormat` knows it.
 * @param {number} digits
 */
const unit = (number, locale, name, digits) =>
    number.toLocaleString(locale, { style: "unit", unit: name, maximumFractionDigits: digits });

/**
 * Formats a number of bytes, in units of 1,000,000.
 * @param {number} bytes
 * @param {string} locale
 */
export const megabytes = (bytes, locale) => unit(bytes / 1e6, locale, "megabyte", bytes < 1e7 ? 1 : 0);

/**
 * Formats a speed in bytes per second.
 * @param {number} bytes
 * @param {string} locale
 */
export const speed = (bytes, locale) =>
    unit(bytes / 1e6, locale, "megabyte-per-second", bytes < 1e7 ? 1 : 0);

/**
 * Formats a remaining time, in seconds or minutes.
 * @param {number} seconds
 * @param {string} locale
 */
export const time = (seconds, locale) =>
    seconds < 90
        ? unit(Math.ceil(seconds), locale, "second", 0)
        : unit(Math.ceil(seconds / 60), locale, "minute", 0);
