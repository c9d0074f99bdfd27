#!/usr/bin/env python3
"""`flowtrain fetch` against a server on this machine that serves well and badly. Nothing here reaches the network.

    fetch_test.py FETCH_ARCHIVE [PROGRAM]
"""
import hashlib
import http.server
import io
import os
import random
import re
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import unittest

FETCH, PROGRAM = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
ENVIRONMENT = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}


def md5(data):
    return hashlib.md5(data).hexdigest()


def member(name, data=b"", kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = len(data), kind, link
    return info, data


def packed(members):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return stream.getvalue()


FILES = {"a_X.bin": random.Random(1).randbytes(3_000_000), "a_y.bin": bytes(range(77)), "empty.bin.txt": b"x"}
FOLDER = member("small_binary", kind=tarfile.DIRTYPE)
WHOLE = [FOLDER] + [member("small_binary/" + name, data) for name, data in FILES.items()]
GOOD = packed(WHOLE)
assert len(GOOD) > 2_900_000


class Server(http.server.ThreadingHTTPServer):
    """Serves `data` at every path; how badly, the test sets."""

    def __init__(self, data=GOOD, **how):
        super().__init__(("127.0.0.1", 0), Handler)
        self.data, self.drops, self.etag, self.ranges, self.status, self.claims, self.delay = (
            data, [], '"1"', True, 200, None, 0)
        self.if_range = True
        self.__dict__.update(how)
        self.asked = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/small.tar.gz"

    def handle_error(self, *_):
        pass


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        server, range_ = self.server, self.headers.get("Range")
        server.asked.append(range_)
        if server.status != 200:
            self.send_error(server.status)
            return
        begin = int(re.fullmatch(r"bytes=(\d+)-", range_)[1]) if range_ and server.ranges else 0
        if server.if_range and begin and self.headers.get("If-Range") != server.etag:
            begin = 0
        if begin >= len(server.data) and begin:
            self.send_error(416)
            return
        body = server.data[begin:]
        self.send_response(206 if begin else 200)
        if server.etag:
            self.send_header("ETag", server.etag)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(server.data) - 1}/{len(server.data)}")
        self.send_header("Content-Length", str(len(body) if server.claims is None else server.claims))
        self.end_headers()
        if server.drops:
            body = body[:server.drops.pop(0)]
        for at in range(0, len(body), 1 << 16):
            self.wfile.write(body[at:at + (1 << 16)])
            time.sleep(server.delay)


