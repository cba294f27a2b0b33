// The worker that converts LaTeX to MathML. Messages: see crates/worker; Temml: see script/bootstrap.
// @ts-check
import temml from "./temml.mjs";
import { renderer } from "./render.js";

const render = renderer(temml);

addEventListener("message", ({ data: [latex, display] }) => postMessage(render(latex, display)));
postMessage("ready");
