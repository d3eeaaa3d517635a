// Slack's three ways of writing (mrkdwn, Markdown, rich text) as elements; text stays text, never HTML.
import { address, channelName, make, nameOf, store } from "./dom.js";
import { locale, t } from "./words.js";

const EMOJI = {
  smile: "😄", slightly_smiling_face: "🙂", wink: "😉", joy: "😂", thinking_face: "🤔", tada: "🎉", heart: "❤️",
  "+1": "👍", thumbsup: "👍", "-1": "👎", eyes: "👀", pray: "🙏", wave: "👋", warning: "⚠️", calendar: "📆", hourglass: "⌛", white_check_mark: "✅", no_entry_sign: "🚫",
  rocket: "🚀", fire: "🔥", simple_smile: "🙂", stuck_out_tongue: "😛", disappointed: "😞", clap: "👏",
};
const plain = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

export function link(label, target) {
  const base = store.state.url;
  const found = target.startsWith(base) && target.slice(base.length).match(/^archives\/([A-Z0-9]+)\/p(\d+)(\d{6})(?:\?(?:.*&)?thread_ts=([\d.]+))?/);
  if (found) {
    const ts = `${found[2]}.${found[3]}`;
    return make("a", { href: address(found[1], found[4] || ts, ts), title: t("Open the message") }, label);
  }
  if (!/^(https?:|mailto:|tel:)/i.test(target)) return document.createTextNode(String(label));
  return make("a", { href: target, rel: "noreferrer noopener", target: "_blank" }, label);
}

// Split by a pattern: what it finds becomes an element, what stands between stays text.
function pieces(text, pattern, found, between = (s) => s) {
  const box = document.createDocumentFragment();
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > from) box.append(between(text.slice(from, match.index)));
    box.append(found(match));
    from = match.index + match[0].length;
  }
  if (from < text.length) box.append(between(text.slice(from)));
  return box;
}

function reference(inside) {
  const [target, label = ""] = inside.split("|");
  const rest = target.slice(1);
  if (target[0] === "@") return make("span", { class: "mention" }, `@${store.state.users[rest] || plain(label) || rest}`);
  if (target[0] === "#") return make("span", { class: "mention" }, `#${plain(label) || channelName(rest)}`);
  if (target[0] === "!") return make("span", { class: "mention" }, plain(label) || `@${rest.split("^")[0]}`);
  return link(plain(label || target), plain(target));
}

// Inside code Slack still marks addresses; they are shown as they were typed.
const code = (text) => plain(text.replace(/<([^<>|]+)(?:\|([^<>]+))?>/g, (_, target, label) => label || target));
const EDGE = "(?<![\\p{L}\\p{N}])", END = "(?![\\p{L}\\p{N}])";
const MRKDWN = new RegExp(
  "```([\\s\\S]+?)```|`([^`\\n]+)`|<([^<>\\n]+)>" +
  `|${EDGE}\\*(?=\\S)([^*\\n]+?)(?<=\\S)\\*${END}|${EDGE}_(?=\\S)([^_\\n]+?)(?<=\\S)_${END}|${EDGE}~(?=\\S)([^~\\n]+?)(?<=\\S)~${END}` +
  "|:([a-z0-9_+-]+):", "gu");

function marked(text) {
  return pieces(text, MRKDWN, (m) => {
    if (m[1] != null) return make("pre", {}, make("code", {}, code(m[1]).replace(/^\n|\n$/g, "")));
    if (m[2] != null) return make("code", {}, code(m[2]));
    if (m[3] != null) return reference(m[3]);
    if (m[4] != null) return make("strong", {}, marked(m[4]));
    if (m[5] != null) return make("em", {}, marked(m[5]));
    if (m[6] != null) return make("s", {}, marked(m[6]));
    return EMOJI[m[7]] || m[0];
  }, plain);
}

export function mrkdwn(text) {
  const box = make("div", { class: "text", dir: "auto" });
  // A quote is a run of lines that begin with >.
  box.append(pieces(text, /(?:^(?:&gt;|>).*(?:\n|$))+/gm, (m) =>
    make("blockquote", {}, marked(m[0].replace(/^(?:&gt;|>) ?/gm, "").replace(/\n$/, ""))), marked));
  return box;
}

