// The graph: nodes as boxes along the flow, those of the device lane in a band of their own, pools as the way back.

// Below what share a colour ends, and what the legend says of it.
const SHARES = [[0.05, "below 5%"], [0.2, "5 to 20%"], [0.5, "20 to 50%"], [0.8, "50 to 80%"],
  [Infinity, "80% and more"]];
const levelOf = (share) => SHARES.findIndex(([below]) => (share || 0) < below);

// How much of the time a node holds the run back. On a device lane that is always busy that is the time the lane spends
// on the node: hardly anything need wait there, since nothing is sent to it faster than it works.
const isLaneLimit = (timing) => (timing.limit || {}).lane === true || timing.device.busy >= 0.8;
const byBusy = (timing, node) => isLaneLimit(timing) && node.place === "lane";
const holdsBack = (timing, node) => Math.max(node.saturated || 0, byBusy(timing, node) ? node.busy || 0 : 0);

// The node to mark: the one that the verdict names or, where it names none, the most saturated.
function markedNode(timing) {
  const named = timing.nodes.find((node) => node.name === (timing.limit || {}).node);
  if (named) return named;
  const most = timing.nodes.reduce((a, b) => (b.saturated || 0) > (a.saturated || 0) ? b : a);
  return levelOf(most.saturated) > 0 ? most : null;
}

function workersOf(node) {
  if (node.place === "lane") return "on the device lane";
  return node.place === "one at a time" ? "one at a time" : plural(node.workers, "worker");
}

function describeNode(node) {
  const {service_us: service} = node;
  return `${node.name} (${node.type}), ${workersOf(node)}: ` +
    `service p50 ${showTime(service.p50)}, p99 ${showTime(service.p99)}; busy ${showShare(node.busy)}, ` +
    `saturated ${showShare(node.saturated)}, starved ${showShare(node.starved)}; ` + plural(node.messages, "message");
}

// Nodes that follow each other on the same threads share a band: [{lane, nodes: [index…]}].
function bandsOf(nodes) {
  const bands = [];
  nodes.forEach((node, i) => {
    const lane = node.place === "lane";
    if (bands.length === 0 || bands[bands.length - 1].lane !== lane) bands.push({lane, nodes: []});
    bands[bands.length - 1].nodes.push(i);
  });
  return bands;
}

const fontStyle = (font) => `font-size: ${font.match(/\d+px/)[0]}; font-weight: ${font.match(/^\d+(?= )/) || 400}`;

// A long name is set smaller before it is cut.
function nameFont(name, width) {
  return ["650 13px", "650 12px", "650 11px"].find((font) => widthOf(name, font) <= width) || "650 11px";
}

class GraphDrawing {
  constructor(timing, width) {
    this.timing = timing;
    this.marked = markedNode(timing);
    this.width = width;
    this.gutter = 16;  // left of the bands, for the way back
    this.padding = 10;
    this.gap = width < 500 ? 44 : 54;
    this.rowGap = 38;
    this.boxHeight = 120;
    const room = width - this.gutter - 2 * this.padding, least = width < 500 ? 136 : 144;
    this.columns = Math.max(1, Math.floor((room + this.gap) / (least + this.gap)));
    this.boxWidth = Math.min(this.columns === 1 ? 320 : 210, (room - (this.columns - 1) * this.gap) / this.columns);
    this.parts = {bands: [], edges: [], boxes: []};
    this.boxes = [];
  }

  draw() {
    let y = 2;
    for (const band of bandsOf(this.timing.nodes)) y = this.drawBand(band, y) + this.rowGap;
    this.boxes.forEach((box, i) => {
      if (i > 0) this.drawEdge(this.boxes[i - 1], box, this.timing.nodes[i - 1]);
    });
    const height = this.drawPools(y);
    const name = "The graph: " + this.timing.nodes.map((node) => node.name).join(", then ");
    const arrow = svg("marker", {id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 9, markerHeight: 9,
      markerUnits: "userSpaceOnUse", orient: "auto"}, svg("path", {d: "M0 0 8 4 0 8z", fill: "var(--edge)"}));
    return drawing(this.width, height, name, svg("defs", {}, arrow), ...this.parts.bands, ...this.parts.edges,
      ...this.parts.boxes);
  }

  // Returns where the band ends.
  drawBand(band, top) {
    const rows = Math.ceil(band.nodes.length / this.columns), head = 24;
    const height = head + rows * this.boxHeight + (rows - 1) * this.rowGap + this.padding;
    const right = this.width - 1, fill = `var(--${band.lane ? "lane" : "band"})`;
    const label = band.lane ? "device lane: one thread" : "workers: " + plural(this.timing.settings.threads, "thread");
    this.parts.bands.push(
      svg("rect", {x: this.gutter, y: top, width: right - this.gutter, height, rx: 10, fill, stroke: "var(--line)",
        "stroke-dasharray": band.lane ? "none" : "4 3"}),
      text(right - 10, top + 16, label, {"text-anchor": "end", class: "muted"}));
    band.nodes.forEach((index, i) => {
      const x = this.gutter + this.padding + (i % this.columns) * (this.boxWidth + this.gap);
      const y = top + head + Math.floor(i / this.columns) * (this.boxHeight + this.rowGap);
      this.drawBox(this.timing.nodes[index], x, y);
    });
    return top + height;
  }

