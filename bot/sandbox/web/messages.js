// Messages as articles: who, when, what, and what can be done with one.
import { block, sceneOf } from "./blocks.js";
import { $, address, channelName, make, nameOf, store } from "./dom.js";
import { fileLine } from "./files.js";
import { link, mrkdwn } from "./text.js";
import { count, locale, t } from "./words.js";

const GROUPED_S = 300;
export const dateOf = (ts) => new Date(parseFloat(ts) * 1000);
export const longDay = (ts) => dateOf(ts).toLocaleDateString(locale(), { weekday: "long", day: "numeric", month: "long", year: "numeric" });

export function author(message) {
  if (message.subtype === "tombstone") return t("Deleted message");
  return message.username || store.state.users[message.user] || (message.bot_profile || {}).name || message.user || t("A bot");
}

function picture(name) {
  const letters = name.split(/\s+/).map((word) => [...word][0]).slice(0, 2).join("").toUpperCase();
  const hue = [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 6, 7);
  return make("span", { class: `face face-${hue}`, "aria-hidden": "true" }, letters);
}

// What stands in the list: the messages, a day's name before each day's first, a note where some are left out.
export function items() {
  const { state, at } = store, place = `${state.channel}/${state.thread}`;
  const made = [];
  const note = (key, text) => made.push({ key: `${place}/${key}`, json: text, make: () => make("p", { class: "note" }, text) });
  if (state.left_out && !state.thread) note("left", `${t("The newest {n} messages.", { n: state.messages.length })} ${count(state.left_out, "1 older one is not shown; “Threads” lists every thread.", "{n} older ones are not shown; “Threads” lists every thread.")}`);
  let before = null;
  state.messages.forEach((message, n) => {
    if (!before || longDay(before.ts) !== longDay(message.ts)) note(`day-${message.ts}`, longDay(message.ts));
    else if (state.thread && n === 1) note("replies", count(state.messages.length - 1 + state.left_out, "1 reply", "{n} replies"));
    const same = before && !message.hidden && !before.hidden && !message.bot_id && author(before) === author(message) && before.user === message.user &&
      !(state.thread && n === 1) && longDay(before.ts) === longDay(message.ts) && parseFloat(message.ts) - parseFloat(before.ts) < GROUPED_S;
    made.push({ key: `${place}/${message.ts}`, json: JSON.stringify([message, same, at.focus === message.ts, state.me, (state.titles || {})[message.ts]]), message, make: () => shownOrNamed(message, same) });
    if (state.thread && n === 0 && state.left_out) note("left", count(state.left_out, "1 earlier reply is not shown.", "{n} earlier replies are not shown."));
    before = message;
  });
  if (!state.messages.length) note("none", t(state.channel === state.tab ? "Write to Tijdwinst here: a question, or a link to a message." : "Nobody has written here yet."));
  return made;
}

// One odd message of an export must not take the others with it.
function shownOrNamed(message, same) {
  try { return article(message, same); }
  catch (error) {
    console.warn(error);
    return make("article", { tabindex: -1, "data-ts": message.ts, class: "gone" }, `${t("A message that this page cannot show:")} ${String(message.text || "")}`);
  }
}

