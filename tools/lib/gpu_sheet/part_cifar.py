"""Part 5: how long it takes to learn CIFAR-10, by its kNN accuracy."""
import os
import signal
import time

import machine
from part_peer import flowtrain_rate
from program import Failed, last_lines, metrics_of
from sizes import COMMON

TITLE = "CIFAR-10"
TARGETS = (84.8, 90.0)  # kNN top-1, per cent
MINUTES_TO_THE_SECOND = 10
TO_STOP_SECONDS = 30


def settings(sizes, options):
    kind = "folder" if os.path.isdir(options.cifar) else "packed"
    own = ({"data.image_size": 8, "data.batch_size": 4, "model.width_multiplier": 0.125} if sizes.short else {"data.image_size": 32, "data.batch_size": 512})
    return {**COMMON, "data.kind": kind, "data.root": os.path.abspath(options.cifar), "data.if_missing": "error",
            "data.cache": "memory", "data.num_workers": machine.cores(), "model.stem": "small",
            "gpu.gradient_accumulation": 1, "augment.blur": 0, "train.learning_rate": 0.06, "train.lr_scaling": "linear",
            **own}


def watch(part, process, folder):
    """Until the run or its time is over. The time to each target in seconds, and the best accuracy."""
    began, reached, best = time.monotonic(), {}, None
    while process.running() and part.seconds_left() > TO_STOP_SECONDS:
        time.sleep(0.5)
        best = look(part, folder, began, reached, best)
    process.end(signal.SIGINT, TO_STOP_SECONDS)
    return reached, look(part, folder, began, reached, best)


def look(part, folder, began, reached, best):
    try:
        lines = [line for line in metrics_of(folder) if line.get("knn_top1") is not None]
    except OSError:
        return best
    for line in lines:
        if best is not None and line["knn_top1"] <= best:
            continue
        best = line["knn_top1"]
        part.say(f"kNN top-1 {best:.1f} % after {time.monotonic() - began:.0f} s (epoch {line.get('epoch', 'the last')})")
        for target in TARGETS:
            if best >= target:
                reached.setdefault(target, time.monotonic() - began)
    return best


def measure(part, runner, sizes, options):
    if not options.cifar:
        part.not_measured("all of it", "no CIFAR-10 was given (--cifar)")
        return
    with part.step("training"):
        sets = settings(sizes, options)
        rate = flowtrain_rate(runner, sizes, sets)
        part.figure("images/s, by `timing`", f"{rate:.0f}", rate)
        # The learning rate falls to 0 at the end of the run, so its length is what there is time for.
        images = options.cifar_images
        epochs = max(2, int(0.9 * (part.seconds_left() - TO_STOP_SECONDS) * rate / images))
        epochs = min(epochs, 2) if sizes.short else epochs
        part.figure("epochs there is time for", epochs, epochs)
        every = max(1, epochs // 40)
        folder = runner.new_folder("cifar")
        own = {"train.epochs": epochs, "train.warmup_epochs": 0 if sizes.short else min(10, epochs // 10),
               "evaluate.knn": "true", "evaluate.every_epochs": every, "evaluate.neighbours": 5 if sizes.short else 200}
        with runner.start(runner.words([runner.graph, "--run-dir", folder], {**sets, **own})) as process:
            reached, best = watch(part, process, folder)
            if best is None:
                raise Failed("no kNN accuracy: " + last_lines(process.text()))
        part.figure("best kNN top-1", f"{best:.1f} %", best)
        for target in TARGETS:
            seconds = reached.get(target)
            goal = f"within {MINUTES_TO_THE_SECOND} minutes" if target == TARGETS[-1] else ""
            text = f"{seconds:.0f} s" if seconds is not None else "not reached"
            part.figure(f"time to kNN {target / 100:.3f}", text, seconds, goal,
                        (seconds is not None and seconds <= 60 * MINUTES_TO_THE_SECOND) if goal else None)
