"""`flowtrain init` on every kind of data set, and what a training says at its end: the commands are run as they are printed.

  init_test.py PROGRAM
"""
import io
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
import zlib

PROGRAM = os.path.abspath(sys.argv.pop(1))
SMALL = ["--set", "train.max_steps=1", "--set", "data.image_size=16", "--set", "threads=1", "--set", "device=cpu"]


def png(width, height, shade=0):
    raw = b"".join(b"\0" + bytes((x * 7 + y * 3 + shade) % 256 for x in range(3 * width)) for y in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


class Init(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name
        self.bin = os.path.join(self.folder, "bin")  # so that printed commands find the program
        os.mkdir(self.bin)
        os.symlink(PROGRAM, os.path.join(self.bin, "flowtrain"))

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, data):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as out:
            out.write(data)

    def photos(self, folder="photos", count=8, side=64, splits=("",)):
        for split in splits:
            for i in range(count):
                self.write(os.path.join(folder, split, ("cat", "dog")[i % 2], f"{i}.png"), png(side, side + 8, i))

    def shell(self, command, code=0):
        environment = dict(os.environ, PATH=self.bin + ":" + os.environ["PATH"])
        done = subprocess.run(command, shell=True, cwd=self.folder, stdin=subprocess.DEVNULL, text=True, env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
        self.assertEqual(done.returncode, code, command + "\n" + done.stdout)
        return done.stdout

    def init(self, words, code=0):
        return self.shell("flowtrain init " + words, code)

    def values(self, file="flowtrain.yaml"):
        """The keys that the file sets, after the program has found it valid with its data set."""
        self.shell(f"flowtrain validate graphs/simclr.yaml --data --config {file}")
        values, group = {}, ""
        with open(self.path(file), encoding="utf-8") as lines:
            for line in lines:
                found = re.match(r"( *)(\w+):(?: (.*?) +#| *$)", line)
                if found and found.group(3) is None:
                    group = found.group(2) + "."
                elif found:
                    values[(group if found.group(1) else "") + found.group(2)] = found.group(3)
        return values

    def expect(self, values, **expected):
        self.assertEqual({key: values.get(key.replace("__", ".")) for key in expected}, expected)

    def test_a_folder_with_splits(self):
        self.photos(splits=("train", "val"))
        text = self.init("photos")
        self.assertIn("folder photos, train: 8 images in 2 classes; judged on val: 8 images", text)
        values = self.values()
        self.expect(values, data__kind="folder", data__root=self.path("photos"), data__splits="[train]",
                    data__image_size="64", data__batch_size="2", gpu__gradient_accumulation="4")
        for command in re.findall(r"^  (flowtrain (?:doctor|preview|graphs).*)", text, re.M):
            self.shell(command + (" " + " ".join(SMALL) if "graphs/simclr.yaml --config" in command else ""))
        self.assertIn("there already", self.init("photos", code=2))
        self.init("photos --force")

    def test_stl10_and_its_splits(self):
        for split in ("train", "test"):
            self.write(f"data/stl10_binary/{split}_X.bin", bytes(27648 * 20))
            self.write(f"data/stl10_binary/{split}_y.bin", bytes([1, 2] * 10))
        self.init("data")  # the set is in the folder below
        self.expect(self.values(), data__kind="stl10", data__root=self.path("data/stl10_binary"),
                    data__splits="[train]", data__image_size="96")
        self.shell("flowtrain graphs/simclr.yaml --config flowtrain.yaml --run-dir run " + " ".join(SMALL))

    def test_cifar(self):
        for i in range(1, 6):
            self.write(f"c10/data_batch_{i}.bin", bytes(3073 * 60))
        self.write("c10/test_batch.bin", bytes(3073 * 4))
        self.init("c10")
        self.expect(self.values(), data__kind="cifar10", data__splits="[train]", data__image_size="32",
                    model__stem="small", augment__blur="0.0", train__optimizer="lars")
        self.write("c100/train.bin", bytes(3074 * 300))
        self.write("c100/test.bin", bytes(3074 * 4))
        self.init("c100 --out c100.yaml")
        self.expect(self.values("c100.yaml"), data__kind="cifar100", data__image_size="32")

    def test_tar_packed_and_list(self):
        os.mkdir(self.path("shards"))
        with tarfile.open(self.path("shards/0.tar"), "w") as out:
            for i in range(6):
                data = png(50, 40, i)
                entry = tarfile.TarInfo(f"{i}.png")
                entry.size = len(data)
                out.addfile(entry, io.BytesIO(data))
        self.init("shards --out tar.yaml")
        self.expect(self.values("tar.yaml"), data__kind="tar", data__root=self.path("shards"), data__image_size="40")
        os.mkdir(self.path("packed"))
        self.shell("flowtrain pack shards packed/p.ftpack")
        self.init("packed --out packed.yaml")
        self.expect(self.values("packed.yaml"), data__kind="packed", data__root=self.path("packed/p.ftpack"),
                    data__image_size="40", data__splits=None)
        self.photos("listed", side=300)
        self.write("listed/all.csv", b"".join(b"%s/%d.png,%d\n" % ((b"cat", b"dog")[i % 2], i, i % 2) for i in range(8)))
        self.write("listed/README.txt", b"Photos of cats and dogs.\n")
        self.init("listed --out list.yaml")
        self.expect(self.values("list.yaml"), data__kind="list", data__root=self.path("listed/all.csv"),
                    data__image_size="224")
        self.init("listed --kind folder --out folder.yaml")
        self.expect(self.values("folder.yaml"), data__kind="folder", data__root=self.path("listed"))

    def test_what_is_no_data_set(self):
        os.mkdir(self.path("empty"))
        self.write("text/notes.txt", b"nothing\n")
        self.photos("mixed")
        self.write("mixed/train_X.bin", bytes(27648 * 2))
        self.assertIn("it is empty", self.init("empty", code=2))
        self.assertIn("flowtrain fetch stl10", self.init("empty", code=2))
        self.assertIn("1 .txt", self.init("text", code=2))
        self.assertIn("there is no folder", self.init("nowhere", code=2))
        self.write("photo.png", png(20, 20))
        self.assertIn("it is an image: name the folder", self.init("photo.png", code=2))
        mixed = self.init("mixed", code=2)
        self.assertIn("more than one data set", mixed)
        for command in re.findall(r"^  (flowtrain init .*?) +#", mixed, re.M):
            self.shell(command + " --force")
        self.photos("one", count=1)
        self.assertIn("two at least", self.init("one --out one.yaml", code=2))
        self.assertFalse(os.path.exists(self.path("one.yaml")))

    def test_a_folder_that_cannot_be_read(self):
        self.photos("closed")
        self.addCleanup(os.chmod, self.path("closed"), 0o700)
        os.chmod(self.path("closed"), 0)
        as_user = ""
        if os.geteuid() == 0:  # who can read every folder
            if shutil.which("setpriv") is None:
                self.skipTest("root can read every folder, and setpriv is not here")
            as_user = "setpriv --bounding-set -dac_override,-dac_read_search --inh-caps -dac_override,-dac_read_search "
        text = self.shell(as_user + "flowtrain init closed --out closed.yaml", code=2)
        self.assertIn("DIR: the folder closed cannot be read: Permission denied", text)
        self.assertFalse(os.path.exists(self.path("closed.yaml")))


class End(Init):
    RUN = ("flowtrain graphs/simclr.yaml --set data.kind=sample --set sample.images=24 --set data.batch_size=4 "
           "--set gpu.gradient_accumulation=2 --set data.image_size=16 --set threads=1 --set device=cpu ")

    def commands(self, text):
        return re.findall(r"^  (flowtrain .*)", text, re.M)

    def test_a_finished_run(self):
        text = self.shell(self.RUN + "--set train.epochs=1 --run-dir 'my run'")
        lines = text.splitlines()
        at = next(i for i, line in enumerate(lines) if line.startswith("weights: "))
        self.assertLessEqual(len(lines) - at, 6, text)
        self.assertIn("weights: my run/checkpoints/step-00000003.safetensors;", lines[at])
        self.photos("DIR")  # the name that stands in the command
        commands = self.commands("\n".join(lines[at:]))
        self.assertEqual([command.split()[1] for command in commands], ["export", "report", "preview", "init"])
        for command in commands:
            self.shell(command + (" " + " ".join(SMALL) if " init " in command else ""))
        for name in ("backbone.safetensors", "report.html", "views.png"):
            self.assertTrue(os.path.getsize(self.path("my run", name)))
        again = self.shell("flowtrain graphs/simclr.yaml --resume 'my run' --set train.epochs=2")
        self.shell(next(command for command in self.commands(again) if " export " in command))

    def test_quiet_and_without_a_checkpoint(self):
        self.assertEqual(self.shell(self.RUN + "--set train.epochs=1 --quiet --run-dir q 2>/dev/null"), "")
        self.assertNotIn("flowtrain export", self.shell(self.RUN + "--set train.epochs=1 --quiet --run-dir q2"))
        with open(self.path("graph.yaml"), "w", encoding="utf-8") as graph:
            with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../graphs/simclr.yaml"),
                      encoding="utf-8") as simclr:
                text = simclr.read()
            folder = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../configs"))
            text = re.sub(r"\n  checkpoint:\n.*?\n\n", "\n", text, flags=re.S).replace("in: saved", "in: kept")
            graph.write(text.replace("../configs/stl10_config.yaml", "config.yaml").replace("../configs", folder))
        with open(os.path.join(folder, "stl10_config.yaml"), encoding="utf-8") as config:
            text = re.sub(r"\n  (resume|checkpoint_every_\w+|keep_\w+): .*", "", config.read())
        with open(self.path("config.yaml"), "w", encoding="utf-8") as config:
            config.write(text)
        text = self.shell(self.RUN.replace("graphs/simclr.yaml", "graph.yaml") + "--set train.epochs=1 --run-dir none")
        self.assertIn("there is no checkpoint, so no weights were kept", text)
        self.assertNotIn("flowtrain export", text)
        for command in self.commands(text):
            self.shell(command.replace("DIR", "none"), 2 if " init " in command else 0)

    def test_an_interrupted_run(self):
        words = self.RUN.split()[1:] + ["--set", "train.epochs=5000", "--run-dir", "cut"]
        program = subprocess.Popen([PROGRAM, *words], cwd=self.folder, text=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        metrics = self.path("cut/metrics.jsonl")
        end = time.monotonic() + 120
        while time.monotonic() < end and not (os.path.exists(metrics) and os.path.getsize(metrics)):
            time.sleep(0.1)
        program.send_signal(signal.SIGINT)
        text, _ = program.communicate(timeout=120)
        self.assertEqual(program.returncode, 130)
        commands = self.commands(text)
        self.assertEqual(commands[0], "flowtrain graphs/simclr.yaml --resume cut")
        self.assertEqual([command.split()[1] for command in commands[1:]], ["export", "report"])
        for command in commands[1:]:
            self.shell(command)
        with open(metrics, encoding="utf-8") as lines:
            done = max(json.loads(line).get("step", 0) for line in lines)
        self.shell(commands[0] + f" --set train.max_steps={done + 1}")


# The tests of Init are not run again.
for name in [name for name in vars(Init) if name.startswith("test_")]:
    setattr(End, name, None)

if __name__ == "__main__":
    unittest.main()
