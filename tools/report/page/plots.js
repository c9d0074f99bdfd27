// Lines over the steps of runs.

const DASHES = ["none", "7 3", "2 3", "9 3 2 3", "4 2", "1 2", "12 4", "6 2 1 2"];
const lineStyle = (i) => ({fill: "none", stroke: `var(--s${i % DASHES.length})`, "stroke-width": 1.8,
  "stroke-dasharray": DASHES[Math.floor(i / DASHES.length) % DASHES.length]});

// Round marks that span low to high: at most about `count`.
function marksBetween(low, high, count) {
  if (!(high > low)) {
    const room = Math.abs(low) * 0.05 || 1;
    [low, high] = [low - room, high + room];
  }
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((x) => x * power).find((x) => x >= rough * 0.9999);
  const marks = [];
  for (let i = Math.floor(low / step + 1e-9); i * step < high + step * 0.9999; ++i) marks.push(i * step);
  return marks;
}

function logMarksBetween(low, high) {
  const marks = [];
  const steps = Math.log10(high / low) > 2 ? [1] : Math.log10(high / low) > 0.7 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); ++power) {
    for (const one of steps) marks.push(one * 10 ** power);
  }
  const first = marks.filter((mark) => mark <= low * 1.0001).pop(), last = marks.find((mark) => mark >= high * 0.9999);
  return marks.filter((mark) => mark >= first && mark <= last);
}

// One plot. `lines`: [{name, index, xs, ys}], ys with null where there is no figure.
class Plot {
  constructor(lines, {title, showY, zero, log}, width) {
    Object.assign(this, {lines, title, showY, width, log, left: 62, right: width - 16, top: 12, bottom: 236});
    const ys = lines.flatMap((line) => line.ys.filter((y) => isNumber(y) && (!log || y > 0)));
    const low = Math.min(...extremes(ys)), high = Math.max(...extremes(ys));
    this.marks = log ? logMarksBetween(low, high) : marksBetween(zero ? Math.min(0, low) : low, high, 5);
    this.low = this.marks[0];
    this.high = this.marks[this.marks.length - 1];
    const xs = lines.flatMap((line) => extremes(line.xs));
    this.first = Math.min(...xs);
    this.last = Math.max(...xs, this.first + 1);
  }

  x(step) {
    return this.left + (this.right - this.left) * (step - this.first) / (this.last - this.first);
  }

  y(value) {
    const share = this.log ? Math.log(value / this.low) / Math.log(this.high / this.low)
      : (value - this.low) / (this.high - this.low);
    return this.bottom - (this.bottom - this.top) * share;
  }

  drawn(value) {
    return isNumber(value) && (!this.log || value > 0);
  }

  // What is missing breaks the line.
  path(line) {
    let path = "", pen = false;
    line.ys.forEach((value, k) => {
      if (this.drawn(value)) path += `${pen ? "L" : "M"}${this.x(line.xs[k]).toFixed(1)},${this.y(value).toFixed(1)}`;
      pen = this.drawn(value);
    });
    return path;
  }

  line(line) {
    const few = line.xs.length <= 30 ? line.xs.map((step, k) => [step, line.ys[k]]).filter(([, y]) => this.drawn(y)) : [];
    return svg("g", {class: "line", "data-run": line.name}, svg("path", {...lineStyle(line.index), d: this.path(line)}),
      ...few.map(([step, y]) => svg("circle", {cx: this.x(step).toFixed(1), cy: this.y(y).toFixed(1), r: 2.6,
        fill: lineStyle(line.index).stroke})));
  }

  draw(tell) {
    const rows = this.marks.map((mark) => svg("g", {},
      svg("line", {x1: this.left, x2: this.right, y1: this.y(mark), y2: this.y(mark), stroke: "var(--grid)"}),
      text(this.left - 7, this.y(mark) + 4, this.showY(mark), {"text-anchor": "end", class: "muted"})));
    const steps = marksBetween(this.first, this.last, this.width < 500 ? 4 : 7)
      .filter((mark) => mark >= this.first && mark <= this.last && Number.isInteger(mark));
    const columns = steps.map((mark) => text(Math.min(this.x(mark), this.right - 8), this.bottom + 18, showCount(mark),
      {"text-anchor": "middle", class: "muted"}));
    const cursor = svg("line", {y1: this.top, y2: this.bottom, stroke: "var(--edge)", visibility: "hidden"});
    const name = `${this.title} over steps: ${this.lines.map((line) => line.name).join(", ")}`;
    const picture = drawing(this.width, this.bottom + 26, name, ...rows, ...columns,
      ...this.lines.map((line) => this.line(line)), cursor);
    picture.addEventListener("pointermove", (event) => {
      const at = event.clientX - picture.getBoundingClientRect().left;
      const share = Math.min(1, Math.max(0, (at - this.left) / (this.right - this.left)));
      const step = this.first + share * (this.last - this.first), shown = this.nearest(step);
      cursor.setAttribute("visibility", "visible");
      cursor.setAttribute("x1", this.x(shown));
      cursor.setAttribute("x2", this.x(shown));
      tell(this.reading(shown));
    });
    picture.addEventListener("pointerleave", () => {
      cursor.setAttribute("visibility", "hidden");
      tell("");
    });
    return picture;
  }

  // Of all lines' steps the one that is nearest.
  nearest(step) {
    const all = this.lines.map((line) => line.xs[nearestIndex(line.xs, step)]);
    return all.reduce((best, one) => Math.abs(one - step) < Math.abs(best - step) ? one : best);
  }

  reading(step) {
    const said = this.lines.map((line) => {
      const at = nearestIndex(line.xs, step), near = Math.abs(line.xs[at] - step) <= (this.last - this.first) / 100;
      return near ? `${line.name} ${isNumber(line.ys[at]) ? this.showY(line.ys[at], true) : NONE}` : null;
    });
    return `step ${showCount(step)}: ${said.filter(Boolean).join(", ")}`;
  }
}

// Math.min takes no more arguments than the stack holds.
function extremes(values) {
  if (values.length === 0) return [0, 1];
  return [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
}

function nearestIndex(xs, step) {
  let low = 0, high = xs.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle] < step) low = middle + 1;
    else high = middle;
  }
  return low > 0 && step - xs[low - 1] <= xs[low] - step ? low - 1 : low;
}

function runLegend(lines) {
  const sample = (i) => svg("svg", {width: 28, height: 10, "aria-hidden": "true", style: "flex: none"},
    svg("line", {x1: 0, x2: 28, y1: 5, y2: 5, ...lineStyle(i)}));
  return html("ul", {class: "legend"}, ...lines.map((line) => html("li", {}, sample(line.index), line.name)));
}
