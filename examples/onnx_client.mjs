// Names what an image shows by an ONNX file, with onnxruntime alone: in a browser, or in Node with an image as PPM or PGM.
//
//   node onnx_client.mjs mine.onnx image.ppm
//
// An image is what a canvas gives: {data, width, height}, four bytes a pixel, turned as its EXIF says.

const number = (bytes, at) => {
  let value = 0, factor = 1;
  for (; ; factor *= 128) {
    const byte = bytes[at++];
    value += (byte & 127) * factor;
    if (byte < 128) return [value, at];
  }
};

// The fields of a message of protobuf: number and content of those that hold bytes.
function* fields(bytes) {
  for (let at = 0, tag, size; at < bytes.length; ) {
    [tag, at] = number(bytes, at);
    const kind = tag % 8;
    if (kind === 0) [, at] = number(bytes, at);
    else if (kind === 1) at += 8;
    else if (kind === 5) at += 4;
    else {
      [size, at] = number(bytes, at);
      yield [Math.floor(tag / 8), bytes.subarray(at, at + size)];
      at += size;
    }
  }
}

// What a file says of itself, by its keys: onnxruntime gives it to no JavaScript. 14 is `metadata_props` of a model.
export function metadata(file) {
  const text = (bytes) => new TextDecoder().decode(bytes), said = {};
  for (const [field, entry] of fields(file))
    if (field === 14) {
      const pair = Object.fromEntries(fields(entry));
      said[text(pair[1])] = text(pair[2] ?? new Uint8Array());
    }
  return said;
}

// Half to even.
function round(x) {
  const down = Math.floor(x), rest = x - down;
  return rest > 0.5 || (rest === 0.5 && down % 2) ? down + 1 : down;
}

// Which of `size` pixels each of `out` is made of, and by what parts of 2^22: a triangle as wide as the scale, as Pillow's.
function weights(size, out, start, end) {
  const scale = Math.fround(end - start) / out, width = Math.max(scale, 1);
  return Array.from({ length: out }, (_, i) => {
    const centre = start + (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - width + 0.5)), last = Math.min(size, Math.trunc(centre + width + 0.5));
    const parts = Array.from({ length: last - first }, (_, x) => Math.max(0, 1 - Math.abs((x + first - centre + 0.5) * (1 / width))));
    const sum = parts.reduce((a, b) => a + b, 0);
    return [first, parts.map((part) => Math.trunc(0.5 + (part / sum) * 2 ** 22))];
  });
}

const add = (parts, value) => Math.min(255, Math.max(0, Math.floor((parts.reduce((sum, part, i) => sum + part * value(i), 0) + 2 ** 21) / 2 ** 22)));

// The bytes (H, W, C) that the network sees of an image; `how` is `vggdsl.preprocessing`.
export function pixels({ data, width: w, height: h }, how) {
  const [c, H, W] = how.input_chw;
  const on_white = (value, alpha) => {
    const sum = value * alpha * 128 + 255 * (255 - alpha) * 128 + (128 << 7);
    return ((sum >> 8) + sum) >> 15;
  };
  const seen = (x, y, channel) => {
    const at = 4 * (y * w + x), [r, g, b] = [0, 1, 2].map((i) => on_white(data[at + i], data[at + 3]));
    return c === 3 ? [r, g, b][channel] : (19595 * r + 38470 * g + 7471 * b + 32768) >> 16;
  };
  const scale = Math.max(W / w, H / h, (how.shorter_side ?? 0) / Math.min(w, h));
  const wide = Math.max(W, round(w * scale)), high = Math.max(H, round(h * scale));
  const left = round((wide - W) / 2), top = round((high - H) / 2);
  const box = [left * (w / wide), top * (h / high), Math.min(w, (left + W) * (w / wide)), Math.min(h, (top + H) * (h / high))].map(Math.fround);
  const across = weights(w, W, box[0], box[2]), down = weights(h, H, box[1], box[3]);
  const rows = new Map(), out = new Uint8Array(H * W * c);
  const row = (y) => {
    if (!rows.has(y)) rows.set(y, across.flatMap(([first, parts]) => Array.from({ length: c }, (_, i) => add(parts, (x) => seen(first + x, y, i)))));
    return rows.get(y);
  };
  down.forEach(([first, parts], y) => {
    for (let i = 0; i < W * c; i++) out[y * W * c + i] = add(parts, (k) => row(first + k)[i]);
  });
  return out;
}

// The input of a session, of a file with that metadata.
export function prepare(ort, image, how) {
  const [c, H, W] = how.input_chw, seen = pixels(image, how);
  if (how.type === "uint8") return new ort.Tensor("uint8", seen, [1, H, W, c]);
  const values = new Float32Array(seen.length), { fround } = Math;
  seen.forEach((value, i) => {
    const channel = i % c, normal = fround(fround(value / how.scale) - fround(how.mean[channel])) / fround(how.std[channel]);
    values[channel * H * W + Math.floor(i / c)] = normal;
  });
  return new ort.Tensor("float32", values, [1, c, H, W]);
}

// [class, probability] of each class by its number; of a file that gives the likeliest alone, of those.
export async function probabilities(ort, session, image, how) {
  const given = await session.run({ [session.inputNames[0]]: prepare(ort, image, how) });
  const names = session.outputNames.join(), { data, dims } = given[session.outputNames.at(-1)], values = Array.from(data);
  if (names === "labels,probabilities") return values.map((value, i) => [Number(given.labels.data[i]), value]);
  if (!["logits", "probabilities"].includes(names) || values.length > dims[1]) throw new Error(`${names} are no probabilities of classes`);
  if (names === "probabilities") return values.map((value, i) => [i, value]);
  const most = Math.max(...values), powers = values.map((value) => Math.exp(value - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power, i) => [i, power / sum]);
}

// A PPM or PGM of eight bits.
export function read_pnm(bytes) {
  const head = /^P([56])\s+(\d+)\s+(\d+)\s+255\s/.exec(new TextDecoder("latin1").decode(bytes.subarray(0, 64)));
  if (!head) throw new Error("no PPM or PGM of eight bits");
  const width = +head[2], height = +head[3], channels = head[1] === "6" ? 3 : 1;
  const data = new Uint8Array(4 * width * height).fill(255);
  for (let i = 0; i < width * height; i++) for (let c = 0; c < 3; c++) data[4 * i + c] = bytes[head[0].length + i * channels + (c % channels)];
  return { data, width, height };
}

async function main(model, image) {
  const { readFile } = await import("node:fs/promises"), { createRequire } = await import("node:module");
  const require = createRequire(import.meta.url);
  let ort;
  try {
    ort = require("onnxruntime-node");
  } catch {
    ort = require("onnxruntime-web");
  }
  const file = await readFile(model), said = metadata(file);
  const session = await ort.InferenceSession.create(file), names = JSON.parse(said["vggdsl.classes"]);
  const values = await probabilities(ort, session, read_pnm(await readFile(image)), JSON.parse(said["vggdsl.preprocessing"]));
  console.log(JSON.stringify(values.map(([i, value]) => [names[i] ?? i, value]).sort((a, b) => b[1] - a[1])));
}

if (globalThis.process?.argv[1]?.endsWith("onnx_client.mjs")) await main(...process.argv.slice(2));
