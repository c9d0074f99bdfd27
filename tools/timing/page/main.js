// The page, from the top down.

const timing = JSON.parse(document.getElementById("timing").textContent);
// What no message went through took no time that could be stated.
for (const node of timing.nodes.filter((one) => !one.messages)) node.service_us = node.wait_us = {};

function figure(id, words, value, unit, more) {
  return html("div", {class: "figure", id}, html("div", {class: "muted"}, words), html("b", {}, value, " ", html("small", {}, unit)),
    html("div", {class: "muted"}, more));
}

function verdictSection() {
  const {bound, machine} = timing;
  const run = `${showCount(timing.images)} images in ${threeDigits(timing.seconds || 0)} s`;
  return html("section", {id: "verdict"}, html("h1", {}, `flowtrain timing: ${timing.graph} (${timing.file})`),
    html("p", {class: "verdict"}, timing.verdict),
    html("div", {class: "figures"}, figure("x", "X, measured", showRate(timing.images_per_s), "images/s", run),
      figure("bound", "X*, the bound", showRate(bound.images_per_s), "images/s", bound.resource ? "set by " + bound.resource : "no resource sets one"),
      figure("share", "X / X*", showShare(bound.share), "", "how near the run is to its bound"),
      figure("machine", "Machine", plural(machine.cores, "core"), machine.device, machine.cpu)));
}

// A name, a bar, a number each.
function bars(rows) {
  return html("div", {class: "bars"}, ...rows.flatMap(([name, share, number, kind]) => [html("div", {}, name),
    html("div", {class: "bar", "aria-hidden": "true"}, html("i", {class: kind || "", style: `width: ${(100 * Math.min(1, Math.max(0, share || 0))).toFixed(1)}%`})),
    html("div", {class: "number"}, number)]));
}

function boundSection() {
  const resources = [...(timing.bound.resources || [])].sort((a, b) => a.images_per_s - b.images_per_s);
  if (resources.length === 0) return null;
  const most = Math.log10(1 + Math.max(...resources.map((one) => one.images_per_s || 0)));
  const bar = (rate) => Math.log10(1 + (rate || 0)) / (most || 1);
  return html("section", {id: "resources"}, html("h2", {}, "What each resource could do"), bars([
    ["this run", bar(timing.images_per_s), showRate(timing.images_per_s)],
    ...resources.map((one) => [one.name + (one.name === timing.bound.resource ? " (the limit)" : ""), bar(one.images_per_s), showRate(one.images_per_s),
      one.name === timing.bound.resource ? "limit" : ""])]),
    html("p", {class: "muted", style: "margin-top: 10px"}, "Images a second, bars on a logarithmic scale. The least is the bound X*."));
}

function useSection() {
  const {device, cpu, settings} = timing;
  const rows = [["CPU cores", cpu.usable > 0 ? cpu.used / cpu.usable : 0, `${threeDigits(cpu.used || 0)} of ${Number((cpu.usable || 0).toFixed(2))}`],
    [`device ${device.name}, lane busy`, device.busy, showShare(device.busy)], ["device lane idle", device.idle, showShare(device.idle)]];
  if (isNumber(device.copy)) rows.push(["device copies", device.copy, showShare(device.copy)]);
  if (isNumber(device.compute)) rows.push(["device computes", device.compute, showShare(device.compute)]);
  for (const pool of timing.pools) rows.push([pool.name + ", none free", pool.empty, showShare(pool.empty)]);
  return html("section", {id: "use"}, html("h2", {}, "Use"), bars(rows), html("p", {class: "muted", style: "margin-top: 10px"},
    `The run had ${plural(settings.threads, "thread")} for workers, ${plural(settings.sample_slots, "sample slot")}, ${plural(settings.batch_slots, "batch slot")}.`));
}

// `heads`: [[name, columns under it]]; each row begins with its name.
function table(caption, heads, rows) {
  const groups = html("tr", {}, html("td", {}), ...heads.map(([name, under]) => html("th", {class: "group", colspan: Math.max(1, under.length), scope: "colgroup"}, name)));
  const columns = html("tr", {}, html("td", {}), ...heads.flatMap(([, under]) => (under.length > 0 ? under : [""]).map((name) => html("th", {scope: "col"}, name))));
  const firsts = new Set();
  heads.reduce((at, [, under]) => { firsts.add(at); return at + Math.max(1, under.length); }, 0);
  return html("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": caption}, html("table", {}, html("thead", {}, groups, columns),
    html("tbody", {}, ...rows.map(([name, ...cells]) => html("tr", {}, html("th", {scope: "row", title: name}, name),
      ...cells.map((cell, i) => html("td", {class: firsts.has(i) ? "first" : ""}, cell)))))));
}

function tableSection() {
  if (timing.nodes.length === 0) return null;
  const times = (one) => [one.mean, one.p50, one.p90, one.p99].map(showTime), under = ["mean", "p50", "p90", "p99"];
  const heads = [["node", ["type", "where", "workers"]], ["messages", ["all", "bad", "per s", "images"]], ["service", under], ["queue wait", under],
    ["share of time", ["busy", "saturated", "starved", "CPU"]], ["per image", ["time"]]];
  const rows = timing.nodes.map((node) => [node.name, node.type, node.place, showCount(node.workers), showCount(node.messages), showCount(node.bad),
    showRate(node.messages_per_s), showCount(node.images_per_message), ...times(node.service_us), ...times(node.wait_us), showShare(node.busy), showShare(node.saturated),
    showShare(node.starved), showShare(node.cpu_share), showTime(node.us_per_image)]);
  return html("section", {id: "table"}, html("h2", {}, "All figures"), table("All figures of the nodes", heads, rows),
    html("p", {class: "muted", style: "margin-top: 8px"}, "Images: in a message. Saturated: all its workers were taken and something waited. Starved: a worker was free and nothing was there. CPU: CPU time over service time."));
}

function opsSection() {
  const ops = timing.ops || [];
  if (ops.length === 0) return null;
  const total = ops.reduce((sum, op) => sum + op.self_us, 0), onDevice = ops.some((op) => op.device_us > 0);
  const heads = [["calls", []], ["self", ["time", "share"]]].concat(onDevice ? [["device", ["time"]]] : []);
  return html("section", {id: "ops"}, html("h2", {}, "Operations on the device lane"), table("Operations", heads, ops.map((op) =>
    [op.name, showCount(op.calls), showTime(op.self_us), showShare(total > 0 ? op.self_us / total : 0)].concat(onDevice ? [showTime(op.device_us)] : []))));
}

function buildPage() {
  document.title = `${timing.graph}: ${showRate(timing.images_per_s)} images/s \u2013 flowtrain timing`;
  const beside = html("div", {class: "two"}, ...[boundSection(), useSection()].filter(Boolean));
  document.getElementById("page").replaceChildren(...[verdictSection(), graphSection(timing), beside, histogramSection(timing), timelineSection(timing),
    tableSection(), sweepSection(timing), opsSection(),
    html("footer", {}, "Made by flowtrain timing. This page needs no network: it can be kept and passed on as it is.")].filter(Boolean));
  drawPlaces();
  new ResizeObserver(() => requestAnimationFrame(drawPlaces)).observe(document.getElementById("page"));
}

buildPage();
