// Asks the Python that serves this page.

export async function connect(tell) {
  tell("");
  return async (question) => {
    const body = JSON.stringify(question);
    const headers = { "Content-Type": "application/json" };
    let reply;
    try {
      reply = await fetch("answer", { method: "POST", headers, body });
    } catch {
      throw new Error("The program that serves this page has ended: start `vggdsl page --serve` again.");
    }
    if (!reply.ok) throw new Error(await reply.text());
    return reply.json();
  };
}
