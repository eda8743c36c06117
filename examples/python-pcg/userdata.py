"""User data of one machine (profile, section 10). It holds a join token and perhaps a proxy's password:
it goes into the deploy call and nowhere else (GP-86)."""

import base64
import json

AGENT = "/etc/gateproof/agent.json"
PALETTE_CA = "/etc/gateproof/palette-ca.pem"
MAAS_CA = "/etc/gateproof/maas-ca.pem"
DROP_IN = "/etc/systemd/system/containerd.service.d/http-proxy.conf"


def no_proxy(settings, item, maas_host, cidrs):
    """GP-83: the gateway's list as it is, then what is not yet in it."""
    network = item.get("network") or {}
    host = (item.get("endpoint") or {}).get("host") or ""
    domain = (item.get("cloudConfig") or {}).get("domain") or host.partition(".")[2]
    more = ["localhost", "127.0.0.1", "169.254.169.254", ".svc", ".cluster.local", network.get("podCidr"),
            network.get("serviceCidr"), f".{domain}" if domain else "", maas_host, *cidrs]
    there = [text.strip() for text in settings.no_proxy.split(",")]
    for text in more:
        if text and text not in there:
            there.append(text)
    rest = there[settings.no_proxy.count(",") + 1:]
    return ",".join(([settings.no_proxy] if settings.no_proxy else []) + rest)


def proxy_of(settings, item, maas_host, cidrs):
    """The proxy that the machine inherits: three texts, empty without one."""
    if not settings.http_proxy and not settings.https_proxy:
        return {"httpProxy": "", "httpsProxy": "", "noProxy": ""}
    return {"httpProxy": settings.http_proxy, "httpsProxy": settings.https_proxy,
            "noProxy": no_proxy(settings, item, maas_host, cidrs)}


def agent_json(settings, item, system_id, pool, role, proxy):
    """GP-81. What leads to Palette comes from the item, not from our own link (GP-82)."""
    agent, endpoint = item.get("agent") or {}, item.get("endpoint") or {}
    return {"profile": "1.0", "clusterUid": item["uid"], "clusterName": item.get("name") or "",
            "systemId": system_id, "pool": pool, "role": role,
            "palette": {"url": agent.get("url") or "", "caFile": PALETTE_CA if agent.get("caCert") else ""},
            "joinToken": agent.get("joinToken") or "", "marker": item["marker"], "image": item.get("image") or "",
            "endpoint": {"host": endpoint.get("host") or "", "port": endpoint.get("port") or 6443},
            "maasCaFile": MAAS_CA if settings.maas_ca_text else "", "proxy": proxy}


def proxy_files(proxy):
    """GP-80: the environment of the machine, and containerd's."""
    names = {"HTTP_PROXY": "httpProxy", "HTTPS_PROXY": "httpsProxy", "NO_PROXY": "noProxy"}
    three = [(name, proxy[key]) for name, key in names.items() if proxy[key]]
    both = three + [(name.lower(), value) for name, value in three]
    environment = "".join(f'{name}="{value}"\n' for name, value in both)
    unit = "".join('Environment="{}={}"\n'.format(name, value.replace("%", "%%")) for name, value in three)
    return [{"path": "/etc/environment", "permissions": "0644", "append": True, "content": environment},
            {"path": DROP_IN, "permissions": "0600", "content": "[Service]\n" + unit}]


def document(settings, item, system_id, pool, role, maas_host, cidrs):
    """The cloud-config as a dictionary."""
    proxy = proxy_of(settings, item, maas_host, cidrs)
    caller = json.dumps(agent_json(settings, item, system_id, pool, role, proxy))
    files = [{"path": AGENT, "permissions": "0600", "content": caller + "\n"}]
    if (item.get("agent") or {}).get("caCert"):
        files.append({"path": PALETTE_CA, "permissions": "0644", "content": item["agent"]["caCert"]})
    if settings.maas_ca_text:
        files.append({"path": MAAS_CA, "permissions": "0644", "content": settings.maas_ca_text})
    commands = [["systemctl", "daemon-reload"]]
    if proxy["httpProxy"] or proxy["httpsProxy"]:
        files += proxy_files(proxy)
        commands.append(["systemctl", "restart", "containerd"])
    commands.append(["systemctl", "enable", "--now", "gateproof-agent.service"])
    whole = {"write_files": [{"owner": "root:root", **file} for file in files], "runcmd": commands}
    cloud = item.get("cloudConfig") or {}
    if cloud.get("sshKeys"):
        whole["users"] = [{"name": "spectro", "ssh_authorized_keys": cloud["sshKeys"]}]
    if cloud.get("ntpServers"):
        whole["ntp"] = {"enabled": True, "servers": cloud["ntpServers"]}
    return whole


def render(*args):
    """GP-79: what goes into the deploy call, in base64."""
    text = "#cloud-config\n" + json.dumps(document(*args)) + "\n"
    return base64.b64encode(text.encode()).decode()
