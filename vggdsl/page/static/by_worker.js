// Asks a Python in a worker of the browser.

export function connect(tell) {
  return new Promise((resolve, reject) => {
    const worker = new Worker("worker.js", { type: "module" });
    const waiting = new Map();
    let last = 0;
    const ask = (question) =>
      new Promise((answered, failed) => {
        waiting.set(++last, { answered, failed });
        worker.postMessage({ number: last, question: JSON.stringify(question) });
      });
    worker.onmessage = ({ data }) => {
      if ("told" in data) tell(data.told);
      if (data.is_ready) resolve(ask);
      if (!("number" in data)) return;
      const { answered, failed } = waiting.get(data.number);
      waiting.delete(data.number);
      if ("answer" in data) answered(JSON.parse(data.answer));
      else failed(new Error(data.failed));
    };
    worker.onerror = (event) => reject(new Error(event.message || "the worker can't be loaded"));
  });
}
