// What is made of a network, each in its panel.

import { copier, download, make, worded } from "./dom.js";
import { replace, show as showPlace, written } from "./editor.js";

const READABLE = 0.7; // of its own size, in which the words of a picture can be read

// Each gives the content of a panel, or null where the answer has none. `again` asks anew with other wishes.
export const PARTS = {
  layers(answer, wishes, again) {
    const found = answer.layers;
    if (!found) return null;
    const parts = [];
    if (found.branches) {
      const box = make("input", { type: "checkbox", id: "every", checked: wishes.every, onchange: (event) => again({ every: event.target.checked }) });
      parts.push(make("p", { class: "wishes" }, box, make("label", { for: "every" }, " every layer, also those of branches")));
    }
    parts.push(scrolled("The table of layers", table(found.columns, found.groups)));
    if (found.left_out) parts.push(make("p", { class: "aside" }, `${found.left_out.toLocaleString("en")} more rows`));
    parts.push(make("ul", { class: "notes" }, ...found.notes.map((note) => make("li", {}, note))));
    return parts;
  },

  picture(answer, wishes, again) {
    const found = answer.picture;
    if (!found) return null;
    const styles = ["volumes", "flow"].map((style) => {
      const box = make("input", { type: "radio", name: "style", id: `style-${style}`, checked: wishes.style === style, onchange: () => again({ style }) });
      return make("span", {}, box, make("label", { for: `style-${style}` }, style === "volumes" ? " maps as volumes" : " layers as boxes"));
    });
    const address = URL.createObjectURL(new Blob([found.svg], { type: "image/svg+xml" }));
    const image = make("img", { alt: `${found.title}. ${found.description}` });
    const enlarge = make("button", { type: "button", hidden: true, "aria-pressed": "false" }, "Enlarge");
    enlarge.onclick = () => {
      const isLarge = enlarge.getAttribute("aria-pressed") === "false";
      enlarge.setAttribute("aria-pressed", String(isLarge));
      image.style.minWidth = isLarge ? `${image.naturalWidth * READABLE}px` : "";
    };
    image.onload = () => {
      URL.revokeObjectURL(address);
      enlarge.hidden = image.clientWidth >= image.naturalWidth * READABLE;
    };
    image.src = address;
    const save = make("button", { type: "button", onclick: () => download("network.svg", "image/svg+xml", found.svg) }, "Download SVG");
    return [
      make("div", { class: "wishes" }, make("span", { role: "radiogroup", "aria-label": "Style" }, ...styles), enlarge, save),
      make("div", { class: "scroll picture", tabindex: "0", role: "region", "aria-label": "The picture" }, image),
    ];
  },

  explained(answer, wishes) {
    const found = answer.explained;
    if (!found) return null;
    if (found.layers.length === 0) {
      return [make("p", {}, `No layer stands on line ${wishes.line}. Put the cursor on a line with layers, a rule or a call of a block.`)];
    }
    const sections = found.layers.map((layer) => {
      const told = layer.told.flatMap(({ about, text }) => [make("dt", {}, about), make("dd", {}, ...worded(text))]);
      return make("section", { class: "layer" }, make("h3", {}, layer.name, " ", make("code", {}, layer.spelled)), make("dl", {}, ...told));
    });
    if (found.is_cut) sections.push(make("p", { class: "aside" }, `More layers stand on line ${wishes.line} than these.`));
    return sections;
  },

  claims(answer) {
    const found = answer.claims;
    if (!found) return null;
    const parts = [];
    if (found.judged.length) {
      const columns = ["verdict", "of", "measure", "printed", "arithmetic", "line"];
      const rows = found.judged.map((each) => [status(each.status), each.on, each.measure, each.printed, each.value, lineButton(each.line)]);
      parts.push(scrolled("Printed figures and what arithmetic gives", plainTable(columns, rows, [3, 4])));
    }
    if (found.results.length) {
      const rows = found.results.map((each) => [each.measures.map((pair) => pair.join(" ")).join(", "), each.protocol, lineButton(each.line)]);
      parts.push(make("h3", {}, "Results, which only a training can confirm"), scrolled("Printed results", plainTable(["printed", "protocol", "line"], rows, [])));
    }
    if (!parts.length) parts.push(make("p", {}, "The text claims nothing. Write, for instance, ", make("code", {}, "claim params 138M"), "."));
    return parts;
  },

  spec(answer) {
    if (answer.spec === undefined) return null;
    const buttons = [
      copier("Copy", () => answer.spec),
      make("button", { type: "button", onclick: () => download("network.arch", "text/plain", answer.spec) }, "Download"),
    ];
    if (answer.spec !== written()) {
      buttons.unshift(make("button", { type: "button", onclick: () => replace(answer.spec) }, "Edit this instead"));
    }
    return [make("p", { class: "wishes" }, ...buttons), listing("The spec in the one form", answer.spec)];
  },

  pytorch(answer) {
    if (answer.pytorch === undefined) return null;
    return [
      make("p", { class: "wishes" }, copier("Copy", () => answer.pytorch),
        make("button", { type: "button", onclick: () => download("network.py", "text/x-python", answer.pytorch) }, "Download")),
      listing("The network in PyTorch", answer.pytorch),
    ];
  },
};

function listing(label, text) {
  return make("pre", { class: "scroll listing", tabindex: "0", role: "region", "aria-label": label }, text);
}

function scrolled(label, content) {
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, content);
}

function table(columns, groups) {
  const side = (column) => (column.is_words ? "words" : "");
  const head = make("tr", {}, ...columns.map((column) => make("th", { scope: "col", class: side(column) }, column.name)));
  const row = (cells) => make("tr", {}, ...cells.map((cell, i) => {
    const isHead = i === 0 && cell;
    return make(isHead ? "th" : "td", { class: side(columns[i]), scope: isHead ? "row" : null }, cell);
  }));
  const bodies = groups.map(({ rows, is_total }) => make("tbody", { class: is_total ? "total" : "" }, ...rows.map(row)));
  return make("table", {}, make("thead", {}, head), ...bodies);
}

function plainTable(names, rows, numbers) {
  const side = (i) => (numbers.includes(i) ? "" : "words");
  const head = make("tr", {}, ...names.map((name, i) => make("th", { scope: "col", class: side(i) }, name)));
  const body = rows.map((row) => make("tr", {}, ...row.map((cell, i) => make("td", { class: side(i) }, cell))));
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...body));
}

function status(word) {
  const sign = { holds: "✓", disputed: "≠", refuted: "✗" }[word];
  return make("span", { class: word }, `${sign} ${word}`);
}

function lineButton(line) {
  if (line === null) return "";
  const go = () => {
    const lines = written().split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
    showPlace(start, start + (lines[line - 1] ?? "").length);
  };
  return make("button", { type: "button", class: "quiet", "aria-label": `Go to line ${line}`, onclick: go }, String(line));
}
