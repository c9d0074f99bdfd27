"""lightly's SimCLR example, with its own loader or flowtrain's. tests/bench/peers/lightly_epoch.py runs one seed a process.

    lightly_loop.py SETTINGS    a JSON object; prints another: seconds of each epoch, losses, kNN

But for the line that makes the loader the two are the same: lightly's loss and head, torchvision's ResNet-18, torch's SGD. Both
read the same JPEG files.
"""
import json
import os
import sys
import time

import numpy
import torch
import torchvision
from lightly.data import LightlyDataset
from lightly.loss import NTXentLoss
from lightly.models.modules import SimCLRProjectionHead
from lightly.transforms import SimCLRTransform
from lightly.utils.benchmarking.knn import knn_predict

import recipe
from peer_loaders import stl10_images

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet
CLASSES, NEIGHBOURS = 10, 20
LAST = 4  # epochs whose accuracies are averaged


def lightly_loader(settings):
    transform = SimCLRTransform(
        input_size=settings["size"], cj_prob=recipe.JITTER, cj_strength=1.0, cj_bright=recipe.STRENGTH,
        cj_contrast=recipe.STRENGTH, cj_sat=recipe.STRENGTH, cj_hue=recipe.HUE, min_scale=recipe.CROP_SCALE[0],
        random_gray_scale=recipe.GREY, gaussian_blur=recipe.BLUR, sigmas=recipe.BLUR_SIGMA, hf_prob=recipe.FLIP)
    return torch.utils.data.DataLoader(
        LightlyDataset(settings["photos"], transform=transform), batch_size=settings["batch"], shuffle=True,
        drop_last=True, num_workers=settings["workers"], persistent_workers=True)


def flowtrain_loader(settings):
    sys.path.insert(0, settings["package"])
    from flowtrain import Loader

    return Loader(
        "graphs/loader.yaml",
        {**recipe.PARAMETERS, "data.kind": "folder", "data.root": settings["photos"], "data.batch_size": settings["batch"],
         "data.image_size": settings["size"], "data.num_workers": settings["workers"], "loader.seed": settings["seed"]},
        dtype="float32")


LOADERS = {"lightly": lightly_loader, "flowtrain": flowtrain_loader}


@torch.no_grad()
def features_of(backbone, split, settings):
    images = torch.from_numpy(stl10_images(settings["data"], (split,))).permute(0, 3, 1, 2).float() / 255
    images = torchvision.transforms.functional.resize(images, [settings["size"]], antialias=True)
    images = torchvision.transforms.functional.normalize(images, MEAN, DEVIATION)
    features = torch.cat([backbone(part).flatten(1) for part in images.split(256)])
    return torch.nn.functional.normalize(features, dim=1)


def labels_of(split, settings):
    return torch.from_numpy(numpy.fromfile(os.path.join(settings["data"], split + "_y.bin"), numpy.uint8).astype(numpy.int64) - 1)


def knn_accuracy(backbone, settings):
    """Percent of the splits test and train, each with the other as the bank: more queries than one has alone."""
    backbone.eval()
    features = {split: features_of(backbone, split, settings) for split in ("train", "test")}
    backbone.train()
    right = []
    for split, bank in (("test", "train"), ("train", "test")):
        ranked = knn_predict(features[split], features[bank].T, labels_of(bank, settings), CLASSES, NEIGHBOURS)
        right.append(ranked[:, 0] == labels_of(split, settings))
    return 100 * torch.cat(right).double().mean().item()


def train(settings):
    torch.manual_seed(settings["seed"])
    loader = LOADERS[settings["loader"]](settings)
    backbone = torch.nn.Sequential(*list(torchvision.models.resnet18().children())[:-1])
    head = SimCLRProjectionHead(512, 512, 128)
    criterion = NTXentLoss()
    optimizer = torch.optim.SGD([*backbone.parameters(), *head.parameters()], lr=0.06)
    before, seconds, losses, after = knn_accuracy(backbone, settings), [], [], []
    for epoch in range(settings["epochs"]):
        began, total, steps = time.perf_counter(), 0.0, 0
        for batch in loader:
            x0, x1 = batch[0]
            loss = criterion(head(backbone(x0).flatten(1)), head(backbone(x1).flatten(1)))
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            total, steps = total + loss.item(), steps + 1
        seconds.append(time.perf_counter() - began)
        losses.append(total / steps)
        if epoch + LAST >= settings["epochs"]:
            after.append(knn_accuracy(backbone, settings))
        print(f"epoch {epoch + 1}: {seconds[-1]:.1f} s, loss {losses[-1]:.4f}", file=sys.stderr, flush=True)
    return {"seconds": seconds, "losses": losses, "steps": steps, "knn_start": before, "knn": sum(after) / len(after)}


if __name__ == "__main__":
    print(json.dumps(train(json.loads(sys.argv[1]))))
