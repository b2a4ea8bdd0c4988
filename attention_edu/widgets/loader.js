// What Jupyter loads for every widget: it starts the widget's own code, each code once on a page.
//
// A page keeps every module that it has ever loaded, and Jupyter loads one for each widget that a cell
// makes, however often the cell runs. So this module is short. The code itself comes as a part of the
// widget's state, and all widgets of a page that bring the same code share one copy of it.

const SHARED = Symbol.for("attention_edu.shared"); // on the page: text -> {text, module}

/** What the page keeps of a text: its one copy, and the module that it is once that was asked for. */
function shared(text) {
  const known = (globalThis[SHARED] ??= new Map());
  if (!known.has(text)) known.set(text, { text });
  return known.get(text);
}

async function load(code) {
  const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  try {
    return (await import(address)).default;
  } finally {
    URL.revokeObjectURL(address);
  }
}

function widgetOf(model) {
  const entry = shared(model.get("_code"));
  return (entry.module ??= load(entry.text));
}

async function initialize({ model }) {
  // An equal text is no change; but the page may forget the copy that came with this widget.
  for (const name of ["_code", "_css"]) model.set(name, shared(model.get(name)).text);
  await widgetOf(model);
}

async function render(context) {
  const { el, model } = context;
  const stop = await (await widgetOf(model)).render(context);
  return () => {
    stop();
    el.replaceChildren(); // whoever holds on to the element holds on to no more than that
  };
}

export default { initialize, render };
