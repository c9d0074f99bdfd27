// Histograms, lines over time, sweeps.

const SERIES = [[0, ""], [1, "7 3"], [2, "2 3"], [3, "9 3 2 3"], [4, "4 2"], [5, "1 2"], [6, "12 4"], [7, "6 2 1 2"]];
const lineStyle = (i) => ({fill: "none", stroke: `var(--s${SERIES[i % 8][0]})`, "stroke-width": 2, "stroke-dasharray": SERIES[i % 8][1] || "none"});

// Where a bucket that begins at `us` ends: an eighth of an octave later, 1 ns at least.
function bucketEnd(us) {
  const ns = Math.round(us * 1000);
  return (ns < 8 ? ns + 1 : ns + 2 ** (Math.floor(Math.log2(ns)) - 3)) / 1000;
}

// Marks of a logarithmic axis, as close as their words allow.
function logMarks(low, high, width) {
  const decades = Math.log10(high / low), room = 52;
  for (const [steps, every, closest] of [[[1, 2, 5], 1, 0.3], [[1, 3], 1, 0.47], [[1], 1, 1], [[1], 2, 2], [[1], 3, 3], [[1], 6, 6]]) {
    if (width * closest / decades < room && every < 6) continue;
    const marks = [];
    for (let power = Math.floor(Math.log10(low) / every) * every; power <= Math.log10(high); power += every) {
      for (const step of steps) marks.push(step * 10 ** power);
    }
    return marks.filter((mark) => mark >= low * 0.999 && mark <= high * 1.001);
  }
  return [];
}

class HistogramDrawing {
  constructor(node, width) {
    this.node = node;
    this.width = width;
    this.half = 58;
    this.top = 18;
    const ends = [...node.service_histogram, ...node.wait_histogram].flatMap(([us]) => [Math.max(us, 0.001), bucketEnd(us)]);
    this.low = Math.min(...ends) / 1.05;
    this.high = Math.max(...ends, this.low * 4) * 1.05;
  }

  at(us) {
    return 6 + (this.width - 12) * Math.log(Math.max(us, this.low) / this.low) / Math.log(this.high / this.low);
  }

  draw() {
    const {node} = this, middle = this.top + this.half, height = middle + this.half + 38;
    const name = `${node.name}: service p50 ${showTime(node.service_us.p50)}, p90 ${showTime(node.service_us.p90)}, p99 ` +
      `${showTime(node.service_us.p99)}; queue wait p50 ${showTime(node.wait_us.p50)}, p90 ${showTime(node.wait_us.p90)}, p99 ${showTime(node.wait_us.p99)}`;
    const marks = logMarks(this.low, this.high, this.width - 12).map((us) => svg("g", {},
      svg("line", {x1: this.at(us), x2: this.at(us), y1: this.top, y2: middle + this.half, stroke: "var(--grid)"}),
      text(Math.min(Math.max(this.at(us), 20), this.width - 20), height - 4, showTick(us), {"text-anchor": "middle", class: "muted"})));
    return drawing(this.width, height, name, ...marks,
      ...this.bars(node.service_histogram, middle, -1, "var(--s0)", "service"),
      ...this.bars(node.wait_histogram, middle, 1, "var(--s1)", "queue wait"),
      svg("line", {x1: 0, x2: this.width, y1: middle, y2: middle, stroke: "var(--edge)"}),
      this.label(12, "service, p50 " + showTime(node.service_us.p50) + ", p99 " + showTime(node.service_us.p99), "0"),
      this.label(middle + this.half + 14, "queue wait, p50 " + showTime(node.wait_us.p50) + ", p99 " + showTime(node.wait_us.p99), "1"));
  }

  label(y, words, colour) {
    return text(0, y, fit(words, this.width), {style: `fill: var(--s${colour})`});
  }

  bars(histogram, middle, direction, colour, what) {
    const most = Math.max(1, ...histogram.map(([, count]) => count));
    return histogram.map(([us, count]) => {
      const x = this.at(us), height = Math.max(1, (this.half - 6) * count / most), width = Math.max(1, this.at(bucketEnd(us)) - x - 0.5);
      return svg("rect", {x: x.toFixed(1), width: width.toFixed(1), y: (direction < 0 ? middle - height : middle).toFixed(1), height: height.toFixed(1),
        fill: colour}, svg("title", {}, `${what} of ${showTime(us)} to ${showTime(bucketEnd(us))}: ${plural(count, "message")}`));
    });
  }
}

function histogramSection(timing) {
  const nodes = timing.nodes.filter((node) => node.messages > 0);
  if (nodes.length === 0) return null;
  const cards = nodes.map((node) => html("figure", {}, html("h3", {}, node.name),
    drawnIn(html("div"), (width) => new HistogramDrawing(node, width).draw())));
  return html("section", {id: "histograms"}, html("h2", {}, "Latency"),
    html("p", {class: "muted", style: "margin-bottom: 12px"}, "How long a message was worked on (above) and how long it waited for that (below); height: messages, by the highest bar of each. The axis is logarithmic."),
    html("div", {class: "cards"}, ...cards));
}

