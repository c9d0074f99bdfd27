// The page, from the top down.

const timing = JSON.parse(document.getElementById("timing").textContent);
// What no message went through took no time that could be stated.
for (const node of timing.nodes.filter((one) => !one.messages)) node.service_us = node.wait_us = {};

function figure(id, words, value, unit, more) {
  return html("div", {class: "figure", id}, html("div", {class: "muted"}, words),
    html("b", {}, value, " ", html("small", {}, unit)), html("div", {class: "muted"}, more));
}

function verdictSection() {
  const {bound, machine} = timing;
  const run = `${showCount(timing.images)} images in ${threeDigits(timing.seconds || 0)} s`;
  const limit = (bound.resource ? "set by " + bound.resource : "no resource sets one") +
    (bound.estimate_images_per_s > 0 ? `; raised from an estimate of ${showRate(bound.estimate_images_per_s)}` +
      ", which the run itself passed" : "") + (bound.others >= 0.1 * timing.cpu.usable
      ? `; others used ${threeDigits(bound.others)} cores while it was measured: it may be too low` : "");
  const unit = (one) => "images/s" + (one.uncertainty > 0 ? ` \u00b1 ${showShare(one.uncertainty)}` : "");
  return html("section", {id: "verdict"}, html("h1", {}, `flowtrain timing: ${timing.graph} (${timing.file})`),
    html("p", {class: "verdict"}, timing.verdict),
    html("div", {class: "figures"},
      figure("x", "X, measured", showRate(timing.images_per_s), unit(timing), run),
      figure("bound", "X*, the bound", showRate(bound.images_per_s), unit(bound), limit),
      figure("share", "X / X*", showShare(bound.share), "", "how near the run is to its bound"),
      figure("machine", "Machine", plural(machine.cores, "core"), "", machine.device ? `${machine.cpu}; device ${machine.device}` : `${machine.cpu}; the loader alone`)));
}

// Rows of [name, share that is full, figure, class of the bar].
function bars(rows) {
  const bar = (share, kind) => html("div", {class: "bar", "aria-hidden": "true"},
    html("i", {class: kind || "", style: `width: ${(100 * partOf(share)).toFixed(1)}%`}));
  return html("div", {class: "bars"}, ...rows.flatMap(([name, share, words, kind]) =>
    [html("div", {}, name), bar(share, kind), html("div", {class: "number"}, words)]));
}

function boundSection() {
  const resources = [...(timing.bound.resources || [])].sort((a, b) => a.images_per_s - b.images_per_s);
  if (resources.length === 0) return null;
  const size = (rate) => Math.log10(1 + (rate || 0));
  const most = Math.max(...resources.map((one) => size(one.images_per_s)), size(timing.images_per_s)) || 1;
  const row = (name, rate, kind) => [name, size(rate) / most, showRate(rate), kind];
  const rows = resources.map((one) => one.name === timing.bound.resource
    ? row(one.name + " (the limit)", one.images_per_s, "limit") : row(one.name, one.images_per_s));
  return section("resources", "What each resource could do", bars([row("this run", timing.images_per_s), ...rows]),
    note("Images a second, bars on a logarithmic scale. The least is the bound X*."));
}

function useSection() {
  const {device, cpu, settings} = timing;
  const row = (name, share) => [name, share, showShare(share)];
  const cores = `${threeDigits(cpu.used || 0)} of ${Number((cpu.usable || 0).toFixed(2))}`;
  const rows = [["CPU cores", cpu.used / cpu.usable, cores]];
  for (const [words, key] of [["cores of other programs", "others"], ["cores the hypervisor took", "stolen"]]) {
    if (cpu[key] >= 0.02 * cpu.usable) rows.push([words, cpu[key] / cpu.usable, threeDigits(cpu[key])]);
  }
  if (cpu.throttled >= 0.02) rows.push(row("periods in which the CPU quota ran out", cpu.throttled));
  rows.push(row(device.name ? `device ${device.name}, lane busy` : "lane busy", device.busy),
    row("device lane idle", device.idle));
  if (isNumber(device.copy)) rows.push(row("device copies", device.copy));
  if (isNumber(device.compute)) rows.push(row("device computes", device.compute));
  const gpu = device.gpu || {};
  if (isNumber(gpu.utilization)) rows.push(row("GPU in use, as nvidia-smi shows it", gpu.utilization));
  for (const pool of timing.pools) rows.push(row(pool.name + ", none free", pool.empty));
  return section("use", "Use", bars(rows), note(`The run had ${plural(settings.threads, "thread")} for workers, ` +
    `${plural(settings.sample_slots, "sample slot")}, ${plural(settings.batch_slots, "batch slot")}.` + gpuNote(gpu)));
}

