// Requests with their timeouts and records: src/openai/exchange.js.
// @ts-check
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { Exchange, exchanges, secondsOf } from "../../src/openai/exchange.js";

const NOW = Date.parse("2026-01-01T00:00:00Z");
mock.timers.enable({ apis: ["setTimeout", "Date"], now: NOW });
beforeEach(() => mock.timers.setTime(NOW));

const MIB = 2 ** 20;
const encoded = (/** @type {string} */ text) => new TextEncoder().encode(text);
const exchange = (name = "", body = "", secret = "") =>
    new Exchange(name, "https://api.test/v1/chat/completions", "Accept: */*", body, secret);
const records = (/** @type {string} */ name) => exchanges(name).map((text) => JSON.parse(text));

test("Retry-After is a number of seconds or a date", () => {
    /** @type {[string, number][]} */
    const table = [
        ["5", 5],
        [" 7 ", 7],
        ["1.2", 2],
        ["0", 0],
        ["-3", 0],
        ["", 0],
        ["soon", 0],
        ["1e99", 2 ** 31],
        ["Infinity", 2 ** 31],
        ["Thu, 01 Jan 2026 00:01:30 GMT", 90],
        ["Wed, 31 Dec 2025 23:59:59 GMT", 0],
    ];
    for (const [header, seconds] of table) assert.equal(secondsOf(header), seconds, header);
});

test("A timeout aborts the request, unless another one or the end comes before", () => {
    const late = exchange();
    late.wait(1, 2);
    mock.timers.tick(1999);
    assert.equal(late.signal.aborted, false);
    mock.timers.tick(1);
    assert.equal(late.signal.aborted, true);
    assert.equal(late.signal.reason.name, "AbortError");
    assert.equal(late.over, 1);

    const renewed = exchange();
    renewed.wait(1, 2);
    mock.timers.tick(1500);
    renewed.wait(2, 3);
    mock.timers.tick(2999);
    assert.equal(renewed.over, undefined);
    mock.timers.tick(1);
    assert.equal(renewed.over, 2);

    const endless = exchange();
    endless.wait(1, 2);
    endless.wait(2, 0);
    mock.timers.tick(1e6);
    assert.equal(endless.signal.aborted, false);

    const ended = exchange();
    ended.wait(1, 2);
    ended.end();
    mock.timers.tick(1e6);
    assert.equal(ended.signal.aborted, true);
    assert.equal(ended.over, undefined);
});

test("All attempts of one name are recorded, with their times", () => {
    const first = exchange("two", "first");
    first.responded(429, "application/json");
    first.end();
    mock.timers.tick(1000);
    const second = exchange("two", "second");
    second.responded(200, "text/event-stream");
    // A character that came in two pieces.
    const bytes = encoded("한국");
    second.received(bytes.subarray(0, 4));
    mock.timers.tick(500);
    second.received(bytes.subarray(4));
    second.end();
    mock.timers.tick(500);
    second.end();
    const [one, two] = records("two");
    assert.deepEqual([one.body, one.status, one.response, one.ended], ["first", 429, "", NOW]);
    assert.deepEqual([two.body, two.status, two.response, two.length], ["second", 200, "한국", 6]);
    const times = [two.at, two.responded, two.last, two.ended].map((time) => time - NOW);
    assert.deepEqual(times, [1000, 1000, 1500, 1500]);
    exchange("").received(encoded("nothing"));
    assert.deepEqual(exchanges(""), []);
    assert.deepEqual(exchanges("nobody"), []);
});

test("A token that the server repeats is masked, and never recorded", () => {
    /** @type {[string, string[], string][]} */
    const table = [
        ["sk-12345", ["your key sk-12345 and sk-12345"], "your key … and …"],
        ["sk-12345", ["your key sk-1", "2345 again"], "your key … again"],
        ["", ["no key"], "no key"],
    ];
    for (const [at, [secret, pieces, expected]] of table.entries()) {
        const masked = exchange(`masked ${at}`, "", secret);
        for (const piece of pieces) masked.received(encoded(piece));
        const [record] = records(`masked ${at}`);
        assert.equal(record.response, expected);
        assert.equal(record.isCut, false);
        assert.equal("secret" in record, false);
    }
});

test("A token is masked where the record is cut within it, and no character is halved", () => {
    const secret = "sk-12345678";
    for (let shown = 1; shown <= secret.length; shown += 1) {
        const cut = exchange(`cut ${shown}`, "", secret);
        cut.received(encoded(`${"-".repeat(MIB - shown)}${secret} and more`));
        const [{ response, isCut }] = records(`cut ${shown}`);
        assert.equal(isCut, true);
        assert.equal(response, `${"-".repeat(MIB - shown)}…`);
    }
    const halved = exchange("halved", `${"a".repeat(MIB - 1)}😀`);
    halved.received(encoded(`${"b".repeat(MIB - 2)}한`));
    const [{ body, response }] = records("halved");
    assert.equal(body, "a".repeat(MIB - 1));
    assert.equal(response, "b".repeat(MIB - 2));
});

test("A long request and a long response are recorded up to their limits", () => {
    const long = exchange("long", "x".repeat(MIB + 5));
    for (let pieces = 0; pieces < 3; pieces += 1) long.received(new Uint8Array(MIB / 2 + 1).fill(97));
    const [record] = records("long");
    assert.deepEqual([record.body.length, record.cut], [MIB, 5]);
    assert.deepEqual([record.response.length, record.length], [MIB, 1.5 * MIB + 3]);
});

test("A response is cut only above its limit", () => {
    for (const [length, isCut] of [[MIB - 1, false], [MIB, false], [MIB + 1, true]]) {
        exchange(`${length}`).received(new Uint8Array(Number(length)));
        assert.equal(records(`${length}`)[0].isCut, isCut);
    }
});

test("The oldest records go when all together are too large, and the newest stays", () => {
    exchange("before", "before");
    const bytes = new Uint8Array(MIB);
    const open = exchange("0");
    for (let number = 0; number < 30; number += 1) exchange(`${number}`).received(bytes);
    const all = Array.from({ length: 30 }, (_, number) => number);
    const left = () => all.filter((number) => exchanges(`${number}`).length > 0);
    assert.deepEqual(exchanges("before"), []);
    assert.deepEqual(left(), all.slice(6));
    // A record that was dropped while its request is open takes no more room.
    open.received(bytes);
    assert.deepEqual(left(), all.slice(6));
});
