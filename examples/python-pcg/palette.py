"""The link to Palette (profile, sections 4 to 7 and 11): identity, token, registration, heartbeat,
account and the feed. What the feed lists is handed to `desk`."""

import asyncio
import hashlib
import json
import secrets

from base import Backoff, Dials, Rate, now, segment, wait_for
from http1 import Client, Trouble, tls_context
from settings import FEATURES, VERSION

GONE = ("CredentialRevoked", "CredentialUnknown")


class NotNow(Exception):
    """It did not work now; try again after a pause (GP-88)."""

    def __init__(self, text, retry_after=0):
        super().__init__(text)
        self.retry_after = retry_after


class Refused(Exception):
    """Palette said no; the same again makes no sense (GP-88)."""

    def __init__(self, status, code):
        super().__init__(f"{status} {code}".strip())
        self.status, self.code = status, code


def parsed(body):
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def digest(*texts):
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


class Palette:
    def __init__(self, settings, timing, store, log):
        self.settings, self.timing, self.store, self.log = settings, timing, store, log
        self.rate = Rate(timing)
        trust = tls_context(settings.palette_ca, settings.proxy_ca if settings.proxy else "")
        self.client = Client(settings.palette, trust, settings.proxy, Dials(timing))
        self.record = store.read("identity") or {}
        self.has_token, self.wants_token = asyncio.Event(), asyncio.Event()
        self.enrolled = asyncio.Event()
        self.token, self.self_uid, self.is_system = "", "", False
        self.trusted = False  # GP-35, GP-36: while it is not, nothing is changed in MAAS
        self.first_beat = asyncio.Event()

    def backoff(self):
        return Backoff(lambda: self.timing.backoffBaseSeconds, lambda: self.timing.backoffMaxSeconds)

    # one call

    async def send(self, method, path, body=None, headers=None, seconds=None):
        """One request; NotNow when there is no answer, or one that says so."""
        await self.rate.take(urgent=True)
        text = json.dumps(body).encode() if body is not None else b""
        fields = dict(headers or {})
        if text:
            fields["Content-Type"] = "application/json"
        try:
            answer = await self.client.request(method, self.settings.palette.path + path, fields, text,
                                               seconds=seconds or self.timing.callSeconds)
        except Trouble as trouble:
            self.log.change("palette", str(trouble))
            raise NotNow(str(trouble)) from None
        self.log.change("palette", "")
        if answer.status in (407, 429) or answer.status >= 500:
            raise NotNow(f"answers {answer.status}", answer.retry_after() or 0)
        return answer

    async def call(self, method, path, body=None, item=None, seconds=None):
        """One call with the token, about the cluster of `item` if there is one (GP-25). The body of
        the answer; Refused or NotNow."""
        headers = {}
        if item:
            headers["X-Gp-Epoch"] = str(item["epoch"])
            if item.get("projectUid"):
                headers["ProjectUid"] = item["projectUid"]
        for _ in range(2):
            await self.has_token.wait()
            token = self.token
            answer = await self.send(method, path, body, headers | {"Authorization": token}, seconds)
            if 200 <= answer.status < 300:
                return answer.status, parsed(answer.body)
            code = str(parsed(answer.body).get("code", ""))
            if answer.status != 401:
                raise Refused(answer.status, code)
            if code in GONE:
                self.distrust(f"Palette ended this identity ({code})", ended=True)
            if self.token == token:
                self.has_token.clear()
                self.wants_token.set()
        raise NotNow("answers 401 to a new token")

    # identity and token

    def identity(self):
        """GP-30: the lasting secret, durable before its first use."""
        given = self.settings.secret("gateway-secret")
        if given or not self.record.get("secret"):
            secret = given or secrets.token_urlsafe(32)
            if self.record.get("secret") != secret:
                self.record["secret"] = secret
                self.keep()
        self.log.hide("identity", self.record["secret"], self.settings.secret("pairing-code"))

    def keep(self):
        self.store.write("identity", self.record)

    def code_to_send(self):
        """GP-32, GP-36: the pairing code until the first 200; after that only one not used before."""
        code = self.settings.secret("pairing-code")
        used = self.record.get("used", [])
        if not code or digest(code) in used or (used and not self.record.get("ended")):
            return ""
        return code

    def distrust(self, why, ended):
        """GP-35, GP-36: no MAAS change from now on. An identity that was ended may pair anew."""
        self.trusted = False
        self.has_token.clear()
        self.wants_token.set()
        if ended and not self.record.get("ended"):
            self.record["ended"] = True
            self.keep()
        self.log.change("identity", why)

    async def keep_token(self):
        """GP-31 to GP-37: enrols, registers, and renews at half of the token's life."""
        backoff = self.backoff()
        while True:
            sent = now()
            self.wants_token.clear()
            try:
                lives = await self.renew()
            except NotNow as late:
                await asyncio.sleep(backoff.pause(late.retry_after))
                continue
            except Refused as no:
                self.distrust(f"Palette refuses the credential ({no.code or no.status})", no.code in GONE)
                await asyncio.sleep(self.timing.backoffMaxSeconds * 1.25)
                continue
            backoff.reset()
            await wait_for(self.wants_token, max(0, sent + lives / 2 - now()))

    async def renew(self):
        code = self.code_to_send()
        body = {"gatewaySecret": self.record["secret"], "profile": "1.0", "version": VERSION,
                "features": sorted(FEATURES), "replica": self.settings.replica}
        if code:
            body["pairingCode"] = code
        answer = await self.send("POST", f"/v1/x-gp/pcg/{self.settings.uid}/credential", body)
        said = parsed(answer.body)
        if answer.status != 200 or not said.get("token"):
            raise Refused(answer.status, str(said.get("code", "")))
        self.timing.take(said.get("timing"))
        if code:
            self.record["used"] = self.record.get("used", []) + [digest(code)]
            self.record["code"] = code  # until it is registered
        if code or self.record.pop("ended", None):
            self.keep()
        self.self_uid, self.is_system = str(said.get("selfClusterUid", "")), said.get("isSystem") is True
        self.token = said["token"]
        self.log.hide("token", self.token)
        self.has_token.set()
        if said.get("registered") is False and not self.is_system:
            await self.register()
        if self.record.pop("code", None):
            self.keep()
        self.trusted = True
        self.log.change("identity", "")
        self.enrolled.set()
        return float(said.get("expiresInSeconds") or 900)

    async def register(self):
        code = self.record.get("code") or self.settings.secret("pairing-code")
        answer = await self.send("POST", f"/v1/pcg/{self.settings.uid}/register", {"pairingCode": code},
                                 {"Authorization": self.token})
        if answer.status >= 300:
            raise Refused(answer.status, str(parsed(answer.body).get("code", "")))

    # heartbeat and account

    async def keep_beating(self):
        """GP-38: for the gateway's own uid, and never faster than heartbeatSeconds (GP-89)."""
        await self.enrolled.wait()
        while True:
            sent, least = now(), 0
            try:
                await self.call("PUT", f"/v1/spectroclusters/{self.self_uid}/heartbeat",
                                {"agentVersion": VERSION, "message": ""})
                self.first_beat.set()
            except NotNow as late:
                least = late.retry_after
            except Refused as no:
                self.log.change("heartbeat", f"refused ({no})")
            await asyncio.sleep(max(sent + self.timing.heartbeatSeconds - now(), least))

    async def keep_account(self):
        """GP-39: one account, and never a second; a changed key or URL is told."""
        await self.first_beat.wait()
        if not self.settings.maas_url or self.is_system:
            return
        key = self.settings.secret("maas-key")
        mark = digest(self.settings.maas_url, key)
        body = {"name": self.settings.account_name, "shareWithProjects": False,
                "account": {"apiEndpoint": self.settings.maas_url, "apiKey": key}}
        path, backoff = f"/v1/overlords/maas/{self.settings.uid}/account", self.backoff()
        while True:
            try:
                _, overlord = await self.call("GET", f"/v1/overlords/{self.settings.uid}")
                if not (overlord.get("spec") or {}).get("cloudAccountUid"):
                    await self.call("POST", path, body)
                elif self.record.get("account", mark) != mark:
                    await self.call("PUT", path, body)
                break
            except NotNow as late:
                await asyncio.sleep(backoff.pause(late.retry_after))
            except Refused as no:
                self.log.change("account", f"Palette refuses it ({no})")
                await asyncio.sleep(self.timing.backoffMaxSeconds)
        if self.record.get("account") != mark:
            self.record["account"] = mark
            self.keep()

    # feed

    async def keep_feed(self, desk):
        """GP-40 to GP-43: one long poll after the other."""
        await self.enrolled.wait()
        cursor, backoff = "", self.backoff()
        while True:
            sent, pause = now(), 0
            try:
                status, said = await self.ask_feed(cursor)
                if status == 204 and cursor:
                    desk.take_sign(sent)
                elif status == 200 and isinstance(said.get("cursor"), str):
                    desk.take_list(said, sent)
                    cursor = said["cursor"]
                else:
                    raise NotNow("answers the feed with no list")
                backoff.reset()
            except NotNow as late:
                pause = backoff.pause(late.retry_after)
            except Refused as no:
                self.log.change("feed", f"refused ({no})")
                pause = 0 if no.status == 410 and cursor else backoff.pause()
                cursor = ""
            await asyncio.sleep(pause)

    async def ask_feed(self, cursor):
        wait = self.timing.feedWaitSeconds
        path = f"/v1/x-gp/pcg/{self.settings.uid}/feed?waitSeconds={wait:g}"
        if cursor:
            path += "&cursor=" + segment(cursor)
        return await self.call("GET", path, seconds=wait + self.timing.feedSlackSeconds)
