// The score explorer: a living table, one row a token and one column a step of attention.
// Scores are dragged; weights, weighted values and output follow in the same instant.

import { softmax, maskScores, weightedSum, entropy, secondSoftmaxCeiling } from "./attention.js";
import { dialogue, knob, wordsBelow } from "./dialogue.js";
import {
  button,
  checkbox,
  clamp,
  convexHull,
  decimal,
  decimals,
  decodeNumbers,
  element,
  encodeNumbers,
  largeType,
  linearScale,
  logScale,
  makeRoom,
  numberBox,
  paintBar,
  paintThumb,
  paintUprightBars,
  percent,
  phrase,
  scientific,
  setAttribute,
  setNumber,
  setText,
  shorten,
  showSlider,
  slider,
  svgElement,
  tokenNames,
  uprightBars,
  vector,
} from "./page.js";
import STRINGS from "./strings.json" with { type: "json" };

const ROWS_PAINTED_AT_ONCE = 64; // with more tokens, rows out of sight are painted a moment later
const ROWS_A_BLOCK = 8; // … and the browser leaves out whole blocks of them
const BARS_A_ROW = 16; // values with more components show this many
const NUMBERS_A_ROW = 4;
const LABELS_IN_THE_PLANE = 24;

function render({ model, el }) {
  const stop = new AbortController();
  const { signal } = stop;
  const say = STRINGS[model.get("language")];
  const tokens = model.get("tokens");
  const n = tokens.length;
  const names = tokenNames(tokens, say);
  const steps = model.get("steps");
  const controls = model.get("controls");
  const yours = model.get("_yours"); // names of the student's functions: {softmax, weighted_sum}
  const fromKernel = Boolean(yours.softmax || yours.weighted_sum);
  const shows = (step) => steps.includes(step);
  const offers = (control) => controls.includes(control);
  let state = readState(model, null);
  // Bars of exponentials keep the scale of the beginning: a bar moves if its own number does.
  const start = decodeNumbers(model.get("_initial").scores);
  const fullExponential = 1.5 * Math.exp(Math.min(Math.max(...start) / model.get("_initial").temperature, 700));
  const width = state.values ? state.values[0].length : 0;
  const hasPlane = model.get("plane") && width === 2;

  const change = (changes) => talk.change(changes);

  // ------------------------------------------------------------------------- building the page

  const root = element("div", {
    class: "ae-root ae-score-explorer",
    "data-widget": "ScoreExplorer",
    role: "group",
    "aria-label": model.get("title") || say.explorer,
  });
  const [low, high] = model.get("score_range");
  const scoreScale = linearScale(low, high, 0.1);
  const guessScale = linearScale(0, 1, 0.01);
  const answers = ["weights", "products"];
  const columns = element("div", { class: "ae-columns" });
  const scroller = element("div", { class: "ae-scroller" }, columns);

  /** One column of the table: a head, a cell for each token, a foot. */
  const column = (kind, label, head) => {
    const cells = tokens.map((_, i) => element("div", { class: "ae-cell", "data-token": String(i) }));
    const foot = element("div", { class: "ae-foot" });
    const made = element(
      "div",
      { class: `ae-column ae-${kind}${answers.includes(kind) ? " ae-answer" : ""}`, role: "group", "aria-label": label },
      element("div", { class: "ae-head" }, ...head),
      ...(n > ROWS_PAINTED_AT_ONCE ? blocks(cells) : cells),
      foot,
    );
    columns.append(made);
    return { cells, foot, element: made };
  };
  const stepHead = (number, text, note = "") => [
    element("span", { class: "ae-step", "aria-hidden": "true" }, String(number)),
    element("span", { class: "ae-title" }, text),
    element("span", { class: "ae-note" }, note),
  ];

  const head = column("tokens", say.token, [element("span", { class: "ae-title" }, say.token)]);
  const toggles = tokens.map((token, i) => {
    const label = element("span", { class: "ae-token", dir: "auto", title: token }, token || "␣");
    if (offers("mask")) {
      const toggle = checkbox({
        name: phrase(say.attend_to, { token: names[i] }),
        read: () => state.mask[i],
        write: (may) => change({ mask: state.mask.map((old, j) => (j === i ? may : old)) }),
        signal,
      });
      head.cells[i].append(toggle.box, label);
      return toggle;
    }
    head.cells[i].append(label);
    return null;
  });
  head.foot.append(element("span", { class: "ae-title" }, say.sum));

  let scores = null;
  if (shows("scores")) {
    scores = column("scores", say.columns_scores, stepHead(1, say.score, `⟷ ${say.drag}`));
    scores.bars = tokens.map((_, i) => {
      const track = slider({
        name: phrase(say.score_of, { token: names[i] }),
        scale: scoreScale,
        read: () => state.scores[i],
        write: (score) =>
          change({ scores: encodeNumbers(state.scores.map((old, j) => (j === i ? score : old))) }),
        signal,
        className: "ae-bipolar",
      });
      const bar = element("span", { class: "ae-bar" });
      const thumb = element("span", { class: "ae-thumb" });
      track.append(element("span", { class: "ae-zero" }), bar, thumb);
      track.style.setProperty("--zero", String(clamp(scoreScale.toPlace(0))));
      const { box: number, frame } = numberBox();
      scores.cells[i].append(track, frame);
      return { track, bar, thumb, number };
    });
  }

  let exponentials = null;
  if (shows("exponentials")) {
    const formula = element("span", { class: "ae-title ae-formula" }, "e^score");
    exponentials = column("exponentials", say.columns_exponentials, [formula]);
    exponentials.formula = formula;
    exponentials.bars = tokens.map((_, i) => barCell(exponentials.cells[i]));
    exponentials.sum = sumBox(exponentials.foot);
  }

  let weights = null;
  if (shows("weights")) {
    weights = column(
      "weights",
      say.columns_weights,
      stepHead(2, say.weight),
    );
    weights.bars = tokens.map((_, i) => {
      const made = barCell(weights.cells[i]);
      if (!model.get("predict")) return made;
      made.guess = slider({
        name: phrase(say.guess_for, { token: names[i] }),
        scale: guessScale,
        read: () => state.guess[i],
        write: (share) => {
          if (!state.locked) model.set("guess", state.guess.map((old, j) => (j === i ? share : old)));
          model.save_changes();
        },
        signal,
        className: "ae-guess",
      });
      made.guess.append(
        element("span", { class: "ae-rail" }),
        element("span", { class: "ae-bar" }),
        element("span", { class: "ae-thumb" }),
      );
      const { box: guessNumber, frame } = numberBox("ae-guess-number");
      made.guessNumber = guessNumber;
      made.tick = element("span", { class: "ae-tick" });
      made.bar.parentElement.append(made.tick);
      weights.cells[i].append(made.guess, frame);
      return made;
    });
    weights.note = weights.element.querySelector(".ae-note");
    weights.sum = sumBox(weights.foot);
  }

  let values = null;
  if (shows("values")) {
    values = column("values", say.columns_values, [
      element("span", { class: "ae-title" }, say.value),
      element("span", { class: "ae-note" }, model.get("value_names").join(", ")),
    ]);
    values.vectors = tokens.map((_, i) => vectorCell(values.cells[i], width));
  }

  let products = null;
  if (shows("output")) {
    products = column(
      "products",
      say.columns_output,
      stepHead(
        3,
        say.product,
        yours.weighted_sum ? phrase(say.yours, { name: yours.weighted_sum }) : "",
      ),
    );
    products.vectors = tokens.map((_, i) => vectorCell(products.cells[i], width));
    products.sum = vectorCell(products.foot, width);
    products.sum.note.textContent = say.output;
    products.outputs = Array.from({ length: width }, (_, c) =>
      element("span", { class: "ae-output", "data-component": String(c) }),
    );
    products.sum.numbers.replaceChildren(...products.outputs);
  }

  const plane = hasPlane && shows("output") ? makePlane(tokens, model.get("value_names"), say) : null;

  // ------------------------------------------------------------------------- controls and words

  const bar = element("div", { class: "ae-controls", role: "group", "aria-label": say.controls });
  const control = (key, scale, text) =>
    offers(key)
      ? knob({ name: say[key], scale, read: () => state[key], write: (number) => change({ [key]: number }), text, signal })
      : null;
  const knobs = [
    control("temperature", logScale(0.1, 10), (number) => decimal(number, decimals(number))),
    control("constant", linearScale(-1000, 1000, 10), (number) => decimal(number, 0)),
  ].filter(Boolean);
  bar.append(...knobs.map((made) => made.element));
  const twice = offers("twice")
    ? checkbox({
        label: say.twice,
        read: () => state.twice,
        write: (checked) => change({ twice: checked }),
        signal,
      })
    : null;
  if (twice) bar.append(twice.element);
  const { box: spread, frame: spreadFrame } = numberBox("ae-entropy");
  if (weights && offers("entropy")) bar.append(spreadFrame);
  if (offers("reset")) {
    bar.append(
      button({
        label: say.reset,
        press: () => change(model.get("_initial")), // a locked guess stays locked
        signal,
      }),
    );
  }
  const type = largeType({
    root,
    say,
    follow: () => {
      look(); // other rows are in sight
      draw();
    },
    signal,
  });
  bar.append(type.element);

  const ceiling = element("p", { class: "ae-words ae-ceiling" }, "");
  const guessing = element("div", { class: "ae-words ae-guessing" });
  let lock = null;
  const guessWords = element("p", { class: "ae-guess-words", role: "status" }, "");
  if (model.get("predict") && weights) {
    lock = button({
      label: say.lock,
      press: () => {
        const { weights: answer } = answerOf(model, state, fromKernel, width);
        model.set("_locked_weights", state.locked || !answer ? null : encodeNumbers(answer));
        model.set("locked", !state.locked);
        model.save_changes();
      },
      signal,
    });
    lock.classList.add("ae-primary");
    guessing.append(guessWords, lock);
  }
  const words = wordsBelow(say);
  const side = element("div", { class: "ae-side" });
  side.append(bar, ceiling, guessing, ...words.below);
  const lower = element("div", { class: "ae-lower" });
  if (plane) lower.append(plane.element);
  lower.append(side);
  root.append(scroller, lower, words.spoken);
  columns.classList.toggle("ae-many-components", width > 2);
  columns.classList.toggle("ae-signed", Boolean(state.extent) && state.extent.floor < 1);
  root.classList.toggle("ae-no-sums", !(exponentials || weights || products));
  el.replaceChildren(root);

  // ------------------------------------------------------------------------- drawing

  let first = 0;
  let last = n;
  let laterPaint = 0;

  const look = () => {
    if (n <= ROWS_PAINTED_AT_ONCE) return;
    const height = head.cells[0].offsetHeight || 32;
    first = Math.max(0, Math.floor(scroller.scrollTop / height) - 1);
    last = Math.min(n, first + Math.ceil((scroller.clientHeight || 640) / height) + 2);
  };

  let seen = null;
  const draw = () => {
    seen = answerOf(model, state, fromKernel, width);
    root.classList.toggle("ae-hide-weights", model.get("predict") && !state.locked);
    for (let i = first; i < last; i++) paintRow(i, seen);
    if (last - first < n) {
      markWeights();
      clearTimeout(laterPaint);
      laterPaint = setTimeout(() => {
        for (let i = 0; i < n; i++) if (i < first || i >= last) paintRow(i, seen);
      }, 150);
    }
    paintSums(seen);
    paintControls(seen);
    if (plane) plane.paint(state.values, seen, state.mask, revealed());
  };

  const revealed = () => !model.get("predict") || state.locked;

  /** Every token's weight is on the page in full precision, painted or not. */
  const markWeight = (i, seen) => {
    const cell = weights.bars[i].number;
    const weight = seen.weights && revealed() ? seen.weights[i] : null;
    if (weight === cell.aeWeight) return;
    cell.aeWeight = weight;
    if (weight === null) cell.removeAttribute("data-weight");
    else cell.setAttribute("data-weight", weight);
  };
  const markWeights = () => {
    if (weights) for (let i = 0; i < n; i++) markWeight(i, seen);
  };

  const paintRow = (i, seen) => {
    const masked = !state.mask[i];
    head.cells[i].classList.toggle("ae-masked", masked);
    toggles[i]?.show();
    const weight = seen.weights && revealed() ? seen.weights[i] : null;
    if (scores) {
      const { track, bar: scoreBar, thumb, number } = scores.bars[i];
      const score = state.scores[i];
      const place = clamp(scoreScale.toPlace(score));
      const zero = clamp(scoreScale.toPlace(0));
      paintBar(scoreBar, zero, place);
      paintThumb(thumb, place);
      scores.cells[i].classList.toggle("ae-masked", masked);
      track.classList.toggle("ae-beyond", score > high || score < low);
      const text = masked && score !== -Infinity ? `${decimal(score, 1)}, ${say.masked}` : decimal(score, 1);
      setNumber(number, masked ? say.minus_infinity : decimal(score, decimals(score)));
      const words =
        weight === null || !weights
          ? phrase(say.score_text, { score: text })
          : phrase(say.score_text_weight, { score: text, weight: percent(weight) });
      showSlider(track, scoreScale, score, words);
    }
    if (exponentials) {
      const power = seen.exponentials[i];
      const { bar: powerBar, number } = exponentials.bars[i];
      paintBar(powerBar, 0, share(power, fullExponential));
      exponentials.cells[i].classList.toggle("ae-beyond", power > fullExponential * (1 + 1e-9));
      setNumber(number, exponentialText(power));
      setAttribute(number, "aria-label", phrase(say.exponential_of, { token: names[i], number: exponentialText(power) }));
    }
    if (weights) {
      const made = weights.bars[i];
      markWeight(i, seen);
      paintBar(made.bar, 0, clamp(weight ?? 0));
      weights.cells[i].classList.toggle("ae-masked", masked);
      const text = weight === null ? "–" : masked && weight === 0 ? `${percent(0)}` : percent(weight);
      setNumber(made.number, text);
      setAttribute(made.number, "aria-label", phrase(say.weight_of, { token: names[i], weight: masked ? say.masked : text }));
      if (made.guess) paintGuess(made, i);
    }
    if (values) paintVector(values.vectors[i], state.values[i], seen.extent, phrase(say.value_of, { token: names[i], numbers: vector(state.values[i]) }));
    if (products) {
      const product = weight === null ? null : state.values[i].map((x) => weight * x);
      paintVector(products.vectors[i], product, seen.extent, product && phrase(say.product_of, { token: names[i], numbers: vector(product) }));
    }
  };

  const paintGuess = (made, i) => {
    const guess = state.guess[i];
    paintBar(made.guess.querySelector(".ae-bar"), 0, clamp(guess));
    paintThumb(made.guess.querySelector(".ae-thumb"), clamp(guess));
    made.tick.style.left = `${100 * clamp(guess)}%`;
    setNumber(made.guessNumber, state.locked ? phrase(say.guess_tick, { guess: percent(guess) }) : percent(guess));
    showSlider(made.guess, guessScale, guess, percent(guess));
    if (state.locked) made.guess.setAttribute("aria-disabled", "true");
    else made.guess.removeAttribute("aria-disabled");
  };

  const paintSums = (seen) => {
    if (exponentials) {
      setText(exponentials.formula, exponentialFormula(state));
      setNumber(exponentials.sum, exponentialText(seen.exponentialSum));
    }
    if (weights) {
      const own = yours.softmax ? phrase(say.yours, { name: yours.softmax }) : "";
      setText(weights.note, state.twice ? [own, say.twice_note].filter(Boolean).join(", ") : own);
      const total = revealed() ? seen.weights : model.get("predict") ? state.guess : null;
      setNumber(weights.sum, total ? percent(total.reduce((sum, x) => sum + x, 0)) : "–");
    }
    if (products) {
      const output = revealed() ? seen.output : null;
      paintBars(products.sum, output, seen.extent);
      let whole = "";
      products.outputs.forEach((cell, c) => {
        const [before, after] = [c ? ", " : "(", c === width - 1 ? ")" : ""];
        const hidden = c >= NUMBERS_A_ROW;
        const text = hidden ? (c === NUMBERS_A_ROW ? ", …)" : "") : before + (output ? decimal(output[c]) : "–") + after;
        setText(cell, text);
        whole += text;
        if (output) setAttribute(cell, "data-output", output[c]);
        else cell.removeAttribute("data-output");
      });
      makeRoom(products.sum.numbers, whole);
    }
  };

  const paintControls = (seen) => {
    for (const made of knobs) made.show();
    twice?.show();
    const shown = revealed() && isShare(seen.weights) ? seen.weights : null;
    setNumber(spread, shown ? phrase(say.entropy, { bits: decimal(entropy(shown)), most: decimal(Math.log2(n)) }) : "");
    const allowed = state.mask.filter(Boolean).length;
    setText(ceiling, state.twice && allowed > 1 ? phrase(say.twice_ceiling, { n: allowed, ceiling: percent(secondSoftmaxCeiling(allowed)) }) : "");
    if (lock) {
      setText(lock, state.locked ? say.again : say.lock);
      setText(guessWords, guessVerdict(seen));
    }
    words.show(seen);
  };

  const guessVerdict = (seen) => {
    const total = percent(state.guess.reduce((sum, x) => sum + x, 0));
    if (!state.locked) return `${say.guess_ask} ${phrase(say.guess_sum, { total })}`;
    const answer = model.get("_locked_weights") ?? seen.weights;
    // Once scores move, the guess that was made for the old ones is no longer judged.
    const moved = seen.weights && answer?.some((weight, i) => Math.abs(weight - seen.weights[i]) > 1e-9);
    if (!answer || moved) return "";
    let worst = 0;
    answer.forEach((weight, i) => {
      if (Math.abs(weight - state.guess[i]) > Math.abs(answer[worst] - state.guess[worst])) worst = i;
    });
    const off = Math.abs(answer[worst] - state.guess[worst]);
    const verdict =
      off <= 0.05
        ? phrase(say.guess_close, { most: "5 %" })
        : phrase(say.guess_result, {
            token: shorten(names[worst], 40),
            guess: percent(state.guess[worst]),
            weight: percent(answer[worst]),
          });
    return total === "100.0 %" ? verdict : `${verdict} ${phrase(say.guess_total, { total })}`;
  };

  const summary = () => {
    if (!weights || !seen.weights || !revealed()) return "";
    if (!state.mask.some(Boolean)) return say.nothing_allowed;
    const top = seen.weights.indexOf(Math.max(...seen.weights));
    const parts = [phrase(say.says, { token: shorten(names[top], 40), weight: percent(seen.weights[top]) })];
    if (products && seen.output) parts.push(phrase(say.output_is, { numbers: vector(seen.output.slice(0, NUMBERS_A_ROW)) }));
    return parts.join(" ");
  };

  // ------------------------------------------------------------------------- life

  const talk = dialogue({
    model,
    root,
    words,
    say,
    name: yours.softmax || yours.weighted_sum || "",
    watched: ["scores", "values", "temperature", "mask", "constant", "twice", "guess", "locked", "_locked_weights"],
    read: () => (state = readState(model, state)),
    draw,
    summary,
    signal,
  });
  scroller.addEventListener(
    "scroll",
    () => {
      look();
      talk.paint();
    },
    { signal, passive: true },
  );
  look();
  talk.begin();

  return () => {
    talk.stop();
    stop.abort();
    clearTimeout(laterPaint);
  };
}

