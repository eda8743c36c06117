#!/usr/bin/env python3
"""What of the gateway needs no network, as sentences: python3 -m unittest, in this folder."""

import asyncio
import base64
import json
import os
import stat
import tempfile
import unittest
import unittest.mock

import maas
import pcg
import stepped
import userdata
from base import Backoff, Dials, Log, Rate, Store, Timing, now
from create import Making
from http1 import _read_body, _read_head
from settings import Server, Settings, SettingsError, contract_kept, goes_straight

ROOT = tempfile.TemporaryDirectory()
PALETTE = Server("https://palette.corp.example/", "url")


def run(work):
    return asyncio.run(work)


def settings(**more):
    folder = tempfile.mkdtemp(dir=ROOT.name)
    return Settings({"GP_STATE_DIR": folder, "GP_SECRETS_DIR": folder, "GP_PCG_UID": "g1",
                     "GP_PALETTE_URL": "https://palette.example", **more})


def item(**more):
    return {"uid": "c-uid", "name": "c1", "marker": "gp1.abcd.c-uid", "image": "custom/u", "epoch": 1, "revision": 1,
            "endpoint": {"host": "c1.maas", "port": 6443, "managed": True}, "cloudConfig": {"domain": "maas"},
            "network": {"podCidr": "192.168.0.0/16", "serviceCidr": "10.96.0.0/12"},
            "agent": {"url": "https://palette.example", "caCert": "PEM\n", "joinToken": "jt-1"}, **more}


def machine(system_id="y3b3x4", **more):
    return {"system_id": system_id, "status_name": "Ready", "zone": {"name": "z1"}, "pool": {"name": "default"},
            "architecture": "amd64/generic", "cpu_count": 4, "memory": 8192, "tag_names": ["fast"],
            "physicalblockdevice_set": [{"size": 64_424_509_440}], **more}


class TheStart(unittest.TestCase):
    def test_a_contract_or_a_feature_that_it_does_not_know_is_refused(self):
        self.assertTrue(contract_kept({"GP_CONTRACT": "1", "GP_FEATURES": "pcg,proxy"}))
        self.assertFalse(contract_kept({"GP_CONTRACT": "99", "GP_FEATURES": "pcg"}))
        self.assertFalse(contract_kept({"GP_CONTRACT": "1", "GP_FEATURES": "pcg,unheard-of"}))

    def test_a_url_that_cannot_be_used_is_said_without_its_password(self):
        with self.assertRaises(SettingsError) as caught:
            settings(GP_HTTPS_PROXY="https://u:geheim@proxy:1")
        self.assertNotIn("geheim", str(caught.exception))

    def test_the_manifest_declares_what_the_program_knows(self):
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "gateway.json"), encoding="ascii") as file:
            told = json.load(file)
        self.assertTrue(contract_kept({"GP_CONTRACT": "1", "GP_FEATURES": ",".join(told["features"])}))


class TheExceptions(unittest.TestCase):
    def test_a_list_names_hosts_domains_addresses_and_blocks(self):
        for text in ("palette.corp.example", ".corp.example", "x, CORP.example", "palette.corp.example:443", "*"):
            self.assertTrue(goes_straight(PALETTE, text), text)
        self.assertTrue(goes_straight(Server("https://10.1.2.3", "url"), "10.1.0.0/16"))
        self.assertTrue(goes_straight(Server("https://[fd00::1]:8443", "url"), "[fd00::1]:8443"))

    def test_what_only_looks_alike_is_not_named(self):
        for text in ("", "xcorp.example", "corp.exampl", "palette.corp.example:8443", "10.0.0.0/33", "http://palette.corp.example"):
            self.assertFalse(goes_straight(PALETTE, text), text)
        self.assertFalse(goes_straight(Server("https://110.1.2.3", "url"), "10.1.2.3"))


class Records(unittest.TestCase):
    def test_a_record_is_whole_and_for_nobody_else(self):
        store = Store(tempfile.mkdtemp(dir=ROOT.name))
        store.write("one", {"a": 1})
        store.write("one", {"a": 2})
        self.assertEqual(store.read("one"), {"a": 2})
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(store.folder, "one.json")).st_mode), 0o600)
        self.assertEqual(os.listdir(store.folder), ["one.json"])

    def test_a_torn_record_is_none(self):
        store = Store(tempfile.mkdtemp(dir=ROOT.name))
        with open(os.path.join(store.folder, "one.json"), "w", encoding="ascii") as file:
            file.write('{"a":')
        self.assertIsNone(store.read("one"))

    def test_a_line_strikes_out_the_secrets_that_it_knows(self):
        log, said = Log(), []
        log.hide("key", "topsecret")
        log.change = lambda *words: said.append(words)
        with unittest.mock.patch("builtins.print", lambda text, **_: said.append(text)):
            log.say("the key is topsecret")
        self.assertEqual(said, ["the key is [secret]"])


