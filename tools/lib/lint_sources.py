"""Reads C++ files with clang-tidy and remembers by their content which were clean.

  lint_sources.py --tidy PROGRAM --clean FOLDER [--build FOLDER]… FILE.cc…    from the root of the checkout

PROGRAM is clang-tidy; CLEAN remembers; a BUILD has a compile_commands.json.

Most of the time goes to the headers that a file includes. So the files of a room, in which no two use a name for
different things, are first read together, by a file that includes them all. Those with a finding are then read one by
one; all of them where the finding is in a header, or where they do not compile together.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import time

TOGETHER = 16  # files at most
FINDING = re.compile(r"^(/[^:\n]+):\d+:\d+: (?:warning|error): .*\[([\w.,-]+)\]$", re.MULTILINE)
KEPT_DAYS = 30
INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.MULTILINE)
# A name for another namespace's: the checks for unused ones look at the file that is compiled and at none it includes.
SHORT_NAME = re.compile(rb'^[ \t]*(?:using[ \t]+[\w:]+::(\w+)[ \t]*;|namespace[ \t]+(\w+)[ \t]*=)', re.MULTILINE)
ROOT = os.getcwd()


def read(path):
    with open(path, "rb") as file:
        return file.read()


def read_commands(builds):
    """How each file is compiled: its path to the folder and the words of the command. The first build counts."""
    commands = {}
    for build in reversed(builds):
        path = os.path.join(build, "compile_commands.json")
        if os.path.exists(path):
            for entry in json.loads(read(path)):
                file = os.path.join(entry["directory"], entry["file"])
                words = entry.get("arguments") or shlex.split(entry["command"])
                commands[os.path.realpath(file)] = (entry["directory"], words, entry["file"])
    return commands


def flags_of(command):
    """What two files must share to be read together."""
    _, words, source = command
    output = words.index("-o") + 1 if "-o" in words else None
    return tuple(word for i, word in enumerate(words) if i != output and word != source)


def seems_unused(text):
    """Whether the file gives a short name and does not mention it again."""
    names = [first or second for first, second in SHORT_NAME.findall(text)]
    return any(len(re.findall(rb"\b" + name + rb"\b", text)) == 1 for name in names)


class Keys:
    """A key of all that decides what clang-tidy finds in a file, the libraries of the system aside."""

    def __init__(self, program, commands):
        self.commands = commands
        self.known = {}  # path: hash of the content, own files that it includes
        version = subprocess.run([program, "--version"], capture_output=True, check=True).stdout
        self.common = [version, read(".clang-tidy"), read(os.path.abspath(__file__))]
        self.torch = {}

    def content(self, path, folders):
        """Hash of a file and the paths of what it includes of the checkout."""
        if path not in self.known:
            text = read(path)
            places = [os.path.dirname(path), *folders]
            included = []
            for name in INCLUDE.findall(text):
                found = (os.path.join(place, os.fsdecode(name)) for place in places)
                included += [os.path.normpath(candidate) for candidate in found if os.path.isfile(candidate)][:1]
            self.known[path] = hashlib.sha256(text).digest(), included
        return self.known[path]

    def torch_version(self, flags):
        """Of the folders of headers among the flags, what tells libtorch's version."""
        headers = [os.path.join(flag, "torch/headeronly/version.h") for flag in flags if flag.endswith("torch/include")]
        return [read(header) for header in headers if os.path.exists(header)]

    def key(self, path):
        flags = flags_of(self.commands[path])
        folders = [flag[2:] for flag in flags if flag.startswith("-I" + ROOT)]
        parts, seen, waiting = [], {path}, [path]
        while waiting:
            file = waiting.pop()
            digest, included = self.content(file, folders)
            parts.append(os.fsencode(os.path.relpath(file)) + digest)
            fresh = [other for other in included if other not in seen]
            seen.update(fresh)
            waiting += fresh
        # The same in any checkout.
        words = "\0".join(flags).replace(ROOT, ".").encode()
        everything = [*self.common, *self.torch_version(flags), words, *sorted(parts)]
        return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in everything)).hexdigest()


