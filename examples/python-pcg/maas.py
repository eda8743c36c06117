"""MAAS (profile, section 12): signed calls of API 2.0, straight and never through a proxy, and what
can be read from its answers."""

import ipaddress
import json
import math
import secrets
from urllib.parse import quote, urlencode

from base import Rate, wall
from http1 import Client, Trouble, tls_context
from settings import Server, SettingsError


class MaasError(Exception):
    """MAAS did not do it. `code` is a word of GP-52 and GP-77; `unknown`: it may have done it all the
    same (GP-100); `retry_after`: it asks to wait so long and repeat."""

    def __init__(self, code, text, status=0, unknown=False, retry_after=0):
        super().__init__(text)
        self.code, self.status, self.unknown, self.retry_after = code, status, unknown, retry_after


def authorization(key):
    """OAuth 1.0 PLAINTEXT with a fresh nonce and timestamp (GP-92)."""
    consumer, token, secret = key
    fields = {"oauth_version": "1.0", "oauth_signature_method": "PLAINTEXT", "oauth_consumer_key": consumer,
              "oauth_token": token, "oauth_signature": "&" + secret, "oauth_nonce": secrets.token_hex(16),
              "oauth_timestamp": str(int(wall()))}
    return "OAuth " + ", ".join(f'{name}="{quote(value, safe="")}"' for name, value in fields.items())


class Region:
    """One MAAS, by its address: connections and the rate of GP-29 are shared by all its accounts."""

    def __init__(self, server, context, timing):
        self.server, self.timing = server, timing
        self.client = Client(server, context)
        self.rate = Rate(timing)
        self.changes = 0  # that are under way


class Regions:
    def __init__(self, settings, timing):
        self.timing = timing
        self.context = tls_context(settings.maas_ca)
        self.regions = {}

    def at(self, endpoint):
        endpoint = endpoint.rstrip("/")
        if endpoint not in self.regions:
            try:
                server = Server(endpoint, "apiEndpoint", ("http", "https"))
            except SettingsError as error:
                raise MaasError("MaasError", str(error)) from None
            if len(self.regions) >= 256:
                self.regions.clear()
            self.regions[endpoint] = Region(server, self.context, self.timing)
        return self.regions[endpoint]

    def changes(self):
        return sum(region.changes for region in self.regions.values())


class Account:
    """Calls with the key of one account, and with no other (GP-92)."""

    def __init__(self, regions, told, log):
        self.told = told
        self.region = regions.at(str(told.get("apiEndpoint") or ""))
        self.key = str(told.get("apiKey") or "").split(":")
        log.hide(("account", told.get("uid")), *self.key)
        self.user = None

    @property
    def host(self):
        return self.region.server.host

    async def read(self, path, *query, kind=dict, seconds=None, urgent=False):
        """A GET below api/2.0/ that answers with an object."""
        said = await self._call("GET", path, query, None, seconds, urgent, None)
        if not isinstance(said, kind):
            raise MaasError("MaasError", f"MAAS answers {path} with what it should not")
        return said

    async def rows(self, path, *query, **how):
        """A GET that answers with a list of objects."""
        return [one for one in await self.read(path, *query, kind=list, **how) if isinstance(one, dict)]

    async def change(self, method, path, form=(), before=None):
        """A MAAS change: on a connection of its own, sent once. `before` may still stop it. The object
        that MAAS answers with, or an empty one."""
        self.region.changes += 1
        try:
            said = await self._call(method, path, (), form, None, False, before)
            return said if isinstance(said, dict) else {}
        finally:
            self.region.changes -= 1

    async def whoami(self):
        """The user of the key, once per key."""
        if self.user is None:
            self.user = await self.read("users/?op=whoami")
        return self.user

    async def _call(self, method, path, query, form, seconds, urgent, before):
        if len(self.key) != 3 or not all(self.key):
            raise MaasError("MaasUnauthorized", "the key is not of the form consumer:token:secret")
        region, change = self.region, method != "GET"
        await region.rate.take(urgent)
        target = region.server.path + "/api/2.0/" + path
        if query:
            target += ("&" if "?" in path else "?") + urlencode(query)
        headers = {"Authorization": authorization(self.key)}
        body = urlencode(list(form)).encode() if form else b""
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            answer = await region.client.request(method, target, headers, body, fresh=change, before=before,
                                                 seconds=seconds or region.timing.maasCallSeconds)
        except Trouble as trouble:
            code = {"tls": "MaasTlsFailed", "silent": "Timeout"}.get(trouble.kind, "MaasUnreachable")
            raise MaasError(code, f"MAAS {trouble}", unknown=change and trouble.sent) from None
        return _judged(answer, change)