class Fetch(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.parent = os.path.join(self.folder.name, "data")

    def serve(self, data=GOOD, **how):
        server = Server(data, **how)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def command(self, url, archive=GOOD):
        files = [word for name, data in FILES.items() if not name.endswith(".txt")
                 for word in (name, str(len(data)), md5(data))] + ["empty.bin.txt", "0", "-"]
        return [FETCH, url, md5(archive), str(len(archive)), self.parent, *files]

    def fetch(self, server, code, archive=GOOD, **more):
        url = server if isinstance(server, str) else server.url()
        done = subprocess.run(self.command(url, archive), capture_output=True, text=True, timeout=60,
                              env=dict(ENVIRONMENT, **more))
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout + done.stderr

    def path(self, name):
        return os.path.join(self.parent, name)

    def need_whole(self):
        for name, data in FILES.items():
            with open(self.path("small_binary/" + name), "rb") as file:
                self.assertEqual(file.read(), data)
        self.assertEqual([name for name in os.listdir(self.parent) if name != "small.tar.gz"], ["small_binary"])

    def need_nothing(self):
        self.assertEqual(os.listdir(self.parent), [])

    def test_serves_well_and_once(self):
        server = self.serve()
        said = self.fetch(server, 0)
        self.assertIn("fetched", said)
        self.assertIn("downloading: 100% of", said)
        self.need_whole()
        self.assertEqual(server.asked, [None])
        self.assertIn("there", self.fetch(server, 0))
        self.assertEqual(len(server.asked), 1, "nothing is asked for what is there")

    def test_goes_on_after_each_drop(self):
        server = self.serve(drops=[1_000_000, 700_000, 500_000])
        self.fetch(server, 0)
        self.need_whole()
        begins = [int(asked[6:-1]) for asked in server.asked[1:]]
        self.assertEqual(begins, [1_000_000, 1_700_000, 2_200_000])

    def test_goes_on_in_a_later_call(self):
        server = self.serve(delay=0.05)
        process = subprocess.Popen(self.command(server.url()), stderr=subprocess.DEVNULL, env=ENVIRONMENT)
        part = self.path("small.tar.gz.part")
        while not os.path.exists(part) or os.path.getsize(part) < 500_000:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.assertFalse(os.path.exists(self.path("small_binary")))
        size = os.path.getsize(part)
        server.delay = 0
        self.fetch(server, 0)
        self.assertEqual(server.asked, [None, f"bytes={size}-"])
        self.need_whole()

    def leave_part(self, bytes_, url, etag='"1"', total=len(GOOD)):
        os.makedirs(self.parent)
        with open(self.path("small.tar.gz.part"), "wb") as file:
            file.write(bytes_)
        with open(self.path("small.tar.gz.part.from"), "w") as file:
            file.write(f"{url}\n{etag}\n{total}\n")

    def test_begins_anew_where_the_file_changed(self):
        server = self.serve()
        self.leave_part(b"old" * 1000, server.url(), '"0"')
        self.fetch(server, 0)
        self.need_whole()

    def test_begins_anew_where_the_file_changed_and_the_server_does_not_care(self):
        server = self.serve(if_range=False)
        self.leave_part(b"old" * 1000, server.url(), '"0"')
        self.fetch(server, 0)
        self.need_whole()

    def test_begins_anew_where_the_length_changed(self):
        server = self.serve()
        self.leave_part(b"old" * 1000, server.url(), total=7000)
        self.fetch(server, 0)
        self.need_whole()

    def test_begins_anew_where_what_was_there_is_wrong(self):
        server = self.serve()
        self.leave_part(b"old" * 1000, server.url())
        self.fetch(server, 0)
        self.need_whole()

    def test_begins_anew_where_ranges_are_ignored(self):
        server = self.serve(ranges=False, drops=[1_000_000])
        self.fetch(server, 0)
        self.need_whole()

    def test_begins_anew_without_a_version(self):
        server = self.serve(etag=None, drops=[1_000_000])
        self.fetch(server, 0)
        self.assertEqual(server.asked, [None, None])
        self.need_whole()

    def test_takes_a_length_that_is_too_large(self):
        self.fetch(self.serve(claims=len(GOOD) + 1000), 0)
        self.need_whole()

    def test_refuses_what_is_cut_off(self):
        said = self.fetch(self.serve(claims=1_000_000), 1)
        self.assertIn("has 1,000,000 bytes of", said)
        self.assertIn("By hand: download http://", said)
        self.need_nothing()

    def test_refuses_a_wrong_archive(self):
        said = self.fetch(self.serve(b"<html>log in first</html>"), 1)
        self.assertIn("is not Small's archive", said)
        self.assertIn(self.path("small.tar.gz"), said)
        self.need_nothing()

    def test_refuses_far_too_much(self):
        said = self.fetch(self.serve(GOOD * 3), 1)
        self.assertIn("more comes than the file has", said)

    def test_refusals_name_the_status(self):
        said = self.fetch(self.serve(status=404), 1)
        self.assertIn("404 (not found)", said)
        self.need_nothing()

    def test_offline(self):
        said = self.fetch("http://127.0.0.1:1/small.tar.gz", 1)
        self.assertIn("Is there a network?", said)
        self.assertIn("run `flowtrain fetch small --to", said)
        self.need_nothing()

    def test_uses_the_proxy(self):
        server = self.serve()  # is the proxy too: it answers every address
        proxy = server.url().rsplit("/", 1)[0]
        self.fetch("http://nowhere.invalid/small.tar.gz", 0, http_proxy=proxy)
        self.need_whole()

    def test_takes_an_archive_put_there_by_hand(self):
        os.makedirs(self.parent)
        with open(self.path("small.tar.gz"), "wb") as file:
            file.write(GOOD)
        self.fetch("http://127.0.0.1:1/small.tar.gz", 0)
        self.need_whole()
        self.assertTrue(os.path.exists(self.path("small.tar.gz")))

    def test_refuses_a_bad_archive_put_there_by_hand(self):
        os.makedirs(self.parent)
        with open(self.path("small.tar.gz"), "wb") as file:
            file.write(GOOD[:-1])
        self.assertIn("not the whole of it", self.fetch("http://127.0.0.1:1/small.tar.gz", 1))
        self.assertTrue(os.path.exists(self.path("small.tar.gz")))

    def test_leaves_half_a_set_alone(self):
        os.makedirs(self.path("small_binary"))
        with open(self.path("small_binary/a_X.bin"), "wb") as file:
            file.write(b"mine")
        self.assertIn("a_X.bin has 4 bytes, not 3,000,000", self.fetch(self.serve(), 2))
        with open(self.path("small_binary/a_X.bin"), "rb") as file:
            self.assertEqual(file.read(), b"mine")

    def test_two_at_once(self):
        server = self.serve(delay=0.05)
        process = subprocess.Popen(self.command(server.url()), stderr=subprocess.DEVNULL, env=ENVIRONMENT)
        while not os.path.exists(self.path("small.tar.gz.part.from")):
            time.sleep(0.02)
        self.assertIn("another program is downloading", self.fetch(server, 1))
        self.assertEqual(process.wait(60), 0)
        self.need_whole()

    def test_full_disk(self):
        limited = ["bash", "-c", 'ulimit -f 1000; trap "" XFSZ; exec "$@"', "-"] + self.command(self.serve().url())
        done = subprocess.run(limited, capture_output=True, text=True, timeout=60, env=ENVIRONMENT)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("cannot be written: File too large", done.stderr)
        self.assertIn("stays in", done.stderr)
        self.assertFalse(os.path.exists(self.path("small_binary")))

    def refuse(self, members, why):
        archive = packed(members)
        said = self.fetch(self.serve(archive), 1, archive)
        self.assertIn(why, said)
        self.assertFalse(os.path.exists(self.path("small_binary")))
        self.assertEqual(sorted(os.listdir(self.folder.name)), ["data"])
        self.assertFalse(os.path.exists(self.path(".small_binary.unpacking")))

    def test_refuses_files_outside(self):
        self.refuse(WHOLE + [member("../x", b"x")], "it holds ../x")

    def test_refuses_files_outside_by_a_detour(self):
        self.refuse(WHOLE + [member("small_binary/../../x", b"x")], "it holds small_binary/../../x")

    def test_refuses_absolute_paths(self):
        self.refuse([member(self.folder.name + "/x", b"x")] + WHOLE, "it holds " + self.folder.name)

    def test_refuses_symbolic_links(self):
        self.refuse([FOLDER, member("small_binary/a_X.bin", kind=tarfile.SYMTYPE, link="/etc/passwd")],
                    "a_X.bin is not a file")

    def test_refuses_hard_links(self):
        self.refuse(WHOLE[:-1] + [member("small_binary/empty.bin.txt", kind=tarfile.LNKTYPE, link="small_binary/a_X.bin")],
                    "empty.bin.txt is not a file")

    def test_refuses_other_files(self):
        self.refuse(WHOLE + [member("small_binary/more.bin", b"x")], "it holds small_binary/more.bin")

    def test_refuses_other_sizes(self):
        self.refuse([FOLDER, member("small_binary/a_X.bin", b"x" * 5)], "a_X.bin has 5 bytes in it, not 3,000,000")

    def test_refuses_other_bytes(self):
        self.refuse([FOLDER, member("small_binary/a_X.bin", b"x" * 3_000_000)], "a_X.bin is another file")

    def test_refuses_what_lacks_a_file(self):
        self.refuse(WHOLE[:2], "it lacks a_y.bin")

    def test_refuses_a_file_twice(self):
        self.refuse(WHOLE + [WHOLE[1]], "it holds a_X.bin twice")


@unittest.skipIf(PROGRAM is None, "no program named")
class Program(Fetch):
    """What only the program adds."""

    def run_program(self, *arguments):
        return subprocess.run([PROGRAM, "fetch", *arguments], capture_output=True, text=True, timeout=60,
                              cwd=self.folder.name, env=ENVIRONMENT)

    def test_wrong_archive(self):
        done = self.run_program("stl10", "--url", self.serve().url())
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("is not STL-10's archive", done.stderr)
        self.assertIn("http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz", done.stderr)
        self.assertEqual(os.listdir(self.parent), [])

    def test_usage(self):
        self.assertEqual(self.run_program("mnist").returncode, 2)
        self.assertEqual(self.run_program("stl10", "--url", "ftp://x/y").returncode, 2)

    def test_there_and_whole(self):
        folder = os.path.join(self.folder.name, "data/stl10_binary")
        os.makedirs(folder)
        image = 3 * 96 * 96
        for name, size in (("train_X", 5000 * image), ("train_y", 5000), ("test_X", 8000 * image), ("test_y", 8000),
                           ("unlabeled_X", 100000 * image)):
            with open(f"{folder}/{name}.bin", "wb") as file:
                file.truncate(size)
        done = self.run_program("stl10")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("is there already, and whole", done.stdout)
        self.assertIn("flowtrain graphs/simclr.yaml\n", done.stdout)

    def test_interrupt_keeps_what_has_come(self):
        server = self.serve(delay=0.05)
        process = subprocess.Popen([PROGRAM, "fetch", "cifar10", "--url", server.url()], cwd=self.folder.name,
                                   stderr=subprocess.DEVNULL, env=ENVIRONMENT)
        part = self.path("cifar-10-binary.tar.gz.part")
        while not os.path.exists(part) or os.path.getsize(part) < 300_000:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(60), 130)
        self.assertGreater(os.path.getsize(part), 300_000)
        self.assertFalse(os.path.exists(self.path("cifar-10-batches-bin")))


if __name__ == "__main__":
    for name in [name for name in dir(Fetch) if name.startswith("test_")]:
        if name not in vars(Program):
            setattr(Program, name, None)  # run as the base class has it
    unittest.main(argv=sys.argv[:1] + ["-v"])