export function textObject(one) {
  if (!one) return "";
  return one.type === "mrkdwn" ? mrkdwn(one.text) : make("div", { class: "text", dir: "auto" }, one.text);
}

const MARKDOWN = new RegExp(
  "\\\\([\\\\`*_{}\\[\\]()#+.!|~<>-])|(`+)([\\s\\S]*?[^`])\\2(?!`)|!?\\[([^\\]]*)\\]\\(([^()\\s]+(?:\\([^()\\s]*\\)[^()\\s]*)*)\\)|<(https?:[^<>\\s]+)>" +
  `|\\*\\*(?=\\S)([\\s\\S]+?)(?<=\\S)\\*\\*|${EDGE}__(?=\\S)([\\s\\S]+?)(?<=\\S)__${END}|~~(?=\\S)([\\s\\S]+?)(?<=\\S)~~` +
  `|(?<![\\p{L}\\p{N}*])\\*(?=[^\\s*])([^*]+?)(?<=\\S)\\*(?![\\p{L}\\p{N}*])|${EDGE}_(?=\\S)([^_]+?)(?<=\\S)_${END}|(https?:\\/\\/[^\\s<>)\\]]+[^\\s<>)\\].,;:!?])|:([a-z0-9_+-]+):`, "gu");

export function inline(text) {
  return pieces(text, MARKDOWN, (m) => {
    if (m[1] != null) return m[1];
    if (m[3] != null) return make("code", {}, m[3]);
    if (m[5] != null) return link(m[4] || m[5], m[5]);
    if (m[6] != null) return link(m[6], m[6]);
    if (m[7] != null || m[8] != null) return make("strong", {}, inline(m[7] ?? m[8]));
    if (m[9] != null) return make("s", {}, inline(m[9]));
    if (m[10] != null || m[11] != null) return make("em", {}, inline(m[10] ?? m[11]));
    if (m[13] != null) return EMOJI[m[13]] || m[0];
    return link(m[12], m[12]);
  }, plain);
}

