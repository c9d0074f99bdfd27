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


def test_there_are_three():
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize("example", EXAMPLES, ids=["plain", "lightly", "lightning"])
def test_example(example, photos):
    wanted = set(re.findall(r"^(?:from|import) (\w+)", example, flags=re.M)) - {"flowtrain"}
    for module in wanted:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"there is no {module} here")

    done = run_script(example, timeout=300, cwd=photos)
    assert done.returncode == 0, done.stderr
    if not wanted:
        assert done.stdout.count("uint8") == 6, done.stdout
