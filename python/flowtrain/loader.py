"""A loader that makes the views of an image data set, for a training loop in Python."""

from __future__ import annotations

import atexit
import collections
import gc
import json
import os
import sys
import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TextIO

from flowtrain.arrays import converter
from flowtrain.device import DeviceCopies, check_pinning
from flowtrain.engine import SHIPPED, engine
from flowtrain.figures import Waits, timing_figures, timing_text
from flowtrain.tuning import fewest_workers, measure_workers, worker_counts
from flowtrain.view import View, view_parameters

if TYPE_CHECKING:
    import torch

    from flowtrain._engine import Batch, LoaderRun

ConfigError = engine.ConfigError  # a ValueError: the graph or a parameter is wrong
DataError = engine.DataError  # a RuntimeError: the data set is broken
ForkedError = engine.ForkedError  # a RuntimeError: the loader was used in a forked child

_POLL_S = 0.1  # how soon Ctrl-C is noticed while a batch is awaited
_open: weakref.WeakSet[Loader] = weakref.WeakSet()


class Loader:
    """Iterates over the epochs of a data set, batch by batch, like PyTorch's DataLoader.

    Each `for` loop over it is one epoch and gives, for every batch of B images,

        (view0, view1, ...), ids, labels

    where a view is uint8 [B, size, size, 3], each of its own size, in the order of `views` (one view stands alone, not
    in a tuple), ids are int64 [B], the numbers of the images in the data set, and labels int64 [B], -1 where an image
    has none. The same seed gives the same batches with any number of workers; they are those that
    `flowtrain graphs/simclr.yaml` trains on.

    The views are lent: they lie in the buffer that they were made in, which is used again when the last array that
    shows it is gone. At most `loader.batches` batches (4) can be ready or held at a time, that of the running loop
    included; copy what is to be kept.

    Args:
        graph: a graph file, relative to the working directory or else to those that ship with flowtrain:
            graphs/loader.yaml, or graphs/loader_center.yaml for one centre crop an image.
        parameters: overrides the graph's parameters: {"data.root": "photos", "data.batch_size": 256}. Those of the
            graphs that ship are in configs/loader_config.yaml and configs/loader_center_config.yaml.
        device: views are copied to this torch device, one batch ahead of the loop; on CUDA on a stream of their own.
            Needs torch.
        pin_memory: with a CUDA device: the loader's buffers are page-locked, so that these copies do not hold up the
            loop's thread. ValueError for another device and without CUDA.
        views: views of each image: a number of them that are made alike, as augment.* says (short for the parameter
            loader.views; 2), or a list of `View`, each of which overrides some of augment.* (augment.views).
        dtype: "uint8"; or "float32" or "float16": views are (byte / 255 - mean) / std, [B, 3, size, size], made on the
            loader's threads. Short for loader.values.
        channels_last: float views lie in memory as PyTorch's channels_last format has it. Short for loader.layout.
        mean, std: of red, green and blue; those of ImageNet if they are not given. Short for loader.mean, loader.std.
        arrays: "torch", "numpy" or "dlpack" (any library takes those), or "auto": torch where it is installed,
            otherwise numpy.
        as_dict: batches are {"views": ..., "ids": ..., "labels": ...}.
        rank, world_size: this process's number among those that share each epoch, and how many they are: it gets the
            batches rank, rank + world_size, ... of the order of one process. Default: what torch.distributed says
            where it is initialised, otherwise 0 and 1.
        gradient_accumulation: batches of this process in an optimiser step, as the trainer's gpu.gradient_accumulation:
            they are those that this rank of `flowtrain` would train on. `windows` has the number in each step.
            Short for loader.gradient_accumulation.
        timeout: seconds to wait for another thread to let go of a batch when all are held.

    Raises:
        ConfigError: a ValueError that lists all that is wrong with the graph or the parameters, such as views that the
            graph cannot make.
        DataError: a RuntimeError; the data set is broken.
    """

    def __init__(
        self,
        graph: str | os.PathLike[str] = "graphs/loader.yaml",
        parameters: Mapping[str, Any] | None = None,
        *,
        device: str | torch.device | None = None,
        pin_memory: bool = False,
        views: int | Sequence[View | Mapping[str, Any]] | None = None,
        dtype: Literal["uint8", "float32", "float16"] | None = None,
        channels_last: bool | None = None,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        arrays: Literal["auto", "torch", "numpy", "dlpack"] = "auto",
        as_dict: bool = False,
        rank: int | None = None,
        world_size: int | None = None,
        gradient_accumulation: int | None = None,
        timeout: float = 30.0,
    ) -> None:
        given = dict(parameters or {})
        layout = None if channels_last is None else "channels_last" if channels_last else "channels_first"
        given.update(view_parameters(views))
        short: dict[str, Any] = {
            "values": dtype, "layout": layout, "gradient_accumulation": gradient_accumulation,
            "mean": None if mean is None else list(mean), "std": None if std is None else list(std)}
        given.update({"loader." + name: value for name, value in short.items() if value is not None})
        _put_rank(given, rank, world_size)
        if pin_memory:
            check_pinning(device)
        self._pins = pin_memory
        self._convert = converter("torch" if device is not None else arrays)
        self._copies = None if device is None else DeviceCopies(device)
        self._as_dict = as_dict
        self._timeout = timeout
        self._lock = threading.RLock()
        self._graph, self._given = os.fspath(graph), given
        self._open_run()
        self._epoch, self._batch = 0, 0  # where the next loop begins
        self._loop: _Loop | None = None  # the running one
        _open.add(self)

    def _open_run(self) -> None:
        self._run: LoaderRun = engine.LoaderRun(self._graph, SHIPPED, _as_json(self._given))
        self._pinned = self._copies.pin(self._run.memory) if self._pins and self._copies is not None else None
        self._facts = self._run.facts
        self._at = (0, 0)  # the batch that the engine makes next
        self._waits = Waits()

    def __len__(self) -> int:
        """Batches of an epoch, for this process."""
        return self._facts["batches"]

    def __iter__(self) -> Iterator[Any]:
        """Begins the next epoch, or that of set_epoch or load_state_dict. An earlier loop ends."""
        self._loop = _Loop(self, self._epoch, self._batch)
        self._epoch, self._batch = self._epoch + 1, 0
        return self._loop

    def set_epoch(self, epoch: int) -> None:
        """The next loop is this epoch, from 0. Without it each loop is the epoch after that of the one before.

        Raises:
            ValueError: the epoch is negative.
        """
        if epoch < 0:
            raise ValueError(f"there is no epoch {epoch}: they are counted from 0")
        if epoch != self._epoch:
            self._epoch, self._batch = epoch, 0

    @property
    def dataset(self) -> str:
        """What the data set is, in words."""
        return self._facts["dataset"]

    @property
    def images(self) -> int:
        """Images of the data set."""
        return self._facts["images"]

    @property
    def classes(self) -> list[str]:
        """Names of the classes, by label; empty where the images have none."""
        return self._facts["classes"]

    @property
    def batch_size(self) -> int:
        """Images of a batch."""
        return self._facts["batch_size"]

    @property
    def view_sizes(self) -> tuple[int, ...]:
        """Side of each view of an image, pixels, in their order."""
        return tuple(self._facts["sizes"])

    @property
    def windows(self) -> list[int]:
        """This process's batches in each optimiser step of an epoch; they add up to len(loader).

        Without gradient_accumulation a step is a batch. With it the last step of an epoch takes what is left, which may
        leave a process without any: a 0.
        """
        return list(self._facts["windows"])

    def state_dict(self) -> dict[str, Any]:
        """The place in the epoch, after the batch that the loop was given last: what load_state_dict takes."""
        epoch, batch = self._epoch, self._batch
        if self._loop is not None and self._loop.goes_on():
            epoch, batch = self._loop.epoch, self._loop.batch
        facts: Mapping[str, Any] = self._facts
        state = {name: facts[name] for name in _SAME_ORDER}
        return {"version": 1, "epoch": epoch, "batch": batch, **state}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """The next loop gives the rest of the epoch that `state` was taken in.

        Raises:
            ValueError: the state is of a loader with another order, which the message names.
        """
        if state.get("version") != 1:
            raise ValueError(f"the state is not of this loader: its version is {state.get('version')}, not 1")
        facts: Mapping[str, Any] = self._facts
        other = [f"{name} was {state.get(name, 0)} and is {facts[name]}" for name in _SAME_ORDER
                 if state.get(name, 0) != facts[name]]
        if other:
            raise ValueError("the state is of a loader that gives other batches: " + ", ".join(other))
        self._loop = None
        self._epoch, self._batch = state["epoch"], state["batch"]

    def timing(self, file: TextIO | None = None) -> dict[str, Any]:
        """Prints where the time went since the first batch, and whether the loader or the loop holds the other up.

        Returns the same as a dictionary: seconds, images_per_s, waited (the share of the time in which the loop waited
        for a batch, 0 to 1), workers, nodes (a list of node, workers and us_per_image), verdict.

        Raises:
            RuntimeError: no batch was taken yet.
        """
        figures = timing_figures(self._run.nodes, self._facts, self._waits)
        print(timing_text(figures), file=file)
        return figures

    def tune(self, seconds: float = 2.0, workers: Sequence[int] | None = None, progress: bool = True) -> dict[int, float]:
        """Sets the number of workers to the smallest with which the loader is within 3 % of its fastest.

        Each number in `workers` (1, 2, 4, ... up to the cores that this process may use) is tried for `seconds`, with
        nothing else running; the data set is opened again for each. Batches and the place in the epoch stay the same.
        Returns images per second by number of workers.
        """

        def opened(count: int) -> LoaderRun:
            return engine.LoaderRun(self._graph, SHIPPED, _as_json({**self._given, "data.num_workers": count}))

        with self._lock:
            self._run.stop()  # it would run beside those that are measured
        speeds = measure_workers(opened, workers or worker_counts(), seconds, progress)
        self._given["data.num_workers"] = fewest_workers(speeds)
        with self._lock:
            self._open_run()
        return speeds

    def close(self) -> None:
        """Ends the loader's threads. Batches that are held stay good."""
        with self._lock:
            self._run.stop()
            self._loop = None
            if self._pinned is not None:
                self._pinned.release()

    def __enter__(self) -> Loader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self, loop: _Loop) -> Batch:
        """The next batch of the engine, which a loop expects to be its own."""
        wanted = (loop.epoch, loop.taken)
        with self._lock:
            if self._at != wanted:
                self._run.go_to(*wanted)
            self._at = wanted
        with self._waits:
            batch = self._wait()
        self._waits.images += batch.rows
        self._at = (loop.epoch, loop.taken + 1) if loop.taken + 1 < len(self) else (loop.epoch + 1, 0)
        return batch

    def _wait(self) -> Batch:
        give_up = time.monotonic() + self._timeout
        collected = False
        while True:
            with self._lock:
                batch = self._run.take(_POLL_S)
                if batch is not None:
                    return batch
                stuck = self._run.all_are_lent()
            if stuck and not collected:
                collected = True
                gc.collect()  # a batch may be held by a cycle
            elif stuck and (threading.active_count() == 1 or time.monotonic() > give_up):
                held = self._facts["lent_batches"]
                raise RuntimeError(
                    f"the loop holds all {held} batches that the loader lends, so there is no next one: copy what is to "
                    f"be kept (view.clone(), view.copy()), or raise loader.batches from {held}"
                )

    def _content(self, batch: Batch) -> tuple[Any, Any, Any]:
        """The batch's arrays; of views that go to a device, the copies that have begun."""
        views: Any = tuple(self._convert(engine.view_of(self._run, batch, view)) for view in range(batch.views))
        if self._copies is not None:
            views = self._copies.begin(views)
        return views, self._convert(batch.ids), self._convert(batch.labels)

    def _for_loop(self, content: tuple[Any, Any, Any]) -> Any:
        """What the loop is given of `_content`."""
        views, ids, labels = content
        if self._copies is not None:
            views = self._copies.finish(views)
        if len(views) == 1:
            views = views[0]
        return {"views": views, "ids": ids, "labels": labels} if self._as_dict else (views, ids, labels)


