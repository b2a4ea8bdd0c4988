// The vector explorer: a query, keys and values in the plane, to be dragged. Scores, weights and the
// output follow in the same instant.

import { softmax, maskScores, weightedSum, dotProductScores, cosineScores } from "./attention.js";
import { dialogue, knob, wordsBelow } from "./dialogue.js";
import {
  button,
  checkbox,
  choice,
  clamp,
  convexHull,
  decimal,
  decimals,
  element,
  largeType,
  logScale,
  numberBox,
  paintBar,
  percent,
  phrase,
  setAttribute,
  setNumber,
  setText,
  shorten,
  svgElement,
  tokenNames,
  vector,
} from "./page.js";
import STRINGS from "./strings.json" with { type: "json" };

const SIDE = 440; // of the plane, in units of its drawing
const MARGIN = 14;
const REACH = 17; // how far from a tip it can be grabbed
const LABEL_HEIGHT = 17;
const LARGE_LABELS = 1.35; // of their size, where type is large; the plane itself grows less
const CROWD = 8; // more keys than that cannot all be labelled
const LARGE_STEP = 5; // small steps
let views = 0; // names that must be unique on a page count on from here

function renderVectors({ model, el }) {
  const stop = new AbortController();
  const { signal } = stop;
  const view = ++views;
  const say = STRINGS[model.get("language")];
  const tokens = model.get("tokens");
  const n = tokens.length;
  const names = tokenNames(tokens, say);
  const controls = model.get("controls");
  const yours = model.get("_yours").scores ?? "";
  const joined = model.get("_joined");
  const target = model.get("target");
  const [low, high] = model.get("limits");
  const fine = 10 ** Math.floor(Math.log10((high - low) / 200));
  const steps = { fine, small: 10 * fine, large: 10 * LARGE_STEP * fine };
  let state = readVectors(model);

  const change = (changes) => talk.change(changes);

  // ------------------------------------------------------------------------- what can be moved

  /** The query, every key, and every value of its own: how to read and write its place. */
  const row = (kind, i) => ({
    read: () => state[kind][i],
    write: (point) => change({ [kind]: state[kind].map((old, j) => (j === i ? point : old)) }),
  });
  const movable = [
    ...tokens.map((_, i) => ({ kind: "key", name: phrase(say.vector_key_of, { token: names[i] }), ...row("keys", i) })),
    ...(joined ? [] : tokens).map((_, i) => ({
      kind: "value",
      name: phrase(say.vector_value_of, { token: names[i] }),
      ...row("values", i),
    })),
    { kind: "query", name: say.vector_query, read: () => state.query, write: (point) => change({ query: point }) },
  ];

  // ------------------------------------------------------------------------- building the page

  const root = element("div", {
    class: "ae-root ae-vector-explorer",
    "data-widget": "VectorExplorer",
    role: "group",
    "aria-label": model.get("title") || say.vector_explorer,
  });
  const type = largeType({
    root,
    say,
    follow: () => {
      plane.enlarge(type.isOn());
      plane.paint(state, seen);
    },
    signal,
  });
  const help = element(
    "p",
    { class: "ae-note", id: `ae-vector-help-${view}` },
    phrase(say.vector_help, { small: exact(steps.small), large: exact(steps.large) }),
  );
  const plane = makeVectorPlane({ tokens, movable, joined, target, low, high, steps, say, help, signal });
  plane.enlarge(type.isOn());
  const figure = element(
    "figure",
    { class: "ae-vector-figure" },
    plane.svg,
    element("figcaption", { class: "ae-note" }, joined ? say.vector_caption_joined : say.vector_caption),
    help,
  );

  const formula = element("p", { class: "ae-vector-formula" });
  const head = (text, name, title = text) => element("th", { scope: "col", class: name, title }, text);
  const number = (name) => {
    const { box, frame } = numberBox();
    return { box, cell: element("td", { class: `${name} ae-answer` }, frame) };
  };
  const queryLength = number("ae-vector-length");
  const body = element(
    "tbody",
    {},
    element(
      "tr",
      { class: "ae-vector-query-row" },
      element("th", { scope: "row" }, say.vector_query_word),
      queryLength.cell,
      element("td", { class: "ae-vector-angle" }),
      element("td", { class: "ae-vector-score" }),
      element("td", { class: "ae-vector-weight" }),
    ),
  );
  const rows = tokens.map((token, i) => {
    const label = element("span", { class: "ae-vector-token", dir: "auto", title: token }, token || "␣");
    const toggle = controls.includes("mask")
      ? checkbox({
          name: phrase(say.attend_to, { token: names[i] }),
          read: () => state.mask[i],
          write: (may) => change({ mask: state.mask.map((old, j) => (j === i ? may : old)) }),
          signal,
        })
      : null;
    const length = number("ae-vector-length");
    const angle = number("ae-vector-angle");
    const score = number("ae-vector-score");
    const bar = element("span", { class: "ae-bar" });
    const { box: weight, frame } = numberBox();
    const line = element(
      "tr",
      { "data-token": String(i) },
      element("th", { scope: "row" }, element("span", { class: "ae-vector-name" }, ...(toggle ? [toggle.box] : []), label)),
      length.cell,
      angle.cell,
      score.cell,
      element(
        "td",
        { class: "ae-vector-weight ae-answer" },
        element("span", { class: "ae-vector-share" }, element("span", { class: "ae-vector-track", "aria-hidden": "true" }, bar), frame),
      ),
    );
    body.append(line);
    return { line, toggle, length: length.box, angle: angle.box, score: score.box, bar, weight };
  });
  const table = element(
    "table",
    { class: "ae-vector-table", "aria-label": say.vector_table },
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        head(say.token, "ae-vector-tokens"),
        head(say.vector_length, "ae-vector-length"),
        head(say.vector_angle, "ae-vector-angle", say.vector_angle_name),
        head(say.score, "ae-vector-score"),
        head(say.weight, "ae-vector-weight"),
      ),
    ),
    body,
  );

  const outputs = ["x", "y"].map(() => numberBox());
  const result = element(
    "p",
    { class: "ae-vector-output ae-answer" },
    element("span", { class: "ae-title" }, `● ${say.output}`),
    ...outputs.flatMap(({ frame }, c) => [element("span", { class: "ae-note" }, "xy"[c]), frame]),
  );
  const { box: distance, frame: distanceFrame } = numberBox("ae-vector-distance");
  const { box: verdict, frame: verdictFrame } = numberBox("ae-vector-distance");
  const goal = target
    ? element(
        "p",
        { class: "ae-vector-goal" },
        element("span", { class: "ae-title" }, phrase(say.vector_target, { place: vector(target), tolerance: exact(model.get("tolerance")) })),
        distanceFrame,
        verdictFrame,
      )
    : null;

  const bar = element("div", { class: "ae-controls", role: "group", "aria-label": say.controls });
  const way = controls.includes("score")
    ? choice({
        label: say.score,
        options: { dot: say.vector_dot, scaled: say.vector_scaled, cosine: say.vector_cosine },
        read: () => state.score,
        write: (score) => change({ score }),
        signal,
      })
    : null;
  if (way) bar.append(way.element);
  const heat = controls.includes("temperature")
    ? knob({
        name: say.temperature,
        scale: logScale(0.1, 10),
        read: () => state.temperature,
        write: (temperature) => change({ temperature }),
        text: (temperature) => decimal(temperature, decimals(temperature)),
        signal,
      })
    : null;
  if (heat) bar.append(heat.element);
  if (controls.includes("reset"))
    bar.append(button({ label: say.reset, press: () => change(model.get("_initial")), signal }));
  bar.append(type.element);

  const words = wordsBelow(say);
  const side = element("div", { class: "ae-vector-side" }, formula, table, result);
  if (goal) side.append(goal);
  side.append(bar, ...words.below);
  root.append(element("div", { class: "ae-vector-columns" }, figure, side), words.spoken);
  root.classList.toggle("ae-vector-many", n > 12);
  el.replaceChildren(root);

  // ------------------------------------------------------------------------- drawing

  let seen = null;
  const draw = () => {
    seen = answerInPlane(model, state, yours);
    plane.paint(state, seen);
    paintTable();
    setText(formula, yours ? phrase(say.vector_formula_yours, { name: yours }) : formulas[state.score]);
    outputs.forEach(({ box }, c) => {
      setNumber(box, seen.output ? decimal(seen.output[c]) : "–");
      mark(box, "data-output", seen.output?.[c]);
    });
    if (goal) paintGoal();
    way?.show();
    heat?.show();
    words.show(seen);
  };
  const formulas = {
    dot: say.vector_formula_dot,
    scaled: say.vector_formula_scaled,
    cosine: say.vector_formula_cosine,
  };

  const paintTable = () => {
    setNumber(queryLength.box, decimal(Math.hypot(...state.query)));
    rows.forEach((made, i) => {
      const key = state.keys[i];
      const masked = !state.mask[i];
      made.line.classList.toggle("ae-masked", masked);
      made.toggle?.show();
      setNumber(made.length, decimal(Math.hypot(...key)));
      const between = angleBetween(state.query, key);
      setNumber(made.angle, between === null ? "–" : `${decimal(between, 0)}°`);
      const score = seen.scores?.[i];
      setNumber(made.score, score === undefined ? "–" : decimal(score));
      mark(made.score, "data-score", score);
      const weight = seen.weights?.[i];
      paintBar(made.bar, 0, clamp(weight ?? 0));
      setNumber(made.weight, weight === undefined ? "–" : percent(weight));
      mark(made.weight, "data-weight", weight);
    });
  };

  const far = () => Math.hypot(seen.output[0] - target[0], seen.output[1] - target[1]);
  const reached = () => Boolean(target && seen.output) && far() <= model.get("tolerance");

  const paintGoal = () => {
    mark(distance, "data-distance", seen.output ? far() : undefined);
    setNumber(distance, seen.output ? phrase(say.vector_away, { distance: decimal(far()) }) : "–");
    setNumber(verdict, reached() ? say.vector_reached : "");
    plane.star(reached());
  };

  const summary = () => {
    if (!seen.weights || !seen.output) return "";
    if (!state.mask.some(Boolean)) return say.nothing_allowed;
    const top = seen.weights.indexOf(Math.max(...seen.weights));
    const parts = [
      phrase(say.says, { token: shorten(names[top], 40), weight: percent(seen.weights[top]) }),
      `${phrase(say.output_is, { numbers: vector(seen.output) })}.`,
    ];
    if (target)
      parts.push(phrase(reached() ? say.vector_says_reached : say.vector_says_away, { distance: decimal(far()) }));
    return parts.join(" ");
  };

  const talk = dialogue({
    model,
    root,
    words,
    say,
    name: yours,
    watched: ["query", "keys", ...(joined ? [] : ["values"]), "score", "temperature", "mask"],
    read: () => (state = readVectors(model)),
    draw,
    summary,
    signal,
  });
  talk.begin();

  return () => {
    talk.stop();
    stop.abort();
  };
}

