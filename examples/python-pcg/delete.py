"""Deleting a cluster: table D of the profile's section 8.3. A machine is given back for as long as it is
held; there is no number of tries after which it is given up (GP-72)."""

import create
from base import now
from cluster import Stuck
from palette import Refused


async def turn(cluster, item, account):
    """One turn. Seconds until the next one."""
    if cluster.record["offer"]:
        return await create.offer(cluster, item)  # a copy may be under way: its 409 comes first (GP-64)
    cluster.stage = "MachinesReleased"
    await cluster.claim(item)
    cluster.record["intent"] = None  # its outcome is waited for by quiet_after
    listed = {one["systemId"]: one for one in item.get("machines") or [] if one.get("systemId")}
    started = now()
    held, outcomes = await cluster.look(item, account, listed)
    note(cluster, {*held, *listed}, listed)
    ended = await drop_name(cluster, item, account)
    for system_id, machine in held.items():
        if ended:
            await cluster.attempt(("release", system_id), "MachinesReleased",
                                  cluster.release, item, account, machine, False)
    if cluster.other_user(account) and "foreign" in outcomes.values():
        raise Stuck("MachinesReleased", "ReleaseForbidden", "the machines were taken with another user's key")
    for system_id, outcome in outcomes.items():
        if outcome == "ready":
            cluster.tries.pop(("release", system_id), None)
    if held or not ended:
        say_releasing(cluster, held)
        return cluster.next_look()
    for system_id in outcomes:
        await cluster.drop_record(item, system_id)
    quiet = cluster.quiet_after
    if cluster.lost or item.get("agentQuiesced") is False:
        quiet = max(quiet, cluster.claim_sent + cluster.timing.settleSeconds)
    if started < quiet:
        return quiet - started  # D7
    return await say_released(cluster, item, outcomes)


def note(cluster, system_ids, listed):
    """Durable before they are released: the system ids, and what Palette knows of them."""
    machines, before = cluster.record["machines"], dict(cluster.record["machines"])
    for system_id in system_ids:
        told = listed.get(system_id, {})
        new = {"pool": "", "role": "", "deploy": True, "uid": "", "drop": "", "cp": False}
        mine = machines.get(system_id) or new
        if system_id not in machines:
            mine |= {name: told[name] for name in ("pool", "uid") if told.get(name)}
        machines[system_id] = mine
    if machines != before:
        cluster.keep()


async def drop_name(cluster, item, account):
    """D3. True when the name is gone."""
    if not (item.get("endpoint") or {}).get("managed"):
        return True
    return await cluster.attempt("name", "MachinesReleased", delete_name, cluster, item, account)


async def delete_name(cluster, item, account):
    try:
        row_id, _ = await cluster.read_name(item, account)
    except Stuck:
        return  # without the domain there is no name
    if row_id is not None:
        await cluster.write_name(item, account, row_id, [])


def say_releasing(cluster, held):
    names = " ".join(sorted(held))
    if held and not any(key[0] == "release" for key in cluster.tries if isinstance(key, tuple)):
        cluster.reports.condition("MachinesReleased", "False", "Releasing", names)


async def say_released(cluster, item, outcomes):
    """D8 (GP-71)."""
    machines = [{"systemId": system_id, "outcome": outcome} for system_id, outcome in sorted(outcomes.items())]
    await cluster.reports.stop()
    try:
        body = {"epoch": item["epoch"], "claim": cluster.record["claim"], "machines": machines}
        await cluster.gateway.palette.call("POST", f"{cluster.path}/released", body, item)
    except Refused as no:
        if no.status == 409 and no.code in ("StaleClaim", "InventoryIncomplete"):
            cluster.claimed = None
            cluster.log.say(f"cluster {cluster.uid}: released is refused ({no.code})")
            return cluster.later("released", cluster.gateway.palette.backoff)
        if no.status != 404:
            raise
    cluster.forget(item["epoch"], item["revision"])
    return 0
