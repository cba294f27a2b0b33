// The program that draws answers, fetched once.
import { fetchProgram } from "../storage/packer.js";

let program;

export const load = async (version) => (program = await fetchProgram("reader", version));

export const set_words = (words) => program.set_words(words);
export const draw = (container) => new program.Drawing(container);
export const plain = (text) => (program ? program.plain(text) : text);
