"""Whether torchvision and timm take the weights that flowtrain exports, and compute the same features.

  export_test.py FLOWTRAIN

Exit code 77 where this Python lacks torch, torchvision or safetensors; timm is tried where it is there.
"""
import csv
import os
import subprocess
import sys
import tempfile
import textwrap
import unittest

try:
    import numpy as np
    import torch
    import torchvision
    from PIL import Image
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file
except ImportError as error:
    print("skipped:", error)
    sys.exit(77)
try:
    import timm
except ImportError:
    timm = None

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FLOWTRAIN = sys.argv.pop(1)
SIDE = 64


def flowtrain(*arguments, code=0):
    done = subprocess.run([FLOWTRAIN, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def sets(*pairs):
    return [word for pair in pairs for word in ("--set", pair)]


def train(run, backbone, *more):
    return flowtrain("graphs/simclr.yaml", "--run-dir", run, *more, *sets(
        "data.kind=sample", "sample.images=16", f"data.image_size={SIDE}", "data.batch_size=8",
        "gpu.gradient_accumulation=1", "train.max_steps=2", "train.warmup_epochs=0", "data.num_workers=2",
        "gpu.mixed_precision=false", "device=cpu", "evaluate.knn=false", "model.backbone=" + backbone))


def network(backbone):
    """As the documentation says: torchvision's network without its classifier."""
    model = torchvision.models.get_model(backbone)
    model.fc = torch.nn.Identity()
    return model.eval()


def features(model, folder, names):
    """Of images that are of the views' size already, so that nothing is resized."""
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    pixels = [torch.from_numpy(np.array(Image.open(os.path.join(folder, name)))) for name in names]
    with torch.no_grad():
        return model(((torch.stack(pixels) / 255 - mean) / deviation).permute(0, 3, 1, 2)).numpy()


class Export(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = lambda name: os.path.join(folder.name, name)
        os.mkdir(self.path("images"))
        draw = np.random.default_rng(0)
        for i in range(5):
            pixels = draw.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(self.path(f"images/{i}.png"))

    def embed(self, checkpoint, *more):
        run = self.path("embed-" + os.path.basename(checkpoint))
        flowtrain("graphs/embed.yaml", "--run-dir", run, *sets(
            "checkpoint=" + checkpoint, "data.kind=folder", "data.root=" + self.path("images"), "device=cpu",
            "data.num_workers=2", "data.batch_size=4", *more))
        with open(run + "/embeddings.csv", encoding="utf-8") as file:
            names = [row["name"] for row in csv.DictReader(file)]
        return np.load(run + "/embeddings.npy"), names

    def test_the_features_are_torchvisions(self):
        for backbone in ("resnet18", "resnet34", "resnet50"):
            run = self.path(backbone)
            train(run, backbone)
            ours, names = self.embed(run)
            self.assertEqual(len(names), 5)
            self.assertEqual(ours.dtype, np.float32)
            flowtrain("export", run, "--to", run + ".safetensors")
            flowtrain("export", run, "--to", run + ".pt")
            for state in (load_file(run + ".safetensors"), torch.load(run + ".pt", weights_only=True)):
                model = network(backbone)
                model.load_state_dict(state, strict=True)
                theirs = features(model, self.path("images"), names)
                worst = np.abs(ours - theirs).max() / np.abs(theirs).max()
                print(f"{backbone}: features differ by {worst:.1e} of the largest")
                self.assertLess(worst, 1e-5)
                if timm is not None:
                    named = timm.create_model(backbone, num_classes=0)
                    named.load_state_dict(state, strict=True)
            with safe_open(run + ".safetensors", "pt") as file:
                self.assertEqual(file.metadata()["format"], "pt")
                self.assertEqual(file.metadata()["backbone"], backbone)

    def test_a_small_stem_needs_another_first_layer(self):
        run = self.path("small")
        train(run, "resnet18", *sets("model.stem=small"))
        ours, names = self.embed(run)
        flowtrain("export", run, "--to", run + ".safetensors")
        model = network("resnet18")
        model.conv1 = torch.nn.Conv2d(3, 64, 3, stride=1, padding=1, bias=False)
        model.maxpool = torch.nn.Identity()
        model.load_state_dict(load_file(run + ".safetensors"), strict=True)
        theirs = features(model, self.path("images"), names)
        self.assertLess(np.abs(ours - theirs).max() / np.abs(theirs).max(), 1e-5)

    def test_other_widths_need_other_layers(self):
        with open(os.path.join(ROOT, "docs", "export.md"), encoding="utf-8") as file:
            text = file.read()
        written = text[text.index("    def widen("):text.index("    model = torchvision.models.resnet50()")]
        scope = {"torch": torch}
        exec(textwrap.dedent(written), scope)
        run = self.path("wide")
        train(run, "resnet50", *sets("model.width_multiplier=0.25"))
        ours, names = self.embed(run)
        flowtrain("export", run, "--to", run + ".safetensors")
        model = network("resnet50")
        scope["widen"](model, 0.25)
        model.load_state_dict(load_file(run + ".safetensors"), strict=True)
        theirs = features(model.eval(), self.path("images"), names)
        self.assertLess(np.abs(ours - theirs).max() / np.abs(theirs).max(), 1e-5)
        with safe_open(run + ".safetensors", "pt") as file:
            self.assertEqual(file.metadata()["width_multiplier"], "0.25")
        # The weights alone tell their width too.
        alone, _ = self.embed(run + ".safetensors", f"data.image_size={SIDE}")
        self.assertTrue(np.array_equal(alone, ours))

    def test_weights_of_torchvision_are_taken_in_both_formats(self):
        model = torchvision.models.resnet18(weights=None).eval()
        state = model.state_dict()
        save_file(state, self.path("theirs.safetensors"))
        torch.save(dict(state), self.path("theirs.pt"))
        for name in ("theirs.safetensors", "theirs.pt"):
            said = train(self.path("run-" + name), "resnet18", "--init", self.path(name))
            self.assertIn("starts from", said)
        model.fc = torch.nn.Identity()
        ours, names = self.embed(self.path("theirs.safetensors"), f"data.image_size={SIDE}")
        theirs = features(model, self.path("images"), names)
        self.assertLess(np.abs(ours - theirs).max() / np.abs(theirs).max(), 1e-5)


if __name__ == "__main__":
    unittest.main()