// --------------------------------------------------------------------------- state and answers

/** What the model holds, as numbers. `before` is the state that was read last, or null. */
function readState(model, before) {
  const sent = model.get("values");
  const n = model.get("tokens").length;
  const same = before && before.sent === sent; // values seldom change: they are decoded once
  const values = same ? before.values : sent ? decodeNumbers(sent) : null;
  return {
    sent,
    values,
    extent: same ? before.extent : values ? extentOf(values) : null,
    scores: decodeNumbers(model.get("scores")),
    temperature: model.get("temperature"),
    mask: model.get("mask"),
    constant: model.get("constant"),
    twice: model.get("twice"),
    guess: model.get("guess") ?? new Array(n).fill(1 / n),
    locked: model.get("locked"),
  };
}

/** What follows from the state: computed here, or by the student's function in the kernel. */
function answerOf(model, state, fromKernel, width) {
  const shifted = state.scores.map((score) => score + state.constant);
  const masked = maskScores(shifted, state.mask);
  const exponentials = masked.map((score) => Math.exp(score / state.temperature));
  const seen = {
    exponentials,
    exponentialSum: exponentials.reduce((sum, x) => sum + x, 0),
    extent: state.extent,
    weights: null,
    output: null,
    error: "",
    printed: "",
  };
  if (fromKernel) {
    const answer = model.get("_answer");
    seen.weights = answer.weights ? decodeNumbers(answer.weights) : null;
    seen.output = answer.output ? decodeNumbers(answer.output) : null;
    seen.error = answer.error ?? "";
    seen.printed = answer.printed ?? "";
    return seen;
  }
  seen.weights = softmax(masked, state.temperature);
  if (state.twice) seen.weights = softmax(maskScores(seen.weights, state.mask));
  if (width) seen.output = weightedSum(seen.weights, state.values);
  return seen;
}