class Clean:
    """The keys of clean files: empty files in a folder that all checkouts of a user share."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(self.folder, exist_ok=True)

    def has(self, key):
        try:
            os.utime(os.path.join(self.folder, key))
            return True
        except FileNotFoundError:
            return False

    def add(self, key):
        with open(os.path.join(self.folder, key), "w", encoding="utf-8"):
            pass

    def drop_old(self):
        oldest = time.time() - KEPT_DAYS * 24 * 3600
        for entry in os.scandir(self.folder):
            if entry.stat().st_mtime < oldest:
                os.unlink(entry.path)


class Linter:
    def __init__(self, program, commands, folder):
        self.program = program
        self.commands = commands
        self.folder = folder  # of the compile commands and the files that include others
        filter_line = re.search(r"^HeaderFilterRegex: *'(.*)\\\.h\$'", read(".clang-tidy").decode(), re.MULTILINE)
        self.header_filter = "--header-filter=" + filter_line[1] + r"\.(h|cc)$"

    def tidy(self, file, *options):
        """Exit code and findings."""
        done = subprocess.run([self.program, "-p", self.folder, "--quiet", *options, file],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout if done.stdout.strip() else done.stderr

    def batches(self, files):
        """Files of a folder that are compiled alike."""
        alike, result = {}, []
        for file in files:
            text = read(file)
            # Highway compiles such a file once for each set of instructions, as the file that is compiled.
            if seems_unused(text) or b"hwy/foreach_target.h" in text:
                result.append([file])
            else:
                alike.setdefault((flags_of(self.commands[file]), os.path.dirname(file)), []).append(file)
        for group in map(sorted, alike.values()):
            batches = -(-len(group) // TOGETHER)  # of nearly the same size
            result += [group[i::batches] for i in range(batches)]
        return result

    def write(self, batches):
        """A file for each batch, and how it and every single file is compiled."""
        os.makedirs(self.folder, exist_ok=True)
        entries = []
        for i, batch in enumerate(batches):
            for file in batch:
                directory, words, _ = self.commands[file]
                entries.append({"directory": directory, "arguments": words, "file": file})
            if len(batch) > 1:
                directory, words, source = self.commands[batch[0]]
                with open(self.batch_file(i), "w", encoding="utf-8") as file:
                    file.writelines(f'#include "{name}"  // NOLINT(bugprone-suspicious-include)\n' for name in batch)
                words = [self.batch_file(i) if word == source else word for word in words]
                entries.append({"directory": directory, "arguments": words, "file": self.batch_file(i)})
        with open(os.path.join(self.folder, "compile_commands.json"), "w", encoding="utf-8") as file:
            json.dump(entries, file)

    def batch_file(self, i):
        return os.path.join(self.folder, f"together_{i}.cc")

    def together(self, i, batch):
        """The files of a batch that must be read alone."""
        code, findings = self.tidy(self.batch_file(i), self.header_filter)
        if code == 0:
            return []
        found = FINDING.findall(findings)
        named = {os.path.realpath(file) for file, _ in found}
        does_not_compile = any("clang-diagnostic-error" in checks for _, checks in found)
        return sorted(named) if named and not does_not_compile and named <= set(batch) else batch

    def alone(self, file):
        return self.tidy(file)


def lint(files, linter, found_clean):
    """Returns how many have findings, which are printed."""
    batches = linter.batches(files)
    linter.write(batches)
    singles = [batch[0] for batch in batches if len(batch) == 1]
    faulty = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        runs = {pool.submit(linter.together, i, batch): batch for i, batch in enumerate(batches) if len(batch) > 1}
        for run in concurrent.futures.as_completed(runs):
            faulty_ones = run.result()
            singles += faulty_ones
            found_clean([file for file in runs[run] if file not in faulty_ones])
        runs = {pool.submit(linter.alone, file): file for file in singles}
        for run in concurrent.futures.as_completed(runs):
            code, findings = run.result()
            if code == 0:
                found_clean([runs[run]])
            else:
                print(findings, end="", flush=True)
                faulty += 1
    return faulty


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tidy", required=True)
    parser.add_argument("--clean", required=True)
    parser.add_argument("--build", action="append", required=True)
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    commands = read_commands(arguments.build)
    files = [os.path.realpath(file) for file in arguments.files]
    unknown = [os.path.relpath(file) for file in files if file not in commands]
    if unknown:
        sys.exit(f"flowtrain: error: {arguments.build[0]}/compile_commands.json does not say how these are compiled: "
                 + " ".join(unknown))
    keys, clean = Keys(arguments.tidy, commands), Clean(arguments.clean)
    key_of = {file: keys.key(file) for file in files}
    wanted = [file for file in files if not clean.has(key_of[file])]
    clean.drop_old()
    if wanted:
        print(f"flowtrain: clang-tidy reads {len(wanted)} files; {len(files) - len(wanted)} are known to be clean",
              file=sys.stderr, flush=True)

    def found_clean(batch):
        for file in batch:
            clean.add(key_of[file])

    faulty = lint(wanted, Linter(arguments.tidy, commands, os.path.abspath(os.path.join(arguments.build[0], "together"))), found_clean)
    if faulty:
        sys.exit(f"flowtrain: error: clang-tidy has findings in {faulty} of {len(files)} files (see above)")
    print(f"{len(files)} files are clean")


if __name__ == "__main__":
    main()
