"""A headless Chromium, driven through its DevTools protocol by what Python has: no package is needed.

    with Browser(find_chromium()) as browser:
        page = browser.open("file:///…", width=1280)
        page.evaluate("document.title"); page.faults; page.screenshot("page.png")
"""
import base64
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

WAIT_S = 60


def find_chromium():
    """The program's path, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


def chromium_or_skip():
    """The program's path. Without it the test ends as skipped."""
    path = find_chromium()
    if path is None:
        print("skipped: no chromium. Debian and Ubuntu: apt-get install chromium")
        sys.exit(77)
    return path


class WebSocket:
    """As much of RFC 6455 as a client of DevTools needs: text, masked, in one frame."""

    def __init__(self, url):
        host, path = url.removeprefix("ws://").split("/", 1)
        name, port = host.split(":")
        self.socket = socket.create_connection((name, int(port)), WAIT_S)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        self.stream = self.socket.makefile("rb")
        if b" 101 " not in self.stream.readline():
            raise ConnectionError("Chromium took no WebSocket")
        while self.stream.readline() not in (b"\r\n", b""):
            pass

    def send(self, text):
        data, mask = text.encode(), os.urandom(4)
        size = (struct.pack("!B", 128 | len(data)) if len(data) < 126 else
                struct.pack("!BH", 254, len(data)) if len(data) < 65536 else struct.pack("!BQ", 255, len(data)))
        masked = bytes(a ^ b for a, b in zip(data, mask * (len(data) // 4 + 1)))
        self.socket.sendall(b"\x81" + size + mask + masked)

    def receive(self):
        data, last = b"", False
        while not last:
            first, size = struct.unpack("!BB", self.stream.read(2))
            if size == 126:
                size = struct.unpack("!H", self.stream.read(2))[0]
            elif size == 127:
                size = struct.unpack("!Q", self.stream.read(8))[0]
            part = self.stream.read(size)
            if first & 8:  # a control frame
                continue
            data, last = data + part, bool(first & 128)
        return data.decode()

    def close(self):
        self.stream.close()
        self.socket.close()


class Page:
    """A tab. `faults` holds what its console and its scripts complained of."""

    def __init__(self, url):
        self.faults = []
        self.socket = WebSocket(url)
        self.asked = 0
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(domain + ".enable")

    def ask(self, method, **parameters):
        self.asked += 1
        self.socket.send(json.dumps({"id": self.asked, "method": method, "params": parameters}))
        return self.wait(lambda message: message.get("id") == self.asked, method)

    def wait(self, fits, what):
        while True:
            message = json.loads(self.socket.receive())
            self.note(message)
            if fits(message):
                if "error" in message:
                    raise RuntimeError(f"{what}: {message['error']}")
                return message.get("result", {})

    def note(self, message):
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.faults.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
            self.faults.append(str(parameters["args"]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            self.faults.append(parameters["entry"]["text"])
        elif method == "Network.requestWillBeSent" and not parameters["request"]["url"].startswith(("file:", "chrome:",
                                                                                                    "data:")):
            self.faults.append("asked the network for " + parameters["request"]["url"])

    def go(self, url, width, height=900, dark=False):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.ask("Emulation.setEmulatedMedia",
                 features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.ask("Page.navigate", url=url)
        self.wait(lambda message: message.get("method") == "Page.loadEventFired", url)

    def resize(self, width, height=900):
        """And waits until the page has been drawn again."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.evaluate("new Promise((done) => setTimeout(() => requestAnimationFrame(() => "
                      "requestAnimationFrame(done)), 100))")

    def evaluate(self, expression):
        """The value of a JavaScript expression; a promise is waited for."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def screenshot(self, path):
        """Of the whole page, not of what the window shows."""
        shot = self.ask("Page.captureScreenshot", captureBeyondViewport=True)
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))

    def close(self):
        self.ask("Page.close")
        self.socket.close()


class Browser:
    def __init__(self, program):
        self.folder = tempfile.TemporaryDirectory()
        self.log = open(os.path.join(self.folder.name, "log"), "wb")
        arguments = ["--headless=new", "--remote-debugging-port=0", "--no-first-run", "--disable-gpu",
                     "--disable-dev-shm-usage", "--hide-scrollbars", "--user-data-dir=" + self.folder.name + "/profile"]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")  # Chromium's sandbox does not start as root
        self.process = subprocess.Popen([program, *arguments, "about:blank"], stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log, start_new_session=True)
        self.port = self.find_port()

    def find_port(self):
        file, until = self.folder.name + "/profile/DevToolsActivePort", time.monotonic() + WAIT_S
        while time.monotonic() < until and self.process.poll() is None:
            if os.path.exists(file):
                with open(file, encoding="ascii") as lines:
                    words = lines.read().split()
                if words:
                    return int(words[0])
            time.sleep(0.05)
        raise TimeoutError("Chromium did not start")

    def page(self):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/json/new?about:blank", method="PUT")
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=WAIT_S) as answer:
            return Page(json.load(answer)["webSocketDebuggerUrl"])

    def open(self, url, width=1280, **options):
        page = self.page()
        page.go(url, width, **options)
        return page

    def __enter__(self):
        return self

    def __exit__(self, *error):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()
        for _ in range(50):  # its children may still write
            try:
                self.folder.cleanup()
                break
            except OSError:
                time.sleep(0.1)
