"""SimCLR's views by other libraries, timed. tests/bench/peers/bench_peers.py runs one a process, in the libraries' own Python.

    peer_loaders.py PEER --kind stl10|jpeg --data DIR --size 96 --cores 1 --batch 128 --warm-up 1 --seconds 3
    peer_loaders.py PEER --versions

prints one JSON object. The recipe is that of graphs/simclr.yaml: a crop of 0.2 to 1.0 of the area and 3/4 to 4/3 wide,
bilinear; flip 0.5; with 0.8 brightness, contrast and saturation from [0.6, 1.4] and hue from [-0.1, 0.1] turns; grey 0.2;
with 0.5 a blur of 9 pixels and sigma 0.1 to 2.0. Two views of an image, uint8. An image is decoded once for both unless a
peer says otherwise.

On one core a peer works in a plain loop and writes views to a batch array, which is the most it can do there: a
DataLoader's processes would share that core. On several, torch's DataLoader and torchdata have a worker a core, and DALI a
thread.
"""
import argparse
import itertools
import json
import os
import sys
import time

import numpy

from recipe import BLUR, BLUR_KERNEL, BLUR_SIGMA, CROP_RATIO, CROP_SCALE, FLIP, GREY, HUE, JITTER, STRENGTH

STL10_SIDE = 96


def stl10_images(folder, splits=("train", "unlabeled")):
    """uint8 [N, 96, 96, 3] in memory: the files hold columns first and channels apart, and that work is not timed.
    Splits that are not there are left out."""
    files = [os.path.join(folder, split + "_X.bin") for split in splits]
    planes = numpy.concatenate([numpy.fromfile(f, numpy.uint8) for f in files if os.path.exists(f)])
    return numpy.ascontiguousarray(planes.reshape(-1, 3, STL10_SIDE, STL10_SIDE).transpose(0, 3, 2, 1))


def jpeg_files(folder):
    found = [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names
             if name.lower().endswith((".jpg", ".jpeg"))]
    if not found:
        sys.exit(f"there is no JPEG below {folder}")
    return sorted(found)


class Albumentations:
    """OpenCV's bilinear has no antialiasing, so a crop that shrinks costs it less. Jitter's order is random as here."""

    packages = ("albumentations", "cv2", "numpy")

    def __init__(self, size):
        import albumentations as A
        import cv2
        self.cv2 = cv2
        factor = (1 - STRENGTH, 1 + STRENGTH)
        self.transform = A.Compose([
            A.RandomResizedCrop((size, size), scale=CROP_SCALE, ratio=CROP_RATIO, interpolation=cv2.INTER_LINEAR),
            A.HorizontalFlip(p=FLIP),
            A.ColorJitter(factor, factor, factor, (-HUE, HUE), p=JITTER),
            A.ToGray(p=GREY),
            A.GaussianBlur((BLUR_KERNEL, BLUR_KERNEL), BLUR_SIGMA, p=BLUR),
        ])

    def start(self):
        self.cv2.setNumThreads(1)

    def from_array(self, array):
        return array

    def decode(self, path):
        with open(path, "rb") as file:
            return self.cv2.imdecode(numpy.frombuffer(file.read(), numpy.uint8), self.cv2.IMREAD_COLOR_RGB)

    def view(self, image):
        return self.transform(image=image)["image"]


class Torchvision:
    """The transforms on Pillow images, as most SimCLR code has them: antialiased, the blur in float as here."""

    packages = ("torchvision", "torch", "PIL")

    def __init__(self, size):
        import PIL.Image
        import torch
        from torchvision.transforms import v2
        self.pil, self.torch = PIL.Image, torch
        self.transform = v2.Compose([
            v2.RandomResizedCrop(size, CROP_SCALE, CROP_RATIO, v2.InterpolationMode.BILINEAR, antialias=True),
            v2.RandomHorizontalFlip(FLIP),
            v2.RandomApply([v2.ColorJitter(STRENGTH, STRENGTH, STRENGTH, HUE)], JITTER),
            v2.RandomGrayscale(GREY),
            v2.RandomApply([v2.GaussianBlur(BLUR_KERNEL, BLUR_SIGMA)], BLUR),
        ])

    def start(self):
        self.torch.set_num_threads(1)

    def from_array(self, array):
        return self.pil.fromarray(array)

    def decode(self, path):
        with self.pil.open(path) as file:
            return file.convert("RGB")

    def view(self, image):
        return numpy.asarray(self.transform(image))


