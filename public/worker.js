// Starts one of the page's workers, whose program lies beside it.
// @ts-check
import start from "./program.js";

// Tells the page that the program can't be loaded: null is not a result.
start().catch((error) => {
    console.error(error);
    postMessage(null);
});
