// The attention map: any matrix of weights with its tokens, or with the patches of an image. Point
// at a row and see its weights as numbers, as shading and as lines; or drag its scores.

import { entropy, maskScores, softmax, weightedSum } from "./attention.js";
import { dialogue, wordsBelow } from "./dialogue.js";
import {
  SUPPRESS,
  button,
  checkbox,
  clamp,
  decimal,
  decimals,
  decodeNumbers,
  element,
  largeType,
  linearScale,
  numberBox,
  paintBar,
  paintThumb,
  paintUprightBars,
  percent,
  phrase,
  setAttribute,
  setNumber,
  setStyle,
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

const MOST_CELLS = 32; // rows or columns; a larger map is drawn on a canvas
const MOST_LINES = 32; // keys
const MOST_NUMBERED = 10; // columns whose cells have room for a number
const SHADE = 60; // percent of the colour that a token's shade may have: its text stays legible
const TOLD = 5; // keys that are told in words
const OUTPUTS_SHOWN = 4;
const BARS_SHOWN = 16;
const LABEL = 48; // characters of a label that are written; all are in its title
const ZOOMS = [1, 2, 3, 4, 6, 8, 10, 12, 16, 24];
const LEAST_HEIGHT = 28; // of a large map, in pixels
const LABELLED_ZOOM = 12; // from here on rows and columns of a canvas carry their names
const LARGE_CELLS = 1.6; // of their size, where type is large
const REST = 150; // milliseconds
const DRAG = 8; // pixels for a step of a score
const CIVIDIS =
  "00224e 00285b 002e6a 053371 1a386f 273e6e 32436d 3b496c 434e6c 4b546c 535a6d " +
  "5a5f6e 61656f 686a71 6f7073 767676 7d7c78 848279 8c8878 938e78 9b9476 a39a74 " +
  "aba072 b4a76f bcae6c c4b468 cdbb63 d5c25e dec958 e7d150 f0d846 f9e03a fee838";

function build({ model, el }) {
  const version = model.get("_version");
  const isCurrent = () => model.get("_version") === version; // else another one is about to be built
  const stop = new AbortController();
  const { signal } = stop;
  const say = STRINGS[model.get("language")];
  const queries = model.get("queries");
  const keys = model.get("key_names");
  const [nQuery, nKey] = [queries.length, keys.length];
  const names = { queries: tokenNames(queries, say), keys: tokenNames(keys, say) };
  const headNames = model.get("head_names");
  const editable = model.get("editable");
  const image = model.get("image");
  const isSmall = nQuery <= MOST_CELLS && nKey <= MOST_CELLS;
  let state = readState(model, null);
  let column = 0; // of the chosen cell
  let hovered = null; // {row, column} under the pointer

  const change = (changes) => talk.change(changes);

  /** The cell that is pointed at, or the chosen one. */
  const pointed = () => hovered ?? { row: state.row, column };
  /** The row that is shown beside the map; while scores are edited it does not follow the pointer. */
  const shownRow = () => (editable ? state.row : pointed().row);

  const choose = (row, to, { focus = false } = {}) => {
    hovered = null;
    const moved = column !== to;
    column = to;
    if (row !== state.row) change({ row });
    else if (moved) talk.paint();
    else show();
    if (focus) table.focus(row, to);
  };
  const hover = (cell) => {
    if (cell?.row === hovered?.row && cell?.column === hovered?.column) return;
    hovered = cell;
    show();
  };
  const setScore = (row, to, score) => {
    const { shape, numbers } = state.scores;
    const changed = numbers.slice();
    changed[offset(state, row) + to] = score;
    change({ scores: pack(shape, changed) });
  };
  const scoreAt = (row, to) => state.scores.numbers[offset(state, row) + to];
  const [low, high] = model.get("_score_range").length ? model.get("_score_range") : [-4, 4];
  const scale = linearScale(low, high, 0.1);
  const step = (row, to, steps) =>
    setScore(row, to, Math.min(Math.max(scale.step(scoreAt(row, to), steps), low), high));

  // ------------------------------------------------------------------------- building the page

  const root = element("div", {
    class: "ae-root ae-attention-map",
    "data-widget": "AttentionMap",
    role: "group",
    "aria-label": model.get("title") || say.map,
  });
  const actions = { choose, hover, step, scoreAt, setScore, scale, editable, image, pointed };
  const table = isSmall
    ? makeGrid(queries, keys, names, say, actions, signal)
    : makeCanvas(queries, keys, say, actions, signal);

  const bar = element("div", { class: "ae-controls ae-map-controls", role: "group", "aria-label": say.controls });
  let heads = null;
  if (headNames.length > 1) {
    heads = element("select", { class: "ae-map-select", [SUPPRESS]: "true" });
    headNames.forEach((name, h) => heads.append(element("option", { value: String(h) }, wordOf(name))));
    heads.addEventListener("change", () => change({ head: Number(heads.value) }), { signal });
    bar.append(element("label", { class: "ae-control" }, say.map_head, heads));
  }
  const ranked = checkbox({
    label: say.map_by_rank,
    read: () => state.colouring === "rank",
    write: (checked) => change({ colouring: checked ? "rank" : "linear" }),
    signal,
  });
  bar.append(ranked.element);
  if (table.zoomBy) {
    const [out, into] = [button({ label: "−", press: () => table.zoomBy(-1), signal }), button({ label: "+", press: () => table.zoomBy(1), signal })];
    out.setAttribute("aria-label", say.map_zoom_out);
    into.setAttribute("aria-label", say.map_zoom_in);
    bar.append(element("span", { class: "ae-control" }, say.map_zoom, out, into));
  }
  if (editable) bar.append(button({ label: say.reset, press: () => change({ scores: model.get("_initial_scores") }), signal }));
  const legend = makeLegend(say);
  const type = largeType({ root, say, follow: () => table.enlarge?.(type.isOn()), signal });
  bar.append(legend.element, type.element);
  table.enlarge?.(type.isOn());

  const readout = element("div", { class: "ae-map-readout ae-map-line" });
  const editor = editable ? makeEditor() : null;
  const left = element("div", { class: "ae-map-left" }, table.element, readout);
  if (editor) left.append(editor.element);

  const title = element("div", { class: "ae-map-line ae-title", dir: "auto" });
  const sums = element("div", { class: "ae-map-line" });
  const largest = element("div", { class: "ae-map-line", dir: "auto" });
  const picture = image
    ? makeImage(model, actions, say)
    : nKey <= MOST_LINES
      ? makeLines(queries, keys, actions, say, signal)
      : makeStrip(keys, actions, say, signal);
  const output = model.get("values") ? makeOutput(decodeNumbers(model.get("values"))[0].length, say) : null;
  const right = element("div", { class: "ae-map-right" }, title, sums, largest, picture.element);
  if (output) right.append(output.element);
  const words = wordsBelow(say);
  root.append(bar, element("div", { class: "ae-map-body" }, left, right), ...words.below, words.spoken);
  root.classList.toggle("ae-map-editable", editable);
  el.replaceChildren(root);

  /** The slider of the chosen cell's score, below the map. */
  function makeEditor() {
    const track = slider({
      name: "",
      scale,
      read: () => scoreAt(state.row, column),
      write: (score) => setScore(state.row, column, score),
      signal,
      className: "ae-bipolar ae-map-score",
    });
    const scoreBar = element("span", { class: "ae-bar" });
    const thumb = element("span", { class: "ae-thumb" });
    track.append(element("span", { class: "ae-zero" }), scoreBar, thumb);
    track.style.setProperty("--zero", String(clamp(scale.toPlace(0))));
    const { box, frame } = numberBox();
    const name = element("div", { class: "ae-map-line", dir: "auto" });
    const made = element(
      "div",
      { class: "ae-map-editor" },
      name,
      element("div", { class: "ae-map-edit" }, track, frame),
      element("div", { class: "ae-note" }, say.map_edit_hint),
    );
    const paint = (weight) => {
      const score = scoreAt(state.row, column);
      const place = clamp(scale.toPlace(score));
      const gaps = { query: names.queries[state.row], key: names.keys[column] };
      setAttribute(track, "aria-label", phrase(say.map_score_of, gaps));
      setText(name, phrase(say.map_score_of, gaps));
      paintBar(scoreBar, clamp(scale.toPlace(0)), place);
      paintThumb(thumb, place);
      setNumber(box, decimal(score, decimals(score)));
      showSlider(track, scale, score, phrase(say.score_text_weight, { score: decimal(score, decimals(score)), weight: percent(weight) }));
    };
    return { element: made, paint };
  }

  // ------------------------------------------------------------------------- drawing

  let scene = null;
  const draw = () => {
    const now = sceneOf(state, scene, editable, nQuery, nKey);
    if (!scene) column = topOf(now.row(state.row), 1)[0] ?? 0; // the first cell to be told: the largest
    if (now !== scene) {
      scene = now;
      table.paint(scene);
      legend.paint(scene);
      if (heads) heads.value = String(state.head);
      ranked.show();
    }
    show();
  };

  /** What follows the pointer: the cross-hair, the row in words, numbers, shading and lines. */
  const show = () => {
    const at = pointed();
    const row = shownRow();
    table.point(at, row, { row: state.row, column });
    const weights = scene.row(row);
    const cellWeight = scene.row(at.row)[at.column];
    const masked = !scene.may(at.row, at.column);
    setText(readout, cellWords(at, cellWeight, masked));
    if (!isSmall) {
      setAttribute(readout, "data-row", at.row);
      setAttribute(readout, "data-column", at.column);
      setAttribute(readout, "data-weight", cellWeight);
    }
    setText(title, phrase(say.map_of_query, { query: shorten(names.queries[row], LABEL) }));
    const total = weights.reduce((sum, x) => sum + x, 0);
    const isShare = Math.abs(total - 1) < 1e-5;
    setText(
      sums,
      isShare
        ? phrase(say.map_sum_entropy, { total: decimal(total), bits: decimal(entropy(weights), 1), most: decimal(Math.log2(nKey), 1) })
        : phrase(say.map_sum, { total: decimal(total) }),
    );
    const top = topOf(weights, TOLD);
    const told = top.map((j) => `${shorten(names.keys[j], LABEL)} ${percent(weights[j])}`);
    const list = told.join(", ") || say.map_nothing;
    setText(largest, top.length ? phrase(say.map_largest, { list: picture.tells ? told[0] : list }) : list);
    picture.paint({ scene, row, column: at.column, weights, top: top[0] ?? -1, words: phrase(say.map_picture, { query: shorten(names.queries[row], LABEL), list }) });
    if (output) output.paint(weights, state.values);
    editor?.paint(scene.row(state.row)[column]);
  };

  const cellWords = (at, weight, masked) => {
    const gaps = { query: shorten(names.queries[at.row], LABEL), key: shorten(names.keys[at.column], LABEL), weight: percent(weight) + (masked ? `, ${say.map_masked}` : "") };
    if (!state.scores) return phrase(say.map_cell, gaps);
    const score = state.scores.numbers[offset(state, at.row) + at.column];
    return phrase(say.map_cell_score, { ...gaps, score: decimal(score, decimals(score)) });
  };

  const summary = () => {
    const parts = [readout.textContent, sums.textContent, largest.textContent];
    if (output) parts.push(output.words());
    return `${parts.join(". ")}.`;
  };

  // ------------------------------------------------------------------------- life

  const talk = dialogue({
    model,
    root,
    words,
    say,
    watched: ["weights", "scores", "values", "mask", "head", "row", "colouring"],
    read: () => isCurrent() && (state = readState(model, state)),
    draw: () => isCurrent() && draw(),
    summary,
    signal,
  });
  talk.begin();

  return () => {
    talk.stop();
    stop.abort();
  };
}

/** What is shown in a place may change altogether, tokens and all: then it is built anew. */
function render({ model, el }) {
  let stop = build({ model, el });
  const again = () => {
    stop();
    stop = build({ model, el });
  };
  model.on("change:_version", again);
  return () => {
    model.off("change:_version", again);
    stop();
  };
}

// --------------------------------------------------------------------------- arrays and state

const KINDS = { float32: Float32Array, float64: Float64Array, uint8: Uint8Array, bool: Uint8Array };

/** Arrays travel as {shape, type, data}, the data as bytes. */
function unpack(sent) {
  if (!sent) return null;
  const { buffer, byteOffset, byteLength } = sent.data;
  const bytes = buffer.slice(byteOffset, byteOffset + byteLength); // a place that any type may start at
  const numbers = new KINDS[sent.type](bytes);
  return { shape: sent.shape, numbers };
}

function pack(shape, numbers) {
  return { shape, type: "float64", data: new DataView(numbers.buffer) };
}

/** What the model holds, as numbers; what has not changed since `before` is not read again. */
function readState(model, before) {
  const kept = (name, read) => {
    const sent = model.get(name);
    return before && before.sent[name] === sent ? before[name] : read(sent);
  };
  const sent = {};
  for (const name of ["weights", "scores", "mask", "values"]) sent[name] = model.get(name);
  return {
    sent,
    weights: kept("weights", unpack),
    scores: kept("scores", unpack),
    mask: kept("mask", unpack),
    values: kept("values", (values) => values && decodeNumbers(values)),
    head: model.get("head"),
    row: model.get("row"),
    colouring: model.get("colouring"),
  };
}

/** Where a row of the shown head begins in all numbers. */
function offset({ weights, scores, head }, row) {
  const { shape } = scores ?? weights;
  const [nQuery, nKey] = shape.slice(-2);
  return ((shape.length > 2 ? head : 0) * nQuery + row) * nKey;
}

/** The shown head: its weights, what is masked, and the colour of each cell, 0 to 1. */
function sceneOf(state, before, fixed, nQuery, nKey) {
  const { weights, scores, mask, head, colouring } = state;
  const same = (name) => before.state[name] === state[name];
  if (before && ["weights", "scores", "mask", "head", "colouring"].every(same)) return before;
  const size = nQuery * nKey;
  const masks = mask && mask.numbers.subarray(...(mask.shape.length > 2 ? [head * size, (head + 1) * size] : [0, size]));
  const matrix = scores ? new Float64Array(size) : weights.numbers.subarray(offset(state, 0), offset(state, 0) + size);
  for (let i = 0; scores && i < nQuery; i++) {
    const start = offset(state, i);
    const row = scores.numbers.subarray(start, start + nKey);
    matrix.set(softmax(masks ? maskScores(row, masks.subarray(i * nKey, (i + 1) * nKey)) : row), i * nKey);
  }
  let most = 0;
  for (const weight of matrix) if (weight > most) most = weight;
  if (fixed || most === 0) most = 1; // while scores are dragged, the colours of other rows stand still
  const byRank = colouring === "rank";
  const row = (i) => matrix.subarray(i * nKey, (i + 1) * nKey);
  const may = (i, j) => !masks || Boolean(masks[i * nKey + j]);
  const ranks = byRank ? new Float32Array(size) : null;
  for (let i = 0; byRank && i < nQuery; i++) ranks.set(ranksOf(row(i), masks?.subarray(i * nKey, (i + 1) * nKey)), i * nKey);
  const place = byRank ? (i, j) => ranks[i * nKey + j] : (i, j) => matrix[i * nKey + j] / most;
  return { state, matrix, masks, most, byRank, row, may, place, nQuery, nKey };
}

/** Each weight's rank within its row, 0 to 1; equal weights share the middle one. */
function ranksOf(row, mask) {
  const ordered = (mask ? row.filter((_, j) => mask[j]) : row.slice()).sort();
  const count = ordered.length;
  if (count < 2) return new Array(row.length).fill(0.5);
  const first = (test) => {
    let [from, to] = [0, count];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (test(ordered[middle])) to = middle;
      else from = middle + 1;
    }
    return from;
  };
  return row.map((weight) => (first((x) => x >= weight) + first((x) => x > weight) - 1) / 2 / (count - 1));
}

