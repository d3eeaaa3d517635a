// The form on top: drawn anew only when the bot changes it, and never without what was typed into it.
import { block, sceneOf } from "./blocks.js";
import { $, make, store } from "./dom.js";
import { forget, values } from "./fields.js";
import { t } from "./words.js";

let drawn = "", scene = null, openedFrom = "", seen = [];

const fields = () => (scene ? [...scene.fields.values()].filter((one) => !one.beside) : []);

export function drawModal() {
  const dialog = $("modal"), view = store.state.modal;
  const now = view ? `${view.id}/${view.hash}` : "";
  if (now === drawn) return;
  const same = view && drawn.startsWith(`${view.id}/`);
  drawn = now;
  if (!view) {
    seen.forEach(forget);
    seen = [];
    scene = null;
    if (dialog.open) dialog.close();
    // The button that opened it may be gone by now: then to what stands in its place.
    if (document.activeElement === document.body) {
      const from = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === openedFrom);
      ((from && (from.querySelector(".actions button") || from)) || $("words")).focus();
    }
    return;
  }
  if (!dialog.open) openedFrom = document.activeElement.closest("[data-key]")?.dataset.key || "";
  const active = same && dialog.contains(document.activeElement) ? document.activeElement : null;
  const focused = active ? active.id : "", caret = active && "selectionStart" in active ? [active.selectionStart, active.selectionEnd] : null;
  const scroll = same ? dialog.scrollTop : 0;
  seen.push(view.id);
  dialog.replaceChildren(form(view));
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = scroll;
  const all = fields(), first = all.find((one) => one.first) || all[0];
  const target = (focused && document.getElementById(focused)) || (first && first.field) || dialog.querySelector("button");
  target.focus();
  if (focused && caret && caret[0] != null) target.setSelectionRange(...caret);
  else if (!focused && target.setSelectionRange && target.tagName === "TEXTAREA") { target.setSelectionRange(0, 0); target.scrollTop = 0; }
}

function form(view) {
  const wrong = make("p", { class: "wrong", role: "alert", id: "modal-wrong" });
  scene = sceneOf(view.id, { do: "click_view" }, (blockId, actionId) => (view.state.values[blockId] || {})[actionId]);
  const submit = view.submit || view.blocks.some((one) => one.type === "input") ? make("button", { type: "submit", class: "primary" }, (view.submit || { text: t("Submit") }).text) : null;
  const back = t(store.state.beneath ? "Back" : "Cancel");
  const box = make("form", { novalidate: true, onsubmit: (event) => { event.preventDefault(); send(box, submit, wrong); } },
    make("h2", { id: "modal-title" }, view.title.text), view.blocks.map((one) => block(one, scene)), wrong,
    make("div", { class: "actions" }, submit,
      make("button", { type: "button", id: "modal-close", onclick: () => store.act({ do: "close" }) }, (view.close || { text: back }).text)));
  return box;
}

async function send(box, submit, wrong) {
  if (box.getAttribute("aria-busy")) return;
  box.setAttribute("aria-busy", "true");
  submit.disabled = true;
  for (const one of fields()) { one.wrong.textContent = ""; one.field.removeAttribute("aria-invalid"); }
  wrong.textContent = "";
  await Promise.all(fields().map((one) => one.ready && one.ready()));
  const answer = await store.act({ do: "submit", values: values(scene) });
  box.removeAttribute("aria-busy");
  submit.disabled = false;
  const errors = answer.errors || {};
  const faulty = fields().filter((one) => errors[one.blockId]);
  for (const one of faulty) { one.wrong.textContent = errors[one.blockId]; one.field.setAttribute("aria-invalid", "true"); }
  if (faulty.length) faulty[0].field.focus();
  else if (answer.error) wrong.textContent = t("That was not taken: {why}", { why: answer.error });
}

$("modal").addEventListener("cancel", (event) => { event.preventDefault(); store.act({ do: "close" }); });
// A browser closes a dialog at the second Escape whatever we say.
$("modal").addEventListener("close", () => { if (store.state && store.state.modal && drawn) { drawn = ""; store.act({ do: "close" }); } });