function extentOf(values) {
  const all = values.flat();
  return { largest: Math.max(1e-300, ...all.map(Math.abs)), floor: all.some((x) => x < 0) ? 0.5 : 1 };
}

// --------------------------------------------------------------------------- small pictures

/** Rows in blocks, each of which is laid out and painted only while it is in sight. */
function blocks(cells) {
  const made = [];
  for (let i = 0; i < cells.length; i += ROWS_A_BLOCK) {
    const rows = cells.slice(i, i + ROWS_A_BLOCK);
    const block = element("div", { class: "ae-block" }, ...rows);
    block.style.containIntrinsicBlockSize = `calc(${rows.length} * var(--row))`;
    made.push(block);
  }
  return made;
}

/** Whether numbers share out one whole; a function of the student's need not. */
const isShare = (numbers) =>
  Boolean(numbers) &&
  numbers.every((x) => x >= 0) &&
  Math.abs(numbers.reduce((sum, x) => sum + x, 0) - 1) < 1e-6;
const share = (part, whole) => (whole > 0 ? clamp(Number.isFinite(whole) ? part / whole : part === whole ? 1 : 0) : 0);
const exponentialText = (power) => (power === Infinity ? "∞" : power >= 10000 ? scientific(power) : decimal(power));

function exponentialFormula({ temperature, constant }) {
  const top = constant === 0 ? "score" : `(score ${constant < 0 ? "−" : "+"} ${decimal(Math.abs(constant), 0)})`;
  return temperature === 1 ? `e^${top}` : `e^(${top} / ${decimal(temperature, decimals(temperature))})`;
}

