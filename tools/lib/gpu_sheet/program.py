"""Starts flowtrain, and other programs, for a part of the sheet."""
import json
import os
import shlex
import signal
import subprocess
import tempfile
import time

from record import Failed

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
GRAPH = os.path.join(ROOT, "graphs", "simclr.yaml")
PLACES = (("build", "release", "tools", "flowtrain"), ("build", "release", "bundle", "flowtrain", "flowtrain"))
LEAST_SECONDS = 3  # below it a program is not started


def find_flowtrain(chosen):
    """The program of a build, or the bundle where there is no build that starts."""
    places = [os.path.abspath(chosen)] if chosen else [os.path.join(ROOT, *place) for place in PLACES]
    said = []
    for path in places:
        if not os.path.exists(path):
            said.append(f"{path} is not there")
            continue
        done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return path, " ".join(done.stdout.splitlines()[:2])
        said.append(f"{path} does not start: {done.stderr.strip()}")
    raise Failed("no flowtrain was found. Build it (tools/flowtrain --version), or bring a bundle (cmake --build --preset "
                 "release --target bundle) and name its launcher with --program. " + "; ".join(said))


class Done:
    """A program that has ended. `text` is both of its streams."""

    def __init__(self, command, code, output, text, seconds):
        self.command, self.code, self.output, self.text, self.seconds = command, code, output, text, seconds

    def expect(self, code=0):
        if self.code != code:
            raise Failed(f"exit code {self.code} instead of {code}: {last_lines(self.text)}")
        return self


def last_lines(text, lines=4):
    kept = [line for line in text.splitlines() if line.strip()][-lines:]
    return " / ".join(line.strip()[:400] for line in kept) or "it printed nothing"


def metrics_of(run_dir):
    """The objects of a run's metrics.jsonl; a half-written line does not count."""
    found = []
    with open(os.path.join(run_dir, "metrics.jsonl"), encoding="utf-8") as file:
        for line in file:
            try:
                found.append(json.loads(line))
            except ValueError:
                break
    return found


class Run:
    """A training that has ended, with its metrics."""

    def __init__(self, done, folder):
        self.done, self.folder = done, folder
        try:
            self.metrics = metrics_of(folder)
        except OSError as error:
            raise Failed(f"the run wrote no metrics: {last_lines(done.text)}") from error
        self.steps = [line for line in self.metrics if "step" in line]
        self.losses = [line["loss"] for line in self.steps]

    def peak_bytes(self):
        """The most that tensors held on the device."""
        peaks = [line["device_peak_bytes"] for line in self.steps if line.get("device_peak_bytes")]
        if not peaks:
            raise Failed("the metrics have no device_peak_bytes")
        return max(peaks)

    def images_per_s(self, skip):
        """Without the first steps, in which a device looks for its algorithms."""
        steps = self.steps[min(skip, len(self.steps) - 1):]
        return sum(line["images"] for line in steps) / sum(line["seconds"] for line in steps)


class Runner:
    """Starts programs on the device, within the time of a part, and keeps what they print in a log.

    `preload` is a library that the programs load first: the accelerator for tests."""

    graph = GRAPH

    def __init__(self, flowtrain, device, preload, log_path):
        self.flowtrain, self.device, self.preload, self.log_path = flowtrain, device, preload, log_path
        self.work = tempfile.TemporaryDirectory(prefix="gpu_sheet.")
        self.part, self.number = None, 0

    def environment(self, more):
        environment = {**os.environ, **(more or {})}
        if self.preload:
            environment["LD_PRELOAD"] = self.preload
        return environment

    def new_folder(self, name):
        self.number += 1
        return os.path.join(self.work.name, f"{self.number}-{name}")

    def start(self, command, environment=None):
        self._log("\n$ " + " ".join([f"{key}={value}" for key, value in (environment or {}).items()]
                                    + [shlex.join(command)]) + "\n")
        files = [tempfile.TemporaryFile(mode="w+", encoding="utf-8", errors="replace") for _ in range(2)]
        process = subprocess.Popen(command, cwd=self.work.name, env=self.environment(environment), stdin=subprocess.DEVNULL,
                                   stdout=files[0], stderr=files[1], start_new_session=True)
        return Process(self, command, process, files)

    def run(self, command, environment=None, seconds=480):
        """Runs a command for so long at most, or until the part's time is over."""
        with self.start(command, environment) as process:
            return process.wait(seconds)

    def words(self, words, sets):
        command = [self.flowtrain, *words]
        for name, value in {"device": self.device, **sets}.items():
            command += ["--set", f"{name}={value}"]
        return command

    def train(self, name, sets, environment=None, seconds=480):
        return self.train_in(self.new_folder(name), sets, environment, seconds)

    def train_in(self, folder, sets, environment=None, seconds=480, more=()):
        done = self.run(self.words([self.graph, "--run-dir", folder, *more], sets), environment, seconds)
        return Run(done.expect(), folder)

    def json(self, words, sets, seconds=480):
        """Of a command that prints one JSON object."""
        done = self.run(self.words(words, sets), None, seconds).expect()
        return json.loads(done.output)

    def seconds(self, wanted):
        if self.part is None:
            return wanted
        left = self.part.seconds_left()
        if left < LEAST_SECONDS:
            raise Failed(f"the part's {self.part.minutes:g} minutes are used up")
        return min(wanted, left)

    def _log(self, text):
        with open(self.log_path, "a", encoding="utf-8") as log:
            log.write(text)


class Process:
    """A program that runs. It is ended with the block that started it, with all that it has started."""

    def __init__(self, runner, command, process, files):
        self.runner, self.command, self.process, self.files = runner, command, process, files
        self.began = time.monotonic()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.end(signal.SIGTERM, 10)
        if self.process.poll() is None:
            self.end(signal.SIGKILL, 10)
        self.runner._log(self._read()[1])
        for file in self.files:
            file.close()

    def end(self, number, seconds):
        try:
            os.killpg(self.process.pid, number)
            self.process.wait(seconds)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass

    def text(self):
        return self._read()[1]

    def running(self):
        return self.process.poll() is None

    def wait(self, seconds):
        allowed = self.runner.seconds(seconds)
        try:
            self.process.wait(allowed)
        except subprocess.TimeoutExpired as error:
            raise Failed(f"it was not done after {allowed:.0f} s: {last_lines(self.text())}") from error
        output, text = self._read()
        return Done(self.command, self.process.returncode, output, text, time.monotonic() - self.began)

    def _read(self):
        texts = []
        for file in self.files:
            file.flush()
            with open(file.fileno(), encoding="utf-8", errors="replace", closefd=False) as again:
                again.seek(0)
                texts.append(again.read())
        return texts[0], texts[1] + texts[0]
