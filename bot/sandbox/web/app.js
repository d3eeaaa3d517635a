// The page of a local Slack: asks for the state, draws it, and tells what a person does. No build step.
import { $, address, channelName, make, nameOf, store } from "./dom.js";
import { drawModal } from "./forms.js";
import { menuButton } from "./menus.js";
import { author, items, threadItems } from "./messages.js";
import { homeItems, ledgerItems } from "./tabs.js";
import { mrkdwn } from "./text.js";
import { count, speak, t, translate } from "./words.js";

const { at } = store;
const held = new Map(); // key -> { json, node }: what stands in the list
let asked = 0, applied = 0, place = "", read = null, toldTs = null, homeFor = "", current = "";

// Keep what did not change, so that focus, selections and open menus stay where they are.
function reconcile(area, wanted) {
  const active = area.contains(document.activeElement) ? document.activeElement : null;
  const from = active && active.closest("[data-key]"), focusKey = from && from.dataset.key, focusOn = active && active.dataset.focus;
  const keys = new Set(wanted.map((one) => one.key));
  for (const [key, one] of held) if (!keys.has(key)) { one.node.remove(); held.delete(key); }
  let cursor = area.firstChild;
  const fresh = [];
  for (const one of wanted) {
    const old = held.get(one.key);
    if (!old || old.json !== one.json) {
      const node = one.make();
      node.dataset.key = one.key;
      if (old) { if (cursor === old.node) cursor = node; old.node.replaceWith(node); }
      held.set(one.key, { json: one.json, node });
      fresh.push(one);
    }
    const { node } = held.get(one.key);
    if (node === cursor) cursor = cursor.nextSibling;
    else area.insertBefore(node, cursor);
  }
  while (cursor) { const next = cursor.nextSibling; cursor.remove(); cursor = next; }
  if (active && !area.contains(document.activeElement)) {
    const node = (held.get(focusKey) || {}).node;
    const target = node && ([...node.querySelectorAll("[data-focus]")].find((e) => e.dataset.focus === focusOn) || node.querySelector(".actions button") || node);
    if (target) target.focus({ preventScroll: true });
    else area.focus({ preventScroll: true });
  }
  return fresh;
}

function drawNav() {
  const { state } = store, me = $("me"), tongue = $("locale");
  if (![...tongue.options].some((one) => one.value === state.locale)) tongue.append(make("option", { value: state.locale }, state.locale));
  tongue.value = state.locale;
  $("team").textContent = state.team;
  if (me.dataset.people !== state.people.join()) {
    me.dataset.people = state.people.join();
    me.replaceChildren(...state.people.map((id) => make("option", { value: id }, nameOf(id))));
  }
  me.value = state.me;
  const json = JSON.stringify([state.channels, state.channel, at.view]), list = $("channels");
  if (list.dataset.json !== json) {
    list.dataset.json = json;
    const focused = list.contains(document.activeElement) && document.activeElement.getAttribute("href");
    list.replaceChildren(...state.channels.map((one) => make("li", {}, make("a", {
      href: address(one.id), "aria-current": (at.view === "talk" || at.view === "threads") && one.id === state.channel ? "page" : null },
      make("span", { class: one.kind === "private" ? "name private" : "name" }, one.kind === "private" ? make("span", { class: "quiet" }, t("private, ")) : one.kind === "mpim" ? null : "# ", one.name),
      one.threads ? make("span", { class: "badge" }, count(one.threads, "1 thread", "{n} threads")) : null))));
    if (focused) [...list.querySelectorAll("a")].find((one) => one.getAttribute("href") === focused)?.focus();
  }
  const onTab = at.view === "talk" && state.channel === state.tab;
  $("tab").href = address(state.tab);
  if (onTab || read === null || (read.user !== state.me)) read = { user: state.me, ts: state.tab_latest };
  const unread = parseFloat(state.tab_latest || 0) > parseFloat(read.ts || 0);
  $("unread").hidden = !unread;
  for (const [id, here] of [["tab", onTab], ["home", at.view === "home"], ["ledger", at.view === "ledger"]])
    here ? $(id).setAttribute("aria-current", "page") : $(id).removeAttribute("aria-current");
  if (unread && read.told !== state.tab_latest) {
    read.told = state.tab_latest;
    notice([t("Tijdwinst is answering in your messages tab. "), make("a", { href: address(state.tab) }, t("Open it"))]);
  }
}

