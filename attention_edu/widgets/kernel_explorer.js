// The kernel explorer: data points, a query that is dragged along them, the kernel's weights as bars
// under the points, and the prediction as their weighted mean.

import { weightedSum, kernelWeights, KERNELS, effectiveCount } from "./attention.js";
import { dialogue, knob, wordsBelow } from "./dialogue.js";
import {
  button,
  choice,
  clamp,
  decimal,
  decodeNumbers,
  element,
  largeType,
  logScale,
  numberBox,
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
} from "./page.js";
import STRINGS from "./strings.json" with { type: "json" };

const GRID = 200; // places of the curve
const LEVELS = 8; // a point is painted in one of so many sizes, by its weight
const MANY = 64; // more points than these are smaller
const LABELLED = 24; // points with labels beside them
const MOST_TRACED = 400;
const LIST_AFTER = 200; // milliseconds of rest before the list for screen readers is written anew
const WINDOW_POINTS = 80;

function render({ model, el }) {
  const stop = new AbortController();
  const { signal } = stop;
  const say = STRINGS[model.get("language")];
  const yours = model.get("_yours").kernel ?? ""; // the name of the student's function
  const [xName, yName] = [model.get("x_name"), model.get("y_name")];
  const labels = model.get("labels");
  const controls = model.get("controls");
  const offers = (control) => controls.includes(control);
  let state = readState(model, null);
  const n = state.x.length;
  const names = pointNames(labels, n, say);

  const change = (changes) => talk.change(changes);

  // ------------------------------------------------------------------------- building the page

  const root = element("div", {
    class: "ae-root ae-kernel-explorer",
    "data-widget": "KernelExplorer",
    role: "group",
    "aria-label": model.get("title") || say.kernel_explorer,
  });
  const queryNumber = numberBox("ae-number", { dir: "ltr" });
  const output = numberBox("ae-number", { dir: "ltr" });
  const effective = numberBox("ae-kernel-like");
  const readout = (kind, words, { frame }) =>
    element("span", { class: `ae-kernel-readout ae-kernel-${kind}` }, element("bdi", {}, words), frame);
  const readouts = element(
    "div",
    { class: "ae-kernel-readouts" },
    readout("query", phrase(say.kernel_query_is, { x: shorten(xName, 24) }), queryNumber),
    readout("output", phrase(say.kernel_prediction_is, { y: shorten(yName, 24) }), output),
  );
  if (offers("effective")) readouts.append(readout("weight", say.weight, effective));

  const plot = makePlot(labels, { xName, yName, say });
  const track = slider({
    name: phrase(say.kernel_query, { x: xName.trim() || "x" }),
    scale: {
      get low() {
        return scale.low;
      },
      get high() {
        return scale.high;
      },
      step: (number, steps) => scale.step(number, steps),
    },
    read: () => state.query,
    write: (query) => change({ query }),
    signal,
    className: "ae-kernel-track",
  });
  const hand = element("span", { class: "ae-kernel-hand" });
  track.append(hand);
  const nothing = element("p", { class: "ae-kernel-nothing" });
  const stage = element("div", { class: "ae-kernel-stage" }, plot.svg, track, nothing);
  const items = names.map(() => element("li", {}));
  const list = element(
    "ul",
    { class: "ae-spoken", "aria-label": phrase(say.kernel_weights, { each: say.kernel_one_each }) },
    ...items,
  );
  const formula = element("p", { class: "ae-note ae-kernel-formula" });

  const bar = element("div", { class: "ae-controls", role: "group", "aria-label": say.controls });
  const [narrowest, widest] = model.get("_bandwidths");
  const bandwidth = offers("bandwidth")
    ? knob({
        name: say.kernel_bandwidth,
        scale: logScale(narrowest, widest),
        read: () => state.bandwidth,
        write: (number) => change({ bandwidth: number }),
        text: (number) => plain(number),
        signal,
      })
    : null;
  if (bandwidth) bar.append(bandwidth.element);
  const shape =
    offers("kernel") && !yours
      ? choice({
          label: say.kernel_kernel,
          options: { gaussian: say.kernel_gaussian, boxcar: say.kernel_boxcar, epanechnikov: say.kernel_epanechnikov },
          read: () => state.kernel,
          write: (kernel) => change({ kernel }),
          signal,
        })
      : null;
  if (shape) bar.append(shape.element);
  if (yours) bar.append(element("span", { class: "ae-note" }, `${say.kernel_kernel}: ${phrase(say.yours, { name: yours })}`));
  if (offers("reset"))
    bar.append(button({ label: say.reset, press: () => change(model.get("_initial")), signal }));
  const type = largeType({ root, say, follow: () => fit(), signal });
  bar.append(type.element);

  const words = wordsBelow(say);
  root.append(readouts, stage, list, bar, formula, ...words.below, words.spoken);
  el.replaceChildren(root);

  // ------------------------------------------------------------------------- the hand

  // The plot's place is measured once, when the hand comes down: a move measures nothing.
  let held = null;
  let place = null;
  const follow = (event) => {
    const share = clamp((event.clientX - place.left) / Math.max(place.width, 1));
    const query = scale.toNumber(share);
    if (query !== state.query) change({ query });
  };
  const on = (type, handler) => hand.addEventListener(type, handler, { signal });
  on("pointerdown", (event) => {
    event.stopPropagation();
    if (event.button !== 0 || held !== null) return;
    held = event.pointerId;
    place = hand.getBoundingClientRect();
    hand.setPointerCapture(held);
    track.focus({ preventScroll: true });
    event.preventDefault();
    follow(event);
  });
  on("pointermove", (event) => {
    if (event.pointerId === held) follow(event);
  });
  for (const type of ["pointerup", "pointercancel", "lostpointercapture"])
    on(type, (event) => {
      if (event.pointerId === held) held = null;
    });

  // ------------------------------------------------------------------------- drawing

  let scale = null;
  let tell = null;
  let size = { width: 0, em: 14, isLow: false };
  let laid = {};
  let curve = { key: null };
  let trace = { key: null, places: [] };
  let laterList = 0;
  let seen = null;

  /** What stands still while the query moves: axes, points, the curve, the kernel's window. */
  const layOut = () => {
    const { x, y, xRange, yRange, bandwidth: h, kernel, truth } = state;
    if (laid.size !== size || laid.x !== x || laid.y !== y || !same(laid.ranges, [xRange, yRange]) || laid.truth !== truth) {
      scale = queryScale(xRange);
      tell = { x: teller(xRange), y: teller(yRange) };
      const margins = plot.layOut(size, state);
      track.style.insetInline = `${margins.left}px ${margins.right}px`;
      track.style.height = `${margins.height}px`;
      stage.style.height = `${margins.whole}px`;
      laid = { size, x, y, ranges: [xRange, yRange], truth };
    }
    const key = [laid, h, kernel];
    if (curve.key && same(curve.key, key)) return;
    const places = yours ? [] : curveOf(state);
    curve = { key, places, usual: usual(places.map((spot) => spot.most)) };
    if (trace.key === null || trace.key[0] !== x || trace.key[1] !== y || trace.key[2] !== h)
      trace = { key: [x, y, h], places: [] };
    plot.paintCurve(model.get("curve") ? places : [], h, yours ? null : KERNELS[kernel]);
    plot.paintTrace(model.get("curve") ? trace.places : []);
  };

  const draw = () => {
    layOut();
    seen = answerOf(model, state, yours);
    if (yours && seen.weights) remember();
    plot.paint(state, seen, seen.weights ? topOf(Math.max(curve.usual, ...seen.weights)) : 1);
    paintNumbers();
    for (let i = 0; i < n; i++) {
      if (seen.weights) setAttribute(items[i], "data-weight", seen.weights[i]);
      else items[i].removeAttribute("data-weight");
    }
    clearTimeout(laterList);
    laterList = setTimeout(paintList, LIST_AFTER);
    words.show(seen);
  };

  /** A student's function draws its own curve: a dot for every prediction that it has made. */
  const remember = () => {
    curve.usual = Math.max(curve.usual, ...seen.weights);
    if (seen.error || seen.prediction === null || talk?.stale()) return;
    if (trace.places.some((spot) => spot.x === seen.at)) return;
    trace.places = [...trace.places.slice(1 - MOST_TRACED), { x: seen.at, y: seen.prediction }];
    if (model.get("curve")) plot.paintTrace(trace.places);
  };

  const paintNumbers = () => {
    const query = tell.x(state.query);
    const told = seen.prediction === null ? "–" : tell.y(seen.prediction);
    setNumber(queryNumber.box, query);
    setNumber(output.box, told);
    if (seen.prediction === null) output.box.removeAttribute("data-output");
    else setAttribute(output.box, "data-output", seen.prediction);
    const empty = Boolean(seen.weights) && seen.prediction === null;
    setText(nothing, empty ? say.kernel_nothing : "");
    showSlider(
      track,
      scale,
      state.query,
      empty || !seen.weights
        ? phrase(say.kernel_query_alone, { query })
        : phrase(say.kernel_query_text, { query, prediction: told }),
    );
    setNumber(effective.box, seen.prediction === null ? "–" : like(seen.weights));
    const softened = state.kernel === "gaussian" && !yours;
    if (bandwidth) {
      bandwidth.show();
      const name = softened ? say.kernel_bandwidth_temperature : say.kernel_bandwidth;
      setText(bandwidth.element, name);
      setAttribute(bandwidth.element.querySelector("[role=slider]"), "aria-label", name);
    }
    shape?.show();
    const temperature = plain(state.bandwidth * state.bandwidth);
    setText(formula, softened ? phrase(say.kernel_formula_softmax, { temperature }) : say.kernel_formula_plain);
  };

  const like = (weights) => {
    const points = decimal(effectiveCount(weights), 1);
    return phrase(points === "1.0" ? say.kernel_like_one : say.kernel_like, { points });
  };

  const paintList = () => {
    items.forEach((item, i) => {
      const [x, y] = [tell.x(state.x[i]), tell.y(state.y[i])];
      const weight = seen.weights ? percent(seen.weights[i]) : "–";
      setText(item, phrase(say.kernel_point_weight, { name: names[i], x, y, weight }));
    });
  };

  const summary = () => {
    if (!seen.weights || seen.error) return "";
    if (seen.prediction === null) return say.kernel_nothing;
    return phrase(say.kernel_says, { prediction: tell.y(seen.prediction), like: like(seen.weights) });
  };

  // ------------------------------------------------------------------------- life

  let talk = null;
  talk = dialogue({
    model,
    root,
    words,
    say,
    name: yours,
    watched: ["query", "bandwidth", "kernel", "x", "y", "x_range", "y_range", "_truth"],
    read: () => (state = readState(model, state)),
    draw,
    summary,
    signal,
  });
  const measure = () => {
    const width = stage.clientWidth || 640;
    const em = parseFloat(getComputedStyle(root).fontSize) || 14;
    if (width === size.width && em === size.em) return false;
    size = { width, em, isLow: type.isOn() };
    return true;
  };
  const fit = () => {
    if (measure()) draw();
  };
  const watcher = new ResizeObserver(fit);
  measure();
  talk.begin();
  paintList();
  watcher.observe(stage);

  return () => {
    watcher.disconnect();
    talk.stop();
    stop.abort();
    clearTimeout(laterList);
  };
}

