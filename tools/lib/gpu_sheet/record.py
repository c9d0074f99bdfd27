"""The figures of a sheet: printed as they come, and kept as JSON and as the page docs/measurements/gpu.md."""
import contextlib
import json
import os
import time
import traceback

HEAD = """# The GPU path, measured

This page is written by `tools/gpu_sheet`, which `CONTRIBUTING.md` explains; do not edit it by hand. A part is a section and says on which
machine, when and with which commit it was measured. *pass* and *miss* are about the goal beside the figure; *failed* means that there is
no figure, and why.
"""
NOT_RUN = """
It has not been run on a GPU yet: none was at hand. Until then `docs/measurements/device.md` says what has been tested without one.
"""
SHORT = "Short: sizes for trying the sheet out. The figures say nothing about the speed of this machine."


class Failed(Exception):
    """Why there is no figure, for the reader of the sheet."""


def write_whole(path, text):
    """So that a reader, or a machine that is taken away, finds the old file or the new one."""
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".part", path)


class Sheet:
    """Parts by their number, in a folder with gpu.json and gpu.md. Parts that the folder has already stay."""

    def __init__(self, folder, name="gpu"):
        self.parts, self.folder, self.name = {}, folder, name
        if os.path.exists(self.path(".json")):
            self.join(self.path(".json"))

    def path(self, ending):
        return os.path.join(self.folder, self.name + ending)

    def join(self, path):
        with open(path, encoding="utf-8") as file:
            self.parts.update(json.load(file)["parts"])

    def write(self):
        write_whole(self.path(".json"), json.dumps({"format": "flowtrain gpu sheet", "version": 1, "parts": self.parts},
                                                   indent=1) + "\n")
        write_whole(self.path(".md"), self.markdown())

    def markdown(self):
        lines = [HEAD] if self.parts else [HEAD, NOT_RUN.lstrip("\n")]
        for number in sorted(self.parts, key=int):
            lines.append(part_markdown(number, self.parts[number]))
        return "\n".join(lines)


def part_markdown(number, part):
    lines = [f"## {number}. {part['title']}", "", part["machine"], ""]
    if part["short"]:
        lines += [f"**{SHORT}**", ""]
    lines += ["| figure | measured | goal | |", "|---|---|---|---|"]
    for figure in part["figures"]:
        cells = (figure["name"], figure["text"], figure["goal"], figure["verdict"])
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    for title, text in part["attached"]:
        lines += ["", f"### {title}", "", text.strip()]
    return "\n".join(lines) + "\n"


class Part:
    """One part while it runs. Each figure is printed with the time and written at once."""

    def __init__(self, sheet, number, title, machine, short, minutes):
        self.sheet, self.number = sheet, number
        self.ends = time.monotonic() + 60 * minutes
        self.minutes = minutes
        self.data = {"title": title, "machine": machine, "short": short, "figures": [], "attached": []}
        sheet.parts[str(number)] = self.data
        sheet.write()
        self.say(title)

    def seconds_left(self):
        return self.ends - time.monotonic()

    def say(self, text):
        print(f"[{time.strftime('%H:%M:%S')}] part {self.number}: {text}", flush=True)

    def figure(self, name, text, value=None, goal="", reached=None):
        """`value` is what a program reads, `text` what a person does. `reached`: whether the goal is; None: there is none."""
        self._add(name, str(text), value, goal, {None: "", True: "pass", False: "miss"}[reached])

    def failed(self, name, why):
        self._add(name, str(why), None, "", "failed")

    def not_measured(self, name, why):
        self._add(name, "not measured: " + why, None, "", "")

    def attach(self, title, text):
        self.data["attached"].append([title, text])
        self.sheet.write()
        self.say(f"{title}\n{text}")

    def _add(self, name, text, value, goal, verdict):
        self.data["figures"].append({"name": name, "text": text, "value": value, "goal": goal, "verdict": verdict})
        self.sheet.write()
        self.say(f"{name}: {text}" + (f" (goal: {goal})" if goal else "") + (f": {verdict}" if verdict else ""))

    @contextlib.contextmanager
    def step(self, name):
        """What goes wrong inside is a figure that failed, and the part goes on."""
        try:
            yield
        except Failed as error:
            self.failed(name, error)
        except Exception as error:  # pylint: disable=broad-except
            traceback.print_exc()
            self.failed(name, f"{type(error).__name__}: {error}")

    def some_failed(self):
        return any(figure["verdict"] == "failed" for figure in self.data["figures"])
