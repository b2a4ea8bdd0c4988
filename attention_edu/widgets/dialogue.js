// How a widget's page talks with its kernel, the same for every widget: the page answers first and
// tells the kernel afterwards; or, where a student's function answers, asks the kernel and waits.

import { element, numberBox, paintThumb, phrase, setNumber, setText, showSlider, slider } from "./page.js";

const TELL_AFTER = 100; // milliseconds; at the end of a drag it is told at once
const TOGETHER = 30; // a kernel that answers within this time is waited for, and painted once
const PATIENCE = 250; // … before "waiting for your function" appears
const NO_KERNEL_AFTER = 4000;
const WORDS_AFTER = 400; // milliseconds of rest before a screen reader hears the result

/**
 * The words below a picture, for every widget: `below` (waiting, error, what was printed) goes under
 * it, `spoken` is heard but not seen.
 */
export function wordsBelow(say) {
  const alert = element("div", { class: "ae-alert", role: "alert" });
  const waiting = element("div", { class: "ae-words ae-waiting", role: "status" });
  const printed = element("pre", { class: "ae-printed", role: "region", tabindex: "0", "aria-label": say.printed });
  const spoken = element("div", { class: "ae-spoken", role: "status" });
  const show = ({ error = "", printed: text = "" }) => {
    if (alert.textContent !== error) alert.textContent = error;
    const told = text ? `${say.printed}\n${text}` : "";
    if (printed.textContent !== told) printed.textContent = told;
  };
  return { below: [waiting, alert, printed], waiting, spoken, show };
}

/**
 * Let page and kernel talk.
 *
 * `watched`: the model's keys that change the picture. `read()` takes the model's state over without
 * painting; `draw()` paints, and calls `words.show`. `name`: the student's function that answers in
 * the kernel, or "" where the page answers itself. `summary()`: what is said once all is at rest.
 *
 * Returns `change(changes)` for what a student moves, `paint()`, `stale()` (whether the answer shown
 * is not the one to the present question) and `stop()`.
 */
export function dialogue({ model, root, words, say, name = "", watched, read, draw, summary = () => "", signal }) {
  let quiet = false; // several changes are painted once
  let telling = 0;
  let together = 0;
  let asked = 0;
  let took = 0;
  let patience = 0;
  let despair = 0;
  let laterWords = 0;

  const stale = () => Boolean(name) && model.get("_answer").request !== model.get("_request");
  const settle = () => {
    clearTimeout(patience);
    clearTimeout(despair);
    patience = despair = 0;
    setText(words.waiting, "");
  };
  const paint = () => {
    if (quiet) return;
    clearTimeout(together);
    together = 0;
    read();
    draw();
    root.classList.toggle("ae-stale", stale());
    if (!stale()) settle();
    clearTimeout(laterWords);
    laterWords = setTimeout(() => setText(words.spoken, summary()), WORDS_AFTER);
  };

  const tellNow = () => {
    if (!telling) return;
    clearTimeout(telling);
    telling = 0;
    model.save_changes();
  };

  // A quick answer from the kernel is painted in one frame with what it answers; a score whose
  // answer takes longer does not wait for it.
  const ask = () => {
    model.save_changes();
    patience ||= setTimeout(() => setText(words.waiting, phrase(say.waiting, { name })), PATIENCE);
    despair ||= setTimeout(() => setText(words.waiting, phrase(say.no_kernel, { name })), NO_KERNEL_AFTER);
    asked ||= performance.now();
    if (took > TOGETHER) {
      paint();
      return;
    }
    read();
    together ||= setTimeout(paint, TOGETHER);
  };
  const answered = () => {
    if (asked) took = performance.now() - asked;
    asked = 0;
    paint();
  };

  const change = (changes) => {
    quiet = true;
    if (name) model.set("_request", model.get("_request") + 1);
    for (const [key, value] of Object.entries(changes)) model.set(key, value);
    quiet = false;
    if (name) {
      ask();
      return;
    }
    paint();
    telling ||= setTimeout(tellNow, TELL_AFTER);
  };

  for (const key of watched) model.on(`change:${key}`, paint);
  model.on("change:_answer", answered);
  root.addEventListener("pointerup", tellNow, { signal });
  /** Paint for the first time; nothing is announced before the first move. */
  const begin = () => {
    paint();
    clearTimeout(laterWords);
  };
  const stop = () => {
    tellNow();
    for (const key of watched) model.off(`change:${key}`, paint);
    model.off("change:_answer", answered);
    for (const timer of [together, laterWords, patience, despair]) clearTimeout(timer);
  };
  return { change, paint, begin, stale, stop };
}

/** A small slider with its words and its number, for the row of controls. `text(number)` shows it. */
export function knob({ name, scale, read, write, text, signal }) {
  const track = slider({ name, scale, read, write, signal, className: "ae-knob" });
  const thumb = element("span", { class: "ae-thumb" });
  track.append(element("span", { class: "ae-rail" }), thumb);
  const { box, frame } = numberBox();
  const show = () => {
    const number = read();
    paintThumb(thumb, Math.min(Math.max(scale.toPlace(number), 0), 1));
    setNumber(box, text(number));
    showSlider(track, scale, number, text(number));
  };
  return { element: element("span", { class: "ae-control" }, name, track, frame), show };
}