class TorchvisionTensor(Torchvision):
    """The same transforms on uint8 tensors [3, H, W], which torchvision has vector code for."""

    packages = ("torchvision", "torch")

    def __init__(self, size):
        super().__init__(size)
        from torchvision import io
        self.io = io

    def from_array(self, array):
        return self.torch.from_numpy(array).permute(2, 0, 1)  # channels last in memory, as it likes them

    def decode(self, path):
        return self.io.decode_image(self.io.read_file(path), self.io.ImageReadMode.RGB)

    def view(self, image):
        return self.transform(image).permute(1, 2, 0).numpy()


def one_core(peer, sources, load, args):
    """Images/s of a plain loop."""
    peer.start()
    views = numpy.empty((2, args.batch, args.size, args.size, 3), numpy.uint8)
    order = itertools.chain.from_iterable(numpy.random.permutation(len(sources)) for _ in itertools.count())
    row, images, begin = 0, 0, None
    started = time.perf_counter()
    for i in order:
        image = load(sources[i])
        views[0, row] = peer.view(image)
        views[1, row] = peer.view(image)
        row = (row + 1) % args.batch
        now = time.perf_counter()
        if begin is None:
            if now - started >= args.warm_up:
                begin = now
            continue
        images += 1
        if now - begin >= args.seconds:
            return images / (now - begin)


def many_cores(peer, sources, load, args):
    """Images/s of a DataLoader with a worker a core."""
    import torch.utils.data as data

    class Views(data.Dataset):
        def __len__(self):
            return len(sources)

        def __getitem__(self, i):
            image = load(sources[i])
            return peer.view(image), peer.view(image)

    views = Views()
    loader = data.DataLoader(views, args.batch, num_workers=args.cores, drop_last=True,
                             sampler=data.RandomSampler(views, replacement=True, num_samples=1 << 40),
                             worker_init_fn=lambda _: peer.start())
    return timed_batches(iter(loader).__next__, args)


def torchdata(peer, sources, load, args):
    """Images/s of torchdata's nodes with torchvision's transforms, since it has none of its own. A worker makes whole batches,
    so that it passes on few, large objects; on one core the loop makes them itself."""
    import torch.utils.data as data
    from torchdata import nodes

    def batch_of(numbers):
        views = numpy.empty((2, len(numbers), args.size, args.size, 3), numpy.uint8)
        for row, number in enumerate(numbers):
            image = load(sources[number])
            views[0, row] = peer.view(image)
            views[1, row] = peer.view(image)
        return peer.torch.from_numpy(views)

    peer.start()
    numbers = nodes.SamplerWrapper(data.RandomSampler(sources, replacement=True, num_samples=1 << 40))
    workers = args.cores if args.cores > 1 else 0
    batches = nodes.ParallelMapper(nodes.Batcher(numbers, args.batch), batch_of, num_workers=workers, method="process")
    return timed_batches(iter(nodes.Loader(batches)).__next__, args)


def timed_batches(next_batch, args):
    started = time.perf_counter()
    while time.perf_counter() - started < args.warm_up:
        next_batch()
    batches, begin = 0, time.perf_counter()
    while True:
        next_batch()
        batches += 1
        elapsed = time.perf_counter() - begin
        if elapsed >= args.seconds:
            return batches * args.batch / elapsed


