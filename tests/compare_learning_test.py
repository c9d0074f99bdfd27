"""Tests of tests/bench/peers/compare_learning.py, with programs that stand for flowtrain and the reference."""
import json
import os
import re
import stat
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "bench", "peers"))
sys.dont_write_bytecode = True
import compare_learning  # noqa: E402
import recipe  # noqa: E402

SCRIPT = os.path.join(ROOT, "tests", "bench", "peers", "compare_learning.py")

# Writes the metrics of a run of two steps to the folder after --run-dir, and notes its arguments beside itself.
FAKE_FLOWTRAIN = """#!/bin/sh
[ "$1" != --version ] || { echo flowtrain 0; exit; }
echo "$@" >>"$0.calls"
while [ "$1" != --run-dir ]; do shift; done
mkdir "$2"
cat >"$2/metrics.jsonl" <<'END'
{"step": 1, "epoch": 1, "loss": 5.5, "lr": 0.03}
{"step": 2, "epoch": 1, "loss": 4.5, "lr": 0.06}
{"epoch": 1, "steps": 2, "seconds": 1.5, "loss": 5.0}
{"final": true, "knn_top1": 40.0, "knn_top1_start": 20.0}
END
"""
# Stands for a Python that has the libraries; notes its settings beside itself.
FAKE_PYTHON = """#!/bin/sh
case "$*" in
  *--versions) echo '{"torch": "9"}' ;;
  *) echo "$2" >>"$0.calls"
     echo '{"knn_start": 21.0, "knn": 38.0, "losses": [5.1], "rates": [0.03, 0.06], "seconds": 2}' ;;
esac
"""


