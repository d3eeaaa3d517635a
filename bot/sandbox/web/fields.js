// A labelled field: the input block of forms, of the Home tab and of messages; and what is told while somebody types.
import { begin, control } from "./controls.js";
import { make } from "./dom.js";
import { t } from "./words.js";

const typed = new Map(); // the scene's key, block and action -> what stands in the field
const TYPING = ["plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input"];

export const forget = (key) => { for (const one of typed.keys()) if (one.startsWith(`${key}/`)) typed.delete(one); };

// What stands in a scene's fields now, as Slack's state has it: by block and action.
export function values(scene) {
  const found = {};
  for (const one of scene.fields.values()) (found[one.blockId] ||= {})[one.actionId] = one.read();
  return found;
}

export function field(one, scene) {
  const e = one.element, id = `f-${scene.key}-${one.block_id}`.replace(/[^\w-]/g, "_"), at = `${scene.key}/${one.block_id}/${e.action_id}`;
  const described = [one.hint ? `${id}-hint` : "", `${id}-wrong`].join(" ").trim();
  const value = typed.has(at) ? typed.get(at) : begin(e, scene.held(one.block_id, e.action_id));
  const suggest = (query) => scene.suggest(e.action_id, one.block_id, query);
  const made = control(e, { id, value, described, required: !one.optional, suggest });
  const wrong = make("p", { class: "wrong", id: `${id}-wrong` });
  const label = make(made.group ? "div" : "label", made.group ? { id: `${id}-label`, class: "label" } : { for: id }, one.label.text, one.optional ? make("span", { class: "small" }, ` ${t("(optional)")}`) : null);
  if (made.group) made.node.setAttribute("aria-labelledby", `${id}-label`);
  const keep = () => typed.set(at, made.raw());
  made.node.addEventListener("input", keep);
  made.node.addEventListener("change", keep);
  if (one.dispatch_action) dispatch(e, made, () => scene.press(e.action_id, one.block_id, made.read()));
  scene.fields.set(at, { blockId: one.block_id, actionId: e.action_id, wrong, first: e.focus_on_load, ...made });
  return make("div", { class: "field" }, label, made.node, one.hint ? make("p", { class: "small", id: `${id}-hint` }, one.hint.text) : null, wrong);
}

// Slack tells of a menu when something is chosen, of a text at Enter, or with each character when the app asks for that.
function dispatch(e, made, tell) {
  if (!TYPING.includes(e.type)) { made.node.addEventListener("change", tell); return; }
  const on = (e.dispatch_action_config || {}).trigger_actions_on || ["on_enter_pressed"];
  if (on.includes("on_enter_pressed"))
    made.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      tell();
    });
  if (on.includes("on_character_entered")) {
    // One at a time, the last one always: what was typed meanwhile is told when the app has answered.
    let telling = false, again = false;
    const go = async () => {
      if (telling) { again = true; return; }
      telling = true;
      do { again = false; await tell(); } while (again);
      telling = false;
    };
    made.field.addEventListener("input", go);
  }
}
