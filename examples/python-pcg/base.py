"""Small things that every part needs: durations of section 16, back-off, rates, waiting, records that
survive a power cut, and lines on stderr that hold no secret."""

import asyncio
import collections
import itertools
import json
import os
import random
import sys
import time
from urllib.parse import quote

DEFAULTS = {  # section 16, in seconds
    "heartbeatSeconds": 60, "feedWaitSeconds": 30, "feedSlackSeconds": 10, "feedGapSeconds": 5,
    "rateSeconds": 10, "rateRequests": 100, "dialSeconds": 60, "pickupSeconds": 60,
    "callSeconds": 30, "maasCallSeconds": 60, "backoffBaseSeconds": 1, "backoffMaxSeconds": 60,
    "maasRetryBaseSeconds": 5, "maasRetryMaxSeconds": 300, "maasPollSeconds": 15,
    "reportMinSeconds": 10, "ownerLeaseSeconds": 600, "settleSeconds": 120, "deploySeconds": 5400,
    "agentWaitSeconds": 1800, "forcedKeepSeconds": 259200,
}


class Timing:
    """The durations that hold now (GP-34, GP-107): an attribute each."""

    def __init__(self):
        self.__dict__.update(DEFAULTS)

    def take(self, told):
        for name, value in (told or {}).items():
            if name in DEFAULTS and isinstance(value, (int, float)) and value >= 0:
                setattr(self, name, value)


def now():
    """Seconds on the monotonic clock (GP-91)."""
    return asyncio.get_running_loop().time()


def wall():
    """Seconds since 1970, for signatures and certificates only (GP-91)."""
    return getattr(asyncio.get_running_loop(), "wall", time.time)()


def segment(text):
    """One segment of a path."""
    return quote(str(text), safe="")


async def wait_for(event, seconds=None):
    """Waits for an event, at most so long."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass


class Backoff:
    """GP-89: the n-th pause is random between half and all of min(max, base * 2^n), n from 1."""

    def __init__(self, base, most):
        self.base, self.most, self.tries = base, most, 0

    def reset(self):
        self.tries = 0

    def pause(self, retry_after=0):
        self.tries = min(self.tries + 1, 30)
        whole = min(self.most(), self.base() * 2**self.tries)
        return max(random.uniform(whole / 2, whole), retry_after)


class Window:
    """Takes part in a span: at most so many in any span of so many seconds."""

    def __init__(self, span, most):
        self.span, self.most = span, most
        self.times = collections.deque()

    def full_for(self, share=1.0):
        """Seconds until there is room again; 0 when there is room now."""
        start = now() - self.span()
        while self.times and self.times[0] < start:
            self.times.popleft()
        most = max(1, int(self.most() * share))
        if len(self.times) < most:
            return 0
        return self.times[len(self.times) - most] - start + 0.001

    def take(self):
        self.times.append(now())


class Rate:
    """GP-29: requests to one server. Background work leaves a fifth of the room to the rest, and nine
    tenths are used at most, since what is counted is what arrives."""

    def __init__(self, timing):
        self.window = Window(lambda: timing.rateSeconds, lambda: timing.rateRequests)
        self.turn = {False: asyncio.Lock(), True: asyncio.Lock()}

    async def take(self, urgent):
        async with self.turn[urgent]:
            while (pause := self.window.full_for(0.9 if urgent else 0.7)) > 0:
                await asyncio.sleep(pause)
            self.window.take()


class Dials:
    """GP-29: connections to a Palette that does not answer. A try is forgotten once it was answered."""

    def __init__(self, timing):
        self.windows = (Window(lambda: timing.dialSeconds, lambda: 16),
                        Window(lambda: timing.dialSeconds * 60, lambda: 240))

    async def take(self):
        while (pause := max(window.full_for() for window in self.windows)) > 0:
            await asyncio.sleep(pause)
        for window in self.windows:
            window.take()
        return self.windows[0].times[-1]

    def answered(self, stamp):
        for window in self.windows:
            if stamp in window.times:
                window.times.remove(stamp)


class Log:
    """Lines on stderr. Known secrets are struck out, though no line should hold one (GP-103)."""

    def __init__(self):
        self.secrets, self.last = {}, {}

    def hide(self, topic, *secrets):
        """The newest secrets of a topic take the place of the ones before."""
        self.secrets[topic] = [text for text in secrets if text and len(text) >= 6]

    def say(self, text):
        for secret in itertools.chain(*self.secrets.values()):
            text = text.replace(secret, "[secret]")
        print(text[:1000], file=sys.stderr, flush=True)

    def change(self, topic, text):
        """Says it once, until something else is said of the topic; "" ends it."""
        if self.last.get(topic, "") != text:
            self.last[topic] = text
            self.say(f"{topic}: {text or 'well again'}")


class Store:
    """GP-8: records in the state directory, each durable when write() returns."""

    def __init__(self, folder):
        self.folder = folder

    def _path(self, name):
        return os.path.join(self.folder, name + ".json")

    def names(self):
        return sorted(name[:-5] for name in os.listdir(self.folder) if name.endswith(".json"))

    def read(self, name):
        try:
            with open(self._path(name), encoding="utf-8") as file:
                value = json.load(file)
        except (FileNotFoundError, ValueError):
            return None
        return value if isinstance(value, dict) else None

    def write(self, name, value):
        path = self._path(name)
        handle = os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(value, file)
            file.flush()
            os.fsync(file.fileno())
        os.rename(path + ".new", path)
        self._sync_folder()

    def remove(self, name):
        try:
            os.unlink(self._path(name))
        except FileNotFoundError:
            return
        self._sync_folder()

    def _sync_folder(self):
        handle = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
