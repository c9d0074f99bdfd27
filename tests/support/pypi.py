"""Packages of PyPI for a test: import_from_pypi("tensorboard==2.21.0") makes them importable, or ends the test with
exit code 77 (skipped) and says why. They are fetched once, into the cache of the build scripts."""
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile


def import_from_pypi(*requirements, modules):
    if all(importlib.util.find_spec(module) for module in modules):
        return
    cache = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "flowtrain")
    version = "cp%d%d" % sys.version_info[:2]
    name = re.sub(r"[^A-Za-z0-9.]+", "-", "-".join(requirements))
    folder = os.path.join(cache, f"pypi-{name}-{version}")
    if not os.path.isdir(folder):
        fetch(requirements, folder)
    sys.path.insert(0, folder)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH")]))


def fetch(requirements, folder):
    """Into a folder beside it first: half of the packages are none."""
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    part = tempfile.mkdtemp(prefix=os.path.basename(folder) + ".part-", dir=os.path.dirname(folder))
    try:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", part, "--only-binary=:all:",
               "--disable-pip-version-check", "--retries", "1", *requirements]
        done = subprocess.run(pip, capture_output=True, text=True, check=False,
                              env={**os.environ, "PIP_REQUIRE_VIRTUALENV": "0"})
        if done.returncode != 0:
            lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
            print("skipped:", " ".join(requirements), "cannot be fetched from PyPI:", lines[-1] if lines else "")
            sys.exit(77)
        try:
            os.rename(part, folder)
        except OSError:
            if not os.path.isdir(folder):  # else another test was faster
                raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
