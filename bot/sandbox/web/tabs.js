// What is no conversation: the app's Home tab, and the ledger of the bot behind this page.
import { block, sceneOf } from "./blocks.js";
import { make, store } from "./dom.js";
import { table } from "./text.js";
import { locale, t } from "./words.js";

export function ledgerItems() {
  const { state } = store;
  const columns = { started_at: "asked", task: "task", surface: "from", outcome: "outcome", review: "review", model: "model", input_tokens: "input tokens",
    output_tokens: "output tokens", cost_microusd: "cost (µ$)", review_minutes: "review (min)", minutes_saved: "saved (min)" };
  const figures = ["input_tokens", "output_tokens", "cost_microusd", "review_minutes", "minutes_saved"];
  const shown = (name, value) => {
    if (value == null) return t("unknown");
    if (name === "started_at") return new Date(value).toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit" });
    return figures.includes(name) ? Number(value).toLocaleString(locale(), { maximumFractionDigits: 1 }) : String(value);
  };
  const names = Object.keys(columns), rows = state.ledger.slice().reverse();
  const text = t(rows.length ? "The newest runs. Unknown stays unknown: a run without a decision has saved nothing yet." : "No runs yet.");
  const drawn = () => make("div", { class: "dense" }, make("p", {}, text), rows.length ? table(Object.values(columns).map((one) => t(one)), rows.map((row) => names.map((name) => shown(name, row[name]))), names.map((name) => (figures.includes(name) ? "right" : null))) : null);
  return [{ key: "ledger", json: JSON.stringify(rows), make: drawn }];
}

let homeScene = { key: "" };

export function homeItems() {
  const { home } = store.state;
  if (!home) return [{ key: "home/none", json: "", make: () => make("p", { class: "note" }, t("Tijdwinst has published no Home tab yet.")) }];
  if (homeScene.key !== home.id) homeScene = sceneOf(home.id, { do: "click_view" }, (blockId, actionId) => (store.state.home.state.values[blockId] || {})[actionId]);
  for (const [key, one] of homeScene.fields) if (!home.blocks.some((b) => b.block_id === one.blockId)) homeScene.fields.delete(key);
  return home.blocks.map((one, n) => ({ key: `home/${one.block_id || n}`, json: JSON.stringify(one), make: () => make("div", { class: "home" }, block(one, homeScene)) }));
}
