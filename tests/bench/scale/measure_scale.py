#!/usr/bin/env python3
"""Measures a step of training on 1, 2 and 4 processes of one CPU against the model of docs/scale.md.

    tests/bench/scale/measure_scale.py --batch 16 --repeats 5 --json scale.json
    tests/bench/scale/measure_scale.py --gpus          what the model says of 8 and of 64 GPUs; nothing is measured

ResNet-18 trains on the built-in pictures, in FP32, each process on one thread, with --batch images each: with more processes a
step has more images. Processes have a core each as far as there are cores, and share them beyond. By turns, --repeats times each:
one process alone; one over Gloo, which shows what it costs to collect the gradients and put them back; as many processes as
there are ranks, that know nothing of each other, which shows what they take from each other; and the ranks. The cost of sums and
gathers where nothing else is computed comes from the program rank_calls. What else the machine does only makes steps slower, so
that the model is of the fastest of all steps, and is held against the fastest; the median is beside it.
"""
import argparse
import contextlib
import datetime
import json
import os
import shlex
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "peers", "lib")]
import scale_model as model  # noqa: E402
from comparison import GRAPH, ONE_THREAD, ROOT, Failed, cpu_model, find_flowtrain, pinned, run_script, version_of  # noqa: E402

WARM_UP = 3     # steps
SMALL = 4096    # bytes of a sum that is all latency
SETTINGS = ("device=cpu", "threads=1", "data.num_workers=1", "data.kind=sample", "data.cache=none", "gpu.mixed_precision=false",
            "gpu.gradient_accumulation=1", "train.epochs=1000", "evaluate.knn=false", "run.checkpoint_every_epochs=0")

# The GPUs of which the model speaks: an H100 SXM, eight to a node. docs/scale.md has the sources.
COMPUTE = 100e12                # reached in mixed precision, a tenth of the peak
FP32 = 0.7 * 67e12              # reached in matrix products
MEMORY = 3.35e12
REACHED = 0.8                   # of the speed of a link
NVLINK, PORT = 450e9, 50e9      # bytes/s in one direction: of a GPU, of a port of 400 Gb/s
GPUS_A_NODE = 8


def gpus(nodes, ports):
    """A node, or several with so many network ports each."""
    ranks = nodes * GPUS_A_NODE
    link = NVLINK if nodes == 1 else min(NVLINK, ports * PORT)
    return model.Machine(ranks, COMPUTE, FP32, MEMORY, REACHED * link, 50e-6 if nodes == 1 else 200e-6)


def one_gpu():
    return model.Machine(1, COMPUTE, FP32, MEMORY, NVLINK, 0)


def gpu_table(images, side):
    """Markdown: a row a network and machine."""
    lines = ["| network | GPUs | MB a step and rank | compute, ms | loss, ms | gather, ms | sums, ms | of them exposed, ms | step, ms | "
             "scaling |", "|---|---|---|---|---|---|---|---|---|---|"]
    for network in ("resnet18", "resnet50"):
        layers = model.layers_of(network, side)
        sent = (model.gradient_bytes(layers) + model.statistics_bytes(layers) + model.representation_bytes(images)) / 1e6
        alone = model.total_s(model.step_of(layers, images, one_gpu()))
        for name, machine in (("1", one_gpu()), ("8", gpus(1, 0)), ("64, 8 ports a node", gpus(8, 8)),
                              ("64, 1 port a node", gpus(8, 1))):
            parts = model.step_of(layers, images, machine)
            total = model.total_s(parts)
            cells = [f"{1e3 * parts[part]:.2f}" for part in ("compute", "loss", "gather", "sums", "exposed")]
            lines.append(f"| {network} | {name} | {sent if machine.ranks > 1 else 0:.1f} | {' | '.join(cells)} | {1e3 * total:.1f} | "
                         f"{alone / total:.3f} |")
    return "\n".join(lines)


def command_of(args, run_dir, extra=()):
    command = [args.flowtrain, GRAPH, "--quiet", "--run-dir", run_dir]
    for setting in (*SETTINGS, f"data.image_size={args.size}", f"data.batch_size={args.batch}",
                    f"sample.images={args.images}", f"train.max_steps={WARM_UP + args.steps}"):
        command += ["--set", setting]
    return [*command, *extra]


def steps_of(run_dir):
    with open(os.path.join(run_dir, "metrics.jsonl"), encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    return [line for line in lines if line.get("step", 0) > WARM_UP]


def summary(steps):
    """Of a run's steps: the seconds, the share of them that was spent waiting for other ranks, and the bytes."""
    if not steps:
        raise Failed("a run has no steps after the first ones; give it more with --steps")
    return {"seconds": [step["seconds"] for step in steps],
            "waiting": [step.get("collective_wait_ms", 0) / 1e3 / step["seconds"] for step in steps],
            "bytes": [step.get("collective_bytes", 0) for step in steps]}


def run_all(commands, environments):
    """Runs commands at a time and returns what each prints."""
    with contextlib.ExitStack() as stack:
        running = [stack.enter_context(subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **ONE_THREAD, **environment}, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)) for command, environment in zip(commands, environments)]
        printed = [process.communicate() for process in running]
    for process, (_, said) in zip(running, printed):
        if process.returncode != 0:
            raise Failed(f"this failed with exit code {process.returncode}:\n  {shlex.join(process.args)}\n{said[-2000:]}")
    return [out for out, _ in printed]


