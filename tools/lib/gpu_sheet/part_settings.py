"""Part 4: what the guide's settings are worth on this device, and its speed at 128 x 4 and at 512 x 1."""
import statistics

import machine
from part_loader import bench
from part_path import backend_of
from sizes import MadeUp

TITLE = "The guide's settings, and the speed"
# images/s on an H100 or an H200: what is expected of 128 x 4 and of 512 x 1.
EXPECTED = {"guide": (15000, 22000), "one batch": (25000, 35000)}


def speed(part, runner, sizes, data, name, sets, expected):
    with part.step(name):
        with_loader, fixed, ratio = bench(runner, sizes, {**sets, **data.sets(), "data.num_workers": machine.cores()})
        goal, reached = "", None
        if any(card in machine.gpu() for card in ("H100", "H200")):
            goal = f"{expected[0]} to {expected[1]} are expected of an H100 or H200"
            reached = fixed >= expected[0]
        part.figure(f"{name}: images/s on fixed batches", f"{fixed:.0f}", fixed, goal, reached)
        part.figure(f"{name}: with the loader, a worker a core", f"{with_loader:.0f}, ratio {ratio:.3f}", with_loader)


def process_group(part, runner, sizes, data):
    """What collective calls cost where there is nothing to send."""
    backend = backend_of(runner.device)
    sets = {**sizes.guide(), **data.sets(), "data.num_workers": machine.cores()}
    rates = {"auto": [], backend: []}
    for _ in range(sizes.rounds):  # by turns, since a GPU's clock changes
        for name, found in rates.items():
            found.append(bench(runner, sizes, {**sets, "distributed.backend": name})[1])
    overhead = 1 - statistics.median(rates[backend]) / statistics.median(rates["auto"])
    part.figure(f"one rank over {backend}: overhead over no process group, images/s on fixed batches",
                f"{100 * overhead:.2f} %", overhead, "below 1 %", overhead < 0.01)


def measure(part, runner, sizes, options):
    data = MadeUp(runner, sizes, options.data)
    part.figure("data", data)
    images = sizes.rows * sizes.window
    speed(part, runner, sizes, data, f"{sizes.rows} x {sizes.window} exact", sizes.guide(), EXPECTED["guide"])
    speed(part, runner, sizes, data, f"{images} x 1", sizes.one_batch(), EXPECTED["one batch"])
    with part.step("one rank"):
        process_group(part, runner, sizes, data)
    with part.step("compare"):
        done = runner.run(runner.words(["compare", runner.graph, "--md", "--steps", "2" if sizes.short else "10", "--repeats",
                                        str(sizes.rounds)], {**sizes.guide(), **data.sets()})).expect()
        part.attach("The guide's settings, one by one (`flowtrain compare`)", done.output)
