"""The page of `flowtrain report` in a headless Chromium: no faults, the right values, nothing that overlaps.

  report_page_test.py PROGRAM

Exit code 77 where there is no Chromium.
"""
import base64
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from browser import Browser, chromium_or_skip

CHROMIUM = chromium_or_skip()
PROGRAM = os.path.abspath(sys.argv.pop(1))
GIB = 1 << 30
# A PNG of one pixel.
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
EVIL = "</script><img src=x onerror=alert(1)>"

FIND_CLASHES = """(() => {
  const clashes = [], box = (element) => element.getBoundingClientRect();
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2;
  for (const drawing of document.querySelectorAll("section svg[role=img]")) {
    const texts = [...drawing.querySelectorAll("text")], frame = box(drawing);
    texts.forEach((one, i) => {
      const place = box(one);
      if (place.left < frame.left - 1 || place.right > frame.right + 1) clashes.push("cut: " + one.textContent);
      for (const other of texts.slice(i + 1)) {
        if (meet(place, box(other))) clashes.push(`text over text: ${one.textContent} / ${other.textContent}`);
      }
    });
  }
  const width = document.documentElement.clientWidth;
  if (document.scrollingElement.scrollWidth > width) clashes.push("the page is wider than the window");
  return clashes;
})()"""


def make_run(folder, losses, rate=100.0, vram=None, knn=(), config="", files=None):
    os.makedirs(folder)
    lines = []
    for i, loss in enumerate(losses):
        line = {"step": i + 1, "epoch": 1, "loss": loss, "lr": 0.1 * (i + 1) / len(losses), "images": 8, "seconds": 1.0,
                "images_per_s": rate + i, "data_wait": 0.25}
        if vram:
            line.update(device_bytes=GIB, device_peak_bytes=int(vram * GIB), device_total_bytes=12 * GIB)
        if i + 1 in dict(knn):
            line["knn_top1"] = dict(knn)[i + 1]
        lines.append(json.dumps(line))
    contents = {"config.yaml": config or "data: {kind: stl10}\ntrain: {epochs: 3, learning_rate: 0.1}\n", "log.txt": "",
                "metrics.jsonl": "\n".join(lines) + "\n", **(files or {})}
    for name, text in contents.items():
        with open(os.path.join(folder, name), "wb") as out:
            out.write(text if isinstance(text, bytes) else text.encode())
    return folder


def sheet(side, columns, colours):
    """Squares of one colour, row by row, as embedding.json has its pictures."""
    rows = -(-len(colours) // columns)
    colours = colours + [(0, 0, 0)] * (rows * columns - len(colours))
    lines = b"".join((b"\0" + b"".join(bytes(colours[row * columns + i]) * side for i in range(columns))) * side
                     for row in range(rows))
    chunk = lambda name, data: struct.pack("!I", len(data)) + name + data + struct.pack("!I", zlib.crc32(name + data))
    png = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack("!IIBBBBB", side * columns, side * rows, 8, 2, 0, 0, 0)) +
           chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))
    return {"side": side, "columns": columns, "png": base64.b64encode(png).decode()}


CLASSES = ["cat", "dog " + EVIL]