// --------------------------------------------------------------------------- state and answers

function readVectors(model) {
  const keys = model.get("keys");
  return {
    query: model.get("query"),
    keys,
    values: model.get("_joined") ? keys : model.get("values"),
    score: model.get("score"),
    temperature: model.get("temperature"),
    mask: model.get("mask"),
  };
}

/** What follows from the state: computed here, or from what the student's function said. */
function answerInPlane(model, state, yours) {
  if (yours) {
    const { scores, weights, output, error = "", printed = "" } = model.get("_answer");
    return { scores, weights, output, error, printed };
  }
  const { query, keys, score } = state;
  const scores = score === "cosine" ? cosineScores(query, keys) : dotProductScores(query, keys, score === "scaled" ? 1 / Math.sqrt(2) : 1);
  const weights = softmax(maskScores(scores, state.mask), state.temperature);
  return { scores, weights, output: weightedSum(weights, state.values), error: "", printed: "" };
}

const degrees = (radians) => (180 * radians) / Math.PI;

/** From 0 to 180 degrees; null where a vector has no length and so no direction. */
function angleBetween([a, b], [c, d]) {
  if ((a === 0 && b === 0) || (c === 0 && d === 0)) return null;
  return Math.abs(degrees(Math.atan2(a * d - b * c, a * c + b * d)));
}

