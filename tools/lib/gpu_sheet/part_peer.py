"""Part 3: against a training loop in plain PyTorch on the same device and cores."""
import json
import os
import statistics
import subprocess

import machine
from program import Failed, last_lines
from sizes import MadeUp

TITLE = "Against a PyTorch loop"
LOOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pytorch_loop.py")
NEEDED = ("torch", "torchvision", "PIL", "numpy")


def missing(python):
    code = "import importlib.util as u, sys; print(' '.join(n for n in sys.argv[1:] if u.find_spec(n) is None))"
    done = subprocess.run([python, "-c", code, *NEEDED], capture_output=True, text=True, check=False)
    return done.stdout.split() if done.returncode == 0 else [f"a Python ({python} does not start)"]


def flowtrain_rate(runner, sizes, sets):
    timing = runner.json(["timing", runner.graph, "--quick", "--json", "--warmup", "3", "--steps",
                          str(3 if sizes.short else 60), "--seconds", "20"], sets)
    return timing["images_per_s"]


def loop_rate(runner, sizes, options, folder, compiled):
    settings = {"device": runner.device, "data": folder, "size": sizes.image, "batch": sizes.rows * sizes.window,
                "workers": min(2 if sizes.short else 16, machine.cores()), "stem": "small" if sizes.short else "standard",
                "warm_up_steps": 1 if sizes.short else 8, "seconds": 1 if sizes.short else 15, "compile": compiled,
                "threads": 1 if sizes.short else 0}
    done = runner.run([options.python, LOOP, json.dumps(settings)], None, 240 if compiled else 120).expect()
    try:
        return json.loads(done.output.strip().splitlines()[-1])["images_per_s"]
    except (ValueError, LookupError) as error:
        raise Failed("its output is not understood: " + last_lines(done.text)) from error


def spread(values):
    return f"{statistics.median(values):.0f} images/s ({min(values):.0f} to {max(values):.0f})"


def measure(part, runner, sizes, options):
    lacking = missing(options.python)
    if lacking:
        part.not_measured("all of it", "no " + ", no ".join(lacking))
        return
    data = MadeUp(runner, sizes, options.data)
    workers = min(16, machine.cores())
    part.figure("data, workers on both sides", f"{data}, {workers}")
    images = sizes.rows * sizes.window
    own = {"data.num_workers": workers}
    ours, guide = f"flowtrain, {images} x 1", f"flowtrain, {sizes.rows} x {sizes.window} exact"
    plain, compiled = f"PyTorch loop, {images} x 1", "the loop with torch.compile"
    contestants = {
        ours: lambda: flowtrain_rate(runner, sizes, {**sizes.one_batch(), **data.sets(), **own}),
        plain: lambda: loop_rate(runner, sizes, options, data.folder, False),
        guide: lambda: flowtrain_rate(runner, sizes, {**sizes.guide(), **data.sets(), **own}),
    }
    rates = {name: [] for name in (*contestants, compiled)}
    for number in range(sizes.rounds):
        for name, rate in contestants.items():
            with part.step(f"{name}, round {number + 1}"):
                rates[name].append(rate())
                part.say(f"round {number + 1} of {sizes.rounds}: {name} {rates[name][-1]:.0f} images/s")
    try:
        rates[compiled].append(loop_rate(runner, sizes, options, data.folder, True))
    except Failed as why:
        part.not_measured(compiled, str(why))
    for name, values in rates.items():
        if values:
            part.figure(name, spread(values), statistics.median(values))
    with part.step("flowtrain over the faster loop"):
        theirs = [statistics.median(rates[name]) for name in (plain, compiled) if rates[name]]
        if not theirs or not rates[ours]:
            raise Failed("one of them has no figure")
        ratio = statistics.median(rates[ours]) / max(theirs)
        part.figure(f"flowtrain over the faster loop, {images} x 1", f"{ratio:.2f}", ratio, "at least 4", ratio >= 4)
