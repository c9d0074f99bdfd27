"""Runs as `flowtrain timing` would tell of them, made up for the tests of its page."""
import math
import random


def bucket(us):
    """Where the engine's bucket begins that holds a duration: an eighth of an octave wide."""
    ns = max(0, int(us * 1000))
    return ns / 1000 if ns < 8 else (ns >> (ns.bit_length() - 4) << (ns.bit_length() - 4)) / 1000


def durations(draw, middle_us, spread, count):
    """Histogram and quantiles of durations around `middle_us`."""
    values = sorted(middle_us * math.exp(draw.gauss(0, spread)) for _ in range(min(count, 3000)))
    if not values:
        return [], {"mean": 0, "p50": 0, "p90": 0, "p99": 0}
    counts = {}
    for value in values:
        counts[bucket(value)] = counts.get(bucket(value), 0) + max(1, count // len(values))
    at = lambda share: values[min(len(values) - 1, int(share * len(values)))]
    figures = {"mean": sum(values) / len(values), "p50": at(0.5), "p90": at(0.9), "p99": at(0.99)}
    return [[low, n] for low, n in sorted(counts.items())], figures


def node(draw, name, kind, place, workers, messages, seconds, images, service_us, wait_us, saturated, starved,
         spread=0.25):
    service_histogram, service = durations(draw, service_us, spread, messages)
    wait_histogram, wait = durations(draw, wait_us, 1.1, messages)
    busy = min(1.0, messages * service["mean"] / 1e6 / max(seconds, 1e-9) / max(workers, 1))
    return {"name": name, "type": kind, "place": place, "workers": workers, "messages": messages,
            "bad": messages // 5000, "messages_per_s": messages / seconds if seconds else 0,
            "images_per_message": images, "service_us": service, "wait_us": wait, "busy": busy, "saturated": saturated, "starved": starved, "cpu_share": 0.98,
            "us_per_image": service["mean"] / images, "service_histogram": service_histogram,
            "wait_histogram": wait_histogram}


def timing(draw, seconds, images, nodes, pools, bound, verdict, **more):
    rate = images / seconds if seconds else 0
    points = [{"at_s": 0.25 * (i + 1), "images_per_s": rate * draw.uniform(0.93, 1.05),
               "queued": [round((6 if n["saturated"] > 0.3 else 0.4) * draw.random() * 2) for n in nodes],
               "in_use": [min(p["slots"], round(p["in_use_mean"] * draw.uniform(0.8, 1.15))) for p in pools]}
              for i in range(int(seconds / 0.25))]
    return {"format": "flowtrain timing", "version": 1, "graph": "simclr", "file": "graphs/simclr.yaml",
            "machine": {"cpu": "AMD EPYC 7B13", "cores": 2, "device": "cpu"}, "seconds": seconds, "images": images,
            "images_per_s": rate, "settings": {"threads": 2, "sample_slots": 16, "batch_slots": 3}, "nodes": nodes,
            "pools": pools, "device": {"name": "cpu", "busy": 0.31, "idle": 0.69, "copy": None, "compute": None},
            "cpu": {"usable": 2, "used": 1.93}, "timeline": points, "bound": bound, "verdict": verdict, **more}


def pool(name, slots, in_use, empty):
    return {"name": name, "slots": slots, "in_use_mean": in_use, "empty": empty}


def bound(rate, resources):
    """Of a run of `rate` images/s and what each resource could do."""
    least = min(resources, key=resources.get, default="")
    most = resources.get(least, 0)
    return {"images_per_s": most, "resource": least, "share": rate / most if most else 0,
            "resources": [{"name": name, "images_per_s": value} for name, value in resources.items()]}


def op(name, calls, self_us, device_us=0.0):
    return {"name": name, "calls": calls, "self_us": self_us, "device_us": device_us}


def steps(draw, seconds, batches, rows, lane_us):
    """What follows the loader: the device lane and what reports."""
    args = (batches, seconds, rows)
    return [node(draw, "stage", "PinnedStage", "lane", 1, *args, 40, 300, 0.02, 0.7),
            node(draw, "forward_backward", "ForwardBackward", "lane", 1, *args, lane_us, 900, 0.1, 0.6, 0.05),
            node(draw, "step", "OptimizerStep", "lane", 1, *args, 2200, 3, 0, 0.7),
            node(draw, "cache_maintenance", "CacheMaintenance", "lane", 1, *args, 0.3, 2, 0, 0.7),
            node(draw, "checkpoint", "Checkpoint", "lane", 1, *args, 0.4, 2, 0, 0.7),
            node(draw, "evaluate", "KnnEvaluate", "lane", 1, *args, 0.5, 2, 0, 0.7),
            node(draw, "report", "Report", "one at a time", 1, *args, 90, 12, 0, 0.99)]


def loader_bound():
    draw, seconds, images = random.Random(1), 12.3, 12345
    args = (images, seconds, 1)
    nodes = [node(draw, "source", "EpochSource", "workers", 2, *args, 1.4, 2.0, 0.01, 0.6),
             node(draw, "decode", "DecodeImage", "workers", 2, *args, 310, 40, 0.22, 0.3),
             node(draw, "augment", "DualViewAugment", "workers", 2, *args, 1460, 5200, 0.84, 0.02)]
    nodes += steps(draw, seconds, images // 128, 128, 33000)
    pools = [pool("sample slots", 16, 14.6, 0.81), pool("batch buffers", 3, 2.1, 0.22), pool("step slots", 4, 0.4, 0)]
    rate = images / seconds
    return timing(draw, seconds, images, nodes, pools,
                  bound(rate, {"the CPU cores": 1050.0, "source": 90000.0, "decode": 6400.0, "augment": 1370.0,
                               "device": 3878.0}),
                  "The CPU is the limit: all 2 cores are busy, 81% of them with augment; more cores, or "
                  "data.cache=memory, would give more.",
                  sweep=[{"node": "decode", "workers": [1, 2, 4], "images_per_s": [998.0, 1003.6, 1001.0]},
                         {"node": "augment", "workers": [1, 2, 4, 8, 16],
                          "images_per_s": [560.0, 1003.0, 1001.0, 997.0, 981.0]}],
                  ops=[op("aten::convolution_backward", 960, 1_934_500.0),
                       op("aten::mkldnn_convolution", 1920, 1_201_000.0), op("aten::native_batch_norm_backward", 960, 402_210.0),
                       op("aten::relu_", 900, 31_000.0)])


def device_bound():
    draw, seconds, images = random.Random(2), 20.0, 61440
    args = (images, seconds, 1)
    nodes = [node(draw, "source", "EpochSource", "workers", 8, *args, 1.1, 1.2, 0, 0.9),
             node(draw, "decode", "DecodeImage", "workers", 8, *args, 280, 9, 0.01, 0.7),
             node(draw, "augment", "DualViewAugment", "workers", 8, *args, 640, 14, 0.04, 0.5)]
    nodes += steps(draw, seconds, images // 512, 512, 158000)
    nodes[4].update(saturated=0.03, starved=0.01, busy=0.96)
    pools = [pool("sample slots", 64, 3.2, 0), pool("batch buffers", 3, 2.9, 0.93), pool("step slots", 4, 1.0, 0)]
    made = timing(draw, seconds, images, nodes, pools,
                  bound(images / seconds, {"device": 3161.0, "the CPU cores": 17300.0, "source": 1_700_000.0}),
                  "The device is the limit: it was busy 97% of the time, 96% of it in forward_backward; a larger "
                  "data.batch_size or mixed precision would give more.",
                  ops=[op("aten::cudnn_convolution", 4800, 241_000.0, 6_900_000.0)])
    made["machine"] = {"cpu": "Intel Xeon Platinum 8480C", "cores": 16, "device": "cuda:0 (NVIDIA H100 80GB HBM3)"}
    made["device"] = {"name": "cuda:0", "busy": 0.97, "idle": 0.03, "copy": 0.06, "compute": 0.95,
                      "gpu": {"utilization": 0.93, "used_bytes": 10 * 2**30, "temperature_c": 71.0, "power_w": 465.4}}
    made["cpu"] = {"usable": 16, "used": 3.1, "others": 8.2, "stolen": 0.0, "throttled": 0.43}
    made["limit"] = {"resource": "the device lane", "node": "forward_backward", "lane": True}
    made["uncertainty"] = 0.012
    made["bound"].update(images_per_s=made["images_per_s"], share=1.0, uncertainty=0.21,
                         estimate_images_per_s=made["images_per_s"] / 1.21, others=8.0)
    made["settings"] = {"threads": 15, "sample_slots": 64, "batch_slots": 3}
    return made


def many_nodes():
    """20 nodes with names as long as people give them, in turns on workers and on the lane."""
    draw, seconds, images = random.Random(3), 5.0, 4000
    nodes = []
    for i in range(20):
        name = f"transform_{i:02d}" + ("_with_a_name_that_is_long" if i % 4 == 1 else "")
        place = "lane" if 6 <= i < 15 else "one at a time" if i == 19 else "workers"
        rows = 64 if i >= 6 else 1
        nodes.append(node(draw, name, "SpinSample", place, 4 if place == "workers" else 1, images // rows, seconds,
                          rows, 10.0 ** (i % 6), 3.0 * 10.0 ** (i % 5), (i % 5) / 4.2, 0.1, 0.6))
    pools = [pool("sample slots", 256, 101.5, 0), pool("batch buffers", 8, 6.0, 0.1), pool("step slots", 4, 2, 0)]
    return timing(draw, seconds, images, nodes, pools, bound(800.0, {"transform_04": 812.0, "device": 5000.0}),
                  "transform_04 is the limit: its 4 workers are taken all the time, and the cores are not; "
                  "workers=6 for it would give more.")


def empty():
    """A run that was stopped before its first image."""
    draw = random.Random(4)
    nodes = [node(draw, "source", "EpochSource", "workers", 2, 0, 0.1, 1, 1, 1, 0, 1),
             node(draw, "stage", "PinnedStage", "lane", 1, 0, 0.1, 1, 1, 1, 0, 1)]
    nodes[1]["service_us"] = {"mean": None, "p50": None, "p90": None, "p99": None}
    pools = [pool("sample slots", 16, 0, 0)]
    return timing(draw, 0.1, 0, nodes, pools, bound(0, {}),
                  "Nothing was measured: the run ended before an image was made.")


EVIL = "</script><img src=x onerror=\"document.title='taken'\"><!--\u2028'\"&lt;"


def evil():
    """Names that would be HTML if anything took them for it."""
    made = loader_bound()
    made["graph"] = made["file"] = made["verdict"] = EVIL
    made["nodes"][1]["name"] = made["nodes"][1]["type"] = made["pools"][0]["name"] = EVIL
    made["machine"] = {"cpu": EVIL, "cores": 2, "device": EVIL}
    made["device"]["name"] = made["bound"]["resource"] = made["bound"]["resources"][0]["name"] = EVIL
    made["sweep"][0]["node"] = made["ops"][0]["name"] = EVIL
    return made


SAMPLES = {make.__name__: make for make in (loader_bound, device_bound, many_nodes, empty, evil)}
