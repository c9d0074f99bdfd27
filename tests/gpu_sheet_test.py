"""Tests of tools/gpu_sheet: its parts of programs, and all of it on the accelerator for tests.

    gpu_sheet_test.py
    gpu_sheet_test.py --whole PROGRAM ACCELERATOR PYTHON     minutes; PYTHON may have torch and torchvision
"""
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
import types
import unittest
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tools", "lib", "gpu_sheet"))
import machine  # noqa: E402
import part_loader  # noqa: E402
import part_path  # noqa: E402
import part_peer  # noqa: E402
import part_settings  # noqa: E402
from program import Done, Failed, Run, Runner, find_flowtrain, metrics_of  # noqa: E402
from record import Part, Sheet  # noqa: E402
from sizes import MadeUp, Sizes  # noqa: E402

SCRIPT = os.path.join(ROOT, "tools", "gpu_sheet")
PAGES = os.path.join(ROOT, "docs", "measurements")
WHOLE = None  # PROGRAM, ACCELERATOR, PYTHON

# Answers as NVIDIA's does.
FAKE_SMI = """#!/bin/sh
case "$1" in
  *name*) echo 'NVIDIA H100 80GB HBM3, 580.159.04, 81559' ;;
  *memory.used*) echo x >>"$0.calls"; echo "$((1000 + 500 * $(wc -l <"$0.calls")))" ;;
esac
"""
FAKE_BENCH = """#!/bin/sh
case "$1" in
  bench) printf '  with the loader   15000 images/s  (1 to 2), data wait 0.0%%\\n'
         printf '  fixed batches     16000 images/s  (1 to 2), data wait 0.0%%\\n  ratio             0.938\\n' ;;
  compare) printf 'a table\\n' ;;
  slow) echo begun; sleep 60 & wait ;;
  bad) echo 'error: no such thing' >&2; exit 3 ;;
  *) echo "$@" ;;
esac
"""


def write_program(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o755)
    return path


