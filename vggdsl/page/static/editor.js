// The text with line numbers, and its findings underlined. What is edited is a plain textarea; behind it lies the same
// text, invisible, with the marks.

import { get, make } from "./dom.js";

const text = get("text");
const numbers = get("numbers");
const marks = get("marks");
const LEVELS = ["", "related", "warning", "error"];

export const written = () => text.value;
export const selected = () => [text.selectionStart, text.selectionEnd];

export function cursorLine() {
  let line = 1;
  for (let at = text.value.indexOf("\n"); at !== -1 && at < text.selectionStart; at = text.value.indexOf("\n", at + 1)) {
    line += 1;
  }
  return line;
}

// Puts a text in the place of some characters, so that it can be undone as if it were typed.
export function write(content, start, end) {
  text.focus({ preventScroll: true });
  text.setSelectionRange(start, end);
  const command = content === "" ? "delete" : "insertText";
  if (start === end && content === "") return;
  if (!document.execCommand(command, false, content)) {
    text.setRangeText(content, start, end, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

let before = "";

// Puts another text in the place of all. To make it undone by a key takes browsers half a minute for a thousand lines:
// a button leads back.
export function replace(content) {
  before = text.value;
  get("back").hidden = !before.trim();
  text.setRangeText(content, 0, before.length, "start");
  text.focus({ preventScroll: true });
  text.setSelectionRange(0, 0);
  text.scrollTop = 0;
  text.dispatchEvent(new Event("input", { bubbles: true }));
}

get("back").addEventListener("click", () => replace(before));

export function show(start, end) {
  text.focus({ preventScroll: true });
  text.setSelectionRange(start, end);
  const line = text.value.slice(0, start).split("\n").length - 1;
  const height = Number.parseFloat(getComputedStyle(text).lineHeight);
  text.scrollTop = Math.max(0, line * height - text.clientHeight / 2);
  text.scrollIntoView({ block: "nearest" });
}

// Underlines what findings say of the text.
export function mark(findings) {
  const content = text.value;
  const levels = new Uint8Array(content.length + 1);
  for (const finding of findings) {
    for (const place of finding.marks) {
      const level = place.primary && !finding.is_said ? LEVELS.indexOf(finding.severity) : 1;
      for (let i = place.start; i < Math.max(place.end, place.start + 1); i += 1) levels[i] = Math.max(levels[i], level);
    }
  }
  const parts = [];
  const lines = new Map();
  let line = 1;
  for (let start = 0; start < levels.length; ) {
    let end = start + 1;
    while (end < levels.length && levels[end] === levels[start]) end += 1;
    const piece = content.slice(start, end);
    const level = levels[start];
    if (!level) parts.push(piece);
    else if (piece.trim()) parts.push(make("mark", { class: LEVELS[level] }, piece));
    else parts.push(make("mark", { class: LEVELS[level] }, " "), piece.replace(/^ /, "")); // where nothing stands
    if (level > 1) lines.set(line, Math.max(level, lines.get(line) ?? 0));
    line += piece.split("\n").length - 1;
    start = end;
  }
  marks.replaceChildren(...parts, "\n");
  number(line, lines);
}

function number(count, lines) {
  const parts = [];
  let plain = "";
  for (let line = 1; line <= count; line += 1) {
    if (lines.has(line)) {
      parts.push(plain, make("span", { class: LEVELS[lines.get(line)] }, String(line)));
      plain = "\n";
    } else plain += `${line}\n`;
  }
  numbers.replaceChildren(...parts, plain);
}

function follow() {
  marks.style.transform = `translate(${-text.scrollLeft}px, ${-text.scrollTop}px)`;
  numbers.style.transform = `translateY(${-text.scrollTop}px)`;
}

text.addEventListener("scroll", follow);
new ResizeObserver(follow).observe(text);
