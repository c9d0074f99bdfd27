"""Unpacks what a C++ program needs of a wheel: libraries and headers, not Python's own files (tens of thousands).

usage: unpack_wheel.py WHEEL FOLDER

A file that is there already is replaced in one step, so a program that has it open goes on with the old one.
"""

import os
import shutil
import sys
import zipfile

WANTED = ("torch/lib/", "torch/include/", "nvidia/")
UNWANTED = ("libtorch_python.so", "libshm.so", ".py", "/torch_shm_manager")


def unpack(wheel, folder):
    with zipfile.ZipFile(wheel) as archive:
        for item in archive.infolist():
            name = item.filename
            if item.is_dir() or not name.startswith(WANTED) or name.endswith(UNWANTED):
                continue
            target = os.path.join(folder, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with archive.open(item) as source, open(target + ".part", "wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
            os.replace(target + ".part", target)


if __name__ == "__main__":
    unpack(sys.argv[1], sys.argv[2])
