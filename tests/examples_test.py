#!/usr/bin/env python3
"""The commands of README.md, the examples of `flowtrain --help`, or the commands of docs/*.md (its blocks of `sh`), each as it
stands. Those of a block, or of a page of docs, run one after the other in a folder that was empty. A data set or a run that they
name as an example is put in its place.

    examples_test.py readme|help|docs PROGRAM TORCH

TORCH is the libtorch that PROGRAM was built with. The checkout that `tools/flowtrain` belongs to is a copy, so that nothing is
written to this one. Runs that would take minutes get `--set train.max_steps=1` and smaller images appended, measurements a lower
number of steps. A command for which there is no rule below fails the test.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
STL10 = os.path.join(ROOT, "../shared/data/stl10_mini/stl10_binary")  # not in the repository

FEW = " --set sample.images=128 --set model.width_multiplier=0.125"
SHORT = " --set train.max_steps=1 --set data.image_size=32 --set data.batch_size=32 --set gpu.gradient_accumulation=1" + FEW
QUICK = " --set data.image_size=16 --set data.batch_size=16" + FEW
MEASURED = " --steps 2 --repeats 1" + QUICK
SAMPLE = "THIS RUN TRAINS ON THE BUILT-IN SAMPLE SET"


class Failed(Exception):
    pass


def need(condition, message):
    if not condition:
        raise Failed(message)


def trained(output, folder):
    """The newest run directory is complete."""
    runs = os.path.join(folder, "runs")
    run = max((os.path.join(runs, name) for name in os.listdir(runs)), key=os.path.getmtime)
    for name in ("config.yaml", "log.txt", "metrics.jsonl", "checkpoints"):
        need(os.path.exists(os.path.join(run, name)), f"{run} has no {name}")
    need(os.listdir(os.path.join(run, "checkpoints")), f"{run} has no checkpoint")
    with open(os.path.join(run, "metrics.jsonl"), encoding="utf-8") as lines:
        metrics = [json.loads(line) for line in lines]
    need(metrics and metrics[-1].get("final"), f"the metrics of {run} have no last line: {metrics}")


def trained_on_what_is_there(output, folder):
    trained(output, folder)
    if os.path.exists(os.path.join(folder, "data")):
        need("STL-10, train + unlabeled" in output and SAMPLE not in output, "it does not train on STL-10")
    else:
        need(SAMPLE in output, "it does not say that it trains on the sample set")


def trained_on(text):
    def check(output, folder):
        trained(output, folder)
        need(text in output, f"it does not say '{text}'")
    return check


def says(text):
    return lambda output, folder: need(text in output, f"it does not say '{text}'")


def leaves(*names):
    def check(_, folder):
        for name in names:
            path = os.path.join(folder, name)
            need(os.path.exists(path) and os.path.getsize(path) > 0, f"it leaves no {name}")
    return check


def evaluated(_, folder):
    runs = [name for name in os.listdir(os.path.join(folder, "runs")) if re.match("(knn|linear-probe|embed)-", name)]
    need(runs, "there is no run directory of an evaluation")


# A pattern that matches the whole command; what is appended to it (None: it is skipped, for the reason given); and a check
# of its output and of the folder it ran in. The first that matches counts.
RULES = [
    (r"tools/test", None, "it runs this test"),
    (r"cmake .*|tools/(wheel|deb)", None, "it builds what this test runs"),
    (r"\S*flowtrain fetch (stl10|cifar10)", None, "it downloads a data set; a small set of the same files takes its place"),
    (r"python3 -m venv .*|pip install .*", None, "test_wheel installs the wheel"),
    (r"sudo apt install \S+", None, "it changes the system; test_deb unpacks the package"),
    (r"docker .*|apptainer .*|sbatch .*", None, "it needs the container's or the cluster's programs"),
    (r"ls -l /dev/dxg|nvidia-smi|cp -r /mnt/c/\S+ \S+", None, "it is for WSL2"),
    (r"mkdir -p ~/data", "", lambda output, folder: None),
    (r"\S*flowtrain graphs/\w+\.yaml --tuned", " --set train.max_steps=1" + QUICK, says("set as tuned")),
    (r"\S*flowtrain graphs/(knn|linear_probe|embed)\.yaml .*", "", evaluated),
    (r"\S*flowtrain graphs/\w+\.yaml --config \S+ --run-dir runs/first", SHORT, trained),
    (r"\S*flowtrain graphs/\w+\.yaml --resume runs/first", SHORT, says("results in runs/first")),
    (r"\S*flowtrain graphs/\w+\.yaml --set data\.kind=folder --set data\.root=\S+", SHORT, trained_on("40 images in 2 classes")),
    (r"\S*flowtrain graphs/\w+\.yaml --set data\.root=\S+ --set train\.epochs=20", SHORT, trained_on("STL-10, train + unlabeled")),
    (r"\S*flowtrain graphs/\w+\.yaml --init \S+", SHORT, trained_on_what_is_there),
    (r"\S*flowtrain graphs/\w+\.yaml( --run-dir runs/first)?", SHORT, trained_on_what_is_there),
    (r"flowtrain graphs/(simclr|dcl|barlow_twins|vicreg)\.yaml( --(set|config|run-dir|resume|init) \S+)+", SHORT, trained),
    (r"flowtrain validate \S+ --data .*", " --set data.batch_size=16", says("40 images in 2 classes")),
    (r"flowtrain validate \S+", "", says("graphs/simclr.yaml")),
    (r"flowtrain inspect \S+ --dot \| dot -Tsvg > simclr\.svg", "", leaves("simclr.svg")),
    (r"flowtrain inspect \S+", "", says("forward_backward")),
    (r"flowtrain nodes", "", says("DualViewAugment")),
    (r"flowtrain nodes DecodeImage", "", says("max_pixels")),
    (r"flowtrain new-node InvertColours", "", leaves("invert_colours/invert_colours_test.cc")),
    (r"flowtrain doctor", "", says("Run folder")),
    (r"flowtrain timing \S+", " --steps 2 --warmup 0 --quick" + QUICK, says("forward_backward")),
    (r"flowtrain tune \S+", " --seconds 0.05" + QUICK, says("configs/tuned/")),
    (r"flowtrain check photos", "", says("every image can be read")),
    (r"flowtrain preview \S+( --set \S+)* --out views\.png", QUICK, leaves("views.png")),
    (r"flowtrain runs", "", says("first  ")),
    (r"flowtrain runs diff first second", "", says("second")),
    (r"flowtrain report runs/first( --out report\.html| runs/second)", "", leaves("report.html")),
    (r"flowtrain compare \S+", MEASURED, says("mixed precision")),
    (r"flowtrain bench \S+", MEASURED, says("images/s")),
    (r"flowtrain pack sample \S+", QUICK.replace(" --set data.batch_size=16", ""), leaves("sample.ftpack")),
    (r"flowtrain pack photos \S+ --max-side 256", "", leaves("photos.ftpack")),
    (r"flowtrain digest \S+", "", says("runs/first")),
    (r"flowtrain export \S+ --to backbone\.safetensors", "", leaves("backbone.safetensors")),
    (r"flowtrain export \S+ --to backbone\.pt", "", leaves("backbone.pt")),
]

# The first words of blocks in README.md that are not commands: the graph, what a run prints.
NO_COMMANDS = ("source", "✓")


def rule_of(command):
    for pattern, append, check in RULES:
        if re.fullmatch(pattern, command):
            return append, check
    raise Failed(f"there is no rule for it in {__file__}")


def readme_blocks():
    """Of each indented block of commands, its lines without comments."""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        text = re.sub(r"^```.*?^```", "", file.read(), flags=re.S | re.M)
    blocks = []
    for block in re.findall(r"(?:^    .*\n)+", text, flags=re.M):
        if block.split()[0] in NO_COMMANDS:
            continue
        lines = [line.split("  #")[0].strip() for line in block.splitlines()]
        blocks.append([line for line in lines if line and not line.startswith("#")])
    return blocks


def docs_pages():
    """Of each page of docs, the commands of all its blocks of `sh`. docs/add_a_node.md has a test of its own."""
    pages = []
    for name in sorted(os.listdir(os.path.join(ROOT, "docs"))):
        if not name.endswith(".md") or name == "add_a_node.md":
            continue
        with open(os.path.join(ROOT, "docs", name), encoding="utf-8") as file:
            blocks = re.findall(r"^```sh\n(.*?)^```", file.read(), flags=re.S | re.M)
        lines = "".join(blocks).replace("\\\n", "").splitlines()
        pages.append([re.sub(" +", " ", line.split("  #")[0].split(" # ")[0]).strip() for line in lines])
    return pages


def help_blocks(program):
    text = subprocess.run([program, "--help"], check=True, capture_output=True, text=True).stdout
    examples = text.split("Examples:\n")[1].split("\n\n")[0]
    return [re.findall(r"^  (flowtrain .*)$", examples, flags=re.M)]


def make_checkout(folder, program, torch):
    """A built checkout as tools/flowtrain expects it, with a graph and parameter files of its own."""
    tools = os.path.join(folder, "build/release/tools")
    os.makedirs(tools)
    for name in os.listdir(os.path.dirname(program)):
        if name == os.path.basename(program) or name.endswith(".so"):
            shutil.copy(os.path.join(os.path.dirname(program), name), tools)
    for name in ("configs", "graphs", "tools"):
        shutil.copytree(os.path.join(ROOT, name), os.path.join(folder, name), ignore=shutil.ignore_patterns("tuned"))
    for name in ("CMakeLists.txt", "CMakePresets.json", "cmake", "pipeline", "nodes"):
        os.symlink(os.path.join(ROOT, name), os.path.join(folder, name))
    with open(os.path.join(folder, "build/release/built-with"), "w", encoding="utf-8") as stamp:
        stamp.write(torch + "\n")


def make_images(folder):
    for name in ("cat", "dog"):
        os.makedirs(os.path.join(folder, name))
        for number in range(20):
            with open(os.path.join(folder, name, f"{number}.ppm"), "wb") as image:
                image.write(b"P6 48 40 255\n" + os.urandom(48 * 40 * 3))


def make_cifar10(folder):
    os.makedirs(folder)
    for name in [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]:
        with open(os.path.join(folder, name + ".bin"), "wb") as file:
            for image in range(20):
                file.write(bytes([image % 10]) + os.urandom(3 * 32 * 32))


def make_runs(folder, environment):
    """runs/first and runs/second, of a step each, for a page that begins with them."""
    for name in ("first", "second"):
        command = f"flowtrain graphs/simclr.yaml --run-dir runs/{name} --quiet{SHORT}"
        subprocess.run(["bash", "-c", command], cwd=folder, env=environment, check=True, capture_output=True)


def with_data_sets(command, folder):
    """The command with folders that are there, in place of those it names as examples; None if there is none to take."""
    images = os.path.join(folder, "images")
    for name in ("/path/to/images", "~/data/photos", "/data/photos"):
        if name in command and not os.path.exists(images):
            make_images(images)
        command = command.replace(name, images)
    if "/data/stl10_binary" in command:
        return command.replace("/data/stl10_binary", STL10) if os.path.exists(STL10) else None
    return command


def run(command, folder, environment):
    """Runs one command, whose parts joined by && are shortened by their own rules."""
    parts, checks = [], []
    whole = any(re.fullmatch(pattern, command) for pattern, _, _ in RULES)
    for part in [command] if whole else command.split(" && "):
        append, check = rule_of(part)
        if append is None:
            print(f"skipped, since {check}: {command}")
            return
        # What is appended goes to flowtrain, not to a program that reads its output.
        head, pipe, tail = part.partition(" | ")
        parts.append(head + append + pipe + tail)
        checks.append(check)
    line = " && ".join(parts)
    if "| dot " in line and not shutil.which("dot"):
        line = line.replace("| dot -Tsvg", "| grep digraph")
    print(f"runs: {line}", flush=True)
    shell = ["bash", "-o", "pipefail", "-c", line]
    done = subprocess.run(shell, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        need(done.returncode == 0, f"exit code {done.returncode}")
        for check in checks:
            check(done.stdout, folder)
    except Failed as failure:
        raise Failed(f"{failure}\n{done.stdout[-4000:]}") from failure


def run_block(commands, folder, environment):
    """Returns how many commands failed."""
    failures = 0
    for command in commands:
        if command.endswith("flowtrain fetch stl10") and os.path.exists(STL10):
            shutil.copytree(STL10, os.path.join(folder, "data/stl10_binary"))
        if command.endswith("flowtrain fetch cifar10"):
            make_cifar10(os.path.join(folder, "data/cifar-10-batches-bin"))
        with_data = with_data_sets(command, folder)
        if with_data is None:
            print(f"skipped, since there is no {STL10}: {command}")
            continue
        try:
            run(with_data, folder, environment)
        except Failed as failure:
            failures += 1
            print(f"FAILED: {command}\n{failure}", file=sys.stderr, flush=True)
    return failures


def main():
    what, program, torch = sys.argv[1], os.path.abspath(sys.argv[2]), sys.argv[3]
    blocks = {"readme": readme_blocks, "help": lambda: help_blocks(program), "docs": docs_pages}[what]()
    need(sum(map(len, blocks)) > 8, f"only these commands were found: {blocks}")
    failures = 0
    with tempfile.TemporaryDirectory(prefix="flowtrain-") as temporary:
        checkout = os.path.join(temporary, "checkout")
        make_checkout(checkout, program, torch)
        path = os.path.join(checkout, "build/release/tools") + os.pathsep + os.environ["PATH"]
        environment = dict(os.environ, PATH=path, HOME=temporary)
        environment.pop("FLOWTRAIN_TORCH", None)
        for number, commands in enumerate(blocks):
            folder = os.path.join(temporary, str(number))
            os.makedirs(folder)
            os.symlink(os.path.join(checkout, "tools"), os.path.join(folder, "tools"))
            if what == "docs":
                make_images(os.path.join(folder, "photos"))
                runs = [command for command in commands if re.search(r"runs/first|runs( diff|$)", command)]
                if runs and "--run-dir" not in runs[0]:
                    make_runs(folder, environment)
            failures += run_block(commands, folder, environment)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