function drawHead() {
  const { state } = store, { here } = state, talk = at.view === "talk" || at.view === "threads";
  const name = state.channel === state.tab ? t("Tijdwinst: Messages") : `${here.kind === "mpim" ? "" : "# "}${channelName(state.channel)}`;
  const title = at.view === "ledger" ? t("The ledger") : at.view === "home" ? t("Tijdwinst: Home") : at.view === "threads" ? t("{name}: threads", { name }) : !state.thread ? name : state.titles[state.thread] ? `${name}: ${state.titles[state.thread]}` : t("{name}: thread", { name });
  $("title").textContent = title;
  document.title = `${title} · ${state.team}`;
  $("back").hidden = !(at.view === "threads" || (at.view === "talk" && state.thread));
  $("back").textContent = t(state.channel === state.tab ? "Back to the messages" : "Back to the channel");
  $("back").href = address(state.channel);
  $("threads").hidden = !(at.view === "talk" && !state.thread && here.threads && state.channel !== state.tab);
  $("threads").textContent = t("Threads ({n})", { n: here.threads });
  $("threads").href = `#${state.channel}/threads`;
  $("invite").hidden = !talk || here.bot;
  $("composer").hidden = at.view !== "talk" || here.archived;
  $("closed").hidden = !(at.view === "talk" && here.archived);
  const mention = state.thread && state.channel !== state.tab;
  $("words").placeholder = t(!here.member && state.channel !== state.tab ? "You are not in this channel yet: writing here joins it" : mention ? "Reply, or @Tijdwinst summarise" : state.channel === state.tab ? "Write to Tijdwinst, or /command" : "Message, @Tijdwinst …, or /command");
}

function drawFoot() {
  const { state } = store, talk = at.view === "talk";
  const lines = talk ? state.statuses.filter((one) => !state.thread || one.thread_ts === state.thread).map((one) => `Tijdwinst ${one.text}`) : [];
  if ($("status").textContent !== lines.join(" ")) $("status").textContent = lines.join(" ");
  const prompts = talk && !state.thread ? state.prompts : [], json = JSON.stringify([prompts, state.prompts_title]);
  if ($("prompts").dataset.json === json) return;
  $("prompts").dataset.json = json;
  $("prompts").replaceChildren(...(prompts.length && state.prompts_title ? [make("span", { class: "small" }, state.prompts_title)] : []), ...prompts.map((one) => make("button", { type: "button", onclick: () => store.act({ do: "say", channel: state.tab, thread: "", text: one.message }) }, one.title)));
}

function draw() {
  const { state } = store, area = $("messages");
  const now = JSON.stringify([state.me, at.view, state.channel, state.thread, at.focus]);
  const moved = now !== place;
  const bottom = area.scrollHeight - area.scrollTop - area.clientHeight < 80;
  place = now;
  drawNav();
  drawHead();
  drawFoot();
  const wanted = at.view === "ledger" ? ledgerItems() : at.view === "home" ? homeItems() : at.view === "threads" ? threadItems() : items();
  const fresh = reconcile(area, wanted);
  rove();
  if (moved) {
    const target = at.focus && area.querySelector(`[data-ts="${at.focus}"]`);
    if (target) { target.scrollIntoView({ block: "center" }); target.focus({ preventScroll: true }); }
    else area.scrollTop = at.view === "talk" && !state.thread ? area.scrollHeight : 0;
  } else {
    if (at.view === "talk" && (bottom || at.jump)) area.scrollTop = area.scrollHeight;
    const news = fresh.filter((one) => one.message && one.message.user === state.bot && one.message.streaming_state !== "in_progress").map((one) => one.message);
    if (news.length) announce(news[news.length - 1]);
  }
  at.jump = false;
  tellElsewhere();
  drawModal();
}