def dali(args, crop_in_decoder):
    """DALI's colour_twist is one matrix: a fixed order, contrast about mid-grey, hue turned in YIQ, and a grey image is
    saturation 0. Cheaper than the recipe's four passes, and the way DALI is used. Files are read from its own reader."""
    from nvidia.dali import fn, pipeline_def, types

    # Outside the pipeline's function, which DALI rewrites.
    picks = files = None
    if args.kind == "stl10":
        images = stl10_images(args.data)
        picks = (images[numpy.random.randint(0, len(images), args.batch)] for _ in itertools.count())
    else:
        files = jpeg_files(args.data)
    crop = {"random_area": CROP_SCALE, "random_aspect_ratio": CROP_RATIO}

    def draw(low, high):
        return fn.random.uniform(range=(low, high))

    @pipeline_def(batch_size=args.batch, num_threads=args.cores, device_id=None, prefetch_queue_depth=2,
                  enable_conditionals=True)
    def pipeline():
        if args.kind == "stl10":
            image = fn.external_source(source=picks, batch=True, layout="HWC", no_copy=True)
        else:
            encoded, _ = fn.readers.file(files=files, random_shuffle=True, initial_fill=1024)
            image = None if crop_in_decoder else fn.decoders.image(encoded, device="cpu")
        views = []
        for _ in range(2):
            if crop_in_decoder:
                part = fn.decoders.image_random_crop(encoded, device="cpu", **crop)
                view = fn.resize(part, size=(args.size, args.size), interp_type=types.INTERP_LINEAR)
            else:
                view = fn.random_resized_crop(image, size=(args.size, args.size),
                                              interp_type=types.INTERP_LINEAR, **crop)
            view = fn.flip(view, horizontal=fn.random.coin_flip(probability=FLIP))
            jitter = fn.random.coin_flip(probability=JITTER)
            colour = 1 - fn.random.coin_flip(probability=GREY)
            view = fn.color_twist(view, brightness=1 + jitter * draw(-STRENGTH, STRENGTH),
                                  contrast=1 + jitter * draw(-STRENGTH, STRENGTH),
                                  saturation=colour * (1 + jitter * draw(-STRENGTH, STRENGTH)),
                                  hue=jitter * draw(-HUE * 360, HUE * 360))  # degrees
            if fn.random.coin_flip(probability=BLUR, dtype=types.BOOL):
                view = fn.gaussian_blur(view, window_size=BLUR_KERNEL, sigma=draw(*BLUR_SIGMA))
            views.append(view)
        return tuple(views)

    pipe = pipeline()
    pipe.build()
    return timed_batches(pipe.run, args)


LOOPS = {"albumentations": Albumentations, "torchvision": Torchvision, "torchvision-tensor": TorchvisionTensor}
PEERS = (*LOOPS, "torchdata", "dali", "dali-crop")  # dali-crop decodes the crop alone, once for each view; JPEG only


def versions(peer):
    packages = LOOPS[peer].packages if peer in LOOPS else ("nvidia.dali",)
    if peer == "torchdata":
        packages = ("torchdata", *Torchvision.packages)
    found = {}
    for name in packages:
        module = __import__(name, fromlist=["__version__"])
        found[name] = module.__version__
    return found


def measure(args):
    if args.peer.startswith("dali"):
        return dali(args, args.peer == "dali-crop")
    peer = LOOPS.get(args.peer, Torchvision)(args.size)
    if args.kind == "stl10":
        sources, load = stl10_images(args.data), peer.from_array
    else:
        sources, load = jpeg_files(args.data), peer.decode
    if args.peer == "torchdata":
        return torchdata(peer, sources, load, args)
    return (one_core if args.cores == 1 else many_cores)(peer, sources, load, args)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("--versions", action="store_true")
    parser.add_argument("--kind", choices=("stl10", "jpeg"))
    parser.add_argument("--data")
    parser.add_argument("--size", type=int)
    parser.add_argument("--cores", type=int)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--warm-up", type=float)
    parser.add_argument("--seconds", type=float)
    args = parser.parse_args()
    if args.versions:
        print(json.dumps(versions(args.peer)))
    else:
        print(json.dumps({"views_per_s": 2 * measure(args)}))


if __name__ == "__main__":
    main()
