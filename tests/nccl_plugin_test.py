#!/usr/bin/env python3
"""Opens flowtrain_nccl.so as the program does, beside libtorch's CUDA half, with every name bound at once.

  nccl_plugin_test.py PLUGIN TORCH_FOLDER

A libtorch for machines without a GPU lacks some of the libraries that its CUDA half is linked with. Nothing of them is
called here, so empty ones stand in for them.
"""
import ctypes
import os
import re
import subprocess
import sys
import tempfile

SKIPPED = 77
SYMBOL = "flowtrain_nccl"
MISSING = re.compile(r"(\S+\.so[.\d]*): cannot open shared object file")


class Plugin(ctypes.Structure):
    """The head of NcclPlugin (nodes/distributed/nccl/nccl.h)."""
    _fields_ = [("abi", ctypes.c_char_p), ("cuda_version", ctypes.c_int), ("make", ctypes.c_void_p), ("address_of", ctypes.c_void_p)]


def open_it(plugin, torch):
    """In a process of its own. Prints what the plug-in says it was built for."""
    for library in ("libc10.so", "libtorch_cpu.so", "libtorch_cuda.so"):
        ctypes.CDLL(f"{torch}/lib/{library}", mode=os.RTLD_LAZY | os.RTLD_GLOBAL)
    found = Plugin.in_dll(ctypes.CDLL(plugin, mode=os.RTLD_NOW | os.RTLD_LOCAL), SYMBOL)
    assert found.make and found.address_of
    print(found.abi.decode())


def stand_in(name, folder):
    """An empty library."""
    subprocess.run(["cc", "-shared", "-x", "c", "/dev/null", f"-Wl,-soname,{name}", "-o", f"{folder}/{name}"], check=True)


def main():
    """Returns the exit code."""
    plugin, torch = sys.argv[1:3]
    if not os.path.exists(plugin):
        print("skipped: flowtrain_nccl.so was not built: CMake says what it lacks")
        return SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "LD_LIBRARY_PATH": folder}
        stood_in = []
        while True:
            run = subprocess.run([sys.executable, __file__, "--open", plugin, torch], env=environment,
                                 capture_output=True, text=True, check=False)
            missing = MISSING.search(run.stderr)
            if missing is None or missing[1] in stood_in or "torch" in missing[1]:
                break
            stood_in.append(missing[1])
            stand_in(missing[1], folder)
    if run.returncode != 0:
        print(run.stderr)
        return 1
    assert re.match(r"libtorch [\d.]+ and interface [0-9a-f]{12}$", run.stdout), run.stdout
    print(f"opened with {', '.join(stood_in) or 'nothing'} stood in for; it is for {run.stdout.strip()}")
    return 0


if __name__ == "__main__":
    if sys.argv[1] == "--open":
        open_it(*sys.argv[2:])
    else:
        sys.exit(main())