// What only you see may stand in another place than the one that you look at, as the answer to a mention does.
function tellElsewhere() {
  const { told, channel, thread } = store.state;
  const first = toldTs === null;
  if (!told || told.ts === toldTs) { toldTs = told ? toldTs : ""; return; }
  toldTs = told.ts;
  const here = at.view === "talk" && told.channel === channel && (told.thread_ts || "") === thread;
  if (!first && !here) notice([make("strong", {}, t("Only visible to you: ")), mrkdwn(told.text || "")]);
}

// Read aloud what was said, not the picture, the time and the buttons around it.
function announce(message) {
  const { node } = held.get(`${store.state.channel}/${store.state.thread}/${message.ts}`);
  const text = [...node.querySelectorAll(".text, .draft, .header, .file")].map((one) => one.innerText).join(" ").replace(/\s+/g, " ");
  $("live").textContent = `${author(message)}: ${text.slice(0, 240)}`;
}

function notice(children) {
  $("notice-text").replaceChildren(...children);
  $("notice").hidden = !children.length;
}

async function ask(path, options) {
  const answer = await fetch(path, options);
  const told = (answer.headers.get("content-type") || "").includes("json") ? await answer.json() : { error: await answer.text() };
  return answer.ok ? told : { ...told, error: told.error || answer.statusText, refused: true };
}

// Asked while somebody types: nothing changes, so nothing is drawn anew.
store.suggest = (what) => ask("/page/do", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ user: at.user, do: "suggest", ...what }) }).catch(() => ({}));

store.act = async (what) => {
  const done = { user: at.user, channel: at.channel, ...what };
  let answer;
  try {
    if (done.files) {
      const form = new FormData();
      for (const name of ["user", "channel", "thread", "text"]) form.append(name, done[name] || "");
      for (const file of done.files) form.append("file", file, file.name);
      answer = await ask("/page/send", { method: "POST", body: form });
    } else answer = await ask("/page/do", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(done) });
  } catch { answer = { refused: true, error: "the local Slack does not answer: is `make demo` still running?" }; }
  await load().catch(() => {});
  if (answer.error && done.do !== "submit") notice([t("That did not work: {why}", { why: answer.error })]);
  return answer;
};

// Answers may overtake each other: only the newest question's is drawn, and only when we still look there.
async function load() {
  const mine = (asked += 1), looked = JSON.stringify([at.user, at.channel, at.thread, at.view]);
  const query = new URLSearchParams({ user: at.user, channel: at.channel, thread: at.thread, view: at.view });
  const state = await ask(`/page/state?${query}`);
  if (state.error) { notice([`The workspace cannot be shown: ${state.error}`]); return; }
  if (mine < applied || looked !== JSON.stringify([at.user, at.channel, at.thread, at.view])) return;
  applied = mine;
  store.state = state;
  at.user = state.me;
  if (speak(state.locale)) {
    translate();
    held.clear();
    $("messages").replaceChildren();
    $("channels").dataset.json = "";
  }
  if (state.refused) notice([t("You cannot see that conversation: here is another.")]);
  if (at.channel !== state.channel || state.refused) { at.channel = state.channel; at.thread = state.thread; }
  draw();
}

async function look() {
  const hash = location.hash.slice(1);
  const [channel, thread = "", focus = ""] = hash.split("/");
  if (hash === "home" || hash === "ledger") at.view = hash;
  else if (thread === "threads") Object.assign(at, { channel, thread: "", focus: "", view: "threads" });
  else Object.assign(at, { channel: channel || at.channel, thread, focus, view: "talk" });
  notice([]);
  openNav(false);
  await load();
  if (!store.state) return;
  if (at.view === "home" && homeFor !== at.user) { homeFor = at.user; store.act({ do: "home" }); }
  else if (at.view !== "home") homeFor = "";
  if (at.view === "talk" && at.channel === store.state.tab) store.act({ do: "tab" });
}

