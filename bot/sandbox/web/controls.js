// Every element that takes a value, in forms and in messages: how it is drawn, read, and filled again.
import { combo } from "./combo.js";
import { make, nameOf, store } from "./dom.js";
import { t } from "./words.js";

const LINES = { plain_text_input: "text", email_text_input: "email", url_text_input: "url", number_input: "text" };
const CLOCKS = { datepicker: "date", timepicker: "time", datetimepicker: "datetime-local" };

const optionsOf = (element) => [...(element.options || []), ...(element.option_groups || []).flatMap((group) => group.options)];

// The value that a field begins with: what Slack holds of it, else what its maker gave.
export function begin(element, held) {
  const from = held || {
    value: element.initial_value, selected_option: element.initial_option, selected_options: element.initial_options,
    selected_date: element.initial_date, selected_time: element.initial_time, selected_date_time: element.initial_date_time,
    selected_user: element.initial_user, selected_channel: element.initial_channel, selected_conversation: element.initial_conversation,
    selected_users: element.initial_users, selected_channels: element.initial_channels, selected_conversations: element.initial_conversations,
  };
  // Of what the app is asked for, the choice itself is kept: it stands in no list.
  const kept = element.type.endsWith("external_select") ? (one) => one : (one) => one.value;
  if (from.selected_option) return kept(from.selected_option);
  if (from.selected_options) return from.selected_options.map(kept);
  if (from.files) return from.files;
  if (element.type === "rich_text_input") return words(from.rich_text_value || from.value || "");
  const found = [from.value, from.selected_date, from.selected_time, from.selected_date_time, from.selected_user, from.selected_channel,
    from.selected_conversation, from.selected_users, from.selected_channels, from.selected_conversations].find((one) => one != null);
  if (found == null && element.default_to_current_conversation) return store.at.channel;
  return found ?? "";
}

const words = (rich) => (typeof rich === "string" ? rich : (rich.elements || []).map((one) => (one.elements ? words(one) : one.text || "")).join(""));

// Draw an element; returns its node, the field that a label names, and how its value is read for Slack and for ourselves.
export function control(element, { id, value, described = null, required = false, suggest = null }) {
  const common = { id, "aria-describedby": described, "aria-required": required ? "true" : null, placeholder: (element.placeholder || {}).text };
  if (element.type in LINES || element.type === "rich_text_input") return line(element, common, value);
  if (element.type in CLOCKS) return clock(element, common, value);
  if (element.type === "checkboxes" || element.type === "radio_buttons") return boxes(element, common, value);
  if (element.type === "file_input") return files(element, common, value);
  if (element.type.endsWith("external_select")) return combo(element, common, value, suggest);
  return element.type.startsWith("multi_") ? several(element, common, value) : menu(element, common, value);
}

function line(element, common, value) {
  const limits = { maxlength: element.max_length || 3000 };
  const many = element.multiline || element.type === "rich_text_input";
  const kind = { type: LINES[element.type], inputmode: element.type === "number_input" ? (element.is_decimal_allowed ? "decimal" : "numeric") : null };
  const node = many ? make("textarea", { ...common, ...limits, rows: Math.min(16, Math.max(6, String(value || "").split("\n").length + 2)) }) : make("input", { ...common, ...limits, ...kind });
  node.value = value || "";
  const section = (text) => ({ type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text }] }] });
  const read = () => (element.type === "rich_text_input" && node.value ? section(node.value) : node.value);
  return { node, field: node, raw: () => node.value, read };
}

