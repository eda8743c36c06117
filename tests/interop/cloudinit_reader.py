"""cloud-init's own reader of MAAS against a running server: a machine is deployed with user data, its
token is asked for, and what cloud-init reads with it is what was deployed.
usage: cloudinit_reader.py URL KEY CONTROL-URL"""
import base64
import json
import logging
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

from cloudinit import url_helper
from cloudinit.sources import DataSourceMAAS

USER_DATA = b"#cloud-config\nwrite_files: []\n# \xc3\xa4\n"


class Maas:
    def __init__(self, url, key):
        self.url = url.rstrip("/") + "/api/2.0/"
        self.consumer, self.token, self.secret = key.split(":")

    def call(self, method, path, form=None):
        parts = {
            "oauth_version": "1.0",
            "oauth_signature_method": "PLAINTEXT",
            "oauth_consumer_key": self.consumer,
            "oauth_token": self.token,
            "oauth_signature": "%26" + self.secret,
            "oauth_nonce": uuid.uuid4().hex,
            "oauth_timestamp": str(int(time.time())),
        }
        request = urllib.request.Request(self.url + path, method=method)
        request.add_header("Authorization", "OAuth " + ", ".join(f'{k}="{v}"' for k, v in parts.items()))
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        try:
            with urllib.request.urlopen(request, data) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as why:
            sys.exit(f"not ok - {method} {path}: {why.code} {why.read().decode()}")


def must(what, fine, seen=""):
    print(f"{'ok' if fine else 'not ok'} - {what}{'' if fine else f': seen {seen!r}'}")
    return bool(fine)


def read(url, token, secret_suffix=""):
    helper = url_helper.OauthUrlHelper(
        consumer_key=token["consumer_key"],
        token_key=token["token_key"],
        token_secret=token["token_secret"] + secret_suffix,
        consumer_secret="",
    )
    return DataSourceMAAS.read_maas_seed_url(
        url.rstrip("/") + "/metadata", read_file_or_url=helper.readurl, retries=0, timeout=10
    )


def main(url, key, control):
    logging.disable(logging.CRITICAL)
    maas = Maas(url, key)
    machine = maas.call("POST", "machines/?op=allocate", {})
    path = f"machines/{machine['system_id']}/"
    maas.call("POST", path + "?op=deploy", {"user_data": base64.b64encode(USER_DATA).decode(), "distro_series": "jammy"})
    token = maas.call("GET", path + "?op=get_token")
    user_data, meta, vendor_data = read(url, token)
    fine = must("user data is what was deployed", user_data == USER_DATA, user_data)
    fine &= must("instance-id is the machine", meta["instance-id"] == machine["system_id"], meta)
    fine &= must("local-hostname is its name", meta["local-hostname"] == machine["fqdn"], meta)
    fine &= must("vendor data is a cloud-config", str(vendor_data).find("ntp") >= 0, vendor_data)
    try:
        read(url, token, "x")
        fine &= must("a wrong token is refused", False)
    except Exception as why:  # cloud-init has several for it
        fine &= must("a wrong token is refused", "401" in str(why), why)
    urllib.request.urlopen(control.rstrip("/") + "/control", f"time passes 30m\ntime is {int(time.time())}\n".encode())
    state = maas.call("GET", path)["status_name"]
    fine &= must("the machine is Deployed", state == "Deployed", state)
    maas.call("POST", path + "?op=release", {})
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
