#!/usr/bin/env python3
"""Logs a run of flowtrain with Weights & Biases or MLflow, which this Python must have.

  tools/import_metrics.py wandb  RUN [--project NAME] [--name NAME] [--offline]
  tools/import_metrics.py mlflow RUN [--experiment NAME] [--name NAME] [--tracking-uri URI]

RUN is a run's folder. The figures of its metrics.jsonl are logged by optimiser step: train/KEY of the lines of steps,
epoch/KEY of those of epochs, evaluate/KEY of kNN and linear accuracies (docs/metrics.md has the keys); those that are
not finite are left out. Its config.yaml becomes the configuration (wandb) or the parameters (mlflow). Each call makes
a new run there.
"""
import argparse
import json
import math
import os
import sys

ACCURACIES = ("knn_top1", "linear_top1", "linear_top5")
MLFLOW_BATCH = 1000  # metrics that mlflow takes at a time; and a tenth as many parameters


def read_history(path):
    """[(step, seconds since the run began, {name: value})], one entry a step."""
    history, step, seconds = {}, 0, 0.0
    with open(path, encoding="utf-8") as file:
        for text in file:
            try:
                line = json.loads(text)
            except ValueError:
                continue  # half a line, of a run that was killed
            if "step" in line:
                step, group = line["step"], "train"
                seconds += line.get("seconds") or 0
            else:
                group = "evaluate" if "final" in line else "epoch"
            values = history.setdefault(step, (seconds, {}))[1]
            for key, value in line.items():
                if key in ("step", "final") or not isinstance(value, (bool, int, float)):
                    continue
                if math.isfinite(value):
                    values[("evaluate" if key in ACCURACIES else group) + "/" + key] = float(value)
    return [(step, seconds, values) for step, (seconds, values) in sorted(history.items())]


def flatten(tree, prefix=""):
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + str(key), value


def to_wandb(options, config, history):
    import wandb
    run = wandb.init(project=options.project, name=options.name, config=config,
                     mode="offline" if options.offline else "online")
    for step, _, values in history:
        run.log(values, step=step)
    run.finish()


def to_mlflow(options, config, history):
    import mlflow
    from mlflow.entities import Metric, Param
    if options.tracking_uri:
        mlflow.set_tracking_uri(options.tracking_uri)
    mlflow.set_experiment(options.experiment)
    began_ms = 1000 * os.path.getmtime(os.path.join(options.run, "config.yaml"))
    metrics = [Metric(name, value, int(began_ms + 1000 * seconds), step)
               for step, seconds, values in history for name, value in values.items()]
    parameters = [Param(name, str(value)) for name, value in flatten(config)]
    client = mlflow.MlflowClient()
    with mlflow.start_run(run_name=options.name) as run:
        for first in range(0, len(parameters), MLFLOW_BATCH // 10):
            client.log_batch(run.info.run_id, params=parameters[first:first + MLFLOW_BATCH // 10])
        for first in range(0, len(metrics), MLFLOW_BATCH):
            client.log_batch(run.info.run_id, metrics=metrics[first:first + MLFLOW_BATCH])


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    targets = parser.add_subparsers(dest="target", required=True)
    wandb, mlflow = targets.add_parser("wandb"), targets.add_parser("mlflow")
    for target in (wandb, mlflow):
        target.add_argument("run", help="the run's folder")
        target.add_argument("--name", help="what the run is called there; otherwise as its folder")
    wandb.add_argument("--project", default="flowtrain")
    wandb.add_argument("--offline", action="store_true", help="write to ./wandb; `wandb sync` uploads it")
    mlflow.add_argument("--experiment", default="flowtrain")
    mlflow.add_argument("--tracking-uri", help="otherwise MLFLOW_TRACKING_URI, or mlflow's default")
    options = parser.parse_args()
    options.name = options.name or os.path.basename(os.path.abspath(options.run))
    return options


def main():
    options = parse_arguments()
    try:
        import yaml
        with open(os.path.join(options.run, "config.yaml"), encoding="utf-8") as file:
            config = yaml.safe_load(file)
        history = read_history(os.path.join(options.run, "metrics.jsonl"))
        {"wandb": to_wandb, "mlflow": to_mlflow}[options.target](options, config, history)
    except ImportError as error:
        sys.exit(f"error: {error}; pip install {'pyyaml' if error.name == 'yaml' else error.name}")
    except OSError as error:
        sys.exit(f"error: {error}: is {options.run} a run's folder?")
    except Exception as error:
        if type(error).__module__.split(".")[0] != options.target:
            raise
        sys.exit(f"error: {options.target}: {error}")  # of no use to anyone with where in its code it was
    print(f"{len(history)} steps of {options.run} logged with {options.target}")


if __name__ == "__main__":
    main()
