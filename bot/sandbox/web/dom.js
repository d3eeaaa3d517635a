// What every part of the page stands on: the state as last told, where we look, and how elements are made.
export const store = {
  state: null,
  at: { user: "", channel: "", thread: "", focus: "", view: "talk" },
  act: async () => ({}), // set by app.js: does something and draws what came of it
};

export const $ = (id) => document.getElementById(id);

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

export const nameOf = (id) => store.state.users[id] || id;

export function channelName(id) {
  if (id === store.state.tab) return "Tijdwinst";
  const found = store.state.channels.find((one) => one.id === id);
  return found ? found.name : id;
}

export const address = (channel, thread = "", ts = "") => `#${channel}/${thread}${ts ? `/${ts}` : ""}`;