class Pauses(unittest.TestCase):
    def test_pauses_grow_to_the_bound_and_obey_who_asks_for_more(self):
        backoff = Backoff(lambda: 1, lambda: 60)
        for whole in (2, 4, 8, 16, 32, 60, 60):
            self.assertTrue(whole / 2 <= backoff.pause() <= whole)
        self.assertEqual(backoff.pause(retry_after=500), 500)

    def test_no_span_holds_more_requests_than_the_rate(self):
        async def work():
            timing = Timing()
            timing.take({"rateSeconds": 0.05, "rateRequests": 10})
            rate, times = Rate(timing), []
            for _ in range(25):
                await rate.take(urgent=True)
                times.append(now())
            self.assertTrue(all(later - first > 0.05 for first, later in zip(times, times[10:])))
        run(work())

    def test_a_dial_that_was_answered_does_not_count(self):
        async def work():
            timing = Timing()
            dials = Dials(timing)
            for _ in range(100):
                dials.answered(await dials.take())
            self.assertEqual(dials.windows[0].full_for(), 0)
        run(work())


class Wire(unittest.TestCase):
    @staticmethod
    async def read(text):
        reader = asyncio.StreamReader()
        reader.feed_data(text)
        reader.feed_eof()
        status, fields = await _read_head(reader)
        return status, await _read_body(reader, status, fields)

    def test_bodies_come_by_length_in_chunks_or_until_the_end(self):
        for head, body, keep in ((b"Content-Length: 2\r\n", b"{}", True),
                                 (b"Transfer-Encoding: chunked\r\n", b"1\r\n{\r\n1;x\r\n}\r\n0\r\n\r\n", True),
                                 (b"", b"{}", False)):
            got = run(self.read(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + body))
            self.assertEqual(got, (200, (b"{}", keep)))

    def test_what_is_too_long_or_no_http_is_an_error(self):
        for text in (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", b"SSH-2.0\r\n\r\n",
                     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n"):
            with self.assertRaises(ValueError):
                run(self.read(text))

    def test_a_name_server_s_answer_is_read_and_a_torn_one_has_no_address(self):
        asked = stepped.question("palette.example", 7)
        answer = asked[:6] + b"\0\1" + asked[8:] + b"\xc0\x0c\0\1\0\1\0\0\0\5\0\4\xcb\0\x71\x0a"
        self.assertEqual(stepped.addresses_in(answer), ["203.0.113.10"])
        self.assertEqual(stepped.addresses_in(answer[:-3]), [])


class Maas(unittest.TestCase):
    def test_a_signature_is_made_anew_each_time(self):
        async def work():
            return maas.authorization(["ck", "tk", "t&s"]), maas.authorization(["ck", "tk", "t&s"])
        one, two = run(work())
        self.assertIn('oauth_signature="%26t%26s"', one)
        self.assertNotEqual(one, two)

    def test_a_wish_for_a_disk_is_never_more_than_was_asked(self):
        self.assertEqual(maas.disk_size(60), "64.42")
        self.assertEqual(maas.disk_size(1), "1.07")

    def test_empty_wishes_are_left_out_and_others_asked(self):
        pool = {"cloudConfig": {"azs": ["z1", ""], "resourcePool": "", "tags": ["fast", "gpu"],
                                "instanceType": {"minCPU": 4, "minMemInMB": 0, "minDiskSizeInGB": 60}}}
        self.assertEqual(maas.constraints(pool, {"amd64"}), [
            ("zone", "z1"), ("tags", "fast"), ("tags", "gpu"), ("cpu_count", "4"), ("storage", "root:64.42"), ("arch", "amd64")])

    def test_a_machine_that_is_not_what_was_asked_for_is_told_apart(self):
        asked = [("zone", "z1"), ("cpu_count", "4"), ("mem", "8192"), ("storage", "root:64.42"), ("tags", "fast")]
        self.assertEqual(maas.misfit(machine(), asked), "")
        for more in ({"zone": {"name": "z2"}}, {"cpu_count": 2}, {"memory": 1}, {"tag_names": []},
                     {"physicalblockdevice_set": [{"size": 1}]}):
            self.assertNotEqual(maas.misfit(machine(**more), asked), "", more)

    def test_an_uploaded_image_has_two_names(self):
        rows = [{"name": "x", "type": "Uploaded"}, {"name": "ubuntu/jammy", "type": "Synced"}]
        self.assertEqual(len(maas.images(rows, "custom/x")), 1)
        self.assertEqual(len(maas.images(rows, "ubuntu/jammy")), 1)
        self.assertEqual(maas.images(rows, "custom/jammy"), [])

    def test_the_published_address_follows_the_preferred_subnets(self):
        one = machine(ip_addresses=["10.10.0.1", "10.11.0.1"])
        self.assertEqual(maas.address_of(one, ["10.12.0.0/24", "10.11.0.0/24"]), "10.11.0.1")
        self.assertEqual(maas.address_of(one, None), "10.10.0.1")

    def test_an_error_of_maas_never_shows_what_a_401_says(self):
        from http1 import Answer
        with self.assertRaises(maas.MaasError) as caught:
            maas._judged(Answer(401, {}, b"Expected signature base string: &geheim"), True)
        self.assertNotIn("geheim", str(caught.exception))

    def test_only_a_busy_maas_with_retry_after_is_known_to_have_done_nothing(self):
        from http1 import Answer
        for status, headers, unknown in ((409, {"retry-after": "5"}, False), (503, {}, True), (500, {}, True), (409, {}, False)):
            with self.assertRaises(maas.MaasError) as caught:
                maas._judged(Answer(status, headers, b""), True)
            self.assertEqual(caught.exception.unknown, unknown, status)


class UserData(unittest.TestCase):
    def document(self, told=None, **more):
        whole = base64.b64decode(userdata.render(told or settings(), item(**more), "y3b3x4", "cp", "init", "10.1.1.1", ["10.11.0.0/24"]))
        first, _, rest = whole.decode().partition("\n")
        self.assertEqual(first, "#cloud-config")
        return json.loads(rest)

    def test_without_a_proxy_there_are_no_files_of_it(self):
        made = self.document()
        self.assertEqual([file["path"] for file in made["write_files"]], [userdata.AGENT, userdata.PALETTE_CA])
        self.assertEqual(made["runcmd"], [["systemctl", "daemon-reload"], ["systemctl", "enable", "--now", "gateproof-agent.service"]])
        self.assertEqual(json.loads(made["write_files"][0]["content"])["proxy"], {"httpProxy": "", "httpsProxy": "", "noProxy": ""})

    def test_a_proxy_is_inherited_byte_for_byte_in_three_places(self):
        url = "http://u:p%40ss@10.9.0.3:3128"
        made = self.document(settings(GP_HTTPS_PROXY=url, GP_NO_PROXY="a, .maas"))
        files = {file["path"]: file["content"] for file in made["write_files"]}
        proxy = json.loads(files[userdata.AGENT])["proxy"]
        self.assertEqual(proxy["httpsProxy"], url)
        self.assertEqual(proxy["noProxy"], "a, .maas,localhost,127.0.0.1,169.254.169.254,.svc,.cluster.local,192.168.0.0/16,"
                                           "10.96.0.0/12,10.1.1.1,10.11.0.0/24")
        self.assertIn(f'https_proxy="{url}"\n', files["/etc/environment"])
        self.assertNotIn("HTTP_PROXY=\"\"", files["/etc/environment"])
        self.assertIn('"HTTPS_PROXY=http://u:p%%40ss@10.9.0.3:3128"', files[userdata.DROP_IN])
        self.assertEqual(made["runcmd"][1], ["systemctl", "restart", "containerd"])


class Places(unittest.TestCase):
    def making(self, machines, sizes=(3, 1)):
        pools = [{"poolConfig": {"name": "cp", "size": sizes[0], "isControlPlane": True}},
                 {"poolConfig": {"name": "work", "size": sizes[1]}}]
        made = Making.__new__(Making)
        made.pools, made.control = pools, {"cp"}
        made.record = {"machines": {str(n): {"pool": pool, "role": role, "drop": drop} for n, (pool, role, drop) in enumerate(machines)}}
        made.held = {system_id: {} for system_id in made.record["machines"]}
        return [(pool["poolConfig"]["name"], role) for pool, role in made.places()]

    def test_exactly_one_machine_is_the_first(self):
        self.assertEqual(self.making([]), [("cp", "init"), ("cp", "join"), ("cp", "join"), ("work", "join")])
        self.assertEqual(self.making([("cp", "init", ""), ("work", "join", "")]), [("cp", "join"), ("cp", "join")])

    def test_a_new_first_machine_waits_until_the_former_is_not_held(self):
        self.assertEqual(self.making([("cp", "init", "failed")]), [("cp", "join"), ("cp", "join"), ("work", "join")])

    def test_all_there_is_nothing_missing(self):
        self.assertEqual(self.making([("cp", "init", ""), ("work", "join", "")], (1, 1)), [])


class Queries(unittest.TestCase):
    def test_rows_of_maas_become_items_of_the_public_model(self):
        self.assertEqual(pcg.item_of("azs", {"name": "z1", "description": None, "id": 1}), {"name": "z1", "description": ""})
        self.assertEqual(pcg.item_of("subnets", {"id": 1, "name": "s", "vlan": {"id": 2, "name": "v", "fabric": "f"}}),
                         {"id": 1, "name": "s", "space": "", "vlans": {"id": 2, "name": "v", "fabric": "f"}})

    def test_an_item_without_its_pair_is_left_alone(self):
        self.assertTrue(pcg.sound(item()))
        self.assertFalse(pcg.sound({"uid": "x", "epoch": "1", "revision": 1}))
        self.assertFalse(pcg.sound("x"))


if __name__ == "__main__":
    unittest.main()
