// Block Kit as elements. A scene says where a block stands: `press(action, block, value)` does what its elements do,
// `suggest(action, block, query)` asks for choices, `held(block, action)` is what Slack knows of a field.
import { begin, control } from "./controls.js";
import { $, make, store } from "./dom.js";
import { field, values } from "./fields.js";
import { menuButton } from "./menus.js";
import { link, markdown, mrkdwn, richText, table, textObject } from "./text.js";
import { locale, t } from "./words.js";

let made = 0; // for ids that labels need

const DRAW = {
  section: (one, scene) => make("div", { class: "section" },
    make("div", {}, one.text ? textObject(one.text) : null, one.fields ? make("div", { class: "fields" }, one.fields.map(textObject)) : null),
    one.accessory ? make("div", { class: "accessory" }, element(one.accessory, one, scene)) : null),
  input: field,
  header: (one) => make("h2", { class: "header", dir: "auto" }, one.text.text),
  divider: () => make("hr"),
  context: (one) => make("div", { class: "small context" }, one.elements.map((e) => (e.type === "image" ? picture(e, "tiny") : textObject(e)))),
  actions: (one, scene) => make("div", { class: "actions" }, one.elements.map((e) => element(e, one, scene))),
  context_actions: (one, scene) => make("div", { class: "actions" }, one.elements.map((e) => element(e, one, scene))),
  image: (one) => make("figure", {}, picture(one, ""), one.title ? make("figcaption", { class: "small" }, one.title.text) : null),
  markdown: (one) => markdown(one.text),
  rich_text: (one) => richText(one),
  table: (one) => table(one.rows[0].map(cell), one.rows.slice(1).map((row) => row.map(cell)), (one.column_settings || []).map((set) => (set || {}).align)),
  data_table: (one) => make("figure", {}, make("figcaption", {}, one.caption), DRAW.table(one)),
  data_visualization: chart,
  card,
  carousel: (one, scene) => make("div", { class: "carousel" }, one.elements.map((e) => card(e, scene, one.block_id))),
  container: (one, scene) => make("section", { class: "card" },
    one.title ? make("h2", {}, one.title.text) : one.rich_text_title ? richText(one.rich_text_title) : null,
    one.subtitle ? make("div", { class: "small" }, textObject(one.subtitle)) : null, one.child_blocks.map((e) => block({ block_id: one.block_id, ...e }, scene))),
  alert: (one) => make("div", { class: `alert ${one.level || "default"}`, role: "note" }, textObject(one.text)),
  video: (one) => make("div", { class: "card" }, make("h2", {}, link(one.title.text, one.title_url || one.video_url)), one.description ? one.description.text : one.alt_text),
  file: (one) => make("div", { class: "small" }, `A file from elsewhere: ${one.external_id}`),
  task_card: (one) => make("div", { class: "card" }, make("strong", {}, `${MARK[one.status] || ""} ${one.title}`), make("span", { class: "small" }, ` ${String(one.status || "").replace("_", " ")}`),
    [one.details, one.output].map((text) => (text ? (text.type === "rich_text" ? richText(text) : mrkdwn(String(text))) : null)),
    (one.sources || []).map((source) => make("div", { class: "small" }, link(source.text || source.url, source.url)))),
  plan: (one, scene) => make("section", { class: "card" }, make("h2", {}, one.title), (one.tasks || []).map((task) => block(task, scene))),
};
const MARK = { pending: "○", in_progress: "◔", complete: "●", error: "✕" };

// A scene of a message or view: what is done there goes to Slack with what stands in the fields.
export function sceneOf(key, done, held) {
  const scene = { key, held, fields: new Map() };
  scene.press = (action, blockId, value) => store.act({ ...done, action, block: blockId, value, values: values(scene) });
  scene.suggest = (action, blockId, query) => store.suggest({ action, block: blockId, query });
  return scene;
}

export function block(one, scene) {
  const draw = DRAW[one.type];
  return draw ? draw(one, scene) : make("div", { class: "small" }, `A block that this page does not show: ${one.type}`);
}

function cell(one) {
  if (one == null || typeof one !== "object") return String(one ?? "");
  return one.type === "rich_text" ? richText(one) : String(one.text ?? one.value ?? "");
}

// Pictures from elsewhere are named and not fetched: nothing of an export leaves this machine.
function picture(one, size) {
  const file = one.slack_file && one.slack_file.id;
  const source = file ? `/page/file/${file}/picture?user=${store.state.me}` : one.image_url || (one.slack_file || {}).url || "";
  const own = source.startsWith("/") || source.startsWith(`${location.origin}/`) || source.startsWith("data:image/");
  if (own) return make("img", { src: source, alt: one.alt_text, class: size });
  return make("span", { class: "small" }, "Picture: ", link(one.alt_text || source, source));
}