function article(message, same) {
  const { state } = store, name = author(message), channel = state.channel, when = dateOf(message.ts);
  const time = make("time", { datetime: when.toISOString(), title: when.toLocaleString(locale()) }, when.toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit" }));
  const scene = sceneOf(`${channel}-${message.ts}`, { do: "click", channel, ts: message.ts }, () => undefined);
  const title = (state.titles || {})[message.ts];
  const blocks = message.blocks || [];
  const body = blocks.length ? blocks.map((one) => block(one, scene)) : message.text ? [mrkdwn(message.text)] : [];
  const classes = [same ? "same" : "", message.hidden ? "hidden-to-others" : "", state.channel === state.tab && message.thread_ts && message.thread_ts !== message.ts ? "reply" : "",
    store.at.focus === message.ts ? "target" : "", message.subtype === "tombstone" ? "gone" : ""].join(" ").trim();
  return make("article", { class: classes, tabindex: -1, "data-ts": message.ts, "aria-label": `${name}, ${when.toLocaleString(locale(), { dateStyle: "short", timeStyle: "short" })}` },
    same ? make("span", { class: "face" }) : picture(name),
    make("div", { class: "body" },
      make("div", { class: "head" }, make("span", { class: "who" }, name), message.bot_id || message.user === state.bot ? make("span", { class: "app" }, "APP") : null, time),
      message.hidden ? make("div", { class: "small" }, t("Only visible to you")) : null, title ? make("div", { class: "session" }, title) : null, body, extras(message), replies(message), menu(message)));
}

function extras(message) {
  const made = [];
  for (const one of message.attachments || []) {
    const title = one.title ? (one.title_link ? link(one.title, one.title_link) : one.title) : null;
    const fields = (one.fields || []).map((field) => make("div", {}, make("strong", {}, field.title || ""), mrkdwn(String(field.value ?? ""))));
    made.push(make("div", { class: "attached" }, one.pretext ? mrkdwn(one.pretext) : null, title ? make("strong", {}, title) : null, fields.length ? make("div", { class: "fields" }, fields) : null, one.blocks ? one.blocks.map((e) => block(e, { ...sceneOf("attached", {}, () => undefined), press: async () => {} })) : mrkdwn(one.text || one.fallback || "")));
  }
  for (const file of message.files || []) made.push(fileLine(file));
  if (message.edited && message.user !== store.state.bot) made.push(make("span", { class: "small" }, t("(edited)")));
  if (message.streaming_state === "in_progress") {
    const stop = () => store.act({ do: "stop", channel: store.state.channel, thread: message.thread_ts || message.ts });
    made.push(make("div", { class: "actions" }, make("span", { class: "small writing" }, t("Writing …")), make("button", { type: "button", "data-focus": "stop", onclick: stop }, t("Stop"))));
  } else if (message.streaming_state === "stopped") made.push(make("div", { class: "small" }, t("Stopped.")));
  else if (message.streaming_state === "errored") made.push(make("div", { class: "small" }, t("This stopped half-way.")));
  if ((message.reactions || []).length) made.push(make("div", { class: "small" }, message.reactions.map((one) => `:${one.name}: ${one.count}`).join("  ")));
  return made;
}

function replies(message) {
  const { state } = store;
  if (state.thread || !message.reply_count) return null;
  const latest = message.latest_reply ? t(", the last on {day}", { day: dateOf(message.latest_reply).toLocaleDateString(locale()) }) : "";
  return make("a", { class: "replies", href: address(state.channel, message.ts), "data-focus": "replies" }, count(message.reply_count, "1 reply", "{n} replies"), make("span", { class: "small" }, latest));
}

function menu(message) {
  const { state, at } = store, channel = state.channel;
  const button = (label, onclick) => make("button", { type: "button", tabindex: -1, "data-focus": label, onclick }, label);
  const box = make("div", { class: "menu" });
  if (message.hidden) box.append(button(t("Dismiss"), () => store.act({ do: "dismiss", channel, ts: message.ts })));
  else {
    if (!at.thread) box.append(button(t("Reply in thread"), () => { location.hash = address(channel, message.thread_ts || message.ts); }));
    // In the messages tab stand drafts, and questions: nothing to summarize.
    if (message.subtype !== "tombstone" && channel !== state.tab) box.append(
      ...state.shortcuts.filter((one) => one.type === "message").map((one) => button(one.name, () => store.act({ do: "shortcut", channel, ts: message.ts, callback: one.callback_id }))));
    if (message.subtype !== "tombstone") box.append(button(t("Link into the message box"), () => linkIntoBox(message)));
  }
  return box;
}

function linkIntoBox(message) {
  const { state } = store, box = $("words"), root = message.thread_ts && message.thread_ts !== message.ts ? `?thread_ts=${message.thread_ts}&cid=${state.channel}` : "";
  const gap = box.value && !/\s$/.test(box.value) ? " " : "";
  box.value += `${gap}${state.url}archives/${state.channel}/p${message.ts.replace(".", "")}${root}`;
  box.focus();
}

export function threadItems() {
  const { state } = store;
  const made = state.threads.map((one) => ({
    key: `threads/${state.channel}/${one.ts}`, json: JSON.stringify(one),
    make: () => make("article", { class: "thread", tabindex: -1, "data-ts": one.ts }, make("div", { class: "body" },
      make("div", { class: "head" }, make("span", { class: "who" }, one.user ? nameOf(one.user) : t("Deleted message")), make("time", { datetime: dateOf(one.ts).toISOString() }, longDay(one.ts))),
      make("div", { class: "snippet" }, mrkdwn(one.text)),
      make("a", { class: "replies", href: address(state.channel, one.ts), "data-focus": "replies" }, count(one.replies, "1 reply", "{n} replies"), make("span", { class: "small" }, t(", the last on {day}", { day: dateOf(one.latest).toLocaleDateString(locale()) }))))),
  }));
  const text = made.length ? t("Threads in # {name}, the one that was written in last first.", { name: channelName(state.channel) }) : t("There are no threads here yet.");
  return [{ key: `threads/${state.channel}/note`, json: text, make: () => make("p", { class: "note" }, text) }, ...made];
}
