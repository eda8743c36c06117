"""Making a cluster: table C of the profile's section 8.1, and the hand-over of 8.2. Each turn looks at
MAAS first; so a repeat, a restart and a lost answer are all the same case."""

import maas
import userdata
from base import now
from cluster import Changed, Stuck, fits, pool_name
from maas import MaasError, annotations
from palette import Refused


async def turn(cluster, item, account):
    """One turn. Seconds until the next one."""
    if cluster.record["offer"]:
        return await offer(cluster, item)
    return await Making(cluster, item, account).turn()


class Making:
    def __init__(self, cluster, item, account):
        self.cluster, self.item, self.account, self.record = cluster, item, account, cluster.record
        self.timing, self.reports = cluster.timing, cluster.reports
        self.pools = [pool for pool in item.get("machinepoolconfig") or [] if pool_name(pool)]
        control = [pool for pool in self.pools if pool["poolConfig"].get("isControlPlane")]
        self.control = {pool_name(pool) for pool in control or self.pools[:1]}
        self.held, self.archs, self.named = {}, set(), False

    async def turn(self):
        cluster = self.cluster
        cluster.stage = "MachinesAllocated"
        if not self.pools:
            raise Stuck("MachinesAllocated", "UnsupportedItem", "the item has no machine pool")
        await cluster.claim(self.item)
        looked = now()
        self.held, outcomes = await cluster.look(self.item, self.account)
        self.adopt()
        if self.record["intent"] and looked >= cluster.quiet_after:
            self.record["intent"] = None  # it is settled: that allocate has taken nothing
            cluster.keep()
        await self.clear(outcomes)
        self.judge()
        for system_id, machine in list(self.held.items()):
            if self.record["machines"][system_id]["drop"]:
                await cluster.attempt(("release", system_id), "MachinesReleased",
                                      cluster.release, self.item, self.account, machine)
            else:
                await cluster.attempt(("deploy", system_id), "MachinesDeployed", self.advance, machine)
        await self.fill()
        await cluster.attempt("name", "EndpointReady", self.name)
        return await self.finish()

    # what there is

    def adopt(self):
        """Every held machine gets a record: by its marks, as the answer of an open intent, for a place
        that is free, or to be given back."""
        before = dict(self.record["machines"])
        for system_id, machine in self.held.items():
            if system_id in self.record["machines"]:
                continue
            marks = annotations(machine)
            mine = {"pool": marks.get("gateproof.pool", ""), "role": marks.get("gateproof.role", ""),
                    "deploy": machine.get("status_name") != "Allocated", "uid": "", "drop": ""}
            if not (mine["pool"] and mine["role"]):
                place = self.record["intent"] or (self.free_place(machine) if not mine["deploy"] else None)
                mine |= place or {"pool": pool_name(self.pools[0]), "role": "join", "drop": "surplus"}
                self.record["intent"] = None
            mine["cp"] = mine["pool"] in self.control
            self.record["machines"][system_id] = mine
        if before != self.record["machines"]:
            self.record["user"] = self.record["user"] or (self.account.user or {}).get("username", "")
            self.cluster.keep()

    def free_place(self, machine):
        for pool, role in self.places():
            if fits(machine, pool, self.archs):
                return {"pool": pool_name(pool), "role": role}
        return None

    def kept(self, pool=None):
        """System ids of held machines that are wanted."""
        mine = {one: self.record["machines"][one] for one in self.held if one in self.record["machines"]}
        return [one for one, told in mine.items() if not told["drop"] and pool in (None, told["pool"])]

    def places(self):
        """(pool, role) of the machines that are missing. Exactly one is init, and a new one only when the
        former is not held any more (GP-59)."""
        inits = [one for one in self.held if self.record["machines"].get(one, {}).get("role") == "init"]
        living = [one for one in inits if not self.record["machines"][one]["drop"]]
        for pool in sorted(self.pools, key=lambda one: pool_name(one) not in self.control):
            missing = int(pool["poolConfig"].get("size") or 0) - len(self.kept(pool_name(pool)))
            for _ in range(missing):
                if pool_name(pool) in self.control and not living:
                    living = ["soon"]
                    if not inits:
                        yield pool, "init"
                    continue
                yield pool, "join"

    async def clear(self, outcomes):
        """Machines that are not held any more: given back, vanished, or Ready again (GP-61)."""
        cluster = self.cluster
        for system_id in outcomes:
            mine = self.record["machines"][system_id]
            cluster.missing[system_id] = cluster.missing.get(system_id, 0) + 1
            if not mine["drop"] and cluster.missing[system_id] < 2:
                continue  # one read may be an old one
            if not mine["drop"]:
                self.reports.condition("MachinesDeployed", "False", "MachineVanished",
                                       f"{system_id} is not ours any more")
                mine["drop"] = "vanished"
            if await cluster.attempt(("record", system_id), "MachinesDeployed",
                                     cluster.drop_record, self.item, system_id):
                self.forget(system_id)
        for system_id in self.held:
            cluster.missing.pop(system_id, None)

    def forget(self, system_id):
        del self.record["machines"][system_id]
        if system_id in self.record["releasing"]:
            self.record["releasing"].remove(system_id)
        self.cluster.keep()

    def judge(self):
        """Marks the machines that are to be given back: failed, too slow, or more than is wanted."""
        for system_id in self.kept():
            fault = self.fault(system_id, self.held[system_id])
            if fault:
                self.give_up(system_id, fault)
        names = {pool_name(pool): int(pool["poolConfig"].get("size") or 0) for pool in self.pools}
        for pool in sorted({self.record["machines"][one]["pool"] for one in self.kept()}):
            mine = self.kept(pool)
            mine.sort(key=self.worth)
            for system_id in mine[names.get(pool, 0):]:
                self.record["machines"][system_id]["drop"] = "surplus"
                self.cluster.keep()

    def worth(self, system_id):
        """Which machine of a pool stays: the first one, then those that are further."""
        mine = self.record["machines"][system_id]
        return mine["role"] != "init", not mine["deploy"]

    def give_up(self, system_id, why):
        self.record["machines"][system_id]["drop"] = "failed"
        if system_id not in self.record["bad"]:
            self.record["bad"] = (self.record["bad"] + [system_id])[-100:]
        self.cluster.keep()
        self.cluster.later(("replace", self.record["machines"][system_id]["pool"]), self.cluster.maas_backoff)
        self.reports.condition("MachinesDeployed", "False", "DeployFailed", f"{system_id}: {why}")

    def fault(self, system_id, machine):
        status, since = machine.get("status_name"), self.cluster.since
        if status == "Failed deployment":
            return "the deployment failed"
        if status == "Deployed" or (status == "Allocated" and not self.record["machines"][system_id]["deploy"]):
            since.pop(system_id, None)
            return ""
        if now() - since.setdefault(system_id, now()) > self.timing.deploySeconds:
            return f"still {status} after {self.timing.deploySeconds:g} s"
        return ""

    # C4 to C6

    async def advance(self, machine):
        """What is next for a machine that is wanted."""
        system_id, mine = machine["system_id"], self.record["machines"][machine["system_id"]]
        if machine.get("status_name") == "Allocated":
            if not self.archs:
                await self.image()
            pool = next(one for one in self.pools if pool_name(one) == mine["pool"])
            wrong = maas.misfit(machine, maas.constraints(pool, self.archs))
            if wrong:
                self.give_up(system_id, f"not what was asked for: {wrong}")
                return
        await self.cluster.annotate(self.item, self.account, machine)
        self.reports.machine(mine["pool"], machine)
        if machine.get("status_name") == "Allocated":
            await self.reports.settle(self.timing.callSeconds)  # C5 comes first, but does not hold up (GP-76)
            await self.deploy(system_id, mine, machine)

    async def deploy(self, system_id, mine, machine):
        if not (self.item.get("agent") or {}).get("joinToken"):
            raise Stuck("MachinesDeployed", "UnsupportedItem", "the item has no join token")
        mine["deploy"] = True
        self.cluster.keep()
        self.cluster.since.setdefault(system_id, now())
        data = userdata.render(self.cluster.gateway.settings, self.item, system_id, mine["pool"], mine["role"],
                               self.account.host, maas.subnets(machine))
        form = [("distro_series", self.item["image"]), ("user_data", data), ("agent_name", self.item["marker"])]
        try:
            answer = await self.account.change("POST", f"machines/{system_id}/?op=deploy", form,
                                               self.cluster.guard(self.item))
        except MaasError as error:
            if error.status == 400:
                self.give_up(system_id, str(error))
                return
            if error.status == 409 and not error.retry_after:
                return  # it is in another state: the next look shows it
            raise
        if answer and not annotations(answer):
            await self.cluster.annotate(self.item, self.account, answer)
        self.reports.machine(mine["pool"], answer or machine)
        self.reports.condition("MachinesDeployed", "False", "Deploying", f"{system_id} is being deployed")

    # C3

    async def fill(self):
        for pool, role in list(self.places()):
            if self.record["intent"] or not self.cluster.ready(("replace", pool_name(pool))):
                continue
            if await self.cluster.attempt(("allocate", pool_name(pool)), "MachinesAllocated",
                                          self.allocate, pool, role):
                self.reports.condition("MachinesAllocated", "True")

    async def allocate(self, pool, role):
        await self.image()
        await self.can_be_named()
        pairs = maas.constraints(pool, self.archs)
        pairs += await self.choice(pairs)
        self.record["intent"] = {"pool": pool_name(pool), "role": role}
        self.record["user"] = (self.account.user or {}).get("username", "")
        self.cluster.keep()
        sent = now()
        form = [("agent_name", self.item["marker"]), ("comment", f"Palette cluster {self.cluster.uid}"), *pairs]
        try:
            machine = await self.account.change("POST", "machines/?op=allocate", form,
                                                self.cluster.guard(self.item))
        except Changed:
            self.settled()
            raise
        except MaasError as error:
            if error.unknown:
                self.cluster.quiet_after = sent + self.timing.settleSeconds
                raise
            self.settled()
            if error.status == 409 and not error.retry_after:
                raise Stuck("MachinesAllocated", "NoMachineAvailable",
                            f"no machine for pool {pool_name(pool)}") from None
            if error.status == 400:
                raise Stuck("MachinesAllocated", "BadConstraint", f"pool {pool_name(pool)}: {error}") from None
            raise
        if not machine.get("system_id"):
            self.cluster.quiet_after = sent + self.timing.settleSeconds
            raise MaasError("MaasError", "MAAS answers allocate with no machine", unknown=True)
        system_id = machine["system_id"]
        self.record["machines"][system_id] = {"pool": pool_name(pool), "role": role, "deploy": False, "uid": "",
                                              "drop": "", "cp": pool_name(pool) in self.control}
        self.settled()
        self.held[system_id] = machine
        await self.cluster.attempt(("deploy", system_id), "MachinesDeployed", self.advance, machine)

    def settled(self):
        self.record["intent"] = None
        self.cluster.keep()

    async def choice(self, pairs):
        """A system_id to ask for, when machines stand in the list that are better not taken: those that
        failed for this cluster (GP-61), and those whose release may still come late (GP-97)."""
        late = self.cluster.gateway.unsettled(self.item["accountUid"])
        if not late and not self.record["bad"]:
            return []
        ready = await self.account.rows("machines/", ("status", "ready"), *pairs)
        ready = [one for one in ready if one["system_id"] not in late]
        if not ready:
            raise Stuck("MachinesAllocated", "NoMachineAvailable", "no machine that is settled")
        ready.sort(key=lambda one: (one["system_id"] in self.record["bad"],
                                    (one.get("cpu_count") or 0) + (one.get("memory") or 0) / 1024))
        return [("system_id", ready[0]["system_id"])]

    async def image(self):
        """GP-99: the image is there, complete, and for which architectures."""
        if self.archs:
            return
        found = maas.images(await self.account.rows("boot-resources/"), self.item.get("image") or "")
        for one in found:
            if one.get("type") == "Uploaded":
                whole = await self.account.read(f"boot-resources/{one.get('id')}/")
                if not maas.complete(whole):
                    continue
            self.archs.add((one.get("architecture") or "amd64").split("/")[0])
        if not self.archs:
            raise Stuck("ImageAvailable", "ImageMissing", f"MAAS has no complete image {self.item.get('image')}")
        self.reports.condition("ImageAvailable", "True")

    async def can_be_named(self):
        """GP-52, GP-98: what is missing for the name is said before the first machine is taken."""
        if (self.item.get("endpoint") or {}).get("managed") and not self.held:
            await self.cluster.read_name(self.item, self.account)
            if not (self.account.user or {}).get("is_superuser"):
                self.account.user = None  # asked again next time: somebody may mend it
                raise Stuck("EndpointReady", "DnsForbidden", "the account's key is not an administrator's")

    # C7 to C10

    async def name(self):
        """The record holds the addresses of the control plane's machines, as MAAS shows them after their
        deploy was answered."""
        endpoint = self.item.get("endpoint") or {}
        wanted = set()
        for system_id in self.kept():
            machine = self.held[system_id]
            if self.record["machines"][system_id]["cp"] and machine.get("status_name") in ("Deploying", "Deployed"):
                wanted.add(maas.address_of(machine, self.account.told.get("preferredSubnets")))
        wanted = sorted(wanted - {""})
        if not wanted or not endpoint.get("host"):
            return
        if endpoint.get("managed"):
            row_id, there = await self.cluster.read_name(self.item, self.account)
            if sorted(there) != wanted:
                await self.cluster.write_name(self.item, self.account, row_id, wanted)
        self.named = True
        self.reports.endpoint(endpoint["host"], endpoint.get("port") or 6443)
        self.reports.condition("EndpointReady", "True")

    async def finish(self):
        """C8 to C10: everything is there, the agent has called, and nothing else is held."""
        cluster, record = self.cluster, self.record
        pause = cluster.next_look()
        wanted = set(self.kept())
        deployed = all(self.held[one].get("status_name") == "Deployed" for one in wanted)
        if list(self.places()) or not wanted or not deployed or record["intent"]:
            return pause
        self.reports.condition("MachinesDeployed", "True")
        if not (self.item.get("agent") or {}).get("registered"):
            self.say_waiting()
            return pause
        self.reports.condition("AgentReachable", "True")
        if not (self.named or not self.item.get("endpoint")) or wanted != set(record["machines"]):
            return pause
        if not self.reports.all_told("machine") or not cluster.ready("offer"):
            return min(pause, 1)
        quiet = max(cluster.quiet_after, cluster.claim_sent + self.timing.settleSeconds if cluster.lost else 0)
        if now() < quiet:
            return min(pause, quiet - now())
        again, _ = await cluster.look(self.item, self.account)
        if set(again) != wanted:
            return 0
        cluster.guard(self.item)()
        record["offer"] = {"epoch": self.item["epoch"], "claim": record["claim"], "revision": self.item["revision"],
                           "machines": sorted(wanted)}
        cluster.keep()
        return await offer(cluster, self.item)

    def say_waiting(self):
        """GP-61: the machines are there, and no agent has called."""
        since = self.cluster.since.setdefault("agent", now())
        late = now() - since > self.timing.agentWaitSeconds
        inits = [one for one in self.kept() if self.record["machines"][one]["role"] == "init"]
        text = f"{' '.join(inits)} is deployed, and its agent has not called" + (" for too long" if late else "")
        self.reports.condition("AgentReachable", "False", "WaitingForAgent", text)
        if late:
            self.reports.event("AgentReachable", "WaitingForAgent", text)


async def offer(cluster, item):
    """C10 (GP-63 to GP-66). From the record of the offer until a 409 nothing is changed in MAAS."""
    made = cluster.record["offer"]
    if made["epoch"] != item["epoch"]:  # it was switched, and has come back since
        cluster.record["offer"] = None
        cluster.keep()
        return 0
    await cluster.reports.settle(cluster.timing.callSeconds)
    await cluster.reports.stop()  # after the switch nothing may be said
    try:
        _, said = await cluster.gateway.palette.call("POST", f"{cluster.path}/handover", made, item)
    except Refused as no:
        if no.status != 409 or no.code == "StaleEpoch":
            raise
        cluster.record["offer"], cluster.claimed = None, None  # claim again before any MAAS change
        cluster.keep()
        if no.code == "InventoryIncomplete":
            cluster.reports.repeat_machines()
        cluster.log.say(f"cluster {cluster.uid}: the offer is refused ({no.code})")
        cluster.later("offer", cluster.gateway.palette.backoff)
        return 0
    cluster.forget(said.get("epoch", made["epoch"] + 1), 0)
    return 0
