// What happens when the page's program traps: nothing of it can be relied on any more, so this module
// keeps what is typed, says what has happened, and offers to load the page again.
const RESCUED = "collate.rescued";

let rescue = () => {};
let words = ["Collate has stopped", "Everything said so far is saved. Reload the page to go on.", "Reload"];
let isOver = false;

// Is given what saves everything that is open, as far as that can still be done.
export function watch(save) {
    rescue = save;
    addEventListener("error", ({ error }) => isTrap(error) && fail());
    addEventListener("unhandledrejection", ({ reason }) => isTrap(reason) && fail());
}

// A title, what it means, and what its button is called, in the reader's language.
export const setWords = (now) => (words = now);

// A trap, or a stack that has run over in the program; any other error is no end of it.
const isTrap = (error) =>
    error instanceof WebAssembly.RuntimeError || (["RangeError", "InternalError"].includes(error?.name) && /wasm/.test(error.stack));

// The program has come to an end.
export function fail() {
    if (isOver) return;
    isOver = true;
    // Not before the stack of what has failed is gone.
    setTimeout(() => {
        keepDrafts();
        try {
            rescue();
        } catch (error) {
            // What it was doing when it trapped can't be done again; the drafts are kept.
            console.error(error);
        }
        tell();
    });
}

// What is typed in the cards, as the reader sees it, by card.
function keepDrafts() {
    const card = (input) => input.closest(".card").id.replace("card-", "");
    const inputs = Array.from(document.querySelectorAll(".card .composer-box textarea"));
    const drafts = Object.fromEntries(inputs.map((input) => [card(input), input.value]));
    const typedIn = inputs.filter((input) => input === document.activeElement).map(card)[0];
    try {
        sessionStorage.setItem(RESCUED, JSON.stringify({ typedIn, drafts }));
    } catch {
        // Where there is no storage, a reload keeps nothing anyway.
    }
}

function tell() {
    const [title, text, reload] = words;
    const dialog = document.createElement("dialog");
    dialog.className = "dialog";
    dialog.setAttribute("role", "alertdialog");
    dialog.setAttribute("aria-label", title);
    // There is nothing behind it to go back to.
    dialog.addEventListener("cancel", (event) => event.preventDefault());
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

function rescued() {
    try {
        return JSON.parse(sessionStorage.getItem(RESCUED)) ?? { drafts: {} };
    } catch {
        return { drafts: {} };
    }
}

// The card that was typed in when the page failed.
export const typedIn = () => rescued().typedIn;

// What was typed in a card when the page failed, once.
export function takeDraft(card) {
    const { drafts, ...rest } = rescued();
    const text = drafts[card];
    if (text !== undefined) {
        delete drafts[card];
        sessionStorage.setItem(RESCUED, JSON.stringify({ ...rest, drafts }));
    }
    return text;
}