function barCell(cell) {
  const bar = element("span", { class: "ae-bar" });
  const { box: number, frame } = numberBox("ae-number", { role: "img" });
  cell.append(element("span", { class: "ae-track", "aria-hidden": "true" }, bar), frame);
  return { bar, number };
}

function sumBox(foot) {
  const { box, frame } = numberBox();
  foot.append(element("span", { "aria-hidden": "true" }, "Σ"), frame);
  return box;
}

/** A vector as a row of small upright bars, and in numbers where they are few. */
function vectorCell(cell, width) {
  const bars = uprightBars(Math.min(width, BARS_A_ROW));
  const { box: numbers, frame } = numberBox("ae-numbers");
  const note = element("span", { class: "ae-note" });
  cell.append(bars, frame, note);
  return { bars, numbers, note };
}

/** `floor` is where zero stands: 1 at the bottom, or 0.5 where some numbers are negative. */
function paintBars({ bars }, numbers, { largest, floor }) {
  const zero = 1 - floor;
  paintUprightBars(bars, zero, (c) =>
    numbers ? zero + Math.sign(numbers[c]) * floor * clamp(Math.abs(numbers[c]) / largest) : zero,
  );
}

function paintVector(made, numbers, extent, words) {
  paintBars(made, numbers, extent);
  const text = !numbers ? "–" : numbers.length <= NUMBERS_A_ROW ? vector(numbers) : `(${numbers.slice(0, NUMBERS_A_ROW).map((x) => decimal(x)).join(", ")}, …)`;
  setNumber(made.numbers, text);
  made.numbers.setAttribute("role", "img");
  setAttribute(made.numbers, "aria-label", words || text);
}

