// A line to type into, or a field on which something is dragged; the kernel answers in words below.
// One question is under way at a time: while the kernel works, the newest one waits and wins.

import { button, clamp, element, largeType, phrase, setAttribute, setText, SUPPRESS } from "./page.js";
import STRINGS from "./strings.json" with { type: "json" };

const NO_KERNEL_AFTER = 4000;

function render({ model, el }) {
  const stop = new AbortController();
  const { signal } = stop;
  const say = STRINGS[model.get("language")];
  const label = model.get("label");
  const root = element("div", {
    class: "ae-root ae-live",
    "data-widget": "LiveInput",
    role: "group",
    "aria-label": model.get("title") || label,
  });
  const answer = element("p", { class: "ae-live-answer", role: "status" });
  const waiting = element("p", { class: "ae-words ae-waiting", role: "status" });
  let asking = false;
  let newest = null;
  let despair = 0;

  const ask = (input) => {
    if (asking) {
      newest = input;
      return;
    }
    asking = true;
    newest = null;
    model.set("input", input);
    model.set("_request", model.get("_request") + 1);
    model.save_changes();
    clearTimeout(despair);
    despair = setTimeout(() => {
      setText(waiting, say.live_no_kernel);
      asking = false; // a kernel that was started meanwhile may be asked
    }, NO_KERNEL_AFTER);
  };
  const answered = () => {
    setText(answer, model.get("_answer").says ?? "");
    if (model.get("_answer").request !== model.get("_request")) return;
    clearTimeout(despair);
    setText(waiting, "");
    asking = false;
    if (newest !== null) ask(newest);
  };

  const field = model.get("_size").length ? makePad(model, say, ask, signal) : makeLine(model, ask, signal);
  const bar = element("div", { class: "ae-controls" });
  for (const example of model.get("examples")) {
    const press = () => {
      field.show(example);
      ask(example);
    };
    const made = button({ label: example, press, signal });
    made.dir = "auto";
    bar.append(made);
  }
  bar.append(largeType({ root, say, signal }).element);
  root.append(field.element, bar, answer, waiting);
  el.replaceChildren(root);

  const shown = () => field.show(model.get("input"));
  model.on("change:input", shown);
  model.on("change:_answer", answered);
  shown();
  setText(answer, model.get("_answer").says ?? "");

  return () => {
    stop.abort();
    clearTimeout(despair);
    model.off("change:input", shown);
    model.off("change:_answer", answered);
  };
}

/** A line, or a few, to type into. */
function makeLine(model, ask, signal) {
  const rows = model.get("_rows");
  const attributes = { class: "ae-live-input", dir: "auto", maxlength: String(model.get("_most")), spellcheck: "false", autocomplete: "off", [SUPPRESS]: "true" };
  const input = rows > 1 ? element("textarea", { ...attributes, rows: String(rows) }) : element("input", { ...attributes, type: "text" });
  input.addEventListener("input", () => ask(input.value), { signal });
  input.addEventListener("keydown", (event) => event.stopPropagation(), { signal });
  const show = (text) => {
    if (input.value !== text && !(document.activeElement === input && model.get("input") !== text)) input.value = text;
  };
  return { element: element("label", { class: "ae-live-label" }, element("span", {}, model.get("label")), input), show };
}

/** A field on which a handle is dragged; places are [column, row], counted from 0. */
function makePad(model, say, ask, signal) {
  const [columns, rows] = model.get("_size");
  let place = model.get("input");
  const handle = element("div", {
    class: "ae-live-handle",
    role: "slider",
    tabindex: "0",
    "aria-label": model.get("label"),
    "aria-valuemin": "0",
    "aria-valuemax": String(columns * rows - 1),
    [SUPPRESS]: "true",
  });
  const pad = element("div", { class: "ae-live-pad" }, handle);
  pad.style.aspectRatio = `${columns} / ${rows}`;
  const show = (now) => {
    place = now;
    handle.style.left = `${(100 * place[0]) / Math.max(columns - 1, 1)}%`;
    handle.style.top = `${(100 * place[1]) / Math.max(rows - 1, 1)}%`;
    setAttribute(handle, "aria-valuenow", String(place[1] * columns + place[0]));
    setAttribute(handle, "aria-valuetext", phrase(say.live_place, { column: place[0] + 1, row: place[1] + 1 }));
  };
  const go = (column, row) => {
    const next = [clamp(column / Math.max(columns - 1, 1)) * (columns - 1), clamp(row / Math.max(rows - 1, 1)) * (rows - 1)].map(Math.round);
    if (next[0] === place[0] && next[1] === place[1]) return;
    show(next);
    ask(next);
  };
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  handle.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in moves)) return;
      event.preventDefault();
      event.stopPropagation();
      const [right, down] = moves[event.key];
      go(place[0] + right, place[1] + down);
    },
    { signal },
  );
  let dragged = null;
  const follow = (event) => {
    const box = pad.getBoundingClientRect();
    go(((event.clientX - box.left) / box.width) * (columns - 1), ((event.clientY - box.top) / box.height) * (rows - 1));
  };
  pad.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0 || dragged !== null) return;
      dragged = event.pointerId;
      pad.setPointerCapture(event.pointerId);
      handle.focus({ preventScroll: true });
      event.preventDefault();
      follow(event);
    },
    { signal },
  );
  pad.addEventListener("pointermove", (event) => event.pointerId === dragged && follow(event), { signal });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"])
    pad.addEventListener(end, (event) => event.pointerId === dragged && (dragged = null), { signal });
  return { element: element("div", { class: "ae-live-label" }, element("span", { "aria-hidden": "true" }, model.get("label")), pad), show };
}

export default { render };