function clock(element, common, value) {
  const node = make("input", { ...common, type: CLOCKS[element.type] });
  const local = (seconds) => new Date(seconds * 1000 - new Date(seconds * 1000).getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  const moment = element.type === "datetimepicker";
  node.value = moment && typeof value === "number" ? local(value) : value || "";
  return { node, field: node, raw: () => node.value, read: () => (moment && node.value ? Math.round(new Date(node.value).getTime() / 1000) : node.value) };
}

function boxes(element, common, value) {
  const many = element.type === "checkboxes", chosen = [value].flat();
  const inputs = optionsOf(element).map((option, n) => {
    const input = make("input", { type: many ? "checkbox" : "radio", name: common.id, value: option.value, id: n ? `${common.id}-${n}` : common.id });
    input.checked = chosen.includes(option.value);
    return [input, make("label", { class: "choice", for: input.id }, input, " ", option.text.text,
      option.description ? make("span", { class: "small" }, ` ${option.description.text}`) : null)];
  });
  const node = make("div", { class: "choices", role: many ? "group" : "radiogroup", "aria-describedby": common["aria-describedby"] }, inputs.map(([, label]) => label));
  const picked = () => inputs.filter(([input]) => input.checked).map(([input]) => input.value);
  const read = () => (many ? picked() : picked()[0] || "");
  return { node, field: (inputs[0] || [])[0] || node, group: true, raw: read, read };
}

function choices(element) {
  const { state } = store, kind = element.type.replace("multi_", "");
  const people = () => state.people.map((id) => [id, nameOf(id)]);
  const rooms = (fits) => state.channels.filter(fits).map((one) => [one.id, one.kind === "mpim" ? one.name : `# ${one.name}`]);
  if (kind === "users_select") return [["", people()]];
  if (kind === "channels_select") return [["", rooms((one) => one.kind === "public")]];
  if (kind === "conversations_select") {
    const kinds = (element.filter || {}).include;
    return [["", [...rooms((one) => !kinds || kinds.includes(one.kind)), ...(!kinds || kinds.includes("im") ? [[state.tab, "Tijdwinst"]] : [])]]];
  }
  const pair = (option) => [option.value, option.text.text];
  if (element.option_groups) return element.option_groups.map((group) => [group.label.text, group.options.map(pair)]);
  return [["", (element.options || []).map(pair)]];
}

function menu(element, common, value) {
  const { placeholder, ...own } = common;
  const node = make("select", own);
  node.append(make("option", { value: "" }, placeholder || t("Choose …")));
  for (const [label, listed] of choices(element)) {
    const made = listed.map(([key, text]) => make("option", { value: key }, text));
    node.append(...(label ? [make("optgroup", { label }, made)] : made));
  }
  for (const option of node.options) option.selected = option.value === String(value);
  const read = () => node.value;
  return { node, field: node, raw: read, read };
}

const LONG = 8; // from here on a list has a filter

// A menu of which several can be chosen: a list to tick, which needs no key held down.
function several(element, common, value) {
  const chosen = new Set([value].flat().filter(Boolean)), most = element.max_selected_items || 1000;
  const rows = choices(element).flatMap(([, listed]) => listed).map(([key, text], n) => {
    const id = n ? `${common.id}-${n}` : common.id, input = make("input", { type: "checkbox", id, value: key });
    input.checked = chosen.has(key);
    return { input, text, node: make("label", { class: "choice", for: id }, input, " ", text) };
  });
  const limit = () => { const full = chosen.size >= most; for (const { input } of rows) input.disabled = full && !input.checked; };
  const filter = make("input", { type: "search", "aria-label": t("Filter"), placeholder: t("Filter") });
  filter.addEventListener("input", (event) => {
    event.stopPropagation();
    for (const row of rows) row.node.hidden = !row.input.checked && !row.text.toLowerCase().includes(filter.value.trim().toLowerCase());
  });
  filter.addEventListener("change", (event) => event.stopPropagation());
  filter.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  const node = make("div", { role: "group", "aria-describedby": common["aria-describedby"] }, rows.length > LONG ? filter : null, make("div", { class: "choices ticks" }, rows.map((row) => row.node)));
  node.addEventListener("change", (event) => { if (event.target.checked) chosen.add(event.target.value); else chosen.delete(event.target.value); limit(); });
  limit();
  const read = () => [...chosen];
  return { node, field: rows.length ? rows[0].input : node, group: true, raw: read, read };
}

function files(element, common, value) {
  let kept = Array.isArray(value) ? value : [];
  const told = make("p", { class: "small", role: "status" }, kept.map((one) => one.name).join(", "));
  const accept = (element.filetypes || []).map((one) => `.${one}`).join(",");
  const input = make("input", { ...common, type: "file", multiple: (element.max_files || 10) > 1, accept: accept || null });
  const sending = { now: Promise.resolve() };
  input.addEventListener("change", () => {
    const chosen = [...input.files].slice(0, element.max_files || 10);
    told.textContent = t("Uploading …");
    sending.now = upload(chosen).then(
      (made) => { kept = made; told.textContent = kept.map((one) => one.name).join(", "); input.dispatchEvent(new Event("input", { bubbles: true })); },
      () => { kept = []; told.textContent = t("That could not be uploaded."); });
  });
  return { node: make("div", {}, input, told), field: input, raw: () => kept, read: () => kept.map((one) => one.id), ready: () => sending.now };
}

async function upload(chosen) {
  const form = new FormData();
  form.append("user", store.state.me);
  for (const file of chosen) form.append("file", file, file.name);
  const answer = await fetch("/page/upload", { method: "POST", body: form });
  if (!answer.ok) throw new Error(answer.statusText);
  return (await answer.json()).files;
}