/** The values in the plane, their hull, and the weighted values laid tip to tail. */
function makePlane(tokens, axes, say) {
  const size = 240;
  const margin = 30;
  const svg = svgElement("svg", { viewBox: `0 0 ${size} ${size}`, role: "img", class: "ae-plane" });
  const hull = svgElement("polygon", { class: "ae-hull" });
  const xAxis = svgElement("line", { class: "ae-axis" });
  const yAxis = svgElement("line", { class: "ae-axis" });
  const path = svgElement("polyline", { class: "ae-path" });
  // A few tokens get a dot and a label each; many become one path, which moves at once.
  const few = tokens.length <= LABELS_IN_THE_PLANE ? tokens : [];
  const joints = few.map(() => svgElement("circle", { class: "ae-joint", r: "2.2" }));
  const dots = few.map(() => svgElement("circle", { class: "ae-dot", r: "3.5" }));
  const labels = few.map(() => svgElement("text", { class: "ae-label" }));
  const cloud = svgElement("path", { class: "ae-cloud" });
  const output = svgElement("circle", { class: "ae-result", r: "6" });
  const outputLabel = svgElement("text", { class: "ae-label ae-result-label" });
  outputLabel.append(say.output);
  const xName = svgElement("text", { class: "ae-axis-name", "text-anchor": "end" });
  const yName = svgElement("text", { class: "ae-axis-name" });
  xName.append(`${axes[0]} →`);
  yName.append(`↑ ${axes[1]}`);
  svg.append(hull, xAxis, yAxis, xName, yName, cloud, path, ...joints, ...dots, ...labels, output, outputLabel);
  const figure = element("figure", { class: "ae-figure ae-answer" }, svg, element("figcaption", { class: "ae-note" }, say.plane_caption));

  let x = null;
  let y = null;
  const at = ([a, b]) => `${x(a).toFixed(2)},${y(b).toFixed(2)}`;
  const far = (a) => x(a) > size * 0.7;
  const put = (target, attributes) => {
    for (const [name, value] of Object.entries(attributes))
      setAttribute(target, name, typeof value === "number" ? value.toFixed(2) : value);
  };

  /** Axes, hull, dots and labels stand still while scores move. */
  const paintValues = (values, mask) => {
    const spans = [0, 1].map((c) => {
      const all = values.map((row) => row[c]).concat(0);
      const [least, most] = [Math.min(...all), Math.max(...all)];
      return most > least ? [least, most] : [least - 1, most + 1];
    });
    const inner = size - 2 * margin;
    x = (number) => margin + ((number - spans[0][0]) / (spans[0][1] - spans[0][0])) * inner;
    y = (number) => size - margin - ((number - spans[1][0]) / (spans[1][1] - spans[1][0])) * inner;
    put(xAxis, { x1: x(spans[0][0]), y1: y(0), x2: x(spans[0][1]), y2: y(0) });
    put(yAxis, { x1: x(0), y1: y(spans[1][0]), x2: x(0), y2: y(spans[1][1]) });
    put(xName, { x: size - 4, y: size - 8 });
    put(yName, { x: 4, y: 12 });
    put(hull, { points: convexHull(values.filter((_, i) => mask[i])).map(at).join(" ") });
    if (!few.length) {
      put(cloud, { d: values.map((value) => `M${at(value)}h0`).join("") });
      return;
    }
    const places = new Map();
    values.forEach((value, i) => {
      put(dots[i], { cx: x(value[0]), cy: y(value[1]) });
      dots[i].classList.toggle("ae-masked", !mask[i]);
      const key = at(value);
      places.set(key, [...(places.get(key) ?? []), i]);
    });
    for (const shared of places.values()) {
      const words = [...new Set(shared.map((i) => tokens[i]))].join(", ");
      shared.forEach((i, position) => {
        const left = far(values[i][0]);
        setText(labels[i], position === 0 ? shorten(words, 14) : "");
        put(labels[i], {
          x: x(values[i][0]) + (left ? -7 : 7),
          y: y(values[i][1]) - 7,
          "text-anchor": left ? "end" : "start",
        });
      });
    }
  };

  let painted = {};
  const paint = (values, seen, mask, mayShow) => {
    if (painted.values !== values || painted.mask !== mask) {
      paintValues(values, mask);
      painted = { values, mask };
    }
    const visible = Boolean(mayShow && seen.weights && seen.output);
    svg.classList.toggle("ae-nothing", !visible);
    if (!visible) {
      setAttribute(svg, "aria-label", say.plane_caption);
      return;
    }
    const tip = [0, 0];
    const joined = [[0, 0]];
    values.forEach((value, i) => {
      tip[0] += seen.weights[i] * value[0];
      tip[1] += seen.weights[i] * value[1];
      joined.push([...tip]);
      if (i < joints.length) put(joints[i], { cx: x(tip[0]), cy: y(tip[1]) });
    });
    put(path, { points: joined.map(at).join(" ") });
    const [a, b] = seen.output;
    put(output, { cx: x(a), cy: y(b) });
    put(outputLabel, { x: x(a), y: y(b) - 11, "text-anchor": "middle" });
    setAttribute(svg, "aria-label", phrase(say.plane, { numbers: vector(seen.output) }));
  };
  return { element: figure, paint };
}

export default { render };