/** The places of the `most` largest weights above 0, the largest first. */
function topOf(weights, most) {
  const top = [];
  weights.forEach((weight, j) => {
    if (weight <= 0 || (top.length === most && weight <= weights[top[most - 1]])) return;
    let place = top.length;
    while (place > 0 && weights[top[place - 1]] < weight) place -= 1;
    top.splice(place, 0, j);
    top.length = Math.min(top.length, most);
  });
  return top;
}

/** What is written for a label: one that would not be seen gets a sign. */
const wordOf = (label) => (label.trim() ? shorten(label, LABEL) : "␣");

// --------------------------------------------------------------------------- colours

/** 256 colours from dark blue to yellow, and whether black ink is read better on each. */
const COLOURS = (() => {
  const stops = CIVIDIS.split(" ").map((code) => [0, 2, 4].map((at) => parseInt(code.slice(at, at + 2), 16)));
  return Array.from({ length: 256 }, (_, level) => {
    const at = (level / 255) * (stops.length - 1);
    const from = Math.min(Math.floor(at), stops.length - 2);
    const rgb = stops[from].map((x, c) => Math.round(x + (at - from) * (stops[from + 1][c] - x)));
    const linear = rgb.map((x) => (x <= 10 ? x / 3294.6 : ((x / 255 + 0.055) / 1.055) ** 2.4));
    const light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    return { rgb, css: `rgb(${rgb.join(" ")})`, dark: light < 0.179 };
  });
})();

