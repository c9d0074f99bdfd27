"""Where the time of a loop over a loader goes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowtrain._engine import Facts, NodeFigures


class Waits:
    """The time that a loop waits for batches, and the whole time since the first of them was there."""

    def __init__(self) -> None:
        self.images = 0  # of the batches that were given
        self._began: float | None = None
        self._entered = 0.0
        self._seconds = 0.0

    def __enter__(self) -> None:
        self._entered = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        now = time.perf_counter()
        if self._began is None:  # the time that the loader takes to start tells nothing
            self._began, self.images = now, 0
        else:
            self._seconds += now - self._entered

    def figures(self) -> tuple[float, float] | None:
        """Seconds since the first batch, and the share of them that was waited; None before the first."""
        if self._began is None:
            return None
        seconds = max(time.perf_counter() - self._began, 1e-9)
        return seconds, self._seconds / seconds


def timing_figures(nodes: Sequence[NodeFigures], facts: Facts, waits: Waits) -> dict[str, Any]:
    """What Loader.timing returns."""
    timed = waits.figures()
    if timed is None:
        raise RuntimeError("there is nothing to time yet: take a few batches first")
    seconds, waited = timed
    table = [{"node": node["name"], "workers": node["workers"],
              "us_per_image": node["seconds"] * 1e6 / max(node["calls"], 1)} for node in nodes if node["on_workers"]]
    return {"seconds": seconds, "images_per_s": waits.images / seconds, "waited": waited, "workers": facts["workers"],
            "nodes": table, "verdict": _verdict(table, waited, facts["workers"])}


def _verdict(table: Sequence[Mapping[str, Any]], waited: float, workers: int) -> str:
    total = sum(row["us_per_image"] for row in table)
    if waited < 0.05:
        return f"The loop holds the loader up: it waited for batches only {waited:.0%} of the time."
    slowest = max(table, key=lambda row: row["us_per_image"])
    return (
        f"The loader holds the loop up, which waited for batches {waited:.0%} of the time. Its {workers} workers spend "
        f"{slowest['us_per_image'] / max(total, 1e-9):.0%} of their work in '{slowest['node']}'. loader.tune() finds the "
        "number of workers; data.cache=memory or `flowtrain pack` saves decoding."
    )


def timing_text(figures: Mapping[str, Any]) -> str:
    """The figures as a table for people."""
    lines = [f"{figures['images_per_s']:,.0f} images/s in {figures['seconds']:.1f} s on {figures['workers']} workers", "",
             f"{'node':<14}{'us an image':>12}"]
    lines += [f"{row['node']:<14}{row['us_per_image']:>12.1f}" for row in figures["nodes"]]
    return "\n".join([*lines, "", figures["verdict"]])
