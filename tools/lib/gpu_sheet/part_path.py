"""Part 1: whether training on the device is right, and what becomes of shortages."""
import math
import os
import re
import signal
import time

import machine
from program import Failed, last_lines, metrics_of
from sizes import COMMON

TITLE = "The path is right"
GIB = 2**30


def settings(sizes, **more):
    """A training on the built-in pictures, the same on every device."""
    if sizes.short:
        own = {"sample.images": 64, "data.image_size": 8, "data.batch_size": 4}
    else:
        own = {"sample.images": 2000, "data.image_size": 64, "data.batch_size": 64}
    given = {name.replace("__", "."): value for name, value in more.items()}
    return {**COMMON, **sizes.network(), "data.kind": "sample", "gpu.gradient_accumulation": 2,
            "threads": 1 if sizes.short else 0, "gpu.mixed_precision": "false", "data.num_workers": min(8, machine.cores()),
            "train.learning_rate": 0.01, **own, **given}


def greatest_difference(ours, theirs):
    """Relative, of the losses of two runs."""
    if len(ours) != len(theirs):
        raise Failed(f"{len(ours)} steps against {len(theirs)}")
    if any(loss is None for loss in ours + theirs):
        raise Failed(f"a loss is not finite: {ours} against {theirs}")
    return max(abs(a - b) / abs(b) for a, b in zip(ours, theirs))


def mean_of_last(run, count):
    losses = run.losses[-count:]
    if not losses or any(loss is None for loss in losses):
        raise Failed(f"a loss is not finite: {losses}")
    return sum(losses) / len(losses)


def banner(run, *names):
    """The lines of the banner that begin with one of these names."""
    lines = [re.sub(r"\s+", " ", line.strip()[2:]) for line in run.done.text.splitlines()]
    return "; ".join(line for line in lines if line.startswith(tuple(name + ":" for name in names))) or "nothing"


def losses_of_a_cpu(part, runner, sizes):
    steps = 6 if sizes.short else 20
    sets = settings(sizes, train__max_steps=steps)
    cpu = runner.train("cpu", {**sets, "device": "cpu"})
    # Without TF32, which rounds the factors of convolutions to 10 bits.
    exact = runner.train("device", sets, {"NVIDIA_TF32_OVERRIDE": "0"})
    part.figure("what flowtrain sees", banner(exact, "GPU", "VRAM", "CPU"))
    difference = greatest_difference(exact.losses, cpu.losses)
    part.figure(f"FP32 losses of {steps} steps, greatest relative difference from a CPU's", f"{difference:.1e}", difference,
                "at most 1e-4", difference <= 1e-4)
    usual = runner.train("device", sets)
    difference = greatest_difference(usual.losses, cpu.losses)
    part.figure("the same with TF32 where libtorch takes it", f"{difference:.1e}", difference)


def fp16(part, runner, sizes):
    steps, last = (4, 2) if sizes.short else (200, 20)
    runs = {}
    for name, mixed in (("FP32", "false"), ("FP16", "true")):
        runs[name] = runner.train(name, settings(sizes, train__max_steps=steps, gpu__mixed_precision=mixed))
    means = {name: mean_of_last(run, last) for name, run in runs.items()}
    difference = abs(means["FP16"] - means["FP32"]) / means["FP32"]
    part.figure(f"FP16's mean loss of the last {last} of {steps} steps against FP32's",
                f"{means['FP16']:.4f} against {means['FP32']:.4f}, {100 * difference:.2f} %", difference,
                "within 2 %", difference <= 0.02)
    skipped = sum(bool(line["skipped"]) for line in runs["FP16"].steps)
    part.figure("FP16: skipped steps, loss scale at the end", f"{skipped}, {runs['FP16'].steps[-1]['loss_scale']:g}", skipped)
    speed = runs["FP16"].images_per_s(5) / runs["FP32"].images_per_s(5)
    part.figure("FP16's speed over FP32's, this small network", f"{speed:.2f}", speed)


def limited(runner, wanted_bytes):
    """The settings and the environment that keep a run within so much of the device's memory."""
    if runner.device == "cuda" or runner.device.startswith("cuda:"):
        return {"gpu.memory_limit": f"{wanted_bytes // 2**20} MiB"}, None
    if runner.preload:
        return {}, {"FLOWTRAIN_TEST_ACCELERATOR": f"capacity_bytes={wanted_bytes}"}
    return None


