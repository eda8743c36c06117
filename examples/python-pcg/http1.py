"""A small HTTP/1.1 client on asyncio: verified TLS, CONNECT through a proxy, kept connections, and a
bound on everything that comes in. It never follows a redirect (GP-27) and reads no environment."""

import asyncio
import ssl
from dataclasses import dataclass

from base import wall

HEAD_MAX = 64 * 1024
BODY_MAX = 16 * 1024 * 1024
KEPT_MAX = 8


class Trouble(Exception):
    """No answer. `kind`: dial, tls, proxy, silent, reset, large. `sent`: whether the request may have
    arrived."""

    def __init__(self, kind, text, sent=False):
        super().__init__(text)
        self.kind, self.sent = kind, sent


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    def retry_after(self):
        """Retry-After in seconds, or None."""
        text = self.headers.get("retry-after", "")
        return float(text) if text.isdigit() else None


def tls_context(anchors, more=""):
    """GP-23: TLS 1.2 or newer, chain and name verified. Without anchors the system's hold."""
    context = ssl.create_default_context(cafile=anchors or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if more:
        context.load_verify_locations(cafile=more)
    context.set_alpn_protocols(["http/1.1"])
    return context


class Line:
    """One connection."""

    def __init__(self, reader, writer, stamp):
        self.reader, self.writer, self.stamp = reader, writer, stamp

    def drop(self):
        self.writer.transport.abort()

    def usable(self):
        return not (self.reader.at_eof() or self.reader.exception() or self.writer.is_closing())


class Flight:
    """How far one request has come, for what is said when it fails."""

    def __init__(self):
        self.sent = self.connected = self.heard = False


class Client:
    """Requests to one server. `dials` bounds tries (GP-29), `proxy` is a settings.Server."""

    def __init__(self, server, context=None, proxy=None, dials=None):
        self.server, self.context, self.proxy, self.dials = server, context, proxy, dials
        self.kept = []

    async def request(self, method, target, headers, body=b"", *, seconds, fresh=False, before=None):
        """One request. `fresh`: on a new connection and never sent twice (GP-92). `before` is called
        when the connection is there, just before the first byte goes; it may raise."""
        flight = Flight()
        try:
            async with asyncio.timeout(seconds):
                return await self._exchange(method, target, headers, body, fresh, before, flight)
        except TimeoutError:
            kind = "silent" if flight.connected else "dial"
            text = "does not answer" if flight.connected else "cannot be reached"
            raise Trouble(kind, text, flight.sent) from None

    async def _exchange(self, method, target, headers, body, fresh, before, flight):
        while True:
            line = None if fresh else self._take_kept()
            reused = line is not None
            line = line or await self._dial()
            flight.connected = True
            try:
                if before:
                    before()
                answer, keep = await self._talk(line, method, target, headers, body, flight)
            except (asyncio.IncompleteReadError, ConnectionError, OSError):
                line.drop()
                if reused and not flight.heard:
                    continue  # it was closed while it was idle
                raise Trouble("reset", "closes the connection without an answer", flight.sent) from None
            except (asyncio.LimitOverrunError, ValueError):
                line.drop()
                raise Trouble("large", "answers with what is no HTTP, or too large", flight.sent) from None
            except BaseException:
                line.drop()
                raise
            if self.dials:
                self.dials.answered(line.stamp)
            if keep and len(self.kept) < KEPT_MAX:
                self.kept.append(line)
            else:
                line.drop()
            return answer

    def _take_kept(self):
        while self.kept:
            line = self.kept.pop()
            if line.usable():
                return line
            line.drop()
        return None

    async def _talk(self, line, method, target, headers, body, flight):
        head = [f"{method} {target} HTTP/1.1", f"Host: {self.server.authority}", "Accept: application/json",
                f"Content-Length: {len(body)}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        flight.sent = True
        line.writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        await line.writer.drain()
        status, fields = await _read_head(line.reader)
        flight.heard = True
        text, whole = await _read_body(line.reader, status, fields)
        keep = whole and fields.get("connection", "").lower() != "close"
        return Answer(status, fields, text), keep

    async def _dial(self):
        stamp = await self.dials.take() if self.dials else None
        via = self.proxy or self.server
        straight_tls = self.context if self.server.tls and not self.proxy else None
        try:
            reader, writer = await asyncio.open_connection(
                via.host, via.port, ssl=straight_tls, limit=HEAD_MAX * 4,
                server_hostname=self.server.host if straight_tls else None)
        except ssl.SSLError as error:
            raise Trouble("tls", f"TLS failed: {_reason(error)}") from None
        except OSError as error:
            raise Trouble("proxy" if self.proxy else "dial",
                          f"{via.authority} cannot be reached: {error.strerror or 'no address'}") from None
        if self.proxy:
            await self._tunnel(reader, writer)
        if self.server.tls:
            _check_time(writer)
        return Line(reader, writer, stamp)

    async def _tunnel(self, reader, writer):
        """GP-26: CONNECT, then TLS end to end inside."""
        target, via = self.server.authority, self.proxy.authority
        head = f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n"
        if self.proxy.basic():
            head += f"Proxy-Authorization: {self.proxy.basic()}\r\n"
        try:
            writer.write(head.encode() + b"\r\n")
            await writer.drain()
            status, _ = await _read_head(reader)
            if not 200 <= status < 300:
                raise Trouble("proxy", f"the proxy {via} answers CONNECT with {status}")
            await writer.start_tls(self.context, server_hostname=self.server.host)
        except ssl.SSLError as error:
            writer.transport.abort()
            raise Trouble("tls", f"TLS failed through the proxy {via}: {_reason(error)}") from None
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            writer.transport.abort()
            raise Trouble("proxy", f"the proxy {via} makes no tunnel") from None
        except BaseException:
            writer.transport.abort()
            raise


def _check_time(writer):
    """A certificate's time by our own clock: OpenSSL has looked at the kernel's, and a clock page (GP-114)
    may tell another."""
    certificate = writer.get_extra_info("peercert") or {}
    for name, sign in (("notBefore", 1), ("notAfter", -1)):
        if name in certificate and (ssl.cert_time_to_seconds(certificate[name]) - wall()) * sign > 0:
            writer.transport.abort()
            raise Trouble("tls", "TLS failed: certificate is not yet valid, or has expired")


def _reason(error):
    return getattr(error, "verify_message", "") or getattr(error, "reason", "") or "no agreement"


async def _read_head(reader):
    while True:
        text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *rest = text.rstrip("\r\n").split("\r\n")
        version, status, *_ = first.split(" ", 2)
        if not version.startswith("HTTP/1.") or not status.isdigit():
            raise ValueError("no HTTP")
        if int(status) >= 200:
            break  # what is below is not yet the answer
    fields = {}
    for row in rest:
        name, _, value = row.partition(":")
        fields[name.strip().lower()] = value.strip()
    return int(status), fields


async def _read_body(reader, status, fields):
    """The body, and whether the connection can be used again."""
    if status in (204, 304):
        return b"", True
    if "chunked" in fields.get("transfer-encoding", "").lower():
        return await _read_chunks(reader), True
    if "content-length" in fields:
        length = int(fields["content-length"])
        if not 0 <= length <= BODY_MAX:
            raise ValueError("too large")
        return await reader.readexactly(length), True
    text = bytearray()
    while part := await reader.read(HEAD_MAX):
        text += part
        if len(text) > BODY_MAX:
            raise ValueError("too large")
    return bytes(text), False


async def _read_chunks(reader):
    text = bytearray()
    while True:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        if len(text) + size > BODY_MAX:
            raise ValueError("too large")
        if size == 0:
            while (await reader.readuntil(b"\r\n")) != b"\r\n":
                pass
            return bytes(text)
        text += await reader.readexactly(size)
        await reader.readexactly(2)
