// A field that asks the app for its choices while somebody types: external_select and multi_external_select.
import { make } from "./dom.js";
import { count, t } from "./words.js";

const PAUSE_MS = 150;

export function combo(element, common, value, suggest) {
  const many = element.type.startsWith("multi_"), list = make("ul", { id: `${common.id}-list`, role: "listbox", class: "popup", hidden: true });
  const least = element.min_query_length ?? 3, most = many ? element.max_selected_items || 1000 : 1;
  let chosen = (Array.isArray(value) ? value : [value]).filter((one) => one && one.value), offered = [], active = -1, asked = 0, timer = 0;
  const input = make("input", { ...common, type: "text", role: "combobox", autocomplete: "off", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id });
  const told = make("p", { class: "small", role: "status" }), picked = make("div", { class: "chips", role: "group", "aria-label": t("Chosen") });
  const node = make("div", { class: "combo" }, many ? picked : null, input, list, told);

  const tell = () => node.dispatchEvent(new Event("change"));
  const show = () => {
    if (!many) { input.value = chosen.length ? chosen[0].text.text : ""; return; }
    picked.replaceChildren(...chosen.map((one, n) => make("button", { type: "button", class: "chip", "aria-label": t("Remove {name}", { name: one.text.text }),
      onclick: () => { chosen = chosen.filter((_, at) => at !== n); show(); tell(); input.focus(); } }, `${one.text.text} ✕`)));
  };
  const close = () => {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = (n) => {
    active = n;
    [...list.querySelectorAll("[role=option]")].forEach((one, at) => one.setAttribute("aria-selected", String(at === n)));
    input.setAttribute("aria-activedescendant", `${list.id}-${n}`);
    document.getElementById(`${list.id}-${n}`)?.scrollIntoView({ block: "nearest" });
  };
  const pick = (n) => {
    const option = offered[n];
    if (!option) return;
    chosen = many ? [...chosen.filter((one) => one.value !== option.value), option].slice(0, most) : [option];
    if (many) input.value = "";
    close();
    show();
    told.textContent = "";
    tell();
  };
  const entry = (option, n) => make("li", { role: "option", id: `${list.id}-${n}`, "aria-selected": "false", onmousedown: (event) => event.preventDefault(), onclick: () => pick(n) },
    option.text.text, option.description ? make("span", { class: "small" }, ` ${option.description.text}`) : null);
  const look = async () => {
    const query = input.value.trim(), mine = (asked += 1);
    if (query.length < least) { close(); told.textContent = query ? t("Type at least {n} characters.", { n: least }) : ""; return; }
    const answer = await suggest(query);
    if (mine !== asked || document.activeElement !== input) return;
    offered = answer.options || [];
    list.replaceChildren(...offered.map(entry));
    told.textContent = answer.error ? t("The app gave no choices: {why}", { why: answer.error }) : offered.length ? count(offered.length, "1 result", "{n} results") : t("No results");
    list.hidden = !offered.length;
    input.setAttribute("aria-expanded", String(offered.length > 0));
    active = -1;
  };
  input.addEventListener("input", (event) => {
    event.stopPropagation(); // what is typed is a question; the value is what gets chosen
    if (!many && !input.value && chosen.length) { chosen = []; tell(); }
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE_MS);
  });
  input.addEventListener("change", (event) => event.stopPropagation());
  input.addEventListener("focus", () => { if (!least && list.hidden) look(); });
  input.addEventListener("blur", () => { clearTimeout(timer); asked += 1; close(); if (!many) show(); else input.value = ""; told.textContent = ""; });
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && !list.hidden) mark((active + step + offered.length) % offered.length);
    else if (event.key === "Enter") { if (!list.hidden) pick(active < 0 ? 0 : active); }
    else if (event.key === "Escape" && !list.hidden) { close(); event.stopPropagation(); }
    else return;
    event.preventDefault();
  });
  show();
  return { node, field: input, raw: () => (many ? chosen : chosen[0] || ""), read: () => (many ? chosen.map((one) => one.value) : chosen[0]?.value || "") };
}
