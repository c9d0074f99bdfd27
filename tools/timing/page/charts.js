// Histograms, lines over time, sweeps.

// Of the lines of a chart: they differ by colour and by dashes.
const DASHES = ["none", "7 3", "2 3", "9 3 2 3", "4 2", "1 2", "12 4", "6 2 1 2"];
const colourOf = (i) => `var(--s${i % DASHES.length})`;
const dashOf = (i) => DASHES[i % DASHES.length];
const lineStyle = (i) => ({fill: "none", stroke: colourOf(i), "stroke-width": 2, "stroke-dasharray": dashOf(i)});

// Where a bucket that begins at `us` ends: an eighth of an octave later, 1 ns at least.
function bucketEnd(us) {
  const ns = Math.round(us * 1000);
  return (ns < 8 ? ns + 1 : ns + 2 ** (Math.floor(Math.log2(ns)) - 3)) / 1000;
}

// Marks of a logarithmic axis, as close as their words allow.
function logMarks(low, high, width) {
  const decades = Math.log10(high / low), room = 52;
  // Which multiples of a power of ten, of every which power, and how near two of them come, in decades.
  const choices = [[[1, 2, 5], 1, 0.3], [[1, 3], 1, 0.47], [[1], 1, 1], [[1], 2, 2], [[1], 3, 3], [[1], 6, 6]];
  const fits = ([, , nearest]) => width * nearest / decades >= room;
  const [steps, every] = choices.find(fits) || choices[choices.length - 1];
  const marks = [];
  for (let power = Math.floor(Math.log10(low) / every) * every; power <= Math.log10(high); power += every) {
    for (const step of steps) marks.push(step * 10 ** power);
  }
  return marks.filter((mark) => mark >= low * 0.999 && mark <= high * 1.001);
}

const quantiles = (times) => ["p50", "p90", "p99"].map((name) => `${name} ${showTime(times[name])}`).join(", ");

class HistogramDrawing {
  constructor(node, width) {
    this.node = node;
    this.width = width;
    this.half = 58;
    this.top = 18;
    const buckets = [...node.service_histogram, ...node.wait_histogram];
    const ends = buckets.flatMap(([us]) => [Math.max(us, 0.001), bucketEnd(us)]);
    this.low = Math.min(...ends) / 1.05;
    this.high = Math.max(...ends, this.low * 4) * 1.05;
  }

  at(us) {
    return 6 + (this.width - 12) * Math.log(Math.max(us, this.low) / this.low) / Math.log(this.high / this.low);
  }

  draw() {
    const {node} = this, middle = this.top + this.half, end = middle + this.half, height = end + 38;
    const name = `${node.name}: service ${quantiles(node.service_us)}; queue wait ${quantiles(node.wait_us)}`;
    return drawing(this.width, height, name,
      ...logMarks(this.low, this.high, this.width - 12).map((us) => this.mark(us, end, height - 4)),
      ...this.bars(node.service_histogram, middle, -1, "var(--s0)", "service"),
      ...this.bars(node.wait_histogram, middle, 1, "var(--s1)", "queue wait"),
      svg("line", {x1: 0, x2: this.width, y1: middle, y2: middle, stroke: "var(--edge)"}),
      this.label(12, "service", node.service_us, "var(--s0)"),
      this.label(end + 14, "queue wait", node.wait_us, "var(--s1)"));
  }

  mark(us, bottom, textBottom) {
    const x = this.at(us), inside = Math.min(Math.max(x, 20), this.width - 20);
    return svg("g", {}, svg("line", {x1: x, x2: x, y1: this.top, y2: bottom, stroke: "var(--grid)"}),
      text(inside, textBottom, showTick(us), {"text-anchor": "middle", class: "muted"}));
  }

  label(y, what, times, colour) {
    const words = `${what}, p50 ${showTime(times.p50)}, p99 ${showTime(times.p99)}`;
    return text(0, y, fit(words, this.width), {style: `fill: ${colour}`});
  }