// --------------------------------------------------------------------------- state and answers

/** What the model holds, as numbers. Data seldom change: they are decoded once. */
function readState(model, before) {
  const sent = { x: model.get("x"), y: model.get("y"), truth: model.get("_truth") };
  const kept = (key, decode) => (before && before.sent[key] === sent[key] ? before[key] : decode(sent[key]));
  const y = kept("y", decodeNumbers);
  return {
    sent,
    x: kept("x", decodeNumbers),
    y,
    values: before && before.y === y ? before.values : y.map((value) => [value]),
    truth: kept("truth", (truth) => (truth.length ? truth : null)),
    xRange: model.get("x_range"),
    yRange: model.get("y_range"),
    query: model.get("query"),
    bandwidth: model.get("bandwidth"),
    kernel: model.get("kernel"),
  };
}

/** What follows from the state: computed here, or by the student's function in the kernel. */
function answerOf(model, state, yours) {
  if (yours) {
    const answer = model.get("_answer");
    return {
      weights: answer.weights ? decodeNumbers(answer.weights) : null,
      prediction: answer.prediction ?? null,
      at: answer.query ?? state.query,
      error: answer.error ?? "",
      printed: answer.printed ?? "",
    };
  }
  const weights = kernelWeights(state.kernel, state.query, state.x, state.bandwidth);
  return { weights, prediction: predictionOf(weights, state.values), at: state.query, error: "", printed: "" };
}

