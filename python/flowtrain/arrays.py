"""What the arrays of a batch are: torch tensors, numpy arrays or plain DLPack objects."""

import importlib.util

KINDS = ("auto", "torch", "numpy", "dlpack")


def converter(kind):
    """A function that makes an array of `kind` from one that the engine lends, without copying it.

    auto: torch tensors where torch is installed, otherwise numpy arrays.
    """
    if kind not in KINDS:
        raise ValueError(f"arrays={kind!r} is none of {', '.join(KINDS)}")
    if kind == "dlpack":
        return lambda lent: lent
    if kind == "torch" or (kind == "auto" and importlib.util.find_spec("torch") is not None):
        import torch  # pylint: disable=import-outside-toplevel

        return torch.from_dlpack
    import numpy  # pylint: disable=import-outside-toplevel

    return numpy.asarray
