#!/usr/bin/env python3
"""Trains flowtrain and a plain PyTorch SimCLR alike on STL-10, several seeds each, and compares how well they learn.

    tests/bench/peers/compare_learning.py --data data/stl10_binary --epochs 100 --seeds 3 --threads 4 --json agreement.json

The reference (tests/bench/peers/lib/reference_simclr.py) is torchvision's transforms and ResNet, lightly's head, loss, schedule and
kNN. Both sides train in FP32 on the CPU with the same views, batch, optimiser and schedule, on the splits train and
unlabeled; their kNN accuracy has train as the bank and test as the queries. What they do not share is the random numbers:
so seeds differ as they do between two runs of the reference, and that spread is what flowtrain is held against.

The first call makes a Python environment in --venv with pinned versions from PyPI (about 6 GB: torch's wheel brings CUDA);
--python takes an existing one instead. Each run is a process of its own on --threads cores.
"""
import argparse
import concurrent.futures
import datetime
import json
import math
import os
import shlex
import statistics
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
import recipe  # noqa: E402
from comparison import (GRAPH, HERE, ROOT, TORCH, Failed, cpu_model, find_flowtrain, make_venv, pinned, run,  # noqa: E402
                        run_json, run_script, version_of)

REFERENCE = os.path.join(HERE, "reference_simclr.py")
PACKAGES = (*TORCH, "lightly==1.5.22")
SPLITS = ("train", "unlabeled", "test")
SIDES = ("flowtrain", "reference")
# What both sides are told; flowtrain under these names.
FLOWTRAIN_NAMES = {
    "backbone": "model.backbone",
    "stem": "model.stem",
    "projection_dim": "model.projection_dim",
    "data": "data.root",
    "size": "data.image_size",
    "batch": "data.batch_size",
    "epochs": "train.epochs",
    "seed": "train.seed",
    "learning_rate": "train.learning_rate",
    "warmup_epochs": "train.warmup_epochs",
    "momentum": "train.momentum",
    "weight_decay": "train.weight_decay",
    "temperature": "train.temperature",
    "neighbours": "evaluate.neighbours",
    "knn_temperature": "evaluate.temperature",
    "threads": "threads",
}
# What the reference does without being told.
FLOWTRAIN_REST = {
    **recipe.PARAMETERS,
    "device": "cpu",
    "data.kind": "stl10",
    "data.splits": ["train", "unlabeled"],
    "data.if_missing": "error",
    "model.projection_hidden": 0,
    "train.optimizer": "sgd",
    "train.max_steps": 0,
    "gpu.mixed_precision": False,
    "gpu.gradient_accumulation": 1,
    "evaluate.knn": True,
    "run.checkpoint_every_epochs": 0,
}


def settings_of(args, seed):
    return {"backbone": "resnet18", "stem": args.stem, "projection_dim": 128, "data": args.data, "size": args.size,
            "batch": args.batch, "epochs": args.epochs, "seed": seed, "learning_rate": args.learning_rate,
            "warmup_epochs": args.warmup_epochs, "momentum": 0.9, "weight_decay": 5e-4, "temperature": 0.5,
            "neighbours": 200, "knn_temperature": 0.1, "threads": args.threads}


