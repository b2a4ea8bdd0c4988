// What every widget needs of a page: elements, sliders, numbers as text. No markup is ever parsed:
// text goes in as text.

export const SUPPRESS = "data-lm-suppress-shortcuts"; // JupyterLab leaves the keys of such elements alone

/** Make an element. `attributes` are set as attributes, `children` are elements or text. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** The same for SVG. */
export function svgElement(tag, attributes = {}) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** Change text, an attribute or a style only where it differs: the page does less that way. */
export function setText(target, text) {
  const node = target.firstChild;
  if (!node) target.append(text);
  else if (node.nodeValue !== text) node.nodeValue = text;
}

export function setAttribute(target, name, value) {
  const text = String(value);
  if (target.getAttribute(name) !== text) target.setAttribute(name, text);
}

export function setStyle(target, name, value) {
  const set = (target.aeStyle ??= {});
  if (set[name] !== value) target.style[name] = set[name] = value;
}

/**
 * Make a box for a number that moves. It keeps its size whatever stands in it, so that the page need
 * not be laid out again, which takes longer than all the rest; and it grows where a text needs more
 * room than any before. (The frame around it is for the page's engine: what lies directly in a
 * flexible row is always laid out with the row.)
 */
export function numberBox(name = "ae-number", attributes = {}) {
  const box = element("span", { ...attributes, class: name });
  return { box, frame: element("span", { class: `ae-frame ${name}-frame` }, box) };
}

export function setNumber(box, text) {
  setText(box, text);
  makeRoom(box, text);
}

const WIDTHS = [
  ["0123456789", 1],
  [".,:;·’ ", 0.5], // in widths of a digit, as fonts without serifs have them
  ["()", 0.65],
  ["−+<=∞", 1.35],
  ["%", 1.6],
];

export function makeRoom(box, text) {
  let room = 0.15;
  for (const sign of text) {
    const width = WIDTHS.find(([signs]) => signs.includes(sign))?.[1];
    room += width ?? (sign > "\u2e7f" ? 2 : 1.05);
  }
  if (room <= (box.aeRoom ?? 0)) return;
  box.aeRoom = room;
  box.style.setProperty("--room", `${room.toFixed(2)}ch`);
}

/**
 * Draw a bar from one place of its element to another, 0 to 1, as its background: nothing is moved,
 * so nothing is laid out again.
 */
export function paintBar(bar, from, to) {
  const size = Math.abs(to - from);
  setStyle(bar, "backgroundSize", `${100 * size}% 100%`);
  setStyle(bar, "backgroundPosition", `${placed(Math.min(from, to), size)} 0`);
}

/** A background's position in percent counts in what it leaves free of its element. */
const placed = (start, size) => (size < 1 ? `${(100 * start) / (1 - size)}%` : "0%");

const UPRIGHT = 0.7; // the width of an upright bar, in em, and the step to the next
const STEP = 0.84;

/** A row of small upright bars: the backgrounds of one element. */
export function uprightBars(count) {
  const bars = element("span", { class: "ae-bars", "aria-hidden": "true" });
  bars.aeCount = count;
  bars.style.width = `${(count * STEP).toFixed(2)}em`;
  bars.style.backgroundImage = new Array(count).fill("linear-gradient(var(--colour), var(--colour))").join(", ");
  return bars;
}

/** Draw each bar from `zero` to `place(its number)`, counted from the bottom, 0 to 1. */
export function paintUprightBars(bars, zero, place) {
  const sizes = [];
  const places = [];
  for (let c = 0; c < bars.aeCount; c++) {
    const to = place(c);
    const size = Math.abs(to - zero);
    sizes.push(`${UPRIGHT}em ${100 * size}%`);
    places.push(`${(c * STEP).toFixed(2)}em ${placed(1 - Math.max(zero, to), size)}`);
  }
  setStyle(bars, "backgroundSize", sizes.join(", "));
  setStyle(bars, "backgroundPosition", places.join(", "));
}

/** Put the thumb of a slider where it belongs: at 0 to 1 of its track. */
export function paintThumb(thumb, place) {
  setStyle(thumb, "backgroundPosition", `${100 * place}% 50%`);
}

/** Fill the gaps of a sentence: phrase("{a} of {b}", {a: 1, b: 2}). */
export function phrase(sentence, gaps = {}) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in gaps ? String(gaps[name]) : whole));
}

/** Numbers as text, with a real minus sign. */
export function decimal(number, digits = 2) {
  if (number === -Infinity) return "−∞";
  if (number === Infinity) return "∞";
  if (Math.abs(number) >= 1e6) return scientific(number);
  const text = number.toFixed(digits);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}

export function scientific(number) {
  if (!Number.isFinite(number)) return decimal(number);
  const [head, power] = number.toExponential(1).split("e");
  const raised = String(Number(power)).replace(/./g, (sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]);
  return `${head.replace("-", "−")}·10${raised}`;
}