const level = (place) => Math.round(255 * clamp(place));

function makeLegend(say) {
  const [least, most] = [element("span"), element("span")];
  const ramp = element("span", { class: "ae-map-ramp", "aria-hidden": "true" });
  const stops = COLOURS.filter((_, i) => i % 15 === 0).map(({ css }) => css);
  ramp.style.backgroundImage = `linear-gradient(90deg, ${stops.join(", ")})`;
  const hatch = element("span", { class: "ae-map-swatch ae-map-hatch", "aria-hidden": "true" });
  const masked = element("span", { class: "ae-control" }, hatch, say.map_masked);
  const made = element("span", { class: "ae-control ae-map-legend" }, least, ramp, most, masked);
  const paint = ({ byRank, most: top, masks }) => {
    setText(least, byRank ? say.map_rank_low : "0");
    setText(most, byRank ? say.map_rank_high : percent(top));
    setStyle(masked, "display", masks && masks.includes(0) ? "" : "none");
  };
  return { element: made, paint };
}

// --------------------------------------------------------------------------- the map as a grid

function makeGrid(queries, keys, names, say, actions, signal) {
  const [nQuery, nKey] = [queries.length, keys.length];
  const numbered = nKey <= MOST_NUMBERED;
  const longest = Math.max(...keys.map((key) => [...key].length));
  const grid = element("table", {
    class: "ae-map-grid",
    role: "grid",
    "aria-label": say.map_grid,
    "aria-rowcount": String(nQuery + 1),
    "aria-colcount": String(nKey + 1),
  });
  grid.classList.toggle("ae-map-numbered", numbered);
  grid.classList.toggle("ae-map-upright", !numbered || longest > 6);
  const label = (text) => element("span", { class: "ae-map-label", dir: "auto", title: text }, wordOf(text));
  const corner = element("td", { class: "ae-map-corner", role: "gridcell" }, say.map_corner);
  const heads = keys.map((key, j) => element("th", { role: "columnheader", scope: "col", "data-of-column": String(j) }, label(key)));
  grid.append(element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, corner, ...heads)));
  const body = element("tbody", { role: "rowgroup" });
  const cells = [];
  const rows = queries.map((query, i) => {
    const row = keys.map((_, j) => {
      const text = element("span", { class: "ae-map-number" });
      const cell = element("td", {
        role: "gridcell",
        tabindex: i || j ? "-1" : "0",
        class: "ae-map-cell",
        [SUPPRESS]: "true",
        "data-row": String(i),
        "data-column": String(j),
      });
      cell.append(text);
      return { cell, text };
    });
    cells.push(row);
    const made = element("tr", { role: "row" }, element("th", { role: "rowheader", scope: "row", "data-of-row": String(i) }, label(query)), ...row.map(({ cell }) => cell));
    body.append(made);
    return made;
  });
  grid.append(body);
  const scroller = element("div", { class: "ae-map-scroller" }, grid);

  const paint = (scene) => {
    for (let i = 0; i < nQuery; i++)
      for (let j = 0; j < nKey; j++) {
        const made = cells[i][j];
        const weight = scene.matrix[i * nKey + j];
        const may = scene.may(i, j);
        const shade = may ? level(scene.place(i, j)) : -1;
        const score = scene.state.scores && actions.editable ? actions.scoreAt(i, j) : null;
        if (made.weight === weight && made.shade === shade && made.score === score) continue;
        Object.assign(made, { weight, shade, score });
        const text = percent(weight);
        setAttribute(made.cell, "data-weight", weight);
        const words = { query: names.queries[i], key: names.keys[j], weight: may ? text : `${text}, ${say.map_masked}` };
        setAttribute(
          made.cell,
          "aria-label",
          score === null ? phrase(say.map_cell, words) : phrase(say.map_cell_score, { ...words, score: decimal(score, decimals(score)) }),
        );
        setStyle(made.cell, "backgroundColor", may ? COLOURS[shade].css : "");
        made.cell.classList.toggle("ae-map-hatch", !may);
        made.cell.classList.toggle("ae-map-dark", may && COLOURS[shade].dark);
        if (numbered) setText(made.text, may || weight ? text.replace(" %", "") : "–");
      }
  };

  let seen = { row: -1, column: -1, shown: -1, tab: cells[0][0] };
  const point = (at, shown, chosen) => {
    if (at.row !== seen.row || at.column !== seen.column) {
      cells[seen.row]?.[seen.column]?.cell.classList.remove("ae-map-pointed");
      cells[at.row][at.column].cell.classList.add("ae-map-pointed");
      if (at.column !== seen.column) {
        heads[seen.column]?.classList.remove("ae-map-here");
        heads[at.column].classList.add("ae-map-here");
      }
    }
    if (shown !== seen.shown) {
      rows[seen.shown]?.classList.remove("ae-map-shown");
      rows[shown].classList.add("ae-map-shown");
    }
    const tab = cells[chosen.row][chosen.column];
    if (tab !== seen.tab) {
      seen.tab.cell.setAttribute("tabindex", "-1");
      tab.cell.setAttribute("tabindex", "0");
    }
    seen = { row: at.row, column: at.column, shown, tab };
  };
  const focus = (row, column) => cells[row][column].cell.focus();

  const on = (type, handler) => grid.addEventListener(type, handler, { signal });
  const cellOf = (event) => {
    const cell = event.target.closest?.(".ae-map-cell");
    return cell && { row: Number(cell.dataset.row), column: Number(cell.dataset.column), cell };
  };
  /** The cell that is meant: the one under the pointer or, on a name, one of its row or column. */
  const meant = (event) => {
    const { ofRow, ofColumn } = event.target.closest?.("th")?.dataset ?? {};
    if (ofRow === undefined && ofColumn === undefined) return cellOf(event);
    const chosen = seen.tab.cell.dataset;
    return { row: Number(ofRow ?? chosen.row), column: Number(ofColumn ?? chosen.column) };
  };
  let drag = null;
  on("pointerover", (event) => {
    if (event.pointerType === "touch" || drag) return;
    const at = meant(event);
    actions.hover(at && { row: at.row, column: at.column });
  });
  on("pointerleave", () => drag || actions.hover(null));
  on("focusin", (event) => {
    const at = cellOf(event);
    if (at) actions.choose(at.row, at.column);
  });
  on("click", (event) => {
    const at = meant(event);
    if (at) actions.choose(at.row, at.column, { focus: true });
  });
  if (actions.editable) {
    on("pointerdown", (event) => {
      const at = cellOf(event);
      if (!at || event.button !== 0 || event.pointerType === "touch") return;
      const score = actions.scoreAt(at.row, at.column);
      drag = { ...at, id: event.pointerId, y: event.clientY, score: Number.isFinite(score) ? score : actions.scale.low };
      at.cell.setPointerCapture(event.pointerId);
      event.preventDefault();
      actions.choose(at.row, at.column, { focus: true });
    });
    on("pointermove", (event) => {
      if (event.pointerId !== drag?.id) return;
      const steps = Math.trunc((drag.y - event.clientY) / DRAG);
      if (!steps && !drag.moved) return; // a press that trembles is no drag
      drag.moved = true;
      const { low, high } = actions.scale;
      const score = Math.min(Math.max(actions.scale.step(drag.score, steps), low), high);
      if (score !== actions.scoreAt(drag.row, drag.column)) actions.setScore(drag.row, drag.column, score);
    });
    const release = (event) => {
      if (event.pointerId === drag?.id) drag = null;
    };
    for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) on(type, release);
  }
  on("keydown", (event) => {
    const at = cellOf(event);
    if (!at || event.metaKey || event.altKey) return;
    if (actions.editable && !event.ctrlKey && "+-=".includes(event.key)) actions.step(at.row, at.column, event.key === "-" ? -1 : 1);
    else {
      const to = moved(event, at, nQuery, nKey);
      if (!to) return;
      focus(to.row, to.column);
    }
    event.preventDefault();
    event.stopPropagation();
  });
  return { element: scroller, paint, point, focus };
}

