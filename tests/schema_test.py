"""graphs/graph.schema.json, configs/config.schema.json and docs/reference: fresh, and the first two of one mind with the program.

usage: schema_test.py FLOWTRAIN
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

try:
    import jsonschema
    import yaml
except ImportError:
    jsonschema = None

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLOWTRAIN = sys.argv.pop(1)
PAGES = {"graph": "docs/reference/nodes.md", "config": "docs/reference/parameters.md"}
SHIPPED = {"graph": "graphs/graph.schema.json", "config": "configs/config.schema.json"}


def generated(*arguments):
    return subprocess.run([FLOWTRAIN, "schema", *arguments], check=True, text=True, stdout=subprocess.PIPE).stdout


class Shipped(unittest.TestCase):
    def test_is_what_the_declarations_say(self):
        for kind, path in SHIPPED.items():
            self.assertTrue((ROOT / path).read_text() == generated(kind),
                            f"{path} is old: flowtrain schema {kind} > {path}")

    def test_the_reference_is_what_the_declarations_say(self):
        for kind, path in PAGES.items():
            self.assertTrue((ROOT / path).read_text() == generated(kind, "--markdown"),
                            f"{path} is old: flowtrain schema {kind} --markdown > {path}")

    def test_the_reference_has_every_type_option_and_key(self):
        nodes, keys = ((ROOT / PAGES[kind]).read_text() for kind in ("graph", "config"))
        for name, declared in json.loads(generated("graph"))["definitions"].items():
            if name in ("parameter", "resource", "node", "part"):
                continue
            entry = nodes.split(f"\n### {name}\n")[1].split("\n#")[0]
            options = declared["properties"]["options"]["anyOf"][0]["properties"]
            for option, of_option in options.items():
                if not of_option["description"].startswith("does nothing any more"):
                    self.assertIn(f"\n| `{option}` |", entry, name)
        for key, value in json.loads(generated("config"))["properties"].items():
            if "properties" not in value:
                rows = [row for row in keys.splitlines() if row.startswith(f"| `{key}` |")]
                self.assertTrue(rows, key)
                for row in rows:  # key, default, allowed, meaning, read by
                    cells = [cell.strip() for cell in row.replace("\\|", " ").strip("|").split("|")]
                    self.assertEqual([len(cells), "" in cells], [5, False], row)

    def test_the_reference_has_defaults_of_the_parameter_files(self):
        page = (ROOT / PAGES["config"]).read_text()
        for row in ("| `data.batch_size` | `128` | an integer, >= 1 | Images per batch. | `PinnedStage` |",
                    "| `graphs/vicreg.yaml` | `train.lr_scaling` | `linear` |", "| `knn.neighbours` | `200` | an integer, >= 1 |"):
            self.assertIn("\n" + row, page)

    def test_is_named_by_every_file_that_ships(self):
        for path in [*ROOT.glob("graphs/*.yaml"), *ROOT.glob("configs/*.yaml")]:
            schema = SHIPPED["graph" if path.parent.name == "graphs" else "config"].split("/")[1]
            self.assertEqual(path.read_text().splitlines()[0], f"# yaml-language-server: $schema={schema}", path)

    def test_parameter_files_for_machines_are_valid(self):
        for name in ("rtx3060_12gb", "gpu_8gb", "gpu_24gb", "h100_80gb", "cpu"):
            done = subprocess.run([FLOWTRAIN, "validate", "graphs/simclr.yaml", "--config", f"configs/{name}.yaml"], cwd=ROOT,
                                  text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_the_files_for_the_guides_card_are_the_defaults(self):
        def inspected(*more):
            return subprocess.run([FLOWTRAIN, "inspect", "graphs/simclr.yaml", *more], cwd=ROOT, check=True, text=True,
                                  stdout=subprocess.PIPE).stdout
        self.assertEqual(inspected("--config", "configs/rtx3060_12gb.yaml"), inspected())

    def test_knows_the_keys_and_bounds_of_parameters(self):
        train = json.loads((ROOT / SHIPPED["config"]).read_text())["properties"]["train"]["properties"]
        self.assertEqual(train["optimizer"]["enum"], ["sgd", "adamw", "lars"])
        self.assertEqual(train["epochs"]["type"], "integer")
        self.assertIn("description", train["learning_rate"])

    def test_options_that_do_not_belong_are_refused(self):
        for arguments, part in ((["graph", "--graph", "x.yaml"], "flowtrain schema config"), (["nodes"], "nodes"),
                                ([], "KIND")):
            done = subprocess.run([FLOWTRAIN, "schema", *arguments], text=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn(part, done.stdout)


@unittest.skipIf(jsonschema is None, "this Python has no jsonschema and yaml")
class Validator(unittest.TestCase):
    """An independent reader of schemas, and the program, of the same files."""

    @classmethod
    def setUpClass(cls):
        cls.check = {}
        for kind, path in SHIPPED.items():
            schema = json.loads((ROOT / path).read_text())
            jsonschema.Draft7Validator.check_schema(schema)
            cls.check[kind] = jsonschema.Draft7Validator(schema)

    def faults(self, kind, text):
        return [error.message for error in self.check[kind].iter_errors(yaml.safe_load(text))]

    def test_everything_that_ships_is_valid(self):
        for kind, folder in (("graph", "graphs"), ("config", "configs")):
            for path in (ROOT / folder).glob("*.yaml"):
                self.assertEqual(self.faults(kind, path.read_text()), [], path)

    def test_both_refuse_the_same_parameters_and_accept_the_same(self):
        good = ["train: {epochs: 3}", "train.epochs: 3", "data: {num_workers: auto}", "data: {splits: train}",
                "data: {root: /data/1}", "augment: {crop_scale: [0.1, 1]}", "gpu: {gradient_accumulation: auto}",
                "train: {learning_rate: 1}", "model: {projection_output_norm: true}",
                "augment: {views: [{blur: 1}, {blur: 0.1, crop_scale: [0.4, 1]}]}", "augment: {views: []}"]
        bad = ["train: {epoch: 3}", "train: {epochs: three}", "train: {epochs: -1}", "train: {epochs: 1.5}", "trian: {}",
               "model: {backbone: resnet19}", "data: {num_workers: 0}", "augment: {flip: 2}", "augment: {blur_kernel: 4}",
               "augment: {crop_scale: [0.1]}", "augment: {crop_scale: 1}", "train: {optimizer: 3}",
               "data: {pin_memory: 1}", "train: 3", "augment: {views: [{blur: 2}]}", "augment: {views: [{blurr: 1}]}",
               "augment: {views: [3]}", "augment: {views: 2}"]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "c.yaml"
            for text, code in [(one, 0) for one in good] + [(one, 2) for one in bad]:
                path.write_text(text)
                done = subprocess.run([FLOWTRAIN, "validate", "graphs/simclr.yaml", "--config", path], cwd=ROOT,
                                      text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
                self.assertEqual(done.returncode, code, f"{text}\n{done.stdout}")
                self.assertEqual(bool(self.faults("config", text)), code != 0, text)

    def test_both_refuse_the_same_graphs(self):
        graph = (ROOT / "graphs/simclr.yaml").read_text()
        changes = [("type: Device\n", "type: Devise\n"), ("every_epochs: ${gpu", "every_epoch: ${gpu"),
                   ("    in: ids\n", "    inn: ids\n"), ("limits:", "limit:"), ("type: KnnEvaluate", "type: ImageDataset"),
                   ("    workers: ${data.num_workers}\n", "    workers: many\n"),
                   ("      - seed: ${train.seed}\n", "      - seed: {a: 1}\n")]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "g.yaml"
            for before, after in changes:
                self.assertIn(before, graph)
                changed = graph.replace(before, after).replace("../configs", str(ROOT / "configs"))
                path.write_text(changed)
                done = subprocess.run([FLOWTRAIN, "validate", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                      check=False)
                self.assertEqual(done.returncode, 2, after)
                self.assertTrue(self.faults("graph", changed), after)


if __name__ == "__main__":
    unittest.main()
