"""docs/add_a_node.md, followed to the letter in a folder of its own, with plug-ins that do not fit.

usage: add_a_node_test.py BUILD_FOLDER
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(sys.argv.pop(1)).resolve()


def run(command, folder, home, check=True):
    environment = dict(os.environ, HOME=str(home), PATH=f"{home}/.local/bin:{os.environ['PATH']}", CUDA_VISIBLE_DEVICES="")
    done = subprocess.run(["bash", "-ec", command], cwd=folder, env=environment, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"{command}\nended with {done.returncode}:\n{done.stdout}")
    return done


class AddANode(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        page = (ROOT / "docs/add_a_node.md").read_text()
        blocks = re.findall(r"```sh\n(.*?)```", page, re.S)
        assert len(blocks) == 3, "the page has other blocks than this test follows"
        place, cls.said = cls.folder, []
        for block in blocks:
            block = block.replace("build/release", str(BUILD))
            done = run(block + '\npwd > "$HOME/pwd"', place, cls.folder)
            place = pathlib.Path((cls.folder / "pwd").read_text().strip())
            cls.said.append(done.stdout)
        cls.node = cls.folder / "invert_colours"

    def flowtrain(self, arguments):
        done = run(f"flowtrain {arguments}", self.node, self.folder, check=False)
        return done.returncode, done.stdout

    def refused(self, graph, *parts):
        (self.node / "bad.yaml").write_text(graph)
        code, text = self.flowtrain("validate bad.yaml")
        self.assertEqual(code, 2, text)
        for part in parts:
            self.assertIn(part, text)

    def test_the_page_leads_to_a_run(self):
        self.assertIn("100% tests passed, 0 tests failed out of 2", self.said[1])
        self.assertIn("amount", self.said[1])
        self.assertIn("2 steps, 64 images", self.said[2])
        runs = list((self.node / "runs").glob("*"))
        self.assertEqual(len(runs), 1, self.said[2])
        self.assertEqual((runs[0] / "metrics.jsonl").read_text().count('"step"'), 2)

    def test_it_changes_what_is_trained_on(self):
        small = ("--set train.max_steps=2 --set device=cpu --set evaluate.knn=false --set data.image_size=32 "
                 "--set data.batch_size=8 --set gpu.gradient_accumulation=1 --quiet --run-dir")
        losses = {}
        for name, amount in (("as_it_is", 0), ("inverted", 1)):
            graph = (self.node / "graph.yaml").read_text().replace("amount: 1", f"amount: {amount}")
            (self.node / f"{name}.yaml").write_text(graph)
            code, text = self.flowtrain(f"{name}.yaml {small} {name}")
            self.assertEqual(code, 0, text)
            losses[name] = re.findall(r'"loss":([^,}]+)', (self.node / name / "metrics.jsonl").read_text())
        self.assertEqual(self.flowtrain(f"graphs/simclr.yaml {small} plain")[0], 0)
        plain = re.findall(r'"loss":([^,}]+)', (self.node / "plain/metrics.jsonl").read_text())
        self.assertEqual(losses["as_it_is"], plain)
        self.assertNotEqual(losses["inverted"], plain)

    def test_what_is_no_plug_in_is_refused(self):
        head = "extends: graphs/simclr.yaml\nplugins: [%s]\n"
        self.refused(head % "build/none.so", "bad.yaml:2:10", "there is no file build/none.so")
        (self.node / "text.so").write_text("text")
        self.refused(head % "text.so", "bad.yaml:2:10", "text.so cannot be loaded")
        run("echo 'int x;' > x.c && cc -shared -o plain.so x.c", self.node, self.folder)
        self.refused(head % "plain.so", "plain.so is not a plug-in of flowtrain", "flowtrain_add_plugin")

    def test_one_built_for_another_flowtrain_is_refused(self):
        other = self.folder / "other"
        shutil.copytree(self.folder / ".local", other, symlinks=True)
        header = other / "include/flowtrain/flowtrain_abi.h"
        header.write_text(re.sub(r"headers \w+", "headers 0123456789ab", header.read_text()))
        run(f"cmake -B other -DCMAKE_PREFIX_PATH={other} && cmake --build other --target invert_colours", self.node,
            self.folder)
        self.refused("extends: graphs/simclr.yaml\nplugins: [other/libinvert_colours.so]\n",
                     "is built for flowtrain 0.1.0 (headers 0123456789ab)", "build it again")

    def test_a_name_that_is_taken_is_refused(self):
        shutil.copy(self.node / "build/libinvert_colours.so", self.node / "twice.so")
        self.refused("extends: graph.yaml\nplugins: [twice.so]\n", "twice.so", "'InvertColours' is registered twice")

    def test_new_node_refuses_what_it_cannot_write(self):
        for name, part in (("invert", "a C++ class"), ("Dual-View", "a C++ class"), ("SimclrModel", "already"),
                           ("InvertColours", "invert_colours is there already")):
            done = run(f"flowtrain new-node {name}", self.folder, self.folder, check=False)
            self.assertEqual(done.returncode, 2, name)
            self.assertIn(part, done.stdout)


if __name__ == "__main__":
    unittest.main()
