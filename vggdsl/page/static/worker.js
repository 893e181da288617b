// Python in the browser, with the front end of vggdsl in it.

import { loadPyodide } from "./pyodide/pyodide.mjs";

const tell = (told) => postMessage({ told });

const START = `
import sys
sys.path.insert(0, "/vggdsl")
from vggdsl.page.engine import answer_json
`;
// What is needed later is loaded behind the first answer, when nobody waits: a mistake, and a table of another notation.
const LATER = ["input 32x32x3 conv3-64 maxpol FC-10 softmax", "| layer | output |\n| :-- | :-- |\n| conv3-64 | 32×32 |"];

let python = null;

async function start() {
  tell("Loading Python (15 MB, which the browser keeps). You can type meanwhile.");
  const archive = fetch("vggdsl.zip").then((reply) => {
    if (!reply.ok) throw new Error(`vggdsl.zip: ${reply.status}`);
    return reply.arrayBuffer();
  });
  python = await loadPyodide({ indexURL: new URL("./pyodide/", import.meta.url).href, packages: [] });
  tell("Unpacking vggdsl. You can type meanwhile.");
  python.unpackArchive(new Uint8Array(await archive), "zip", { extractDir: "/vggdsl" });
  tell("Starting vggdsl. You can type meanwhile.");
  python.runPython(START);
  const answer = python.globals.get("answer_json");
  answer(JSON.stringify({ text: "input 32x32x3 conv3-64 FC-10 softmax" }));
  return answer;
}

const starting = start();
starting.then(
  () => {
    tell("");
    postMessage({ is_ready: true });
  },
  (error) => postMessage({ ended: `Python can't be loaded: ${error.message}` }),
);

onmessage = async ({ data: question }) => {
  const answer = await starting;
  try {
    postMessage({ answer: answer(question) });
    for (const text of LATER.splice(0)) setTimeout(() => answer(JSON.stringify({ text })), 200);
  } catch (error) {
    const isAlive = error instanceof python.ffi.PythonError; // else Python itself has ended, and answers no more
    postMessage(isAlive ? { failed: error.message } : { ended: `Python has ended and is started anew: ${error.message ?? error}` });
  }
};