def write_program(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
    return path


def result(knn, loss, start=20.0):
    return {"knn_start": start, "knn": knn, "losses": [5.0, loss], "rates": [0.1], "seconds": 1}


class Files(unittest.TestCase):
    def test_what_it_starts_is_there(self):
        self.assertTrue(os.path.exists(compare_learning.REFERENCE))


class Recipe(unittest.TestCase):
    def test_is_that_of_the_shipped_configuration(self):
        with open(os.path.join(ROOT, "configs", "stl10_config.yaml"), encoding="utf-8") as file:
            section = re.search(r"^augment:.*\n((?:  .*\n)+)", file.read(), re.MULTILINE).group(1)
        shipped = dict(re.findall(r"^  (\w+): (.*?)(?:  #.*)?$", section, re.MULTILINE))
        for name, value in recipe.PARAMETERS.items():
            key = name.removeprefix("augment.")
            self.assertIn(key, shipped)
            if isinstance(value, str):
                self.assertEqual(shipped[key].strip(), value)
                continue
            numbers, given = (each if isinstance(each, list) else [each] for each in (json.loads(shipped[key]), value))
            for a, b in zip(numbers, given, strict=True):
                self.assertAlmostEqual(a, b, places=6, msg=name)


class Figures(unittest.TestCase):
    def test_metrics_are_told_apart(self):
        lines = ['{"step": 1, "epoch": 1, "loss": 6, "lr": 0.1}', '{"epoch": 1, "steps": 1, "seconds": 2, "loss": 6}',
                 '{"step": 2, "epoch": 2, "loss": 5, "lr": 0.2}', '{"epoch": 2, "steps": 1, "seconds": 3, "loss": 5}',
                 '{"final": true, "knn_top1": 33.25, "knn_top1_start": 20.5}']
        self.assertEqual(compare_learning.read_metrics(lines),
                         {"losses": [6, 5], "rates": [0.1, 0.2], "seconds": 5, "knn": 33.25, "knn_start": 20.5})

    def test_difference_has_welchs_standard_error(self):
        step, error = compare_learning.difference([1.0, 3.0], [2.0, 2.0, 5.0])
        self.assertAlmostEqual(step, -1)
        self.assertAlmostEqual(error, (2 / 2 + 3 / 3) ** 0.5)
        self.assertEqual(compare_learning.difference([1.0], [2.0]), (-1, None))

    def test_within_is_of_the_mean(self):
        self.assertTrue(compare_learning.within([1.0, 5.0], [2.0, 4.0]))
        self.assertFalse(compare_learning.within([4.0, 5.0], [2.0, 4.0]))

    def test_table_and_verdict(self):
        results = {"flowtrain": [result(40, 4.0), result(42, 4.2)], "reference": [result(38, 4.1), result(39, 4.3)]}
        self.assertIn("| kNN top-1 after, % | flowtrain | 40.0 | 42.0 | 41.0 (40.0 to 42.0) |",
                      compare_learning.table(results))
        text = compare_learning.verdict(results)
        self.assertIn("kNN top-1 after, %: flowtrain's mean is outside the reference's range", text)
        self.assertIn("by +2.5, with a standard error of 1.1.", text)
        self.assertIn("loss of the last epoch: flowtrain's mean is within", compare_learning.verdict(
            {**results, "reference": [result(38, 4.0), result(39, 4.3)]}))

    def test_curve_has_the_first_and_the_last_epoch(self):
        text = compare_learning.curve({side: [result(40, 4.0)] for side in compare_learning.SIDES})
        self.assertIn("| 1 | 5.0000 (5.0000 to 5.0000) |", text)
        self.assertIn("| 2 | 4.0000 (4.0000 to 4.0000) |", text)

    def test_other_steps_or_rates_are_an_error(self):
        with self.assertRaisesRegex(compare_learning.Failed, "1 steps and the reference 2"):
            compare_learning.check_alike({"rates": [1]}, {"rates": [1, 2]})
        with self.assertRaisesRegex(compare_learning.Failed, "in step 2 flowtrain's is 2, the reference's 3"):
            compare_learning.check_alike({"rates": [1, 2]}, {"rates": [1, 3]})


class Program(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.flowtrain = write_program(self.folder.name + "/flowtrain", FAKE_FLOWTRAIN)
        self.python = write_program(self.folder.name + "/python", FAKE_PYTHON)
        for split in compare_learning.SPLITS:
            write_program(f"{self.folder.name}/{split}_X.bin", "")

    def run_script(self, *arguments):
        return subprocess.run([sys.executable, SCRIPT, "--flowtrain", self.flowtrain, "--python", self.python, *arguments],
                              capture_output=True, text=True, check=False)

    def test_trains_both_alike_and_prints_the_tables(self):
        report = self.folder.name + "/report.json"
        done = self.run_script("--data", self.folder.name, "--seeds", "2", "--jobs", "2", "--epochs", "20", "--size", "32",
                               "--json", report)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("| kNN top-1 after, % | flowtrain | 40.0 | 40.0 | 40.0 (40.0 to 40.0) |", done.stdout)
        self.assertIn("| kNN top-1 after, % | reference | 38.0 | 38.0 | 38.0 (38.0 to 38.0) |", done.stdout)
        self.assertIn("outside", done.stdout)
        with open(self.flowtrain + ".calls", encoding="utf-8") as file:
            calls = file.read().splitlines()
        with open(self.python + ".calls", encoding="utf-8") as file:
            told = [json.loads(line) for line in file]
        self.assertEqual((len(calls), len(told)), (2, 2))
        self.assertEqual(sorted(settings["seed"] for settings in told), [1, 2])
        for settings in told:
            call = next(each for each in calls if f"--set train.seed={settings['seed']} " in each)
            for name, value in settings.items():
                self.assertIn(f"--set {compare_learning.FLOWTRAIN_NAMES[name]}={value}", call)
            for words in ("data.splits=[\"train\", \"unlabeled\"]", "gpu.mixed_precision=false",
                          "gpu.gradient_accumulation=1", "augment.crop_scale=[0.2, 1.0]", "train.warmup_epochs=2"):
                self.assertIn(f"--set {words}", call)
        with open(report, encoding="utf-8") as file:
            self.assertEqual(len(json.load(file)["results"]["reference"]), 2)

    def test_a_side_that_fails_is_named_with_what_it_said(self):
        write_program(self.python, "#!/bin/sh\necho no such library >&2\nexit 3\n")
        done = self.run_script("--data", self.folder.name)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no such library", done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_bad_usage_is_told(self):
        for arguments in (["--data", "/there/is/none"], ["--data", self.folder.name, "--seeds", "0"],
                          ["--data", self.folder.name, "--threads", "4096"],
                          ["--data", self.folder.name, "--warmup-epochs", "50", "--epochs", "50"]):
            done = self.run_script(*arguments)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertNotIn("Traceback", done.stderr)


if __name__ == "__main__":
    unittest.main()
