// Files of messages: pictures are shown, tables and texts on demand, a PDF opens in a tab of its own, all can be saved.
import { make, store } from "./dom.js";
import { table } from "./text.js";
import { t } from "./words.js";

const PICTURE = /^image\/(png|jpeg|gif|webp)$/;
const ROWS_SHOWN = 50, TEXT_SHOWN = 20_000;

export function fileLine(file) {
  const name = file.name || file.title || "?", size = file.size ? ` (${Math.max(1, Math.round(file.size / 1024))} kB)` : "";
  const here = String(file.url_private || "").startsWith(`${location.origin}/`) || String(file.url_private || "").includes("/files-pri/");
  if (!here || !/^F\d+$/.test(file.id || "")) return make("div", { class: "file small" }, t("File: {name}, which is not in this workspace", { name }));
  const target = `/page/file/${file.id}/${encodeURIComponent(name)}?user=${store.state.me}`, kind = file.mimetype || "";
  return make("div", { class: "file" },
    PICTURE.test(kind) ? make("img", { src: target, alt: file.alt_txt || file.title || name }) : null,
    make("a", { href: target, download: name, title: t("Download {name}", { name }) }, `📎 ${name}`), make("span", { class: "small" }, size, " "),
    kind === "application/pdf" || PICTURE.test(kind) ? make("a", { href: target, target: "_blank", rel: "noopener", class: "small", "aria-label": t("Open {name} in a new tab", { name }) }, t("Open it")) : null,
    kind.startsWith("text/") ? preview(target, name) : null);
}

function preview(target, name) {
  const inside = make("div");
  const box = make("details", {}, make("summary", { class: "small", "aria-label": `${t("Preview")}: ${name}` }, t("Preview")), inside);
  box.addEventListener("toggle", async () => {
    if (!box.open || inside.firstChild) return;
    const answer = await fetch(target), text = (await answer.text()).slice(0, TEXT_SHOWN);
    if (!answer.ok) { inside.textContent = t("That did not work: {why}", { why: text }); return; }
    const rows = /\.(csv|tsv)$/i.test(name) ? cells(text).slice(0, ROWS_SHOWN) : [];
    inside.replaceChildren(rows.length ? table(rows[0], rows.slice(1)) : make("pre", {}, text));
  });
  return box;
}

// Rows of a CSV with whatever separates most of its first line; quoted cells may hold separators and line breaks.
function cells(text) {
  const first = text.split("\n", 1)[0], mark = [";", "\t", ","].sort((a, b) => first.split(b).length - first.split(a).length)[0];
  const rows = [[]];
  let cell = "", quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const one = text[i];
    if (quoted) {
      if (one !== '"') cell += one;
      else if (text[i + 1] === '"') { cell += one; i += 1; }
      else quoted = false;
    } else if (one === '"' && !cell) quoted = true;
    else if (one === mark) { rows[rows.length - 1].push(cell); cell = ""; }
    else if (one === "\n") { rows[rows.length - 1].push(cell.replace(/\r$/, "")); cell = ""; rows.push([]); }
    else cell += one;
  }
  rows[rows.length - 1].push(cell);
  return rows.filter((row) => row.some((one) => one.trim()));
}
