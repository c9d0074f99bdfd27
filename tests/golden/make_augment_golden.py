#!/usr/bin/env python3
"""Writes augment_golden.h: what torchvision makes of small images.

Needs torch, torchvision and Pillow (made with 2.11, 0.26 and 13.0). Run it and format the result:
    python3 tests/golden/make_augment_golden.py > tests/golden/augment_golden.h
    clang-format -i tests/golden/augment_golden.h
"""

import numpy as np
import torchvision.transforms.functional as F
from PIL import Image


def noise(height, width):
    """The image that GoldenImage() in the tests makes: bytes of a linear congruential generator."""
    state = np.uint64(height * 1000 + width)
    out = []
    for _ in range(height * width * 3):
        state = (int(state) * 1103515245 + 12345) % (1 << 31)
        out.append(state >> 16 & 255)
    return Image.fromarray(np.array(out, np.uint8).reshape(height, width, 3))


def picture(height, width):
    """The image that Picture() in the tests makes: smooth colours with some noise."""
    rough = np.asarray(noise(height, width)).astype(int)
    y, x = np.mgrid[0:height, 0:width]
    smooth = np.stack([255 * x // width, 255 * y // height, (x * x + 3 * y) // 8 % 256], axis=2)
    return Image.fromarray(((7 * smooth + rough) // 8).astype(np.uint8))


def f32(value):
    return float(np.float32(value))


def emit(name, image):
    array = np.asarray(image)
    numbers = ", ".join(str(v) for v in array.reshape(-1))
    print(f"// {array.shape[0]} x {array.shape[1]}")
    print(f"inline constexpr std::array<uint8_t, {array.size}> {name} = {{{numbers}}};\n")


BILINEAR, BICUBIC = F.InterpolationMode.BILINEAR, F.InterpolationMode.BICUBIC


def view(image, crop, size, flip, jitter, grey, blur, solarize=None, interpolation=BILINEAR):
    """`crop` is top, left, height, width; `jitter` a list of (operation, factor); `blur` (kernel, sigma); `solarize` a
    threshold."""
    out = F.resized_crop(image, *crop, [size, size], interpolation)
    if flip:
        out = F.hflip(out)
    operations = {"b": F.adjust_brightness, "c": F.adjust_contrast,
                  "s": F.adjust_saturation, "h": F.adjust_hue}
    for operation, factor in jitter:
        out = operations[operation](out, f32(factor))
    if grey:
        out = F.rgb_to_grayscale(out, 3)
    if blur:
        out = F.gaussian_blur(out, [blur[0]] * 2, [f32(blur[1])] * 2)
    if solarize is not None:
        out = F.solarize(out, solarize)
    return out


def main():
    print("// Made by make_augment_golden.py; what torchvision makes of GoldenImage(height, width).\n"
          "#pragma once\n\n#include <array>\n#include <cstdint>\n\nnamespace flowtrain::golden {\n")
    colours = noise(5, 6)
    emit("kSource5x6", colours)
    for name, function, factors in [("Brightness", F.adjust_brightness, (0.6, 1.4)),
                                    ("Contrast", F.adjust_contrast, (0.6, 1.4)),
                                    ("Saturation", F.adjust_saturation, (0.6, 1.4))]:
        for factor in factors:
            emit(f"k{name}{int(factor * 10 + 0.5):02}", function(colours, f32(factor)))
    emit("kHuePlus01", F.adjust_hue(colours, f32(0.1)))
    emit("kHueMinus01", F.adjust_hue(colours, f32(-0.1)))
    emit("kHuePlus05", F.adjust_hue(colours, f32(0.5)))
    emit("kGrey", F.rgb_to_grayscale(colours, 3))
    emit("kSolarize128", F.solarize(colours, 128))
    emit("kSolarize200", F.solarize(colours, 200))
    emit("kFlip", F.hflip(colours))
    emit("kBlur5Sigma11", F.gaussian_blur(colours, [5, 5], [f32(1.1)] * 2))
    emit("kBlur9Sigma20", F.gaussian_blur(noise(7, 6), [9, 9], [f32(2.0)] * 2))
    emit("kShrunk4x3", F.resize(noise(17, 14), [4, 3]))
    emit("kGrown8x9", F.resize(noise(5, 4), [8, 9]))
    emit("kShrunk4x3Bicubic", F.resize(noise(17, 14), [4, 3], BICUBIC))
    emit("kGrown8x9Bicubic", F.resize(noise(5, 4), [8, 9], BICUBIC))
    emit("kShrunkAndGrown3x9", F.resize(noise(16, 5), [3, 9]))
    emit("kCentre6From9x16", F.center_crop(F.resize(noise(9, 16), 6), 6))
    emit("kCentre8From7x5", F.center_crop(F.resize(noise(7, 5), 8), 8))
    source = noise(20, 24)
    emit("kViewPlain", view(source, (3, 2, 14, 17), 8, False, [], False, None))
    emit("kViewAll", view(source, (1, 5, 19, 16), 10, True,
                          [("h", 0.07), ("c", 1.3), ("b", 0.75), ("s", 0.65)], False, (5, 0.9)))
    emit("kViewGrey", view(source, (4, 0, 6, 7), 10, True,
                           [("s", 1.35), ("b", 1.2), ("h", -0.09), ("c", 0.7)], True, (3, 1.7)))
    emit("kViewBicubic", view(source, (2, 1, 15, 18), 10, True,
                              [("c", 0.8), ("h", 0.04), ("s", 1.2), ("b", 1.1)], False, (5, 0.7), 128, BICUBIC))
    # Large enough for the fused view.
    source = picture(60, 80)
    emit("kFused0", view(source, (5, 8, 40, 50), 32, False,
                         [("b", 1.25), ("c", 0.7), ("s", 1.3), ("h", 0.08)], False, (9, 1.2)))
    emit("kFused1", view(source, (0, 20, 60, 55), 32, True,
                         [("h", -0.1), ("s", 0.65), ("b", 0.7), ("c", 1.35)], False, None))
    emit("kFused2", view(source, (30, 2, 20, 24), 32, False,
                         [("s", 1.4), ("h", 0.05), ("c", 1.2), ("b", 0.9)], True, (9, 0.6)))
    emit("kFused3", view(source, (10, 10, 45, 36), 32, True, [], False, (9, 1.9)))
    emit("kFused4", view(source, (3, 6, 50, 66), 32, True,
                         [("s", 0.8), ("b", 1.15), ("c", 1.25), ("h", 0.06)], False, (9, 0.8), 128, BICUBIC))
    print("}  // namespace flowtrain::golden")


if __name__ == "__main__":
    main()
