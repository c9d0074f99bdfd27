"""Two hosts on one machine, and a cable between them whose delay is set: two network namespaces, each with a TUN device, and a thread that
carries packets from one device to the other. Takes iproute2 and root, but not netem, which many kernels lack."""
import collections
import contextlib
import fcntl
import itertools
import os
import select
import shutil
import struct
import subprocess
import sys
import threading
import time

ADDRESSES = ("10.77.0.1", "10.77.0.2")
PORT = 29517        # of rank 0, in a namespace of its own
NOBODY_LISTENS = 9  # a port; whoever connects to it is refused, after one round trip
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
LONGEST_PACKET = 65536
AT_A_TIME = 64  # packets of one direction, then the other has its turn
NUMBERS = itertools.count()  # of the hosts that this process has made

CONNECT = """
import socket, sys, time
sock = socket.socket()
sock.settimeout(float(sys.argv[3]))
begin = time.monotonic()
try:
    sock.connect((sys.argv[1], int(sys.argv[2])))
except ConnectionRefusedError:
    print(time.monotonic() - begin)
except TimeoutError:
    print("no answer")
"""


class Unavailable(Exception):
    """Why there can be no hosts here."""


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def rank_variables(rank, address=ADDRESSES[0]):
    """The environment of a rank of two, each alone on its host. The hosts have no name server, and libtorch looks up the name of whoever
    connects."""
    return {"RES_OPTIONS": "timeout:1 attempts:1", "RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_RANK": "0", "MASTER_ADDR": address,
            "MASTER_PORT": str(PORT)}


def open_tun(name):
    """A new device of IP packets, one for each read and write. It goes with the file."""
    file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    try:
        fcntl.ioctl(file, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    except OSError:
        os.close(file)
        raise
    return file


class SlowCable:
    """Carries each packet that one device sends to the other one, in order, `delay_s` after it was sent or later."""

    def __init__(self, ends, delay_s):
        self.ends = ends
        self.delay_s = delay_s
        self.swallows = False
        self.under_way = (collections.deque(), collections.deque())  # (when it is due, packet), of what each end has sent
        self.stop_read, self.stop_write = os.pipe()
        self.thread = threading.Thread(target=self._carry, daemon=True)
        self.thread.start()

    def close(self):
        os.close(self.stop_write)
        self.thread.join()
        os.close(self.stop_read)

    def _carry(self):
        while True:
            first = min((packets[0][0] for packets in self.under_way if packets), default=None)
            wait = None if first is None else max(0, first - time.monotonic())
            # Not poll(), which waits for whole milliseconds.
            readable = select.select([*self.ends, self.stop_read], [], [], wait)[0]
            if self.stop_read in readable:
                return
            for end, packets in zip(self.ends, self.under_way):
                if end in readable:
                    self._take(end, packets)
            for end, packets in zip(reversed(self.ends), self.under_way):
                self._deliver(packets, end)

    def _take(self, end, packets):
        with contextlib.suppress(BlockingIOError):
            for _ in range(AT_A_TIME):
                packet = os.read(end, LONGEST_PACKET)
                packets.append((time.monotonic() + self.delay_s, packet))

    def _deliver(self, packets, end):
        while packets and packets[0][0] <= time.monotonic():
            packet = packets.popleft()[1]
            if self.swallows:
                continue
            with contextlib.suppress(OSError):  # a device that is down takes none
                os.write(end, packet)


class TwoHosts:
    """Each with its loopback device and one end of the cable."""

    def __init__(self, delay_s):
        self.delay_s = delay_s
        numbers = [next(NUMBERS) for _ in range(2)]
        self.names = [f"flowtrain-{os.getpid()}-{number}" for number in numbers]
        self.devices = [f"ft{os.getpid()}e{number}" for number in numbers]
        self.files = []
        self.cable = None

    def __enter__(self):
        try:
            self._set_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _set_up(self):
        if shutil.which("ip") is None:
            raise Unavailable("iproute2 (ip) is missing")
        for name, device, address in zip(self.names, self.devices, ADDRESSES):
            try:
                ip("netns", "add", name)
            except subprocess.CalledProcessError as error:
                raise Unavailable(f"no network namespaces here: {error.stderr.strip()}") from error
            try:
                self.files.append(open_tun(device))
            except OSError as error:
                raise Unavailable(f"no TUN devices here: {error}") from error
            ip("link", "set", device, "netns", name)
            ip("-n", name, "address", "add", f"{address}/24", "dev", device)
            ip("-n", name, "link", "set", device, "up")
            ip("-n", name, "link", "set", "lo", "up")
        self.cable = SlowCable(self.files, self.delay_s)

    def __exit__(self, *_):
        if self.cable is not None:
            self.cable.close()
        for file in self.files:
            os.close(file)
        if shutil.which("ip") is not None:
            for name in self.names:
                subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)

    def inside(self, host):
        return ["ip", "netns", "exec", self.names[host]]

    def round_trip_s(self, timeout_s):
        """From host 0 to host 1 and back, or None if there is no answer."""
        command = [*self.inside(0), sys.executable, "-c", CONNECT, ADDRESSES[1], str(NOBODY_LISTENS), str(timeout_s)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        return None if said == "no answer" else float(said)

    def take_link_down(self):
        """At host 0, which knows of it."""
        ip("-n", self.names[0], "link", "set", self.devices[0], "down")

    def cut(self):
        """Packets vanish, and neither host is told."""
        self.cable.swallows = True
