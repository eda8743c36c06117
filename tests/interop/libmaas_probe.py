"""python-libmaas against a running server: it learns the API from describe/ and sends multipart forms.
usage: libmaas_probe.py URL KEY CONTROL-URL"""
import sys
import time
import urllib.request

from maas.client import connect
from maas.client.enum import NodeStatus


def must(what, fine, seen=""):
    print(f"{'ok' if fine else 'not ok'} - {what}{'' if fine else f': seen {seen!r}'}")
    return bool(fine)


def main(url, key, control):
    def passes(span):
        words = f"time passes {span}\ntime is {int(time.time())}\n"
        urllib.request.urlopen(control.rstrip("/") + "/control", words.encode())

    maas = connect(url, apikey=key)
    fine = must("describe/ is understood", maas is not None)
    fine &= must("whoami", maas.users.whoami().username == "interop")
    zone = maas.zones.create("libmaas-zone", description="d")
    zone.description = "e"
    zone.save()
    fine &= must("a zone is made and changed", maas.zones.get("libmaas-zone").description == "e")
    zone.delete()
    fine &= must("and deleted", "libmaas-zone" not in [z.name for z in maas.zones.list()])
    fine &= must("pools", len(maas.resource_pools.list()) > 0)
    fine &= must("fabrics and VLANs", len(maas.fabrics.list()[0].vlans) > 0)
    fine &= must("subnets", len(maas.subnets.list()) > 0)
    fine &= must("domains", maas.domains.list()[0].name == "maas")
    fine &= must("a setting", maas.maas.get_name() != "")
    machines = maas.machines.list()
    fine &= must("machines", len(machines) > 0)
    machine = maas.machines.allocate(agent_name="libmaas")
    fine &= must("allocate", machine.status == NodeStatus.ALLOCATED, machine.status)
    machine.deploy(user_data=b"#cloud-config\n{}\n", distro_series="jammy")
    passes("30m")
    machine.refresh()
    fine &= must("deploy", machine.status == NodeStatus.DEPLOYED, machine.status)
    machine.release(comment="done")
    passes("30m")
    machine.refresh()
    fine &= must("release", machine.status == NodeStatus.READY, machine.status)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
