#!/usr/bin/env python3
"""Writes training_golden.h: losses, gradients and optimiser steps as the reference implementations make them.

Needs torch, torchvision and lightly (made with 2.11, 0.26 and 1.5.22). Run it and format the result:
    python3 tests/golden/make_training_golden.py > tests/golden/training_golden.h
    clang-format -i tests/golden/training_golden.h

Everything is computed in doubles. Two settings make lightly's parts those of the papers that the program follows:
- LARS: the rate stands inside the velocity (You et al. 2017, algorithm 1; SimCLR's code), so v = m v + lr t (g + wd w);
  lightly has it outside, v = m v + t (g + wd w), w -= lr v, which differs while the rate changes. Its trust coefficient
  is multiplied by the rate here, and the gradients of biases and batch-norms, which it does not adapt, too. Its epsilon
  of 1e-8 beside the norms is left out.
- Cosine: 0 at step `total` (Loshchilov, Hutter 2017, equation 5); lightly's is 0 a step earlier, so it gets total + 1.
"""

import math

import numpy as np
import torch
import torchvision
from lightly.loss import BarlowTwinsLoss, DCLLoss, NTXentLoss, VICRegLoss
from lightly.models.modules.heads import BarlowTwinsProjectionHead, ProjectionHead, SimCLRProjectionHead
from lightly.utils.lars import LARS
from lightly.utils.scheduler import cosine_warmup_schedule

WARMUP, TOTAL, STEPS = 2, 8, 5
IMAGES, SIDE = 8, 32


def noise(index, shape):
    """What Noise() in the test makes: numbers in [-1, 1), a hash of (index, position); exact in doubles."""
    x = np.arange(np.prod(shape), dtype=np.uint32) + np.uint32(index * 0x9E3779B9 % (1 << 32))
    x ^= x >> 16
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> 13
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> 16
    return torch.from_numpy(x.astype(np.float64).reshape(shape) / 2.0**31 - 1.0)


def representations():
    """Two views of 6 images, 5 dimensions of deviations below and above 1."""
    first, change = noise(1, (6, 5)), noise(2, (6, 5))
    width = torch.arange(1, 6, dtype=torch.float64) * 0.5
    return torch.cat([first * width, (first + change * 0.5) * width])


def network():
    backbone = torchvision.models.resnet18()
    backbone.fc = torch.nn.Identity()
    head = ProjectionHead([(512, 512, torch.nn.BatchNorm1d(512), torch.nn.ReLU()), (512, 128, None, None)])
    model = torch.nn.Sequential(backbone, head).double().train()
    fill(model)
    return model