def write_png(path, pixels, side=12):
    """Of RGB bytes."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + pixels[3 * side * y:3 * side * (y + 1)] for y in range(side))
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
                   + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class InFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def part(self, minutes=1, number=1):
        return Part(Sheet(self.folder), number, "A title", "a machine.", False, minutes)

    def runner(self, device="cuda"):
        program = write_program(os.path.join(self.folder, "flowtrain"), FAKE_BENCH)
        runner = Runner(program, device, None, os.path.join(self.folder, "log.txt"))
        self.addCleanup(runner.work.cleanup)
        return runner

    def fake_gpu(self):
        write_program(os.path.join(self.folder, "nvidia-smi"), FAKE_SMI)
        before = os.environ["PATH"]
        os.environ["PATH"] = self.folder + os.pathsep + before
        self.addCleanup(os.environ.__setitem__, "PATH", before)

    def json(self):
        with open(os.path.join(self.folder, "gpu.json"), encoding="utf-8") as file:
            return json.load(file)

    def page(self):
        with open(os.path.join(self.folder, "gpu.md"), encoding="utf-8") as file:
            return file.read()


class Figures(InFolder):
    def test_each_is_written_at_once(self):
        part = self.part()
        part.figure("speed | rate", "12 images/s", 12.0, "at least 10", True)
        self.assertEqual(self.json()["parts"]["1"]["figures"][0]["value"], 12.0)
        self.assertIn("| speed \\| rate | 12 images/s | at least 10 | pass |", self.page())
        part.figure("memory", "4 GB", 4, "less than 3 GB", False)
        self.assertIn("| memory | 4 GB | less than 3 GB | miss |", self.page())

    def test_a_step_that_fails_says_why_and_the_part_goes_on(self):
        part = self.part()
        for error in (Failed("no disk"), ValueError("odd")):
            with part.step("a step"):
                raise error
        part.figure("next", "1")
        self.assertEqual([figure["verdict"] for figure in part.data["figures"]], ["failed", "failed", ""])
        self.assertIn("no disk", self.page())
        self.assertIn("ValueError: odd", self.page())
        self.assertTrue(part.some_failed())

    def test_parts_of_several_machines_are_joined(self):
        self.part(number=2).figure("one", "1")
        other = tempfile.TemporaryDirectory()
        self.addCleanup(other.cleanup)
        Part(Sheet(other.name), 1, "Another", "another machine.", True, 1).figure("two", "2")
        done = subprocess.run([sys.executable, SCRIPT, "--out", self.folder, "--join", other.name + "/gpu.json"], check=False)
        self.assertEqual(done.returncode, 0)
        self.assertLess(self.page().index("## 1. Another"), self.page().index("## 2. A title"))
        self.assertIn("Short:", self.page())

    def test_the_page_in_the_repository_is_what_the_sheet_writes(self):
        with open(os.path.join(PAGES, "gpu.md"), encoding="utf-8") as file:
            self.assertEqual(file.read(), Sheet(PAGES).markdown())


class Programs(InFolder):
    def test_what_it_cannot_find_is_named(self):
        with self.assertRaisesRegex(Failed, "is not there.*|bundle"):
            find_flowtrain(os.path.join(self.folder, "none"))
        with self.assertRaisesRegex(Failed, "does not start: no torch"):
            find_flowtrain(write_program(self.folder + "/broken", "#!/bin/sh\necho no torch >&2\nexit 1\n"))

    def test_a_program_that_fails_is_told_with_its_last_lines(self):
        with self.assertRaisesRegex(Failed, "exit code 3 instead of 0: error: no such thing"):
            self.runner().run([self.runner().flowtrain, "bad"]).expect()

    def test_a_program_that_takes_too_long_is_ended_with_all_that_it_started(self):
        runner, began = self.runner(), time.monotonic()
        with self.assertRaisesRegex(Failed, "not done after 1 s: begun"):
            runner.run([runner.flowtrain, "slow"], seconds=1)
        self.assertLess(time.monotonic() - began, 30)
        self.assertEqual(subprocess.run(["pgrep", "-f", self.folder + "/flowtrain slow"], check=False).returncode, 1)

    def test_a_part_starts_nothing_when_its_time_is_over(self):
        runner = self.runner()
        runner.part = self.part(minutes=0.01)
        with self.assertRaisesRegex(Failed, "0.01 minutes are used up"):
            runner.run([runner.flowtrain, "hello"])

    def test_parameters_are_handed_on(self):
        done = self.runner("cuda:1").run(self.runner("cuda:1").words(["timing"], {"data.kind": "sample", "device": "cpu"}))
        self.assertIn("--set device=cpu --set data.kind=sample", done.output)

    def test_a_half_written_line_of_metrics_does_not_count(self):
        with open(os.path.join(self.folder, "metrics.jsonl"), "w", encoding="utf-8") as file:
            file.write('{"step": 1, "loss": 2.5}\n{"step": 2, "lo')
        self.assertEqual(metrics_of(self.folder), [{"step": 1, "loss": 2.5}])


class OnAGpu(InFolder):
    """The lines that the accelerator for tests does not reach."""

    def test_nvidia_smi_is_read(self):
        self.fake_gpu()
        self.assertEqual(machine.gpu(), "NVIDIA H100 80GB HBM3 (81559 MiB), driver 580.159.04")
        with machine.UsedMemory() as used:
            time.sleep(1)
        self.assertEqual(used.before, 1500)
        self.assertGreater(used.most, 1500)

    def test_its_memory_is_limited_by_the_parameter(self):
        self.assertEqual(part_path.limited(self.runner("cuda:0"), 1 << 30), ({"gpu.memory_limit": "1024 MiB"}, None))
        self.assertIsNone(part_path.limited(self.runner("cpu"), 1 << 30))

    def test_a_shortage_must_be_told_and_stay_within_the_limit(self):
        steps = [{"step": i + 1, "loss": 5.0, "device_peak_bytes": 900 << 20} for i in range(6)]
        said = "warning: out of memory: the step is computed again, from the same images, in micro-batches of 256 images instead of 512"
        for text, peak, verdicts in ((said, 900 << 20, ["pass", "pass"]), ("done", 2 << 30, ["miss", "miss"])):
            steps[0]["device_peak_bytes"] = peak
            folder = os.path.join(self.folder, "run")
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, "metrics.jsonl"), "w", encoding="utf-8") as file:
                file.writelines(json.dumps(step) + "\n" for step in steps)
            run, seen = Run(Done([], 0, text, text, 1), folder), {}
            runner = types.SimpleNamespace(device="cuda", preload=None,
                                           train=lambda _, sets, __, run=run, seen=seen: seen.update(sets) or run)
            part = self.part()
            part_path.out_of_memory(part, runner, Sizes(False))
            self.assertEqual([figure["verdict"] for figure in part.data["figures"]], verdicts)
            self.assertEqual((seen["gpu.memory_limit"], seen["data.batch_size"]), ("1024 MiB", 512))

    def test_a_run_without_a_peak_has_no_figure(self):
        with open(os.path.join(self.folder, "metrics.jsonl"), "w", encoding="utf-8") as file:
            file.write('{"step": 1, "loss": 2.5}\n')
        with self.assertRaisesRegex(Failed, "device_peak_bytes"):
            Run(Done([], 0, "", "", 1), self.folder).peak_bytes()

    def test_speeds_are_held_against_what_the_card_should_do(self):
        self.fake_gpu()
        part = self.part()
        part_settings.measure(part, self.runner(), Sizes(True), types.SimpleNamespace(data=None))
        verdicts = {figure["name"]: figure["verdict"] for figure in part.data["figures"]}
        self.assertEqual(verdicts["4 x 2 exact: images/s on fixed batches"], "pass")
        self.assertEqual(verdicts["8 x 1: images/s on fixed batches"], "miss")
        self.assertIn("a table", self.page())

    def test_losses_that_differ_are_seen(self):
        self.assertAlmostEqual(part_path.greatest_difference([2.0, 4.4], [2.0, 4.0]), 0.1)
        for ours in ([2.0], [2.0, None]):
            with self.assertRaises(Failed):
                part_path.greatest_difference(ours, [2.0, 4.0])

    def test_a_loader_that_is_too_slow_is_a_miss(self):
        part = self.part()
        runner = self.runner()
        part_loader.loader(part, runner, Sizes(True), MadeUp(runner, Sizes(True), None))
        self.assertEqual(part.data["figures"][-1]["verdict"], "miss")
        self.assertEqual(part.data["figures"][-1]["value"], 0.938)

    def test_a_python_without_torchvision_is_told(self):
        self.assertEqual(part_peer.missing("/bin/false"), ["a Python (/bin/false does not start)"])


class Usage(unittest.TestCase):
    def test_bad_usage_is_told(self):
        for arguments in (["--part", "6"], ["--minutes", "0"], ["--data", "/there/is/none"], ["--cifar-images", "0"]):
            done = subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertNotIn("Traceback", done.stderr)


class Whole(InFolder):
    """Every part, end to end."""

    def cifar(self):
        for split, images in (("train", 12), ("test", 6)):
            for number, name in enumerate(("dark", "light")):
                folder = os.path.join(self.folder, "cifar", split, name)
                os.makedirs(folder)
                for i in range(images):
                    pixels = bytes(128 * number + (i * j) % 128 for j in range(3 * 12 * 12))
                    write_png(os.path.join(folder, f"{i}.png"), pixels)
        return os.path.join(self.folder, "cifar")

    def test_every_part_on_the_accelerator(self):
        program, accelerator, python = WHOLE
        self.fake_gpu()
        # The parameter by which a real GPU's memory is limited.
        for text in part_path.limited(self.runner("cuda"), 1 << 30)[0].items():
            words = [program, "validate", os.path.join(ROOT, "graphs", "simclr.yaml"), "--set", "=".join(text)]
            checked = subprocess.run(words, capture_output=True, text=True, check=False)
            self.assertEqual(checked.returncode, 0, checked.stderr)
        # More than a part's usual minutes: a machine that is busy with other tests is slow.
        done = subprocess.run([sys.executable, SCRIPT, "--short", "--minutes", "20", "--device", "mtia:0", "--preload",
                               accelerator, "--program", program, "--python", python, "--cifar", self.cifar(),
                               "--cifar-images", "24", "--out", self.folder],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        print(done.stdout)
        self.assertEqual(done.returncode, 0)
        parts = self.json()["parts"]
        self.assertEqual(list(parts), ["1", "2", "3", "4", "5"])
        figures = {figure["name"]: figure for part in parts.values() for figure in part["figures"]}
        # What must be right whatever the speed of the machine.
        right = [name for name, figure in figures.items() if figure["goal"] and name in
                 {each["name"] for each in parts["1"]["figures"]}]
        self.assertGreaterEqual(len(right), 8)
        for name in right:
            self.assertEqual(figures[name]["verdict"], "pass", figures[name])
        resumed = next(figure for name, figure in figures.items() if "resumed from step" in name)
        self.assertEqual(resumed["value"], 0)
        losses = next(figure for name, figure in figures.items() if "relative difference from a CPU's" in name)
        self.assertEqual(losses["value"], 0)
        for name in ("kernels a window", "memory at 4 x 2: as nvidia-smi shows it, context included", "best kNN top-1",
                     "8 x 1: images/s on fixed batches"):
            self.assertGreater(figures[name]["value"], 0, name)
        if not part_peer.missing(python):
            self.assertGreater(figures["flowtrain over the faster loop, 8 x 1"]["value"], 0)
        self.assertIn("cache emptying", self.page())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--whole"]:
        WHOLE = sys.argv[2:5]
        unittest.main(argv=[sys.argv[0], "Whole"])
    else:
        del Whole
        unittest.main()
