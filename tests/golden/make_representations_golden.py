#!/usr/bin/env python3
"""Writes representations_golden.h: what MeasureRepresentations must say, by numpy in fp64.

  tests/golden/make_representations_golden.py > tests/golden/representations_golden.h
"""
import numpy as np


def drawn(*shape, factor):
    """As Drawn in representations_test.cc: fractions that a float holds exactly."""
    n = np.arange(np.prod(shape), dtype=np.int64)
    return ((n * n * 37 + n * factor) % 97 - 48).reshape(shape) / 16


def unit(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)


def rankme(features):
    values = np.linalg.svd(features, compute_uv=False)
    share = values / values.sum() + 1e-7
    return np.exp(-(share * np.log(share)).sum())


def spread(rows):
    return unit(rows).std(axis=0, ddof=1).mean() * np.sqrt(rows.shape[1])


def uniformity(rows):
    squared = [((rows[i] - rows[j]) ** 2).sum() for i in range(len(rows)) for j in range(i)]
    return np.log(np.mean(np.exp(-2 * np.array(squared))))


def figures(features, projections):
    z = unit(projections)
    alignment = ((z[0] - z[1]) ** 2).sum(axis=1).mean()
    return (rankme(features), spread(features), spread(projections[0]), alignment,
            (uniformity(z[0]) + uniformity(z[1])) / 2)


def main():
    full, projections = drawn(24, 10, factor=101), drawn(2, 24, 6, factor=59)
    low = drawn(24, 3, factor=11) @ drawn(3, 10, factor=29)
    print("// Written by make_representations_golden.py.\n#pragma once\n\n#include \"nodes/run/step_record.h\"\n")
    print("namespace flowtrain {\n")
    for name, features in (("kFullRank", full), ("kRankThree", low), ("kWide", full.reshape(8, 30))):
        z = projections[:, :len(features)]
        values = [repr(float(value)) for value in figures(features, z)]
        keys = ("rankme", "feature_std", "projection_std", "alignment", "uniformity")
        fields = ",\n    ".join(f".{key} = {value}" for key, value in zip(keys, values))
        print(f"constexpr RepresentationFigures {name} = {{\n    {fields}}};")
    print("\n}  // namespace flowtrain")


if __name__ == "__main__":
    main()
