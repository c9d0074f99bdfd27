"""flowtrain.Loader, by pytest: what is in tests/python.

  python_test.py PACKAGE [ARGUMENTS OF pytest...]

PACKAGE is the folder that has the package flowtrain. Takes pytest, numpy and mypy from PyPI; exit code 77 where it cannot be
reached. Tests of torch are skipped where this Python has none.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "support"))
from pypi import import_from_pypi  # noqa: E402

import_from_pypi("pytest==9.2.0", "numpy", "mypy==2.4.1", modules=["pytest", "numpy", "mypy"])
sys.path[:0] = [os.path.abspath(sys.argv[1]), os.path.join(HERE, "python")]

import pytest  # noqa: E402

sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", os.path.join(HERE, "python"), *sys.argv[2:]]))
