// Handles a trap in the page's program. The program can't be relied on any more, so this module
// keeps the drafts, reports the failure, and offers to reload the page.
// @ts-check

/** @typedef {{ typedIn?: string, drafts: Record<string, string> }} Rescued Drafts by card. */

const RESCUED = "collate.rescued";

let rescue = () => {};
let words = ["Collate has stopped", "Everything said so far is saved. Reload the page to go on.", "Reload"];
let isOver = false;

/**
 * Watches for a trap. `save` saves everything that is open, as far as that is still possible.
 * @param {() => void} save
 */
export function watch(save) {
    rescue = save;
    addEventListener("error", ({ error }) => isTrap(error) && fail());
    addEventListener("unhandledrejection", ({ reason }) => isTrap(reason) && fail());
}

/** Sets the title, text and button label, in the user's language. */
export const setWords = (/** @type {string[]} */ now) => (words = now);

/**
 * Returns whether an error is a trap or a stack overflow in the program; no other error ends it.
 * @param {any} error
 */
const isTrap = (error) =>
    error instanceof WebAssembly.RuntimeError ||
    (["RangeError", "InternalError"].includes(error?.name) && /wasm/.test(error.stack));

/** Reports that the program has ended. */
export function fail() {
    if (isOver) return;
    isOver = true;
    // Wait until the failed stack is gone.
    setTimeout(() => {
        keepDrafts();
        try {
            rescue();
        } catch (error) {
            // The operation that trapped can't be repeated; the drafts are kept.
            console.error(error);
        }
        tell();
    });
}

/** Stores the drafts by card, as the user sees them. */
function keepDrafts() {
    const card = (/** @type {Element} */ input) =>
        /** @type {Element} */ (input.closest(".card")).id.replace("card-", "");
    /** @type {NodeListOf<HTMLTextAreaElement>} */
    const found = document.querySelectorAll(".card .composer-box textarea");
    const inputs = Array.from(found);
    const drafts = Object.fromEntries(inputs.map((input) => [card(input), input.value]));
    const typedIn = inputs.filter((input) => input === document.activeElement).map(card)[0];
    try {
        sessionStorage.setItem(RESCUED, JSON.stringify({ typedIn, drafts }));
    } catch {
        // Without storage, a reload keeps nothing anyway.
    }
}

function tell() {
    const [title, text, reload] = words;
    const dialog = document.createElement("dialog");
    dialog.className = "dialog";
    dialog.setAttribute("role", "alertdialog");
    dialog.setAttribute("aria-label", title);
    // There is nothing behind the dialog to go back to.
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    /**
     * @param {Element} parent
     * @param {string} name
     * @param {string} text
     */
    const add = (parent, name, text, className = "") => {
        const element = parent.appendChild(document.createElement(name));
        element.textContent = text;
        element.className = className;
        return element;
    };
    add(dialog, "h2", title);
    add(dialog, "p", text);
    const button = add(add(dialog, "div", "", "dialog-buttons"), "button", reload, "button primary");
    button.addEventListener("click", () => location.reload());
    document.body.append(dialog);
    dialog.showModal();
}

/** @returns {Rescued} */
function rescued() {
    try {
        return JSON.parse(sessionStorage.getItem(RESCUED) ?? "null") ?? { drafts: {} };
    } catch {
        return { drafts: {} };
    }
}

/** The card that the user was typing in when the page failed. */
export const typedIn = () => rescued().typedIn;

/**
 * Returns a card's draft from when the page failed, once.
 * @param {string} card
 */
export function takeDraft(card) {
    const { drafts, ...rest } = rescued();
    const text = drafts[card];
    if (text !== undefined) {
        delete drafts[card];
        sessionStorage.setItem(RESCUED, JSON.stringify({ ...rest, drafts }));
    }
    return text;
}