function chart(one) {
  const { segments = [], series = [] } = one.chart;
  const label = (point, n) => point.label ?? point.name ?? point.x ?? n + 1, amount = (point) => (typeof point === "object" ? point.value ?? point.y ?? "" : point);
  const most = Math.max(1, ...[...segments, ...series.flatMap((line) => line.data || line.points || [])].map((point) => Math.abs(amount(point)) || 0));
  // The figure says it; the bar beside it is for the eye.
  const value = (point) => {
    const shown = make("dd", { class: amount(point) < 0 ? "less" : null }, Number.isFinite(amount(point)) ? amount(point).toLocaleString(locale()) : String(amount(point)));
    shown.style.setProperty("--part", Math.abs(amount(point)) / most || 0);
    return shown;
  };
  const row = (points) => make("dl", { class: "chart" }, points.flatMap((point, n) => [make("dt", {}, String(label(point, n))), value(point)]));
  return make("figure", { class: "card" }, make("figcaption", {}, make("strong", {}, one.title)), segments.length ? row(segments) : null,
    series.map((line) => make("div", {}, line.name || line.label ? make("div", { class: "small" }, line.name || line.label) : null, row(line.data || line.points || []))));
}

function card(one, scene, blockId = one.block_id) {
  return make("section", { class: "card" }, one.hero_image ? picture(one.hero_image, "") : null,
    one.icon ? picture(one.icon, "tiny") : null, one.title ? make("h2", {}, textObject(one.title)) : null,
    one.subtitle ? make("div", { class: "small" }, textObject(one.subtitle)) : null, one.body ? textObject(one.body) : null,
    one.actions ? make("div", { class: "actions" }, one.actions.map((e) => element(e, { block_id: one.block_id || blockId }, scene))) : null);
}

// Ask, where an element wants that, before it does anything.
function confirmed(e) {
  if (!e.confirm) return Promise.resolve(true);
  const dialog = $("confirm");
  return new Promise((done) => {
    const answer = (yes) => () => { dialog.close(); done(yes); };
    dialog.replaceChildren(make("h2", { id: "confirm-title" }, e.confirm.title.text), make("div", { id: "confirm-text" }, textObject(e.confirm.text)), make("div", { class: "actions" },
      make("button", { class: e.confirm.style || "primary", onclick: answer(true) }, e.confirm.confirm.text), make("button", { onclick: answer(false) }, e.confirm.deny.text)));
    dialog.oncancel = () => done(false);
    dialog.showModal();
  });
}

function element(e, one, scene) {
  const press = async (value) => { if (await confirmed(e)) await scene.press(e.action_id, one.block_id, value); };
  const button = (label, value, { onpress, ...more } = {}) => make("button", { type: "button", "data-focus": `${e.action_id}${value ?? ""}`, ...more,
    onclick: async (event) => {
      const pressed = event.currentTarget;
      if (onpress) onpress(pressed);
      if (e.url) window.open(e.url, "_blank", "noreferrer,noopener");
      pressed.setAttribute("aria-busy", "true"); // pressing twice while it works is Slack's to count, and is shown
      await press(value);
      pressed.removeAttribute("aria-busy");
    } }, label);
  if (e.visible_to_user_ids && !e.visible_to_user_ids.includes(store.state.me)) return null;
  if (e.type === "image") return picture(e, "thumb");
  if (e.type === "button" || e.type === "workflow_button") return button(e.text.text, undefined, { class: e.style || "", "aria-label": e.accessibility_label });
  if (e.type === "icon_button") return button(e.text.text, undefined, { "aria-label": e.accessibility_label });
  if (e.type === "feedback_buttons") return feedback(e, scene, press, button);
  if (e.type === "overflow")
    return menuButton("⋯", () => e.options.map((option) => ({ text: option.text.text, small: option.description && ` ${option.description.text}`, href: option.url, act: () => press(option.value) })), { name: t("More actions"), focus: e.action_id });
  const id = `e-${(made += 1)}`, suggest = (query) => scene.suggest(e.action_id, one.block_id, query);
  const drawn = control(e, { id, value: begin(e, scene.held(one.block_id, e.action_id)), suggest });
  drawn.field.setAttribute("data-focus", e.action_id);
  (drawn.group ? drawn.node : drawn.field).setAttribute("aria-label", (e.placeholder || {}).text || t("Choose"));
  scene.fields.set(`${one.block_id}/${e.action_id}`, { blockId: one.block_id, actionId: e.action_id, beside: true, ...drawn });
  drawn.node.addEventListener("change", () => press(drawn.read()));
  return drawn.node;
}

const thought = new Map(); // what was said of an answer, until the page is left

function feedback(e, scene, press, button) {
  const key = `${scene.key}/${e.action_id}`;
  return [e.positive_button, e.negative_button].map((b, n) => button(`${n ? "👎" : "👍"} ${b.text.text}`, b.value, {
    "aria-label": b.accessibility_label || b.text.text, "aria-pressed": String(thought.get(key) === b.value),
    onpress: (pressed) => {
      thought.set(key, b.value);
      for (const one of pressed.parentNode.querySelectorAll("[aria-pressed]")) one.setAttribute("aria-pressed", String(one === pressed));
    } }));
}
