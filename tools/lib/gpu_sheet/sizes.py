"""How much is measured: in earnest, or just enough to see that everything runs (--short)."""
import os
import random

from program import Runner

COMMON = {"evaluate.knn": "false", "run.checkpoint_every_epochs": 0, "train.epochs": 1000, "train.warmup_epochs": 1}


class Sizes:
    def __init__(self, short):
        self.short = short
        self.image = 8 if short else 96
        self.rows = 4 if short else 128        # images a batch, of the guide's 128 x 4
        self.window = 2 if short else 4
        self.rounds = 1 if short else 3
        self.steps = 3 if short else 20        # of a run that is timed
        self.made_up = 48 if short else 6144   # pictures of the made-up data set

    def network(self):
        return {"model.stem": "small", "model.width_multiplier": 0.125} if self.short else {}

    def guide(self):
        """The guide's settings, for the data of MadeUp."""
        return {**COMMON, **self.network(), "data.image_size": self.image, "data.batch_size": self.rows,
                "gpu.gradient_accumulation": self.window}

    def one_batch(self):
        """The same window as one batch."""
        return {**self.guide(), "data.batch_size": self.rows * self.window, "gpu.gradient_accumulation": 1}


class MadeUp:
    """Noise in the files of STL-10, for speed alone: whatever the pictures show, their views cost the same. Or STL-10
    itself, where its folder is given."""

    def __init__(self, runner: Runner, sizes, folder):
        self.real = folder is not None
        self.folder = os.path.abspath(folder) if folder else os.path.join(runner.work.name, "stl10_binary")
        if self.real or os.path.exists(self.folder):
            return
        os.mkdir(self.folder)
        noise = random.Random(1)
        with open(os.path.join(self.folder, "unlabeled_X.bin"), "wb") as file:
            for _ in range(sizes.made_up):
                file.write(noise.randbytes(3 * 96 * 96))

    def __str__(self):
        return "STL-10" if self.real else "noise in STL-10's format"

    def sets(self):
        return {"data.kind": "stl10", "data.root": self.folder, "data.splits": "[unlabeled]", "data.if_missing": "error"}
