"""Makes a wheel of a bundle (tools/lib/bundle.sh).

usage: make_wheel.py BUNDLE OUT

The layout is that of the packaging specifications (packaging.python.org, "Binary distribution format"). Nothing in it
depends on the version of Python; the platform is x86-64 or aarch64 Linux with the glibc that the bundle needs.
"""
import base64
import hashlib
import pathlib
import platform
import re
import sys
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


def main():
    """Writes the wheel and prints where."""
    bundle, out = map(pathlib.Path, sys.argv[1:3])
    version = version_of_project()
    glibc = (bundle / "lib/glibc-version").read_text().strip().replace(".", "_")
    tag = f"py3-none-manylinux_{glibc}_{platform.machine()}"
    path = out / f"flowtrain-{version}-{tag}.whl"
    info = f"flowtrain-{version}.dist-info"
    part = path.with_suffix(".part")
    wheel = Wheel(part, f"{info}/RECORD")
    wheel.add("flowtrain/__init__.py", f'"""flowtrain, a program: see flowtrain --help."""\n__version__ = "{version}"\n'.encode())
    wheel.add("flowtrain/__main__.py", (ROOT / "tools/lib/wheel/__main__.py").read_bytes())
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


if __name__ == "__main__":
    try:
        main()
    except OSError as problem:
        sys.exit(f"make_wheel: {problem}")