export function percent(weight) {
  if (weight > 0 && weight < 0.0005) return "<0.1 %";
  return `${decimal(100 * weight, 1)} %`;
}

export function vector(numbers, digits = 2) {
  return `(${numbers.map((x) => decimal(x, digits)).join(", ")})`;
}

/** Numbers travel as JSON, which has no infinities: they go as text. */
export function decodeNumbers(sent) {
  return sent.map((x) => (Array.isArray(x) ? decodeNumbers(x) : typeof x === "number" ? x : Number(x.replace("inf", "Infinity"))));
}

export function encodeNumbers(numbers) {
  return numbers.map((x) => (Number.isFinite(x) ? x : String(x).replace("Infinity", "inf")));
}

/**
 * A slider whose whole track can be dragged, and which answers arrows, Page Up/Down, Home and End.
 *
 * `scale` maps numbers to places on the track: {low, high, toPlace, toNumber, step(number, steps)}.
 * `read()` gives the present number, `write(number)` takes a new one.
 */
export function slider({ name, scale, read, write, signal, className = "" }) {
  const track = element("div", {
    class: `ae-slider ${className}`,
    role: "slider",
    tabindex: "0",
    "aria-label": name,
    "aria-orientation": "horizontal",
    [SUPPRESS]: "true",
  });
  const on = (type, handler) => track.addEventListener(type, handler, { signal });
  const go = (number) => {
    if (number !== read()) write(number);
  };
  const moves = {
    ArrowRight: 1,
    ArrowUp: 1,
    ArrowLeft: -1,
    ArrowDown: -1,
    PageUp: 10,
    PageDown: -10,
  };
  on("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    let number;
    if (event.key in moves) number = scale.step(read(), moves[event.key]);
    else if (event.key === "Home") number = scale.low;
    else if (event.key === "End") number = scale.high;
    else return;
    event.preventDefault();
    event.stopPropagation();
    go(Math.min(Math.max(number, scale.low), scale.high));
  });
  let dragged = null;
  let left = 0;
  let length = 1;
  const measure = () => {
    const box = track.getBoundingClientRect();
    const style = getComputedStyle(track);
    const pad = parseFloat(style.getPropertyValue("--pad")) * parseFloat(style.fontSize); // it is in em
    left = box.left + pad;
    length = Math.max(box.width - 2 * pad, 1);
  };
  const follow = (event) => {
    const place = (event.clientX - left) / length;
    go(scale.toNumber(Math.min(Math.max(place, 0), 1)));
  };
  on("pointerdown", (event) => {
    if (event.button !== 0 || dragged !== null) return;
    dragged = event.pointerId;
    track.setPointerCapture(event.pointerId);
    track.focus({ preventScroll: true });
    event.preventDefault();
    measure(); // once a drag: to ask for a size makes the page lay itself out
    follow(event);
  });
  on("pointermove", (event) => {
    if (event.pointerId === dragged) follow(event);
  });
  const release = (event) => {
    if (event.pointerId === dragged) dragged = null;
  };
  on("pointerup", release);
  on("pointercancel", release);
  on("lostpointercapture", release);
  return track;
}

/** A number without an exponent: assistive technology does not read 1e+308. */
function digits(number) {
  const text = String(number);
  if (!text.includes("e")) return text;
  return Math.abs(number) < 1 ? number.toFixed(20) : BigInt(number).toString();
}

/** Say where a slider stands, in numbers and in words. */
export function showSlider(track, scale, number, words) {
  // A number set from outside may lie beyond the track; the range that is announced includes it.
  const now = number === -Infinity ? scale.low : number;
  setAttribute(track, "aria-valuemin", digits(Math.min(scale.low, now)));
  setAttribute(track, "aria-valuemax", digits(Math.max(scale.high, now)));
  setAttribute(track, "aria-valuenow", digits(now));
  setAttribute(track, "aria-valuetext", words);
}

/** Evenly spaced numbers. */
export function linearScale(low, high, step) {
  const round = (number) => Number((Math.round(number / step) * step).toFixed(10));
  return {
    low,
    high,
    toPlace: (number) => (number - low) / (high - low),
    toNumber: (place) => round(low + place * (high - low)),
    step: (number, steps) => round((number === -Infinity ? low : number) + steps * step),
  };
}

/** Numbers spaced by factors: as far from 1 to 2 as from 2 to 4. */
export function logScale(low, high) {
  const spread = Math.log(high / low);
  const round = (number) => Number(number.toPrecision(number < 1 ? 2 : 3));
  return {
    low,
    high,
    toPlace: (number) => Math.log(number / low) / spread,
    toNumber: (place) => round(low * Math.exp(place * spread)),
    step: (number, steps) => round(number * 1.1 ** steps),
  };
}

