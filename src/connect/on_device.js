// The models that run in this browser, as the panel shows them: see `on-device/page/device.js`. The page
// asks that module for answers; it is one and the same, for its address is.

let device;
let known = "[]";
let lacks = false;

// Tells what there is now and whenever that changes, until what it returns is called. Where the module
// can't be had, it is told once that it is missing.
export function watch(address, told) {
    let isOver = false;
    let end = () => {};
    const look = async () => {
        const models = await device.models();
        known = models;
        lacks = device.isMissing();
        if (!isOver) told();
    };
    import(new URL(address, document.baseURI)).then(
        (module) => {
            device = module;
            if (isOver) return;
            end = device.watch(look);
            look();
        },
        (error) => {
            console.error(error);
            lacks = true;
            if (!isOver) told();
        },
    );
    return () => {
        isOver = true;
        end();
    };
}

// What is known of them, as JSON.
export const models = () => known;

// Whether the module can't be had.
export const isMissing = () => lacks;

// Tells, once the download has ended in whichever way, whether the model is there or comes in another tab.
export async function download(id) {
    await device.fetchWeights(id);
    const models = JSON.parse(await device.models());
    return models.some((model) => model.id === id && ["ready", "elsewhere"].includes(model.state));
}
export const cancel = (id) => device?.cancel(id);
export const remove = (id) => device?.remove(id);
// Takes over a file; tells what came of it, as JSON.
export const add = async (file) => (device ? device.add(file) : JSON.stringify({ error: { code: "no_program" } }));

const unit = (number, locale, name, digits) =>
    number.toLocaleString(locale, { style: "unit", unit: name, maximumFractionDigits: digits });

// A number of bytes, as readers write it: in units of 1,000,000.
export const megabytes = (bytes, locale) => unit(bytes / 1e6, locale, "megabyte", bytes < 1e7 ? 1 : 0);

export const speed = (bytes, locale) => unit(bytes / 1e6, locale, "megabyte-per-second", bytes < 1e7 ? 1 : 0);

// A time that is left, in seconds or minutes.
export const time = (seconds, locale) =>
    seconds < 90
        ? unit(Math.ceil(seconds), locale, "second", 0)
        : unit(Math.ceil(seconds / 60), locale, "minute", 0);
