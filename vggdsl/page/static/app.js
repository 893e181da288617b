// What is typed is asked about, and the answer shown: findings, totals and the open panel.

import { copied, get, make, say, worded } from "./dom.js";
import { cursorLine, mark, replace, written } from "./editor.js";
import { goOn, list } from "./findings.js";
import { fromFragment, toFragment } from "./link.js";
import { PARTS } from "./parts.js";

const PAUSE = 120; // milliseconds without a key, after which it is asked
const PATIENCE = 300; // milliseconds in which what was said of the text before stays as it is
const MOST = 100_000; // characters that are sent: of more than it reads the engine says so
const FIRST = `input 224x224x3
conv3-64 conv3-64 maxpool
conv3-128 conv3-128 maxpool
conv3-256 conv3-256 conv3-256 maxpool
conv3-512 conv3-512 conv3-512 maxpool
conv3-512 conv3-512 conv3-512 maxpool
FC-4096 FC-4096 FC-1000 softmax
claim params 138M "Table 2"
`;

const wishes = { network: 0, part: "layers", style: "volumes", every: false, line: 1 };
let ask = null;
let wanted = null; // what is to be asked next
let current = null; // what the text that stands there was last asked of: no other answer is shown
let isAsking = false;
let timer = 0;
let waiting = 0;

// -- asking: one question at a time; what came after it makes its answer stale

function question() {
  const { network, part, style, every, line } = wishes;
  return { text: written().slice(0, MOST), network, show: [part], style, every, line };
}

function soon() {
  wait();
  clearTimeout(timer);
  timer = setTimeout(now, PAUSE);
}

async function now() {
  clearTimeout(timer);
  if (!written().trim()) return invite();
  wait();
  current = wanted = question();
  if (isAsking || ask === null) return;
  isAsking = true;
  while (wanted !== null) {
    const asked = wanted;
    wanted = null;
    try {
      const answer = await ask(asked);
      if (asked === current) show(answer, asked);
    } catch (error) {
      if (asked === current) trouble(error);
    }
    remember(asked);
  }
  isAsking = false;
  document.body.dataset.answered = String(Number(document.body.dataset.answered ?? 0) + 1);
}

function again(changed) {
  Object.assign(wishes, changed);
  now();
}

function trouble(error) {
  stands("none");
  get("engine").hidden = false;
  get("engine").replaceChildren(...worded(error.message));
}

// -- what stands beside the text: said of this one, of the one before, or nothing

function stands(of, told = "") {
  clearTimeout(waiting);
  waiting = 0;
  get("seen").dataset.of = of;
  get("seen").setAttribute("aria-busy", "false");
  if (of === "this") return;
  say(get("verdict"), told);
  get("verdict").className = "";
}

function wait() {
  get("seen").setAttribute("aria-busy", "true");
  waiting ||= setTimeout(() => {
    stands(get("seen").dataset.of === "none" ? "none" : "before", ask === null ? "" : "Reading …");
    get("seen").setAttribute("aria-busy", "true");
  }, PATIENCE);
}

function nothing(told) {
  clearTimeout(timer);
  current = wanted = null;
  stands("none", told);
  forget();
  list({ findings: [], near: null, left_out: 0 }, "");
}

function invite() {
  nothing("Type or paste a network, or choose an example.");
  if (get("notice").hidden) history.replaceState(null, "", location.pathname);
}

// -- showing

function show(answer, asked) {
  get("engine").hidden = true;
  stands("this");
  if (asked.text === written()) mark(answer.findings);
  list(answer, asked.text);
  total(answer);
  const { part } = wishes;
  const focused = document.activeElement?.id;
  const content = PARTS[part](answer, wishes, again);
  if (content) {
    forget();
    get(part).replaceChildren(make("div", { class: "content" }, ...content));
  } else if (answer.refused || answer.blocks !== null) {
    get(part).replaceChildren(make("p", { class: "aside prewrapped" }, answer.refused ?? "A file of blocks holds no network."));
  } else keep(get(part));
  if (focused && focused !== document.activeElement?.id) get(focused)?.focus();
}

// Of a text with errors what its panel showed before stays, as such: a word that is half typed is one.
function keep(panel) {
  const content = panel.querySelector(".content");
  const told = content ? "This is of the text before. It is shown anew once the errors are mended." : "It is shown once the errors are mended.";
  if (content) content.inert = true;
  panel.replaceChildren(make("p", { class: "aside" }, told), ...(content ? [content] : []));
}

// Of another text nothing stays.
function forget() {
  for (const tab of tabs) get(tab.getAttribute("aria-controls")).replaceChildren();
}

function total(answer) {
  const chosen = answer.networks[answer.network];
  say(get("verdict"), verdict(answer, chosen));
  get("verdict").className = chosen.errors ? "wrong" : "right";
  get("recognised").hidden = !answer.recognised;
  say(get("recognised"), answer.recognised ? `Read as ${answer.recognised}.` : "");
  choice(answer);
  get("size").hidden = chosen.size === null;
  if (chosen.size === null) return;
  const { params, macs, layers, input, output } = chosen.size;
  const facts = [["parameters", params], ["multiply-adds", macs], ["weight layers", layers], ["in → out", `${input} → ${output}`]];
  get("size").replaceChildren(...facts.map(([what, value]) => make("div", {}, make("dt", {}, what), make("dd", {}, value))));
}

