#!/usr/bin/env python3
"""A Private Cloud Gateway between Palette and MAAS in Python's standard library, written from
docs/gateway-profile.md alone. This file starts it: launch contract, work list, queries, end."""

import os
import sys

from settings import Settings, SettingsError, contract_kept

if __name__ == "__main__" and not contract_kept(os.environ):
    sys.exit(89)  # GP-9: before anything else is loaded

import asyncio
import collections
import signal

import create
import delete
import stepped
from base import Log, Store, Timing, now, segment
from cluster import Cluster
from maas import Account, MaasError, Regions
from palette import NotNow, Palette, Refused

QUERIES = {  # GP-52: what MAAS is asked, and what the user gets of it
    "azs": ("zones/", ("name", "description")),
    "domains": ("domains/", ("name",)),
    "resourcePools": ("resourcepools/", ("name", "description")),
    "subnets": ("subnets/", ()),
    "tags": ("tags/", ()),
}


def item_of(kind, row):
    """One row of MAAS in the public model."""
    if kind == "subnets":
        vlan = row.get("vlan") or {}
        return {"id": row.get("id"), "name": row.get("name"), "space": row.get("space") or "",
                "vlans": {"id": vlan.get("id"), "name": vlan.get("name"), "fabric": vlan.get("fabric")}}
    if kind == "tags":
        names = {"name": "name", "comment": "comment", "definition": "definition", "kernelOpts": "kernel_opts",
                 "resourceUri": "resource_uri"}
        return {ours: row.get(theirs) or "" for ours, theirs in names.items()}
    return {name: row.get(name) or "" for name in QUERIES[kind][1]}


def sound(item):
    """Whether an item has what everything hangs on; any other is left alone (GP-3)."""
    return (isinstance(item, dict) and isinstance(item.get("uid"), str) and item["uid"] != ""
            and isinstance(item.get("epoch"), int) and isinstance(item.get("revision"), int))


