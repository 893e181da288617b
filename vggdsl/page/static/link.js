// A text in the fragment of a link, which no browser sends to anybody.

const MOST = 300_000; // bytes that are unpacked: a link may be anybody's

export async function toFragment(text, network) {
  const bytes = new TextEncoder().encode(text);
  const packed = await through(bytes, "CompressionStream");
  const which = network ? `&n=${network}` : "";
  return `#${packed ? "z" : "t"}=${toBase64(packed ?? bytes)}${which}`;
}

// The text and the network of a fragment. Throws an `Error` that says why, where it carries none.
export async function fromFragment(fragment) {
  const found = new URLSearchParams(fragment.replace(/^#/, ""));
  const network = Number.parseInt(found.get("n") ?? "0", 10) || 0;
  const text = await unpacked(found.get("z"), found.get("t"));
  if (!text.trim()) throw new Error("it carries no text");
  return { text, network };
}

async function unpacked(packed, plain) {
  let bytes;
  try {
    bytes = packed === null ? fromBase64(plain ?? "") : await through(fromBase64(packed), "DecompressionStream");
    if (bytes !== null) return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw error instanceof TooLongError ? error : new Error("a part of it is missing, or was changed on its way");
  }
  throw new Error("this browser can't unpack it");
}

class TooLongError extends Error {}

async function through(bytes, stream) {
  if (!(stream in globalThis)) return null;
  const parts = new Blob([bytes]).stream().pipeThrough(new globalThis[stream]("deflate-raw")).getReader();
  const chunks = [];
  for (let size = 0, part = await parts.read(); !part.done; part = await parts.read()) {
    size += part.value.length;
    if (size > MOST) throw new TooLongError("its text is too long");
    chunks.push(part.value);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

function toBase64(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function fromBase64(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
}
