"""flowtrain's loader as the Python module, timed. tests/bench/peers/bench_peers.py runs one a process.

    module_loader.py --package build/release/python --dtype uint8 --warm-up 1 --seconds 3 KEY=VALUE…

prints one JSON object. The loop takes batches and does nothing with them, as the bare loader's does; arrays are torch's
where this Python has torch, otherwise numpy's. Words KEY=VALUE are parameters of graphs/loader.yaml.
"""
import argparse
import json
import sys
import time


def value_of(text):
    try:
        return json.loads(text)
    except ValueError:
        return text.strip("[]").split(",") if text.startswith("[") else text


def batches(loader):
    """Of one epoch after the other."""
    while True:
        yield from loader


def images_per_s(loader, warm_up, seconds):
    loop = batches(loader)
    end = time.perf_counter() + warm_up
    next(loop)
    while time.perf_counter() < end:
        next(loop)
    begin, images = time.perf_counter(), 0
    while time.perf_counter() - begin < seconds:
        images += len(next(loop)[1])
    return images / (time.perf_counter() - begin)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--package", required=True)
    parser.add_argument("--dtype", required=True)
    parser.add_argument("--warm-up", type=float, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("parameters", nargs="*")
    args = parser.parse_args()
    sys.path.insert(0, args.package)
    from flowtrain import Loader
    parameters = {name: value_of(text) for name, text in (word.split("=", 1) for word in args.parameters)}
    with Loader("graphs/loader.yaml", parameters, dtype=args.dtype) as loader:
        rate = images_per_s(loader, args.warm_up, args.seconds)
        print(json.dumps({"views_per_s": len(loader.view_sizes) * rate}))


if __name__ == "__main__":
    main()
