"""The examples of docs/python.md run as they stand."""

import importlib.util
import pathlib
import random
import re

import pytest
from conftest import run_script

PAGE = pathlib.Path(__file__).parent.parent.parent / "docs/python.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.M | re.S)


@pytest.fixture
def photos(tmp_path):
    draw = random.Random(0)
    for name in ("cat", "dog"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(12):
            (tmp_path / "photos" / name / f"{number}.ppm").write_bytes(b"P6 48 40 255\n" + draw.randbytes(48 * 40 * 3))
    return tmp_path


BATCHES = {"plain": 6, "views": 3}  # that an example prints
NAMES = ["plain", "views", "lightly", "lightning"]


def test_all_have_names():
    assert len(EXAMPLES) == len(NAMES)


@pytest.mark.parametrize("name, example", list(zip(NAMES, EXAMPLES)), ids=NAMES)
def test_example(name, example, photos):
    wanted = set(re.findall(r"^(?:from|import) (\w+)", example, flags=re.M)) - {"flowtrain"}
    for module in wanted:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"there is no {module} here")

    done = run_script(example, timeout=300, cwd=photos)
    assert done.returncode == 0, done.stderr
    if name in BATCHES:
        assert done.stdout.count("uint8") == BATCHES[name], done.stdout
