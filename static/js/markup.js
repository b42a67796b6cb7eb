// Help for a text in the small markup: buttons above it, and what is pasted from a document or a web page becomes
// the same markup. Without this script the text is typed with its signs, as the hint below the label says.

// The address is put together, since no script names one of elsewhere.
const BUTTONS = [
  { label: "Heading", before: "## ", line: true },
  { label: "List", before: "- ", line: true },
  { label: "Strong", before: "**", after: "**", sample: "words" },
  { label: "Link", before: "[", after: `](https:${"//"})`, sample: "words" },
];

/**
 * Puts the buttons above a text, and takes care of what is pasted into it.
 * @param {HTMLTextAreaElement} area
 */
export function startMarkup(area) {
  const bar = document.createElement("div");
  bar.className = "app-markup-bar";
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", "Put in");
  for (const each of BUTTONS) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "nhsuk-button nhsuk-button--secondary nhsuk-button--small";
    button.textContent = each.label;
    button.setAttribute("aria-controls", area.id);
    button.addEventListener("click", () => put(area, each));
    bar.append(button);
  }
  area.before(bar);
  area.addEventListener("paste", (event) => pasted(event, area));
}

function put(area, { before, after = "", sample = "", line = false }) {
  const { selectionStart: start, selectionEnd: end, value } = area;
  const chosen = value.slice(start, end);
  let words = `${before}${chosen || sample}${after}`;
  let from = start;
  if (line) {
    from = value.lastIndexOf("\n", start - 1) + 1;
    words = value.slice(from, end).split("\n").map((each) => before + each).join("\n");
  }
  area.focus();
  insert(area, words, from, end);
  if (!line) area.setSelectionRange(from + before.length, from + before.length + (chosen || sample).length);
}

// By the editing command, where there is one, so that undo takes it back.
function insert(area, words, from, to) {
  area.setSelectionRange(from, to);
  if (!document.execCommand("insertText", false, words)) {
    area.setRangeText(words, from, to, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function pasted(event, area) {
  const html = event.clipboardData?.getData("text/html");
  if (!html) return;
  const words = toMarkup(html);
  if (!words || words === event.clipboardData.getData("text/plain").trim()) return;
  event.preventDefault();
  insert(area, words, area.selectionStart, area.selectionEnd);
}

/**
 * What the HTML of a document or page says, in the small markup. Nothing in it is run or fetched.
 * @param {string} html
 * @returns {string}
 */
export function toMarkup(html) {
  // The parser's page runs nothing. These are taken out first only because the browser would report each as a breach
  // of our policy.
  const calm = html
    .replace(/<(style|script)\b[^]*?<\/\1\s*>/gi, "")
    .replace(/\s(?:on\w+|style)\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]+)/gi, "");
  const page = new DOMParser().parseFromString(calm, "text/html");
  page.querySelectorAll("script, style, template, head, noscript, iframe, object, svg").forEach((each) => each.remove());
  return blocks(page.body)
    .map((each) => each.replace(/[ \t\u00a0]+/g, " ").replace(/ *\n */g, "\n").trim())
    .filter(Boolean)
    .join("\n\n");
}

const PIECES = "p, div, h1, h2, h3, h4, h5, h6, ul, ol, table, tr, blockquote, section, article, header, footer, pre";

function blocks(parent) {
  const found = [];
  let open = "";
  for (const node of parent.childNodes) {
    if (node.nodeType === Node.ELEMENT_NODE && node.matches(PIECES)) {
      found.push(open);
      open = "";
      found.push(...piece(node));
    } else {
      open += inline(node);
    }
  }
  return [...found, open];
}

function piece(element) {
  if (/^H[1-6]$/.test(element.tagName)) return [`## ${line(element)}`];
  if (element.matches("ul, ol")) {
    const items = [...element.children].filter((each) => each.tagName === "LI");
    const sign = (nth) => (element.tagName === "OL" ? `${nth + 1}.` : "-");
    return [items.map((each, nth) => `${sign(nth)} ${line(each)}`).join("\n")];
  }
  if (element.tagName === "TR") return [[...element.children].map(line).join(", ")];
  return blocks(element);
}

function line(element) {
  return [...element.childNodes].map(inline).join("").replace(/\s+/g, " ").trim();
}

function inline(node) {
  if (node.nodeType === Node.TEXT_NODE) return node.data.replace(/\s+/g, " ");
  if (node.nodeType !== Node.ELEMENT_NODE) return "";
  if (node.tagName === "BR") return "\n";
  const words = [...node.childNodes].map(inline).join("");
  const said = words.trim();
  if (!said) return words ? " " : "";
  if (node.tagName === "A" && /^(https?:|mailto:)/.test(node.getAttribute("href") ?? "")) {
    const address = node.getAttribute("href");
    return /[\s()<>"']/.test(address) || said.includes("]") ? words : words.replace(said, `[${said.replace(/\n/g, " ")}](${address})`);
  }
  // One word processor on the web wraps all that is copied in a <b> that is not meant.
  if (node.matches("b:not([id^=docs-internal]), strong") && !said.includes("**")) {
    return words.replace(said, `**${said}**`);
  }
  return words;
}