const FENCE = /^\s{0,3}(`{3,}|~{3,})/, HEADING = /^\s{0,3}(#{1,6})\s+(.*?)\s*#*$/, RULE = /^\s{0,3}([-*_])(\s*\1){2,}\s*$/;
const QUOTE = /^\s{0,3}>\s?/, ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/, COLUMNS = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;
const isTable = (lines, i) => lines[i].includes("|") && i + 1 < lines.length && lines[i + 1].includes("-") && COLUMNS.test(lines[i + 1]);
const begins = (lines, i) => [FENCE, HEADING, RULE, QUOTE, ITEM].some((one) => one.test(lines[i])) || isTable(lines, i);

// A list goes on with what is indented, and with items of its own kind.
function continues(first, line) {
  const [, indent, mark] = first.match(ITEM), item = line.match(ITEM);
  return item && item[1].length <= indent.length + 1 ? /\d/.test(item[2]) === /\d/.test(mark) : /^\s{2,}\S/.test(line);
}

export function markdown(text) {
  return make("div", { class: "draft", dir: "auto" }, parse(text.split("\n")));
}

const DEEPEST = 12; // quotes and lists inside each other; deeper ones stay text

function parse(lines, depth = 0) {
  if (depth > DEEPEST) return [make("p", {}, lines.join("\n"))];
  const made = [];
  let i = 0;
  // Take lines while they fit, from here on.
  const take = (fits) => { const from = i; while (i < lines.length && fits(i)) i += 1; return lines.slice(from, i); };
  while (i < lines.length) {
    const line = lines[i], fence = line.match(FENCE), heading = line.match(HEADING);
    if (!line.trim()) i += 1;
    else if (fence) {
      i += 1;
      const inside = take((at) => !(lines[at].trim().startsWith(fence[1]) && !lines[at].trim().replaceAll(fence[1][0], "")));
      i += 1;
      made.push(make("pre", {}, make("code", {}, inside.join("\n"))));
    } else if (heading) { made.push(make(heading[1].length < 3 ? "h2" : "h3", {}, inline(heading[2]))); i += 1; }
    else if (RULE.test(line)) { made.push(make("hr")); i += 1; }
    else if (QUOTE.test(line)) made.push(make("blockquote", {}, parse(take((at) => QUOTE.test(lines[at])).map((one) => one.replace(QUOTE, "")), depth + 1)));
    else if (ITEM.test(line)) made.push(list(take((at) => continues(line, lines[at])), depth));
    else if (isTable(lines, i)) made.push(pipes(take((at) => lines[at].includes("|") && lines[at].trim())));
    else {
      const start = i, inside = take((at) => lines[at].trim() && (at === start || !begins(lines, at)));
      made.push(make("p", {}, inside.flatMap((one, n) => (n ? [make("br"), inline(one.trim())] : [inline(one.trim())]))));
    }
  }
  return made;
}

function list(lines, depth) {
  const [, indent, mark] = lines[0].match(ITEM);
  const box = make(/\d/.test(mark) ? "ol" : "ul", /\d/.test(mark) && parseInt(mark) !== 1 ? { start: parseInt(mark) } : {});
  let inside = [];
  const close = () => {
    if (!inside.length) return;
    const [first, ...more] = inside, margin = more.length ? more[0].search(/\S/) : 0;
    const rest = more.map((line) => line.slice(Math.min(margin, line.search(/\S|$/))));
    const task = first.match(/^\[([ xX])\]\s+(.*)$/);
    const own = task ? [task[1] === " " ? "☐ " : "☑ ", inline(task[2])] : [inline(first)];
    box.append(make("li", {}, own, parse(rest, depth + 1)));
    inside = [];
  };
  for (const line of lines) {
    const item = line.match(ITEM);
    if (item && item[1].length <= indent.length + 1) { close(); inside = [item[3]]; }
    else inside.push(line);
  }
  close();
  return box;
}

function pipes(lines) {
  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((one) => one.trim().replaceAll("\\|", "|"));
  const [head, marks, ...rows] = lines;
  const sides = cells(marks).map((mark) => (/^:-+:$/.test(mark) ? "center" : mark.endsWith(":") ? "right" : null));
  return table(cells(head).map(inline), rows.map((row) => cells(row).map(inline)), sides);
}

// Sides: of each column "right", "center", or nothing.
export function table(head, rows, sides = []) {
  const box = make("table", {}, make("thead", {}, make("tr", {}, head.map((cell, at) => make("th", { scope: "col", class: sides[at] || null }, cell)))));
  box.append(make("tbody", {}, rows.map((row) => make("tr", {}, row.map((cell, at) => make("td", { class: sides[at] || null }, cell))))));
  return make("div", { class: "wide", tabindex: 0, role: "group", "aria-label": t("Table") }, box);
}

function leaf(one) {
  const style = one.style || {};
  let made = one.text ?? "";
  if (one.type === "link") made = link(one.text || one.url, one.url);
  else if (one.type === "user") made = make("span", { class: "mention" }, `@${nameOf(one.user_id)}`);
  else if (one.type === "channel") made = make("span", { class: "mention" }, `#${channelName(one.channel_id)}`);
  else if (one.type === "broadcast") made = make("span", { class: "mention" }, `@${one.range}`);
  else if (one.type === "usergroup") made = make("span", { class: "mention" }, `@${one.usergroup_id}`);
  else if (one.type === "emoji") made = one.unicode ? String.fromCodePoint(...one.unicode.split("-").map((point) => parseInt(point, 16))) : EMOJI[one.name] || `:${one.name}:`;
  else if (one.type === "date") made = one.fallback || new Date(one.timestamp * 1000).toLocaleString(locale());
  else if (one.type === "color") made = one.value;
  for (const [flag, tag] of [["code", "code"], ["strike", "s"], ["italic", "em"], ["bold", "strong"], ["underline", "u"]])
    if (style[flag]) made = make(tag, {}, made);
  return made;
}

export function richText(block) {
  const part = (one) => {
    const inside = (one.elements || []).map((e) => (e.elements ? part(e) : leaf(e)));
    if (one.type === "rich_text_list") return make(one.style === "ordered" ? "ol" : "ul", { class: `indent-${one.indent || 0}` }, inside.map((e) => make("li", {}, e)));
    if (one.type === "rich_text_preformatted") return make("pre", {}, make("code", {}, inside));
    return make(one.type === "rich_text_quote" ? "blockquote" : "div", { class: "text", dir: "auto" }, inside);
  };
  return make("div", { class: "rich" }, (block.elements || []).map(part));
}
