// What a network makes of the classes: a map of its features, nearest neighbours, confusion.

const MOST_EMBEDDINGS = 3;
const CLASS_COLOURS = ["#1f77b4", "#e8710a", "#2a9d3a", "#d62728", "#8a5fc0", "#8c564b", "#d957b0", "#6f7680", "#9a9b15", "#1296a8"];
const SHAPES = [
  (c, x, y, r) => c.arc(x, y, r, 0, 2 * Math.PI),
  (c, x, y, r) => c.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8),
  (c, x, y, r) => polygon(c, [[x, y - r * 1.2], [x + r * 1.1, y + r * 0.8], [x - r * 1.1, y + r * 0.8]]),
  (c, x, y, r) => polygon(c, [[x, y - r * 1.3], [x + r * 1.3, y], [x, y + r * 1.3], [x - r * 1.3, y]]),
  (c, x, y, r) => polygon(c, [[x, y + r * 1.2], [x + r * 1.1, y - r * 0.8], [x - r * 1.1, y - r * 0.8]]),
];

function polygon(c, corners) {
  corners.forEach(([x, y], i) => i === 0 ? c.moveTo(x, y) : c.lineTo(x, y));
  c.closePath();
}

const classColour = (label) => CLASS_COLOURS[label % CLASS_COLOURS.length];

function drawMarker(c, label, x, y, radius) {
  c.beginPath();
  SHAPES[Math.floor(label / CLASS_COLOURS.length) % SHAPES.length](c, x, y, radius);
  c.fillStyle = classColour(label);
  c.fill();
}

// A canvas that is as sharp as the screen.
function canvasOf(width, height, attributes, draw) {
  const sharp = window.devicePixelRatio || 1;
  const canvas = html("canvas", {width: Math.round(width * sharp), height: Math.round(height * sharp),
    style: `width: ${width}px; height: ${height}px`, ...attributes});
  const context = canvas.getContext("2d");
  context.scale(sharp, sharp);
  draw(context);
  return canvas;
}

// Many pictures in one image.
class Sheet {
  constructor({side, columns, png}) {
    Object.assign(this, {side, columns, image: new Image()});
    this.image.src = "data:image/png;base64," + png;
  }

  whenLoaded(then) {
    if (this.image.complete) then();
    else this.image.addEventListener("load", then);
  }

  draw(context, nth, x, y, size) {
    if (!this.image.complete || this.image.naturalWidth === 0) return;
    const left = (nth % this.columns) * this.side, top = Math.floor(nth / this.columns) * this.side;
    context.drawImage(this.image, left, top, this.side, this.side, x, y, size, size);
  }
}

const withEmbedding = () => report.runs.filter((run) => run.embedding);

function onlyFirst() {
  const left = withEmbedding().length - MOST_EMBEDDINGS;
  return left > 0 ? note(`Of the first ${MOST_EMBEDDINGS} runs; ${left} more ${left === 1 ? "has" : "have"} such figures. ` +
    "Name fewer runs to see them.") : null;
}

const afterSteps = (one) => isNumber(one.steps) ? `after ${plural(one.steps, "step")}, ` : "";

// The map of one run.
class EmbeddingMap {
  constructor(run, tell, show) {
    Object.assign(this, {one: run.embedding, points: run.embedding.map.points, tell, show});
    this.sheet = new Sheet(this.one.map.pictures);
    const xs = this.points.map((point) => point.x), ys = this.points.map((point) => point.y);
    [this.left, this.right] = extremes(xs);
    [this.top, this.bottom] = extremes(ys);
  }

  // Both axes have one scale: distances are what the map is about.
  place(width, height) {
    const margin = 30, across = this.right - this.left || 1, down = this.bottom - this.top || 1;
    const scale = Math.min((width - 2 * margin) / across, (height - 2 * margin) / down);
    const middle = [(this.left + this.right) / 2, (this.top + this.bottom) / 2];
    return this.points.map((point) => [width / 2 + (point.x - middle[0]) * scale, height / 2 + (point.y - middle[1]) * scale]);
  }

