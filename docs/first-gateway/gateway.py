#!/usr/bin/python3
"""The smallest gateway that Palette shows as Running: docs/first-gateway.md reads it line by line.
It registers, keeps its link and makes its account, and does no work at all."""
import json, os, secrets, signal, ssl, sys, time, urllib.error, urllib.request

ENV = os.environ.get
if ENV("GP_CONTRACT") != "1" or set(ENV("GP_FEATURES", "").split(",")) - {"pcg"}:
    sys.exit(89)                                                   # GP-9: before any connection
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))              # GP-12

URL, UID = ENV("GP_PALETTE_URL").rstrip("/"), ENV("GP_PCG_UID")
TRUST = ssl.create_default_context(cafile=ENV("GP_PALETTE_CA_FILE") or None)
token = ""


def secret(name):
    path = os.path.join(ENV("GP_SECRETS_DIR"), name)
    return open(path).read().strip() if os.path.exists(path) else ""


def identity():                                                    # GP-30: durable before its first use
    path = os.path.join(ENV("GP_STATE_DIR"), "gateway-secret")
    if not os.path.exists(path):
        with open(path + ".new", "w") as f:
            f.write(secrets.token_urlsafe(32))
            f.flush()
            os.fsync(f.fileno())
        os.rename(path + ".new", path)
    return open(path).read()


def call(method, path, body=None):
    data = json.dumps(body).encode() if body is not None else None
    head = {"Content-Type": "application/json", **({"Authorization": token} if token else {})}
    ask = urllib.request.Request(URL + path, data, head, method=method)
    with urllib.request.urlopen(ask, context=TRUST, timeout=60) as answer:
        return json.loads(answer.read() or b"{}")


def enrol():                                                       # GP-31, GP-37
    global token
    token = ""
    said = call("POST", f"/v1/x-gp/pcg/{UID}/credential", {
        "gatewaySecret": identity(), "pairingCode": secret("pairing-code"), "profile": "1.0",
        "version": "1", "features": ["pcg"], "replica": 1})
    token = said["token"]
    if not said["registered"]:
        call("POST", f"/v1/pcg/{UID}/register", {"pairingCode": secret("pairing-code")})
    return said


def account():                                                     # GP-39: one, and never a second
    if not call("GET", f"/v1/overlords/{UID}")["spec"].get("cloudAccountUid"):
        call("POST", f"/v1/overlords/maas/{UID}/account", {
            "name": ENV("GP_ACCOUNT_NAME"), "shareWithProjects": False,
            "account": {"apiEndpoint": ENV("GP_MAAS_URL"), "apiKey": secret("maas-key")}})


def main():
    said, cursor = enrol(), ""
    renew = time.monotonic() + said["expiresInSeconds"] / 2        # GP-33
    account_made = False
    while True:
        call("PUT", f"/v1/spectroclusters/{said['selfClusterUid']}/heartbeat",
             {"agentVersion": "1", "message": ""})                 # GP-38
        if not account_made:
            account()
            account_made = True
        wait = said["timing"].get("feedWaitSeconds", 30)
        answer = call("GET", f"/v1/x-gp/pcg/{UID}/feed?waitSeconds={wait}"
                             + (f"&cursor={cursor}" if cursor else ""))  # GP-40
        cursor = answer.get("cursor", cursor)
        if time.monotonic() > renew:
            said = enrol()
            renew = time.monotonic() + said["expiresInSeconds"] / 2


main()
