"""Unpacks what a C++ program needs of a wheel: libraries and headers, not Python's own files (tens of thousands).

usage: unpack_wheel.py WHEEL FOLDER

A file that is there already is replaced in one step, so a program that has it open goes on with the old one. What Python
needs of torch beyond that is kept in one file, FOLDER/python-cp311.zip or another version's (tools/lib/export_python.sh).
"""

import os
import shutil
import sys
import zipfile

WANTED = ("torch/lib/", "torch/include/", "nvidia/")
UNWANTED = ("libtorch_python.so", "libshm.so", ".py", "/torch_shm_manager")
NOT_PYTHONS = ("torch/include/", "torch/share/", "torch/bin/ptxas", "torch/bin/protoc")


def is_wanted(name):
    return name.startswith(WANTED) and not name.endswith(UNWANTED)


def is_pythons(name):
    return not name.startswith(NOT_PYTHONS) and not is_wanted(name)


def unpack(wheel, folder):
    with zipfile.ZipFile(wheel) as archive:
        for item in archive.infolist():
            name = item.filename
            if item.is_dir() or not is_wanted(name):
                continue
            target = os.path.join(folder, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with archive.open(item) as source, open(target + ".part", "wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
            os.replace(target + ".part", target)


def keep_python(wheel, folder):
    path = os.path.join(folder, f"python-{os.path.basename(wheel).split('-')[2]}.zip")
    with zipfile.ZipFile(wheel) as archive, zipfile.ZipFile(path + ".part", "w", zipfile.ZIP_DEFLATED) as kept:
        for item in archive.infolist():
            if not item.is_dir() and is_pythons(item.filename):
                kept.writestr(item, archive.read(item))
    os.replace(path + ".part", path)


if __name__ == "__main__":
    unpack(sys.argv[1], sys.argv[2])
    if os.path.basename(sys.argv[1]).startswith("torch-"):
        keep_python(sys.argv[1], sys.argv[2])