/** A full-precision number as an attribute, or none. */
function mark(box, name, number) {
  if (number === undefined || number === null) box.removeAttribute(name);
  else setAttribute(box, name, number);
}

/** A short number, such as a step, with all its digits. */
const exact = (number) => String(Number(number.toPrecision(12))).replace("-", "−");

/** A number as ARIA wants it: with a plain minus and without an exponent. */
const announced = (number) => String(Number(number.toFixed(6)));

// --------------------------------------------------------------------------- the plane

function makeVectorPlane({ tokens, movable, joined, target, low, high, steps, say, help, signal }) {
  const inner = SIDE - 2 * MARGIN;
  const within = (place) => clampTo(place, -1e5, 1e5); // farther away nothing is seen
  const x = (a) => within(MARGIN + ((a - low) / (high - low)) * inner);
  const y = (b) => within(SIDE - MARGIN - ((b - low) / (high - low)) * inner);
  const at = ([a, b]) => [x(a), y(b)];
  const inSight = ([a, b]) => [clampTo(x(a), 4, SIDE - 4), clampTo(y(b), 4, SIDE - 4)];
  const put = (shape, attributes) => {
    for (const [name, value] of Object.entries(attributes))
      setAttribute(shape, name, typeof value === "number" ? value.toFixed(1) : value);
  };

  const svg = svgElement("svg", {
    viewBox: `0 0 ${SIDE} ${SIDE}`,
    class: "ae-vector-plane",
    role: "group",
    "aria-label": say.vector_plane,
  });
  const drawing = svgElement("g", { "aria-hidden": "true" });
  svg.append(drawing);
  const draw = (tag, name, attributes = {}) => {
    const shape = svgElement(tag, { class: name, ...attributes });
    drawing.append(shape);
    return shape;
  };
  const text = (name, words = "") => {
    const made = draw("text", name, { "text-anchor": "middle", dy: "0.35em" });
    made.append(words);
    return made;
  };

  // What stands still.
  const unit = gridStep(high - low);
  let lines = "";
  const ticks = [];
  for (let k = Math.ceil(low / unit - 1e-9); k * unit <= high + 1e-9 * unit; k++) {
    lines += `M${x(k * unit).toFixed(1)},${MARGIN}V${SIDE - MARGIN}M${MARGIN},${y(k * unit).toFixed(1)}H${SIDE - MARGIN}`;
    if (k !== 0 && k % 2 === 0) ticks.push(k * unit);
  }
  draw("path", "ae-vector-grid", { d: lines });
  const [zeroX, zeroY] = [clampTo(x(0), MARGIN, SIDE - MARGIN), clampTo(y(0), MARGIN, SIDE - MARGIN)];
  draw("path", "ae-vector-axes", { d: `M${zeroX.toFixed(1)},${MARGIN}V${SIDE - MARGIN}M${MARGIN},${zeroY.toFixed(1)}H${SIDE - MARGIN}` });
  const numbers = ticks.map((tick) => [tick, text("ae-vector-tick", exact(tick)), text("ae-vector-tick", exact(tick))]);
  const hull = draw("polygon", "ae-vector-hull");
  const star = target ? draw("path", "ae-vector-star", { d: starAt(...at(target), 12) }) : null;

  // What moves: arrows for keys and the query, squares for values of their own.
  const arrows = movable.map(({ kind }) => {
    if (kind === "value") return { mark: draw("rect", "ae-vector-square", { width: 9, height: 9 }) };
    const name = `ae-vector-${kind}`;
    return { shaft: draw("path", `ae-vector-shaft ${name}`), head: draw("path", `ae-vector-head ${name}`) };
  });
  const path = draw("polyline", "ae-vector-path ae-answer");
  const joints = tokens.map(() => draw("circle", "ae-vector-joint ae-answer", { r: 2.6 }));
  const labels = movable.map(({ kind }, i) =>
    text(`ae-vector-label ae-vector-${kind}`, kind === "query" ? say.vector_query_word : shorten(tokens[i % tokens.length].replace(/\s+/g, " ") || "␣", tokens.length > CROWD ? 8 : 12)),
  );
  const output = draw("circle", "ae-vector-result ae-answer", { r: 7.5 });
  const outputLabel = text("ae-vector-label ae-vector-result-label", say.output);

  // What is grabbed and focused: a disc around every tip.
  const handles = movable.map(({ name }, i) => {
    const handle = svgElement("circle", {
      class: "ae-vector-handle",
      r: REACH,
      role: "slider",
      tabindex: "0",
      "aria-label": name,
      "aria-describedby": help.id,
      "aria-valuemin": announced(low),
      "aria-valuemax": announced(high),
      "data-lm-suppress-shortcuts": "true",
    });
    const title = svgElement("title");
    title.append(name);
    handle.append(title);
    handle.addEventListener("keydown", (event) => moveByKey(i, event), { signal });
    return handle;
  });
  // The query comes first, as it does in the words.
  svg.append(handles.at(-1), ...handles.slice(0, -1));

  // ------------------------------------------------------------------------- moving

  const settle = (number, step) => Number(clampTo(Math.round(number / step) * step, low, high).toFixed(12));
  const moveTo = (i, point) => {
    const [a, b] = movable[i].read();
    if (point[0] !== a || point[1] !== b) movable[i].write(point);
  };

  function moveByKey(i, event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    let [a, b] = movable[i].read();
    const step = event.shiftKey ? steps.large : steps.small;
    const moves = {
      ArrowRight: [step, 0],
      ArrowLeft: [-step, 0],
      ArrowUp: [0, step],
      ArrowDown: [0, -step],
      PageUp: [0, steps.large],
      PageDown: [0, -steps.large],
    };
    if (event.key in moves) {
      const [right, up] = moves[event.key];
      if (right) a = settle(a + right, steps.fine);
      if (up) b = settle(b + up, steps.fine);
    } else if (event.key === "Home") a = low;
    else if (event.key === "End") a = high;
    else return;
    event.preventDefault();
    event.stopPropagation();
    moveTo(i, [a, b]);
  }

  // A finger on a tip does not scroll the page; `touch-action` is not heeded inside a drawing.
  const hold = (event) => {
    if (handles.includes(event.target)) event.preventDefault();
  };
  svg.addEventListener("touchstart", hold, { signal, passive: false });

  let drag = null; // which arrow, by which pointer, and how to get from the window to the plane
  svg.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0 || drag || !handles.includes(event.target)) return;
      const box = svg.getBoundingClientRect();
      const scale = SIDE / box.width;
      const [px, py] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
      // Where tips lie together, the nearest one is meant; of equally near ones the last.
      let best = handles.indexOf(event.target);
      let least = Infinity;
      movable.forEach(({ read }, i) => {
        const [tx, ty] = inSight(read());
        const distance = Math.hypot(tx - px, ty - py);
        if (distance <= least + 1e-6) [best, least] = [i, distance];
      });
      const [tx, ty] = inSight(movable[best].read());
      drag = { i: best, pointer: event.pointerId, box, scale, dx: tx - px, dy: ty - py };
      handles[best].setPointerCapture(event.pointerId);
      handles[best].focus({ preventScroll: true });
      event.preventDefault();
    },
    { signal },
  );
  svg.addEventListener(
    "pointermove",
    (event) => {
      if (event.pointerId !== drag?.pointer) return;
      const px = (event.clientX - drag.box.left) * drag.scale + drag.dx;
      const py = (event.clientY - drag.box.top) * drag.scale + drag.dy;
      const a = low + ((px - MARGIN) / inner) * (high - low);
      const b = low + ((SIDE - MARGIN - py) / inner) * (high - low);
      moveTo(drag.i, [settle(a, steps.fine), settle(b, steps.fine)]);
    },
    { signal },
  );
  const release = (event) => {
    if (event.pointerId === drag?.pointer) drag = null;
  };
  for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) svg.addEventListener(type, release, { signal });

  // ------------------------------------------------------------------------- painting

  const keyCount = tokens.length;
  const last = movable.length - 1;
  const chosen = new Array(movable.length + 1).fill(0); // where each label stands; it stays if it can
  let placed = { keys: null, values: null, boxes: [] };
  let hulled = {};

  let larger = 1; // labels than usual

  /** Text of the drawing has sizes of its own: in units of the drawing, which is as wide as it may. */
  const enlarge = (isLarge) => {
    larger = isLarge ? LARGE_LABELS : 1;
    svg.style.setProperty("--larger", String(larger));
    for (const [tick, across, down] of numbers) {
      put(across, { x: x(tick), y: Math.min(zeroY + 10 * larger, SIDE - 6 * larger) });
      put(down, { x: Math.max(zeroX - 13 * larger, 10 * larger), y: y(tick) });
    }
    placed = { keys: null, values: null, boxes: [] };
  };

  const paintHandle = (i) => {
    const [a, b] = movable[i].read();
    const [cx, cy] = inSight([a, b]);
    const handle = handles[i];
    put(handle, { cx, cy });
    setAttribute(handle, "aria-valuenow", announced(clampTo(a, low, high)));
    const place = { x: decimal(a, decimals(a)), y: decimal(b, decimals(b)) };
    const length = Math.hypot(a, b);
    const words = length === 0 ? say.vector_place : say.vector_place_length;
    setAttribute(handle, "aria-valuetext", phrase(words, { ...place, length: decimal(length), angle: decimal(degrees(Math.atan2(b, a)), 0) }));
  };

  const paintLabel = (i, shape, tip, away, taken) => {
    const [width, height] = [larger * labelWidth(shape.firstChild?.nodeValue ?? ""), larger * LABEL_HEIGHT];
    const { centre, box, choice, cost } = placeLabel(tip, away, [width, height], taken, chosen[i]);
    chosen[i] = choice;
    // In a crowd a label that would lie on another one is left out; the table has them all.
    const hidden = i < last && keyCount > CROWD && cost > 0.3 * width * height;
    shape.classList.toggle("ae-vector-hidden", hidden);
    if (hidden) return around(tip, 0, 0);
    put(shape, { x: centre[0], y: centre[1] });
    return box;
  };

  const paint = (state, seen) => {
    if (hulled.values !== state.values || hulled.mask !== state.mask) {
      hulled = { values: state.values, mask: state.mask };
      put(hull, { points: convexHull(state.values.filter((_, i) => state.mask[i])).map((point) => at(point).map((p) => p.toFixed(1)).join(",")).join(" ") });
    }
    movable.forEach(({ kind, read }, i) => {
      const may = kind === "query" || state.mask[i % keyCount];
      paintHandle(i);
      labels[i].classList.toggle("ae-masked", !may);
      const { mark: square, shaft, head } = arrows[i];
      const tip = at(read());
      if (square) {
        put(square, { x: tip[0] - 4.5, y: tip[1] - 4.5 });
        square.classList.toggle("ae-masked", !may);
        return;
      }
      const weight = kind === "query" ? 0.45 : clamp(seen.weights?.[i] ?? 0);
      const width = 1.6 + 5.4 * weight;
      const drawn = arrowPaths(at([0, 0]), tip, width, kind === "query");
      put(shaft, { d: drawn.shaft, "stroke-width": width });
      put(head, { d: drawn.head });
      shaft.classList.toggle("ae-masked", !may);
      head.classList.toggle("ae-masked", !may);
    });
    paintSum(state, seen);
    paintLabels(state, seen);
  };

  const paintSum = (state, seen) => {
    svg.classList.toggle("ae-vector-nothing", !seen.output);
    if (!seen.output) return;
    const tip = [0, 0];
    let points = at(tip).map((p) => p.toFixed(1)).join(",");
    state.values.forEach((value, i) => {
      tip[0] += seen.weights[i] * value[0];
      tip[1] += seen.weights[i] * value[1];
      const [cx, cy] = at(tip);
      points += ` ${cx.toFixed(1)},${cy.toFixed(1)}`;
      put(joints[i], { cx, cy });
    });
    put(path, { points });
    const [cx, cy] = at(seen.output);
    put(output, { cx, cy });
  };

  const paintLabels = (state, seen) => {
    if (placed.keys !== state.keys || placed.values !== state.values) {
      const tips = movable.slice(0, last).map(({ read }) => inSight(read()));
      const taken = tips.map((tip) => around(tip, 10, 10));
      if (target) taken.push(around(at(target), 22, 22));
      tips.forEach((tip, i) => taken.push(paintLabel(i, labels[i], tip, outwards(movable[i].read()), taken)));
      placed = { keys: state.keys, values: state.values, boxes: taken };
    }
    const taken = [...placed.boxes];
    const tip = inSight(state.query);
    taken.push(around(tip, 12, 12));
    if (seen.output) {
      const dot = inSight(seen.output);
      taken.push(around(dot, 16, 16));
      taken.push(paintLabel(last, labels[last], tip, outwards(state.query), taken));
      paintLabel(last + 1, outputLabel, dot, Math.PI / 2, taken);
    } else paintLabel(last, labels[last], tip, outwards(state.query), taken);
  };

  return { svg, paint, enlarge, star: (reached) => star?.classList.toggle("ae-reached", reached) };
}

