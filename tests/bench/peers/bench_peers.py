#!/usr/bin/env python3
"""Measures flowtrain's loader side by side with albumentations, DALI, torchvision and torchdata: the same images, recipe and cores.

    tests/bench/peers/bench_peers.py --stl10 data/stl10_binary --jpeg photos --cores 0 --cores 0,1,2,3 --json peers.json
    tests/bench/peers/bench_peers.py --stl10 data/stl10_binary --peers '' --module

The second measures the Python module alone beside the program's loader (`--module`): its rows should be at most 1.03
(uint8, 0.97 of the program's) and 1.11 (float32, 0.9 of it).
The first call makes a Python environment in --venv with pinned versions from PyPI (about 6 GB: torch's wheel brings CUDA);
--python takes an existing one instead. By turns, --rounds times, each loader runs in a process of its own that may use
--cores alone, is warmed up and then timed. Prints a Markdown table a workload, with medians, ranges, and how many times as
fast flowtrain is, round by round. tests/bench/peers/lib/peer_loaders.py says what each library does and where it differs.
"""
import argparse
import datetime
import json
import os
import shlex
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from comparison import (GRAPH, HERE, ONE_THREAD, ROOT, TORCH, Failed, cpu_model, find_flowtrain, make_venv, pinned,  # noqa: E402
                        run_json, run_script, version_of)

WORKER = os.path.join(HERE, "peer_loaders.py")
MODULE = os.path.join(HERE, "module_loader.py")
PEERS = ("albumentations", "dali", "dali-crop", "torchvision", "torchvision-tensor", "torchdata")
PACKAGES = {
    "albumentations": ("albumentations==2.0.8", "opencv-python-headless==4.11.0.86", *TORCH),  # torch: its DataLoader
    "dali": ("nvidia-dali-cuda120==2.4.0",),
    "dali-crop": ("nvidia-dali-cuda120==2.4.0",),
    "torchvision": TORCH,
    "torchvision-tensor": TORCH,
    "torchdata": ("torchdata==0.11.0", *TORCH),
}


class Workload:
    def __init__(self, kind, data, size):
        self.kind, self.data, self.size = kind, os.path.abspath(data), size

    @property
    def title(self):
        what = "STL-10 in memory" if self.kind == "stl10" else "JPEG files, decoding included"
        return f"{what}, views of {self.size} px"


def core_list(text):
    cores = [int(core) for core in text.split(",")]
    missing = set(cores) - os.sched_getaffinity(0)
    if missing:
        raise argparse.ArgumentTypeError(f"this process may not use core {sorted(missing)[0]}")
    return cores


def data_parameters(workload, cores, args):
    kind = "stl10" if workload.kind == "stl10" else "folder"
    sets = [f"data.kind={kind}", f"data.root={workload.data}", f"data.image_size={workload.size}",
            f"data.batch_size={args.batch}", f"data.num_workers={len(cores)}"]
    if kind == "stl10" and not os.path.exists(os.path.join(workload.data, "unlabeled_X.bin")):
        sets.append("data.splits=[train]")
    return sets


class Flowtrain:
    """`setting`: words KEY=VALUE, a configuration key or, in capitals, an environment variable; '' for none."""

    def __init__(self, binary, setting=""):
        words = setting.split()
        for word in words:
            if "=" not in word:
                raise Failed(f"--flowtrain-set takes KEY=VALUE, not '{word}'")
        self.binary = binary
        self.environment = dict(word.split("=", 1) for word in words if word.split("=")[0].isupper())
        self.sets = [word for word in words if not word.split("=")[0].isupper()]
        self.name = f"flowtrain {setting}".strip()

    def command(self, workload, cores, args):
        sets = [*data_parameters(workload, cores, args), "data.if_missing=error"]
        command = [self.binary, "bench", "loader", GRAPH, "--json", "--skip-engine", "--repeats", "1",
                   "--warm-up", str(args.warm_up), "--seconds", str(args.seconds)]
        if any(word.startswith("data.cache=") for word in self.sets):
            command += ["--warm-up-epochs", "1"]  # the first pass fills it
        for word in sets + self.sets:
            command += ["--set", word]
        return pinned(cores, command)

    def runs(self, _workload):
        return True


class Module:
    """flowtrain.Loader in a loop that does nothing else."""

    environment = None

    def __init__(self, python, package, dtype):
        self.python, self.package, self.dtype = python, os.path.abspath(package), dtype
        self.name = f"flowtrain in Python, {dtype}"

    def command(self, workload, cores, args):
        return pinned(cores, [self.python, MODULE, "--package", self.package, "--dtype", self.dtype,
                              "--warm-up", str(args.warm_up), "--seconds", str(args.seconds),
                              *data_parameters(workload, cores, args)])

    def runs(self, _workload):
        return True


class Peer:
    def __init__(self, python, name):
        self.python, self.name = python, name
        self.environment = ONE_THREAD

    def versions(self):
        return run_json([self.python, WORKER, self.name, "--versions"], self.environment)

    def command(self, workload, cores, args):
        return pinned(cores, [self.python, WORKER, self.name, "--kind", workload.kind, "--data", workload.data,
                              "--size", str(workload.size), "--cores", str(len(cores)), "--batch", str(args.batch),
                              "--warm-up", str(args.warm_up), "--seconds", str(args.seconds)])

    def runs(self, workload):
        return self.name != "dali-crop" or workload.kind == "jpeg"


