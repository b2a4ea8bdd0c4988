// The clock of `drag.py`, put into the page: from an input event to the frame that shows its effect.
//
// An input's time is its event's own `timeStamp`, on the clock of `performance.now()`: the moment
// at which the browser got it. A frame's time is read in a message that is posted from
// requestAnimationFrame: the first task after style, layout and paint of that frame. What the
// compositor and the screen need after that is not seen from inside a page.
([kind, drawn]) => {
  const panel = window.jupyterapp.shell.currentWidget.node;
  const MOST_WAITING = 20_000;
  const QUIET = 1_000;

  // A canvas says nothing of what is drawn on it: count how often that happens.
  if (kind === "canvas") {
    const draw = CanvasRenderingContext2D.prototype.drawImage;
    let times = 0;
    CanvasRenderingContext2D.prototype.drawImage = function (...what) {
      if (panel.contains(this.canvas)) panel.querySelector(drawn).dataset.drawn = ++times;
      return draw.apply(this, what);
    };
  }

  /** The picture that is shown now, as text that changes whenever the picture does; null if none is. */
  const read = {
    weights: () => panel.querySelector("[data-widget] [data-weight]")?.dataset.weight ?? null,
    cell: () => {
      const cell = panel.querySelector("[data-widget] [data-row][data-column]")?.dataset;
      return cell ? `${cell.row} ${cell.column} ${cell.weight}` : null;
    },
    image: () => {
      const image = panel.querySelector(drawn);
      return image && image.complete && image.naturalWidth ? image.src : null;
    },
    canvas: () => panel.querySelector(drawn)?.dataset.drawn ?? "0",
    path: () => panel.querySelector(drawn)?.getAttribute("d") ?? null,
    rectangle: () => panel.querySelector(drawn)?.getAttribute("width") ?? null,
  };
  const look = read[kind];
  /** The same, but of a picture that need not have been decoded yet. */
  const announced = kind === "image" ? () => panel.querySelector(drawn)?.src ?? null : look;
  const decoded = async () => {
    if (kind === "image") await panel.querySelector(drawn).decode();
  };

  const afterPaint = () =>
    new Promise((resolve) => {
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => resolve(performance.now());
        channel.port2.postMessage(null);
      });
    });

  const input = { last: null, moves: 0 };
  const note = (event) => {
    input.last = event.timeStamp;
    input.moves += event.getCoalescedEvents?.().length || 1;
  };
  for (const type of ["keydown", "pointermove"]) window.addEventListener(type, note, { capture: true });
  const forget = () => Object.assign(input, { last: null, moves: 0 });

  /** Milliseconds from the next input to the end of the first frame that shows another picture. */
  const step = () =>
    new Promise((resolve, reject) => {
      forget();
      const before = announced();
      const observer = new MutationObserver(async () => {
        const now = announced();
        if (now === null || now === before || input.last === null) return;
        observer.disconnect();
        clearTimeout(late);
        await decoded();
        const end = await afterPaint();
        resolve(end - input.last);
      });
      const late = setTimeout(() => {
        observer.disconnect();
        reject(new Error("the picture did not change"));
      }, MOST_WAITING);
      // The first weight alone where that is the picture: to watch 512 of them takes time of its own.
      const watched = kind === "weights" ? panel.querySelector("[data-widget] [data-weight]") : panel;
      observer.observe(watched, {
        subtree: true,
        childList: true,
        attributes: true,
        attributeFilter: ["src", "d", "width", "data-weight", "data-row", "data-column", "data-drawn"],
      });
    });

  /** Count the frames that show another picture than the frame before, until all has been quiet. */
  const film = () => {
    forget();
    let shown = look();
    let frames = 0;
    let lastChange = null;
    const start = performance.now();
    return new Promise((resolve, reject) => {
      const tick = () => {
        const now = look();
        if (now !== null && now !== shown) {
          shown = now;
          frames += 1;
          const channel = new MessageChannel();
          channel.port1.onmessage = () => (lastChange = performance.now());
          channel.port2.postMessage(null);
        }
        const rest = performance.now() - Math.max(lastChange ?? 0, input.last ?? performance.now());
        if (rest > QUIET) {
          resolve({ frames, moves: input.moves, tail: lastChange - input.last });
        } else if (performance.now() - start > MOST_WAITING) reject(new Error("the drag did not end"));
        else requestAnimationFrame(tick);
      };
      requestAnimationFrame(tick);
    });
  };

  const run = { pending: null };
  // Started and awaited by two calls, with the input between them.
  const begin = (what) => {
    run.pending = { step, film }[what]();
    run.pending.catch(() => {}); // `end` tells of it
  };
  window.stopwatch = { begin, end: () => run.pending };
}
