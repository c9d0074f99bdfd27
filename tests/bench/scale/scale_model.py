"""The time of a step on several ranks: docs/scale.md has the same in words.

    step = compute + copies of the gradients + loss of all rows
           + gather of the representations + what the sums of gradients take beyond the backward pass + sum of statistics
"""
from dataclasses import dataclass

BUCKET_BYTES = 25 << 20   # GradientSum::kBucketBytes
FLOAT = 4                 # bytes
BACKWARD_SHARE = 2 / 3    # of the time of a forward and a backward pass
BLOCKS = {"resnet18": (2, 2, 2, 2), "resnet34": (3, 4, 6, 3), "resnet50": (3, 4, 6, 3)}
LOSS_PRODUCTS = 3         # matrix products of the loss and its gradient: similarities, and the gradient of each factor
LOSS_PASSES = 24          # times that the matrix of similarities is read or written meanwhile


@dataclass(frozen=True)
class Layer:
    """A convolution or a linear layer, with its batch-norm: elements of each of its parameters, products of its forward."""
    parameters: tuple
    products: float       # multiplications and additions of one view
    norm: int             # channels of its batch-norm; 0: it has none


def layers_of(backbone, side, projection=128):
    """The network with the standard stem and the default head, in the order of its parameters."""
    layers = []

    def add(inputs, outputs, kernel, pixels, norm=True):
        weights = inputs * outputs * kernel * kernel
        parameters = (weights, outputs, outputs) if norm else (weights, outputs)
        layers.append(Layer(parameters, 2 * weights * pixels * pixels, outputs if norm else 0))

    side = (side + 1) // 2
    add(3, 64, 7, side)
    side = (side + 1) // 2
    channels, bottleneck = 64, backbone == "resnet50"
    for stage, blocks in enumerate(BLOCKS[backbone]):
        width = 64 << stage
        outputs = 4 * width if bottleneck else width
        for block in range(blocks):
            before, stride = side, 2 if stage > 0 and block == 0 else 1
            side = (side + stride - 1) // stride
            if bottleneck:
                add(channels, width, 1, before)
                add(width, width, 3, side)
                add(width, outputs, 1, side)
            else:
                add(channels, width, 3, side)
                add(width, width, 3, side)
            if stride > 1 or channels != outputs:
                add(channels, outputs, 1, side)
            channels = outputs
    add(channels, channels, 1, 1)
    add(channels, projection, 1, 1, norm=False)
    return layers


def gradient_bytes(layers):
    return FLOAT * sum(sum(layer.parameters) for layer in layers)


def statistics_bytes(layers):
    """Running means and variances, two flags and a loss: one sum a step."""
    return FLOAT * (2 * sum(layer.norm for layer in layers) + 3)


def forward_products(layers):
    return sum(layer.products for layer in layers)


def buckets_of(layers):
    """(bytes, share of the backward pass after which it is complete) of each bucket, in the order in which they are sent."""
    total, passed = forward_products(layers), 0
    buckets, size = [], BUCKET_BYTES
    for layer in reversed(layers):
        passed += layer.products
        for elements in reversed(layer.parameters):
            if size >= BUCKET_BYTES:
                buckets.append([0, 0])
                size = 0
            size += FLOAT * elements
            buckets[-1] = [size, passed / total]
    return [tuple(bucket) for bucket in buckets]


def exposed_s(buckets, backward_s, sum_s, overlap=True):
    """What the sums take beyond the backward pass. Without overlap they hold it up by all that they take."""
    if not overlap:
        return sum(sum_s(size) for size, _ in buckets)
    done = 0
    for size, ready in buckets:
        done = max(done, ready * backward_s) + sum_s(size)
    return done - backward_s


def ring_s(size, ranks, bandwidth, latency):
    """A sum over a ring: each rank sends and receives 2 (R - 1) / R of it."""
    return 0 if ranks == 1 else latency + 2 * (ranks - 1) / ranks * size / bandwidth


def gather_s(size, ranks, bandwidth, latency):
    """A gather of `size` bytes from each rank."""
    return 0 if ranks == 1 else latency + (ranks - 1) * size / bandwidth


def representation_bytes(images, projection=128):
    """That a rank gives: both views of its images."""
    return FLOAT * 2 * images * projection


def loss_s(images, products_per_s, memory_bandwidth, projection=128):
    """The loss of all rows, and its gradient: each rank computes all of it. `images` are those of all ranks."""
    rows = 2 * images
    return (LOSS_PRODUCTS * 2 * rows * rows * projection / products_per_s
            + LOSS_PASSES * FLOAT * rows * rows / memory_bandwidth)


@dataclass(frozen=True)
class Machine:
    """What a rank computes with and what connects it with the others."""
    ranks: int
    compute_per_s: float      # multiplications and additions in the network
    loss_per_s: float         # and in the loss, which is FP32
    memory_bandwidth: float   # bytes/s
    bandwidth: float          # bytes/s of a rank in a ring over all of them
    latency: float            # seconds a call


def step_of(layers, images, machine):
    """Seconds of each part of a step; `images` a rank, in one micro-batch."""
    compute = 3 * 2 * images * forward_products(layers) / machine.compute_per_s
    ranks = machine.ranks

    def sum_s(size):
        return ring_s(size, ranks, machine.bandwidth, machine.latency)

    return {
        "compute": compute,
        "copies": 0 if ranks == 1 else 4 * gradient_bytes(layers) / machine.memory_bandwidth,
        "loss": loss_s(ranks * images, machine.loss_per_s, machine.memory_bandwidth),
        "gather": gather_s(representation_bytes(images), ranks, machine.bandwidth, machine.latency),
        "sums": sum(sum_s(size) for size, _ in buckets_of(layers)),
        "exposed": exposed_s(buckets_of(layers), BACKWARD_SHARE * compute, sum_s),
        "statistics": sum_s(statistics_bytes(layers)),
    }


def total_s(parts):
    """Of a step: what goes on beside the backward pass costs nothing."""
    return sum(seconds for part, seconds in parts.items() if part != "sums")
