"""What the tests of flowtrain.Loader share."""

import hashlib
import os
import subprocess
import sys
import textwrap

import pytest

import flowtrain

SMALL = {
    "data.kind": "sample",
    "sample.images": 61,
    "data.image_size": 24,
    "data.batch_size": 8,
    "data.num_workers": 2,
    "loader.seed": 7,
}
IMAGES, ROWS, BATCHES = 61, 8, 7


def digest(batch):
    """Of all that a batch says; the same for torch tensors, numpy arrays and anything else with a buffer."""
    views, ids, labels = batch
    arrays = [*(views if isinstance(views, tuple) else (views,)), ids, labels]
    return hashlib.sha256(b"|".join(bytes(memoryview(_as_buffer(array)).cast("B")) for array in arrays)).hexdigest()


def _as_buffer(array):
    return array.numpy() if hasattr(array, "numpy") else array


def small(**options):
    """A loader of a few small pictures; options of Loader, and parameters as data__batch_size=4."""
    parameters = {name.replace("__", "."): options.pop(name) for name in list(options) if "__" in name}
    return flowtrain.Loader(options.pop("graph", "graphs/loader.yaml"), {**SMALL, **parameters}, **options)


def first_digest():
    with small(arrays="dlpack") as loader:
        return digest(next(iter(loader)))


@pytest.fixture(scope="session")
def epochs():
    """Digests of the first epochs' batches, a list for each."""
    with small(arrays="numpy") as loader:
        return [[digest(batch) for batch in loader] for _ in range(6)]


def run_script(text, timeout=60, **options):
    """Runs a program in a process of its own, with this one's packages; kills what hangs."""
    program = "from conftest import *\nimport flowtrain, os, sys\n" + textwrap.dedent(text)
    paths = os.pathsep.join([os.path.dirname(os.path.abspath(__file__)), *sys.path])
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=timeout,
                          check=False, env={**os.environ, "PYTHONPATH": paths}, **options)