def fill(model):
    """Parameters by Fill() in the test."""
    for index, (name, parameter) in enumerate(model.named_parameters()):
        values = noise(100 + index, tuple(parameter.shape))
        if parameter.dim() > 1:
            values *= math.sqrt(6.0 / (parameter.numel() // parameter.shape[0]))  # variance 2 / fan-in
        elif name.endswith("weight"):
            values = values * 0.25 + 1.0
        else:
            values *= 0.25
        parameter.data.copy_(values)


def our_name(name):
    for theirs, ours in [("0.", "backbone."), ("1.layers.0.", "projection.linear1."),
                         ("1.layers.1.", "projection.bn1."), ("1.layers.3.", "projection.linear2.")]:
        if name.startswith(theirs):
            return ours + name[len(theirs):]
    raise ValueError(name)


def backward(model):
    model.zero_grad()
    output = model(noise(3, (2 * IMAGES, 3, SIDE, SIDE)))
    loss = NTXentLoss(temperature=0.5)(output[:IMAGES], output[IMAGES:])
    loss.backward()
    return output.detach(), loss.detach()


def groups(model, decay):
    parameters = list(model.parameters())
    return [{"params": [p for p in parameters if p.dim() > 1], "weight_decay": decay},
            {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0}]


# Rates at which FP32 stays beside doubles: ten times as high, and the rounding of torch's own FP32 steps grows to 1e-2.
OPTIMIZERS = {  # name: base rate, weight decay, what makes it
    "sgd": (0.005, 0.01, lambda g: torch.optim.SGD(g, lr=1, momentum=0.9)),
    "adamw": (2e-5, 0.1, lambda g: torch.optim.AdamW(g, lr=1, betas=(0.9, 0.95))),
    "lars": (0.05, 0.01, lambda g: LARS(g, lr=1, momentum=0.9, eps=0)),
}


def set_rate(name, optimizer, rate):
    decayed, plain = optimizer.param_groups
    if name != "lars":
        decayed["lr"] = plain["lr"] = rate
        return
    decayed["trust_coefficient"] = 0.001 * rate
    for parameter in plain["params"]:
        parameter.grad.mul_(rate)


def numbers(values):
    return "{" + ", ".join(repr(float(v)) for v in values) + "}"


def snapshot(model, output, loss):
    """A Snapshot: loss, one output a view, and of each parameter's gradient the norm and an element."""
    gradients = [p.grad.reshape(-1) for p in model.parameters()]
    return (f"{{{float(loss)!r}, {numbers(output[:, 7])}, {numbers(g.norm() for g in gradients)}, "
            f"{numbers(g[len(g) // 3] for g in gradients)}}}")


def emit_losses():
    z = representations()
    rows = []
    for name, loss in [("nt_xent", NTXentLoss(temperature=0.5)), ("dcl", DCLLoss(temperature=0.1)),
                       ("barlow_twins", BarlowTwinsLoss()), ("vicreg", VICRegLoss())]:
        leaf = z.clone().requires_grad_()
        value = loss(leaf[:6], leaf[6:])
        value.backward()
        rows.append(f'LossGolden{{"{name}", {float(value.detach())!r}, {numbers(leaf.grad.reshape(-1))}}}')
    print("// With the papers' coefficients; DCL at temperature 0.1.\n"
          f"inline constexpr std::array<LossGolden, {len(rows)}> kLosses = {{{', '.join(rows)}}};\n")


def emit_heads():
    rows = []
    for layers, norm, head in [(3, "false", BarlowTwinsProjectionHead(6, 5, 3)),
                               (2, "true", SimCLRProjectionHead(6, 5, 3))]:
        fill(head.double().train())
        output = head(noise(4, (8, 6))).detach().reshape(-1)
        rows.append(f"HeadGolden{{{layers}, {norm}, {numbers(output)}}}")
    print("// lightly's heads of Barlow Twins (VICReg's is the same) and SimCLR.\n"
          f"inline constexpr std::array<HeadGolden, {len(rows)}> kHeads = {{{', '.join(rows)}}};\n")


def emit_steps(name):
    rate, decay, make = OPTIMIZERS[name]
    model = network()
    optimizer = make(groups(model, decay))
    after = {}
    for step in range(STEPS):
        backward(model)
        set_rate(name, optimizer, rate * cosine_warmup_schedule(step, TOTAL + 1, 1.0, 0.0, WARMUP, 0.0))
        optimizer.step()
        if step in (0, STEPS - 1):
            after[step] = snapshot(model, *backward(model))
    print(f'inline constexpr OptimizerGolden k{name.capitalize()} = {{"{name}", {rate}, {decay}, '
          f"{after[0]}, {after[STEPS - 1]}}};\n")


def main():
    torch.manual_seed(0)
    model = network()
    names = [our_name(name) for name, _ in model.named_parameters()]
    print("// Made by make_training_golden.py, which says how: what torch, torchvision and lightly compute.\n"
          "#pragma once\n\n#include <array>\n\nnamespace flowtrain::golden {\n\n"
          "struct LossGolden {\n  const char* name;\n  double value;\n"
          "  std::array<double, 60> gradient;  // of representations [12, 5]\n};\n\n"
          "// A projection head from 6 over 5 to 3.\nstruct HeadGolden {\n  int layers;\n  bool output_norm;\n"
          "  std::array<double, 24> output;  // of features [8, 6]\n};\n\n"
          "// A forward and backward pass.\nstruct Snapshot {\n  double loss;\n"
          f"  std::array<double, {2 * IMAGES}> output;  // column 7\n"
          f"  std::array<double, {len(names)}> gradient_norm, gradient_element;  // element numel / 3\n}};\n\n"
          "struct OptimizerGolden {\n  const char* name;\n  double learning_rate, weight_decay;\n"
          "  Snapshot after_1, after_5;  // steps\n};\n")
    print(f"inline constexpr int kWarmupSteps = {WARMUP}, kTotalSteps = {TOTAL};\n")
    emit_losses()
    emit_heads()
    quoted = ", ".join(f'"{name}"' for name in names)
    print(f"inline constexpr std::array<const char*, {len(names)}> kParameterNames = {{{quoted}}};\n")
    print(f"inline constexpr Snapshot kInitial = {snapshot(model, *backward(model))};\n")
    for name in OPTIMIZERS:
        emit_steps(name)
    print("}  // namespace flowtrain::golden")


if __name__ == "__main__":
    main()
