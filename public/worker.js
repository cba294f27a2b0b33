// Starts one of the page's workers, whose program lies beside it.
import start from "./program.js";

// Where the program can't be had, the page is told so: null is no answer.
start().catch((error) => {
    console.error(error);
    postMessage(null);
});
