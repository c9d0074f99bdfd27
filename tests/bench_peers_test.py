"""Tests of tests/bench/peers/bench_peers.py, with programs that stand for flowtrain and the libraries."""
import os
import stat
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "bench", "peers"))
sys.dont_write_bytecode = True
import bench_peers  # noqa: E402

SCRIPT = os.path.join(ROOT, "tests", "bench", "peers", "bench_peers.py")
CORE = str(min(os.sched_getaffinity(0)))

# Answers as the program does, and notes its arguments and environment beside itself.
FAKE_FLOWTRAIN = """#!/bin/sh
[ "$1" != --version ] || { echo flowtrain 0; exit; }
echo "$@ SIMD=$FLOWTRAIN_MAX_SIMD" >>"$0.calls"
echo '{"views_per_s": 3000}'
"""
# Stands for a Python that has the libraries.
FAKE_PYTHON = """#!/bin/sh
case "$*" in *--versions) echo '{"albumentations": "9"}' ;; *) echo '{"views_per_s": 1000}' ;; esac
"""


def write_program(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
    return path


class Files(unittest.TestCase):
    def test_what_it_starts_is_there(self):
        self.assertTrue(os.path.exists(bench_peers.WORKER))
        self.assertTrue(os.path.exists(bench_peers.MODULE))


class Table(unittest.TestCase):
    def test_ratios_are_of_the_same_round(self):
        text = bench_peers.table({"flowtrain": [200.0, 300.0, 600.0], "other": [100.0, 100.0, 300.0]})
        self.assertIn("| flowtrain | 300 (200 to 600) |  |", text)
        self.assertIn("| other | 100 (100 to 300) | 2.00 (2.00 to 3.00) |", text)


class Program(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.flowtrain = write_program(self.folder.name + "/flowtrain", FAKE_FLOWTRAIN)
        self.python = write_program(self.folder.name + "/python", FAKE_PYTHON)

    def run_script(self, *arguments):
        return subprocess.run([sys.executable, SCRIPT, "--flowtrain", self.flowtrain, "--python", self.python, *arguments],
                              capture_output=True, text=True, check=False)

    def test_measures_each_by_turns_and_prints_a_table(self):
        done = self.run_script("--stl10", self.folder.name, "--cores", CORE, "--rounds", "3", "--peers", "albumentations",
                               "--flowtrain-set", "data.cache=memory FLOWTRAIN_MAX_SIMD=avx2")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("| albumentations | 1000 (1000 to 1000) | 3.00 (3.00 to 3.00) |", done.stdout)
        self.assertIn("| flowtrain data.cache=memory FLOWTRAIN_MAX_SIMD=avx2 |", done.stdout)
        self.assertIn("albumentations 9", done.stdout)
        with open(self.flowtrain + ".calls", encoding="utf-8") as file:
            calls = file.read().splitlines()
        self.assertEqual(len(calls), 6)
        plain = [call for call in calls if call.endswith("SIMD=")]
        self.assertEqual(len(plain), 3)
        for words in ("bench loader", "data.kind=stl10", "data.num_workers=1", "data.splits=[train]", "--skip-engine"):
            self.assertIn(words, plain[0])
        cached = next(call for call in calls if call.endswith("SIMD=avx2"))
        self.assertIn("--set data.cache=memory", cached)
        self.assertIn("--warm-up-epochs 1", cached)

    def test_measures_the_module_too(self):
        done = self.run_script("--stl10", self.folder.name, "--cores", CORE, "--rounds", "1", "--peers", "", "--module",
                               "--module-python", self.python)
        self.assertEqual(done.returncode, 0, done.stderr)
        for dtype in ("uint8", "float32"):
            self.assertIn(f"| flowtrain in Python, {dtype} | 1000 (1000 to 1000) | 3.00 (3.00 to 3.00) |", done.stdout)

    def test_a_loader_that_fails_is_named_with_what_it_said(self):
        write_program(self.python, "#!/bin/sh\necho no such library >&2\nexit 3\n")
        done = self.run_script("--stl10", self.folder.name, "--cores", CORE, "--peers", "albumentations")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no such library", done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_bad_usage_is_told(self):
        for arguments in ([], ["--stl10", "/there/is/none"], ["--jpeg", self.folder.name, "--peers", "nobody"],
                          ["--jpeg", self.folder.name, "--cores", "4096"],
                          ["--jpeg", self.folder.name, "--rounds", "0"]):
            done = self.run_script(*arguments)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertNotIn("Traceback", done.stderr)


if __name__ == "__main__":
    unittest.main()
