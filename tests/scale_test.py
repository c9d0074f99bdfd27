"""Tests of tests/bench/scale: the model's arithmetic, and a measurement in short.

    tests/scale_test.py FLOWTRAIN RANK_CALLS
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCRIPT = os.path.join(ROOT, "tests", "bench", "scale", "measure_scale.py")
DELAY_SCRIPT = os.path.join(os.path.dirname(SCRIPT), "measure_delay.py")
sys.path[:0] = [os.path.dirname(SCRIPT), os.path.join(ROOT, "tests", "support")]
sys.dont_write_bytecode = True
import measure_scale  # noqa: E402
import scale_model as model  # noqa: E402
from slow_cable import TwoHosts, Unavailable  # noqa: E402

FLOWTRAIN, RANK_CALLS = sys.argv[1:3]


class Network(unittest.TestCase):
    def test_has_the_parameters_and_the_products_that_are_published(self):
        # torchvision's, less the classifier's 513,000 and 2,049,000; the head's; and He et al., 2015, table 1.
        for name, backbone, head, products in (("resnet18", 11_689_512 - 513_000, 512 * 512 + 1024 + 512 * 128 + 128, 1.8e9),
                                               ("resnet50", 25_557_032 - 2_049_000, 2048 * 2048 + 4096 + 2048 * 128 + 128, 3.8e9)):
            layers = model.layers_of(name, 224)
            self.assertEqual(model.gradient_bytes(layers), 4 * (backbone + head))
            self.assertAlmostEqual(model.forward_products(layers) / 2 / products, 1, delta=0.1)

    def test_statistics_are_two_for_each_channel(self):
        # ResNet-18: 64 + 4 * 64 + (4 + 1) * (128 + 256 + 512), and 512 of the head.
        self.assertEqual(model.statistics_bytes(model.layers_of("resnet18", 32)), 4 * (2 * (4800 + 512) + 3))


class Sums(unittest.TestCase):
    def test_buckets_hold_all_and_are_full_but_the_last(self):
        layers = model.layers_of("resnet50", 224)
        buckets = model.buckets_of(layers)
        self.assertEqual(sum(size for size, _ in buckets), model.gradient_bytes(layers))
        self.assertEqual(len(buckets), 4)
        for size, _ in buckets[:-1]:
            self.assertGreaterEqual(size, 25 << 20)
        shares = [ready for _, ready in buckets]
        self.assertEqual(shares, sorted(shares))
        self.assertEqual(shares[-1], 1)

    def test_a_ring_sends_all_but_a_share_twice(self):
        self.assertAlmostEqual(model.ring_s(1e9, 4, 1e9, 0.25), 0.25 + 1.5)
        self.assertEqual(model.ring_s(1e9, 1, 1e9, 0.25), 0)
        self.assertAlmostEqual(model.gather_s(1e6, 3, 1e6, 0.5), 2.5)

    def test_only_what_comes_after_the_backward_pass_is_exposed(self):
        def seconds(size):
            return size

        # The first is over when the second is ready; then the two are one behind the other.
        self.assertAlmostEqual(model.exposed_s([(2, 0.2), (1, 1)], 10, seconds), 1)
        self.assertAlmostEqual(model.exposed_s([(9, 0.2), (1, 1)], 10, seconds), 2)
        self.assertAlmostEqual(model.exposed_s([(9, 0.2), (1, 1)], 10, seconds, overlap=False), 10)

    def test_one_rank_has_only_what_it_computes(self):
        machine = model.Machine(1, 1e12, 1e12, 1e12, 1e9, 1)
        parts = model.step_of(model.layers_of("resnet18", 32), 16, machine)
        self.assertAlmostEqual(model.total_s(parts), parts["compute"] + parts["loss"])

    def test_the_loss_grows_with_the_square_of_all_images(self):
        self.assertAlmostEqual(model.loss_s(64, 1e12, 1e12) / model.loss_s(32, 1e12, 1e12), 4)
        # 64 rows and 16 dimensions; the products, and the passes over a matrix of 16 KiB.
        self.assertAlmostEqual(model.loss_s(32, 1e6, 1e12, projection=16), 3 * 2 * 64 * 64 * 16 / 1e6, delta=1e-6)
        self.assertAlmostEqual(model.loss_s(32, 1e18, 1e6, projection=16), 24 * 4 * 64 * 64 / 1e6, delta=1e-6)


class Rows(unittest.TestCase):
    def test_the_model_adds_the_calls_to_what_processes_take_apart(self):
        layers = model.layers_of("resnet18", 32)
        names = measure_scale.call_names(layers, 16)
        self.assertEqual(names, ["sum:30167552", "sum:15853824", "sum:42508", "gather:16384"])
        calls = {name: 0.01 * (i + 1) for i, name in enumerate(names)}
        self.assertAlmostEqual(measure_scale.predicted_s(1, 0.5, calls, layers, 16), 1.6)

    def test_the_bandwidth_is_that_of_what_is_beyond_the_latency(self):
        layers = model.layers_of("resnet18", 32)
        calls = {"sum:4096": 0.5, "sum:30167552": 1.5}
        self.assertAlmostEqual(measure_scale.bandwidth_of(calls, 4, layers), 1.5 * 30167552)

    def test_without_steps_a_run_is_refused(self):
        with self.assertRaisesRegex(measure_scale.Failed, "--steps"):
            measure_scale.summary([])


class Program(unittest.TestCase):
    def run_script(self, *arguments, script=SCRIPT):
        return subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True, check=False)

    def test_gpus_are_predicted_without_a_program(self):
        done = self.run_script("--gpus")
        self.assertEqual(done.returncode, 0, done.stderr)
        for words in ("| resnet18 | 8 | 46.3 |", "| resnet50 | 64, 1 port a node | 112.4 |"):
            self.assertIn(words, done.stdout)

    # The bytes are those that the program says it has sent.
    def test_measures_in_short_and_knows_the_bytes(self):
        with tempfile.TemporaryDirectory() as folder:
            report = os.path.join(folder, "report.json")
            done = self.run_script("--flowtrain", FLOWTRAIN, "--rank-calls", RANK_CALLS, "--ranks", "2", "--batch", "2", "--size", "8",
                                   "--steps", "1", "--repeats", "1", "--json", report)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("| processes | cores |", done.stdout)
            with open(report, encoding="utf-8") as file:
                row = json.load(file)["rows"][0]
        layers = model.layers_of("resnet18", 8)
        self.assertEqual(row["bytes"], model.gradient_bytes(layers) + model.statistics_bytes(layers) + model.representation_bytes(2))
        self.assertGreater(row["waiting"], 0)
        self.assertLess(row["waiting"], 1)
        self.assertGreater(row["predicted_s"], row["apart_s"])

    # A gather takes one round trip at least, a sum two; a step has a gather and two sums, one of them beside the backward pass.
    def test_the_delay_of_a_network_is_in_what_it_measures(self):
        try:
            with TwoHosts(0):
                pass
        except Unavailable as why:
            self.skipTest(str(why))
        done = self.run_script("--flowtrain", FLOWTRAIN, "--rank-calls", RANK_CALLS, "--delays", "3", "--batch", "2", "--size", "8",
                               "--steps", "1", "--repeats", "1", script=DELAY_SCRIPT)
        self.assertEqual(done.returncode, 0, done.stderr)
        delay, round_trip, step, waited, _, gather, *sums = map(float, done.stdout.splitlines()[-1].strip("| ").split("|"))
        self.assertEqual(delay, 3)
        self.assertGreaterEqual(round_trip, 6)
        self.assertGreaterEqual(waited, 18)
        self.assertGreaterEqual(step, waited)
        self.assertGreaterEqual(gather, 6)
        self.assertGreaterEqual(min(sums), 12)

    def test_a_failure_is_named(self):
        done = self.run_script("--flowtrain", "/bin/false", "--rank-calls", RANK_CALLS)
        self.assertEqual(done.returncode, 1)
        self.assertNotIn("Traceback", done.stderr)

    def test_bad_usage_is_told(self):
        for arguments in (["--batch", "1"], ["--ranks", "1"], ["--repeats", "0"]):
            done = self.run_script(*arguments)
            self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(self.run_script("--delays", "-1", script=DELAY_SCRIPT).returncode, 2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