  // Upwards from `middle` for direction -1, downwards for 1.
  bars(histogram, middle, direction, fill, what) {
    const most = Math.max(1, ...histogram.map(([, count]) => count));
    return histogram.map(([us, count]) => {
      const x = this.at(us), width = Math.max(1, this.at(bucketEnd(us)) - x - 0.5).toFixed(1);
      const height = Math.max(1, (this.half - 6) * count / most), y = direction < 0 ? middle - height : middle;
      const words = `${what} of ${showTime(us)} to ${showTime(bucketEnd(us))}: ${plural(count, "message")}`;
      const place = {x: x.toFixed(1), width, y: y.toFixed(1), height: height.toFixed(1), fill};
      return svg("rect", place, svg("title", {}, words));
    });
  }
}

function histogramSection(timing) {
  const nodes = timing.nodes.filter((node) => node.messages > 0);
  if (nodes.length === 0) return null;
  const cards = nodes.map((node) => html("figure", {}, html("h3", {}, node.name),
    drawnIn(html("div"), (width) => new HistogramDrawing(node, width).draw())));
  return section("histograms", "Latency",
    note("How long a message was worked on (above) and how long it waited for that (below); height: messages, by the " +
      "highest bar of each. The axis is logarithmic."),
    html("div", {class: "cards"}, ...cards));
}

// Lines over one axis. `chart`: {name, xs, marks, series: [{name, values}], showX, showY, dots}; `marks` are where on x
// a mark stands.
class LineDrawing {
  constructor(chart, width) {
    Object.assign(this, chart);
    this.width = width;
    this.left = 56;
    this.right = width - 14;
    this.top = 10;
    this.bottom = 126;
    this.scale = roundMarks(Math.max(0, ...this.series.flatMap((one) => one.values.filter(isNumber))), 3);
    this.most = this.scale[this.scale.length - 1];
    this.low = Math.min(...this.xs, ...this.marks);
    this.high = Math.max(...this.xs, ...this.marks, this.low + 1e-9);
  }

  x(value) {
    const share = this.xs.length > 1 ? (value - this.low) / (this.high - this.low) : 0.5;
    return this.left + (this.right - this.left) * share;
  }

  y(value) {
    return this.bottom - (this.bottom - this.top) * (value || 0) / this.most;
  }

  draw() {
    const rows = this.scale.map((mark) => svg("g", {},
      svg("line", {x1: this.left, x2: this.right, y1: this.y(mark), y2: this.y(mark), stroke: "var(--grid)"}),
      text(this.left - 6, this.y(mark) + 4, this.showY(mark), {"text-anchor": "end", class: "muted"})));
    const columns = this.marks.map((mark) =>
      text(this.x(mark), this.bottom + 18, this.showX(mark), {"text-anchor": "middle", class: "muted"}));
    return drawing(this.width, this.bottom + 24, this.name, ...rows, ...columns,
      ...this.series.map((one, i) => this.line(one, i)), ...this.readings());
  }

  line(one, i) {
    const points = this.xs.map((value, k) => `${this.x(value).toFixed(1)},${this.y(one.values[k]).toFixed(1)}`);
    const dots = this.dots || this.xs.length === 1 ? this.xs : [];
    return svg("g", {}, svg("polyline", {...lineStyle(i), points: points.join(" ")}),
      ...dots.map((value, k) =>
        svg("circle", {cx: this.x(value), cy: this.y(one.values[k]), r: 3.5, fill: colourOf(i)})));
  }

  // What the lines say at each x, told where the pointer rests.
  readings() {
    if (this.xs.length > 500) return [];
    const edges = this.xs.map((value, k) => k === 0 ? this.left - 6 : (this.x(this.xs[k - 1]) + this.x(value)) / 2);
    edges.push(this.right + 6);
    return this.xs.map((value, k) => {
      const shown = (y) => isNumber(y) ? this.showY(y) : NONE;
      const said = this.series.map((one) => one.name + " " + shown(one.values[k]));
      const width = Math.max(0, edges[k + 1] - edges[k]);
      return svg("rect", {x: edges[k], y: this.top, width, height: this.bottom - this.top, fill: "transparent"},
        svg("title", {}, `${this.showX(value)}: ${said.join(", ")}`));
    });
  }
}