  // Pictures where they cover no other picture; taken from all classes alike.
  pictured(places, size) {
    const order = places.map((_, i) => i).sort((a, b) => (a * 0.618034) % 1 - (b * 0.618034) % 1), taken = [];
    for (const i of order) {
      const free = taken.every((j) => Math.max(Math.abs(places[i][0] - places[j][0]), Math.abs(places[i][1] - places[j][1])) > size + 3);
      if (free) taken.push(i);
    }
    return taken;
  }

  draw(width) {
    const height = Math.round(Math.min(620, Math.max(320, width * 0.66))), size = width < 500 ? 22 : 32;
    const places = this.place(width, height), label = `Map of the embeddings of ${showCount(this.points.length)} images`;
    const canvas = canvasOf(width, height, {role: "img", "aria-label": label}, (c) => {
      places.forEach(([x, y], i) => drawMarker(c, this.points[i].label, x, y, 3.2));
      for (const i of this.pictured(places, size)) {
        const [x, y] = places[i].map((at) => at - size / 2);
        c.fillStyle = classColour(this.points[i].label);
        c.fillRect(x - 2, y - 2, size + 4, size + 4);
        this.sheet.draw(c, i, x, y, size);
      }
    });
    canvas.addEventListener("pointermove", (event) => {
      const box = canvas.getBoundingClientRect(), at = [event.clientX - box.left, event.clientY - box.top];
      const far = places.map(([x, y]) => Math.hypot(x - at[0], y - at[1])), nearest = far.indexOf(Math.min(...far));
      this.tellOf(far[nearest] < 24 ? nearest : -1);
    });
    canvas.addEventListener("pointerleave", () => this.tellOf(-1));
    return canvas;
  }

  tellOf(nth) {
    const point = this.points[nth];
    this.tell(point ? `${this.one.classes[point.label]}: ${point.name}` : "");
    this.show.replaceChildren(...(point ? [canvasOf(64, 64, {"aria-hidden": "true"}, (c) => this.sheet.draw(c, nth, 0, 0, 64))] : []));
  }
}

function classLegend(one) {
  const labels = [...new Set(one.map.points.map((point) => point.label))].sort((a, b) => a - b);
  const shown = labels.slice(0, 50);
  const items = shown.map((label) => html("li", {},
    canvasOf(12, 12, {"aria-hidden": "true"}, (c) => drawMarker(c, label, 6, 6, 4.5)), one.classes[label]));
  if (shown.length < labels.length) {
    items.push(html("li", {}, `and ${showCount(labels.length - shown.length)} more, whose marks repeat these`));
  }
  return html("ul", {class: "legend"}, ...items);
}

function mapFigure(run) {
  const one = run.embedding, reading = html("div", {class: "reading"}), show = html("div", {class: "shown"});
  const map = new EmbeddingMap(run, (words) => { reading.textContent = words; }, show), place = html("div");
  drawnIn(place, (width) => map.draw(width));
  map.sheet.whenLoaded(() => {
    places.find((other) => other.element === place).width = 0;
    drawPlaces();
  });
  const of = one.map.points.length < one.map.images ? ` of ${showCount(one.map.images)}` : "";
  return html("figure", {class: "wide", "data-run": run.name}, html("h3", {}, run.name), place,
    html("div", {class: "pointed"}, show, reading), classLegend(one),
    html("figcaption", {}, `${afterSteps(one)}${plural(one.map.points.length, "image")}${of} of ${one.queries}; from ${one.from}`));
}

function embeddingSection() {
  const runs = withEmbedding().slice(0, MOST_EMBEDDINGS);
  if (runs.length === 0) return null;
  return section("embeddings", "Map of the embeddings",
    note("t-SNE of the backbone's features: images that the network finds alike lie together. Colours are the true classes. " +
      "Distances between groups, and the directions, mean little."), onlyFirst(), ...runs.map(mapFigure));
}

