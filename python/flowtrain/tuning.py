"""How many workers a loader needs."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowtrain._engine import LoaderRun

_WARM_UP_S = 0.3


def worker_counts() -> list[int]:
    """1, 2, 4, ... and the number of cores that this process may use."""
    cores = len(os.sched_getaffinity(0))
    counts = [1]
    while counts[-1] * 2 < cores:
        counts.append(counts[-1] * 2)
    return counts if cores == 1 else [*counts, cores]


def measure_workers(opened: Callable[[int], LoaderRun], counts: Sequence[int], seconds: float,
                    progress: bool) -> dict[int, float]:
    """Images per second by number of workers, of `opened(count)` with nothing that holds it up."""
    speeds = {}
    for number, count in enumerate(counts, 1):
        _show(progress, f"workers {count} ({number} of {len(counts)}) …")
        run = opened(count)
        try:
            speeds[count] = _images_per_s(run, seconds)
        finally:
            run.stop()
        _show(progress, f"workers {count}: {speeds[count]:,.0f} images/s", last=True)
    return speeds


def fewest_workers(speeds: Mapping[int, float]) -> int:
    """The smallest number that is within 3 % of the fastest."""
    enough = 0.97 * max(speeds.values())
    return min(count for count, speed in speeds.items() if speed >= enough)


def _images_per_s(run: LoaderRun, seconds: float) -> float:
    _taken(run, _WARM_UP_S)
    begin = time.perf_counter()
    images = _taken(run, seconds)
    return images / (time.perf_counter() - begin)


def _taken(run: LoaderRun, seconds: float) -> int:
    """Images of the batches that come in that time, at least one batch."""
    end, images = time.perf_counter() + seconds, 0
    while images == 0 or time.perf_counter() < end:
        batch = run.take(0.1)
        if batch is not None:
            images += batch.rows
    return images


def _show(progress: bool, text: str, last: bool = False) -> None:
    """On one line of a terminal or a notebook's cell, which both know the carriage return."""
    if progress:
        print(f"\r{text:<60}", end="\n" if last else "", file=sys.stderr, flush=True)
