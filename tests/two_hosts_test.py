#!/usr/bin/env python3
"""Two ranks on two hosts: network namespaces that are joined by a cable with a delay. Skipped where namespaces or TUN devices cannot be
made, which takes iproute2, root and /dev/net/tun.

    two_hosts_test.py PROGRAM
"""
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
sys.dont_write_bytecode = True
from slow_cable import ADDRESSES, TwoHosts, Unavailable, rank_variables  # noqa: E402

PROGRAM = sys.argv.pop(1)
DELAY_S = 0.02
ROUND_TRIP_S = 2 * DELAY_S
SKIPPED = 77


def arguments(run, *more):
    settings = ["data.kind=sample", "sample.images=28", "model.width_multiplier=0.125", "data.image_size=8", "data.batch_size=2", "model.stem=small",
                "gpu.gradient_accumulation=3", "train.warmup_epochs=0", "data.num_workers=1", "threads=1",
                "gpu.mixed_precision=false", "device=cpu", "evaluate.knn=false", *more]
    return [PROGRAM, os.path.join(ROOT, "graphs/simclr.yaml"), "--run-dir", run] + [w for s in settings for w in ("--set", s)]


class Rank:
    """A process of two. `inside`: the command that starts it on its host."""

    def __init__(self, rank, address, command, path, inside=()):
        self.path = path
        with open(self.path, "w", encoding="utf-8") as output:
            self.process = subprocess.Popen([*inside, *command], env={**os.environ, **rank_variables(rank, address)}, stdout=output,
                                            stderr=subprocess.STDOUT)

    def output(self):
        with open(self.path, encoding="utf-8") as file:
            return file.read()

    def wait(self, seconds):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


def steps(run):
    try:
        with open(os.path.join(run, "metrics.jsonl"), encoding="utf-8") as lines:
            objects = [json.loads(line) for line in lines if line.endswith("\n")]
    except FileNotFoundError:
        return []
    return [line for line in objects if "step" in line]


def losses(run):
    return [step["loss"] for step in steps(run)]


class Training(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="flowtrain-")
        self.addCleanup(shutil.rmtree, self.folder)

    def start(self, run, address, hosts, *more):
        """The two ranks of a run; `hosts`: the commands that start them on their hosts."""
        ranks = []
        for rank, inside in enumerate(hosts):
            ranks.append(Rank(rank, address, arguments(run, *more), f"{run}.rank-{rank}.txt", inside))
            self.addCleanup(ranks[-1].kill)
        return ranks

    def begin(self, name, hosts):
        """A run over both hosts that has made two steps: its ranks, and distributed.timeout_s. A machine that is too busy for that begins
        anew, with twice of it."""
        for timeout_s in (8, 16, 32):
            run = os.path.join(self.folder, f"{name}-{timeout_s}")
            ranks = self.start(run, ADDRESSES[0], [hosts.inside(0), hosts.inside(1)], "train.epochs=500", f"distributed.timeout_s={timeout_s}")
            end = time.monotonic() + 120
            while time.monotonic() < end and ranks[0].process.poll() is None:
                if len(steps(run)) >= 2:
                    return ranks, timeout_s
                time.sleep(0.05)
            for rank in ranks:
                rank.kill()
        return self.fail(ranks[0].output())

    def test_they_train_the_same_as_on_one_machine_and_wait_for_the_cable(self):
        run, alone = (os.path.join(self.folder, name) for name in ("run", "alone"))
        short = ("train.epochs=1", "distributed.timeout_s=60")
        with TwoHosts(DELAY_S) as hosts:
            round_trip_s = min(hosts.round_trip_s(60) for _ in range(3))
            for rank in self.start(run, ADDRESSES[0], [hosts.inside(0), hosts.inside(1)], *short):
                self.assertEqual(rank.wait(300), 0, rank.output())
            # A namespace without the cable: two ranks on one machine.
            hosts.take_link_down()
            for rank in self.start(alone, "127.0.0.1", [hosts.inside(0)] * 2, *short):
                self.assertEqual(rank.wait(300), 0, rank.output())
        self.assertEqual(len(losses(run)), 3)
        self.assertEqual(losses(run), losses(alone))
        self.assertGreaterEqual(round_trip_s, ROUND_TRIP_S)
        self.assertLess(round_trip_s, ROUND_TRIP_S + 1)
        # Gloo's receiver first says that it is ready: a round trip for the gather, and two for a sum, of the statistics. That of the gradients
        # takes as long, some of it perhaps beside the backward pass.
        for step in steps(run):
            self.assertGreaterEqual(step["collective_wait_ms"], 1e3 * 3 * ROUND_TRIP_S)

    def check_listening(self, hosts):
        for host, address in enumerate(ADDRESSES):
            listening = subprocess.run([*hosts.inside(host), "ss", "-ltnH"], check=True, capture_output=True, text=True)
            places = [line.split()[3] for line in listening.stdout.splitlines()]
            self.assertTrue(places)
            for place in places:
                self.assertRegex(place, "^" + re.escape(address) + r":\d+$")

    # The second fault while the ranks of the first one wait: nearly all of the test is waiting.
    def test_only_the_named_address_is_listened_on_and_a_link_down_or_a_cut_cable_ends_both(self):
        with contextlib.ExitStack() as stack:
            runs = []
            for name, fault in (("down", TwoHosts.take_link_down), ("cut", TwoHosts.cut)):
                hosts = stack.enter_context(TwoHosts(DELAY_S))
                ranks, timeout_s = self.begin(name, hosts)
                self.check_listening(hosts)
                fault(hosts)
                runs.append((name, ranks, timeout_s))
            since = time.monotonic()
            self.assertIsNone(hosts.round_trip_s(1))
            for name, ranks, timeout_s in runs:
                for rank, other in ((ranks[0], "rank 1"), (ranks[1], "rank 0")):
                    self.assertEqual(rank.wait(120), 1, f"{name}: {rank.output()}")
                    self.assertIn(other, rank.output().split("error", 1)[1], name)
                self.assertIn("checkpoint written", ranks[0].output(), name)
                # Until the call fails, to find out who is gone (4 s), and to write a checkpoint on a busy machine.
                self.assertLess(time.monotonic() - since, timeout_s + 4 + 30)


def main():
    try:
        with TwoHosts(DELAY_S):
            pass
    except Unavailable as why:
        print(f"skipped: {why}")
        return SKIPPED
    if shutil.which("ss") is None:
        print("skipped: iproute2 (ss) is missing")
        return SKIPPED
    unittest.main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