function gpuNote(gpu) {
  const figures = [];
  if (isNumber(gpu.used_bytes)) figures.push((gpu.used_bytes / 2 ** 30).toFixed(1) + " GiB in use");
  if (isNumber(gpu.temperature_c)) figures.push(gpu.temperature_c.toFixed(0) + " \u00b0C");
  if (isNumber(gpu.power_w)) figures.push(gpu.power_w.toFixed(0) + " W");
  return figures.length > 0 ? ` The GPU at the end: ${figures.join(", ")}.` : "";
}

// `heads`: [[name, columns under it]]. A row begins with its name and what is said below it, and has a cell for each
// column then.
function table(caption, heads, rows) {
  const group = ([name, under]) => html("th", {class: "group", colspan: under.length, scope: "colgroup"}, name);
  const columns = heads.flatMap(([, under]) => under.map((name, i) => [name, i === 0]));
  const begins = (i) => ({class: columns[i][1] ? "first" : ""});  // a group
  const head = html("thead", {}, html("tr", {}, html("td"), ...heads.map(group)),
    html("tr", {}, html("td"), ...columns.map(([name], i) => html("th", {scope: "col", ...begins(i)}, name))));
  const body = rows.map(([name, below, ...cells]) => html("tr", {},
    html("th", {scope: "row", title: name}, name, below ? html("small", {}, below) : null),
    ...cells.map((cell, i) => html("td", begins(i), cell))));
  return html("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": caption},
    html("table", {}, head, html("tbody", {}, ...body)));
}

function tableSection() {
  if (timing.nodes.length === 0) return null;
  const figures = ["mean", "p50", "p90", "p99"], times = (one) => figures.map((name) => showTime(one[name]));
  const heads = [["where", [""]], ["messages", ["all", "bad", "per s", "images"]],
    ["service", figures], ["queue wait", figures], ["share of time", ["busy", "saturated", "starved", "CPU"]],
    ["per image", ["time"]]];
  const where = (node) => node.place === "workers" ? plural(node.workers, "worker") : node.place;
  const rows = timing.nodes.map((node) => [node.name, node.type, where(node), showCount(node.messages),
    showCount(node.bad), showRate(node.messages_per_s), showCount(node.images_per_message), ...times(node.service_us),
    ...times(node.wait_us), showShare(node.busy), showShare(node.saturated), showShare(node.starved),
    showShare(node.cpu_share), showTime(node.us_per_image)]);
  return section("table", "All figures", table("All figures of the nodes", heads, rows),
    note("Images: in a message. Saturated: all its workers were taken and something waited. " +
      "Starved: a worker was free and nothing was there. CPU: CPU time over service time."));
}

function opsSection() {
  const ops = timing.ops || [];
  if (ops.length === 0) return null;
  const total = ops.reduce((sum, op) => sum + op.self_us, 0), onDevice = ops.some((op) => op.device_us > 0);
  const heads = [["calls", [""]], ["self", ["time", "share"]], ["device", ["time"]]];
  const rows = ops.map((op) => [op.name, "", showCount(op.calls), showTime(op.self_us),
    showShare(total > 0 ? op.self_us / total : 0), showTime(op.device_us)]);
  if (!onDevice) {
    heads.pop();
    for (const row of rows) row.pop();
  }
  return section("ops", "Operations on the device lane", table("Operations", heads, rows));
}

function buildPage() {
  const page = document.getElementById("page");
  document.title = `${timing.graph}: ${showRate(timing.images_per_s)} images/s \u2013 flowtrain timing`;
  const beside = html("div", {class: "two"}, ...[boundSection(), useSection()].filter(Boolean));
  const parts = [verdictSection(), graphSection(timing), beside, histogramSection(timing), timelineSection(timing),
    tableSection(), sweepSection(timing), opsSection(),
    html("footer", {}, "Made by flowtrain timing. This page needs no network: it can be kept and passed on as it is.")];
  page.replaceChildren(...parts.filter(Boolean));
  drawPlaces();
  new ResizeObserver(() => requestAnimationFrame(drawPlaces)).observe(page);
}

buildPage();