def cores_for(args, processes):
    return args.cores[:min(processes, len(args.cores))]


def train(args, processes, ranks):
    """The summary of `processes` trainings at a time: of the ranks of one, or of as many trainings of one process each."""
    with tempfile.TemporaryDirectory(prefix="measure_scale.") as folder:
        cores = cores_for(args, processes)
        if ranks:
            extra = ["--devices", str(processes)] if processes > 1 else ["--set", "distributed.backend=gloo"]
            run_all([pinned(cores, command_of(args, os.path.join(folder, "run"), extra))], [{}])
            return summary(steps_of(os.path.join(folder, "run")))
        folders = [os.path.join(folder, str(i)) for i in range(processes)]
        run_all([pinned([cores[i % len(cores)]], command_of(args, run_dir)) for i, run_dir in enumerate(folders)],
                [{}] * processes)
        each = [summary(steps_of(run_dir)) for run_dir in folders]
    # The slowest of each number, as ranks wait for the slowest.
    return {**each[0], "seconds": [max(seconds) for seconds in zip(*(one["seconds"] for one in each))]}


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def calls_of(args, ranks, calls):
    """Seconds of the fastest of some sums and gathers beside which nothing is computed."""
    port = str(free_port())
    environments = [{"RANK": str(rank), "WORLD_SIZE": str(ranks), "LOCAL_RANK": str(rank), "MASTER_ADDR": "127.0.0.1",
                     "MASTER_PORT": port} for rank in range(ranks)]
    command = pinned(cores_for(args, ranks), [args.rank_calls, *calls])
    return json.loads(run_all([command] * ranks, environments)[0])


def call_names(layers, images):
    return ([f"sum:{size}" for size, _ in model.buckets_of(layers)]
            + [f"sum:{model.statistics_bytes(layers)}", f"gather:{model.representation_bytes(images)}"])


def bandwidth_of(calls, ranks, layers):
    """Bytes/s of a rank in the ring, from the largest sum; a small one is all latency."""
    largest = max(size for size, _ in model.buckets_of(layers))
    seconds = calls[f"sum:{largest}"] - calls[f"sum:{SMALL}"]
    return 2 * (ranks - 1) / ranks * largest / seconds


def predicted_s(apart_s, copies_s, calls, layers, images):
    """On a CPU nothing goes on beside the backward pass: the sums take the core that it runs on."""
    names = call_names(layers, images)
    return apart_s + copies_s + sum(calls[name] for name in names)


def all_steps(runs, key="seconds"):
    return [value for run in runs for value in run[key]]


def fastest(runs):
    return min(all_steps(runs))


def middle(runs, key="seconds"):
    return statistics.median(all_steps(runs, key))


def rows_of(args, results, calls, layers):
    """A row for each number of ranks."""
    alone = fastest(results["1 alone"])
    copies = max(0, fastest(results["1 over Gloo"]) - alone)
    rows = []
    for ranks in args.ranks:
        cores = len(cores_for(args, ranks))
        together = results[f"{ranks} ranks"]
        apart = fastest(results[f"{ranks} apart"])
        said = predicted_s(apart, copies * ranks / cores, calls[ranks], layers, args.batch)
        rows.append({"ranks": ranks, "cores": cores, "measured_s": fastest(together), "median_s": middle(together), "apart_s": apart, "predicted_s": said,
                     "waiting": middle(together, "waiting"), "bytes": middle(together, "bytes"),
                     "scaling": alone / fastest(together), "ring_bytes_per_s": bandwidth_of(calls[ranks], ranks, layers)})
    return rows


def table(args, results, rows):
    lines = ["| processes | cores | median step, ms | fastest, ms | fastest apart, ms | model, ms | measured / model | waits for ranks | MB a step | "
             "images/s | scaling |", "|---|---|---|---|---|---|---|---|---|---|---|"]
    for name in ("1 alone", "1 over Gloo"):
        runs = results[name]
        lines.append(f"| {name} | 1 | {1e3 * middle(runs):.0f} | {1e3 * fastest(runs):.0f} | | | | {100 * middle(runs, 'waiting'):.1f} % | {middle(runs, 'bytes') / 1e6:.1f} | "
                     f"{args.batch / fastest(runs):.1f} | {fastest(results['1 alone']) / fastest(runs):.2f} |")
    for row in rows:
        lines.append(f"| {row['ranks']} | {row['cores']} | {1e3 * row['median_s']:.0f} | {1e3 * row['measured_s']:.0f} | {1e3 * row['apart_s']:.0f} | "
                     f"{1e3 * row['predicted_s']:.0f} | {row['measured_s'] / row['predicted_s']:.2f} | {100 * row['waiting']:.1f} % | "
                     f"{row['bytes'] / 1e6:.1f} | {row['ranks'] * args.batch / row['measured_s']:.1f} | {row['scaling']:.2f} |")
    return "\n".join(lines)