/** Where a key leads from a cell, or null if it is no key of a grid. */
function moved(event, { row, column }, nQuery, nKey) {
  const steps = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0], PageDown: [10, 0], PageUp: [-10, 0], Home: [0, -nKey], End: [0, nKey] };
  if (!(event.key in steps)) return null;
  let [down, right] = steps[event.key];
  if (event.ctrlKey) {
    if (event.key !== "Home" && event.key !== "End") return null;
    down = event.key === "Home" ? -nQuery : nQuery;
  }
  const within = (x, count) => Math.min(Math.max(x, 0), count - 1);
  return { row: within(row + down, nQuery), column: within(column + right, nKey) };
}

// --------------------------------------------------------------------------- the map as a drawing

/**
 * A large map: one pixel a cell in a picture out of sight, of which the part in sight is drawn,
 * enlarged. The cross-hair has a canvas of its own, so that pointing at a cell draws nothing else.
 */
function makeCanvas(queries, keys, say, actions, signal) {
  const [nQuery, nKey] = [queries.length, keys.length];
  const [map, cross] = [element("canvas", { class: "ae-map-canvas" }), element("canvas", { class: "ae-map-canvas" })];
  const window_ = element("div", { class: "ae-map-window", "aria-hidden": "true" }, map, cross);
  const sizer = element("div", { class: "ae-map-sizer" }, window_);
  const scroller = element(
    "div",
    {
      class: "ae-map-scroller ae-map-large",
      role: "application",
      tabindex: "0",
      "aria-label": say.map_grid,
      "aria-description": say.map_canvas_keys,
      [SUPPRESS]: "true",
    },
    sizer,
  );
  const whole = new OffscreenCanvas(nKey, nQuery);
  // `zoom` is the size of a cell, one of `sizes`; `chosen` is whether somebody wanted it.
  let [zoom, chosen, larger, sizes] = [0, false, 1, ZOOMS];
  /** How high a row is: as a cell is wide, but a map of few rows is no thin line. */
  const high = () => Math.max(zoom, (LEAST_HEIGHT * larger) / nQuery);
  let size = { width: 0, height: 0, left: 0, top: 0 }; // the window, and its margins for names
  let at = { row: 0, column: 0 };

  const paint = (scene) => {
    const picture = new ImageData(nKey, nQuery);
    for (let i = 0; i < nQuery; i++)
      for (let j = 0; j < nKey; j++) {
        if (!scene.may(i, j)) continue; // transparent: the hatched ground shows through
        const { rgb } = COLOURS[level(scene.place(i, j))];
        const pixel = 4 * (i * nKey + j);
        [picture.data[pixel], picture.data[pixel + 1], picture.data[pixel + 2]] = rgb;
        picture.data[pixel + 3] = 255;
      }
    whole.getContext("2d").putImageData(picture, 0, 0);
    blit();
  };

  const marginsOf = (z) => (z >= Math.round(larger * LABELLED_ZOOM) ? { left: 84 * larger, top: 72 * larger } : { left: 0, top: 0 });
  const place = () => {
    const { left, top } = marginsOf(zoom);
    sizer.style.width = `${left + nKey * zoom}px`;
    sizer.style.height = `${top + nQuery * high()}px`;
    const width = Math.min(scroller.clientWidth, left + nKey * zoom);
    const height = Math.min(scroller.clientHeight, top + nQuery * high());
    const dots = window.devicePixelRatio || 1;
    size = { width, height, left, top, dots };
    for (const canvas of [map, cross]) {
      [canvas.width, canvas.height] = [Math.round(width * dots), Math.round(height * dots)];
      [canvas.style.width, canvas.style.height] = [`${width}px`, `${height}px`];
      canvas.getContext("2d").setTransform(dots, 0, 0, dots, 0, 0);
    }
    window_.style.width = `${width}px`;
    window_.style.height = `${height}px`;
    blit();
  };

  const blit = () => {
    if (!size.width || !zoom) return;
    const { width, height, left, top } = size;
    const [x, y] = [scroller.scrollLeft, scroller.scrollTop];
    const pen = map.getContext("2d");
    const style = getComputedStyle(scroller);
    pen.clearRect(0, 0, width, height);
    pen.save();
    pen.beginPath();
    pen.rect(left, top, width - left, height - top);
    pen.clip();
    pen.strokeStyle = style.getPropertyValue("--ae-rail") || "#8a8a8a";
    pen.lineWidth = 1;
    pen.beginPath();
    for (let d = -height; d < width; d += 6) {
      pen.moveTo(d, height);
      pen.lineTo(d + height, 0);
    }
    pen.stroke();
    pen.imageSmoothingEnabled = false;
    pen.drawImage(whole, left - x, top - y, nKey * zoom, nQuery * high());
    pen.restore();
    if (left) {
      pen.fillStyle = style.color;
      pen.font = `${Math.min(zoom - 1, 12 * larger)}px ${style.fontFamily}`;
      pen.textBaseline = "middle";
      const firstRow = Math.floor(y / high());
      pen.textAlign = "right";
      for (let i = firstRow; i < Math.min(nQuery, firstRow + (height - top) / high() + 1); i++) {
        const middle = top - y + (i + 0.5) * high();
        if (middle > top) pen.fillText(shorten(queries[i], 13), left - 4, middle, left - 6);
      }
      pen.textAlign = "left";
      const firstColumn = Math.floor(x / zoom);
      for (let j = firstColumn; j < Math.min(nKey, firstColumn + (width - left) / zoom + 1); j++) {
        const middle = left - x + (j + 0.5) * zoom;
        if (middle <= left) continue;
        pen.save();
        pen.translate(middle, top - 4);
        pen.rotate(-Math.PI / 2);
        pen.fillText(shorten(keys[j], 11), 0, 0, top - 6);
        pen.restore();
      }
    }
    drawCross();
  };

  const drawCross = () => {
    if (!size.width || !zoom) return;
    const { width, height, left, top } = size;
    const pen = cross.getContext("2d");
    pen.clearRect(0, 0, width, height);
    pen.save();
    pen.beginPath();
    pen.rect(left, top, width - left, height - top);
    pen.clip();
    const x = left - scroller.scrollLeft + at.column * zoom;
    const y = top - scroller.scrollTop + at.row * high();
    // White within black: seen on every colour of the map, and by every eye.
    for (const [colour, line] of [["#000", 3], ["#fff", 1]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = line;
      pen.strokeRect(left - 4, y - 1, width - left + 8, high() + 2);
      pen.strokeRect(x - 1, top - 4, zoom + 2, height - top + 8);
    }
    pen.restore();
  };

  const point = (to) => {
    if (to.row === at.row && to.column === at.column) return;
    at = { row: to.row, column: to.column };
    drawCross();
  };

  const zoomTo = (next, around) => {
    if (next === zoom) return;
    const middle = around ?? { x: size.left + (size.width - size.left) / 2, y: size.top + (size.height - size.top) / 2 };
    const column = (scroller.scrollLeft + middle.x - size.left) / zoom;
    const row = (scroller.scrollTop + middle.y - size.top) / high();
    zoom = next;
    place();
    scroller.scrollLeft = column * zoom - middle.x + size.left;
    scroller.scrollTop = row * high() - middle.y + size.top;
    blit();
  };
  const zoomBy = (steps, around) => {
    const now = sizes.findLastIndex((z) => z <= zoom);
    chosen = true;
    zoomTo(sizes[Math.min(Math.max(now + steps, 0), sizes.length - 1)], around);
  };
  const fitting = () => sizes.findLast((z) => nKey * z + marginsOf(z).left <= scroller.clientWidth) ?? sizes[0];
  const enlarge = (isLarge) => {
    const wanted = (zoom / larger) * (isLarge ? LARGE_CELLS : 1);
    larger = isLarge ? LARGE_CELLS : 1;
    sizes = [...new Set([1, ...ZOOMS.map((z) => Math.round(z * larger))])];
    const nearest = sizes.reduce((best, z) => (Math.abs(z - wanted) < Math.abs(best - wanted) ? z : best));
    const inSight = Boolean(zoom && scroller.clientWidth);
    if (!inSight) zoom = zoom && chosen ? nearest : 0; // 0: fitted once it is on the page
    else zoomTo(chosen ? nearest : fitting());
    if (inSight) place(); // for its names, even if its cells are as before
  };

  const bringIntoSight = ({ row, column }) => {
    const { width, height, left, top } = size;
    const within = (scroll, start, long, room) => Math.min(Math.max(scroll, start + long - room), start);
    scroller.scrollLeft = within(scroller.scrollLeft, column * zoom, zoom, width - left);
    scroller.scrollTop = within(scroller.scrollTop, row * high(), high(), height - top);
  };

  const on = (type, handler, options) => scroller.addEventListener(type, handler, { signal, ...options });
  const cellAt = (event) => {
    const column = Math.floor((event.offsetX - size.left + scroller.scrollLeft) / zoom);
    const row = Math.floor((event.offsetY - size.top + scroller.scrollTop) / high());
    const inside = event.target === cross && event.offsetX >= size.left && event.offsetY >= size.top;
    return inside && row < nQuery && column < nKey && row >= 0 && column >= 0 ? { row, column } : null;
  };
  let under = null; // the cell under a mouse; a click tells its place in whole pixels only
  on("pointermove", (event) => {
    under = event.pointerType === "touch" ? null : cellAt(event);
    if (event.pointerType !== "touch") actions.hover(under);
  });
  on("pointerleave", () => {
    under = null;
    actions.hover(null);
  });
  on("click", (event) => {
    const cell = under ?? cellAt(event);
    if (cell) actions.choose(cell.row, cell.column);
  });
  on("scroll", blit, { passive: true });
  on(
    "wheel",
    (event) => {
      if (!event.ctrlKey || !event.deltaY) return;
      event.preventDefault();
      zoomBy(event.deltaY < 0 ? 1 : -1, { x: event.offsetX, y: event.offsetY });
    },
    { passive: false },
  );
  on("keydown", (event) => {
    if (event.metaKey || event.altKey) return;
    if (!event.ctrlKey && "+-=".includes(event.key)) zoomBy(event.key === "-" ? -1 : 1);
    else {
      const to = moved(event, actions.pointed(), nQuery, nKey);
      if (!to) return;
      bringIntoSight(to);
      actions.choose(to.row, to.column);
    }
    event.preventDefault();
    event.stopPropagation();
  });
  const watch = new ResizeObserver(() => {
    if (!scroller.clientWidth) return;
    zoom ||= fitting();
    place();
  });
  watch.observe(scroller);
  signal.addEventListener("abort", () => watch.disconnect());
  return { element: scroller, paint, point, zoomBy, enlarge, focus: () => scroller.focus() };
}

// --------------------------------------------------------------------------- the row as a picture

/** Shade a token by its weight; the colour is mixed with the page's, so that text stays legible. */
function shade(target, part) {
  const share = Math.round(SHADE * clamp(part));
  setStyle(target, "backgroundColor", share ? `color-mix(in srgb, var(--ae-weight) ${share}%, transparent)` : "");
}

const partOf = (scene, row, weights, top) => {
  if (scene.byRank) return (j) => (scene.may(row, j) ? scene.place(row, j) : 0);
  return (j) => (top < 0 ? 0 : weights[j] / weights[top]);
};

const UNITS = 20; // of the drawing for one token
const SPAN = 80; // between the lists

/** Queries at the left, keys at the right, and a line from the chosen query to each key. */
function makeLines(queries, keys, actions, say, signal) {
  const all = queries.length <= MOST_LINES;
  const count = Math.max(all ? queries.length : 1, keys.length);
  const item = (text, kind, i) =>
    element("div", { class: "ae-map-item", [`data-${kind}`]: String(i) }, element("span", { class: "ae-map-word", dir: "auto", title: text }, wordOf(text)));
  const lefts = all ? queries.map((query, i) => item(query, "of-query", i)) : [item(queries[0], "of-query", 0)];
  const rights = keys.map((key, j) => {
    const made = item(key, "of-key", j);
    const number = element("span", { class: "ae-map-part" });
    made.append(number);
    return { made, number };
  });
  const svg = svgElement("svg", { class: "ae-map-lines", viewBox: `0 0 ${SPAN} ${count * UNITS}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  svg.style.setProperty("--count", String(count));
  const lines = keys.map(() => svgElement("line", { x1: "0", x2: String(SPAN) }));
  svg.append(...lines);
  const list = (kind, items) => element("div", { class: `ae-map-list ae-map-${kind}` }, ...items);
  const figure = element("div", { class: "ae-map-figure", role: "img" }, list("from", lefts), svg, list("to", rights.map(({ made }) => made)));
  const region = element("div", { class: "ae-map-region", role: "group", tabindex: "0", "aria-label": say.map_row_region, [SUPPRESS]: "true" }, figure);
  const start = (items) => ((count - items) * UNITS) / 2 + UNITS / 2;
  const at = (event) => {
    const found = event.target.closest?.(".ae-map-item");
    if (!found) return null;
    const { row, column } = actions.pointed();
    if (found.dataset.ofKey) return { row, column: Number(found.dataset.ofKey) };
    return all ? { row: Number(found.dataset.ofQuery), column } : null;
  };
  const on = (type, handler) => figure.addEventListener(type, handler, { signal });
  on("pointerover", (event) => event.pointerType !== "touch" && actions.hover(at(event)));
  on("pointerleave", () => actions.hover(null));
  on("click", (event) => {
    const cell = at(event);
    if (cell) actions.choose(cell.row, cell.column);
  });
  rights.forEach((_, j) => {
    setAttribute(lines[j], "y2", start(keys.length) + j * UNITS);
  });

  let seen = { row: -1, column: -1, top: -1 };
  const paint = ({ scene, row, column, weights, top, words }) => {
    const part = partOf(scene, row, weights, top);
    const y = all ? start(queries.length) + row * UNITS : start(1);
    if (!all) setText(lefts[0].firstChild, wordOf(queries[row]));
    rights.forEach(({ made, number }, j) => {
      const share = part(j);
      const may = scene.may(row, j);
      setAttribute(lines[j], "y1", y);
      setAttribute(lines[j], "stroke-width", (weights[j] > 0 ? 0.6 + 8 * share : 0).toFixed(2));
      setAttribute(lines[j], "stroke-opacity", (weights[j] > 0 ? 0.15 + 0.85 * share : 0).toFixed(2));
      shade(made, share);
      made.classList.toggle("ae-map-hatch", !may);
      setText(number, may || weights[j] ? percent(weights[j]) : say.map_masked);
    });
    if (all && row !== seen.row) {
      lefts[seen.row]?.classList.remove("ae-map-here");
      lefts[row].classList.add("ae-map-here");
    }
    if (column !== seen.column) {
      rights[seen.column]?.made.classList.remove("ae-map-here");
      rights[column].made.classList.add("ae-map-here");
    }
    if (top !== seen.top) {
      rights[seen.top]?.made.classList.remove("ae-map-top");
      rights[top]?.made.classList.add("ae-map-top");
    }
    seen = { row, column, top };
    setAttribute(figure, "aria-label", words);
  };
  return { element: region, paint, tells: true }; // the numbers of all keys
}

/** Many keys: the text itself, each token shaded by its weight. */
function makeStrip(keys, actions, say, signal) {
  const words = keys.map((key, j) =>
    element("span", { class: "ae-map-token", "data-of-key": String(j), title: key }, element("bdi", {}, wordOf(key))),
  );
  const figure = element("div", { class: "ae-map-strip", role: "img" }, ...words);
  const region = element("div", { class: "ae-map-region", role: "group", tabindex: "0", "aria-label": say.map_row_region, [SUPPRESS]: "true" }, figure);
  figure.addEventListener(
    "click",
    (event) => {
      const found = event.target.closest?.(".ae-map-token");
      if (found) actions.choose(actions.pointed().row, Number(found.dataset.ofKey));
    },
    { signal },
  );
  // Tokens in sight are shaded at once, the others when the pointer rests.
  let [first, last, later] = [0, words.length, 0];
  const look = () => {
    const [above, below] = [region.scrollTop, region.scrollTop + region.clientHeight];
    if (below === above) return;
    first = Math.max(0, words.findIndex((word) => word.offsetTop + word.offsetHeight >= above));
    const beyond = words.findIndex((word) => word.offsetTop > below);
    last = beyond < 0 ? words.length : beyond;
  };
  const watch = new ResizeObserver(look);
  watch.observe(region);
  region.addEventListener("scroll", look, { signal, passive: true });
  signal.addEventListener("abort", () => {
    watch.disconnect();
    clearTimeout(later);
  });
  let seen = { column: -1, top: -1, row: -1, scene: null };
  const paint = ({ scene, row, column, weights, top, words: told }) => {
    if (row !== seen.row || scene !== seen.scene) {
      const part = partOf(scene, row, weights, top);
      const shadeOne = (j) => {
        shade(words[j], Math.round(12 * part(j)) / 12); // few steps: few tokens change from row to row
        if (!scene.masks && !words[j].aeMasked) return;
        words[j].aeMasked = !scene.may(row, j);
        words[j].classList.toggle("ae-map-hatch", words[j].aeMasked);
      };
      for (let j = first; j < last; j++) shadeOne(j);
      clearTimeout(later);
      later = setTimeout(() => words.forEach((_, j) => shadeOne(j)), REST);
    }
    if (column !== seen.column) {
      words[seen.column]?.classList.remove("ae-map-here");
      words[column].classList.add("ae-map-here");
    }
    if (top !== seen.top) {
      words[seen.top]?.classList.remove("ae-map-top");
      words[top]?.classList.add("ae-map-top");
    }
    seen = { column, top, row, scene };
    setAttribute(figure, "aria-label", told);
  };
  return { element: region, paint };
}

const IMAGE_WIDTH = 640; // dots of the canvas
const INK = "rgb(255 140 26)";

/** The image, its patches covered the more the more weight they have. */
function makeImage(model, actions, say) {
  const { shape, numbers } = unpack(model.get("image"));
  const [rows, columns] = model.get("patches");
  const ofPatches = model.get("_of_patches");
  const [height, width] = shape;
  const pixels = new ImageData(width, height);
  const channels = shape.length > 2 ? 3 : 1;
  for (let p = 0; p < width * height; p++) {
    for (let c = 0; c < 3; c++) pixels.data[4 * p + c] = numbers[channels * p + (channels === 3 ? c : 0)];
    pixels.data[4 * p + 3] = 255;
  }
  const plain = new OffscreenCanvas(width, height);
  plain.getContext("2d").putImageData(pixels, 0, 0);
  const canvas = element("canvas", { class: "ae-map-image", role: "img" });
  canvas.width = IMAGE_WIDTH;
  canvas.height = Math.max(Math.round((IMAGE_WIDTH * height) / width), 1);
  const [wide, tall] = [canvas.width / columns, canvas.height / rows];
  const pen = canvas.getContext("2d");
  const numbered = Math.min(wide, tall) >= 76;
  const corner = (j) => [(j % columns) * wide, Math.floor(j / columns) * tall];
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    const x = Math.floor(clamp((event.clientX - box.left) / box.width) * columns * 0.99999);
    const y = Math.floor(clamp((event.clientY - box.top) / box.height) * rows * 0.99999);
    const patch = y * columns + x;
    const { row, column } = actions.pointed();
    return ofPatches ? { row: patch, column } : { row, column: patch };
  };
  canvas.addEventListener("pointermove", (event) => event.pointerType !== "touch" && actions.hover(at(event)));
  canvas.addEventListener("pointerleave", () => actions.hover(null));
  canvas.addEventListener("click", (event) => {
    const cell = at(event);
    actions.choose(cell.row, cell.column);
  });

  const frame = (j, lines, dash = []) => {
    const [x, y] = corner(j);
    for (const [colour, line] of lines) {
      pen.strokeStyle = colour;
      pen.lineWidth = line;
      pen.setLineDash(dash);
      pen.strokeRect(x + 2, y + 2, wide - 4, tall - 4);
    }
    pen.setLineDash([]);
  };
  const paint = ({ scene, row, column, weights, top, words }) => {
    const part = partOf(scene, row, weights, top);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(plain, 0, 0, canvas.width, canvas.height);
    pen.lineWidth = 1;
    for (let j = 0; j < weights.length; j++) {
      const [x, y] = corner(j);
      pen.fillStyle = INK;
      pen.globalAlpha = 0.72 * clamp(part(j));
      pen.fillRect(x, y, wide, tall);
      pen.globalAlpha = 0.45;
      pen.strokeStyle = "#fff";
      pen.strokeRect(x, y, wide, tall);
      pen.globalAlpha = 1;
      if (!scene.may(row, j)) hatchPatch(pen, x, y, wide, tall);
    }
    if (numbered) {
      pen.font = "600 24px system-ui, sans-serif";
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      weights.forEach((weight, j) => {
        if (weight < 0.005) return;
        const [x, y] = corner(j);
        const text = `${Math.round(100 * weight)} %`;
        const room = 0.5 * pen.measureText(text).width + 7;
        pen.fillStyle = "rgb(0 0 0 / 0.7)";
        pen.fillRect(x + wide / 2 - room, y + tall / 2 - 17, 2 * room, 34);
        pen.fillStyle = "#fff";
        pen.fillText(text, x + wide / 2, y + tall / 2);
      });
    }
    if (top >= 0) frame(top, [["#000", 9], ["#fff", 4]]);
    if (ofPatches) frame(row, [["#000", 9], ["#56b4e9", 5]], [18, 12]);
    else if (column !== top) frame(column, [["#000", 5], ["#fff", 2]], [10, 8]);
    setAttribute(canvas, "aria-label", words);
  };
  return { element: canvas, paint };
}

function hatchPatch(pen, x, y, wide, tall) {
  pen.save();
  pen.beginPath();
  pen.rect(x, y, wide, tall);
  pen.clip();
  pen.strokeStyle = "#b0b0b0";
  pen.lineWidth = 2;
  pen.beginPath();
  for (let d = -tall; d < wide; d += 12) {
    pen.moveTo(x + d, y + tall);
    pen.lineTo(x + d + tall, y);
  }
  pen.stroke();
  pen.restore();
}

/** The weighted sum of the values: bars and numbers. */
function makeOutput(width, say) {
  const bars = uprightBars(Math.min(width, BARS_SHOWN));
  const boxes = Array.from({ length: width }, (_, c) => {
    const { box, frame } = numberBox("ae-number", { "data-component": String(c) });
    frame.classList.toggle("ae-map-more", c >= OUTPUTS_SHOWN);
    return { box, frame };
  });
  const made = element("div", { class: "ae-map-output" }, element("span", { class: "ae-title" }, say.output), bars, ...boxes.map(({ frame }) => frame));
  if (width > OUTPUTS_SHOWN) made.append(element("span", {}, "…"));
  let words = "";
  const paint = (weights, values) => {
    const output = weightedSum(weights, values);
    let largest = 1e-300;
    let signed = false;
    for (const value of values)
      for (const x of value) {
        largest = Math.max(largest, Math.abs(x));
        signed ||= x < 0;
      }
    const zero = signed ? 0.5 : 0;
    made.classList.toggle("ae-map-signed", signed);
    paintUprightBars(bars, zero, (c) => zero + Math.sign(output[c]) * (1 - zero) * clamp(Math.abs(output[c]) / largest));
    boxes.forEach(({ box }, c) => {
      setAttribute(box, "data-output", output[c]);
      if (c < OUTPUTS_SHOWN) setNumber(box, decimal(output[c]));
    });
    words = phrase(say.output_is, { numbers: vector(Array.from(output).slice(0, OUTPUTS_SHOWN)) });
  };
  return { element: made, paint, words: () => words };
}

export default { render };
