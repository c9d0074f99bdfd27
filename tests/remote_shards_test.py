#!/usr/bin/env python3
"""Tar shards on a server on this machine, which serves well and badly. Nothing here reaches the network.

    remote_shards_test.py PROGRAM
"""
import hashlib
import hmac
import http.server
import io
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import unittest
import urllib.parse

PROGRAM = sys.argv[1]
SHARDS, IMAGES = 9, 4
ENVIRONMENT = {name: value for name, value in os.environ.items()
               if "proxy" not in name.lower() and not name.startswith("AWS_")}


def picture(seed):
    return b"P6 32 32 255\n" + random.Random(seed).randbytes(32 * 32 * 3)


def shard(number, version=0):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for i in range(IMAGES):
            key = f"{number:02}_{i}"
            for name, data in ((key + ".ppm", picture(version * 10000 + number * 100 + i)),
                               (key + ".cls", str(i % 2).encode())):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    return stream.getvalue()


NAMES = [f"train-{i:06}.tar" for i in range(SHARDS)]
FILES = {name: shard(i) for i, name in enumerate(NAMES)}
BYTES = len(FILES[NAMES[0]])
assert all(len(data) == BYTES for data in FILES.values())
NOTE = 4096  # what a download takes beside
PATTERN = f"train-{{000000..{SHARDS - 1:06}}}.tar"


def room(shards):
    return str(shards * BYTES + NOTE)


class Server(http.server.ThreadingHTTPServer):
    """Serves `files`; how badly, the test sets: `faults` has a list for a name, one entry for each request of more than
    a byte: a status, or "die" (the connection, in the middle), "stall", "lie" (a length that is too large), "flip" (a
    byte)."""
    daemon_threads = True

    def __init__(self, files=None, **how):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.faults, self.ranges, self.delay, self.etags, self.md5 = (
            dict(FILES if files is None else files), {}, True, 0, True, False)
        self.secret = None  # of S3
        self.asked, self.refused = [], []
        self.__dict__.update(how)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, name=PATTERN):
        return f"http://127.0.0.1:{self.server_address[1]}/data/{name}"

    def bodies(self, name=None):
        """The requests for more than a byte."""
        return [asked for asked, range_ in self.asked
                if range_ != "bytes=0-0" and asked.endswith(".tar") and name in (None, asked)]

    def handle_error(self, *_):
        pass


