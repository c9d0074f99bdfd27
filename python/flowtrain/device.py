"""Copies of views to a device, ahead of the loop."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowtrain._engine import Memory

_FOR_ALL_DEVICES = 1  # cudaHostRegisterPortable


class PinnedMemory:
    """Page-locks the memory of a loader's batches, so that CUDA copies from it while the loop's thread goes on.

    It keeps the memory, and lets go of the locks before that is freed. `cuda` is torch.cuda.
    """

    def __init__(self, memory: Sequence[Memory], cuda: Any, device: Any) -> None:
        self._cuda, self._device, self._process = cuda, device, os.getpid()
        self._locked: list[Memory] = []
        for one in memory:
            error = int(cuda.cudart().cudaHostRegister(one.address, one.bytes, _FOR_ALL_DEVICES))
            if error != 0:
                done = len(self._locked)
                self.release()
                raise RuntimeError(
                    f"pin_memory: CUDA locked {done} of the loader's {len(memory)} buffers of {one.bytes:,} bytes, and "
                    f"then failed with error {error}: lower loader.batches or data.batch_slots, or leave pin_memory out")
            self._locked.append(one)

    def release(self) -> None:
        """Once all copies from it have ended."""
        if not self._locked or os.getpid() != self._process:  # in a forked child CUDA may not be called
            return
        self._cuda.synchronize(self._device)
        while self._locked:
            self._cuda.cudart().cudaHostUnregister(self._locked.pop().address)

    def __del__(self) -> None:
        self.release()


def check_pinning(device: Any) -> None:
    """Raises ValueError where batches cannot be copied to `device` from page-locked memory."""
    import torch  # pylint: disable=import-outside-toplevel

    if device is None or torch.device(device).type != "cuda":
        raise ValueError(
            f"pin_memory=True is for copies to device='cuda', and device is {device!r}: the loader's own copies alone "
            "know when a buffer may be used again. Give device='cuda', or pin a copy (view.clone().pin_memory())")
    if not torch.cuda.is_available():
        raise ValueError("pin_memory=True needs a GPU that torch reaches through CUDA, and torch.cuda.is_available() is "
                         "False: leave it out")


class DeviceCopies:
    """Begins a copy when a batch is taken, and hands it out one batch later.

    On CUDA the copies run on a stream of their own. From ordinary memory each holds up the loop's thread, but not the
    device's work; from what `pin` has locked, neither.
    """

    def __init__(self, device: Any) -> None:
        import torch  # pylint: disable=import-outside-toplevel

        self._torch = torch
        self._device = torch.device(device)
        self._stream = torch.cuda.Stream(self._device) if self._device.type == "cuda" else None

    def pin(self, memory: Sequence[Memory]) -> PinnedMemory:
        """Locks the memory that the copies are made from, until the result is released."""
        return PinnedMemory(memory, self._torch.cuda, self._device)

    def begin(self, views: Sequence[Any]) -> tuple[list[Any], Any]:
        """What `finish` takes: the copies, and the mark of their end."""
        if self._stream is None:
            return [view.to(self._device) for view in views], None
        with self._torch.cuda.stream(self._stream):
            copies = [view.to(self._device, non_blocking=True) for view in views]
            done = self._torch.cuda.Event()
            done.record(self._stream)
        return copies, (done, views)  # the views are kept until they are read

    def finish(self, begun: tuple[list[Any], Any]) -> tuple[Any, ...]:
        """The copies, which work on the current stream may use from now on."""
        copies, mark = begun
        if mark is not None:
            done, _ = mark
            current = self._torch.cuda.current_stream(self._device)
            current.wait_event(done)
            for copy in copies:
                copy.record_stream(current)
            done.synchronize()  # the views' buffer is used again from here on
        return tuple(copies)
