// Brings the saved widgets of an exported notebook to life: no kernel, no network, no library.
//
// The page carries the widgets' state as JSON (#widget-state): `modules` and `styles` hold each
// distinct text once, `models` maps a model's id to its state. A host element names its model in
// data-model-id and holds a .widget-live (empty) and a .widget-picture (shown until it is alive).

const saved = JSON.parse(document.getElementById("widget-state").textContent);
const NO_KERNEL = "This page has no kernel: what needs Python does not answer here.";

/** Whether two values of a trait are alike, so that setting one again is no change. */
function same(one, other) {
  if (Object.is(one, other)) return true;
  if (one === null || other === null || typeof one !== "object" || typeof other !== "object") {
    return false;
  }
  if (ArrayBuffer.isView(one) || ArrayBuffer.isView(other)) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && same(one[name], other[name]))
  );
}

/** Put binary values, which JSON cannot hold, where they belong. */
function withBuffers(state, buffers) {
  for (const { path, data } of buffers) {
    const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
    let place = state;
    for (const step of path.slice(0, -1)) place = place[step];
    place[path.at(-1)] = new DataView(bytes.buffer);
  }
  return state;
}

/** The state of one widget; every view of it listens to the same one. */
class Model {
  #state;
  #listeners = new Map(); // event -> array of [callback, owner]
  #depth = 0;
  #pending = false;

  constructor(state) {
    this.#state = state;
  }

  get(name) {
    return this.#state[name];
  }

  /** Change one trait (name, value) or several ({name: value, …}), and tell who listens. */
  set(key, value) {
    const changes = typeof key === "object" ? key : { [key]: value };
    const changed = Object.keys(changes).filter((name) => !same(this.#state[name], changes[name]));
    Object.assign(this.#state, changes);
    this.#pending ||= changed.length > 0;
    this.#depth += 1;
    try {
      for (const name of changed) this.#emit(`change:${name}`, [this, this.#state[name], {}]);
      // A listener may set in turn: "change" comes once, when all has settled.
      while (this.#depth === 1 && this.#pending) {
        this.#pending = false;
        this.#emit("change", [this, {}]);
      }
    } finally {
      this.#depth -= 1;
    }
  }

  listen(names, callback, owner) {
    for (const name of names.split(/\s+/)) {
      this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), [callback, owner]]);
    }
  }

  /** Stop listening: of one owner, to all events and with all callbacks unless they are named. */
  leave(names, callback, owner) {
    for (const name of names?.split(/\s+/) ?? [...this.#listeners.keys()]) {
      const kept = (this.#listeners.get(name) ?? []).filter(
        ([known, of]) => of !== owner || (callback && known !== callback),
      );
      this.#listeners.set(name, kept);
    }
  }

  #emit(name, details) {
    // A list is replaced, never changed, so that listeners may come and go meanwhile.
    for (const [callback] of this.#listeners.get(name) ?? []) {
      try {
        callback(...details);
      } catch (error) {
        console.error(error);
      }
    }
  }

  /** What a widget's module sees of the model. */
  facade(owner = Symbol("view")) {
    return {
      get: (name) => this.get(name),
      set: (key, value) => this.set(key, value),
      save_changes: () => {}, // there is no kernel to save them to
      send: () => {},
      on: (names, callback) => this.listen(names, callback, owner),
      off: (names, callback) => this.leave(names, callback, owner),
      widget_manager: undefined,
    };
  }
}

/** Give what `make` makes for a key, and make it only once. */
function once(make) {
  const made = new Map();
  return (key) => {
    if (!made.has(key)) made.set(key, make(key));
    return made.get(key);
  };
}

const moduleOf = once(async (index) => {
  const blob = new Blob([saved.modules[index]], { type: "text/javascript" });
  const address = URL.createObjectURL(blob);
  try {
    return await import(address);
  } finally {
    URL.revokeObjectURL(address);
  }
});

const addStyle = once((index) => {
  const style = document.createElement("style");
  style.textContent = saved.styles[index];
  document.head.append(style);
});

const experimental = { invoke: () => Promise.reject(new Error(NO_KERNEL)) };

/** Load a widget's module and initialise its model; all its views wait for the same promise. */
const widgetOf = once(async (id) => {
  const entry = saved.models[id];
  const model = new Model(withBuffers(entry.state, entry.buffers ?? []));
  if (entry.style !== undefined) addStyle(entry.style);
  const module = await moduleOf(entry.module);
  const exported = module.default ?? { render: module.render };
  const widget = typeof exported === "function" ? await exported() : exported;
  const { signal } = new AbortController();
  await widget.initialize?.({ model: model.facade(), signal, experimental });
  return { model, widget };
});

/** Draw a widget, or a box of widgets, into an element. */
async function show(id, element) {
  const entry = saved.models[id];
  if (entry.children) {
    element.classList.add(entry.horizontal ? "widget-row" : "widget-column");
    for (const child of entry.children) {
      const place = document.createElement("div");
      element.append(place);
      await show(child, place);
    }
    return;
  }
  const { model, widget } = await widgetOf(id);
  const { signal } = new AbortController();
  await widget.render?.({ model: model.facade(), el: element, signal, experimental });
}

async function start(host) {
  const live = host.querySelector(".widget-live");
  const picture = host.querySelector(".widget-picture");
  try {
    await show(host.dataset.modelId, live);
    picture.hidden = true;
    host.dataset.state = "live";
  } catch (error) {
    console.error(error);
    const told = document.createElement("p");
    told.textContent = `This widget could not be started; its picture stands in. (${error.message})`;
    live.replaceChildren(told);
    host.dataset.state = "failed";
  }
}

// The page follows the reader's choice of light or dark; whoever asks JupyterLab's mark is told.
const dark = matchMedia("(prefers-color-scheme: dark)");
const tellTheme = () => { document.body.dataset.jpThemeLight = String(!dark.matches); };
dark.addEventListener("change", tellTheme);
tellTheme();

await Promise.all([...document.querySelectorAll("[data-model-id]")].map(start));
document.documentElement.dataset.widgets = "ready";