// Lines over one axis. `series`: [{name, values}]; `marks`: where on x a mark stands.
function lineChart(width, name, xs, marks, series, showY, showX, dots) {
  const left = 56, right = 14, top = 10, height = 150, bottom = height - 24;
  const scale = roundMarks(Math.max(0, ...series.flatMap((one) => one.values.filter(isNumber))), 3), most = scale[scale.length - 1];
  const low = Math.min(...xs, ...marks), high = Math.max(...xs, ...marks, low + 1e-9);
  const x = (value) => left + (width - left - right) * (xs.length > 1 ? (value - low) / (high - low) : 0.5);
  const y = (value) => bottom - (bottom - top) * (value || 0) / most;
  return drawing(width, height, name,
    ...scale.map((mark) => svg("g", {}, svg("line", {x1: left, x2: width - right, y1: y(mark), y2: y(mark), stroke: "var(--grid)"}),
      text(left - 6, y(mark) + 4, showY(mark), {"text-anchor": "end", class: "muted"}))),
    ...marks.map((mark) => text(x(mark), height - 6, showX(mark), {"text-anchor": "middle", class: "muted"})),
    ...series.map((one, i) => svg("g", {}, svg("title", {}, one.name),
      svg("polyline", {...lineStyle(i), points: xs.map((value, k) => x(value).toFixed(1) + "," + y(one.values[k]).toFixed(1)).join(" ")}),
      ...(dots || xs.length === 1 ? xs.map((value, k) => svg("circle", {cx: x(value), cy: y(one.values[k]), r: 3.5, fill: `var(--s${i % 8})`},
        svg("title", {}, `${showX(value)}: ${showY(one.values[k])}`))) : []))));
}

function lineLegend(series, words) {
  return html("ul", {class: "legend"}, ...series.map((one, i) => html("li", {},
    svg("svg", {width: 28, height: 10, "aria-hidden": "true", style: "flex: none"}, svg("line", {x1: 0, x2: 28, y1: 5, y2: 5, ...lineStyle(i)})), words(one))));
}

const meanOf = (values) => values.reduce((sum, value) => sum + (value || 0), 0) / Math.max(1, values.length);

function timelineSection(timing) {
  const points = timing.timeline || [];
  if (points.length === 0) return null;
  const xs = points.map((point) => point.at_s);
  const chart = (title, series, show, legend) => html("figure", {}, html("h3", {}, title), drawnIn(html("div"), (width) => {
    const marks = roundMarks(xs[xs.length - 1], width < 500 ? 4 : 8).filter((mark) => mark <= xs[xs.length - 1] * 1.0001);
    return lineChart(width, `${title} over the seconds of the run`, xs, marks, series, show, (s) => Number(s.toPrecision(6)) + " s", false);
  }), legend ? lineLegend(series, legend) : null);
  const queues = timing.nodes.map((node, i) => ({name: node.name, values: points.map((point) => point.queued[i])}))
    .filter((one) => one.values.some((value) => value > 0)).sort((a, b) => meanOf(b.values) - meanOf(a.values));
  const shown = queues.slice(0, 8), left = queues.length - shown.length;
  const pools = timing.pools.map((pool, i) => ({name: pool.name, slots: pool.slots, values: points.map((point) => point.in_use[i] / Math.max(1, pool.slots))}));
  return html("section", {id: "timeline"}, html("h2", {}, "Timeline"), html("div", {class: "cards", style: "grid-template-columns: minmax(0, 1fr)"},
    chart("Images a second", [{name: "images/s", values: points.map((point) => point.images_per_s)}], showMark),
    shown.length > 0 ? chart("Waiting in queues", shown, showMark, (one) => `${one.name} (mean ${threeDigits(meanOf(one.values))})`)
                     : html("p", {class: "muted"}, "Nothing waited in a queue."),
    left > 0 ? html("p", {class: "muted"}, `${plural(left, "shorter queue")} left out`) : null,
    pools.length > 0 ? chart("Pools in use", pools, showShare, (one) => `${one.name} (mean ${showShare(meanOf(one.values))} of ${showCount(one.slots)})`) : null));
}

function sweepSection(timing) {
  const sweeps = timing.sweep || [];
  if (sweeps.length === 0) return null;
  const cards = sweeps.map((sweep) => {
    const best = Math.max(...sweep.images_per_s), node = timing.nodes.find((one) => one.name === sweep.node);
    const at = sweep.workers[sweep.images_per_s.indexOf(best)];
    return html("figure", {}, html("h3", {}, sweep.node), drawnIn(html("div"), (width) =>
      lineChart(width, `${sweep.node}: images a second by workers`, sweep.workers, sweep.workers, [{name: sweep.node, values: sweep.images_per_s}],
        showMark, (workers) => String(workers), true)),
    html("figcaption", {}, `Best with ${plural(at, "worker")}: ${showRate(best)} images/s.` + (node ? ` The run had ${node.workers}.` : "")));
  });
  return html("section", {id: "sweep"}, html("h2", {}, "Sweep"), html("p", {class: "muted", style: "margin-bottom: 12px"}, "Images a second by the number of workers of one node, the others as they were."),
    html("div", {class: "cards"}, ...cards));
}
