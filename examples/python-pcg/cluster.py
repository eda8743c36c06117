"""One cluster (profile, section 8): what is recorded about it, whether it may be worked on now, and the
parts that making and deleting it have in common. create.py and delete.py are its two tables."""

import asyncio
import traceback

import maas
from base import Backoff, now, segment, wait_for
from maas import MaasError, annotations
from palette import NotNow, Refused
from reports import Reports, machines_path

GOING = ("Releasing", "Disk erasing")


class Changed(Exception):
    """The item is another now, or must not be worked on: look again what is wanted."""


class Stuck(Exception):
    """A condition of section 9: its type, its reason, and what is missing."""

    def __init__(self, kind, reason, text, retry_after=0):
        super().__init__(text)
        self.kind, self.reason, self.retry_after = kind, reason, retry_after


def blank(uid):
    """The record of a cluster of which nothing is known. `intent`: an allocate that was sent and not yet
    answered; `offer`: the one of C10; `user`: whose key took the machines; `machines` by system id."""
    return {"uid": uid, "epoch": 0, "revision": 0, "claim": 0, "machines": {}, "bad": [], "releasing": [],
            "intent": None, "offer": None, "user": ""}


class Cluster:
    def __init__(self, gateway, uid, after_start):
        self.gateway, self.uid, self.log = gateway, uid, gateway.log
        self.path = f"/v1/x-gp/clusters/{segment(uid)}"
        self.name = "cluster-" + segment(uid)
        stored = gateway.store.read(self.name)
        self.record = blank(uid) | (stored or {})
        self.lost = stored is None and after_start  # the records may have been lost (GP-57, C9)
        self.item, self.dropped, self.claimed, self.task = None, None, None, None
        self.news = asyncio.Event()
        self.lease_sent = self.claim_sent = float("-inf")
        self.quiet_after = now() + gateway.timing.settleSeconds if self.record["intent"] else 0
        self.since, self.missing, self.tries = {}, {}, {}
        self.stage = "MachinesAllocated"
        self.gone_at = now()
        self.reports = None

    def keep(self):
        self.gateway.store.write(self.name, self.record)

    @property
    def timing(self):
        return self.gateway.timing

    # what the feed says

    def take(self, item, sent):
        """The cluster in the newest list, or None (GP-44, GP-46)."""
        if item is not None:
            pair = (item["epoch"], item["revision"])
            if pair < (self.record["epoch"], self.record["revision"]) or pair == self.dropped:
                return  # stale, or refused at this pair
            self.lease_sent, self.dropped = sent, None
            self.record["epoch"], self.record["revision"] = pair
        elif self.item is not None:
            self.gone_at = now()
        if item != self.item:
            self.item = item
            self.tries.clear()
            self.news.set()
        if item is not None and self.task is None:
            self.task = asyncio.create_task(self._run())

    def drop(self):
        """Palette says that it is not ours: nothing until a higher pair is listed."""
        if self.item is not None:
            self.dropped = (self.item["epoch"], self.item["revision"])
        self.item, self.claimed = None, None

    def guard(self, item):
        """What is asked just before each MAAS change (GP-14, GP-48, GP-54)."""
        def check():
            if self.item is not item or self.gateway.stopping or not self.gateway.palette.trusted:
                raise Changed
            if now() - self.lease_sent > self.timing.ownerLeaseSeconds:
                raise Changed
            assert self.claimed == (item["epoch"], item["desired"]) and not self.record["offer"]
        return check

    # turns

    async def _run(self):
        while self.item is not None:
            self.reports = Reports(self.gateway.palette, self.log, lambda: self.item,
                                   self.record["machines"], self.keep)
            while self.item is not None:
                self.news.clear()
                self.reports.start()
                pause = await self._turn(self.item)
                if self.item is not None and not self.news.is_set():
                    await wait_for(self.news, pause)
            await self.reports.stop()
        self.task = None

    async def _turn(self, item):
        """One look and what follows from it. Seconds until the next, or None: until the item changes."""
        try:
            if not item.get("marker") or len(item["marker"]) < 8:
                raise Stuck("MachinesAllocated", "UnsupportedItem", "the item has no marker")
            pause = await self.gateway.work(self, item)
            self.tries.pop("turn", None)
            return pause
        except Changed:
            return min(1, self.timing.maasPollSeconds)
        except (MaasError, Stuck) as error:
            return self.say_stuck("turn", self.stage, error)
        except NotNow as late:
            return self.later("turn", self.gateway.palette.backoff, late.retry_after)
        except Refused as no:
            self.log.say(f"cluster {self.uid}: Palette refuses ({no})")
            if no.status in (403, 404) or no.code == "StaleEpoch":
                self.drop()
            return None
        except Exception as bug:  # one item must not stop the others (GP-3, GP-49)
            where = traceback.extract_tb(bug.__traceback__)[-1]
            self.log.say(f"cluster {self.uid}: {type(bug).__name__} at {where.filename}:{where.lineno}")
            return self.later("turn", self.maas_backoff)

    # back-off of a step or an object

    def maas_backoff(self):
        return Backoff(lambda: self.timing.maasRetryBaseSeconds, lambda: self.timing.maasRetryMaxSeconds)

    def later(self, key, kind, least=0):
        backoff = self.tries.setdefault(key, [kind(), 0])
        pause = backoff[0].pause(least)
        backoff[1] = now() + pause
        return pause

    def ready(self, key):
        return key not in self.tries or self.tries[key][1] <= now()

    def next_look(self):
        """Seconds until the next look: the usual, or sooner when a back-off ends sooner."""
        ends = [due - now() for _, due in self.tries.values() if due > now()]
        return min([self.timing.maasPollSeconds, *ends])

    def say_stuck(self, key, kind, error):
        """Reports why a step does not go on, and when it may be tried again."""
        if isinstance(error, Stuck):
            kind, reason = error.kind, error.reason
        else:
            reason = {"Timeout": "MaasUnreachable", "MaasForbidden": "MaasError"}.get(error.code, error.code)
        if self.reports:
            self.reports.condition(kind, "False", reason, str(error))
        self.log.change(f"cluster {self.uid} {kind}", f"{reason}: {error}")
        return self.later(key, self.maas_backoff, error.retry_after)

    async def attempt(self, key, kind, step, *args):
        """One step with a back-off of its own: its failure does not hold up the others."""
        if not self.ready(key):
            return False
        try:
            await step(*args)
        except (MaasError, Stuck) as error:
            self.say_stuck(key, kind, error)
            return False
        except NotNow as late:
            self.later(key, self.gateway.palette.backoff, late.retry_after)
            return False
        self.tries.pop(key, None)
        return True

    # claim and look

    async def claim(self, item):
        """C1, D1 (GP-54)."""
        wanted = (item["epoch"], item["desired"])
        if self.claimed == wanted:
            return
        self.claim_sent = now()
        _, said = await self.gateway.palette.call("PUT", f"{self.path}/claim",
                                                  {"epoch": item["epoch"], "revision": item["revision"]}, item)
        self.record |= {"claim": said.get("claim", 0), "marker": item["marker"], "offer": None}
        self.keep()
        self.claimed = wanted

    def holds(self, machine):
        """GP-56, for a machine that a record names."""
        return bool(machine.get("owner")) and annotations(machine).get("gateproof.cluster") == self.uid

    async def look(self, item, account, more=()):
        """C2, D2: (held machines by system id, {system id: outcome} of the recorded ones that are not)."""
        user = await account.whoami()
        listed = await account.rows("machines/", ("agent_name", item["marker"]))
        held = {one["system_id"]: one for one in listed if one.get("system_id")
                if not user.get("is_superuser") or one.get("owner") == user.get("username") or self.holds(one)}
        if self.lost:
            mine = await account.rows("machines/", ("owner", user.get("username", "")))
            held |= {one["system_id"]: one for one in mine if self.holds(one)}
        outcomes = {}
        for system_id in sorted({*self.record["machines"], *more} - set(held)):
            machine, outcome = await self._read(account, system_id)
            if outcome == "held":
                held[system_id] = machine
            else:
                outcomes[system_id] = outcome
        return held, outcomes

    async def _read(self, account, system_id):
        try:
            machine = await account.read(f"machines/{segment(system_id)}/")
        except MaasError as error:
            if error.status in (403, 404):
                return None, "absent" if error.status == 404 else "foreign"
            raise
        if self.holds(machine):
            return machine, "held"
        free = machine.get("status_name") in ("Ready", "New") and not machine.get("owner")
        return machine, "ready" if free else "foreign"

    # steps on machines

    async def annotate(self, item, account, machine):
        """C4 (GP-96), unless the marks are there."""
        system_id = machine["system_id"]
        mine = self.record["machines"].get(system_id, {})
        marks = {"gateproof.pcg": self.gateway.settings.uid, "gateproof.cluster": self.uid,
                 "gateproof.pool": mine.get("pool", ""), "gateproof.role": mine.get("role", "")}
        marks = {name: value for name, value in marks.items() if value}
        if marks.items() <= annotations(machine).items():
            return
        path = f"machines/{system_id}/?op="
        try:
            await account.change("POST", path + "set_workload_annotations", marks.items(), self.guard(item))
        except MaasError as error:
            if error.status != 400:
                raise
            await account.change("POST", path + "set_owner_data", marks.items(), self.guard(item))  # MAAS 2.9

    async def release(self, item, account, machine, named=True):
        """D4: the address first (GP-98), unless the name is gone; then the marks, then the machine."""
        system_id = machine["system_id"]
        if machine.get("status_name") in GOING:
            return
        if named and self.record["machines"].get(system_id, {}).get("cp"):
            await self.unname(item, account, machine.get("ip_addresses") or [])
        try:
            await self.annotate(item, account, machine)
        except MaasError:
            pass  # a refusal does not hold up the release
        if system_id not in self.record["releasing"]:
            self.record["releasing"].append(system_id)
            self.keep()
        try:
            await account.change("POST", f"machines/{system_id}/?op=release",
                                 [("comment", f"Palette cluster {self.uid}")], self.guard(item))
        except MaasError as error:
            if error.unknown:
                self.gateway.unsettle(item["accountUid"], system_id)
            reason = "ReleaseForbidden" if error.status == 403 and self.other_user(account) else "ReleaseFailed"
            raise Stuck("MachinesReleased", reason, f"{system_id}: {error}", error.retry_after) from None

    def other_user(self, account):
        """Whether the machines were allocated with another user's key (GP-71)."""
        user = (account.user or {}).get("username")
        return bool(self.record["user"] and user and self.record["user"] != user)

    async def drop_record(self, item, system_id):
        """D6: Palette's record of a machine that is not held any more."""
        mine = self.record["machines"][system_id]
        self.reports.forget(system_id)
        if not mine["uid"]:
            return
        try:
            path = f"{machines_path(item, mine['pool'])}/{segment(mine['uid'])}"
            await self.gateway.palette.call("DELETE", path, None, item)
        except Refused as no:
            if no.status != 404:
                raise
        mine["uid"] = ""
        self.keep()

    # the name (GP-98)

    async def read_name(self, item, account):
        """(id, addresses) of the cluster's record, or (None, [])."""
        host = item["endpoint"]["host"]
        try:
            rows = await account.rows("dnsresources/", ("fqdn", host))
        except MaasError as error:
            if error.status == 404:
                raise Stuck("EndpointReady", "DomainUnknown", f"MAAS knows no domain for {host}") from None
            raise
        for row in rows:
            if str(row.get("fqdn", "")).lower() == host.lower():
                return row["id"], [one["ip"] for one in row.get("ip_addresses") or [] if one and one.get("ip")]
        return None, []

    async def write_name(self, item, account, row_id, addresses):
        """Makes the record hold exactly these addresses; none: the record goes."""
        host, text = item["endpoint"]["host"], " ".join(addresses)
        if row_id is None and not addresses:
            return
        method, path = ("POST", "dnsresources/") if row_id is None else ("PUT", f"dnsresources/{row_id}/")
        form = [("fqdn", host), ("ip_addresses", text), ("address_ttl", "10")]
        if not addresses:
            method, form = "DELETE", []
        elif row_id is not None:
            form = form[1:]
        try:
            await account.change(method, path, form, self.guard(item))
        except MaasError as error:
            if error.status == 403:
                raise Stuck("EndpointReady", "DnsForbidden", f"the account's key may not write {host}") from None
            if error.status != 404 or method != "DELETE":
                raise

    async def unname(self, item, account, addresses):
        """Takes addresses out of the record, and the record away with the last one."""
        if not (item.get("endpoint") or {}).get("managed"):
            return
        row_id, there = await self.read_name(item, account)
        rest = [text for text in there if text not in addresses]
        if rest != there:
            await self.write_name(item, account, row_id, rest)

    def forget(self, epoch, revision):
        """The cluster is not ours any more: only the pair is kept, and who took the machines (GP-46)."""
        self.record = blank(self.uid) | {"epoch": epoch, "revision": revision, "user": self.record["user"]}
        self.keep()
        self.item, self.claimed, self.lost = None, None, False
        self.since.clear()


def pool_name(pool):
    return str((pool.get("poolConfig") or {}).get("name") or "")


def fits(machine, pool, archs):
    return maas.misfit(machine, maas.constraints(pool, archs)) == ""
