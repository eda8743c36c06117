"""The stepped clock (GP-114, docs/time.md): an event loop that takes its time and its rests from the
harness's page, and resolves names without a thread. Nothing else of the gateway knows of it."""

import asyncio
import mmap
import os
import random
import select
import selectors
import socket
import struct

MAGIC = 0x6770636C6F636B31
NEVER = 2**64 - 1
DNS_WAIT, DNS_TRIES = 5, 2  # seconds, as the C library has them


class Page:
    """The page of docs/time.md, by its offsets."""

    def __init__(self, handle):
        page = memoryview(mmap.mmap(handle, 4096))
        self.wide, self.narrow = page.cast("Q"), page.cast("I")
        if self.wide[0] != MAGIC or self.narrow[2] != 1:
            raise OSError("no clock page of version 1")
        self.wake, self.ctl = self.narrow[3], self.narrow[4]
        self.outer = select.epoll.fromfd(self.narrow[5])
        self.signed, self.seed = page.cast("q"), self.wide[4]
        self.narrow[14] = 1  # attached

    def now(self):
        return self.wide[5]

    def epoch(self):
        """Seconds since 1970 when the run began; a story may move this clock between two turns."""
        return self.signed[3]

    def rest(self, deadline):
        """Gives the turn back; when this returns the program has it again."""
        self.wide[6] = deadline
        self.wide[8] += 1
        self.narrow[15] = 1  # idle
        os.write(self.ctl, struct.pack("=Q", 1))
        os.read(self.wake, 8)


class Turns(selectors.EpollSelector):
    """Waits for the harness instead of the kernel, and serves in the order of registration."""

    def __init__(self, page):
        super().__init__()
        self.page, self.order, self.count = page, {}, 0
        page.outer.register(self.fileno(), select.EPOLLIN)

    def register(self, fileobj, events, data=None):
        key = super().register(fileobj, events, data)
        self.count += 1
        self.order[key.fd] = self.count
        return key

    def select(self, timeout=None):
        deadline = NEVER if timeout is None else self.page.now() + int(max(0, timeout) * 1e9) + 1
        while True:
            ready = super().select(0)
            if ready or timeout == 0 or self.page.now() >= deadline:
                return sorted(ready, key=lambda one: self.order[one[0].fd])
            self.page.rest(deadline)


class SteppedLoop(asyncio.SelectorEventLoop):
    def __init__(self, page):
        self.page = page
        super().__init__(Turns(page))

    def time(self):
        return 1000 + self.page.now() / 1e9

    def wall(self):
        return self.page.epoch() + self.page.now() / 1e9

    async def getaddrinfo(self, host, port, *, family=0, type=0, proto=0, flags=0):
        addresses = await resolve(self, host)
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (one, port)) for one in addresses]


async def resolve(loop, host):
    """The IPv4 addresses of a name, from the first name server that answers."""
    with open("/etc/resolv.conf", encoding="ascii") as file:
        servers = [line.split()[1] for line in file if line.startswith("nameserver ")]
    for server in (servers or ["127.0.0.1"]) * DNS_TRIES:
        heard = loop.create_future()
        number = random.getrandbits(16)
        wire, _ = await loop.create_datagram_endpoint(lambda: Asked(heard, number), remote_addr=(server, 53))
        try:
            wire.sendto(question(host, number))
            async with asyncio.timeout(DNS_WAIT):
                return await heard
        except (TimeoutError, OSError):
            continue
        finally:
            wire.abort()
    return []


class Asked(asyncio.DatagramProtocol):
    def __init__(self, heard, number):
        self.heard, self.number = heard, number

    def datagram_received(self, data, addr):
        if not self.heard.done() and data[:2] == struct.pack("!H", self.number):
            self.heard.set_result(addresses_in(data))

    def error_received(self, exc):
        if not self.heard.done():
            self.heard.set_exception(exc)


def question(host, number):
    labels = b"".join(bytes([len(one)]) + one.encode() for one in host.rstrip(".").split("."))
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", 1, 1)


def addresses_in(data):
    """The A records of an answer; a torn one has none."""
    def after_name(at):
        while data[at]:
            if data[at] >= 0xC0:
                return at + 2
            at += data[at] + 1
        return at + 1

    try:
        asked, answers = struct.unpack("!2H", data[4:8])
        at, found = 12, []
        for _ in range(asked):
            at = after_name(at) + 4
        for _ in range(answers):
            at = after_name(at)
            kind, _, _, size = struct.unpack("!2HIH", data[at:at + 10])
            if kind == 1 and size == 4:
                found.append(socket.inet_ntoa(data[at + 10:at + 14]))
            at += 10 + size
        return found
    except (IndexError, OSError, struct.error):
        return []


def new_loop():
    """The loop that the run asks for."""
    handle = os.environ.get("GP_CLOCK_FD")
    if not handle:
        return asyncio.SelectorEventLoop()
    page = Page(int(handle))
    random.seed(page.seed)
    return SteppedLoop(page)
