"""Every include of the project goes through a door: to the file's own room, or to one that its room is declared to need.

  rooms_test.py ROOMS_FILE    the rooms as CMake knows them, a line each: "nodes/source: pipeline/base nodes/data"
"""

import os
import re
import sys
import tempfile

FLOORS = ("pipeline", "nodes", "tools", "python")
OWN = ("tools/main.cc", "python/module/module.cc")  # of no room: what a program and a module begin with
INCLUDE = re.compile(r'^\s*#\s*include\s+"((?:%s|tests)/[^"]+)"' % "|".join(FLOORS), re.M)


def read_rooms(path):
    with open(path) as file:
        pairs = (line.split(":") for line in file.read().splitlines())
        return {room: needs.split() for room, needs in pairs}


def room_of(path, rooms):
    """The room of a file: the nearest folder above it that is one; None where none is."""
    folder = os.path.dirname(path)
    while folder and folder not in rooms:
        folder = os.path.dirname(folder)
    return folder or None


def sources(root):
    for floor in FLOORS:
        for folder, _, names in os.walk(os.path.join(root, floor)):
            for name in sorted(names):
                if name.endswith((".h", ".cc")):
                    yield os.path.relpath(os.path.join(folder, name), root)


def findings(root, rooms):
    """A sentence for each include that has no door, each file without a room, and each door that nobody uses."""
    found = []
    used = {room: set() for room in rooms}
    for path in sources(root):
        room = room_of(path, rooms)
        if room is None:
            if path not in OWN:
                found.append(f"{path} is in no room: declare one with flowtrain_room, or move the file")
            continue
        with open(os.path.join(root, path)) as file:
            included = INCLUDE.findall(file.read())
        for header in included:
            to = room_of(header, rooms)
            if to is None or to not in [room, *rooms[room]]:
                found.append(f"{path} includes {header}, and {room} has no door to {to or 'that place'}")
            used[room].add(to)
    for room, needs in rooms.items():
        found += [f"{room} has a door to {need} that nothing goes through" for need in needs if need not in used[room]]
    return found


def check_the_check():
    """An include that runs up, and a door that is of no use, are found."""
    rooms = {"pipeline/base": [], "nodes/image": ["pipeline/base"], "tools/load": ["pipeline/base"]}
    files = {
        "pipeline/base/text/units.h": '#include "nodes/image/pixels.h"\n',
        "nodes/image/pixels.h": '#include <cmath>\n',
        "tools/load/load.h": '#include "pipeline/base/text/units.h"\n',
        "tools/stray/stray.h": "",
    }
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w") as file:
                file.write(text)
        found = findings(root, rooms)
    assert len(found) == 3, found
    assert found[0].startswith("pipeline/base/text/units.h includes nodes/image/pixels.h"), found
    assert found[1].startswith("tools/stray/stray.h is in no room"), found
    assert found[2].startswith("nodes/image has a door to pipeline/base"), found


def main():
    check_the_check()
    rooms = read_rooms(sys.argv[1])
    assert rooms, "no rooms"
    found = findings(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), rooms)
    for sentence in found:
        print(sentence)
    print(f"{len(rooms)} rooms, {len(found)} includes without a door")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