def measure(loaders, workload, cores, args):
    """Views/s of each loader, a list of one figure a round."""
    rates = {loader.name: [] for loader in loaders}
    for number in range(args.rounds):
        for loader in loaders[number % len(loaders):] + loaders[:number % len(loaders)]:
            figure = run_json(loader.command(workload, cores, args), loader.environment)["views_per_s"]
            rates[loader.name].append(figure)
            print(f"{workload.title}, {len(cores)} core(s), round {number + 1} of {args.rounds}: "
                  f"{loader.name} {figure:.0f} views/s", file=sys.stderr)
    return rates


def spread(values, digits):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def table(rates):
    """Markdown. A ratio is flowtrain's figure over the row's in the same round."""
    ours = rates["flowtrain"]
    lines = ["| loader | views/s, median (range) | flowtrain over it, median (range) |", "|---|---|---|"]
    for name, theirs in rates.items():
        ratios = [mine / other for mine, other in zip(ours, theirs)]
        lines.append(f"| {name} | {spread(theirs, 0)} | {'' if theirs is ours else spread(ratios, 2)} |")
    return "\n".join(lines)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stl10", metavar="DIR", help="folder of STL-10's binary files: a workload at 96 px")
    parser.add_argument("--jpeg", metavar="DIR", help="folder of JPEG files: a workload at each of --jpeg-size")
    parser.add_argument("--jpeg-size", type=int, action="append", metavar="PX", help="default 96 and 224")
    parser.add_argument("--cores", type=core_list, action="append", metavar="0,1,…",
                        help="the cores to measure on; may be given again; default 0")
    parser.add_argument("--peers", default=",".join(PEERS), help="which of them; default all: %(default)s")
    parser.add_argument("--flowtrain-set", action="append", default=[], metavar="'KEY=VALUE …'",
                        help="one more row: flowtrain with these parameters, or in capitals environment variables")
    parser.add_argument("--module", action="store_true", help="two more rows: flowtrain.Loader in Python, uint8 and float32")
    parser.add_argument("--module-python", default=sys.executable, metavar="FILE",
                        help="the Python that its module was built for, with torch or numpy; default this one")
    parser.add_argument("--package", default=os.path.join(ROOT, "build", "release", "python"), metavar="DIR",
                        help="folder that has the package flowtrain; default %(default)s")
    parser.add_argument("--flowtrain", metavar="FILE", help="the program; default build/release/tools/flowtrain")
    parser.add_argument("--venv", default=os.path.join(ROOT, "build", "peers"), help="default %(default)s")
    parser.add_argument("--python", help="a Python that has the peers; nothing is installed then")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="timed part of a run; default %(default)s")
    parser.add_argument("--warm-up", type=float, default=1.0, help="seconds before it; default %(default)s")
    parser.add_argument("--batch", type=int, default=128, help="images a batch; default %(default)s")
    parser.add_argument("--json", metavar="FILE", help="raw figures, as JSON")
    args = parser.parse_args()
    args.peers = [name for name in args.peers.split(",") if name]
    for name in args.peers:
        if name not in PEERS:
            parser.error(f"there is no peer '{name}'; there are {', '.join(PEERS)}")
    if args.rounds < 1 or args.seconds <= 0 or args.warm_up < 0 or args.batch < 1:
        parser.error("--rounds, --seconds and --batch must be positive, and --warm-up not negative")
    workloads = [Workload("stl10", args.stl10, 96)] if args.stl10 else []
    if args.jpeg:
        workloads += [Workload("jpeg", args.jpeg, size) for size in args.jpeg_size or (96, 224)]
    if not workloads:
        parser.error("give --stl10 DIR, --jpeg DIR, or both")
    for workload in workloads:
        if not os.path.isdir(workload.data):
            parser.error(f"there is no folder {workload.data}")
    args.cores = args.cores or [core_list("0")]
    return args, workloads


def compare(args, workloads):
    binary = os.path.abspath(args.flowtrain) if args.flowtrain else find_flowtrain()
    python = None
    if args.peers:
        python = args.python or make_venv(args.venv, sorted({each for peer in args.peers for each in PACKAGES[peer]}))
    loaders = [Flowtrain(binary), *(Flowtrain(binary, setting) for setting in args.flowtrain_set)]
    if args.module:
        loaders += [Module(args.module_python, args.package, dtype) for dtype in ("uint8", "float32")]
    peers = [Peer(python, name) for name in args.peers]
    report = {
        "date": datetime.date.today().isoformat(),
        "command": shlex.join(sys.argv),
        "cpu": cpu_model(),
        "flowtrain": version_of(binary),
        "versions": {name: version for peer in peers for name, version in peer.versions().items()},
        "workloads": [],
    }
    print(f"{report['cpu']}, {report['date']}, {args.rounds} rounds of {args.seconds:g} s. {report['flowtrain']}, "
          + ", ".join(f"{name} {version}" for name, version in report["versions"].items())
          + f".\n\n    {report['command']}")
    for workload in workloads:
        for cores in args.cores:
            rates = measure([x for x in loaders + peers if x.runs(workload)], workload, cores, args)
            print(f"\n{workload.title}, cores {','.join(map(str, cores))}:\n\n{table(rates)}", flush=True)
            report["workloads"].append({"title": workload.title, "kind": workload.kind, "size": workload.size,
                                        "cores": cores, "views_per_s": rates})
            if args.json:
                with open(args.json, "w", encoding="utf-8") as file:
                    json.dump(report, file, indent=1)


def main():
    args, workloads = parse()
    compare(args, workloads)


if __name__ == "__main__":
    run_script("bench_peers", main)
