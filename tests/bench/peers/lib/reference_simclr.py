"""SimCLR in plain PyTorch, as flowtrain trains it. tests/bench/peers/compare_learning.py runs one seed a process.

    reference_simclr.py SETTINGS    a JSON object; prints another: kNN before and after, losses, learning rates
    reference_simclr.py --versions

Nothing of flowtrain is used: views by torchvision's transforms on Pillow images, torchvision's ResNet without its
classifier, lightly's projection head, NTXentLoss, cosine_warmup_schedule and knn_predict, torch's SGD. The head is built
from lightly's ProjectionHead, since its SimCLRProjectionHead ends in a batch-norm, which flowtrain's (and SimCLR's first)
head does not have.
"""
import json
import os
import sys
import time

import lightly
import numpy
import torch
import torchvision
from lightly.loss import NTXentLoss
from lightly.models.modules.heads import ProjectionHead
from lightly.utils.benchmarking.knn import knn_predict
from lightly.utils.scheduler import cosine_warmup_schedule
from torch import nn
from torchvision.transforms import v2

from peer_loaders import Torchvision, stl10_images

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet
CLASSES = 10


def make_backbone(name, stem):
    backbone = torchvision.models.get_model(name, weights=None)
    if stem == "small":
        backbone.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        nn.init.kaiming_normal_(backbone.conv1.weight, mode="fan_out", nonlinearity="relu")
        backbone.maxpool = nn.Identity()
    features = backbone.fc.in_features
    backbone.fc = nn.Identity()
    return backbone, features


def make_head(features, width):
    return ProjectionHead([(features, features, nn.BatchNorm1d(features), nn.ReLU()), (features, width, None, None)])


def make_optimizer(modules, settings):
    """Weight decay on matrices and convolutions alone: not on biases and batch-norm."""
    parameters = [parameter for module in modules for parameter in module.parameters()]
    groups = [{"params": [p for p in parameters if p.ndim > 1], "weight_decay": settings["weight_decay"]},
              {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0}]
    return torch.optim.SGD(groups, lr=0, momentum=settings["momentum"])


def normalise(views):
    """uint8 arrays [H, W, 3] to a float tensor [N, 3, H, W]."""
    images = torch.from_numpy(numpy.stack(views)).permute(0, 3, 1, 2)
    return v2.functional.normalize(images.float() / 255, MEAN, DEVIATION)


@torch.no_grad()
def features_of(backbone, images, settings):
    centre = v2.Compose([v2.Resize(settings["size"]), v2.CenterCrop(settings["size"])])
    pictures = Torchvision(settings["size"])
    backbone.eval()
    parts = [backbone(normalise([numpy.asarray(centre(pictures.from_array(image))) for image in images[i:i + 256]]))
             for i in range(0, len(images), 256)]
    backbone.train()
    return nn.functional.normalize(torch.cat(parts), dim=1)


def labels_of(folder, split):
    return torch.from_numpy(numpy.fromfile(os.path.join(folder, split + "_y.bin"), numpy.uint8).astype(numpy.int64) - 1)


def knn_accuracy(backbone, settings):
    """Percent of the test split, with the train split as the bank."""
    folder = settings["data"]
    bank, queries = (features_of(backbone, stl10_images(folder, (split,)), settings) for split in ("train", "test"))
    ranked = knn_predict(queries, bank.T, labels_of(folder, "train"), CLASSES,
                         min(settings["neighbours"], len(bank)), settings["knn_temperature"])
    return 100 * (ranked[:, 0] == labels_of(folder, "test")).double().mean().item()


def batches(count, rows):
    """Rows of an epoch in a new order; what fills no batch is left out."""
    order = torch.randperm(count)
    return order[:count // rows * rows].view(-1, rows).tolist()


def train(settings):
    torch.manual_seed(settings["seed"])
    torch.set_num_threads(settings["threads"])
    backbone, features = make_backbone(settings["backbone"], settings["stem"])
    head = make_head(features, settings["projection_dim"])
    backbone.to(memory_format=torch.channels_last)
    optimizer = make_optimizer([backbone, head], settings)
    criterion = NTXentLoss(temperature=settings["temperature"])
    images = stl10_images(settings["data"])
    views = Torchvision(settings["size"])
    pictures = [views.from_array(image) for image in images]
    steps_per_epoch = len(images) // settings["batch"]
    total, warmup = settings["epochs"] * steps_per_epoch, settings["warmup_epochs"] * steps_per_epoch

    def rate(step):
        # lightly's cosine is at its end on the last step; one step more puts the end after it.
        return cosine_warmup_schedule(step, total + 1, settings["learning_rate"], 0.0, warmup, 0.0)

    before, started, losses, rates = knn_accuracy(backbone, settings), time.perf_counter(), [], []
    for _ in range(settings["epochs"]):
        epoch = []
        for rows in batches(len(images), settings["batch"]):
            both = [views.view(pictures[row]) for _ in range(2) for row in rows]
            rates.append(float(rate(len(rates))))
            for group in optimizer.param_groups:
                group["lr"] = rates[-1]
            first, second = head(backbone(normalise(both))).chunk(2)
            loss = criterion(first, second)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            epoch.append(loss.item())
        losses.append(sum(epoch) / len(epoch))
        print(f"epoch {len(losses)} of {settings['epochs']}: loss {losses[-1]:.4f}", file=sys.stderr, flush=True)
    seconds = time.perf_counter() - started
    return {"knn_start": before, "knn": knn_accuracy(backbone, settings), "losses": losses, "rates": rates,
            "seconds": seconds}


def main():
    if sys.argv[1:] == ["--versions"]:
        print(json.dumps({module.__name__: module.__version__ for module in (torch, torchvision, lightly)}))
    else:
        print(json.dumps(train(json.loads(sys.argv[1]))))


if __name__ == "__main__":
    main()
