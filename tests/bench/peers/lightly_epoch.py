#!/usr/bin/env python3
"""What flowtrain's loader is worth in lightly's SimCLR example on a CPU: an epoch's wall time, and what is learnt.

    tests/bench/peers/lightly_epoch.py --data data/stl10_binary --python build/reference/bin/python

Writes the pictures of STL-10's splits train and unlabeled as JPEG files and trains on them (lib/lightly_loop.py), by turns with lightly's
loader and with flowtrain's, --seeds times each. The first epoch of a run, in which processes start, is not timed. kNN is the mean over the last four epochs.
Needs a Python that has
torch, torchvision, lightly and Pillow.
"""
import argparse
import json
import os
import statistics
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from comparison import HERE, ROOT, Failed, cpu_model, pinned, run_json, run_script  # noqa: E402

LOOP = os.path.join(HERE, "lightly_loop.py")
LOADERS = ("lightly", "flowtrain")
WRITE = """
import os, sys
from PIL import Image
sys.path.insert(0, sys.argv[1])
from peer_loaders import stl10_images
for number, image in enumerate(stl10_images(sys.argv[2])):
    Image.fromarray(image).save(os.path.join(sys.argv[3], f"{number:06}.jpg"), quality=95)
print(number + 1)
"""


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", metavar="DIR", required=True, help="folder of STL-10's binary files")
    parser.add_argument("--python", default="python3", help="default %(default)s")
    parser.add_argument("--package", metavar="DIR", default=os.path.join(ROOT, "build", "release", "python"),
                        help="folder with the package flowtrain; default %(default)s")
    parser.add_argument("--epochs", type=int, default=4, help="default %(default)s")
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="runs with each loader; default %(default)s")
    parser.add_argument("--size", type=int, default=32, metavar="PX", help="side of a view; default %(default)s")
    parser.add_argument("--batch", type=int, default=64, help="images a step; default %(default)s")
    parser.add_argument("--json", metavar="FILE", help="raw figures, as JSON")
    args = parser.parse_args()
    if min(args.epochs - 1, args.seeds, args.size, args.batch - 1) < 1:
        parser.error("--epochs and --batch must be at least 2, --seeds and --size at least 1")
    args.data = os.path.abspath(args.data)
    return args


def spread(values, digits):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def table(runs):
    """Markdown, with medians and ranges."""
    times = {name: [statistics.median(one["seconds"][1:]) for one in runs[name]] for name in LOADERS}
    ratios = [theirs / ours for theirs, ours in zip(times["lightly"], times["flowtrain"])]
    rows = [("seconds an epoch", times, 2),
            ("kNN top-1 before, %", {name: [one["knn_start"] for one in runs[name]] for name in LOADERS}, 1),
            ("kNN top-1 after, %", {name: [one["knn"] for one in runs[name]] for name in LOADERS}, 1),
            ("loss of the last epoch", {name: [one["losses"][-1] for one in runs[name]] for name in LOADERS}, 4)]
    lines = ["| median (range) | lightly's loader | flowtrain's |", "|---|---|---|"]
    lines += [f"| {title} | " + " | ".join(spread(values[name], digits) for name in LOADERS) + " |"
              for title, values, digits in rows]
    gains = [ours["knn"] - theirs["knn"] for theirs, ours in zip(runs["lightly"], runs["flowtrain"])]
    error = statistics.stdev(gains) / len(gains) ** 0.5 if len(gains) > 1 else float("nan")
    return "\n".join([*lines, "", f"lightly's epoch over flowtrain's, pair by pair: {spread(ratios, 2)}",
                      f"kNN, flowtrain's less lightly's, pair by pair: mean {statistics.mean(gains):+.2f}, standard error {error:.2f}"])


def compare(args):
    cores = sorted(os.sched_getaffinity(0))
    runs = {name: [] for name in LOADERS}
    with tempfile.TemporaryDirectory(prefix="lightly_epoch.") as folder:
        photos = os.path.join(folder, "photos")
        os.makedirs(os.path.join(photos, "all"))
        images = run_json([args.python, "-c", WRITE, HERE, args.data, os.path.join(photos, "all")])
        print(f"{cpu_model()}, {len(cores)} cores; {images} JPEGs to {args.size} px, batch {args.batch}, {args.epochs} epochs\n", flush=True)
        for seed in range(1, args.seeds + 1):
            for name in LOADERS if seed % 2 else reversed(LOADERS):
                settings = {"loader": name, "seed": seed, "photos": photos, "data": args.data, "package": args.package,
                            "size": args.size, "batch": args.batch, "epochs": args.epochs, "workers": len(cores)}
                runs[name].append(run_json(pinned(cores, [args.python, LOOP, json.dumps(settings)])))
                print(f"seed {seed} of {args.seeds}, {name}: {statistics.median(runs[name][-1]['seconds'][1:]):.1f} s an epoch, "
                      f"kNN {runs[name][-1]['knn']:.1f} %", file=sys.stderr, flush=True)
    for mine, theirs in zip(*runs.values()):
        if mine["steps"] != theirs["steps"]:
            raise Failed(f"the loaders made {mine['steps']} and {theirs['steps']} steps an epoch")
    print(table(runs))
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump(runs, file)


if __name__ == "__main__":
    arguments = parse()
    run_script("lightly_epoch", lambda: compare(arguments))