  drawBox(node, x, y) {
    const level = levelOf(holdsBack(this.timing, node)), width = this.boxWidth, inner = width - 16;
    const most = node === this.marked, busy = byBusy(this.timing, node);
    // The figure that the colour stands for bears the mark.
    const share = (words, dy, isColour) => line((most && isColour ? "\u25b2 " : "") + words, dy,
      most && isColour ? "650 12px" : "12px");
    const line = (words, dy, font = "12px") => text(x + 8, y + dy, fit(words, inner, font), {style: fontStyle(font)});
    this.parts.boxes.push(svg("g", {class: "node"}, svg("title", {}, describeNode(node)),
      svg("rect", {x, y, width, height: this.boxHeight, rx: 8, fill: `var(--sat${level})`, stroke: "var(--edge)",
        "stroke-width": most ? 3 : 1}),
      line(node.name, 19, nameFont(node.name, inner)), line(node.type, 34, "11px"), line(workersOf(node), 52),
      line("p50 " + showTime(node.service_us.p50), 68), share("busy " + showShare(node.busy), 84, busy),
      share("saturated " + showShare(node.saturated), 100, !busy),
      svg("rect", {x: x + 8, y: y + 107, width: inner, height: 6, rx: 3, fill: "var(--track)"}),
      svg("rect", {x: x + 8, y: y + 107, width: inner * partOf(node.busy), height: 6, rx: 3, fill: "var(--accent)"})));
    this.boxes.push({x, y});
  }

  drawEdge(from, to, node) {
    const rate = node.messages_per_s || 0, middle = this.boxWidth / 2;
    const label = showRate(rate) + "/s", style = {fill: "none", stroke: "var(--edge)", "marker-end": "url(#arrow)",
      "stroke-width": (1 + 1.1 * Math.log10(1 + rate)).toFixed(1)};
    let path, place;
    if (from.y === to.y) {
      const y = from.y + this.boxHeight / 2, x = from.x + this.boxWidth;
      path = `M${x} ${y}H${to.x - 1}`;
      place = text((x + to.x) / 2, y - 8, label, {"text-anchor": "middle", class: "muted"});
    } else {
      // Between two bands there is the head of the lower one, too.
      const below = from.y + this.boxHeight, x = to.x + middle, lower = to.y - below > this.rowGap ? 5 : 0;
      const turn = below + this.rowGap / 2 + lower;
      path = `M${from.x + middle} ${below}V${turn}H${x}V${to.y - 1}`;
      place = text(x + 8, from.x === to.x ? turn + 3 : turn - 7, label, {class: "muted"});
    }
    const title = svg("title", {}, `${node.name} sends ${label}`);
    this.parts.edges.push(svg("g", {}, title, svg("path", {d: path, ...style}), place));
  }

  // Slots go home from the end of the graph to its source. Returns where the drawing ends.
  drawPools(top) {
    const {pools} = this.timing, left = this.gutter, wide = this.width >= 700;
    if (pools.length === 0 || this.boxes.length === 0) return top - this.rowGap + 2;
    const row = wide ? 26 : 44, height = pools.length * row + 34;
    const first = this.boxes[0], last = this.boxes[this.boxes.length - 1];
    const dashed = {fill: "none", stroke: "var(--edge)", "stroke-dasharray": "5 4", "stroke-width": 1.5,
      "marker-end": "url(#arrow)"};
    const y = first.y + this.boxHeight / 2, right = this.width - 1;
    this.parts.edges.push(
      svg("path", {...dashed, d: `M${last.x + this.boxWidth / 2} ${last.y + this.boxHeight}V${top - 1}`}),
      svg("path", {...dashed, d: `M${left} ${top + height / 2}H6V${y}H${first.x - 1}`}));
    this.parts.bands.push(
      svg("rect", {x: left, y: top, width: right - left, height, rx: 10, fill: "var(--card)", stroke: "var(--line)"}),
      text(right - 10, top + 16, "pools: slots go home", {"text-anchor": "end", class: "muted"}));
    pools.forEach((pool, i) => this.drawPool(pool, top + 24 + i * row, wide));
    return top + height + 2;
  }

  drawPool(pool, y, wide) {
    const use = `${threeDigits(pool.in_use_mean || 0)} of ${showCount(pool.slots)} in use, ` +
      `none free ${showShare(pool.empty)} of the time`;
    const left = this.gutter + 12, x = wide ? left + 130 : left, end = this.width - 13 - (wide ? 290 : 0);
    const width = end - x;
    const share = pool.slots > 0 ? partOf(pool.in_use_mean / pool.slots) : 0, bar = wide ? y : y + 18;
    this.parts.boxes.push(svg("g", {class: "pool"}, svg("title", {}, pool.name + ": " + use),
      text(left, y + 10, fit(wide ? pool.name : pool.name + ": " + use, (wide ? 120 : width)), {}),
      svg("rect", {x, y: bar, width, height: 12, rx: 6, fill: "var(--track)"}),
      svg("rect", {x, y: bar, width: width * share, height: 12, rx: 6, fill: "var(--s2)"}),
      wide ? text(end + 12, y + 10, use, {}) : null));
  }
}

function graphSection(timing) {
  if (timing.nodes.length === 0) return null;
  const swatch = (i) => html("span", {class: "swatch", style: `background: var(--sat${i})`});
  const legend = html("ul", {class: "legend"},
    html("li", {}, "Colour: saturated, the share of the time in which all its workers were taken and something waited" +
      (isLaneLimit(timing) ? "; on the device lane, which is busy nearly all the time: busy" : "")),
    ...SHARES.map(([, words], i) => html("li", {}, swatch(i), words)),
    html("li", {}, "\u25b2 and a thick frame: " +
      ((timing.limit || {}).node ? "the node that the verdict names" : "the most saturated node")),
    html("li", {}, "Line width: messages a second"), html("li", {}, "Bar in a box: busy"));
  return section("graph", "Graph", drawnIn(html("div"), (width) => new GraphDrawing(timing, width).draw()), legend);
}