def embedding(**more):
    """Four images in the corners of a square; of two queries, one has a neighbour of another class."""
    points = [{"name": f"q{i}", "label": i % 2, "x": i // 2, "y": i % 2} for i in range(4)]
    near = lambda label, cosine: {"name": "b.png", "label": label, "cosine": cosine}
    queries = [{"name": "q0", "label": 0, "nearest": [near(0, 0.9), near(1, 0.8)]},
               {"name": "q1", "label": 1, "nearest": [near(1, 0.7), near(1, 0.6)]}]
    colours = [(200, 0, 0), (0, 200, 0), (0, 0, 200), (200, 200, 0)]
    return json.dumps({"format": "flowtrain embedding", "version": 1, "steps": 7, "queries": "test", "bank": "train",
                       "classes": CLASSES, "map": {"images": 9, "points": points, "pictures": sheet(32, 3, colours)},
                       "neighbours": {"images": 50, "queries": queries, "pictures": sheet(64, 3, colours + colours[:2])},
                       **more})


class ReportPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = Browser(CHROMIUM)
        cls.addClassCleanup(cls.browser.__exit__)
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = temporary.name
        cls.a = make_run(f"{cls.folder}/a", [4.0, 3.0, None, 2.0, 1.0], vram=2.5, knn=[(2, 20.0), (4, 41.5)],
                         files={"timing.json": json.dumps({"verdict": "the CPU cores limit the run <b>"}),
                                "bad_images.csv": "name,reason,found_by\nx.png,cut off,training\n"})
        cls.b = make_run(f"{cls.folder}/b", [4.5, 3.5, 3.25], rate=50.0,
                         config="data: {kind: stl10}\ntrain: {epochs: 3, learning_rate: 0.3}\n")
        make_run(f"{cls.folder}/probe", [], config=f"checkpoint: {cls.a}/checkpoints/x.safetensors\n",
                 files={"confusion.png": PIXEL})
        make_run(f"{cls.folder}/other-probe", [], config="checkpoint: elsewhere\n", files={"confusion.png": PIXEL})
        cls.page_file = f"{cls.folder}/report.html"
        cls.said = cls.report(cls.a, cls.b, "--out", cls.page_file, "--png", f"{cls.folder}/png").stdout

    @classmethod
    def report(cls, *words, code=0, **more):
        done = subprocess.run([PROGRAM, "report", *words], stdin=subprocess.DEVNULL, text=True, timeout=300,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **more)
        if done.returncode != code:
            raise AssertionError(f"exit code {done.returncode}: {done.stdout}")
        return done

    def open(self, file=None, width=1280, **options):
        page = self.browser.open("file://" + (file or self.page_file), width, **options)
        self.addCleanup(page.close)
        return page

    def text(self, page, selector):
        return page.evaluate(f"document.querySelector({selector!r}).innerText")

    def test_nothing_overlaps_and_nothing_fails(self):
        for width in (1280, 400):
            for dark in (False, True):
                page = self.open(width=width, dark=dark)
                self.assertEqual(page.faults, [])
                self.assertEqual(page.evaluate(FIND_CLASHES), [], width)

    def test_sections_are_those_with_figures(self):
        page = self.open()
        self.assertEqual(page.evaluate("[...document.querySelectorAll('section')].map((one) => one.id)"),
                         ["runs", "loss", "lr", "images_per_s", "data_wait", "knn_top1", "vram", "parameters", "confusion", "missing"])
        for word in ("NaN", "undefined", "null", "Infinity"):
            self.assertNotIn(word, self.text(page, "main"))

    def points(self, page, plot):
        """Of each line: (run, its points in the drawing's pixels)."""
        lines = page.evaluate(f"[...document.querySelectorAll('#{plot} g.line')].map((one) => "
                              "[one.dataset.run, one.querySelector('path').getAttribute('d')])")
        return {run: [tuple(map(float, point.split(","))) for point in re.findall(r"[\d.]+,[\d.]+", path)]
                for run, path in lines}

    def values(self, page, plot):
        """The points of each line as values, by the marks of the axis."""
        marks = page.evaluate(f"[...document.querySelectorAll('#{plot} svg[role=img] > g:not(.line)')].map((one) => "
                              "[Number(one.querySelector('line').getAttribute('y1')), "
                              "parseFloat(one.querySelector('text').textContent.replace(',', ''))])")
        (y0, low), (y1, high) = marks[0], marks[-1]
        return {run: [low + (y - y0) / (y1 - y0) * (high - low) for _, y in points]
                for run, points in self.points(page, plot).items()}

    def test_the_lines_go_through_the_values(self):
        page = self.open()
        expected = {"loss": {"a": [4.0, 3.0, 2.0, 1.0], "b": [4.5, 3.5, 3.25]},
                    "images_per_s": {"a": [100, 101, 102, 103, 104], "b": [50, 51, 52]},
                    "data_wait": {"a": [25] * 5, "b": [25] * 3},
                    "knn_top1": {"a": [20.0, 41.5]}, "vram": {"a": [2.5] * 5}}
        for plot, lines in expected.items():
            found = self.values(page, plot)
            self.assertEqual(sorted(found), sorted(lines))
            for run, values in lines.items():
                self.assertEqual(len(found[run]), len(values), plot)
                for one, value in zip(found[run], values):
                    self.assertAlmostEqual(one, value, delta=0.01 * max(values) + 1e-9, msg=plot)
        # Steps stand where they belong, and a loss that is missing breaks the line.
        xs = [x for x, _ in self.points(page, "loss")["a"]]
        self.assertAlmostEqual(xs[2] - xs[1], 2 * (xs[1] - xs[0]), delta=0.3)
        path = page.evaluate("document.querySelector('#loss g.line path').getAttribute('d')")
        self.assertEqual(path.count("M"), 2)

    def test_the_logarithmic_axis_has_equal_steps_for_equal_ratios(self):
        page = self.open()
        page.evaluate("document.querySelector('#loss input').click()")
        ys = [y for _, y in self.points(page, "loss")["a"]]
        self.assertAlmostEqual(ys[2] - ys[0], ys[3] - ys[2], delta=0.3)  # 4 to 2, 2 to 1
        self.assertEqual(page.evaluate(FIND_CLASHES), [])
        self.assertEqual(page.faults, [])

    def test_the_pointer_shows_the_values(self):
        page = self.open()
        reading = page.evaluate("""(() => {
          const picture = document.querySelector('#loss svg[role=img]'), box = picture.getBoundingClientRect();
          const dots = picture.querySelectorAll('g.line')[0].querySelectorAll('circle');
          const clientX = box.left + Number(dots[1].getAttribute('cx'));
          picture.dispatchEvent(new PointerEvent('pointermove', {clientX, clientY: box.top + 50}));
          return document.querySelector('#loss .reading').textContent;
        })()""")
        self.assertEqual(reading, "step 2: a 3.0000, b 3.5000")

    def test_tables_and_pictures(self):
        page = self.open()
        runs = self.text(page, "#runs")
        for words in ("interrupted", "stl10", "1.0000", "3.2500", "41.5 %", "2.50 GiB", "the CPU cores limit the run <b>"):
            self.assertIn(words, runs)
        rows = page.evaluate("[...document.querySelectorAll('#runs tbody tr')].map((row) => row.lastChild.textContent)")
        self.assertEqual(rows, ["1", "0"])  # bad images
        different = page.evaluate("[...document.querySelector('#parameters tbody').rows].map((row) => "
                                  "[...row.cells].map((cell) => cell.textContent))")
        self.assertEqual(different, [["train.learning_rate", "0.1", "0.3"]])
        self.assertIn("train.epochs", page.evaluate("document.querySelector('#parameters details').textContent"))
        pictures = page.evaluate("[...document.images].map((one) => [one.naturalWidth, one.alt])")
        self.assertEqual(len(pictures), 1)  # not that of another run's evaluation
        self.assertEqual(pictures[0][0], 1)
        self.assertIn("/probe/confusion.png", pictures[0][1])

    PIXELS = """(selector, x, y) => [...document.querySelectorAll(selector)].map((one) => {
      const data = one.getContext('2d').getImageData(x * one.width, y * one.height, 1, 1).data;
      return [...data].slice(0, 3);
    })"""

    def evaluated(self, folder, runs):
        names = [make_run(f"{self.folder}/{folder}/run{i}", [1.0], files={"embedding.json": embedding()}) for i in range(runs)]
        make_run(f"{self.folder}/{folder}/probe", [], config=f"checkpoint: {names[0]}\n", files={"confusion.json": json.dumps(
            {"format": "flowtrain confusion", "version": 1, "classes": CLASSES, "counts": [[3, 1], [0, 4]]})})
        page_file = f"{self.folder}/{folder}.html"
        said = self.report(*names, "--out", page_file, "--png", f"{self.folder}/{folder}-png").stdout
        return page_file, said

    def test_embeddings_neighbours_and_confusion(self):
        page_file, said = self.evaluated("evaluated", 1)
        for width in (1280, 400):
            page = self.open(page_file, width)
            self.assertEqual(page.faults, [])
            self.assertEqual(page.evaluate(FIND_CLASHES), [], width)
        page = self.open(page_file)
        self.assertIn("after 7 steps, 4 images of 9 of test", self.text(page, "#embeddings"))
        self.assertIn(CLASSES[1], self.text(page, "#embeddings .legend"))
        # The colours of the pictures: query and neighbours in the order of the sheet.
        shown = page.evaluate(f"({self.PIXELS})('#neighbours canvas', 0.5, 0.5)")
        self.assertEqual(shown, [[200, 0, 0], [0, 200, 0], [0, 0, 200], [200, 200, 0], [200, 0, 0], [0, 200, 0]])
        kinds = page.evaluate("[...document.querySelectorAll('#neighbours .one')].map((one) => one.className)")
        self.assertEqual(kinds, ["one query", "one right", "one wrong", "one query", "one right", "one right"])
        self.assertIn("3 of 4 neighbours shown are of their query's class", self.text(page, "#neighbours"))
        # The corners of the map have the four pictures: each point's place and picture belong together.
        corners = page.evaluate("""(() => {
          const one = document.querySelector('#embeddings figure canvas'), c = one.getContext('2d');
          const size = Math.min(one.width, one.height), scale = one.width / one.clientWidth, half = size / 2 - 30 * scale;
          return [[-1, -1], [-1, 1], [1, -1], [1, 1]].map(([x, y]) =>
            [...c.getImageData(one.width / 2 + x * half, one.height / 2 + y * half, 1, 1).data].slice(0, 3));
        })()""")
        self.assertEqual(corners, [[200, 0, 0], [0, 200, 0], [0, 0, 200], [200, 200, 0]])
        letters = page.evaluate("[...document.querySelectorAll('#confusion svg text')].map((one) => one.textContent)")
        self.assertEqual(letters[:3], ["3", "1", "4"])
        self.assertEqual(letters.count("cat"), 2)  # beside its row, and above its column
        self.assertEqual(page.evaluate("document.querySelector('#confusion svg rect title').textContent"),
                         "cat taken for cat: 3 of 4 (75%)")
        for name in ("embeddings", "neighbours", "confusion"):
            self.assertIn(f"{name}.png", said)
            self.assertGreater(os.path.getsize(f"{self.folder}/evaluated-png/{name}.png"), 8000)

    def test_of_many_runs_the_first_three_have_maps(self):
        page_file, _ = self.evaluated("many", 5)
        page = self.open(page_file)
        self.assertEqual(page.evaluate("document.querySelectorAll('#embeddings figure').length"), 3)
        for part in ("#embeddings", "#neighbours"):
            self.assertIn("Of the first 3 runs; 2 more have such figures", self.text(page, part))

    def test_what_is_missing_is_said_with_the_command(self):
        page = self.open()
        self.assertIn("b: no map of the embeddings or nearest neighbours, and no confusion of the classes: there is no "
                      "checkpoint to evaluate", self.text(page, "#missing"))
        run = make_run(f"{self.folder}/with checkpoint/run", [1.0], files={"embedding.json": "{}"})  # none of ours
        os.mkdir(f"{run}/checkpoints")
        page_file = f"{self.folder}/missing.html"
        self.report(run, "--out", page_file)
        page = self.open(page_file)
        self.assertIn(f"flowtrain graphs/knn.yaml --set 'checkpoint={run}'", self.text(page, "#missing"))
        self.assertEqual(page.faults, [])

    def test_broken_files_of_evaluations_are_passed_over(self):
        good = json.loads(embedding())
        good["map"]["points"][0]["label"] = 2  # there is no such class
        for text in ("", "[]", "{", json.dumps(good), embedding(classes=[1]), embedding(version=2), embedding(map={})):
            run = make_run(tempfile.mkdtemp(dir=self.folder) + "/run", [1.0], files={"embedding.json": text,
                                                                                    "confusion.json": text})
            page_file = f"{self.folder}/broken.html"
            self.report(run, "--out", page_file)
            page = self.open(page_file)
            self.assertEqual(page.faults, [], text)
            self.assertEqual(page.evaluate("document.querySelectorAll('#embeddings, #confusion').length"), 0, text)

    def test_pictures_of_the_plots(self):
        files = sorted(os.listdir(f"{self.folder}/png"))
        self.assertEqual(files, ["confusion.png", "data_wait.png", "images_per_s.png", "knn_top1.png", "loss.png", "lr.png", "vram.png"])
        for file in files:
            with open(f"{self.folder}/png/{file}", "rb") as picture:
                head = picture.read(24)
            self.assertEqual(head[:8], b"\x89PNG\r\n\x1a\n")
            self.assertEqual(struct.unpack("!I", head[16:20])[0], 1800)
            self.assertGreater(os.path.getsize(f"{self.folder}/png/{file}"), 8000)  # not an empty page
            self.assertIn(file, self.said)

    def test_without_chromium_png_is_refused_and_the_page_is_not(self):
        empty = {"PATH": self.folder, "HOME": self.folder}
        page = f"{self.folder}/plain.html"
        done = self.report(self.a, "--out", page, "--png", f"{self.folder}/none", code=2, env=empty)
        self.assertIn("apt-get install chromium", done.stdout)
        self.assertFalse(os.path.exists(page))
        self.report(self.a, "--out", page, env=empty)
        self.assertTrue(os.path.exists(page))

    def test_names_are_never_read_as_html(self):
        evil = make_run(f"{self.folder}/evil/x y", [1.0], config=f"data: {{kind: stl10}}\nnote: '{EVIL}'\n")
        page_file = f"{self.folder}/evil.html"
        self.report(evil, "--out", page_file)
        page = self.open(page_file)
        self.assertEqual(page.faults, [])
        self.assertEqual(page.evaluate("document.images.length"), 0)
        self.assertIn(EVIL, page.evaluate("document.querySelector('#parameters').textContent"))

    def test_a_long_run_is_drawn_by_means_and_says_so(self):
        long = make_run(f"{self.folder}/long", [float(i % 2) for i in range(6000)])
        page_file = f"{self.folder}/long.html"
        self.report(long, "--out", page_file)
        page = self.open(page_file)
        self.assertIn("mean of 3 steps", self.text(page, "#runs"))
        self.assertEqual(len(self.points(page, "loss")["long"]), 2000)
        self.assertLess(os.path.getsize(page_file), 600_000)
        self.assertEqual(page.evaluate(FIND_CLASHES), [])

    def test_a_run_without_a_step_and_bad_input(self):
        page_file = f"{self.folder}/none.html"
        none = make_run(f"{self.folder}/none-run", [])
        self.report(none, "--out", page_file)
        page = self.open(page_file)
        self.assertEqual(page.faults, [])
        self.assertEqual(page.evaluate("document.querySelectorAll('svg').length"), 0)
        self.assertIn("there is no such folder", self.report(f"{self.folder}/nothing", code=2).stdout)
        self.assertIn("it holds no run", self.report(f"{self.folder}/png", code=2).stdout)


if __name__ == "__main__":
    unittest.main()
