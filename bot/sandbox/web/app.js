"use strict";
const at = { user: "", channel: "", thread: "", view: "talk" };
let state = null, drawn = "", modalDrawn = "";
const $ = (id) => document.getElementById(id);

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

// Slack's mrkdwn references: names for ids, links as links; everything else stays text.
function mrkdwn(text) {
  const box = make("span", { class: "text" });
  for (const piece of text.split(/(<[^<>]+>)/)) {
    const found = piece.match(/^<([@#!]?)([^|>]+)(?:\|([^>]*))?>$/);
    const plain = (s) => s.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
    if (!found) box.append(plain(piece));
    else if (found[1] === "@") box.append("@" + (state.users[found[2]] || found[3] || found[2]));
    else if (found[1] === "#") box.append("#" + (found[3] || channelName(found[2])));
    else if (found[1] === "!") box.append("@" + found[2]);
    else box.append(link(plain(found[3] || found[2]), found[2]));
  }
  return box;
}
const channelName = (id) => (state.channels.find((one) => one.id === id) || { name: id }).name;

function link(label, address) {
  const found = address.match(/\/archives\/([A-Z0-9]+)\/p(\d+)(\d{6})(?:\?thread_ts=([\d.]+))?/);
  if (!found) return make("a", { href: address, rel: "noreferrer", target: "_blank" }, label);
  const open = (event) => { event.preventDefault(); go(found[1], found[4] || `${found[2]}.${found[3]}`); };
  return make("a", { href: "#", onclick: open, title: "Open the message" }, label);
}

function inline(text) {
  const box = document.createDocumentFragment();
  for (const piece of text.split(/(\*\*[^*]+\*\*|\[[^\]]+\]\([^)\s]+\)|`[^`]+`)/)) {
    const bold = piece.match(/^\*\*(.+)\*\*$/), linked = piece.match(/^\[([^\]]+)\]\(([^)]+)\)$/), code = piece.match(/^`(.+)`$/);
    if (bold) box.append(make("strong", {}, inline(bold[1])));
    else if (linked) box.append(link(linked[1], linked[2]));
    else if (code) box.append(make("code", {}, code[1]));
    else box.append(piece);
  }
  return box;
}

function markdown(text) {
  const box = make("div", { class: "draft" });
  let list = null;
  for (const line of text.split("\n")) {
    const heading = line.match(/^#{1,6}\s+(.*)/), item = line.match(/^\s*(?:[-*]|\d+\.)\s+(.*)/);
    if (item) { if (!list) box.append((list = make("ul"))); list.append(make("li", {}, inline(item[1]))); continue; }
    list = null;
    if (heading) box.append(make("h3", {}, inline(heading[1])));
    else if (line.trim()) box.append(make("p", {}, inline(line)));
  }
  return box;
}

function block(one, message) {
  if (one.type === "markdown") return markdown(one.text);
  if (one.type === "section") return make("div", {}, mrkdwn(one.text.text));
  if (one.type === "header") return make("h3", {}, one.text.text);
  if (one.type === "context") return make("div", { class: "small" }, ...one.elements.map((e) => mrkdwn(e.text)).flatMap((e, i) => (i ? [make("br"), e] : [e])));
  if (one.type === "actions") return make("div", { class: "actions" }, ...one.elements.map((e) =>
    make("button", { class: e.style || "", onclick: () => act({ do: "click", ts: message.ts, action: e.action_id }) }, e.text.text)));
  return make("div", { class: "small" }, one.type);
}

function article(message) {
  const name = message.username || state.users[message.user] || "Deleted message";
  const when = new Date(parseFloat(message.ts) * 1000);
  const body = (message.blocks || []).length ? message.blocks.map((one) => block(one, message)) : [mrkdwn(message.text || "")];
  const mine = message.user === state.bot;
  const address = `${state.url}archives/${state.channel}/p${message.ts.replace(".", "")}`;
  const menu = make("div", { class: "menu" });
  if (!at.thread && state.channel !== state.tab) menu.append(make("button", { onclick: () => go(state.channel, message.ts) }, message.reply_count ? `${message.reply_count} replies` : "Reply in thread"));
  if (!mine) menu.append(
    make("button", { onclick: () => act({ do: "shortcut", ts: message.ts, callback: "summarize_thread" }) }, "Summarize thread"),
    make("button", { onclick: () => act({ do: "shortcut", ts: message.ts, callback: "draft_from_message" }) }, "Draft from this message"),
    make("button", { onclick: () => { $("words").value += address; $("words").focus(); } }, "Link into the message box"));
  return make("article", {}, make("span", { class: "who" }, name), mine ? make("span", { class: "app" }, "APP") : null,
    make("time", { datetime: when.toISOString() }, when.toLocaleString([], { dateStyle: "short", timeStyle: "short" })), ...body, menu);
}

function ledger() {
  const columns = ["task", "surface", "outcome", "review", "model", "input_tokens", "output_tokens", "cost_microusd", "review_minutes", "minutes_saved"];
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...columns.map((c) => make("th", { scope: "col" }, c)))));
  table.append(make("tbody", {}, ...state.ledger.slice().reverse().map((row) => make("tr", {}, ...columns.map((c) => make("td", {}, row[c] == null ? "unknown" : String(row[c])))))));
  return [make("p", {}, state.ledger.length ? "The newest runs. Unknown stays unknown: a run without a decision has saved nothing yet." : "No runs yet."), table];
}

function draw() {
  $("team").textContent = state.team;
  if (!$("me").children.length) $("me").append(...state.people.map((id) => make("option", { value: id }, state.users[id])));
  $("me").value = state.me;
  $("channels").replaceChildren(...state.channels.map((one) => make("li", {}, make("button", { onclick: () => go(one.id), "aria-current": at.view === "talk" && one.id === state.channel }, `# ${one.name}`))));
  const current = JSON.stringify([state.messages, state.ledger, state.home, at]);
  if (current !== drawn) {
    drawn = current;
    const area = $("messages");
    const bottom = area.scrollHeight - area.scrollTop - area.clientHeight < 80;
    if (at.view === "ledger") { $("title").textContent = "The ledger"; area.replaceChildren(...ledger()); }
    else if (at.view === "home") { $("title").textContent = "Tijdwinst: Home"; area.replaceChildren(...((state.home || {}).blocks || []).map((one) => block(one, {}))); }
    else {
      $("title").textContent = state.channel === state.tab ? "Tijdwinst: Messages" : `# ${channelName(state.channel)}${at.thread ? ": thread" : ""}`;
      area.replaceChildren(...state.messages.map(article));
      if (bottom || at.jump) area.scrollTop = area.scrollHeight;
    }
    at.jump = false;
  }
  $("back").hidden = !at.thread;
  $("composer").hidden = at.view !== "talk";
  const told = state.told.map((one) => one.text).join("\n");
  if (told !== at.told) { at.told = told; say(told); }
  drawModal();
}

function drawModal() {
  const modal = $("modal"), current = state.modal ? state.modal.id : "";
  if (current === modalDrawn) return;
  modalDrawn = current;
  if (!current) { modal.close(); return; }
  const fields = state.modal.blocks.map((one) => {
    const id = `f-${one.block_id}`, element = one.element;
    const field = element.type.endsWith("select")
      ? make("select", { id, name: one.block_id }, ...(element.options || []).map((o) => make("option", { value: o.value, selected: (element.initial_option || {}).value === o.value }, o.text.text)))
      : make(element.multiline ? "textarea" : "input", { id, name: one.block_id, maxlength: element.max_length, placeholder: (element.placeholder || {}).text, type: element.type === "datepicker" ? "date" : null });
    if (element.initial_value) field.value = element.initial_value;
    return make("div", {}, make("label", { for: id }, one.label.text), field);
  });
  const wrong = make("p", { class: "wrong", role: "alert" });
  const form = make("form", { onsubmit: async (event) => {
    event.preventDefault();
    const values = Object.fromEntries([...form.elements].filter((e) => e.name).map((e) => [e.name, e.value]));
    const answer = await act({ do: "submit", values });
    wrong.textContent = Object.values(answer.errors || {}).join(" ");
  } }, make("h2", { id: "modal-title" }, state.modal.title.text), ...fields, wrong, make("div", { class: "actions" },
    make("button", { type: "submit" }, state.modal.submit.text), make("button", { type: "button", onclick: () => act({ do: "close" }) }, state.modal.close.text)));
  modal.replaceChildren(form);
  modal.showModal();
}

function say(text) { $("told").replaceChildren(text ? mrkdwn(text) : ""); }
async function act(what) {
  const answer = await (await fetch("/page/do", { method: "POST", body: JSON.stringify({ user: state.me, channel: state.channel, thread: at.thread, ...what }) })).json();
  if (answer.text) say(answer.text);
  await load();
  return answer;
}
async function load() {
  const query = new URLSearchParams({ user: at.user, channel: at.channel, thread: at.thread });
  state = await (await fetch(`/page/state?${query}`)).json();
  draw();
}
function go(channel, thread = "") {
  history.replaceState(null, "", `#${channel}/${thread}`); // a reload, or a shared address, opens the same place
  Object.assign(at, { channel, thread, view: "talk", jump: !thread });
  say("");
  load();
}

$("me").addEventListener("change", (event) => { at.user = event.target.value; go(""); });
$("tab").addEventListener("click", () => go(state.tab));
$("back").addEventListener("click", () => go(state.channel));
$("ledger").addEventListener("click", () => { at.view = "ledger"; load(); });
$("home").addEventListener("click", async () => { at.view = "home"; await act({ do: "home" }); });
$("modal").addEventListener("cancel", () => act({ do: "close" }));
$("words").addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); $("composer").requestSubmit(); } });
$("composer").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = $("words").value.trim();
  if (!text) return;
  $("words").value = "";
  at.jump = true;
  await act({ do: "say", text });
});
(async () => {
  [at.channel, at.thread = ""] = location.hash.slice(1).split("/");
  await load();
  at.jump = true; drawn = ""; draw();
  for (;;) {
    try { await fetch("/page/wait"); await load(); } catch { await new Promise((done) => setTimeout(done, 2000)); }
  }
})();
