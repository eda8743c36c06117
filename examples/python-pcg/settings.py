"""What the gateway is told at its start (profile, section 2): variables, secrets, and who is spoken
to through the proxy."""

import base64
import ipaddress
import os
import re
from urllib.parse import unquote, urlsplit

VERSION = "1.0.0"
FEATURES = {"pcg", "system-gateway", "proxy", "proxy-auth", "proxy-ca"}
NAME = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class SettingsError(Exception):
    """One sentence for the operator; never a secret (GP-10)."""


def contract_kept(env):
    """GP-9: whether this program knows the contract and every feature that the run needs."""
    asked = {word.strip() for word in env.get("GP_FEATURES", "").split(",")} - {""}
    return env.get("GP_CONTRACT") == "1" and asked <= FEATURES


class Server:
    """Scheme, host, port and path of a URL that we were told."""

    def __init__(self, url, what, schemes=("https",)):
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise SettingsError(f"{what} is no URL") from None
        if parts.scheme not in schemes or not parts.hostname:
            raise SettingsError(f"{what} needs a host and one of: {', '.join(schemes)}")
        self.tls = parts.scheme == "https"
        self.host = parts.hostname
        self.port = port or (443 if self.tls else 80)
        self.path = parts.path.rstrip("/")
        self.user, self.password = parts.username, parts.password

    @property
    def authority(self):
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def basic(self):
        """The value of Proxy-Authorization, or "" (feature proxy-auth)."""
        if self.user is None:
            return ""
        pair = f"{unquote(self.user)}:{unquote(self.password or '')}"
        return "Basic " + base64.b64encode(pair.encode()).decode()


def _address(text):
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None


def _names(item, server, address):
    """Whether one item of a no-proxy list names the server (GP-26)."""
    item = item.strip().lower()
    host = server.host.lower().rstrip(".")
    bare, colon, port = item.rpartition(":")
    if colon and port.isdigit() and (":" not in bare or bare.startswith("[")):
        if int(port) != server.port:
            return False
        item = bare
    if item == "*":
        return True
    if address is not None:
        try:
            return address in ipaddress.ip_network(item.replace("[", "").replace("]", ""), strict=False)
        except ValueError:
            return False
    item = item.removeprefix("*").removeprefix(".").rstrip(".")
    return item != "" and (host == item or host.endswith("." + item))


def goes_straight(server, no_proxy):
    """GP-26: whether the list of exceptions names this server."""
    address = _address(server.host)
    return any(_names(item, server, address) for item in re.split(r"[,\s]+", no_proxy) if item)


class Settings:
    def __init__(self, env):
        def given(name):
            return env.get(name, "")

        self.state_dir = given("GP_STATE_DIR")
        self.secrets_dir = given("GP_SECRETS_DIR")
        self.uid = given("GP_PCG_UID")
        for name in ("GP_STATE_DIR", "GP_SECRETS_DIR", "GP_PALETTE_URL", "GP_PCG_UID"):
            if not given(name):
                raise SettingsError(f"{name} is not given")
        if not NAME.fullmatch(self.uid):
            raise SettingsError("GP_PCG_UID is no uid")
        self.palette = Server(given("GP_PALETTE_URL"), "GP_PALETTE_URL")
        self.palette_ca = given("GP_PALETTE_CA_FILE")
        self.maas_url = given("GP_MAAS_URL").rstrip("/")
        if self.maas_url:
            Server(self.maas_url, "GP_MAAS_URL", ("http", "https"))
        self.maas_ca = given("GP_MAAS_CA_FILE")
        self.account_name = given("GP_ACCOUNT_NAME") or f"maas-{self.uid}"
        self.http_proxy = given("GP_HTTP_PROXY")
        self.https_proxy = given("GP_HTTPS_PROXY")
        self.no_proxy = given("GP_NO_PROXY")
        self.proxy_ca = given("GP_PROXY_CA_FILE")
        self.replica = int(given("GP_REPLICA") or 1)
        self.maas_ca_text = self._text(self.maas_ca, "GP_MAAS_CA_FILE")
        for path, what in ((self.palette_ca, "GP_PALETTE_CA_FILE"), (self.proxy_ca, "GP_PROXY_CA_FILE")):
            self._text(path, what)
        proxies = [Server(url, what, ("http",)) if url else None for url, what in
                   ((self.https_proxy, "GP_HTTPS_PROXY"), (self.http_proxy, "GP_HTTP_PROXY"))]
        passwords = [one.password for one in proxies if one and one.password]
        self.passwords = passwords + [unquote(text) for text in passwords]
        self.proxy = None if goes_straight(self.palette, self.no_proxy) else proxies[0]

    @staticmethod
    def _text(path, what):
        if not path:
            return ""
        try:
            with open(path, encoding="ascii") as file:
                return file.read()
        except (OSError, UnicodeError):
            raise SettingsError(f"the file of {what} cannot be read") from None

    def secret(self, name):
        """GP-7: the text of one secret, without its final newline; "" when it is not given."""
        try:
            with open(os.path.join(self.secrets_dir, name), encoding="ascii") as file:
                return file.read().removesuffix("\n")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeError):
            raise SettingsError(f"the secret {name} cannot be read") from None