def flowtrain_command(binary, settings, run_dir):
    parameters = {FLOWTRAIN_NAMES[name]: value for name, value in settings.items()}
    parameters.update(FLOWTRAIN_REST)
    parameters["data.num_workers"] = settings["threads"]
    command = [binary, GRAPH, "--quiet", "--run-dir", run_dir]
    for name, value in parameters.items():
        command += ["--set", f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
    return command


def read_metrics(lines):
    """What reference_simclr.py prints, of a run's metrics.jsonl."""
    result = {"losses": [], "rates": [], "seconds": 0}
    for line in map(json.loads, lines):
        if "step" in line:
            result["rates"].append(line["lr"])
        elif "steps" in line:
            result["losses"].append(line["loss"])
            result["seconds"] += line["seconds"]
        elif line.get("final"):
            result["knn"], result["knn_start"] = line["knn_top1"], line["knn_top1_start"]
    return result


def train_flowtrain(binary, settings, cores):
    with tempfile.TemporaryDirectory(prefix="compare_learning.") as folder:
        run(pinned(cores, flowtrain_command(binary, settings, os.path.join(folder, "run"))))
        with open(os.path.join(folder, "run", "metrics.jsonl"), encoding="utf-8") as file:
            return read_metrics(file)


def train_reference(python, settings, cores):
    threads = {"OMP_NUM_THREADS": str(settings["threads"])}
    return run_json(pinned(cores, [python, REFERENCE, json.dumps(settings)]), threads)


def check_alike(mine, theirs):
    """That both took the same steps at the same rates: else one was not told what the other was."""
    if len(mine["rates"]) != len(theirs["rates"]):
        raise Failed(f"flowtrain took {len(mine['rates'])} steps and the reference {len(theirs['rates'])}")
    for step, (a, b) in enumerate(zip(mine["rates"], theirs["rates"])):
        if not math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-12):
            raise Failed(f"the learning rates differ: in step {step + 1} flowtrain's is {a:g}, the reference's {b:g}")


