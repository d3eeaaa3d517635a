// A button with a menu, for overflow elements and shortcuts: arrow keys move, Escape closes, focus returns.
import { make } from "./dom.js";

let made = 0;

// `items` is a function that returns { text, small, href, act } for each entry, asked when the menu opens.
export function menuButton(label, items, { name = "", focus = null, up = false } = {}) {
  const id = `menu-${(made += 1)}`;
  const list = make("div", { role: "menu", id, class: up ? "popup up" : "popup", hidden: true, "aria-label": name || label });
  const button = make("button", { type: "button", "aria-haspopup": "menu", "aria-expanded": "false", "aria-controls": id, "aria-label": name || null, "data-focus": focus }, label);
  const box = make("span", { class: "menu-box" }, button, list);
  const entries = () => [...list.children];
  const close = (back) => {
    list.hidden = true;
    button.setAttribute("aria-expanded", "false");
    if (back) button.focus();
  };
  const open = (last) => {
    list.replaceChildren(...items().map((one) => make(one.href ? "a" : "button", {
      role: "menuitem", tabindex: -1, type: one.href ? null : "button", href: one.href, target: one.href ? "_blank" : null, rel: one.href ? "noreferrer noopener" : null,
      onclick: () => { close(true); one.act(); } }, one.text, one.small ? make("span", { class: "small" }, one.small) : null)));
    list.hidden = false;
    button.setAttribute("aria-expanded", "true");
    const all = entries();
    (last ? all[all.length - 1] : all[0])?.focus();
  };
  button.addEventListener("click", () => (list.hidden ? open(false) : close(true)));
  box.addEventListener("keydown", (event) => {
    const all = entries(), here = all.indexOf(document.activeElement), step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (list.hidden) { if (step && event.target === button) { event.preventDefault(); event.stopPropagation(); open(step < 0); } return; }
    if (step) all[(here + step + all.length) % all.length].focus();
    else if (event.key === "Home") all[0].focus();
    else if (event.key === "End") all[all.length - 1].focus();
    else if (event.key === "Escape") close(true);
    else if (event.key === "Tab") { close(false); return; }
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  box.addEventListener("focusout", (event) => { if (!box.contains(event.relatedTarget)) close(false); });
  return box;
}