const predictionOf = (weights, values) => (weights.some((weight) => weight > 0) ? weightedSum(weights, values)[0] : null);

/** The prediction for every query of the grid, and the largest weight there. */
function curveOf({ kernel, x, values, bandwidth, xRange: [low, high] }) {
  return Array.from({ length: GRID }, (_, i) => {
    const at = low + ((high - low) * i) / (GRID - 1);
    const weights = kernelWeights(kernel, at, x, bandwidth);
    let most = 0;
    for (const weight of weights) if (weight > most) most = weight;
    return { x: at, y: most > 0 ? predictionOf(weights, values) : null, most };
  });
}

/** What three queries in four do not pass. */
const usual = (most) => (most.length ? [...most].sort((a, b) => a - b)[Math.floor(0.75 * most.length)] : 0);

/** The end of the scale of weights. It stays while the query moves, but where one point stands out. */
const topOf = (most) => [0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5].find((end) => most <= end) ?? 1;

const same = (one, other) =>
  Array.isArray(one) && Array.isArray(other)
    ? one.length === other.length && one.every((part, i) => same(part, other[i]))
    : one === other;

function pointNames(labels, n, say) {
  if (!labels.length) return Array.from({ length: n }, (_, i) => phrase(say.kernel_point, { number: i + 1 }));
  return tokenNames(labels, { token_number: say.kernel_point_named, empty_token: say.kernel_point_empty });
}

