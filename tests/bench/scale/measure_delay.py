#!/usr/bin/env python3
"""Measures what the delay of a network costs a step of training: two ranks over Gloo, on two hosts that are network namespaces of this
machine, with a cable between them that delays each packet. Takes root, iproute2 and /dev/net/tun.

    tests/bench/scale/measure_delay.py --delays 0 5 20 --steps 20

ResNet-18 of an eighth of the width trains on the built-in pictures, so that the delay counts and not how many bytes a second the cable
carries. The program rank_calls has the calls alone, the fastest of 31 each. By turns, --repeats times each. How fast TCP sends what is
large depends on its congestion control: the machine's, or --tcp.
"""
import argparse
import datetime
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "support")]
import measure_scale  # noqa: E402
from measure_scale import WARM_UP, Failed, cpu_model, middle, run_script, version_of  # noqa: E402
from slow_cable import TwoHosts, Unavailable, rank_variables  # noqa: E402

CALLS = ("gather:4096", "sum:4096", "sum:65536", "sum:786432")  # the last about the gradients of a step
TCP = "/proc/sys/net/ipv4/tcp_congestion_control"
NARROW = ("model.width_multiplier=0.125", "distributed.backend=gloo")


def choose_tcp(hosts, name):
    for host in range(2):
        done = subprocess.run([*hosts.inside(host), "tee", TCP], input=name, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"this machine has no --tcp {name}: {done.stderr.strip()}")


def run_on(hosts, command):
    """Runs a command as both ranks, and returns what rank 0 prints."""
    return measure_scale.run_all([[*hosts.inside(rank), *command] for rank in range(2)], [rank_variables(rank) for rank in range(2)])[0]


def measure_once(args, delay_ms):
    """What the steps of one training took, with the calls' and the cable's own times."""
    with TwoHosts(delay_ms / 1e3) as hosts, tempfile.TemporaryDirectory(prefix="measure_delay.") as folder:
        choose_tcp(hosts, args.tcp)
        round_trip_s = min(hosts.round_trip_s(60) for _ in range(5))
        run = os.path.join(folder, "run")
        run_on(hosts, measure_scale.command_of(args, run, [word for setting in NARROW for word in ("--set", setting)]))
        calls = json.loads(run_on(hosts, [args.rank_calls, *CALLS]))
        return {**measure_scale.summary(measure_scale.steps_of(run)), "round_trip_s": round_trip_s, "calls": calls}


def row_of(delay_ms, turns):
    waited = statistics.median(1e3 * share * seconds for turn in turns for share, seconds in zip(turn["waiting"], turn["seconds"]))
    calls = [f"{1e3 * min(turn['calls'][call] for turn in turns):.1f}" for call in CALLS]
    return (f"| {delay_ms:g} | {1e3 * min(turn['round_trip_s'] for turn in turns):.1f} | {1e3 * middle(turns):.0f} | {waited:.0f} | "
            f"{middle(turns, 'bytes') / 1e6:.2f} | {' | '.join(calls)} |")


def measure(args):
    print(f"{cpu_model()}, {len(args.cores)} cores, {datetime.date.today().isoformat()}. {version_of(args.flowtrain)}. TCP: {args.tcp}.\n\n    "
          f"{shlex.join(sys.argv)}\n", flush=True)
    turns = {delay_ms: [] for delay_ms in args.delays}
    for _ in range(args.repeats):
        for delay_ms, done in turns.items():
            done.append(measure_once(args, delay_ms))
    names = [f"{kind} of {int(size):,} B, ms" for kind, size in (call.split(":") for call in CALLS)]
    print("| delay, ms | round trip, ms | median step, ms | of it waiting for ranks, ms | MB a step | " + " | ".join(names) + " |")
    print("|---" * (5 + len(CALLS)) + "|")
    for delay_ms, done in turns.items():
        print(row_of(delay_ms, done))


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--delays", type=float, nargs="+", default=[0, 5, 20], metavar="MS", help="of a packet in one direction; default 0 5 20")
    parser.add_argument("--tcp", metavar="NAME", help="congestion control; default the machine's")
    parser.add_argument("--batch", type=int, default=16, help="images of a rank; default %(default)s")
    parser.add_argument("--size", type=int, default=32, metavar="PX", help="side of a view; default %(default)s")
    parser.add_argument("--steps", type=int, default=20, help=f"that are measured, after {WARM_UP}; default %(default)s")
    parser.add_argument("--repeats", type=int, default=3, help="default %(default)s")
    parser.add_argument("--flowtrain", metavar="FILE", help="the program; default build/release/tools/flowtrain")
    parser.add_argument("--rank-calls", metavar="FILE", help="default build/release/tests/rank_calls")
    args = parser.parse_args()
    if min(args.batch - 1, args.size, args.steps, args.repeats) < 1 or min(args.delays) < 0:
        parser.error("--size, --steps and --repeats must be positive, --batch at least 2, and --delays not negative")
    if args.tcp is None:
        with open(TCP, encoding="utf-8") as file:
            args.tcp = file.read().strip()
    args.images = 8 * args.batch
    args.cores = sorted(os.sched_getaffinity(0))
    return args


def main():
    args = parse()
    measure_scale.find_programs(args)
    try:
        measure(args)
    except Unavailable as error:
        raise Failed(str(error)) from None


if __name__ == "__main__":
    run_script("measure_delay", main)
