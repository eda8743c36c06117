"""Reports about one cluster (profile, section 9): what Palette should know, told when it changes, and
never in the way of work on MAAS."""

import asyncio

from base import now, segment, wait_for
from palette import NotNow, Refused

STATES = {"Allocated": "Pending", "Deploying": "Provisioning", "Deployed": "Provisioned",
          "Releasing": "Deleting", "Disk erasing": "Deleting", "Failed deployment": "Failed",
          "Releasing failed": "Failed", "Failed disk erasing": "Failed"}

FAILURES = ("Failed", "Missing", "Vanished", "Forbidden", "Unknown", "Constraint")  # an event goes with them


def machines_path(item, pool):
    return f"/v1/cloudconfigs/maas/{segment(item.get('configUid'))}/machinePools/{segment(pool)}/machines"


def machine_body(machine):
    addresses = [text for text in machine.get("ip_addresses") or [] if text]
    return {"metadata": {"name": machine["system_id"]},
            "spec": {"hostname": machine.get("hostname") or "", "az": (machine.get("zone") or {}).get("name") or "",
                     "nics": [{"privateIPs": addresses}]},
            "status": {"instanceState": STATES.get(machine.get("status_name"), "Unknown")}}


class Reports:
    """`item()` gives the newest item of the cluster, or None when nothing may be said about it;
    `records` maps a system id to its record, where Palette's uid of the machine is kept."""

    def __init__(self, palette, log, item, records, keep):
        self.palette, self.log, self.item, self.records, self.keep = palette, log, item, records, keep
        self.want, self.told, self.tried = {}, {}, set()
        self.due, self.backoffs, self.refused = {}, {}, {}
        self.news, self.rested = asyncio.Event(), asyncio.Event()
        self.task = None

    # what to say

    def condition(self, kind, status, reason="", message=""):
        self._set(("condition", kind), {"type": kind, "status": status, "reason": reason,
                                        "message": message.encode()[:1000].decode("utf-8", "ignore")})
        if status == "False" and reason.endswith(FAILURES):
            self.event(kind, reason, message)

    def event(self, kind, reason, message):
        item = self.item()
        if item:
            self._set(("event", kind), {
                "reason": reason, "message": message[:1000], "severity": "Warning",
                "source": {"component": "gateway", "host": ""},
                "relatedObject": {"kind": "spectrocluster", "uid": item["uid"], "name": item.get("name") or ""}})

    def endpoint(self, host, port):
        self._set(("endpoint",), [{"host": host, "port": port}])

    def machine(self, pool, machine):
        """The record of a machine (C5); told() says when Palette has it."""
        self._set(("machine", pool, machine["system_id"]), machine_body(machine))

    def forget(self, system_id):
        for key in [key for key in self.want if key[0] == "machine" and key[2] == system_id]:
            del self.want[key]

    def repeat_machines(self):
        """Palette says that a record is missing: they are all told again."""
        for key in [key for key in self.told if key[0] == "machine"]:
            del self.told[key]
            self.records.get(key[2], {}).pop("uid", None)
        self.news.set()

    def all_told(self, kind):
        return all(self.told.get(key) == value for key, value in self.want.items() if key[0] == kind)

    def _set(self, key, value):
        if self.want.get(key) != value:
            self.want[key] = value
            self.rested.clear()
            self.news.set()

    # saying it

    def start(self):
        if self.task is None:
            self.task = asyncio.create_task(self._run())
            self.news.set()

    async def stop(self):
        """No report is under way when this returns."""
        if self.task:
            self.task.cancel()
            await asyncio.wait([self.task])
            self.task = None

    async def settle(self, seconds):
        """Gives what is due now one try each."""
        if self.task:
            await wait_for(self.rested, seconds)

    async def _run(self):
        while True:
            self.news.clear()
            keys = [key for key in self.want if self.told.get(key) != self.want[key]]
            ready = [key for key in keys if self.due.get(key, 0) <= now() and self._allowed(key)]
            if ready:
                await self._tell(ready[0], self.want[ready[0]])
                continue
            self.rested.set()
            later = [self.due[key] - now() for key in keys if key in self.due and self._allowed(key)]
            await wait_for(self.news, max(0, min(later)) if later else None)

    def _allowed(self, key):
        """GP-88: what was refused is not repeated before the item's next revision."""
        item = self.item()
        return item is not None and self.refused.get(key) != (item["epoch"], item["revision"])

    async def _tell(self, key, value):
        item = self.item()
        backoff = self.backoffs.setdefault(key, self.palette.backoff())
        try:
            await self._call(key, value, item)
        except NotNow as late:
            self.due[key] = now() + backoff.pause(late.retry_after)
            return
        except Refused as no:
            self.refused[key] = (item["epoch"], item["revision"])
            self.log.change(f"report {key[0]} of {item['uid']}", f"refused ({no})")
            return
        backoff.reset()
        self.told[key] = value
        if key[0] != "machine":
            self.due[key] = now() + self.palette.timing.reportMinSeconds

    async def _call(self, key, value, item):
        call, about = self.palette.call, f"/v1/spectroclusters/{segment(item['uid'])}/status"
        if key[0] == "condition":
            await call("PATCH", f"{about}/conditions", [value], item)
        elif key[0] == "endpoint":
            await call("PUT", f"{about}/endpoints", value, item)
        elif key[0] == "event":
            await call("POST", "/v1/events/components", value, item)
        else:
            await self._call_machine(key, value, item)

    async def _call_machine(self, key, value, item):
        path = machines_path(item, key[1])
        record = self.records.get(key[2])
        if record is None:
            return
        if record.get("uid"):
            await self.palette.call("PUT", f"{path}/{segment(record['uid'])}", value, item)
        else:
            _, said = await self.palette.call("POST", path, value, item)
            record["uid"] = str(said.get("uid", ""))
            self.keep()
