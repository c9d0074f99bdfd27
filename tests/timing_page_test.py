"""The page of `flowtrain timing` in a headless Chromium: what it says, and that nothing overlaps or is cut.

  timing_page_test.py MAKE_TIMING_PAGE

Exit code 77 where there is no Chromium.
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from browser import Browser, chromium_or_skip
from timing_samples import EVIL, SAMPLES

CHROMIUM = chromium_or_skip()
MAKE_PAGE = sys.argv.pop(1)
WIDTHS = (1280, 400)

# What is drawn over something else, outside of its drawing, or outside of the window: a line each.
FIND_CLASHES = """(() => {
  const clashes = [], box = (element) => element.getBoundingClientRect();
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2;
  const inside = (a, b) => a.left >= b.left - 1 && a.right <= b.right + 1 && a.top >= b.top - 1 &&
    a.bottom <= b.bottom + 1;
  const within = (element, outer, what) => {
    if (!inside(box(element), box(outer))) clashes.push(what + ": " + element.textContent);
  };
  const apart = (elements, what) => elements.forEach((one, i) => {
    for (const other of elements.slice(i + 1)) {
      if (meet(box(one), box(other))) clashes.push(`${what}: ${one.textContent} / ${other.textContent}`);
    }
  });
  for (const drawing of document.querySelectorAll("svg")) {
    const texts = [...drawing.querySelectorAll("text")], nodes = [...drawing.querySelectorAll("g.node")];
    apart(texts, "text over text");
    apart(nodes, "box over box");
    texts.forEach((one) => {
      within(one, drawing, "outside of its drawing");
      for (const node of nodes) {
        const frame = node.querySelector("rect");
        if (node.contains(one)) within(one, frame, "outside of its box");
        else if (meet(box(one), box(frame))) clashes.push("text over a box: " + one.textContent);
      }
    });
  }
  const width = document.documentElement.clientWidth;
  if (document.scrollingElement.scrollWidth > width) clashes.push("the page is wider than the window");
  for (const element of document.querySelectorAll("main *:not(.scroll *)")) {
    const place = box(element);
    if (place.width > 0 && (place.left < -0.5 || place.right > width + 0.5)) {
      clashes.push("outside of the window: " + element.textContent.slice(0, 60));
    }
  }
  apart([...document.querySelectorAll("section")], "section over section");
  return clashes;
})()"""

# Text that stands out too little from what is behind it (WCAG's ratio, 4.5): a line each.
FIND_FAINT = """(() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const linear = (x) => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
  const light = (colour) => numbers(colour).slice(0, 3).map((x) => linear(x / 255))
    .reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0);
  const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const frame = at.matches("g.node") && at.querySelector("rect");
      if (frame) return getComputedStyle(frame).fill;
      const colour = getComputedStyle(at).backgroundColor;
      if (numbers(colour)[3] !== 0) return colour;
    }
  };
  const faint = [];
  for (const element of document.querySelectorAll("main *")) {
    const says = [...element.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!says || element.matches("title")) continue;
    const style = getComputedStyle(element), colour = element.matches("svg *") ? style.fill : style.color;
    const found = ratio(colour, behind(element));
    if (found < 4.5) faint.push(found.toFixed(2) + ": " + element.textContent);
  }
  return faint;
})()"""


def texts(selector, within=""):
    """JavaScript: the text of each element, or of each of the elements within it, a list each."""
    inner = f"[...one.querySelectorAll({within!r})].map((part) => part.textContent)" if within else "one.textContent"
    return f"[...document.querySelectorAll({selector!r})].map((one) => {inner})"



def microseconds(words):
    value, unit = words.split()
    return float(value) * {"ns": 1e-3, "\u00b5s": 1, "ms": 1e3, "s": 1e6}[unit]


class TimingPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = Browser(CHROMIUM)
        cls.addClassCleanup(cls.browser.__exit__)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.files = {}
        for name, make in SAMPLES.items():
            cls.files[name] = os.path.join(folder.name, name + ".html")
            with open(cls.files[name], "wb") as file:
                subprocess.run([MAKE_PAGE], input=json.dumps(make()).encode(), stdout=file, check=True)

    def open(self, name, width=1280, **options):
        page = self.browser.open("file://" + self.files[name], width, **options)
        self.addCleanup(page.close)
        return page

    def text(self, page, selector):
        return page.evaluate(f"document.querySelector({selector!r}).innerText")

    def test_every_run_is_drawn_without_a_fault_and_nothing_overlaps(self):
        for name in SAMPLES:
            for width in WIDTHS:
                with self.subTest(name, width=width):
                    page = self.open(name, width)
                    self.assertEqual(page.faults, [])
                    self.assertGreater(page.evaluate("document.querySelectorAll('g.node').length"), 1)
                    self.assertEqual(page.evaluate(FIND_CLASHES), [])

    def test_a_window_that_changes_its_width_is_drawn_anew(self):
        page = self.open("device_bound", 1280)
        for width in (700, 400, 1000):
            page.resize(width)
            self.assertEqual(page.evaluate(FIND_CLASHES), [], f"at {width} pixels")
        self.assertEqual(page.faults, [])

    def test_text_stands_out_in_both_schemes(self):
        backgrounds = set()
        for dark in (False, True):
            page = self.open("many_nodes", dark=dark)
            self.assertEqual(page.evaluate(FIND_FAINT), [])
            backgrounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        self.assertEqual(len(backgrounds), 2)

    def test_the_verdict_and_its_figures_stand_on_top(self):
        page = self.open("loader_bound")
        self.assertEqual(self.text(page, ".verdict"), SAMPLES["loader_bound"]()["verdict"])
        self.assertIn("1,004 images/s", self.text(page, "#x b"))
        self.assertIn("1,050 images/s", self.text(page, "#bound b"))
        self.assertIn("the CPU cores", self.text(page, "#bound"))
        self.assertIn("96%", self.text(page, "#share b"))
        self.assertIn("AMD EPYC", self.text(page, "#machine"))
        self.assertLess(page.evaluate("document.querySelector('#share').getBoundingClientRect().bottom"), 300)

    def test_the_graph_has_a_box_a_node_and_the_lane_apart(self):
        page, run = self.open("loader_bound"), SAMPLES["loader_bound"]()
        boxes = page.evaluate(texts("g.node", "text"))
        self.assertEqual([box[0] for box in boxes], [node["name"] for node in run["nodes"]])
        for box, node in zip(boxes, run["nodes"]):
            p50 = node["service_us"]["p50"]
            self.assertAlmostEqual(microseconds(box[3].removeprefix("p50 ")), p50, delta=p50 * 0.006)
            self.assertIn(f"saturated {100 * node['saturated']:.0f}%", box[5].replace(".0%", "%"))
        self.assertEqual([box[0] for box in boxes if "\u25b2" in box[5]], ["augment"])
        self.assertEqual(page.evaluate(texts("#graph svg > text")), [
            "workers: 2 threads", "device lane: one thread", "workers: 2 threads", "pools: slots go home"])
        self.assertIn("14.6 of 16 in use", page.evaluate("document.querySelector('g.pool').textContent"))

    def test_wide_edges_carry_more_messages(self):
        page = self.open("loader_bound")
        widths = page.evaluate("[...document.querySelectorAll('#graph path[stroke-width]')]"
                               ".map((edge) => Number(edge.getAttribute('stroke-width')))")
        self.assertGreater(widths[1], 1.5 * widths[4])  # 1004 messages a second, 7.8

    def test_the_table_has_all_figures(self):
        page, run = self.open("device_bound"), SAMPLES["device_bound"]()
        rows = page.evaluate(texts("#table tbody tr", "th, td"))
        self.assertEqual(len(rows), len(run["nodes"]))
        for row, node in zip(rows, run["nodes"]):
            where = f"{node['workers']} workers" if node["place"] == "workers" else node["place"]
            self.assertEqual(row[:3], [node["name"] + node["type"], where, f"{node['messages']:,}"])
            times = [node[kind][figure] for kind in ("service_us", "wait_us")
                     for figure in ("mean", "p50", "p90", "p99")]
            for cell, time_us in zip(row[6:14], times):
                self.assertAlmostEqual(microseconds(cell), time_us, delta=max(0.0006, time_us * 0.006))
        self.assertEqual(page.evaluate("document.querySelectorAll('#ops tbody tr').length"), 1)
        self.assertIn("97%", self.text(page, "#use"))

    def fill(self, page, node):
        """The colour variable of a node's box."""
        return page.evaluate(f"""[...document.querySelectorAll('g.node')]
            .find((box) => box.querySelector('text').textContent === {node!r}).querySelector('rect').getAttribute('fill')""")

    def test_the_device_lanes_node_has_a_colour_where_it_is_the_limit(self):
        page = self.open("device_bound")
        self.assertEqual(self.fill(page, "forward_backward"), "var(--sat4)")
        self.assertEqual(self.fill(page, "stage"), "var(--sat0)")
        marked = [words for words in page.evaluate(texts("g.node", "text")) if any("\u25b2" in word for word in words)]
        self.assertEqual([words[0] for words in marked], ["forward_backward"])
        self.assertIn("\u25b2 busy 96%", marked[0])
        # Where the loader is the limit, a lane that is busy a third of the time is none.
        page = self.open("loader_bound")
        self.assertEqual(self.fill(page, "forward_backward"), "var(--sat1)")
        self.assertEqual(self.fill(page, "augment"), "var(--sat4)")

    def test_a_bound_that_was_raised_says_so_and_how_sure_it_is(self):
        page = self.open("device_bound")
        self.assertIn("\u00b1 21%", self.text(page, "#bound"))
        self.assertIn("raised from an estimate of 2,539", self.text(page, "#bound"))
        self.assertIn("others used 8.00 cores while it was measured", self.text(page, "#bound"))
        self.assertIn("\u00b1 1.2%", self.text(page, "#x"))
        self.assertIn("100%", self.text(page, "#share"))

    def test_what_others_take_of_the_cores_is_shown(self):
        use = self.text(self.open("device_bound"), "#use")
        self.assertIn("cores of other programs\n8.20", use)
        self.assertIn("CPU quota ran out\n43%", use)
        self.assertNotIn("hypervisor", use)
        self.assertNotIn("other programs", self.text(self.open("loader_bound"), "#use"))

    def test_a_gpus_own_figures_are_shown_where_it_has_some(self):
        use = self.text(self.open("device_bound"), "#use")
        self.assertIn("GPU in use, as nvidia-smi shows it\n93%", use)
        self.assertIn("The GPU at the end: 10.0 GiB in use, 71 \u00b0C, 465 W.", use)
        self.assertNotIn("GPU", self.text(self.open("loader_bound"), "#use"))

    def test_a_histogram_has_a_bar_a_bucket(self):
        page, run = self.open("loader_bound"), SAMPLES["loader_bound"]()
        bars = [len(words) for words in page.evaluate(texts("#histograms svg", "rect"))]
        self.assertEqual(bars, [len(node["service_histogram"]) + len(node["wait_histogram"]) for node in run["nodes"]])

    def test_parts_that_a_run_has_not_are_left_out(self):
        page = self.open("empty")
        sections = page.evaluate("[...document.querySelectorAll('section')].map((s) => s.id)")
        self.assertEqual(sections, ["verdict", "graph", "use", "table"])
        self.assertNotIn("NaN", self.text(page, "main"))
        self.assertNotIn("undefined", self.text(page, "main"))
        page = self.open("loader_bound")
        sections = page.evaluate("[...document.querySelectorAll('section')].map((s) => s.id)")
        self.assertEqual(sections, ["verdict", "graph", "resources", "use", "histograms", "timeline", "table", "sweep",
                                    "ops"])

    def test_names_are_never_read_as_html(self):
        page = self.open("evil")
        self.assertEqual(page.faults, [])
        self.assertEqual(page.evaluate("document.querySelectorAll('img, main script').length"), 0)
        self.assertEqual(page.evaluate("document.querySelector('.verdict').textContent"), EVIL)
        self.assertEqual(page.evaluate(texts("#table tbody th"))[1], EVIL + EVIL)

    def test_drawings_have_names_for_those_who_do_not_see_them(self):
        page = self.open("loader_bound")
        names = page.evaluate(texts("svg[role=img]", ":scope > title"))
        self.assertGreater(len(names), 10)
        self.assertTrue(all(len(name) == 1 and name[0] for name in names), names)

    def test_a_usual_page_is_small(self):
        self.assertLess(os.path.getsize(self.files["many_nodes"]), 200_000)


if __name__ == "__main__":
    unittest.main()
