"""Whether tools/import_metrics.py tells wandb and mlflow what metrics.jsonl and config.yaml say.

  import_metrics_test.py

Takes both from PyPI; exit code 77 where it cannot be reached.
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from pypi import import_from_pypi  # noqa: E402

import_from_pypi("wandb==0.31.0", "mlflow-skinny==3.17.2", "pyyaml", modules=["wandb", "mlflow", "yaml"])

import mlflow  # noqa: E402
from wandb.proto import wandb_internal_pb2  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LINES = [
    {"step": 1, "epoch": 1, "loss": 5.125, "lr": 0.06, "images": 8, "seconds": 0.5, "skipped": True},
    {"step": 2, "epoch": 1, "loss": None, "lr": 0.12, "images": 8, "seconds": 0.25, "skipped": False,
     "knn_top1": 40.5, "rankme": 17.25},
    {"epoch": 1, "steps": 2, "loss": 5.125, "bad_images": 0, "knn_top1": 40.5},
    {"step": 3, "epoch": 2, "loss": 4.5, "lr": 0.12, "images": 8, "seconds": 0.25, "skipped": False},
    {"final": True, "knn_top1": 41.5, "bank": 20}]
EXPECTED = {
    "train/epoch": {1: 1, 2: 1, 3: 2}, "train/loss": {1: 5.125, 3: 4.5}, "train/lr": {1: 0.06, 2: 0.12, 3: 0.12},
    "train/images": {1: 8, 2: 8, 3: 8}, "train/seconds": {1: 0.5, 2: 0.25, 3: 0.25},
    "train/skipped": {1: 1, 2: 0, 3: 0}, "train/rankme": {2: 17.25}, "evaluate/knn_top1": {2: 40.5, 3: 41.5},
    "epoch/epoch": {2: 1}, "epoch/steps": {2: 2}, "epoch/loss": {2: 5.125}, "epoch/bad_images": {2: 0},
    "evaluate/bank": {3: 20}}
CONFIG = "# flowtrain\ndevice: cpu\ndata: {kind: sample, batch_size: 4, splits: [train, test]}\n"


class Import(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.run_dir = os.path.join(self.folder, "first")
        os.mkdir(self.run_dir)
        with open(os.path.join(self.run_dir, "metrics.jsonl"), "w", encoding="utf-8") as file:
            file.write("".join(json.dumps(line) + "\n" for line in LINES) + '{"step":4,"lo')
        with open(os.path.join(self.run_dir, "config.yaml"), "w", encoding="utf-8") as file:
            file.write(CONFIG)

    def call(self, *arguments, code=0):
        environment = {**os.environ, "WANDB_SILENT": "true", "HOME": self.folder,
                       "MLFLOW_ALLOW_FILE_STORE": "true"}
        done = subprocess.run([sys.executable, os.path.join(ROOT, "tools/import_metrics.py"), *arguments],
                              cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_wandb(self):
        self.assertIn("3 steps of", self.call("wandb", self.run_dir, "--offline"))
        folders = [name for name in os.listdir(os.path.join(self.folder, "wandb")) if name.startswith("offline-run-")]
        self.assertEqual(len(folders), 1)
        folder = os.path.join(self.folder, "wandb", folders[0])
        path, = (os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".wandb"))
        logged, config, name = {}, {}, None
        for record in records_of(path):
            if record.WhichOneof("record_type") == "history":
                items = {item.key or "/".join(item.nested_key): json.loads(item.value_json)
                         for item in record.history.item}
                step = items.pop("_step", record.history.step.num)
                for key, value in items.items():
                    if not key.startswith("_"):
                        logged.setdefault(key, {})[step] = value
            if record.WhichOneof("record_type") == "run":
                name = record.run.display_name
                config.update({item.key: json.loads(item.value_json) for item in record.run.config.update})
        self.assertEqual(logged, EXPECTED)
        self.assertEqual(name, "first")
        self.assertEqual(config["device"], "cpu")
        self.assertEqual(config["data"], {"kind": "sample", "batch_size": 4, "splits": ["train", "test"]})

    def test_mlflow(self):
        store = "file://" + os.path.join(self.folder, "mlruns")
        self.call("mlflow", self.run_dir, "--tracking-uri", store, "--name", "mine")
        os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
        client = mlflow.MlflowClient(tracking_uri=store)
        experiment = client.get_experiment_by_name("flowtrain")
        run, = client.search_runs([experiment.experiment_id])
        self.assertEqual(run.info.run_name, "mine")
        self.assertEqual(run.info.status, "FINISHED")
        logged = {key: {metric.step: metric.value for metric in client.get_metric_history(run.info.run_id, key)}
                  for key in run.data.metrics}
        self.assertEqual(logged, EXPECTED)
        times = {metric.step: metric.timestamp for metric in client.get_metric_history(run.info.run_id, "train/lr")}
        self.assertEqual((times[2] - times[1], times[3] - times[2]), (250, 250))
        self.assertEqual(run.data.params, {"device": "cpu", "data.kind": "sample", "data.batch_size": "4",
                                           "data.splits": "['train', 'test']"})

    def test_another_folder_is_an_error(self):
        self.assertIn("is " + self.folder + " a run's folder?", self.call("mlflow", self.folder, code=1))


def records_of(path):
    """Of a .wandb file: after seven bytes a log as LevelDB's, in blocks of 32 KiB."""
    with open(path, "rb") as file:
        data = file.read()
    at, parts = 7, b""
    while at + 7 <= len(data):
        if 32768 - at % 32768 < 7:
            at += 32768 - at % 32768
            continue
        length, kind = int.from_bytes(data[at + 4:at + 6], "little"), data[at + 6]
        parts += data[at + 7:at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # whole, or the last of its parts
            record = wandb_internal_pb2.Record()
            record.ParseFromString(parts)
            parts = b""
            yield record


if __name__ == "__main__":
    unittest.main()