const clampTo = (number, least, most) => Math.min(Math.max(number, least), most);

/** A round distance between grid lines, of which about ten fit into the plane. */
function gridStep(span) {
  const power = 10 ** Math.floor(Math.log10(span / 8));
  return [1, 2, 5, 10].find((round) => round * power >= span / 12.5) * power;
}

/** The direction on the page in which a vector points; upwards if it has no length. */
const outwards = ([a, b]) => (a === 0 && b === 0 ? -Math.PI / 2 : Math.atan2(-b, a));

/** An arrow as two paths: a shaft, and a head that is filled, or open for the query. */
function arrowPaths([x0, y0], [x1, y1], width, open) {
  const length = Math.hypot(x1 - x0, y1 - y0);
  if (length < 1) return { shaft: "", head: "" };
  const [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length];
  const size = Math.min(open ? 16 : 9 + 1.6 * width, length);
  const half = open ? 9 : 3.6 + 0.9 * width;
  const place = (back, aside) => `${(x1 - back * ux - aside * uy).toFixed(1)},${(y1 - back * uy + aside * ux).toFixed(1)}`;
  const start = `M${x0.toFixed(1)},${y0.toFixed(1)}`;
  if (open) return { shaft: `${start}L${place(1, 0)}`, head: `M${place(size, half)}L${place(0, 0)}L${place(size, -half)}` };
  return { shaft: `${start}L${place(0.8 * size, 0)}`, head: `M${place(0, 0)}L${place(size, half)}L${place(size, -half)}Z` };
}