function verdict(answer, { errors, space, holds, disputed, refuted }) {
  const count = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;
  if (answer.blocks !== null && !errors) return `A file of ${count(answer.blocks, "block")}: no network.`;
  if (space && !errors) return `✓ A space of ${space}`;
  const told = [];
  if (errors > refuted) told.push(count(errors - refuted, "error"));
  if (refuted) told.push(`${count(refuted, "printed figure")} ${refuted === 1 ? "doesn't" : "don't"} hold`);
  if (holds) told.push(refuted ? `${holds} hold${holds === 1 ? "s" : ""}` : `${count(holds, "printed figure")} hold${holds === 1 ? "s" : ""}`);
  if (disputed) told.push(`${disputed} disputed`);
  return `${errors ? "✗" : "✓"} ${told.join(", ") || "No errors"}`;
}

function choice(answer) {
  get("choice").hidden = answer.networks.length < 2;
  const names = answer.networks.map(({ name, errors }, i) => `${name || i + 1}${errors ? ` (${errors} ✗)` : ""}`);
  const box = get("network");
  if (names.join("\n") !== [...box.options].map((each) => each.text).join("\n")) {
    box.replaceChildren(...names.map((name, i) => make("option", { value: i }, name)));
  }
  box.value = String(answer.network);
}

async function remember({ text, network }) {
  const fragment = await toFragment(text, network);
  if (text === written() && fragment.length < 20_000) history.replaceState(null, "", fragment);
}

// -- panels

const tabs = [...get("tabs").children];

function open(tab, isFocused) {
  wishes.part = tab.getAttribute("aria-controls");
  for (const each of tabs) {
    const isOpen = each === tab;
    each.setAttribute("aria-selected", String(isOpen));
    each.tabIndex = isOpen ? 0 : -1;
    get(each.getAttribute("aria-controls")).hidden = !isOpen;
  }
  if (isFocused) tab.focus();
  now();
}

get("tabs").addEventListener("click", ({ target }) => tabs.includes(target) && open(target, true));
get("tabs").addEventListener("keydown", (event) => {
  const at = tabs.indexOf(event.target);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
  if (at === -1 || to === undefined) return;
  event.preventDefault();
  open(tabs.at(to % tabs.length), true);
});

// -- typing, choosing, linking

get("text").addEventListener("input", () => {
  current = null;
  notice("");
  mark([]);
  moved();
  soon();
});
document.addEventListener("selectionchange", () => document.activeElement === get("text") && moved());
for (const event of ["keyup", "click"]) get("text").addEventListener(event, moved); // where that tells of no textarea

function moved() {
  const line = cursorLine();
  if (line === wishes.line && get("cursor").textContent) return;
  wishes.line = line;
  get("cursor").textContent = `line ${line}`;
  if (wishes.part === "explained") soon();
}

get("network").addEventListener("change", (event) => again({ network: Number(event.target.value) }));
document.addEventListener("keydown", (event) => {
  if (event.key === "F8") {
    event.preventDefault();
    goOn();
  } else if (event.key === "Escape" && event.target !== get("text") && event.target.localName !== "select") {
    get("text").focus();
  }
});

get("link").addEventListener("click", (event) => {
  const { origin, pathname } = location;
  copied(event.target, toFragment(written(), wishes.network).then((fragment) => `${origin}${pathname}${fragment}`));
});

async function offer() {
  const families = await (await fetch("examples.json")).json();
  const texts = new Map();
  for (const family of families) {
    const options = family.examples.map(({ name, text }) => {
      texts.set(name, text);
      return make("option", { value: name }, name);
    });
    get("examples").append(make("optgroup", { label: family.name }, ...options));
  }
  get("examples").addEventListener("change", (event) => {
    if (!texts.has(event.target.value)) return;
    wishes.network = 0;
    forget();
    replace(texts.get(event.target.value));
    event.target.value = "";
    now();
  });
}

// The text of the address, if it has one. Of a link that is damaged it is told, and nothing shown that it isn't of.
async function fromLink(hash) {
  if (!hash) return false;
  try {
    const { text, network } = await fromFragment(hash);
    forget();
    get("text").value = text;
    wishes.network = network;
    notice("");
    mark([]);
    now();
  } catch (error) {
    mark([]);
    nothing("");
    notice(`This link is damaged: ${error.message}.`);
  }
  return true;
}

function notice(told) {
  get("notice").hidden = !told;
  say(get("notice"), told);
}

// -- the beginning

// By the event's own address: that of the text before may be written into the location meanwhile.
addEventListener("hashchange", ({ newURL }) => fromLink(new URL(newURL).hash));
if (!(await fromLink(location.hash))) get("text").value = FIRST;
open(tabs[0], false);
mark([]);
moved();
offer().catch((error) => notice(`There are no examples: ${error.message}`));
const { connect } = await import(`./${document.documentElement.dataset.engine}.js`);
connect((told) => {
  say(get("engine"), told);
  get("engine").hidden = !told;
}).then((answers) => {
  ask = answers;
  now();
}, trouble);