// --------------------------------------------------------------------------- numbers

/** A step of 1, 2 or 5 times a power of ten, at least as large as asked for. */
function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5, 10].find((f) => f * power >= least * (1 - 1e-9));
  return factor * power;
}

const fineStep = (step) => 10 ** Math.floor(Math.log10(step / 4.99));

/** A scale whose numbers are round: a hundred steps by keys, a thousand by hand. */
function queryScale([low, high]) {
  const key = niceStep((high - low) / 120);
  const fine = fineStep(key);
  const round = (number, step) => Number((Math.round(number / step) * step).toPrecision(12));
  const within = (number) => Math.min(Math.max(number, low), high);
  return {
    low,
    high,
    toPlace: (number) => (number - low) / (high - low),
    toNumber: (place) => within(round(low + place * (high - low), fine)),
    step: (number, steps) => within(round(number + steps * key, fine)),
  };
}

/** How numbers of a range are written: with as many digits as can be told apart in it. */
function teller([low, high]) {
  const digits = -Math.round(Math.log10(fineStep(niceStep((high - low) / 120))));
  const largest = Math.max(Math.abs(low), Math.abs(high));
  return (number) =>
    digits > 8 || largest >= 1e6 || Math.abs(number) > 1e3 * largest
      ? scientific(number)
      : decimal(number, Math.min(Math.max(digits, 0), 8));
}

