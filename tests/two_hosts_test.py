#!/usr/bin/env python3
"""Two ranks on two hosts: network namespaces that are joined by a cable (a pair of veth devices) with a delay. Skipped where
namespaces cannot be made, which takes iproute2 and root.

    two_hosts_test.py PROGRAM
"""
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

PROGRAM = sys.argv.pop(1)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ADDRESSES = ("10.77.0.1", "10.77.0.2")
PORT = 29517  # of a namespace of its own
SKIPPED = 77


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


class Hosts:
    """Two hosts, each with its loopback device and one end of the cable."""

    def __init__(self):
        self.names = [f"flowtrain-{os.getpid()}-{rank}" for rank in range(2)]
        self.ends = [f"ft{os.getpid()}e{rank}" for rank in range(2)]
        self.delayed = True

    def __enter__(self):
        try:
            for name in self.names:
                ip("netns", "add", name)
            ip("link", "add", self.ends[0], "netns", self.names[0], "type", "veth", "peer", "name", self.ends[1], "netns",
               self.names[1])
            for name, end, address in zip(self.names, self.ends, ADDRESSES):
                ip("-n", name, "address", "add", f"{address}/24", "dev", end)
                ip("-n", name, "link", "set", end, "up")
                ip("-n", name, "link", "set", "lo", "up")
                delay = ["tc", "-n", name, "qdisc", "add", "dev", end, "root", "netem", "delay", "20ms"]
                self.delayed &= subprocess.run(delay, capture_output=True, check=False).returncode == 0
        except (OSError, subprocess.CalledProcessError):
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)

    def inside(self, rank):
        return ["ip", "netns", "exec", self.names[rank]]

    def cut(self):
        ip("-n", self.names[0], "link", "set", self.ends[0], "down")


def arguments(run, *more):
    settings = ["data.kind=sample", "sample.images=28", "model.width_multiplier=0.125", "data.image_size=8", "data.batch_size=2", "model.stem=small",
                "gpu.gradient_accumulation=3", "train.warmup_epochs=0", "data.num_workers=1", "threads=1",
                "gpu.mixed_precision=false", "device=cpu", "evaluate.knn=false", *more]
    return [PROGRAM, os.path.join(ROOT, "graphs/simclr.yaml"), "--run-dir", run] + [w for s in settings for w in ("--set", s)]


class Rank:
    """A process of two. `inside`: the command that starts it on its host."""

    def __init__(self, rank, address, command, folder, inside=()):
        # The hosts have no name server, and libtorch looks up the name of whoever connects.
        environment = dict(os.environ, RES_OPTIONS="timeout:1 attempts:1", RANK=str(rank), WORLD_SIZE="2", LOCAL_RANK="0", MASTER_ADDR=address,
                           MASTER_PORT=str(PORT))
        self.path = os.path.join(folder, f"rank-{rank}.txt")
        with open(self.path, "w", encoding="utf-8") as output:
            self.process = subprocess.Popen([*inside, *command], env=environment, stdout=output, stderr=subprocess.STDOUT)

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


def losses(run):
    try:
        with open(os.path.join(run, "metrics.jsonl"), encoding="utf-8") as lines:
            objects = [json.loads(line) for line in lines if line.endswith("\n")]
    except FileNotFoundError:
        return []
    return [line["loss"] for line in objects if "step" in line]


class TwoHosts(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="flowtrain-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.run = os.path.join(self.folder, "run")

    def start(self, hosts, run, *more):
        ranks = [Rank(rank, ADDRESSES[0], arguments(run, *more), self.folder, hosts.inside(rank)) for rank in range(2)]
        for rank in ranks:
            self.addCleanup(rank.kill)
        return ranks

    def await_steps(self, ranks, number):
        end = time.monotonic() + 120
        while len(losses(self.run)) < number and time.monotonic() < end:
            self.assertIsNone(ranks[0].process.poll(), ranks[0].output())
            time.sleep(0.05)
        self.assertGreaterEqual(len(losses(self.run)), number, ranks[0].output())

    def test_they_train_the_same_as_on_one_machine(self):
        with Hosts() as hosts:
            print("with" if hosts.delayed else "no netem here: without", "a delay of 20 ms")
            short = ("train.epochs=1", "distributed.timeout_s=60")
            ranks = self.start(hosts, self.run, *short)
            for rank in ranks:
                self.assertEqual(rank.wait(300), 0, rank.output())
            # A namespace without the cable: two ranks on one machine.
            alone = os.path.join(self.folder, "alone")
            hosts.cut()
            ranks = [Rank(rank, "127.0.0.1", arguments(alone, *short), self.folder, hosts.inside(0)) for rank in range(2)]
            for rank in ranks:
                self.addCleanup(rank.kill)
                self.assertEqual(rank.wait(300), 0, rank.output())
        self.assertEqual(len(losses(self.run)), 3)
        self.assertEqual(losses(self.run), losses(alone))

    def test_only_the_named_address_is_listened_on_and_a_cut_cable_ends_both(self):
        timeout_s = 8
        with Hosts() as hosts:
            ranks = self.start(hosts, self.run, "train.epochs=500", f"distributed.timeout_s={timeout_s}")
            self.await_steps(ranks, 2)
            for rank, address in enumerate(ADDRESSES):
                listening = subprocess.run([*hosts.inside(rank), "ss", "-ltnH"], check=True, capture_output=True, text=True)
                places = [line.split()[3] for line in listening.stdout.splitlines()]
                self.assertTrue(places)
                for place in places:
                    self.assertRegex(place, "^" + re.escape(address) + r":\d+$")
            hosts.cut()
            begin = time.monotonic()
            for rank, other in ((ranks[0], "rank 1"), (ranks[1], "rank 0")):
                self.assertEqual(rank.wait(120), 1, rank.output())
                self.assertIn(other, rank.output().split("error", 1)[1])
            # Until the call fails, to find out who is gone (4 s), and to write a checkpoint on a busy machine.
            self.assertLess(time.monotonic() - begin, timeout_s + 4 + 30)
            self.assertIn("checkpoint written", ranks[0].output())


def main():
    if not all(map(shutil.which, ("ip", "tc", "ss"))):
        print("skipped: iproute2 (ip, tc, ss) is missing")
        return SKIPPED
    try:
        with Hosts():
            pass
    except subprocess.CalledProcessError as error:
        print(f"skipped: no network namespaces here: {error.stderr.strip()}")
        return SKIPPED
    unittest.main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
