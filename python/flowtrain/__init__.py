"""flowtrain: `flowtrain --help` shows the program, and `Loader` gives its loader to a training loop in Python.

    from flowtrain import Loader

    loader = Loader("graphs/loader.yaml", {"data.kind": "folder", "data.root": "photos", "data.batch_size": 256})
    for (view0, view1), ids, labels in loader:
        ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowtrain.loader import ConfigError as ConfigError
    from flowtrain.loader import DataError as DataError
    from flowtrain.loader import ForkedError as ForkedError
    from flowtrain.loader import Loader as Loader
    from flowtrain.view import View as View

    __version__: str

__all__ = ["ConfigError", "DataError", "ForkedError", "Loader", "View", "__version__"]


def __getattr__(name: str) -> Any:
    """Imports the loader when it is first used: the command `flowtrain` does without it."""
    if name == "Loader":
        from flowtrain.loader import Loader  # pylint: disable=import-outside-toplevel

        return Loader
    if name == "View":
        from flowtrain.view import View  # pylint: disable=import-outside-toplevel

        return View
    if name in ("ConfigError", "DataError", "ForkedError"):
        from flowtrain import loader  # pylint: disable=import-outside-toplevel

        return getattr(loader, name)
    if name == "__version__":
        from importlib.metadata import version  # pylint: disable=import-outside-toplevel

        return version("flowtrain")
    raise AttributeError(f"module 'flowtrain' has no attribute {name!r}")
