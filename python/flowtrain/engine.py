"""Imports what is compiled, and says what to do where it cannot be."""

from __future__ import annotations

import pathlib
import sys

try:
    from flowtrain import _engine as engine
except ImportError as error:
    built = sorted(path.name for path in pathlib.Path(__file__).parent.glob("_engine*.so"))
    raise ImportError(
        f"flowtrain.Loader cannot be loaded in Python {sys.version.split()[0]}: {error}. "
        + (f"It was built as {', '.join(built)}" if built else "It was built without nanobind, so it has no loader")
    ) from error

__all__ = ["SHIPPED", "engine"]

SHIPPED = str(pathlib.Path(__file__).parent / "bundle")  # has graphs/ and configs/