/** Round numbers of a range, about so many. */
function ticksOf([low, high], about) {
  const step = niceStep((high - low) / about);
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first;
  return Array.from({ length: Math.min(Math.max(count + 1, 0), 40) }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
}

const plain = (number) =>
  number >= 1e5 || number < 1e-4 ? scientific(number) : String(Number(number.toPrecision(3)));

const tick = (number) =>
  Math.abs(number) >= 1e5 || (number !== 0 && Math.abs(number) < 1e-4)
    ? scientific(number)
    : String(Number(number.toPrecision(6))).replace("-", "−");

// --------------------------------------------------------------------------- the plot

/**
 * One picture: the points above, the weights below, both over the same axis. Numbers of points do
 * not matter much: points are painted in a few paths, one for each size.
 */
function makePlot(labels, { xName, yName, say }) {
  const make = (tag, name, attributes = {}) => svgElement(tag, { class: `ae-kernel-${name}`, ...attributes });
  const answer = (tag, name) => make(tag, `${name} ae-answer`);
  const svg = make("svg", "svg", { "aria-hidden": "true", preserveAspectRatio: "xMidYMin meet" });
  const axes = make("g", "axes");
  // A picture inside the picture cuts off what lies outside it; nothing needs a name for that.
  const behind = svgElement("svg");
  const before = svgElement("svg");
  const window = make("path", "window");
  const truth = make("path", "truth");
  const curve = make("path", "curve");
  const trace = make("path", "trace");
  behind.append(window, truth);
  before.append(curve, trace);
  const line = make("line", "line");
  const rings = make("path", "ring");
  const discs = make("path", "disc");
  const levels = Array.from({ length: LEVELS }, (_, level) => {
    const path = answer("path", "level");
    path.style.strokeWidth = `calc(var(--spot) * ${(1 + (0.8 * (level + 1)) / LEVELS).toFixed(2)})`;
    path.style.strokeOpacity = ((level + 1) / LEVELS).toFixed(2);
    return path;
  });
  const texts = make("g", "texts");
  const dash = answer("line", "dash");
  const dot = answer("circle", "dot");
  const bars = answer("path", "bars");
  svg.append(axes, behind, line, rings, discs, ...levels, before, texts, bars, dash, dot);

  let box = null; // left, right, top, bottom of the points; floor and roof of the bars
  let toX = null;
  let toY = null;
  let spots = [];
  let xs = [];
  const put = (target, attributes) => {
    for (const [name, value] of Object.entries(attributes))
      setAttribute(target, name, typeof value === "number" ? value.toFixed(1) : value);
  };
  const text = (words, kind, attributes) => {
    const made = make("text", kind);
    made.append(words);
    put(made, attributes);
    return made;
  };
  const join = (places) => {
    let d = "";
    let pen = "M";
    for (const { x, y } of places) {
      if (y === null) pen = "M";
      else {
        d += `${pen}${toX(x).toFixed(1)} ${toY(y).toFixed(1)}`;
        pen = "L";
      }
    }
    return d;
  };
  const dotsAt = (places) => places.map(({ x, y }) => `M${toX(x).toFixed(1)} ${toY(y).toFixed(1)}h0`).join("");

  let topLabel = null;
  const layOut = ({ width, em, isLow }, { x, y, xRange, yRange, truth: true_ }) => {
    const yTicks = ticksOf(yRange, 5).map((number) => [number, tick(number)]);
    const widest = Math.max(4, ...yTicks.map(([, words]) => words.length));
    const height = (isLow ? 20 : width < 30 * em ? 23 : 26) * em; // large type must fit a projector
    box = { left: (0.62 * widest + 0.9) * em, right: width - 0.9 * em, top: 1.9 * em };
    box.floor = height - 2.7 * em;
    box.roof = box.floor - 5.2 * em;
    box.bottom = box.roof - 1.5 * em;
    put(svg, { viewBox: `0 0 ${width.toFixed(1)} ${height.toFixed(1)}` });
    svg.style.height = `${height}px`;
    const [low, high] = xRange;
    const [least, most] = yRange;
    toX = (number) => box.left + clamp((number - low) / (high - low)) * (box.right - box.left);
    toY = (number) => box.bottom - clamp((number - least) / (most - least)) * (box.bottom - box.top);
    const [across, down] = [box.right - box.left, box.bottom - box.top];
    for (const part of [behind, before]) {
      put(part, { x: box.left, y: box.top, width: across, height: down });
      put(part, { viewBox: [box.left, box.top, across, down].map((side) => side.toFixed(1)).join(" ") });
    }

    const rule = (y1, kind = "rule") => put2(make("line", kind), { x1: box.left, x2: box.right, y1, y2: y1 });
    const xTicks = ticksOf(xRange, Math.max(3, (box.right - box.left) / (6 * em)));
    topLabel = text("", "tick", { x: box.left - 0.5 * em, y: box.roof + 0.35 * em, "text-anchor": "end" });
    axes.replaceChildren(
      ...yTicks.map(([number]) => rule(toY(number), "grid")),
      rule(box.roof, "grid"),
      rule(box.bottom),
      rule(box.floor),
      ...yTicks.map(([number, words]) => text(words, "tick", { x: box.left - 0.5 * em, y: toY(number) + 0.35 * em, "text-anchor": "end" })),
      ...xTicks.map((number) => text(tick(number), "tick", { x: toX(number), y: box.floor + 1.15 * em, "text-anchor": "middle" })),
      topLabel,
      text("0", "tick", { x: box.left - 0.5 * em, y: box.floor + 0.35 * em, "text-anchor": "end" }),
      text(`↑ ${shorten(yName, 40)}`, "name", { x: box.left - 0.4 * em, y: 1.05 * em }),
      text(`${shorten(xName, 40)} →`, "name", { x: box.right, y: box.floor + 2.3 * em, "text-anchor": "end" }),
      text(`↑ ${say.weight}`, "name", { x: box.left - 0.4 * em, y: box.roof - 0.45 * em }),
    );

    spots = x.map((_, i) => `M${toX(x[i]).toFixed(1)} ${toY(y[i]).toFixed(1)}h0`);
    const all = spots.join("");
    put(rings, { d: all });
    put(discs, { d: all });
    svg.style.setProperty("--spot", x.length > MANY ? "0.4em" : "0.62em");
    const few = labels.length && labels.length <= LABELLED ? labels : [];
    texts.replaceChildren(
      ...few.map((label, i) => {
        const far = toX(x[i]) > box.right - 6 * em;
        return text(shorten(label.trim(), 14), "label", {
          x: toX(x[i]) + (far ? -0.6 : 0.6) * em,
          y: toY(y[i]) - 0.6 * em,
          "text-anchor": far ? "end" : "start",
        });
      }),
    );
    // Points at the same place get their bars side by side.
    const wide = Math.min(Math.max((0.3 * (box.right - box.left)) / x.length, 1.5), 0.7 * em);
    bars.style.strokeWidth = `${wide.toFixed(2)}px`;
    const shared = new Map();
    for (const number of x) shared.set(number, [(shared.get(number)?.[0] ?? 0) + 1, 0]);
    xs = x.map((number) => {
      const entry = shared.get(number);
      return toX(number) + (entry[1]++ - (entry[0] - 1) / 2) * (wide + 1);
    });
    put(truth, { d: true_ ? join(true_[0].map((at, i) => ({ x: at, y: true_[1][i] }))) : "" });
    put(line, { y1: box.top, y2: box.floor });
    put(dot, { r: 0.55 * em, cx: 0, cy: 0 });
    return { left: box.left, right: width - box.right, height: box.floor + 0.3 * em, whole: height };
  };
  const put2 = (target, attributes) => {
    put(target, attributes);
    return target;
  };

  let hasWindow = false; // of a student's kernel, only its values at the points are known
  const paintCurve = (places, bandwidth, kernel) => {
    put(curve, { d: join(places) });
    put(window, { d: "" });
    hasWindow = false;
    if (!kernel) return;
    const across = box.right - box.left;
    const pixels = bandwidth * (across / span);
    const far = Math.min((kernel(1.5) > 0 ? 3.5 : 1) * pixels, 1.1 * across);
    const high = 0.42 * (box.bottom - box.top);
    const peak = kernel(0);
    let d = `M${(-far).toFixed(1)} ${box.bottom.toFixed(1)}`;
    for (let i = 0; i <= WINDOW_POINTS; i++) {
      const at = far * ((2 * i) / WINDOW_POINTS - 1) || 0;
      d += `L${at.toFixed(1)} ${(box.bottom - (high * kernel(at / pixels)) / peak).toFixed(1)}`;
    }
    hasWindow = true;
    put(window, { d: `${d}L${far.toFixed(1)} ${box.bottom.toFixed(1)}Z` });
  };
  const paintTrace = (places) => put(trace, { d: dotsAt(places) });

  let span = 1;
  const paint = ({ query, xRange }, { weights, prediction, at }, top) => {
    const here = toX(query).toFixed(1);
    put(line, { x1: here, x2: here });
    svg.classList.toggle("ae-kernel-beyond", query < xRange[0] || query > xRange[1]);
    if (hasWindow) setAttribute(window, "transform", `translate(${here} 0)`);
    const sized = new Array(LEVELS).fill("");
    let standing = "";
    weights?.forEach((weight, i) => {
      if (!(weight > 0)) return;
      const level = Math.ceil(LEVELS * Math.sqrt(clamp(weight / top)) - 0.5);
      if (level > 0) sized[Math.min(level, LEVELS) - 1] += spots[i];
      const rise = clamp(weight / top) * (box.floor - box.roof);
      if (rise >= 0.05) standing += `M${xs[i].toFixed(1)} ${box.floor.toFixed(1)}v${(-rise).toFixed(1)}`;
    });
    levels.forEach((path, level) => setAttribute(path, "d", sized[level]));
    setAttribute(bars, "d", standing);
    setText(topLabel, `${Number((100 * top).toPrecision(2))} %`);
    const visible = prediction !== null;
    svg.classList.toggle("ae-kernel-empty", !visible);
    if (!visible) return;
    const [across, up] = [toX(at), toY(prediction)];
    put(dash, { x1: box.left, y1: up, x2: across, y2: up });
    setAttribute(dot, "transform", `translate(${across.toFixed(1)} ${up.toFixed(1)})`);
  };

  const fit = (size, state) => {
    span = state.xRange[1] - state.xRange[0];
    return layOut(size, state);
  };
  return { svg, layOut: fit, paintCurve, paintTrace, paint };
}

export default { render };
