// What is wrong, with a button for each thing that mends it.

import { get, make, worded } from "./dom.js";
import { show, write, written } from "./editor.js";

let places = [];
let next = 0;

export function list(answer, text) {
  places = answer.findings.flatMap((finding) => finding.marks.filter((mark) => mark.primary).slice(0, 1));
  get("findings-part").hidden = answer.findings.length === 0;
  get("findings").replaceChildren(...answer.findings.map((finding) => item(finding, text)));
  get("more-findings").hidden = answer.left_out === 0;
  get("more-findings").textContent = `${answer.left_out.toLocaleString("en")} more`;
}

// Goes to the next place of which something is said.
export function goOn() {
  if (places.length === 0) return;
  const place = places[next % places.length];
  next = (next + 1) % places.length;
  show(place.start, place.end);
}

function item(finding, text) {
  const place = finding.marks.find((mark) => mark.primary);
  const kind = finding.severity;
  const parts = [
    make("p", { class: "message" }, make("strong", {}, `${kind} ${finding.code}`), " ", ...worded(finding.message)),
  ];
  if (finding.excerpt) {
    const label = `The lines that ${finding.code} is about`;
    parts.push(make("pre", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, finding.excerpt));
  }
  if (finding.help) parts.push(make("p", { class: "help" }, make("strong", {}, "help"), " ", ...worded(finding.help)));
  const buttons = finding.edits.map((edit) => fixing(edit, text, place));
  if (place) buttons.push(make("button", { type: "button", class: "quiet", onclick: () => show(place.start, place.end) }, `Go to line ${line(text, place.start)}`));
  if (buttons.length) parts.push(make("p", { class: "buttons" }, ...buttons));
  const about = make("details", {}, make("summary", {}, `What ${finding.code} means`));
  about.append(make("p", {}, ...worded(finding.meaning)), make("p", {}, ...worded(finding.mend)));
  return make("li", { class: `finding ${kind}` }, ...parts, about);
}

function fixing(edit, text, place) {
  const was = shortened(text.slice(edit.start, edit.end));
  const becomes = shortened(edit.text);
  const code = (word) => make("code", {}, word);
  const at = place && line(text, edit.start) !== line(text, place.start) ? ` on line ${line(text, edit.start)}` : "";
  const label = becomes && was ? ["Write ", code(becomes), " for ", code(was), at] : becomes ? ["Add ", code(becomes), at] : ["Remove ", code(was), at];
  const apply = () => {
    if (written() === text) write(edit.text, edit.start, edit.end); // else it is of another text
  };
  return make("button", { type: "button", class: "fix", onclick: apply }, ...label);
}

function line(text, offset) {
  return text.slice(0, offset).split("\n").length;
}

function shortened(text) {
  const words = text.trim().split(/\s+/).join(" ");
  return words.length > 50 ? `${words.slice(0, 49)}…` : words;
}
