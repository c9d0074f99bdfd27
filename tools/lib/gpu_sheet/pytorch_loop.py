"""SimCLR's training as a plain PyTorch loop, timed. Part 3 of tools/gpu_sheet runs it in a process of its own.

    pytorch_loop.py SETTINGS     a JSON object; prints another: images_per_s, loss

Done as well as such loops are: torchvision's transforms on Pillow images in a DataLoader with persistent workers and pinned
memory, uint8 to the device, AMP, channels_last, cuDNN's benchmark; torchvision's ResNet-18, a head of two layers, NT-Xent
over the whole batch, SGD.
"""
import json
import os
import sys
import time

import numpy
import torch
import torchvision
from torch import nn
from torch.utils import data

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "tests", "bench", "peers", "lib"))
from peer_loaders import Torchvision, stl10_images  # noqa: E402

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet
TEMPERATURE = 0.5


class Views(data.Dataset):
    """Two views of each picture, uint8 [2, H, W, 3]."""

    def __init__(self, images, size):
        self.images, self.views = images, Torchvision(size)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        picture = self.views.from_array(self.images[i])
        return numpy.stack([self.views.view(picture), self.views.view(picture)])


class Network(nn.Module):
    def __init__(self, stem):
        super().__init__()
        self.backbone = torchvision.models.resnet18(weights=None)
        if stem == "small":
            self.backbone.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
            self.backbone.maxpool = nn.Identity()
        width = self.backbone.fc.in_features
        self.backbone.fc = nn.Identity()
        self.head = nn.Sequential(nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, 128))

    def forward(self, images):
        return self.head(self.backbone(images))


def nt_xent(representations):
    """Of [2B, D], all first views before all second views."""
    unit = nn.functional.normalize(representations.float(), dim=1)
    count = len(unit)
    similarity = unit @ unit.T / TEMPERATURE
    similarity = similarity.masked_fill(torch.eye(count, dtype=torch.bool, device=unit.device), float("-inf"))
    positives = torch.arange(count, device=unit.device).roll(count // 2)
    return nn.functional.cross_entropy(similarity, positives)


class Training:
    def __init__(self, settings):
        self.device = torch.device(settings["device"])
        network = Network(settings["stem"]).to(self.device, memory_format=torch.channels_last)
        self.optimizer = torch.optim.SGD(network.parameters(), lr=0.06, momentum=0.9, weight_decay=5e-4)
        self.network = torch.compile(network) if settings["compile"] else network
        self.half = self.device.type != "cpu"
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=self.half)
        self.mean, self.deviation = (torch.tensor(each, device=self.device).view(1, 3, 1, 1) for each in (MEAN, DEVIATION))

    def step(self, batch):
        views = batch.to(self.device, non_blocking=True).transpose(0, 1).flatten(0, 1)
        images = views.permute(0, 3, 1, 2).float().div(255).sub(self.mean).div(self.deviation)
        with torch.autocast(self.device.type, torch.float16 if self.half else torch.bfloat16, enabled=self.half):
            representations = self.network(images.contiguous(memory_format=torch.channels_last))
        loss = nt_xent(representations)
        self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return loss

    def wait(self):
        if self.device.type != "cpu":
            torch.accelerator.synchronize(self.device)


def batches(settings):
    """Without end: a sampler with so many samples, so that workers do not start anew at the end of an epoch."""
    images = stl10_images(settings["data"], ("train", "unlabeled"))
    views = Views(images, settings["size"])
    return iter(data.DataLoader(views, settings["batch"], num_workers=settings["workers"], drop_last=True,
                                pin_memory=settings["device"] != "cpu", persistent_workers=True,
                                sampler=data.RandomSampler(views, replacement=True, num_samples=1 << 40),
                                worker_init_fn=lambda _: views.views.start()))


def main():
    settings = json.loads(sys.argv[1])
    if settings["threads"]:
        torch.set_num_threads(settings["threads"])
    torch.backends.cudnn.benchmark = True
    next_batch = batches(settings).__next__
    training = Training(settings)
    for _ in range(settings["warm_up_steps"]):
        loss = training.step(next_batch())
    training.wait()
    steps, began = 0, time.perf_counter()
    while time.perf_counter() - began < settings["seconds"]:
        loss = training.step(next_batch())
        steps += 1
    training.wait()
    seconds = time.perf_counter() - began
    print(json.dumps({"images_per_s": steps * settings["batch"] / seconds, "loss": loss.item()}), flush=True)
    os._exit(0)  # the workers are in the middle of batches that nobody wants


if __name__ == "__main__":
    main()