def _judged(answer, change):
    if 200 <= answer.status < 300:
        try:
            return json.loads(answer.body) if answer.body else None
        except ValueError:
            raise MaasError("MaasError", "MAAS answers with no JSON", answer.status, unknown=change) from None
    text = answer.body.decode("utf-8", "replace")
    status, wait = answer.status, answer.retry_after()
    if status == 401:  # its body shows the right secret (GP-103)
        if "Expired timestamp" in text:
            raise MaasError("ClockSkew", "MAAS says that our clock is behind", status)
        used = "Nonce already used" in text  # a copy of this very request has taken effect
        raise MaasError("MaasUnauthorized", "MAAS refuses the key", status, unknown=change and used)
    if status in (409, 503) and wait is not None:
        raise MaasError("MaasError", f"MAAS is busy ({status})", status, retry_after=wait)
    if status == 403:
        raise MaasError("MaasForbidden", "MAAS forbids it (403)", status)
    raise MaasError("MaasError", f"MAAS answers {status}: {' '.join(text.split())[:300]}", status,
                    unknown=change and status >= 500)


# What a machine is


def annotations(machine):
    return machine.get("workload_annotations") or machine.get("owner_data") or {}


def subnets(machine):
    """The CIDRs of the machine's subnets, each once."""
    links = [link for nic in machine.get("interface_set") or [] for link in nic.get("links") or []]
    cidrs = [(link.get("subnet") or {}).get("cidr") for link in links]
    return list(dict.fromkeys(cidr for cidr in cidrs if cidr))


def address_of(machine, preferred):
    """GP-98: the one address that is published, by the order of the preferred subnets."""
    addresses = [text for text in machine.get("ip_addresses") or [] if text]
    for wanted in preferred or []:
        try:
            net = ipaddress.ip_network(wanted, strict=False)
            inside = [text for text in addresses if ipaddress.ip_address(text) in net]
        except ValueError:
            continue
        if inside:
            return inside[0]
    return addresses[0] if addresses else ""


def constraints(pool, archs):
    """GP-95: what a pool of the request asks of a machine, as form pairs."""
    cloud = pool.get("cloudConfig") or {}
    kind = cloud.get("instanceType") or {}
    pairs = [("zone", zone) for zone in cloud.get("azs") or [] if zone]
    if cloud.get("resourcePool"):
        pairs.append(("pool", cloud["resourcePool"]))
    pairs += [("tags", tag) for tag in cloud.get("tags") or [] if tag]
    if kind.get("minCPU"):
        pairs.append(("cpu_count", str(kind["minCPU"])))
    if kind.get("minMemInMB"):
        pairs.append(("mem", str(kind["minMemInMB"])))
    if kind.get("minDiskSizeInGB"):
        pairs.append(("storage", f"root:{disk_size(kind['minDiskSizeInGB'])}"))
    return pairs + [("arch", arch) for arch in sorted(archs)]


def disk_size(gib):
    """GiB as MAAS counts, in 1000^3, cut to two decimals: never more than was asked."""
    hundredths = math.floor(gib * 1024**3 / 10**7)
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def misfit(machine, pairs):
    """Why the machine is not what was asked for, or ""."""
    asked = {}
    for name, value in pairs:
        asked.setdefault(name, []).append(value)
    has = {"zone": (machine.get("zone") or {}).get("name"), "pool": (machine.get("pool") or {}).get("name"),
           "arch": (machine.get("architecture") or "").split("/")[0]}
    for name, value in has.items():
        if name in asked and value not in asked[name]:
            return f"{name} {value}"
    if not set(asked.get("tags", [])) <= set(machine.get("tag_names") or []):
        return "tags"
    for name, field in (("cpu_count", "cpu_count"), ("mem", "memory")):
        if name in asked and (machine.get(field) or 0) < float(asked[name][0]):
            return f"{name} {machine.get(field)}"
    if "storage" in asked:
        disks = [disk.get("size") or 0 for disk in machine.get("physicalblockdevice_set") or []]
        if disks and max(disks) < float(asked["storage"][0].removeprefix("root:")) * 10**9:
            return "disk"
    return ""


def images(resources, image):
    """GP-99: the boot resources that are this image."""
    os_name, _, series = image.partition("/")
    uploaded = {series, image} if os_name == "custom" else ({image} if not series else set())
    found = []
    for one in resources or []:
        kind = "uploaded" if one.get("type") == "Uploaded" else "synced"
        if one.get("name") in (uploaded if kind == "uploaded" else {image}):
            found.append(one)
    return found


def complete(resource):
    """Whether an upload has come to its end."""
    return any(one.get("complete") for one in (resource.get("sets") or {}).values())
