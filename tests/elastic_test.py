#!/usr/bin/env python3
"""torchrun with machines that come and go: two of its agents on this machine, of which the second joins a run and is killed later.
What comes of it is the run of one process: in each step the same images. Skipped where PYTHON has no torch.

    elastic_test.py PROGRAM PYTHON
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM, PYTHON = sys.argv.pop(1), sys.argv.pop(1)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SKIPPED = 77
PATIENCE_S = 240
STEPS = 24  # four epochs of six
IMAGES = 8  # of a step


def arguments(run):
    # Without learning nothing but the images of a step decides its loss.
    settings = ["data.kind=sample", "sample.images=48", "data.image_size=8", "data.batch_size=4", "model.stem=small",
                "model.width_multiplier=0.125", "gpu.gradient_accumulation=auto", f"train.effective_batch={IMAGES}", "train.epochs=4", "train.warmup_epochs=0",
                "train.learning_rate=0", "data.num_workers=1", "threads=1", "gpu.mixed_precision=false", "device=cpu",
                "evaluate.knn=false", "distributed.timeout_s=20", "run.tensorboard=false"]
    return [PROGRAM, os.path.join(ROOT, "graphs/simclr.yaml"), "--run-dir", run, "--resume"] + [
        w for s in settings for w in ("--set", s)]


def steps_of(run):
    """The lines of the steps, in the order in which they were made."""
    try:
        with open(os.path.join(run, "metrics.jsonl"), encoding="utf-8") as lines:
            objects = [json.loads(line) for line in lines if line.endswith("\n")]
    except FileNotFoundError:
        return []
    return [line for line in objects if "step" in line]


class Agent:
    """One machine's torchrun, with its rank."""

    def __init__(self, name, port, command, folder):
        environment = dict(os.environ, TORCH_DISABLE_SHARE_RDZV_TCP_STORE="1", OMP_NUM_THREADS="1")
        self.path = os.path.join(folder, name + ".txt")
        patience = "join_timeout=120,last_call_timeout=1,keep_alive_interval=1,keep_alive_max_attempt=3"
        with open(self.path, "w", encoding="utf-8") as output:
            self.process = subprocess.Popen(
                [PYTHON, "-m", "torch.distributed.run", "--no-python", "--nnodes", "1:4", "--nproc-per-node", "1", "--max-restarts",
                 "5", "--monitor-interval", "0.1", "--rdzv-backend", "c10d", "--rdzv-endpoint", f"127.0.0.1:{port}", "--rdzv-id",
                 "elastic", "--local-addr", "127.0.0.1", "--rdzv-conf", patience, *command],
                env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)

    def output(self):
        with open(self.path, encoding="utf-8") as file:
            return file.read()

    def ranks(self):
        """The processes it has started, which torchrun gives a session each."""
        children = subprocess.run(["ps", "--no-headers", "-o", "pid", "--ppid", str(self.process.pid)], capture_output=True,
                                  text=True, check=False)
        return [int(pid) for pid in children.stdout.split()]

    def kill(self):
        """As where the machine is lost: without a word of either."""
        for pid in [*self.ranks(), self.process.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Elastic(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="flowtrain-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.run = os.path.join(self.folder, "run")

    def agent(self, name, port):
        agent = Agent(name, port, arguments(self.run), self.folder)
        self.addCleanup(lambda: agent.process.poll() is None and agent.kill())
        return agent

    def until(self, what, happened, *agents):
        end = time.monotonic() + PATIENCE_S
        while not happened():
            self.assertLess(time.monotonic(), end, f"in vain: {what}\n" + "\n".join(a.output() for a in agents))
            for agent in agents:
                self.assertIsNone(agent.process.poll(), f"ended before: {what}\n" + agent.output())
            time.sleep(0.02)

    def test_an_agent_that_joins_and_is_lost(self):
        port = free_port()
        first = self.agent("first", port)
        self.until("steps of one rank", lambda: len(steps_of(self.run)) >= 2, first)
        alone = first.ranks()
        for pid in alone:  # until the second has started, which takes longer than all steps
            os.kill(pid, signal.SIGSTOP)
        second = self.agent("second", port)
        self.until("the second joins", lambda: "closing signal SIGTERM" in first.output(), first, second)
        for pid in alone:
            os.kill(pid, signal.SIGCONT)
        together = lambda: [step for step in steps_of(self.run) if step.get("collective_bytes", 0) > 0]
        self.until("steps of two ranks", lambda: len(together()) >= 2, first, second)
        second.kill()
        self.assertLess(len(steps_of(self.run)), STEPS - 2, "it was killed too late")
        self.assertEqual(first.process.wait(PATIENCE_S), 0, first.output())

        steps = steps_of(self.run)
        self.assertEqual([step["step"] for step in steps], list(range(steps[0]["step"], steps[0]["step"] + STEPS)))
        self.assertEqual({step["images"] for step in steps}, {IMAGES})
        # By one rank, by two, by one again.
        by = "".join("2" if step.get("collective_bytes", 0) > 0 else "1" for step in steps)
        self.assertRegex(by, "^1+2+1+$", first.output())

        undisturbed = os.path.join(self.folder, "undisturbed")
        subprocess.run(arguments(undisturbed), check=True, capture_output=True)
        losses, expected = [step["loss"] for step in steps], [step["loss"] for step in steps_of(undisturbed)]
        self.assertEqual(len(expected), STEPS)
        for number, (loss, other) in enumerate(zip(losses, expected)):
            self.assertAlmostEqual(loss / other, 1, delta=1e-5, msg=f"step {number} had other images: {by}")
        # Other images would have shown.
        self.assertGreater(min(abs(a / b - 1) for i, a in enumerate(expected) for b in expected[:i]), 5e-5)


def main():
    has_torch = "import importlib.util as u, sys; sys.exit(u.find_spec('torch') is None)"
    found = subprocess.run([PYTHON, "-c", has_torch], capture_output=True, check=False)
    if found.returncode != 0:
        print(f"skipped: {PYTHON} has no torch")
        return SKIPPED
    if not shutil.which("ps"):
        print("skipped: ps (procps) is missing")
        return SKIPPED
    unittest.main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