/** A box to tick, with its words. */
export function checkbox({ name, label, read, write, signal }) {
  const box = element("input", { type: "checkbox", [SUPPRESS]: "true" });
  if (name) box.setAttribute("aria-label", name);
  box.addEventListener("change", () => write(box.checked), { signal });
  const show = () => (box.checked = read());
  return { box, element: label ? element("label", { class: "ae-check" }, box, label) : box, show };
}

/** One of several words to choose: a native group of radio buttons. */
export function choice({ label, options, read, write, signal }) {
  const group = `ae-${Math.random().toString(36).slice(2)}`; // two copies must not share a group
  const boxes = Object.entries(options).map(([value, words]) => {
    const box = element("input", { type: "radio", name: group, value, [SUPPRESS]: "true" });
    box.addEventListener("change", () => box.checked && write(value), { signal });
    return { box, element: element("label", { class: "ae-check" }, box, words) };
  });
  const made = element(
    "div",
    { class: "ae-choice", role: "radiogroup", "aria-label": label },
    element("span", { "aria-hidden": "true" }, label),
    ...boxes.map((one) => one.element),
  );
  const show = () => boxes.forEach(({ box }) => (box.checked = box.value === read()));
  return { element: made, show };
}

export function button({ label, press, signal }) {
  const made = element("button", { type: "button", class: "ae-button", [SUPPRESS]: "true" }, label);
  made.addEventListener("click", press, { signal });
  return made;
}

// Widgets are modules that do not know each other: what the page's type is stands on the page itself,
// a change of it is an event of this name, and under this name the browser remembers it.
const LARGE_TYPE = "attention_edu.large_type";

/** Whether type is large: as on the page already, or as it was when this browser last saw one. */
function isLarge() {
  const { aeLargeType } = document.documentElement.dataset;
  if (aeLargeType) return aeLargeType === "on";
  try {
    return localStorage.getItem(LARGE_TYPE) === "on";
  } catch {
    return false; // a browser may forbid it
  }
}

function setLarge(large) {
  const told = large ? "on" : "off";
  document.documentElement.dataset.aeLargeType = told;
  try {
    localStorage.setItem(LARGE_TYPE, told);
  } catch {
    // then it holds for this page alone
  }
  document.dispatchEvent(new CustomEvent(LARGE_TYPE));
}

/**
 * The button that makes the type of every widget on the page large, for a projector.
 *
 * `root` gets the class `ae-large`; `follow()` is called when that has changed, for what is not laid
 * out by style alone. Returns the button's `element`, and `isOn()`.
 */
export function largeType({ root, say, follow, signal }) {
  const made = button({
    label: "Aa",
    press: () => {
      setLarge(!isLarge());
      made.scrollIntoView({ block: "nearest" }); // widgets above it have grown as well
    },
    signal,
  });
  made.classList.add("ae-large-type");
  made.setAttribute("aria-label", say.large_type);
  made.setAttribute("title", say.large_type_hint);
  let large = null;
  const show = () => {
    if (large === isLarge()) return;
    const first = large === null;
    large = isLarge();
    root.classList.toggle("ae-large", large);
    made.setAttribute("aria-pressed", String(large));
    if (!first) follow?.();
  };
  document.addEventListener(LARGE_TYPE, show, { signal });
  show();
  return { element: made, isOn: () => large };
}

/** Every token's name for a screen reader; one that could be taken for another carries its number. */
export function tokenNames(tokens, say) {
  const plain = tokens.map((token) => token.replace(/\s+/g, " ").trim());
  const numbered = plain.map((token, i) => phrase(say.token_number, { token: token || say.empty_token, number: i + 1 }));
  const count = new Map();
  for (const name of [...plain, ...numbered]) count.set(name, (count.get(name) ?? 0) + 1);
  return plain.map((token, i) => (token && count.get(token) === 1 ? token : numbered[i]));
}

export const clamp = (place) => (Number.isNaN(place) ? 0 : Math.min(Math.max(place, 0), 1));

/** One digit where that is exact, else as many as `most`. */
export const decimals = (number, most = 2) => (Math.abs(number * 10 - Math.round(number * 10)) < 1e-9 ? 1 : most);

export const shorten = (text, most) => ([...text].length > most ? `${[...text].slice(0, most - 1).join("")}…` : text);

/** The corners of the smallest convex shape around points (Andrew's monotone chain). */
export function convexHull(points) {
  const sorted = [...points].sort((p, q) => p[0] - q[0] || p[1] - q[1]);
  if (sorted.length < 3) return sorted;
  const half = (list) => {
    const chain = [];
    for (const point of list) {
      while (chain.length > 1 && turn(chain.at(-2), chain.at(-1), point) <= 0) chain.pop();
      chain.push(point);
    }
    return chain.slice(0, -1);
  };
  return [...half(sorted), ...half(sorted.reverse())];
}

const turn = (a, b, c) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
