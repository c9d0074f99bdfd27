"""Whether TensorBoard reads what a run writes for it, and the table says the same as metrics.jsonl.

  tensorboard_test.py FLOWTRAIN

Takes tensorboard and Pillow from PyPI; exit code 77 where it cannot be reached.
"""
import csv
import io
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from pypi import import_from_pypi  # noqa: E402

import_from_pypi("tensorboard==2.21.0", "pillow", "setuptools<81", modules=["tensorboard", "PIL"])

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: E402
from tensorboard.util import tensor_util  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FLOWTRAIN = sys.argv.pop(1)
SIDE = 16

# Of the rows of metrics.jsonl: what they are called in TensorBoard.
TAGS = {
    "epoch": "train/epoch", "loss": "train/loss", "lr": "train/learning_rate", "images": "train/images",
    "seconds": "speed/seconds", "images_per_s": "speed/images_per_second", "data_wait": "speed/data_wait",
    "loss_scale": "train/loss_scale", "skipped": "train/skipped", "knn_top1": "evaluate/knn_top1",
    "linear_top1": "evaluate/linear_top1", "linear_top5": "evaluate/linear_top5",
    "rankme": "representations/rankme", "feature_std": "representations/feature_std",
    "projection_std": "representations/projection_std", "alignment": "representations/alignment",
    "uniformity": "representations/uniformity"}
TAGS_OF_EPOCH = {
    "steps": "epoch/steps", "images": "epoch/images", "seconds": "epoch/seconds", "loss": "epoch/loss",
    "images_per_s": "epoch/images_per_second", "data_wait": "epoch/data_wait", "skipped": "epoch/skipped",
    "bad_images": "epoch/bad_images", "knn_top1": "evaluate/knn_top1", "linear_top1": "evaluate/linear_top1"}


def arguments(run, *more):
    settings = ["data.kind=sample", "sample.images=24", "model.width_multiplier=0.125", f"data.image_size={SIDE}", "data.batch_size=4",
                "gpu.gradient_accumulation=2", "train.epochs=4", "train.warmup_epochs=1", "data.num_workers=2",
                "threads=1", "gpu.mixed_precision=false", "device=cpu", "evaluate.every_epochs=2",
                "train.representations_every=2", "evaluate.probe=true", "run.checkpoint_every_steps=1",
                "run.keep_checkpoints=20", *more]
    return [FLOWTRAIN, "graphs/simclr.yaml", "--run-dir", run] + [w for s in settings for w in ("--set", s)]


