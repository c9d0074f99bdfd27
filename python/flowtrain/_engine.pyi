"""What is compiled: python/module/module.cc."""

from typing import Any, TypedDict

class ConfigError(ValueError): ...
class DataError(RuntimeError): ...
class ForkedError(RuntimeError): ...

class Facts(TypedDict):
    """What is known of an open loader; not a class of the module."""

    batch_size: int
    sizes: list[int]
    images: int
    batches: int
    windows: list[int]
    seed: int
    rank: int
    world_size: int
    gradient_accumulation: int
    shuffle: bool
    drop_last: bool
    workers: int
    lent_batches: int
    classes: list[str]
    dataset: str

class NodeFigures(TypedDict):
    """Of a node of the graph, since its threads started; not a class of the module."""

    name: str
    workers: int
    calls: int
    seconds: float
    on_workers: bool

class Batch:
    @property
    def rows(self) -> int: ...
    @property
    def epoch(self) -> int: ...
    @property
    def batch(self) -> int: ...
    @property
    def views(self) -> int: ...
    @property
    def ids(self) -> Any: ...
    @property
    def labels(self) -> Any: ...

class Memory:
    @property
    def address(self) -> int: ...
    @property
    def bytes(self) -> int: ...

class LoaderRun:
    def __init__(self, graph: str, shipped: str, parameters: str) -> None: ...
    @property
    def facts(self) -> Facts: ...
    @property
    def nodes(self) -> list[NodeFigures]: ...
    @property
    def memory(self) -> list[Memory]: ...
    def go_to(self, epoch: int, batch: int) -> None: ...
    def take(self, seconds: float) -> Batch | None: ...
    def all_are_lent(self) -> bool: ...
    def stop(self) -> None: ...

def view_of(run: LoaderRun, batch: Batch, view: int) -> Any: ...
