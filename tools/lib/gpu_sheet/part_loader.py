"""Part 2: whether the loader keeps up with the device, and what the device does in a window."""
import gzip
import json
import os
import re
import shutil

import machine
from program import Failed, last_lines
from sizes import MadeUp

TITLE = "The loader beside the device"
WORKERS = (1, 2, 4, 6, 16)
PROFILED_STEPS = 3  # that `flowtrain timing` profiles


def bench(runner, sizes, sets):
    """images/s with the loader and on fixed batches, and their ratio."""
    done = runner.run(runner.words(["bench", runner.graph, "--steps", str(sizes.steps), "--repeats", str(sizes.rounds)],
                                   sets)).expect()
    found = [re.search(pattern, done.output) for pattern in (r"with the loader\s+([\d.]+)", r"fixed batches\s+([\d.]+)",
                                                             r"ratio\s+([\d.]+)")]
    if not all(found):
        raise Failed("its output is not understood: " + last_lines(done.text))
    return [float(each.group(1)) for each in found]


def loader(part, runner, sizes, data):
    best = 0
    for workers in WORKERS:
        name = f"with the loader over fixed batches, {workers} worker" + ("s" if workers > 1 else "")
        if workers > machine.cores():
            part.not_measured(name, f"{machine.cores()} cores")
            continue
        with part.step(name):
            sets = {**sizes.guide(), **data.sets(), "data.num_workers": workers}
            with_loader, fixed, ratio = bench(runner, sizes, sets)
            best = max(best, ratio) if workers <= 2 else best
            part.figure(name, f"{ratio:.3f} ({with_loader:.0f} of {fixed:.0f} images/s)", ratio)
    part.figure("the best of at most 2 workers", f"{best:.3f}", best, "at least 0.97", best >= 0.97)


def memory(part, runner, sizes, data):
    sets = {**sizes.guide(), **data.sets(), "train.max_steps": sizes.steps, "data.num_workers": min(6, machine.cores())}
    name = f"memory at {sizes.rows} x {sizes.window}"
    if runner.device == "cpu":
        part.not_measured(name, "the sheet runs on a CPU")
        return
    with machine.UsedMemory() as used:
        run = runner.train("memory", sets)
    peak = run.peak_bytes()
    part.figure(f"{name}: most held by tensors", f"{peak / 2**30:.2f} GiB", peak)
    if used.before is None:
        part.not_measured(f"{name}: as nvidia-smi shows it", "there is no nvidia-smi")
        return
    gigabytes = (used.most - used.before) * 2**20 / 1e9
    part.figure(f"{name}: as nvidia-smi shows it, context included", f"{gigabytes:.2f} GB", gigabytes, "less than 3 GB",
                gigabytes < 3)


def launches_in(trace):
    """Kernels and copies of the device in a Chrome trace, of the profiled steps."""
    tracks = {event["tid"]: event["args"]["name"] for event in trace["traceEvents"] if event.get("name") == "thread_name"}
    counts = {"compute": 0, "copy": 0}
    for event in trace["traceEvents"]:
        if event.get("cat") == "device":
            counts[tracks[event["tid"]].split()[0]] += 1
    return counts


def shares(part, runner, sizes, data, out):
    path = os.path.join(runner.work.name, "trace.json")
    sets = {**sizes.guide(), **data.sets(), "data.num_workers": machine.cores()}
    timing = runner.json(["timing", runner.graph, "--steps", str(sizes.steps), "--warmup", "2", "--seconds", "40", "--ops",
                          "--trace", path, "--json"], sets)
    device = timing["device"]
    part.figure("images/s of `timing`, a worker a core", f"{timing['images_per_s']:.0f}", timing["images_per_s"])
    part.figure("lane busy", f"{100 * device['busy']:.0f} %", device["busy"])
    for name in ("compute", "copy"):
        if device[name] is None:
            part.not_measured(f"share of the time in which the device did some {name}", "the device has no events of its own")
        else:
            part.figure(f"share of the time in which the device did some {name}", f"{100 * device[name]:.0f} %", device[name])
    if device["compute"] is not None:
        # Only there would a window that is launched as one CUDA graph gain something.
        launching = max(0, device["busy"] - device["compute"])
        part.figure("share in which the lane is busy and the device computes nothing", f"{100 * launching:.0f} %", launching,
                    "at most 20 %", launching <= 0.2)
    part.figure("verdict", timing["verdict"])
    with open(path, encoding="utf-8") as file:
        counts = launches_in(json.load(file))
    with open(path, "rb") as file, gzip.open(os.path.join(out, "trace.json.gz"), "wb") as packed:
        shutil.copyfileobj(file, packed)
    if not counts["compute"]:
        part.not_measured("kernels a window", "the trace has no device's tracks")
        return
    for kind, what in (("compute", "kernels"), ("copy", "copies")):
        part.figure(f"{what} a window", f"{counts[kind] / PROFILED_STEPS:.0f}", counts[kind] / PROFILED_STEPS)
    part.attach("Operators by device time", operators(timing["ops"]))


def operators(ops, most=15):
    lines = ["| operator | calls a window | device, us a window | own CPU time, us a window |", "|---|---|---|---|"]
    for op in ops[:most]:
        cells = [op["name"]] + [f"{op[key] / PROFILED_STEPS:.0f}" for key in ("calls", "device_us", "self_us")]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def measure(part, runner, sizes, options):
    data = MadeUp(runner, sizes, options.data)
    part.figure("data", data)
    with part.step("memory"):
        memory(part, runner, sizes, data)
    with part.step("timing"):
        shares(part, runner, sizes, data, options.out)
    loader(part, runner, sizes, data)