def train(run, *more):
    done = subprocess.run(arguments(run, *more), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def lines_of(run):
    with open(os.path.join(run, "metrics.jsonl"), encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def event_files(run):
    return sorted(name for name in os.listdir(run) if name.startswith("events.out.tfevents."))


def expected_scalars(lines):
    """{tag: {step: value}}; steps from 1."""
    scalars, step = {}, 0
    for line in lines:
        if "step" in line:
            step, tags = line["step"], TAGS
        elif "final" in line:
            tags = {key: "evaluate/" + key for key in line if key != "final"}
        else:
            tags = TAGS_OF_EPOCH
        for key, value in line.items():
            if key in tags:
                scalars.setdefault(tags[key], {})[step] = math.nan if value is None else float(value)
            else:
                assert key in ("step", "final") or (key == "epoch" and tags is TAGS_OF_EPOCH), key
    return scalars


def as_tensorboard_reads(run):
    events = EventAccumulator(run, size_guidance={"scalars": 0, "images": 0, "tensors": 0})
    events.Reload()
    return events


class TensorBoard(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.run_dir = os.path.join(folder.name, "run")

    def check_scalars(self, events, lines):
        expected = expected_scalars(lines)
        self.assertEqual(sorted(events.Tags()["scalars"]), sorted(expected))
        for tag, values in expected.items():
            read = events.Scalars(tag)
            self.assertEqual([scalar.step for scalar in read], sorted(values), tag)
            for scalar in read:
                np.testing.assert_equal(np.float32(scalar.value), np.float32(values[scalar.step]), tag)

    def check_table(self, lines):
        with open(os.path.join(self.run_dir, "metrics.csv"), encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), len(lines))
        for row, line in zip(rows, lines):
            kind = "step" if "step" in line else "final" if "final" in line else "epoch"
            self.assertEqual(row.pop("row"), kind)
            step = int(row.pop("step"))
            if kind == "step":
                self.assertEqual(step, line["step"])
            for key, cell in row.items():
                value = line.get(key)
                self.assertEqual(None if cell == "" else float(cell), None if value is None else float(value), key)
            self.assertLessEqual(set(line) - {"step", "final"}, set(row))

    def test_a_run(self):
        output = train(self.run_dir)
        lines = lines_of(self.run_dir)
        self.assertEqual(sum("step" in line for line in lines), 12)
        self.assertTrue(any("linear_top1" in line for line in lines), output)
        self.assertTrue(any("rankme" in line for line in lines), output)
        events = as_tensorboard_reads(self.run_dir)
        self.check_scalars(events, lines)
        self.check_table(lines)
        self.assertEqual(len(event_files(self.run_dir)), 1)

        self.assertEqual(events.Tags()["images"], ["views"])
        picture, = events.Images("views")
        self.assertEqual((picture.step, picture.width, picture.height), (1, 4 * (SIDE + 2) - 2, 2 * (SIDE + 2) - 2))
        pixels = np.asarray(Image.open(io.BytesIO(picture.encoded_image_string)))
        self.assertEqual(pixels.shape, (picture.height, picture.width, 3))
        self.assertTrue((pixels[SIDE:SIDE + 2] == 255).all())  # the gap
        views = [pixels[y:y + SIDE, x:x + SIDE] for y in (0, SIDE + 2) for x in range(0, 4 * (SIDE + 2), SIDE + 2)]
        self.assertEqual(len({view.tobytes() for view in views}), 8)

        self.assertEqual(events.Tags()["tensors"], ["configuration"])
        self.assertEqual(events.SummaryMetadata("configuration").plugin_data.plugin_name, "text")
        text = tensor_util.make_ndarray(events.Tensors("configuration")[0].tensor_proto).item().decode()
        with open(os.path.join(self.run_dir, "config.yaml"), encoding="utf-8") as file:
            self.assertEqual(text, "".join("    " + line for line in file))

    def test_it_can_be_left_out(self):
        train(self.run_dir, "run.tensorboard=false")
        self.assertEqual(event_files(self.run_dir), [])
        self.check_table(lines_of(self.run_dir))

    def test_a_run_that_goes_on_is_one_line(self):
        train(self.run_dir)
        whole = lines_of(self.run_dir)
        checkpoint = os.path.join(self.run_dir, "checkpoints", "step-00000005.safetensors")
        done = subprocess.run(arguments(self.run_dir) + ["--resume", checkpoint], cwd=ROOT, capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        lines = lines_of(self.run_dir)
        self.assertEqual([line["step"] for line in lines if "step" in line], list(range(1, 13)))
        self.assertEqual([line["loss"] for line in lines if "step" in line],
                         [line["loss"] for line in whole if "step" in line])
        self.assertEqual(len(event_files(self.run_dir)), 2)
        self.check_scalars(as_tensorboard_reads(self.run_dir), lines)
        self.check_table(lines)

    def test_a_run_that_was_killed_can_be_read_and_gone_on_with(self):
        with subprocess.Popen(arguments(self.run_dir, "train.epochs=1000"), cwd=ROOT, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as run:
            while run.poll() is None and not (os.path.exists(os.path.join(self.run_dir, "metrics.csv"))
                                              and len(lines_of(self.run_dir)) > 6):
                time.sleep(0.05)
            run.send_signal(signal.SIGKILL)
        lines = lines_of(self.run_dir)
        read = as_tensorboard_reads(self.run_dir).Scalars("train/loss")
        steps = [line["step"] for line in lines if "step" in line]
        # The file of the last step may lack it, if the kill came between the two.
        self.assertIn([scalar.step for scalar in read], (steps, steps[:-1]))
        done = subprocess.run(arguments(self.run_dir, f"train.max_steps={steps[-1] + 3}", "train.epochs=1000")
                              + ["--resume"], cwd=ROOT, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        lines = lines_of(self.run_dir)
        self.check_scalars(as_tensorboard_reads(self.run_dir), lines)
        self.check_table(lines)


if __name__ == "__main__":
    unittest.main()