def signature(server, request):
    """What the Authorization header of the request must be, as AWS documents it (Signature Version 4)."""
    given = dict(re.findall(r"(\w+)=([^,\s]+)", request.headers.get("Authorization", "")))
    if not given:
        return None
    key_id, date, region, service, _ = given["Credential"].split("/")
    split = urllib.parse.urlsplit(request.path)
    names = given["SignedHeaders"].split(";")
    headers = "".join(f"{name}:{' '.join(request.headers[name].split())}\n" for name in names)
    payload = request.headers.get("x-amz-content-sha256", hashlib.sha256(b"").hexdigest())
    canonical = "\n".join([request.command, split.path, split.query, headers, ";".join(names), payload])
    scope = f"{date}/{region}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope,
                      hashlib.sha256(canonical.encode()).hexdigest()])
    key = b"AWS4" + server.secret.encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    right = {"Credential": f"{key_id}/{scope}", "SignedHeaders": given["SignedHeaders"],
             "Signature": hmac.digest(key, text.encode(), "sha256").hex()}
    must = {"host"} | {name.lower() for name in request.headers if name.lower().startswith("x-amz-")}
    return right == given and region == "eu-test-1" and service == "s3" and must <= set(names)


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def refuse(self, status, code=""):
        body = f"<Error><Code>{code}</Code></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        server, range_ = self.server, self.headers.get("Range")
        name = self.path.rsplit("/", 1)[1]
        server.asked.append((name, range_))
        if server.secret:
            if not signature(server, self):
                server.refused.append(self.path)
                return self.refuse(403, "SignatureDoesNotMatch")
            if server.token and self.headers.get("x-amz-security-token") != server.token:
                return self.refuse(403, "InvalidToken")
        data = server.files.get(name)
        if data is None:
            return self.refuse(404, "NoSuchKey")
        faults = server.faults.get(name, server.faults.get("*"))
        fault = faults.pop(0) if faults and range_ != "bytes=0-0" else None
        if isinstance(fault, int):
            return self.refuse(fault)
        etag = '"' + (hashlib.md5(data).hexdigest() if server.md5 else str(hash(data))) + '"'
        if fault == "flip":
            data = data[:1000] + bytes([data[1000] ^ 1]) + data[1001:]
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", range_ or "")
        begin, end = 0, len(data)
        if found and server.ranges and self.headers.get("If-Range", etag) == etag:
            begin = int(found[1])
            end = min(end, int(found[2]) + 1) if found[2] else end
        if begin >= len(data):
            return self.refuse(416)
        body = data[begin:end]
        partial = len(body) < len(data)
        self.send_response(206 if partial else 200)
        if server.etags:
            self.send_header("ETag", etag)
        if partial:
            self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(body) + (1000 if fault == "lie" else 0)))
        self.end_headers()
        if fault == "die":
            body = body[:len(body) // 2]
        for at in range(0, len(body), 4096):
            if fault == "stall" and at >= len(body) // 2:
                time.sleep(60)
            self.wfile.write(body[at:at + 4096])
            time.sleep(server.delay)


def folder_bytes(folder):
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.path.getsize(os.path.join(path, name))
            except FileNotFoundError:
                pass
    return total


class Watch:
    """The most that a folder has held."""

    def __init__(self, folder):
        self.folder, self.most, self.ended = folder, 0, False
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()

    def look(self):
        while not self.ended:
            self.most = max(self.most, folder_bytes(self.folder))
            time.sleep(0.002)

    def end(self):
        self.ended = True
        self.thread.join()
        return self.most


class RemoteShards(unittest.TestCase):
    right = None  # the losses of a training on the same shards on the disk

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.cache = os.path.join(self.folder, "cache")
        self.environment = dict(ENVIRONMENT, XDG_CACHE_HOME=os.path.join(self.folder, "home"))
        self.runs = 0
        if RemoteShards.right is None:
            RemoteShards.right = self.train(self.local())[1]
            self.assertEqual(len(self.right), 2 * -(-(SHARDS * IMAGES // 4) // 2))

    def serve(self, files=None, **how):
        server = Server(files, **how)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def local(self, files=None):
        folder = os.path.join(self.folder, "local")
        os.makedirs(folder, exist_ok=True)
        for name, data in (FILES if files is None else files).items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)
        return os.path.join(folder, PATTERN)

    def command(self, root, run_dir, sets):
        values = {"data.kind": "tar", "data.root": root, "data.cache_dir": self.cache, "data.shuffle_shards": 3,
                  "data.cache_limit": "50%", "data.download_retries": 1, "data.download_timeout_s": 2,
                  "data.image_size": 16, "model.width_multiplier": 0.125, "data.batch_size": 4, "gpu.gradient_accumulation": 2, "train.epochs": 2,
                  "train.warmup_epochs": 1, "data.num_workers": 2, "threads": 1, "gpu.mixed_precision": "false",
                  "device": "cpu", "model.stem": "small", "evaluate.knn": "false", **sets}
        arguments = [PROGRAM, "graphs/simclr.yaml", "--run-dir", run_dir]
        for key, value in values.items():
            arguments += ["--set", f"{key}={value}"]
        return arguments

    def new_run(self):
        self.runs += 1
        return os.path.join(self.folder, f"run{self.runs}")

    def train(self, root, code=0, run_dir=None, more=(), **sets):
        """What was said, and the loss of each step."""
        run_dir = run_dir or self.new_run()
        sets = {key.replace("__", "."): value for key, value in sets.items()}
        done = subprocess.run(self.command(root, run_dir, sets) + list(more), capture_output=True, text=True,
                              timeout=120, env=self.environment)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr + done.stdout, self.losses(run_dir)

    def index(self, root, **sets):
        sets = {key.replace("__", "."): value for key, value in sets.items()}
        arguments = self.command(root, "", sets)
        done = subprocess.run([PROGRAM, "validate", arguments[1], "--data", *arguments[4:]], capture_output=True,
                              text=True, timeout=120, env=self.environment)
        self.assertEqual(done.returncode, 0, done.stderr)

    def losses(self, run_dir):
        path = os.path.join(run_dir, "metrics.jsonl")
        if not os.path.exists(path):
            return []
        with open(path) as file:
            return [row["loss"] for row in map(json.loads, file) if "loss" in row and "step" in row]

    def test_trains_as_on_the_same_shards_on_the_disk_within_the_limit(self):
        server = self.serve()
        os.makedirs(self.cache)
        limit = 4 * BYTES + NOTE
        watch = Watch(self.cache)
        _, losses = self.train(server.url(), data__cache_limit=str(limit))
        most = watch.end()
        self.assertEqual(losses, self.right)
        self.assertLessEqual(most, limit)
        self.assertGreater(most, limit // 2)
        # The other order, with other numbers of workers and connections.
        _, others = self.train(server.url(), data__cache_limit=str(limit), data__num_workers=1,
                               data__download_connections=1)
        self.assertEqual(others, self.right)
        _, other_order = self.train(server.url(), data__shuffle_shards=4)
        self.assertNotEqual(other_order, self.right)


    def start(self, root, run_dir, **sets):
        sets = {key.replace("__", "."): value for key, value in sets.items()}
        process = subprocess.Popen(self.command(root, run_dir, sets), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True, env=self.environment)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        return process

    def wait_until(self, is_so):
        end = time.time() + 60
        while not is_so():
            self.assertLess(time.time(), end, "it takes too long")
            time.sleep(0.02)

    def test_goes_on_in_the_middle_of_an_epoch_with_the_same_rest(self):
        server, run_dir = self.serve(), self.new_run()
        self.index(server.url())  # indexes
        server.delay = 0.02
        process = self.start(server.url(), run_dir, data__cache_limit=room(4))
        self.wait_until(lambda: len(self.losses(run_dir)) >= 4)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(60), 130)
        done = len(self.losses(run_dir))
        self.assertLess(done, len(self.right))
        server.delay = 0
        self.train(server.url(), run_dir=run_dir, more=["--resume"], data__cache_limit=room(4))
        self.assertEqual(self.losses(run_dir), self.right)

    def test_passing_faults_cost_time_alone(self):
        # Another length is that of another file: it ends the run, since no index fits it.
        for fault in (503, "die", "flip", "stall"):
            with self.subTest(fault=fault):
                server = self.serve(md5=True)
                server.faults[NAMES[3]] = [fault]
                self.cache = os.path.join(self.folder, f"cache_{fault}")
                # Of an ETag a sum is known in S3 alone.
                self.environment["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{server.server_address[1]}"
                said, losses = self.train(f"s3://bucket/data/{PATTERN}")
                self.assertEqual(losses, self.right)
                self.assertEqual(server.faults[NAMES[3]], [])
                if fault == "die":
                    self.assertIn((NAMES[3], f"bytes={BYTES // 2}-"), server.asked)

    def test_what_cannot_be_had_ends_the_run_with_the_address_and_the_cause(self):
        for fault, cause in ((404, "answers 404 (not found)"), (403, "answers 403"), (500, "answers 500"),
                             ("die", "closed"), ("lie", "bytes"), ("stall", "too slow"),
                             ("flip", "MD5 sum")):
            with self.subTest(fault=fault):
                server = self.serve(md5=True)
                self.environment["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{server.server_address[1]}"
                self.cache = os.path.join(self.folder, f"cache_{fault}")
                self.environment["XDG_CACHE_HOME"] = self.cache + "_home"
                server.faults[NAMES[3]] = [fault] * 20
                begin = time.time()
                said, losses = self.train(f"s3://bucket/data/{PATTERN}", 1)
                self.assertIn(f"s3://bucket/data/{NAMES[3]}", said)
                self.assertIn(cause, said)
                self.assertLess(time.time() - begin, 30)
                self.assertFalse([name for name in os.listdir(self.cache) if name.startswith("train-000003")
                                  and name.endswith(".tar")], "nothing half is taken for whole")

    def test_a_server_that_is_not_there(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        said, _ = self.train(f"http://127.0.0.1:{port}/{PATTERN}", 1)
        self.assertIn(f"cannot download http://127.0.0.1:{port}/", said)
        self.assertIn("Is there a network?", said)
        said, _ = self.train(f"http://no-such-host.invalid/{PATTERN}", 1)
        self.assertIn("resolve host", said)

    def test_a_server_that_dies_later_ends_the_run_after_a_whole_step(self):
        server, run_dir = self.serve(), self.new_run()
        self.index(server.url())  # indexes
        limit = room(3)
        server.faults["*"] = [None] * 8 + [500] * 1000
        said, losses = self.train(server.url(), 1, run_dir=run_dir, data__cache_limit=limit)
        self.assertIn("answers 500", said)
        self.assertTrue(losses)
        server.faults = {}
        self.train(server.url(), run_dir=run_dir, more=["--resume"], data__cache_limit=limit)
        self.assertEqual(self.losses(run_dir), self.right)

    def test_a_shard_that_changes_is_refused_by_name(self):
        server = self.serve()
        limit = room(3)
        self.index(server.url(), data__cache_limit=limit)
        server.files = {name: shard(i, 1) for i, name in enumerate(NAMES)}
        said, _ = self.train(server.url(), 1, data__cache_limit=limit)
        self.assertRegex(said, r"train-0000\d\d.tar: it has changed since it was indexed: its ETag")
        # Without ETags the length and the places of its members tell.
        server = self.serve(etags=False)
        self.index(server.url(), data__cache_limit=limit)
        server.files = {name: data + bytes(1024) for name, data in FILES.items()}
        said, _ = self.train(server.url(), 1, data__cache_limit=limit)
        self.assertRegex(said, r"train-0000\d\d.tar: it has changed since it was indexed: it has [\d,]+ bytes and had")

    def test_ranges_and_etags_are_not_needed(self):
        server = self.serve(ranges=False, etags=False)
        server.faults[NAMES[3]] = ["die"]
        _, losses = self.train(server.url())
        self.assertEqual(losses, self.right)

    def test_a_limit_that_is_too_small_is_refused_with_the_number(self):
        server = self.serve()
        said, _ = self.train(server.url(), 2, data__cache_limit=f"{BYTES - 1000}")
        self.assertIn("data.cache_limit", said)
        self.index(server.url())
        said, _ = self.train(server.url(), 2, data__cache_limit=str(3 * BYTES + NOTE - 1))
        self.assertIn("data.cache_limit", said)
        self.assertRegex(said, r"3 shards whose images are mixed may take \d+ [kM]B\. Set it to at least \d+ [kM]B")

    def test_an_interrupt_during_a_wait_ends_it_at_once(self):
        server = self.serve()
        self.index(server.url())
        self.cache = os.path.join(self.folder, "other")
        server.faults["*"] = ["stall"] * 100
        process = self.start(server.url(), self.new_run(), data__download_timeout_s=100)
        self.wait_until(lambda: os.path.isdir(self.cache) and
                        any(name.endswith(".part") and folder_bytes(self.cache) > 0 for name in os.listdir(self.cache)))
        time.sleep(1)
        begin = time.time()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(30), 130)
        self.assertLess(time.time() - begin, 4)

    def test_a_download_that_was_killed_goes_on(self):
        server = self.serve(delay=0.05)
        process = self.start(server.url(), self.new_run())
        self.wait_until(lambda: os.path.isdir(self.cache) and folder_bytes(self.cache) > BYTES)
        process.kill()
        process.wait()
        server.delay = 0
        _, losses = self.train(server.url())
        self.assertEqual(losses, self.right)

    def test_two_runs_share_a_folder(self):
        server = self.serve(delay=0.001)
        os.makedirs(self.cache)
        limit, watch = 8 * BYTES + NOTE, Watch(self.cache)
        runs = [self.new_run(), self.new_run()]
        processes = [self.start(server.url(), run, data__cache_limit=str(limit)) for run in runs]
        for process in processes:
            said = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 0, said)
        self.assertLessEqual(watch.end(), limit)
        for run in runs:
            self.assertEqual(self.losses(run), self.right)

    def test_an_index_beside_the_shards_spares_reading_them_first(self):
        root = self.local()
        for name in NAMES:  # an index keeps nothing of files that were modified just now
            os.utime(os.path.join(os.path.dirname(root), name), (1e9, 1e9))
        self.index(root)
        with open(os.path.join(os.path.dirname(root), ".flowtrain-tar-index"), "rb") as file:
            server = self.serve(dict(FILES, **{".flowtrain-tar-index": file.read()}))
        _, losses = self.train(server.url(), train__max_steps=2)
        self.assertLess(len(server.bodies()), SHARDS)
        self.train(server.url())
        _, losses = self.train(server.url())
        self.assertEqual(losses, self.right)
        server.files.update({name: shard(i + 1) for i, name in enumerate(NAMES)})
        self.cache = os.path.join(self.folder, "other")
        said, _ = self.train(server.url(), 1)
        self.assertIn("its members are not those that were indexed", said)

    def test_s3_is_signed_and_tells_no_secret(self):
        server = self.serve(secret="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token="token/with+signs==")
        self.environment.update(
            AWS_ENDPOINT_URL=f"http://127.0.0.1:{server.server_address[1]}", AWS_REGION="eu-test-1",
            AWS_ACCESS_KEY_ID="AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY=server.secret, AWS_SESSION_TOKEN=server.token)
        run_dir = self.new_run()
        server.faults[NAMES[3]] = ["die"]
        said, losses = self.train(f"s3://bucket/some data/{PATTERN}", run_dir=run_dir, evaluate__knn="false")
        self.assertEqual(losses, self.right)
        self.assertEqual(server.refused, [])
        for secret in (server.secret, server.token, "AKIDEXAMPLE"):
            self.assertNotIn(secret, said)
            for path, _, names in os.walk(self.folder):
                for name in names:
                    with open(os.path.join(path, name), "rb") as file:
                        self.assertNotIn(secret.encode(), file.read(), name)
        self.environment["AWS_SECRET_ACCESS_KEY"] = "wrong"
        self.environment["XDG_CACHE_HOME"] = os.path.join(self.folder, "other")
        said, _ = self.train(f"s3://bucket/some data/{PATTERN}", 1)
        self.assertIn("answers 403 (SignatureDoesNotMatch) for s3://bucket/some data/train-000000.tar", said)

    def test_a_password_in_the_address_is_refused(self):
        said, _ = self.train(f"http://user:secret@127.0.0.1/{PATTERN}", 2)
        self.assertIn("~/.netrc", said)

    def test_timing_names_the_wait(self):
        server = self.serve()
        self.index(server.url())
        server.delay = 0.03
        self.cache = os.path.join(self.folder, "other")
        arguments = self.command(server.url(), "", {"data.cache_limit": room(3), "train.epochs": 100})
        arguments = [arguments[0], "timing", arguments[1], *arguments[4:], "--no-device", "--quick", "--steps", "50"]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=120, env=self.environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"Downloads are the limit: source waits for downloads \d+% of the time")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