function starAt(cx, cy, radius) {
  const points = Array.from({ length: 10 }, (_, k) => {
    const r = k % 2 ? 0.45 * radius : radius;
    const turn = (Math.PI * k) / 5 - Math.PI / 2;
    return `${(cx + r * Math.cos(turn)).toFixed(1)},${(cy + r * Math.sin(turn)).toFixed(1)}`;
  });
  return `M${points.join("L")}Z`;
}

// --------------------------------------------------------------------------- labels that do not collide

/** About how wide a label is: measuring it would lay the page out. */
const labelWidth = (words) => [...words].reduce((sum, sign) => sum + (sign > "\u2e7f" ? 16.5 : 9), 4);

const around = ([cx, cy], width, height) => [cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2];

const overlap = (p, q) =>
  Math.max(0, Math.min(p[2], q[2]) - Math.max(p[0], q[0])) * Math.max(0, Math.min(p[3], q[3]) - Math.max(p[1], q[1]));

const TURNS = [0, 1, -1, 2, -2, 3, -3, 4].map((eighths) => (Math.PI / 4) * eighths);

/** Where a label goes: beyond its tip if that is free, else around it; where it was, if it can. */
function placeLabel([tx, ty], away, [width, height], taken, before) {
  let best = null;
  for (let k = 0; k < TURNS.length; k++) {
    const choice = (before + k) % TURNS.length;
    const direction = away + TURNS[choice];
    const cx = clampTo(tx + (width / 2 + 8) * Math.cos(direction), width / 2, SIDE - width / 2);
    const cy = clampTo(ty + (height / 2 + 9) * Math.sin(direction), height / 2, SIDE - height / 2);
    const box = around([cx, cy], width, height);
    const cost = taken.reduce((sum, other) => sum + overlap(box, other), 0);
    if (!best || cost < best.cost - 1e-9) best = { centre: [cx, cy], box, choice, cost };
    if (cost === 0) break;
  }
  return best;
}

export default { render: renderVectors };
