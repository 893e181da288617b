// What is wrong, with a button for each thing that mends it.

import { get, make, worded } from "./dom.js";
import { selected, show, write, written } from "./editor.js";

const FEW = matchMedia("(min-width: 60rem)").matches ? 3 : 1; // findings before the panels, until all are asked for
let places = [];
let isWhole = false;
let leftOut = 0;

export function list(answer, text) {
  const found = answer.findings.filter((finding) => !finding.is_said);
  if (answer.near) found.unshift(answer.near);
  const marks = found.flatMap((finding) => finding.marks.filter((mark) => mark.primary).slice(0, 1));
  places = [...new Map(marks.map((mark) => [mark.start, mark])).values()].sort((one, other) => one.start - other.start);
  get("findings-part").hidden = found.length === 0;
  replace(get("findings"), found.map((finding, i) => item(finding, text, i + 1)));
  get("more-findings").textContent = `${answer.left_out.toLocaleString("en")} more aren't listed.`;
  leftOut = answer.left_out;
  isWhole &&= found.length > FEW;
  fold();
  assumed(answer.findings.filter((finding) => finding.is_said), text);
}

// Shows the first findings or all, so that the panels below are within reach.
function fold() {
  const items = [...get("findings").children];
  const more = items.length - FEW;
  items.forEach((item, i) => (item.hidden = i >= FEW && !isWhole));
  get("all-findings").hidden = more <= 0;
  get("all-findings").setAttribute("aria-expanded", String(isWhole));
  get("all-findings").textContent = isWhole ? "Show fewer" : `Show ${more.toLocaleString("en")} more`;
  get("more-findings").hidden = !leftOut || !isWhole;
}

get("all-findings").addEventListener("click", () => {
  isWhole = !isWhole;
  fold();
});

// What was taken for granted in another notation: nothing is wrong with it, but a person may know better.
function assumed(found, text) {
  const [summary, items] = get("assumed").children;
  get("assumed").hidden = found.length === 0;
  summary.textContent = found.length === 1 ? "One thing was assumed or repaired" : `${found.length} things were assumed or repaired`;
  items.replaceChildren(...found.map((finding) => {
    const place = finding.marks.find((mark) => mark.primary);
    return make("li", {}, ...worded(finding.message), ...(place ? [" ", goTo(place, text)] : []));
  }));
}

// Of a finding that stays, what was opened stays open, and what had the focus keeps it.
function replace(list, items) {
  const before = new Map([...list.children].map((each) => [each.dataset.about, each]));
  const focused = document.activeElement;
  list.replaceChildren(...items);
  const nth = new Map();
  for (const each of items) {
    const about = each.dataset.about;
    nth.set(about, (nth.get(about) ?? 0) + 1);
    each.dataset.about = `${nth.get(about)} ${about}`;
    const was = before.get(each.dataset.about);
    if (!was) continue;
    each.querySelector("details").open = was.querySelector("details").open;
    const controls = (item) => [...item.querySelectorAll("pre, button, summary")];
    controls(each)[controls(was).indexOf(focused)]?.focus({ preventScroll: true });
  }
}

// Goes to the next place behind the cursor of which something is said.
export function goOn() {
  if (places.length === 0) return;
  const [start, end] = selected();
  const isBehind = (place) => place.start > start || (place.start === start && place.end !== end);
  const place = places.find(isBehind) ?? places[0];
  show(place.start, place.end);
}

function item(finding, text, number) {
  const place = finding.marks.find((mark) => mark.primary);
  const kind = finding.severity;
  const parts = [
    make("p", { class: "message" }, make("strong", {}, `${kind} ${finding.code}`), " ", ...worded(finding.message)),
  ];
  if (finding.excerpt) {
    const label = `The lines that finding ${number}, ${finding.code}, is about`;
    parts.push(make("pre", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, finding.excerpt));
  }
  if (finding.help) parts.push(make("p", { class: "help" }, make("strong", {}, "help"), " ", ...worded(finding.help)));
  const buttons = finding.edits.map((edit) => fixing(edit, text, place));
  if (place) buttons.push(goTo(place, text));
  if (buttons.length) parts.push(make("p", { class: "buttons" }, ...buttons));
  const about = make("details", {}, make("summary", {}, `What ${finding.code} means`));
  about.append(make("p", {}, ...worded(finding.meaning)), make("p", {}, ...worded(finding.mend)));
  return make("li", { class: `finding ${kind}`, "data-about": `${finding.code} ${finding.message}` }, ...parts, about);
}

function goTo(place, text) {
  const go = () => show(place.start, place.end);
  return make("button", { type: "button", class: "quiet", onclick: go }, `Go to line ${line(text, place.start)}`);
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