$("skip").addEventListener("click", (event) => { event.preventDefault(); $("words").focus(); });
$("me").addEventListener("change", (event) => { at.user = event.target.value; toldTs = null; look(); });
$("locale").addEventListener("change", (event) => store.act({ do: "locale", locale: event.target.value }));
$("shortcuts").append(menuButton("⚡", () => store.state.shortcuts.filter((one) => one.type === "global").map((one) => ({ text: one.name, small: ` ${one.description}`, act: () => store.act({ do: "global", callback: one.callback_id }) })), { name: "Shortcuts", up: true }));
$("shortcuts").querySelector("button").dataset.tLabel = "Shortcuts";
$("notice-close").addEventListener("click", () => { notice([]); $("words").focus(); });
$("invite").addEventListener("click", () => store.act({ do: "invite" }));
function openNav(open) {
  $("nav").classList.toggle("open", open);
  $("menu").setAttribute("aria-expanded", String(open));
}
$("menu").addEventListener("click", () => openNav(!$("nav").classList.contains("open")));
$("messages").addEventListener("click", () => openNav(false));
$("nav").addEventListener("keydown", (event) => { if (event.key === "Escape") { openNav(false); $("menu").focus(); } });
$("words").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); $("composer").requestSubmit(); }
});
$("files").addEventListener("change", () => { $("chosen").textContent = [...$("files").files].map((one) => one.name).join(", "); });
$("composer").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = $("words").value.trim(), files = [...$("files").files];
  if ((!text && !files.length) || $("composer").dataset.sending) return;
  if (files.length) $("composer").dataset.sending = "files";
  $("words").value = "";
  at.jump = true;
  const answer = await store.act({ do: "say", thread: at.thread, text, ...(files.length ? { files } : {}) });
  delete $("composer").dataset.sending;
  // What was not taken is not lost; what the bot takes only later is said all the same.
  if (answer.refused) { if (!$("words").value) $("words").value = text; }
  else if (files.length) { $("files").value = ""; $("chosen").textContent = ""; }
});
// A link to the place where we are already is followed too.
document.addEventListener("click", (event) => {
  const target = event.target.closest && event.target.closest('a[href^="#"]');
  if (target && target.id !== "skip" && target.getAttribute("href") === location.hash) { place = ""; look(); }
});

// Arrow keys go from message to message; only the current one's menu and thread are in the tab order.
$("messages").addEventListener("keydown", (event) => {
  const from = event.target.closest("article"), step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.target.matches("input, textarea, select")) return;
  const all = [...$("messages").querySelectorAll("article")], next = from ? all[all.indexOf(from) + step] : all[step > 0 ? 0 : all.length - 1];
  if (next) { event.preventDefault(); next.focus(); next.scrollIntoView({ block: "nearest" }); }
});
$("messages").addEventListener("focusin", (event) => rove(event.target.closest("article")));

function rove(article = null) {
  const all = [...$("messages").querySelectorAll("article")];
  if (article) current = article.dataset.key;
  const now = all.find((one) => one.dataset.key === current) || all[all.length - 1];
  for (const one of all) for (const item of one.querySelectorAll(".menu button, .replies")) item.tabIndex = one === now ? 0 : -1;
}

window.addEventListener("hashchange", look);
const shown = () => new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));
const rest = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

(async () => {
  await look();
  for (;;) {
    try {
      // A browser holds few connections to one host: a page that nobody looks at keeps none.
      if (document.hidden) await shown();
      // A run is closed in the ledger just after its last call of Slack.
      if (at.view === "ledger") await rest(1);
      else if (!store.state) await rest(2);
      else await fetch(`/page/wait?version=${store.state.version}`);
      await load();
    } catch { await rest(2); }
  }
})();
