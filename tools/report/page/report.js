// The page, from the top down.

const report = JSON.parse(document.getElementById("report").textContent);

const fixed = (digits) => (x, whole) => whole ? x.toFixed(digits) : Number(x.toPrecision(6)).toLocaleString("en-US");
const small = (x) => x === 0 ? "0" : Math.abs(x) < 1e-3 ? x.toExponential(x.toExponential(2).includes(".00e") ? 0 : 2) : String(Number(x.toPrecision(4)));
const gib = (x, whole) => (whole ? x.toFixed(2) : Number(x.toPrecision(4))) + " GiB";
const percent = (x, whole) => (whole ? x.toFixed(1) : Number(x.toPrecision(4))) + " %";

const PLOTS = [
  {id: "loss", title: "Loss", showY: fixed(4), canLog: true},
  {id: "lr", title: "Learning rate", showY: small, zero: true},
  {id: "images_per_s", title: "Images a second", showY: (x) => showRate(x), zero: true},
  {id: "data_wait", title: "Data wait, share of the time", showY: (x) => showShare(x), zero: true},
  {id: "knn_top1", title: "kNN top-1", showY: percent, zero: true},
  {id: "vram", title: "VRAM, the most so far", showY: gib, zero: true},
];

// The runs that have such a figure.
function linesOf(id) {
  return report.runs.map((run, index) => ({name: run.name, index, xs: run.series[id].steps, ys: run.series[id].values}))
    .filter((line) => line.ys.some(isNumber));
}

function plotSection(plot) {
  const lines = linesOf(plot.id);
  if (lines.length === 0) return null;
  const place = html("div"), reading = html("div", {class: "reading"}), tell = (words) => { reading.textContent = words; };
  const canLog = plot.canLog && lines.some((line) => line.ys.some((y) => y > 0));
  const box = canLog ? html("input", {type: "checkbox"}) : null;
  if (box) {
    box.addEventListener("change", () => {
      places.find((one) => one.element === place).width = 0;
      drawPlaces();
    });
  }
  drawnIn(place, (width) => new Plot(lines, {...plot, log: box && box.checked}, width).draw(tell));
  return html("section", {id: plot.id}, html("div", {class: "head"}, html("h2", {}, plot.title),
    box ? html("label", {}, box, "logarithmic") : null), place, reading, runLegend(lines));
}

function table(caption, head, rows) {
  const cells = (row) => row.map((cell, i) => i === 0 ? html("th", {scope: "row", title: cell}, cell)
    : html("td", {class: "left"}, cell));
  return html("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": caption},
    html("table", {}, html("thead", {}, html("tr", {}, ...head.map((name) => html("th", {scope: "col", class: "left"}, name)))),
      html("tbody", {}, ...rows.map((row) => html("tr", {}, ...cells(row))))));
}

function runsSection() {
  const head = ["run", "state", "data", "steps", "last loss", "best kNN top-1", "images/s (median)", "peak VRAM",
    "bad images"];
  const rows = report.runs.map((run) => [run.name, run.state, run.dataset || NONE,
    showCount(run.steps) + (run.total_steps > 0 ? " of " + showCount(run.total_steps) : ""),
    isNumber(run.loss) ? run.loss.toFixed(4) : NONE, isNumber(run.knn_top1_best) ? percent(run.knn_top1_best, true) : NONE,
    showRate(run.images_per_s), isNumber(run.vram_gib) ? gib(run.vram_gib, true) : NONE, showCount(run.bad_images)]);
  const verdicts = report.runs.filter((run) => run.verdict)
    .map((run) => html("p", {class: "note"}, html("b", {}, run.name + ": "), run.verdict));
  const means = report.runs.filter((run) => run.steps_a_point > 1)
    .map((run) => note(`${run.name}: each point of the plots is the mean of ${showCount(run.steps_a_point)} steps.`));
  return section("runs", plural(report.runs.length, "run"), table("Runs", head, rows), ...means,
    verdicts.length > 0 ? html("h3", {style: "margin-top: 14px"}, "What limits the speed") : null, ...verdicts);
}

function parameterSection() {
  const runs = report.runs, keys = [];
  for (const run of runs) for (const key of Object.keys(run.parameters)) if (!keys.includes(key)) keys.push(key);
  const row = (key) => [key, ...runs.map((run) => key in run.parameters ? run.parameters[key] : NONE)];
  const differs = (key) => new Set(row(key).slice(1)).size > 1;
  const head = ["parameter", ...runs.map((run) => run.name)];
  const different = keys.filter(differs), same = keys.filter((key) => !differs(key));
  const rest = table("Configuration", head, same.map(row));
  if (runs.length === 1) return section("parameters", "Configuration", rest);
  return section("parameters", "Configuration",
    different.length > 0 ? table("What differs", head, different.map(row)) : note("No parameter differs."),
    html("details", {}, html("summary", {}, `${plural(same.length, "parameter")} that all runs share`), rest));
}

function confusionSection() {
  const pictures = report.runs.flatMap((run) => run.confusions.map((one) => html("figure", {class: one.counts ? "wide" : ""},
    html("h3", {}, run.name), one.counts ? drawnIn(html("div"), (width) => confusionDrawing(one, width))
      : html("img", {src: one.picture, alt: `Confusion of the classes, ${one.from}`}),
    html("figcaption", {}, `from ${one.from}${one.counts ? "" : ", which has no names of the classes; graphs/linear_probe.yaml makes it anew"}`))));
  if (pictures.length === 0) return null;
  return section("confusion", "Confusion of the classes",
    note("A row a class, and a column for each class that its images were taken for; the diagonal is right. The darker, " +
      "the larger the share of the row."), html("div", {class: "pictures"}, ...pictures));
}

function missingSection() {
  const lines = report.runs.filter((run) => run.missing).map((run) => note(html("b", {}, run.name + ": "), run.missing));
  return lines.length > 0 ? section("missing", "Not shown", ...lines) : null;
}

function buildPage() {
  const page = document.getElementById("page"), only = location.hash.match(/^#plot=([a-z0-9_]+)$/);
  document.title = `${report.runs.map((run) => run.name).join(", ")} \u2013 flowtrain report`;
  document.body.classList.toggle("single", Boolean(only));
  const others = {embeddings: embeddingSection, neighbours: neighbourSection, confusion: confusionSection};
  const one = (id) => others[id] ? others[id]() : plotSection(PLOTS.find((plot) => plot.id === id));
  const parts = only ? [one(only[1])]
    : [runsSection(), html("div", {class: "plots"}, ...PLOTS.map(plotSection).filter(Boolean)), parameterSection(),
      embeddingSection(), neighbourSection(), confusionSection(), missingSection(), html("footer", {}, "Made by flowtrain report. This page needs no network: it can be kept " +
        "and passed on as it is.")];
  page.replaceChildren(...parts.filter(Boolean));
  drawPlaces();
  new ResizeObserver(() => requestAnimationFrame(drawPlaces)).observe(page);
}

buildPage();