function lineLegend(series, words) {
  const sample = (i) => svg("svg", {width: 28, height: 10, "aria-hidden": "true", style: "flex: none"},
    svg("line", {x1: 0, x2: 28, y1: 5, y2: 5, ...lineStyle(i)}));
  return html("ul", {class: "legend"}, ...series.map((one, i) => html("li", {}, sample(i), words(one))));
}

const meanOf = (values) => values.reduce((sum, value) => sum + (value || 0), 0) / Math.max(1, values.length);

// A chart over the seconds of the run. `words`: what the legend says of a line; none where there is one line alone.
function timeChart(title, xs, series, showY, words) {
  const end = xs[xs.length - 1], name = `${title} over the seconds of the run`;
  const showX = (seconds) => Number(seconds.toPrecision(6)) + " s";
  return html("figure", {}, html("h3", {}, title), drawnIn(html("div"), (width) => {
    const marks = roundMarks(end, width < 500 ? 4 : 8).filter((mark) => mark <= end * 1.0001);
    return new LineDrawing({name, xs, marks, series, showX, showY}, width).draw();
  }), words ? lineLegend(series, words) : null);
}

function queueCharts(timing, points, xs) {
  const queues = timing.nodes.map((node, i) => ({name: node.name, values: points.map((point) => point.queued[i])}))
    .filter((one) => one.values.some((value) => value > 0)).sort((a, b) => meanOf(b.values) - meanOf(a.values));
  if (queues.length === 0) return [note("Nothing waited in a queue.")];
  const shown = queues.slice(0, DASHES.length), left = queues.length - shown.length;
  const words = (one) => `${one.name} (mean ${threeDigits(meanOf(one.values))})`;
  return [timeChart("Waiting in queues", xs, shown, showMark, words),
    left > 0 ? note(`${plural(left, "shorter queue")} left out.`) : null];
}

function timelineSection(timing) {
  const points = timing.timeline || [];
  if (points.length === 0) return null;
  const xs = points.map((point) => point.at_s);
  const rates = [{name: "images/s", values: points.map((point) => point.images_per_s)}];
  const pools = timing.pools.map((pool, i) => ({name: pool.name, slots: pool.slots,
    values: points.map((point) => point.in_use[i] / Math.max(1, pool.slots))}));
  const words = (one) => `${one.name} (mean ${showShare(meanOf(one.values))} of ${showCount(one.slots)})`;
  return section("timeline", "Timeline", html("div", {class: "cards wide"},
    timeChart("Images a second", xs, rates, showMark), ...queueCharts(timing, points, xs),
    pools.length > 0 ? timeChart("Pools in use", xs, pools, showShare, words) : null));
}

function sweepCard(timing, sweep) {
  const {workers, images_per_s: rates} = sweep, node = timing.nodes.find((one) => one.name === sweep.node);
  const best = Math.max(...rates), at = workers[rates.indexOf(best)];
  const chart = {name: `${sweep.node}: images a second by workers`, xs: workers, marks: workers, dots: true,
    series: [{name: "images/s", values: rates}], showX: String, showY: showMark};
  return html("figure", {}, html("h3", {}, sweep.node),
    drawnIn(html("div"), (width) => new LineDrawing(chart, width).draw()),
    html("figcaption", {}, `Best with ${plural(at, "worker")}: ${showRate(best)} images/s.`,
      node ? ` The run had ${node.workers}.` : ""));
}

function sweepSection(timing) {
  const sweeps = timing.sweep || [];
  if (sweeps.length === 0) return null;
  return section("sweep", "Sweep",
    note("Images a second by the number of workers of one node, the others as they were."),
    html("div", {class: "cards"}, ...sweeps.map((sweep) => sweepCard(timing, sweep))));
}
