"""What the arrays of a batch are: torch tensors, numpy arrays or plain DLPack objects."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

KINDS = ("auto", "torch", "numpy", "dlpack")


def converter(kind: str) -> Callable[[Any], Any]:
    """A function that makes an array of `kind` from one that the engine lends, without copying it.

    auto: torch tensors where torch is installed, otherwise numpy arrays. Raises ValueError for any other kind.
    """
    if kind not in KINDS:
        raise ValueError(f"arrays={kind!r} is none of {', '.join(KINDS)}")
    if kind == "dlpack":
        return lambda lent: lent
    if kind == "torch" or (kind == "auto" and importlib.util.find_spec("torch") is not None):
        import torch  # pylint: disable=import-outside-toplevel

        from_dlpack: Callable[[Any], Any] = torch.from_dlpack
        return from_dlpack
    import numpy  # pylint: disable=import-outside-toplevel

    asarray: Callable[[Any], Any] = numpy.asarray
    return asarray