def call_table(calls, rows):
    lines = ["| ranks | call | bytes a rank | ms |", "|---|---|---|---|"]
    for row in rows:
        for name, seconds in calls[row["ranks"]].items():
            kind, size = name.split(":")
            lines.append(f"| {row['ranks']} | {kind} | {size} | {1e3 * seconds:.2f} |")
    lines += [""] + [f"A ring of {row['ranks']}: {row['ring_bytes_per_s'] / 1e9:.2f} GB/s a rank." for row in rows]
    return "\n".join(lines)


def measure(args):
    layers = model.layers_of("resnet18", args.size)
    report = {"date": datetime.date.today().isoformat(), "command": shlex.join(sys.argv), "cpu": cpu_model(),
              "cores": len(args.cores), "flowtrain": version_of(args.flowtrain)}
    print(f"{report['cpu']}, {report['cores']} cores, {report['date']}. {report['flowtrain']}.\n\n    {report['command']}\n", flush=True)
    kinds = {"1 alone": (1, False), "1 over Gloo": (1, True)}
    for ranks in args.ranks:
        kinds[f"{ranks} apart"] = (ranks, False)
        kinds[f"{ranks} ranks"] = (ranks, True)
    results = {name: [] for name in kinds}
    calls = {ranks: [] for ranks in args.ranks}
    for turn in range(args.repeats):
        started = time.perf_counter()
        for name, (processes, ranks) in kinds.items():
            results[name].append(train(args, processes, ranks))
        for ranks in args.ranks:
            calls[ranks].append(calls_of(args, ranks, [f"sum:{SMALL}", *call_names(layers, args.batch)]))
        said = ", ".join(f"{name} {1e3 * fastest(runs[-1:]):.0f}" for name, runs in results.items())
        print(f"turn {turn + 1} of {args.repeats}, {time.perf_counter() - started:.0f} s; ms of its fastest step: {said}", file=sys.stderr, flush=True)
    best = {ranks: {name: min(turn[name] for turn in turns) for name in turns[0]} for ranks, turns in calls.items()}
    rows = rows_of(args, results, best, layers)
    print(f"{table(args, results, rows)}\n\n{call_table(best, rows)}")
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump({**report, "results": results, "calls": calls, "rows": rows}, file, indent=1)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gpus", action="store_true", help="print what the model says of GPUs, and measure nothing")
    parser.add_argument("--batch", type=int, help="images of a rank; default 16, with --gpus 256")
    parser.add_argument("--size", type=int, metavar="PX", help="side of a view; default 32, with --gpus 224")
    parser.add_argument("--ranks", type=int, nargs="+", default=[2, 4], metavar="N", help="default 2 4")
    parser.add_argument("--steps", type=int, default=8, help=f"that are measured, after {WARM_UP}; default %(default)s")
    parser.add_argument("--repeats", type=int, default=5, help="default %(default)s")
    parser.add_argument("--flowtrain", metavar="FILE", help="the program; default build/release/tools/flowtrain")
    parser.add_argument("--rank-calls", metavar="FILE", help="default build/release/tests/rank_calls")
    parser.add_argument("--json", metavar="FILE", help="raw figures, as JSON")
    args = parser.parse_args()
    args.batch = args.batch or (256 if args.gpus else 16)
    args.size = args.size or (224 if args.gpus else 32)
    if min(args.batch - 1, args.size, args.steps, args.repeats, *(ranks - 1 for ranks in args.ranks)) < 1:
        parser.error("--size, --steps and --repeats must be positive, and --batch and each of --ranks at least 2")
    args.images = 4 * max(args.ranks) * args.batch
    args.cores = sorted(os.sched_getaffinity(0))
    return args


def find_programs(args):
    args.flowtrain = os.path.abspath(args.flowtrain) if args.flowtrain else find_flowtrain()
    args.rank_calls = os.path.abspath(args.rank_calls or os.path.join(ROOT, "build", "release", "tests", "rank_calls"))
    if not os.path.exists(args.rank_calls):
        raise Failed(f"{args.rank_calls} is not built: run cmake --build build/release --target rank_calls")


def main():
    args = parse()
    if args.gpus:
        print(gpu_table(args.batch, args.size))
        return
    find_programs(args)
    measure(args)


if __name__ == "__main__":
    run_script("measure_scale", main)
