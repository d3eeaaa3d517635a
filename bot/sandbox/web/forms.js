// The form on top: drawn anew only when the bot changes it, and never without what was typed into it.
import { block } from "./blocks.js";
import { begin, control } from "./controls.js";
import { $, make, store } from "./dom.js";

const typed = new Map(); // view, block and action -> what stands in the field
let drawn = "", fields = [], openedFrom = "";

const key = (view, one, e) => `${view.id}/${one.block_id}/${e.action_id}`;
const held = (view, one, e) => ((view.state.values[one.block_id] || {})[e.action_id]);

export function drawModal() {
  const dialog = $("modal"), view = store.state.modal;
  const now = view ? `${view.id}/${view.hash}` : "";
  if (now === drawn) return;
  const same = view && drawn.startsWith(`${view.id}/`);
  drawn = now;
  if (!view) {
    typed.clear();
    if (dialog.open) dialog.close();
    // The button that opened it may be gone by now: then to what stands in its place.
    if (document.activeElement === document.body) {
      const from = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === openedFrom);
      ((from && (from.querySelector(".actions button") || from)) || $("words")).focus();
    }
    return;
  }
  if (!dialog.open) openedFrom = document.activeElement.closest("[data-key]")?.dataset.key || "";
  const focused = same && dialog.contains(document.activeElement) ? document.activeElement.id : "";
  const scroll = same ? dialog.scrollTop : 0;
  fields = [];
  dialog.replaceChildren(form(view));
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = scroll;
  const target = (focused && document.getElementById(focused)) || (fields[0] && fields[0].field) || dialog.querySelector("button");
  target.focus();
  if (!focused && target.setSelectionRange && target.tagName === "TEXTAREA") { target.setSelectionRange(0, 0); target.scrollTop = 0; }
}

function form(view) {
  const wrong = make("p", { class: "wrong", role: "alert", id: "modal-wrong" });
  const scene = {
    press: (action, blockId, value) => store.act({ do: "click_view", action, block: blockId, value, values: values() }),
    held: (blockId, actionId) => (view.state.values[blockId] || {})[actionId],
  };
  const submit = view.submit || view.blocks.some((one) => one.type === "input") ? make("button", { type: "submit", class: "primary" }, (view.submit || { text: "Submit" }).text) : null;
  const back = store.state.beneath ? "Back" : "Cancel";
  const box = make("form", { novalidate: true, onsubmit: (event) => { event.preventDefault(); send(box, submit, wrong); } },
    make("h2", { id: "modal-title" }, view.title.text),
    view.blocks.map((one) => (one.type === "input" ? input(view, one, scene) : block(one, scene))), wrong,
    make("div", { class: "actions" }, submit,
      make("button", { type: "button", id: "modal-close", onclick: () => store.act({ do: "close" }) }, (view.close || { text: back }).text)));
  return box;
}

function input(view, one, scene) {
  const e = one.element, id = `f-${one.block_id}`, at = key(view, one, e);
  const described = [one.hint ? `${id}-hint` : "", `${id}-wrong`].join(" ").trim();
  const made = control(e, { id, value: typed.has(at) ? typed.get(at) : begin(e, held(view, one, e)), described, required: !one.optional });
  const wrong = make("p", { class: "wrong", id: `${id}-wrong` });
  const label = make(made.group ? "div" : "label", made.group ? { id: `${id}-label`, class: "label" } : { for: id }, one.label.text, one.optional ? make("span", { class: "small" }, " (optional)") : null);
  if (made.group) made.node.setAttribute("aria-labelledby", `${id}-label`);
  const keep = () => typed.set(at, made.raw());
  made.node.addEventListener("input", keep);
  made.node.addEventListener("change", () => {
    keep();
    if (one.dispatch_action) scene.press(e.action_id, one.block_id, made.read());
  });
  fields.push({ blockId: one.block_id, actionId: e.action_id, wrong, ...made });
  return make("div", { class: "field" }, label, made.node, one.hint ? make("p", { class: "small", id: `${id}-hint` }, one.hint.text) : null, wrong);
}

const values = () => Object.fromEntries(fields.map((one) => [one.blockId, { [one.actionId]: one.read() }]));

async function send(box, submit, wrong) {
  if (box.getAttribute("aria-busy")) return;
  box.setAttribute("aria-busy", "true");
  submit.disabled = true;
  for (const one of fields) { one.wrong.textContent = ""; one.field.removeAttribute("aria-invalid"); }
  wrong.textContent = "";
  await Promise.all(fields.map((one) => one.ready && one.ready()));
  const answer = await store.act({ do: "submit", values: values() });
  box.removeAttribute("aria-busy");
  submit.disabled = false;
  const errors = answer.errors || {};
  const faulty = fields.filter((one) => errors[one.blockId]);
  for (const one of faulty) { one.wrong.textContent = errors[one.blockId]; one.field.setAttribute("aria-invalid", "true"); }
  if (faulty.length) faulty[0].field.focus();
  else if (answer.error) wrong.textContent = `That was not taken: ${answer.error}`;
}

$("modal").addEventListener("cancel", (event) => { event.preventDefault(); store.act({ do: "close" }); });
// A browser closes a dialog at the second Escape whatever we say.
$("modal").addEventListener("close", () => { if (store.state && store.state.modal && drawn) { drawn = ""; store.act({ do: "close" }); } });