class Gateway:
    def __init__(self, settings):
        self.settings, self.timing, self.log = settings, Timing(), Log()
        self.store = Store(settings.state_dir)
        self.log.hide("start", *settings.secret("maas-key").split(":"), *settings.passwords)
        self.palette = Palette(settings, self.timing, self.store, self.log)
        self.regions = Regions(settings, self.timing)
        self.accounts, self.clusters, self.late = {}, {}, {}
        self.answered, self.answering = collections.deque(maxlen=256), {}
        self.stopping, self.listed_once = False, False

    # the work list

    def take_list(self, said, sent):
        """The complete list (GP-40). `sent`: when it was asked for (GP-48)."""
        self.take_accounts(said.get("accounts") or [])
        wanted = {}
        for item in said.get("clusters") or []:
            if sound(item) and item.get("owner") == "gateway" and item.get("desired") in ("present", "absent"):
                wanted[item["uid"]] = item
        for uid in wanted:
            if uid not in self.clusters:
                self.clusters[uid] = Cluster(self, uid, not self.listed_once)
        self.listed_once = True
        for uid, cluster in list(self.clusters.items()):
            cluster.take(wanted.get(uid), sent)
            gone = uid not in wanted and cluster.task is None
            if gone and now() - cluster.gone_at > self.timing.forcedKeepSeconds:
                self.store.remove(cluster.name)
                del self.clusters[uid]
        for query in said.get("queries") or []:
            self.take_query(query)

    def take_sign(self, sent):
        """204: the list is as it was (GP-48)."""
        for cluster in self.clusters.values():
            if cluster.item is not None:
                cluster.lease_sent = sent

    def take_accounts(self, told):
        told = {one["uid"]: one for one in told if isinstance(one, dict) and isinstance(one.get("uid"), str)}
        self.accounts = {uid: account for uid, account in self.accounts.items() if account.told == told.get(uid)}
        for uid, one in told.items():
            if uid not in self.accounts:
                try:
                    self.accounts[uid] = Account(self.regions, one, self.log)
                except MaasError as error:
                    self.log.change(f"account {uid}", str(error))

    def account(self, uid):
        if uid not in self.accounts:
            raise MaasError("MaasError", f"the list holds no account {uid}")
        return self.accounts[uid]

    async def work(self, cluster, item):
        """One turn of one cluster."""
        account = self.account(item.get("accountUid"))
        for system_id in cluster.record["releasing"] if cluster.claimed is None else []:
            self.unsettle(item["accountUid"], system_id)  # how that ended was not written down
        table = create if item["desired"] == "present" else delete
        return await table.turn(cluster, item, account)

    # releases of unknown outcome (GP-97)

    def unsettle(self, account_uid, system_id):
        self.late[account_uid, system_id] = now() + self.timing.settleSeconds

    def unsettled(self, account_uid):
        self.late = {key: until for key, until in self.late.items() if until > now()}
        return {system_id for account, system_id in self.late if account == account_uid}

    # queries (GP-51, GP-52)

    def take_query(self, query):
        known = query.get("id") if isinstance(query, dict) else None
        if isinstance(known, str) and known not in self.answering and known not in self.answered:
            self.answering[known] = asyncio.create_task(self.answer(query, now()))

    async def answer(self, query, since):
        until = since + float(query.get("deadlineSeconds") or 20)
        backoff = self.palette.backoff()
        try:
            body = await self.ask(query, (until - now()) * 0.8)
            while now() < until:
                try:
                    path = f"/v1/x-gp/pcg/{self.settings.uid}/queries/{segment(query['id'])}"
                    await self.palette.call("POST", path, body)
                    break
                except NotNow as late:
                    await asyncio.sleep(min(backoff.pause(late.retry_after), max(0, until - now())))
            self.answered.append(query["id"])
        except Refused as no:
            self.log.say(f"query {query['id']}: {no}")
        finally:
            del self.answering[query["id"]]

    async def ask(self, query, seconds):
        """The answer to one query, read from MAAS now."""
        kind = query.get("kind")
        try:
            if kind != "validate" and kind not in QUERIES:
                return {"ok": False, "code": "Unsupported", "message": "this gateway does not know that question"}
            told = query.get("account")
            account = Account(self.regions, told, self.log) if told else self.account(query.get("accountUid"))
            how = {"seconds": min(seconds, self.timing.maasCallSeconds), "urgent": True}
            if kind == "validate":
                await account.read("users/?op=whoami", **how)
                return {"ok": True, "items": []}
            rows = await account.rows(QUERIES[kind][0], **how)
            return {"ok": True, "items": [item_of(kind, row) for row in rows]}
        except MaasError as error:
            return {"ok": False, "code": error.code, "message": str(error)}
        except (AttributeError, TypeError, KeyError):
            return {"ok": False, "code": "MaasError", "message": "MAAS answers with what is no list"}

    # life

    async def run(self):
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: asyncio.ensure_future(self.stop()))
        self.palette.identity()
        for name in self.store.names():
            stored = self.store.read(name)
            if name.startswith("cluster-") and stored and stored.get("uid"):
                self.clusters[stored["uid"]] = Cluster(self, stored["uid"], False)
        async with asyncio.TaskGroup() as group:
            for work in (self.palette.keep_token(), self.palette.keep_beating(), self.palette.keep_account(),
                         self.palette.keep_feed(self)):
                group.create_task(work)

    async def stop(self):
        """GP-12: nothing new begins; a change under way has a little time to be answered. Every record is
        durable already."""
        self.stopping = True
        until = now() + 5
        while self.regions.changes() and now() < until:
            await asyncio.sleep(0.05)
        self.log.say("stopped")
        os._exit(0)


def main():
    os.umask(0o077)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # until the loop runs there is nothing to end
    try:
        gateway = Gateway(Settings(os.environ))
    except (SettingsError, OSError, ValueError) as error:
        why = error if isinstance(error, SettingsError) else "the configuration cannot be used"
        print(f"python-pcg: {why}", file=sys.stderr)
        return 2
    if os.environ.get("GP_CLOCK_FD"):
        gateway.log.say("time is not real: it is read from a clock page")
    with asyncio.Runner(loop_factory=stepped.new_loop) as runner:
        runner.run(gateway.run())
    return 1  # it does not end by itself


if __name__ == "__main__":
    sys.exit(main())