def limit_between(runner, sets):
    """Too little for a batch at once, and enough for micro-batches of 2 of its images: halfway between what they take."""
    rows = sets["data.batch_size"]
    at_once = runner.train("at-once", sets).peak_bytes()
    in_parts = runner.train("in-parts", {**sets, "data.batch_size": 2, "gpu.gradient_accumulation": rows // 2,
                                         "gpu.accumulation": "independent"}).peak_bytes()
    if in_parts >= at_once:
        raise Failed(f"{rows} images at once take {at_once} bytes, and 2 at a time {in_parts}")
    return (at_once + in_parts) // 2


def out_of_memory(part, runner, sizes):
    steps = 2 if sizes.short else 6
    sets = settings(sizes, train__max_steps=steps, gpu__gradient_accumulation=1,
                    data__batch_size=16 if sizes.short else 512, data__image_size=32 if sizes.short else 96,
                    gpu__mixed_precision="false" if sizes.short else "true")
    limit = GIB
    if limited(runner, limit) is None:
        part.not_measured("out of memory", "this device's memory cannot be limited")
        return
    if sizes.short:
        limit = limit_between(runner, sets)
    how = limited(runner, limit)
    run = runner.train("memory", {**sets, **how[0]}, how[1])
    found = re.findall(r"micro-batches of (\d+)", run.done.text)
    told = "out of memory" in run.done.text and bool(found)
    finite = len(run.losses) == steps and all(loss is not None and math.isfinite(loss) for loss in run.losses)
    part.figure(f"out of memory in earnest, limit {limit / GIB:.2f} GiB, one batch of {sets['data.batch_size']}",
                f"{len(run.losses)} steps, losses {'finite' if finite else 'not finite'}, "
                + (f"micro-batches of {found[-1]} at the end" if told else "no word of a shortage"),
                int(found[-1]) if found else None, "goes on in smaller micro-batches, and says so", told and finite)
    peak = run.peak_bytes()
    part.figure("its peak", f"{peak / GIB:.2f} GiB", peak, "at most the limit", peak <= limit)


def auto(part, runner, sizes):
    images = 16 if sizes.short else 512
    steps = 2 if sizes.short else 6
    sets = settings(sizes, train__max_steps=steps, gpu__gradient_accumulation="auto", train__effective_batch=images,
                    data__batch_size=8 if sizes.short else 128, data__image_size=16 if sizes.short else 96,
                    gpu__mixed_precision="false" if sizes.short else "true")
    how = limited(runner, 2 * GIB if not sizes.short else GIB) or ({}, None)
    run = runner.train("auto", {**sets, **how[0]}, how[1])
    found = re.search(r"is auto: micro-batches of (\d+)", run.done.text)
    right = len(run.losses) == steps and all(loss is not None for loss in run.losses) and found is not None
    part.figure(f"auto, {images} images a step" + (", limit 2 GiB" if how[0] else ""),
                f"micro-batches of {found.group(1)}" if found else f"no word of them: {last_lines(run.done.text)}",
                int(found.group(1)) if found else None, "found, and trains", right)


def resume(part, runner, sizes):
    """A run that is killed between two checkpoints, and resumed. It does the steps after the checkpoint a second time: on a
    GPU, whose sums have no fixed order, with losses that are near."""
    sets = settings(sizes, run__checkpoint_every_steps=10 if sizes.short else 20)
    environment = {"NVIDIA_TF32_OVERRIDE": "0"}
    folder = runner.new_folder("resumed")
    words = runner.words([runner.graph, "--run-dir", folder], sets)
    with runner.start(words, environment) as process:
        wait_until(runner, process, lambda: newest_step(folder) > newest_checkpoint(folder) + 2 > 2)
        process.end(signal.SIGKILL, 10)
    first, kept = losses_by_step(folder), newest_checkpoint(folder)
    killed = max(first)
    with runner.start([*words, "--resume"], environment) as process:
        wait_until(runner, process, lambda: newest_step(folder) > killed + 1)
        process.end(signal.SIGINT, 30)
    second = losses_by_step(folder)
    again = range(kept + 1, min(kept + 5, killed) + 1)
    if sorted(second) != list(range(1, max(second) + 1)) or not again:
        raise Failed(f"killed after step {killed}, with a checkpoint of step {kept}; resumed, it has the steps "
                     f"{sorted(second)}")
    difference = greatest_difference([second[step] for step in again], [first[step] for step in again])
    part.figure(f"killed after step {killed}, resumed from step {kept}: losses of the next {len(again)} steps against those "
                "before the kill", f"{difference:.1e}", difference, "at most 1e-3", difference <= 1e-3)


