"""What a machine is, in a line, and what nvidia-smi shows of its GPU."""
import os
import platform
import subprocess
import threading
import time


def output_of(command):
    """Of a command that may not be there; empty where it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def query_gpu(fields):
    return output_of(["nvidia-smi", "--query-gpu=" + fields, "--format=csv,noheader,nounits"]).splitlines()


def gpu():
    lines = query_gpu("name,driver_version,memory.total")
    if not lines:
        return "no GPU that nvidia-smi shows"
    name, driver, mebibytes = (field.strip() for field in lines[0].split(","))
    return f"{name} ({mebibytes} MiB), driver {driver}"


def cpu():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), platform.machine())
    return f"{model}, {cores()} cores"


def cores():
    return len(os.sched_getaffinity(0))


def memory_gib():
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


def torch_version(python):
    """Without importing it, which takes long."""
    code = ("import importlib.util as u; p = u.find_spec('torch').submodule_search_locations[0]; v = {}; "
            "exec(open(p + '/version.py').read(), v); print(v['__version__'])")
    return output_of([python, "-c", code]) or "none in Python"


def describe(python, flowtrain_version):
    system = platform.release() + (", WSL2" if "microsoft" in platform.release().lower() else "")
    date = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    return (f"{gpu()}; {cpu()}, {memory_gib():.0f} GiB of memory; Linux {system}; torch {torch_version(python)}; "
            f"{flowtrain_version}; {date}.")


class UsedMemory:
    """The most memory of the GPU in use while the block runs, in MiB, as nvidia-smi shows it; None without a GPU."""

    def __enter__(self):
        self.before = self._now()
        self.most = self.before
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        if self.before is not None:
            self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        if self.before is not None:
            self._thread.join()

    def _look(self):
        while not self._stop.wait(0.2):
            self.most = max(self.most, self._now() or 0)

    @staticmethod
    def _now():
        lines = query_gpu("memory.used")
        return float(lines[0]) if lines else None
