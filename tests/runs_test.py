"""`flowtrain runs`, `runs diff` and `runs rm` on runs that are made up, and on a real one.

  runs_test.py PROGRAM
"""
import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
GRAPH = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "graphs", "simclr.yaml")
SMALL = [word for one in ("data.kind=sample", "sample.images=24", "model.width_multiplier=0.125", "data.image_size=16", "data.batch_size=4",
                          "gpu.gradient_accumulation=2", "train.epochs=2", "train.warmup_epochs=1",
                          "data.num_workers=2", "threads=1", "gpu.mixed_precision=false", "device=cpu")
         for word in ("--set", one)]


def step(number, loss, **more):
    return {"step": number, "epoch": 1, "loss": loss, "lr": 0.1, "images": 8, "seconds": 1.0,
            "images_per_s": 8.0 + number, "data_wait": 0.0, **more}


class Runs(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name
        self.runs = os.path.join(self.folder, "runs")
        os.mkdir(self.runs)

    def make(self, name, lines=(), state=None, started=None, config="", log=""):
        folder = os.path.join(self.runs, name)
        os.mkdir(folder)
        base = "data: {kind: stl10, root: x}\ntrain: {epochs: 2, learning_rate: 0.1}\n"
        files = {"config.yaml": config or base, "log.txt": log,
                 "metrics.jsonl": "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines)}
        if state:
            files["state.json"] = json.dumps({"state": state, "total_steps": 6, "started_s": started or 1000})
        for file, text in files.items():
            with open(os.path.join(folder, file), "w", encoding="utf-8") as out:
                out.write(text)
        return folder

    def flowtrain(self, *words, code=0):
        done = subprocess.run([PROGRAM, *words], cwd=self.folder, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
        self.assertEqual(done.returncode, code, done.stdout)
        return done.stdout

    def listed(self):
        listed = json.loads(self.flowtrain("runs", "--json"))
        return {run["name"]: run for run in listed["runs"]}, listed

    def test_states_and_figures(self):
        lines = [step(1, 3.0), step(2, 2.5, knn_top1=31.0), step(3, None), "{\"step\": 4, \"lo"]
        self.make("done", [step(i, 3.0 - i / 10) for i in range(1, 7)] +
                  [{"final": True, "knn_top1": 40.5, "knn_top1_start": 90.0}], "done", 3000)
        self.make("failed", lines, "failed", 2000)
        self.make("killed", lines, "running", 1000)
        held = self.make("held", lines, "running", 4000)
        descriptor = os.open(held, os.O_RDONLY)
        self.addCleanup(os.close, descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        runs, listed = self.listed()
        self.assertEqual([run["name"] for run in listed["runs"]], ["held", "done", "failed", "killed"])  # newest first
        self.assertEqual({name: run["state"] for name, run in runs.items()},
                         {"done": "done", "failed": "failed", "killed": "interrupted", "held": "running"})
        self.assertEqual((runs["done"]["steps"], runs["done"]["total_steps"]), (6, 6))
        self.assertEqual(runs["done"]["loss"], 2.4)
        self.assertEqual(runs["done"]["knn_top1_best"], 40.5)  # that of the untrained network is no result
        self.assertEqual(runs["killed"]["steps"], 3)
        self.assertEqual(runs["killed"]["loss"], 2.5)  # the last that was finite
        self.assertEqual(runs["killed"]["knn_top1_best"], 31.0)
        size = sum(os.path.getsize(os.path.join(self.runs, "done", file)) for file in os.listdir(held))
        self.assertEqual(runs["done"]["bytes"], size)

    def test_a_run_of_an_older_version_tells_its_state_by_its_log(self):
        time_of = "2026-11-29T04:14:18.335+00:00"
        whole = [step(i, 2.0) for i in range(1, 5)] + [{"epoch": 1, "steps": 2}]
        self.make("whole", whole)
        self.make("part", whole[:3] + [{"epoch": 1, "steps": 2}])
        self.make("broken", whole, log=f"{time_of} info # flowtrain 0.1\n{time_of} error it fell over\n")
        self.make("mended", whole, log=f"{time_of} error it fell over\n{time_of} info # flowtrain 0.1\n")
        runs, _ = self.listed()
        self.assertEqual({name: run["state"] for name, run in runs.items()},
                         {"whole": "done", "part": "interrupted", "broken": "failed", "mended": "done"})
        self.assertEqual(runs["part"]["total_steps"], 4)

    def test_the_table_is_narrow_and_names_what_is_no_run(self):
        self.make("a-name-that-is-much-longer-than-a-column-has-room-for-in-a-table", [step(123456, 2.0)], "done")
        os.mkdir(os.path.join(self.runs, "foreign"))
        self.make("bad", [], config="data: [1")
        text = self.flowtrain("runs")
        table = [line for line in text.splitlines() if not line.startswith("not listed")]
        self.assertLessEqual(max(map(len, table)), 100, text)
        self.assertIn("123,456/6", text)
        self.assertIn("runs/foreign: it holds no run (no config.yaml)", text)
        self.assertIn("not listed: runs/bad", text)
        self.assertIn("there are no runs in foreign", self.flowtrain("runs", "runs/foreign").replace("runs/", ""))
        self.assertIn("cannot read nowhere", self.flowtrain("runs", "nowhere", code=2))

    def test_a_difference_names_keys_and_figures(self):
        self.make("a", [step(1, 3.0), step(2, 2.0), step(3, 1.0)], "done")
        self.make("b", [step(1, 3.5), step(2, 2.25)], "interrupted",
                  config="data: {kind: stl10, root: x}\ntrain: {epochs: 2, learning_rate: 0.2}\nnew: 1\n")
        found = json.loads(self.flowtrain("runs", "diff", "a", "runs/b", "--json"))
        self.assertEqual(found["parameters"], [{"key": "train.learning_rate", "a": "0.1", "b": "0.2"},
                                               {"key": "new", "a": "-", "b": "1"}])
        self.assertEqual(found["last_common_step"], {"step": 2, "loss_a": 2.0, "loss_b": 2.25})
        text = self.flowtrain("runs", "diff", "a", "b")
        self.assertRegex(text, r"train.learning_rate +0.1 +0.2\n")
        self.assertRegex(text, r"loss at step 2 +2.0000 +2.2500\n")
        self.assertIn("no parameter differs", self.flowtrain("runs", "diff", "a", "a"))
        self.assertIn("there is no such folder", self.flowtrain("runs", "diff", "a", "c", code=2))

    def test_rm_refuses_before_it_deletes_anything(self):
        good = self.make("good", [step(1, 3.0)], "done")
        foreign = os.path.join(self.runs, "foreign")
        os.mkdir(foreign)
        self.assertIn("--yes", self.flowtrain("runs", "rm", "good", code=2))  # no terminal to ask on
        self.assertIn("holds no run", self.flowtrain("runs", "rm", "good", "foreign", "--yes", code=2))
        os.symlink(good, os.path.join(self.runs, "link"))
        self.assertIn("is a link", self.flowtrain("runs", "rm", "runs/link", "--yes", code=2))
        held = self.make("held", [], "running")
        descriptor = os.open(held, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        self.assertIn("is writing to", self.flowtrain("runs", "rm", "good", "held", "--yes", code=2))
        os.close(descriptor)
        self.assertTrue(os.path.isdir(good) and os.path.isdir(foreign))
        self.flowtrain("runs", "rm", "good", "runs/good/", "held", "--yes")
        self.assertEqual(sorted(os.listdir(self.runs)), ["foreign", "link"])

    def test_a_terminal_is_asked(self):
        import pty
        good = self.make("good", [step(1, 3.0)], "done")
        for answer, code, there in (("n", 1, True), ("", 1, True), ("y", 0, False)):
            ours, theirs = pty.openpty()
            program = subprocess.Popen([PROGRAM, "runs", "rm", "good"], cwd=self.folder, stdin=theirs,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            os.write(ours, (answer + "\n").encode())
            out, _ = program.communicate(timeout=60)
            os.close(ours)
            os.close(theirs)
            self.assertIn("Delete 1 run", out)
            self.assertEqual((program.returncode, os.path.isdir(good)), (code, there), out)

    def test_a_real_run_says_how_it_ended(self):
        run = os.path.join(self.runs, "real")
        self.flowtrain(GRAPH, "--run-dir", run, *SMALL)
        self.assertEqual(self.listed()[0]["real"]["state"], "done")
        self.assertEqual(self.listed()[0]["real"]["total_steps"], 6)
        cut = os.path.join(self.runs, "cut")
        program = subprocess.Popen([PROGRAM, GRAPH, "--run-dir", cut, *SMALL, "--set", "train.epochs=5000"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 120
        while time.monotonic() < end and self.listed()[0].get("cut", {}).get("steps", 0) == 0:
            time.sleep(0.2)
        self.assertEqual(self.listed()[0]["cut"]["state"], "running")
        self.assertEqual(self.listed()[0]["cut"]["total_steps"], 15000)
        program.send_signal(signal.SIGINT)
        self.assertEqual(program.wait(120), 130)
        self.assertEqual(self.listed()[0]["cut"]["state"], "interrupted")


if __name__ == "__main__":
    unittest.main()