def train_all(train, args):
    """Runs of each side, a list of one result a seed."""
    def train_one(turn):
        seed, side = turn
        started = time.perf_counter()
        result = train[side](settings_of(args, seed), args.cores)
        print(f"seed {seed} of {args.seeds}, {side}: kNN {result['knn_start']:.1f} % before, {result['knn']:.1f} % after, "
              f"loss {result['losses'][-1]:.4f}, {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
        return result

    turns = [(seed, side) for seed in range(1, args.seeds + 1) for side in SIDES]
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        done = list(pool.map(train_one, turns))
    results = {side: done[i::len(SIDES)] for i, side in enumerate(SIDES)}
    for mine, theirs in zip(*results.values()):
        check_alike(mine, theirs)
    return results


def spread(values, digits):
    return f"{statistics.mean(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def difference(mine, theirs):
    """Of the means, and its standard error (Welch's); None for one seed."""
    step = statistics.mean(mine) - statistics.mean(theirs)
    if min(len(mine), len(theirs)) < 2:
        return step, None
    return step, math.sqrt(statistics.variance(mine) / len(mine) + statistics.variance(theirs) / len(theirs))


def within(mine, theirs):
    """Whether the mean of `mine` is in the range of `theirs`."""
    return min(theirs) <= statistics.mean(mine) <= max(theirs)


# Title, figure of a result, digits.
FIGURES = (
    ("kNN top-1 before, %", lambda result: result["knn_start"], 1),
    ("kNN top-1 after, %", lambda result: result["knn"], 1),
    ("loss of the last epoch", lambda result: result["losses"][-1], 4),
)


def figures_of(results, figure):
    return [[figure(result) for result in results[side]] for side in SIDES]


def table(results):
    """Markdown: a row a figure and side, a column a seed."""
    count = len(results["flowtrain"])
    seeds = [f"seed {seed}" for seed in range(1, count + 1)]
    lines = [f"| figure | side | {' | '.join(seeds)} | mean (range) |", "|---|---|" + "---|" * (count + 1)]
    for title, figure, digits in FIGURES:
        for side, values in zip(SIDES, figures_of(results, figure)):
            cells = " | ".join(f"{value:.{digits}f}" for value in values)
            lines.append(f"| {title} | {side} | {cells} | {spread(values, digits)} |")
    return "\n".join(lines)


def verdict(results):
    lines = []
    for title, figure, digits in FIGURES[1:]:
        mine, theirs = figures_of(results, figure)
        step, error = difference(mine, theirs)
        uncertain = "" if error is None else f", with a standard error of {error:.{digits}f}"
        inside = "within" if within(mine, theirs) else "outside"
        lines.append(f"- {title}: flowtrain's mean is {inside} the reference's range. It differs from the reference's mean "
                     f"by {step:+.{digits}f}{uncertain}.")
    return "\n".join(lines)


def curve(results, points=6):
    """Markdown: the losses of some epochs, the first and the last among them."""
    epochs = len(results["flowtrain"][0]["losses"])
    shown = sorted({round(i * (epochs - 1) / (points - 1)) for i in range(points)})
    lines = ["| epoch | " + " | ".join(f"{side}, mean loss (range)" for side in SIDES) + " |", "|---|---|---|"]
    for epoch in shown:
        cells = (spread([result["losses"][epoch] for result in results[side]], 4) for side in SIDES)
        lines.append(f"| {epoch + 1} | {' | '.join(cells)} |")
    return "\n".join(lines)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", metavar="DIR", default=os.path.join(ROOT, "data", "stl10_binary"),
                        help="folder of STL-10's binary files; default %(default)s")
    parser.add_argument("--epochs", type=int, default=50, help="default %(default)s")
    parser.add_argument("--warmup-epochs", type=int, help="default a tenth of --epochs")
    parser.add_argument("--batch", type=int, default=128, help="images a step; default %(default)s")
    parser.add_argument("--learning-rate", type=float, default=0.06, help="after the warm-up; default %(default)s")
    parser.add_argument("--size", type=int, default=48, metavar="PX", help="side of a view; default %(default)s")
    parser.add_argument("--stem", choices=("standard", "small"), default="standard", help="default %(default)s")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="runs of each side; default %(default)s")
    parser.add_argument("--threads", type=int, default=1, help="cores of a run; default %(default)s")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="runs at a time, on the same cores; default %(default)s")
    parser.add_argument("--flowtrain", metavar="FILE", help="the program; default build/release/tools/flowtrain")
    parser.add_argument("--venv", default=os.path.join(ROOT, "build", "reference"), help="default %(default)s")
    parser.add_argument("--python", help="a Python that has torchvision and lightly; nothing is installed then")
    parser.add_argument("--json", metavar="FILE", help="raw figures, as JSON")
    args = parser.parse_args()
    if min(args.epochs, args.batch - 1, args.size, args.seeds, args.threads, args.jobs) < 1 or args.learning_rate <= 0:
        parser.error("--epochs, --size, --seeds, --threads, --jobs and --learning-rate must be positive, and --batch at "
                     "least 2")
    if args.warmup_epochs is None:
        args.warmup_epochs = args.epochs // 10
    if not 0 <= args.warmup_epochs < args.epochs:
        parser.error("--warmup-epochs must be less than --epochs")
    args.data = os.path.abspath(args.data)
    for split in SPLITS:
        if not os.path.exists(os.path.join(args.data, split + "_X.bin")):
            parser.error(f"there is no {split}_X.bin in {args.data}; name the folder of STL-10's files with --data")
    cores = sorted(os.sched_getaffinity(0))
    if args.threads > len(cores):
        parser.error(f"this process may use {len(cores)} cores, fewer than --threads {args.threads}")
    args.cores = cores[:args.threads]
    return args


def compare(args):
    binary = os.path.abspath(args.flowtrain) if args.flowtrain else find_flowtrain()
    python = args.python or make_venv(args.venv, PACKAGES)
    report = {
        "date": datetime.date.today().isoformat(),
        "command": shlex.join(sys.argv),
        "cpu": cpu_model(),
        "flowtrain": version_of(binary),
        "versions": run_json([python, REFERENCE, "--versions"]),
        "settings": settings_of(args, None),
    }
    print(f"{report['cpu']}, {report['date']}. {report['flowtrain']}, "
          + ", ".join(f"{name} {version}" for name, version in report["versions"].items())
          + f".\n\n    {report['command']}\n", flush=True)
    results = train_all({"flowtrain": lambda *run_of: train_flowtrain(binary, *run_of),
                         "reference": lambda *run_of: train_reference(python, *run_of)}, args)
    print(f"{table(results)}\n\n{verdict(results)}\n\n{curve(results)}")
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump({**report, "results": results}, file, indent=1)


def main():
    args = parse()
    compare(args)


if __name__ == "__main__":
    run_script("compare_learning", main)