class _Loop:
    """One `for` loop: the rest of an epoch from a batch on."""

    def __init__(self, loader: Loader, epoch: int, batch: int) -> None:
        self._loader = loader
        self.epoch = epoch
        self.batch = batch  # that the loop is given next
        self.taken = batch  # that is taken from the engine next
        self._ahead: collections.deque[tuple[Any, Any, Any]] = collections.deque()

    def goes_on(self) -> bool:
        """Whether there are batches left."""
        return self.batch < len(self._loader)

    def __iter__(self) -> _Loop:
        return self

    def __len__(self) -> int:
        return len(self._loader) - self.batch

    def __next__(self) -> Any:
        if not self.goes_on():
            raise StopIteration
        loader = self._loader
        if loader._loop is not self:  # pylint: disable=protected-access
            raise RuntimeError("this loop over the loader has ended: it was closed, or another loop has begun")
        ahead = 0 if loader._copies is None else 1  # pylint: disable=protected-access
        while self.taken < len(loader) and len(self._ahead) <= ahead:
            self._ahead.append(loader._content(loader._take(self)))  # pylint: disable=protected-access
            self.taken += 1
        self.batch += 1
        return loader._for_loop(self._ahead.popleft())  # pylint: disable=protected-access


# What decides which images are in which batch, and what is drawn for them. The number of workers does not.
_SAME_ORDER = ("seed", "shuffle", "drop_last", "batch_size", "images", "rank", "world_size", "gradient_accumulation")


def _as_json(parameters: Mapping[str, Any]) -> str:
    try:
        return json.dumps(parameters, ensure_ascii=False)
    except TypeError as error:
        raise ConfigError(f"a parameter has a value that no graph takes: {error}") from error


def _put_rank(parameters: dict[str, Any], rank: int | None, world_size: int | None) -> None:
    """Puts this process's part of the epochs into the parameters, unless they name it themselves."""
    if (rank is None) != (world_size is None):
        raise ValueError("rank and world_size belong together: give both or none")
    if rank is None and "loader.rank" not in parameters and "loader.world_size" not in parameters:
        rank, world_size = _distributed()
    if rank is not None:
        parameters["loader.rank"], parameters["loader.world_size"] = rank, world_size


def _distributed() -> tuple[int, int] | tuple[None, None]:
    """Rank and world size as torch.distributed says, if the program uses it."""
    distributed = getattr(sys.modules.get("torch"), "distributed", None)
    if distributed is None or not distributed.is_available() or not distributed.is_initialized():
        return None, None
    return distributed.get_rank(), distributed.get_world_size()


@atexit.register
def _close_all() -> None:
    """Threads must not outlive the interpreter that takes their batches."""
    for loader in list(_open):
        loader.close()
