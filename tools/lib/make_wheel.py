"""Makes a wheel of a bundle (tools/lib/bundle.sh), and of the Python package with the loader.

usage: make_wheel.py BUNDLE PACKAGE OUT

PACKAGE is the folder build/PRESET/python/flowtrain; where it is not there, or has no compiled module, the wheel has the
program alone. The layout is that of the packaging specifications (packaging.python.org, "Binary distribution format").
Only the loader's modules depend on the version of Python, and one that has none says so; the platform is x86-64 or
aarch64 Linux with the glibc that the bundle needs.
"""
import base64
import hashlib
import pathlib
import platform
import re
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TORCH = "2.11"


class Wheel:
    """A zip file that notes what is in it, as RECORD needs it."""

    def __init__(self, path, record):
        self.zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9)
        self.record, self.lines = record, []

    def add(self, name, data, mode=0o644):
        """A file; always with the same date, so that the same bundle makes the same wheel."""
        entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
        entry.external_attr = (0o100000 | mode) << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        self.zip.writestr(entry, data)
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        self.lines.append(f"{name},sha256={digest},{len(data)}")

    def close(self):
        """Writes RECORD, which does not note itself."""
        text = "\n".join([*self.lines, f"{self.record},,"]) + "\n"
        self.zip.writestr(zipfile.ZipInfo(self.record, (2026, 1, 1, 0, 0, 0)), text)
        self.zip.close()


def version_of_project():
    """The program itself cannot say it without a torch."""
    return re.search(r"project\(flowtrain VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)


def metadata(version):
    """For pip and for PyPI's page."""
    return f"""Metadata-Version: 2.1
Name: flowtrain
Version: {version}
Summary: Pre-trains image models without labels, fed by a oneTBB flow graph.
License: Apache-2.0
Requires-Python: >=3.10
Requires-Dist: torch=={TORCH}.*
Description-Content-Type: text/markdown

{(ROOT / "README.md").read_text()}"""


def stripped(library):
    """Its bytes without what only a debugger needs."""
    with tempfile.NamedTemporaryFile() as copy:
        subprocess.run(["strip", "--strip-unneeded", "-o", copy.name, library], check=True)
        return pathlib.Path(copy.name).read_bytes()


def add_loader(wheel, package):
    """The loader's modules, and the library that they share, beside the libraries that it needs. Returns their names."""
    modules = sorted(package.glob("_engine*.so"))
    for module in modules:
        wheel.add(f"flowtrain/{module.name}", stripped(module), 0o755)
    if modules:
        library = "bundle/lib/libflowtrain_loader.so"
        wheel.add(f"flowtrain/{library}", stripped(package / library), 0o755)
    return [module.name for module in modules]


def main():
    """Writes the wheel and prints where."""
    bundle, package, out = map(pathlib.Path, sys.argv[1:4])
    version = version_of_project()
    glibc = (bundle / "lib/glibc-version").read_text().strip().replace(".", "_")
    tag = f"py3-none-manylinux_{glibc}_{platform.machine()}"
    path = out / f"flowtrain-{version}-{tag}.whl"
    info = f"flowtrain-{version}.dist-info"
    part = path.with_suffix(".part")
    wheel = Wheel(part, f"{info}/RECORD")
    for file in sorted((ROOT / "python/flowtrain").iterdir()):
        if file.suffix in (".py", ".pyi", ".typed"):
            wheel.add(f"flowtrain/{file.name}", file.read_bytes())
    wheel.add("flowtrain/__main__.py", (ROOT / "tools/lib/wheel/__main__.py").read_bytes())
    modules = add_loader(wheel, package)
    for file in sorted(bundle.rglob("*")):
        if file.is_file():  # a link too: a wheel has none
            wheel.add(f"flowtrain/bundle/{file.relative_to(bundle)}", file.read_bytes(), file.stat().st_mode & 0o777)
    wheel.add(f"{info}/METADATA", metadata(version).encode())
    wheel.add(f"{info}/WHEEL", f"Wheel-Version: 1.0\nGenerator: flowtrain\nRoot-Is-Purelib: false\nTag: {tag}\n".encode())
    wheel.add(f"{info}/entry_points.txt", b"[console_scripts]\nflowtrain = flowtrain.__main__:main\n")
    wheel.add(f"{info}/LICENSE", (ROOT / "LICENSE").read_bytes())
    wheel.close()
    part.replace(path)
    print(f"wheel: {path}, {path.stat().st_size / 2**20:.0f} MiB: pip install {path.name}")
    print("loader in Python:", ", ".join(modules) or "none: it was built without nanobind")


if __name__ == "__main__":
    try:
        main()
    except OSError as problem:
        sys.exit(f"make_wheel: {problem}")
