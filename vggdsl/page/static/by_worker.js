// Asks a Python in a worker of the browser, and starts it anew where that gives no answer any more.

const PATIENCE = 20; // seconds for an answer
const SLOW = `No answer came within ${PATIENCE} seconds, so Python is started anew. Your text is as it was: change it, or look at another panel.`;

class Ended extends Error {}

export async function connect(tell) {
  let python = started(tell);
  await python;
  return async (question) => {
    try {
      const ask = await python;
      return await ask(question);
    } catch (error) {
      if (error instanceof Ended) {
        python = started(() => {});
        python.catch(() => {}); // told to who asks next
      }
      throw error;
    }
  };
}

// What asks a new worker, one question at a time.
function started(tell) {
  return new Promise((resolve, reject) => {
    const worker = new Worker("worker.js", { type: "module" });
    let waiting = { done: resolve, failed: reject };
    let timer = 0;
    const ask = (question) =>
      new Promise((done, failed) => {
        waiting = { done, failed };
        timer = setTimeout(end, 1000 * PATIENCE, SLOW);
        worker.postMessage(JSON.stringify(question));
      });
    function end(why) {
      clearTimeout(timer);
      worker.terminate();
      waiting.failed(new Ended(why));
    }
    worker.onmessage = ({ data }) => {
      if ("told" in data) tell(data.told);
      else if ("ended" in data) end(data.ended);
      else if ("is_ready" in data) waiting.done(ask);
      else {
        clearTimeout(timer);
        if ("answer" in data) waiting.done(JSON.parse(data.answer));
        else waiting.failed(new Error(data.failed));
      }
    };
    worker.onerror = (event) => end(event.message || "The worker with Python can't be loaded.");
  });
}
