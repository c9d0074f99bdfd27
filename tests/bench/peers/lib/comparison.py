"""What the programs that compare flowtrain with others share: running them, and the Python they need."""
import json
import os
import shlex
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.realpath(os.path.join(HERE, "..", "..", "..", ".."))
GRAPH = os.path.join("graphs", "simclr.yaml")
TORCH = ("torch==2.11.0", "torchvision==0.26.0", "pillow==13.0.0", "numpy==2.4.6")
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


class Failed(Exception):
    """A message for the user."""


def run(command, environment=None):
    """Runs a command in the checkout and returns what it prints."""
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **(environment or {})}, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"this failed with exit code {done.returncode}:\n  {shlex.join(command)}\n{done.stderr[-2000:]}")
    return done.stdout


def run_json(command, environment=None):
    """The same for a command whose last line is a JSON object."""
    return json.loads(run(command, environment).strip().splitlines()[-1])


def pinned(cores, command):
    return ["taskset", "-c", ",".join(map(str, cores)), *command]


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown")


def make_venv(folder, packages):
    """Makes or completes the environment and returns its Python."""
    python = os.path.join(folder, "bin", "python")
    if not os.path.exists(python):
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    done = subprocess.run([python, "-m", "pip", "install", "-q", *packages], stdout=sys.stderr, check=False)
    if done.returncode != 0:
        raise Failed("pip could not install the peers (see above); mend that, or name an environment with --python")
    return python


def find_flowtrain():
    path = os.path.join(ROOT, "build", "release", "tools", "flowtrain")
    if not os.path.exists(path):
        raise Failed("flowtrain is not built: run tools/flowtrain nodes first, or name a program with --flowtrain")
    return path


def version_of(binary):
    return run([binary, "--version"]).splitlines()[0]


def run_script(name, work):
    """Does a script's work; what it cannot do is told on standard error."""
    try:
        work()
    except Failed as error:
        sys.exit(f"{name}: error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
