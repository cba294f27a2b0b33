// The program that draws answers, fetched once.
import { fetchProgram, fetchStyle } from "../storage/packer.js";

let program;

export async function load(version) {
    const styled = fetchStyle("answer");
    program = await fetchProgram("reader", version);
    await styled;
}

export const set_words = (words) => program.set_words(words);
export const draw = (container) => new program.Drawing(container);
export const plain = (text) => (program ? program.plain(text) : text);