def wait_until(runner, process, happened, seconds=120):
    ends = time.monotonic() + runner.seconds(seconds)
    while not happened():
        if not process.running():
            raise Failed("the run ended early: " + last_lines(process.text()))
        if time.monotonic() > ends:
            raise Failed("the run is too slow: " + last_lines(process.text()))
        time.sleep(0.01)


def newest_step(folder):
    return max(losses_by_step(folder), default=0)


def newest_checkpoint(folder):
    """Its step; 0 where there is none. What is still being written does not count."""
    try:
        names = os.listdir(os.path.join(folder, "checkpoints"))
    except OSError:
        return 0
    found = [re.fullmatch(r"step-(\d+)\.safetensors", name) for name in names]
    return max((int(each.group(1)) for each in found if each), default=0)


def losses_by_step(folder):
    """Of the run there; the last of each, where a step was done twice."""
    try:
        return {line["step"]: line["loss"] for line in metrics_of(folder) if "step" in line}
    except OSError:
        return {}


def hidden(part, runner, sizes):
    """A GPU that the program cannot see."""
    if runner.device == "cpu":
        part.not_measured("CUDA_VISIBLE_DEVICES=", "the sheet runs on a CPU")
        return
    hide = {"CUDA_VISIBLE_DEVICES": "", "FLOWTRAIN_TEST_ACCELERATOR": "devices=0"}
    sets = settings(sizes, train__max_steps=2)
    named = runner.run(runner.words([runner.graph, "--run-dir", runner.new_folder("hidden")], sets), hide)
    part.figure(f"CUDA_VISIBLE_DEVICES= with device {runner.device}", f"exit code {named.code}: {last_lines(named.text, 1)}",
                named.code, "exit code 2, and why", named.code == 2 and "cannot be used" in named.text)
    chosen = runner.train("auto-device", {**sets, "device": "auto"}, hide)
    said = [line.strip() for line in chosen.done.text.splitlines() if re.search(r"warning.*(GPU|CUDA|driver)", line)]
    told = banner(chosen, "CPU")
    part.figure("CUDA_VISIBLE_DEVICES= with device auto", "; ".join([told, *said]), None, "trains on the CPU, and says so",
                told != "nothing")


def backend_of(device):
    """What carries a GPU's tensors; the accelerator for tests has Gloo."""
    return "nccl" if device.startswith("cuda") else "gloo"


def one_rank(part, runner, sizes):
    """A group of one rank sums nothing, so it must change nothing."""
    backend = backend_of(runner.device)
    # An algorithm that is timed may be another one in the next run.
    sets = settings(sizes, train__max_steps=4 if sizes.short else 20, gpu__cudnn_benchmark="false")
    plain, again = runner.train("no-group", sets), runner.train("no-group-again", sets)
    if plain.losses != again.losses:
        part.not_measured(f"one rank over {backend}", "two runs without a process group have different losses")
        return
    grouped = runner.train("one-rank", {**sets, "distributed.backend": backend})
    equal = grouped.losses == plain.losses
    part.figure(f"one rank over {backend}: losses of {len(plain.losses)} steps against no process group's",
                "equal to the bit" if equal else f"they differ by up to {greatest_difference(grouped.losses, plain.losses):.1e}",
                None, "equal to the bit", equal)


def measure(part, runner, sizes, _options):
    for name, check in (("losses against a CPU's", losses_of_a_cpu), ("FP16", fp16), ("out of memory", out_of_memory),
                        ("auto", auto), ("resume", resume), ("one rank", one_rank), ("a hidden GPU", hidden)):
        with part.step(name):
            check(part, runner, sizes)
