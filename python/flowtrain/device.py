"""Copies of views to a device, ahead of the loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class DeviceCopies:
    """Begins a copy when a batch is taken, and hands it out one batch later.

    On CUDA the copies run on a stream of their own. They are of ordinary memory, so each holds up the loop's thread, but
    not the device's work.
    """

    def __init__(self, device: Any) -> None:
        import torch  # pylint: disable=import-outside-toplevel

        self._torch = torch
        self._device = torch.device(device)
        self._stream = torch.cuda.Stream(self._device) if self._device.type == "cuda" else None

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
