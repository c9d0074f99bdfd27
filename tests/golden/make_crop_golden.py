#!/usr/bin/env python3
"""Writes crop_golden.h: how often torchvision's RandomResizedCrop takes which crop.

Needs torch and torchvision (made with 2.11 and 0.26). Run it and format the result; it takes a minute:
    python3 tests/golden/make_crop_golden.py > tests/golden/crop_golden.h
    clang-format -i tests/golden/crop_golden.h

Nothing here is known in closed form: a crop that does not fit is drawn again, up to ten times, its sides are rounded
to pixels, and after the tenth the largest crop at the centre is taken.
"""

import math

import torch
from torchvision.transforms import RandomResizedCrop

DRAWS = 200_000
RATIO = (3 / 4, 4 / 3)
AREA_BINS, RATIO_BINS, PLACE_BINS = 10, 9, 8  # RATIO_BINS is odd, so that a square lies inside of a bin
CASES = (
    (96, 96, 0.2),  # STL-10
    (375, 500, 0.2),  # a photograph
    (480, 320, 0.08),  # another, with the scale ImageNet is trained with
    (32, 32, 0.2),  # few pixels to round to
    (100, 300, 0.2),  # one in seven finds no crop that fits
)


def area_bin(crop, image):
    return min(AREA_BINS - 1, AREA_BINS * crop[0] * crop[1] // (image[0] * image[1]))


def ratio_bin(crop):
    low, high = map(math.log, RATIO)
    share = (math.log(crop[1] / crop[0]) - low) / (high - low)
    return min(RATIO_BINS - 1, max(0, math.floor(RATIO_BINS * share)))


def place_bin(at, spare):
    return PLACE_BINS * at // (spare + 1)


def histogram(height, width, low_scale):
    torch.manual_seed(height * 1000 + width)
    image = torch.empty(3, height, width)
    extents, places = [0] * (AREA_BINS * RATIO_BINS), [0] * (PLACE_BINS * PLACE_BINS)
    for _ in range(DRAWS):
        top, left, h, w = RandomResizedCrop.get_params(image, [low_scale, 1.0], list(RATIO))
        extents[area_bin((h, w), (height, width)) * RATIO_BINS + ratio_bin((h, w))] += 1
        places[place_bin(top, height - h) * PLACE_BINS + place_bin(left, width - w)] += 1
    return extents, places


def braces(values):
    return "{" + ", ".join(map(str, values)) + "}"


def main():
    print(f"""// Made by make_crop_golden.py: how often torchvision's RandomResizedCrop takes which crop.
#pragma once

#include <array>
#include <cstddef>

namespace flowtrain::golden {{

inline constexpr int kCropDraws = {DRAWS};
inline constexpr int kAreaBins = {AREA_BINS}, kRatioBins = {RATIO_BINS}, kPlaceBins = {PLACE_BINS};

struct CropHistogram {{
  int height, width;  // of the image, pixels
  double low_scale;   // least area of a crop, share of the image
  // Counts by area (rows) and ratio of the sides: equal parts of [0, 1], and of [log 3/4, log 4/3].
  std::array<int, size_t{{kAreaBins}} * kRatioBins> extents;
  // Counts by top (rows) and left, as parts of the places that there are for the crop's size.
  std::array<int, size_t{{kPlaceBins}} * kPlaceBins> places;
}};

inline constexpr std::array<CropHistogram, {len(CASES)}> kCrops = {{{{""")
    for height, width, low_scale in CASES:
        extents, places = histogram(height, width, low_scale)
        print(f"{{{height}, {width}, {low_scale}, {braces(extents)}, {braces(places)}}},")
    print("}};\n\n}  // namespace flowtrain::golden")


if __name__ == "__main__":
    main()
