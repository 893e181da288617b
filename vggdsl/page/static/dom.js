// Elements from data. All text becomes text nodes: nothing that somebody typed is ever read as markup.

export const get = (id) => document.getElementById(id);

export function make(name, given = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(given)) {
    if (key === "class") element.className = value;
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

// Words between backticks as code, as the findings write them.
export function worded(text) {
  return text.split("`").map((part, i) => (i % 2 ? make("code", {}, part) : part));
}

// Sets a text only where it changed, so that a screen reader tells it once.
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function download(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

// A button that copies a text, and says on itself that it did.
export function copier(label, text) {
  return make("button", { type: "button", onclick: (event) => copied(event.target, text()) }, label);
}

export async function copied(button, text) {
  const label = button.dataset.label ?? button.textContent;
  button.dataset.label = label;
  try {
    await navigator.clipboard.writeText(await text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Can't copy here";
  }
  setTimeout(() => (button.textContent = label), 2000);
}
