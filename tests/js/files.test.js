// Files, and what the browser stores: src/ui/files.js and src/storage/quota.js.
// @ts-check
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { apart, content, download, persist, persisted } from "../../src/ui/files.js";
import { sizes } from "../../src/storage/quota.js";
import { define } from "./support.js";

mock.timers.enable({ apis: ["setTimeout"] });

test("A text is downloaded as a file, whose address lasts for a minute", async () => {
    /** @type {object[]} */
    const page = [];
    /** @type {unknown[]} */
    const clicked = [];
    const link = {
        href: "",
        download: "",
        click: () => clicked.push([link.href, link.download, page.includes(link)]),
        remove: () => page.splice(page.indexOf(link), 1),
    };
    define("document", {
        createElement: () => link,
        body: { append: (/** @type {object} */ element) => page.push(element) },
    });
    const made = mock.method(URL, "createObjectURL", () => "blob:it");
    const revoked = mock.method(URL, "revokeObjectURL", () => {});
    download("chat.md", "text/markdown", "한국");
    assert.deepEqual([clicked, page], [[["blob:it", "chat.md", true]], []]);
    const [blob] = made.mock.calls[0].arguments;
    assert.deepEqual([blob.type, await blob.text()], ["text/markdown", "한국"]);
    mock.timers.tick(59_999);
    assert.equal(revoked.mock.calls.length, 0);
    mock.timers.tick(1);
    assert.deepEqual(revoked.mock.calls[0].arguments, ["blob:it"]);
});

test("A browser that says nothing of its storage keeps nothing for certain", async () => {
    const works = {
        estimate: async () => ({ usage: 7, quota: 9 }),
        persisted: async () => true,
        persist: async () => true,
    };
    /** @type {[object, [number | undefined, boolean, boolean]][]} */
    const table = [
        [{}, [undefined, false, false]],
        [{ storage: {} }, [undefined, false, false]],
        [{ storage: { ...works, estimate: async () => ({}) } }, [undefined, true, true]],
        [{ storage: works }, [7, true, true]],
    ];
    for (const [navigator, expected] of table) {
        define("navigator", navigator);
        assert.deepEqual([await apart(), await persisted(), await persist()], expected);
    }
});

test("The content of an attachment is a picture or a text, and a damaged picture is an error", async () => {
    /** @type {[string, string, string][]} */
    const table = [
        ["data:image/png;base64,aGk=", "image/png", "hi"],
        ["data:;base64,aGk=", "", "hi"],
        ["data:text/plain,aGk=", "text/plain", "data:text/plain,aGk="],
        ["see data:image/png;base64,aGk=", "text/plain", "see data:image/png;base64,aGk="],
        ["", "text/plain", ""],
    ];
    for (const [text, type, expected] of table) {
        const blob = content(text);
        assert.deepEqual([blob.type, await blob.text()], [type, expected], text);
    }
    assert.throws(() => content("data:image/png;base64,?"));
});

test("Keys and values of localStorage are measured in UTF-16 units, without storage none are", () => {
    define("localStorage", { "collate.a": "한국😀", b: "" });
    assert.deepEqual(sizes(), [["collate.a", 13], ["b", 1]]);
    Object.defineProperty(globalThis, "localStorage", {
        get() {
            throw new DOMException("", "SecurityError");
        },
    });
    assert.deepEqual(sizes(), []);
});