function neighbourFigure(run) {
  const one = run.embedding, sheet = new Sheet(one.neighbours.pictures), name = (image) => one.classes[image.label];
  let nth = 0, right = 0, all = 0;
  const picture = (image, kind, words) => {
    const at = nth++, place = html("div", {class: "picture"});
    sheet.whenLoaded(() => place.replaceChildren(canvasOf(64, 64, {role: "img", "aria-label": image.name},
      (c) => sheet.draw(c, at, 0, 0, 64))));
    return html("div", {class: "one " + kind, title: `${name(image)}: ${image.name}`}, place, html("b", {}, name(image)), html("span", {}, words));
  };
  const rows = one.neighbours.queries.map((query) => html("div", {class: "row"}, picture(query, "query", "query"),
    ...query.nearest.map((image) => {
      const same = image.label === query.label;
      right += same ? 1 : 0;
      ++all;
      return picture(image, same ? "right" : "wrong", `${same ? "\u2713" : "\u2717"} ${image.cosine.toFixed(2)}`);
    })));
  return html("figure", {class: "wide", "data-run": run.name}, html("h3", {}, run.name), html("div", {class: "rows"}, ...rows),
    html("figcaption", {}, `${afterSteps(one)}${showCount(right)} of ${plural(all, "neighbour")} shown are of their query's class; ` +
      `queries of ${one.queries}, neighbours among ${plural(one.neighbours.images, "image")} of ${one.bank}; from ${one.from}`));
}

function neighbourSection() {
  const runs = withEmbedding().slice(0, MOST_EMBEDDINGS);
  if (runs.length === 0) return null;
  return section("neighbours", "Nearest neighbours",
    note("An image of each row, and those that the network finds most alike, by the cosine of their features. \u2713: of the same class; " +
      "\u2717: of another."), onlyFirst(), ...runs.map(neighbourFigure));
}

const mixed = (share, full) => `rgb(${full.map((one) => Math.round(255 - Math.sqrt(share) * (255 - one))).join(",")})`;

// The counts as cells, with the names of the classes.
function confusionDrawing({classes, counts, from}, width) {
  const names = Math.min(130, Math.max(...classes.slice(0, 200).map((one) => widthOf(one, "12px"))) + 10);
  const cell = Math.max(2, Math.min(46, Math.floor((Math.min(width, 720) - names - 4) / classes.length)));
  const side = cell * classes.length, every = Math.ceil(14 / cell), label = (one) => fit(one, names - 8);
  const lettered = classes.map((one, i) => [one, i]).filter(([, i]) => i % every === 0);
  const cells = counts.flatMap((row, truth) => {
    const images = row.reduce((a, b) => a + b, 0), y = names + truth * cell;
    return row.map((count, guess) => [count, guess]).filter(([count]) => count > 0).flatMap(([count, guess]) => {
      const share = count / images, x = names + guess * cell;
      const colour = mixed(share, truth === guess ? [8, 69, 148] : [178, 24, 43]);
      const box = svg("rect", {x, y, width: cell, height: cell, fill: colour},
        svg("title", {}, `${classes[truth]} taken for ${classes[guess]}: ${showCount(count)} of ${showCount(images)} (${showShare(share)})`));
      if (cell < 10 || widthOf(showCount(count), "11px") > cell - 4) return [box];
      return [box, text(x + cell / 2, y + cell / 2 + 4, showCount(count), {"text-anchor": "middle", "pointer-events": "none",
        style: `font-size: 11px; fill: ${share > 0.25 ? "#fff" : "#18202b"}`})];
    });
  });
  const rows = lettered.map(([one, i]) => text(names - 6, names + (i + 0.5) * cell + 4, label(one), {"text-anchor": "end"}));
  const columns = lettered.map(([one, i]) => {
    const x = names + (i + 0.5) * cell + 4;
    return text(x, names - 6, label(one), {transform: `rotate(-90 ${x} ${names - 6})`});
  });
  return drawing(names + side + 2, names + side + 2, `Confusion of the classes, ${from}`,
    svg("rect", {x: names, y: names, width: side, height: side, fill: "#fff", stroke: "var(--edge)"}), ...cells, ...rows, ...columns);
}
