#!/usr/bin/env python3
"""How similar a network finds an image and its own altered copies, and images that have nothing to do with one another.

  similar_images.py FLOWTRAIN CHECKPOINT IMAGES [IMAGES ...]

IMAGES are folders of images, files of STL-10 (train_X.bin), or `sample`, the built-in pictures. Needs numpy and Pillow. Prints a
table in Markdown, of the similarity that `flowtrain check --checkpoint` compares with its threshold (tools/similar).
"""

import csv
import io
import pathlib
import subprocess
import sys
import tempfile

import numpy
from PIL import Image, ImageEnhance

SHRINKAGE = 0.1  # as in tools/similar/similar_groups.cc
THRESHOLDS = (0.7, 0.75, 0.8, 0.85, 0.9)
SIDE = 96  # of the built-in pictures


def sample_images(flowtrain, folder):
    """Cut out of the left column of contact sheets, where they are as the data set has them."""
    for seed in range(1, 6):
        sheet = folder / f"{seed}.png"
        subprocess.run([flowtrain, "preview", "graphs/simclr.yaml", "--images", "64", "--seed", str(seed), "--out", sheet,
                        "--set", "data.kind=sample", "--set", f"data.image_size={SIDE}"],
                       check=True, capture_output=True)
        picture = Image.open(sheet).convert("RGB")
        for row in range(64):
            top = 4 + row * (SIDE + 4)
            yield picture.crop((4, top, 4 + SIDE, top + SIDE))


def images_of(name, flowtrain, folder):
    path = pathlib.Path(name)
    if name == "sample":
        yield from sample_images(flowtrain, folder)
    elif path.suffix == ".bin":
        for planes in numpy.fromfile(path, numpy.uint8).reshape(-1, 3, 96, 96):
            yield Image.fromarray(planes.transpose(2, 1, 0))
    else:
        for file in sorted(p for p in path.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png")):
            yield Image.open(file).convert("RGB")


def cropped(image):
    width, height = image.size
    return image.crop((round(0.1 * width), round(0.1 * height), round(0.9 * width), round(0.9 * height)))


def compressed(image):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=50)
    return Image.open(file).convert("RGB")


ALTERED = {
    "crop to 80 % of each side": cropped,
    "brightness + 20 %": lambda image: ImageEnhance.Brightness(image).enhance(1.2),
    "mirrored": lambda image: image.transpose(Image.FLIP_LEFT_RIGHT),
    "rotated by 5 degrees": lambda image: image.rotate(5, Image.BILINEAR),
    "JPEG of quality 50": compressed,
}


def write_images(names, flowtrain, folder):
    """As FOLDER/plain/all/NUMBER-KIND.png, and all of them mirrored. KIND 0 is the image itself. Returns their number."""
    for mirrored in ("plain", "mirrored"):
        (folder / mirrored / "all").mkdir(parents=True)
    number = 0
    for name in names:
        for image in images_of(name, flowtrain, folder):
            for kind, copy in enumerate([image, *(alter(image) for alter in ALTERED.values())]):
                file = f"all/{number:06d}-{kind}.png"
                copy.save(folder / "plain" / file)
                copy.transpose(Image.FLIP_LEFT_RIGHT).save(folder / "mirrored" / file)
            number += 1
    return number


def features_of(flowtrain, checkpoint, folder):
    run = folder.parent / f"{folder.name}-run"
    subprocess.run([flowtrain, "graphs/embed.yaml", "--set", f"checkpoint={checkpoint}", "--set", "data.kind=folder",
                    "--set", f"data.root={folder}", "--run-dir", run, "--set", "run.tensorboard=false"],
                   check=True, stdout=subprocess.DEVNULL)
    with open(run / "embeddings.csv", encoding="utf-8") as file:
        names = [pathlib.Path(line["name"]).stem for line in csv.DictReader(file)]
    rows = numpy.load(run / "embeddings.npy").astype(float)
    return rows[numpy.argsort(names)].reshape(len(names) // (1 + len(ALTERED)), 1 + len(ALTERED), -1)


def unit_rows(features):
    """Whitened as the program does, by the images without their copies; [image, kind, D]."""
    images = features[:, 0]
    mean = images.mean(0)
    centred = images - mean
    covariance = centred.T @ centred / len(centred)
    rank = min(len(centred) - 1, covariance.shape[0])
    covariance += SHRINKAGE * numpy.trace(covariance) / rank * numpy.eye(len(covariance))
    rows = (features - mean) @ numpy.linalg.inv(numpy.linalg.cholesky(covariance)).T
    return rows / numpy.linalg.norm(rows, axis=2, keepdims=True)


def line_of(name, similarities):
    quantiles = [f"{value:.2f}" for value in numpy.quantile(similarities, (0.05, 0.5, 0.95, 0.99))]
    shares = [f"{100 * (similarities >= threshold).mean():.1f} %" for threshold in THRESHOLDS]
    return f"| {name} | " + " | ".join(quantiles + shares) + " |"


def main():
    flowtrain, checkpoint, *names = sys.argv[1:]
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        number = write_images(names, flowtrain, folder)
        features = sum(features_of(flowtrain, checkpoint, folder / kind) for kind in ("plain", "mirrored"))
    rows = unit_rows(features)
    between = rows[:, 0] @ rows[:, 0].T
    numpy.fill_diagonal(between, -1)
    print(f"{number} images\n")
    print("| | 5 % | median | 95 % | 99 % | " + " | ".join(f"{threshold} and more" for threshold in THRESHOLDS) + " |")
    print("|---|" + "---|" * (4 + len(THRESHOLDS)))
    for kind, name in enumerate(ALTERED, 1):
        print(line_of(f"copy: {name}", (rows[:, 0] * rows[:, kind]).sum(1)))
    print(line_of("the nearest other image", between.max(1)))


if __name__ == "__main__":
    main()
