"""mock-palette as a new user meets it: started by hand, used by the lines that it prints, killed, and
started again on its state. Usage: palette_alone.py MOCK_PALETTE"""
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request


class Mock:
    """Runs until it is killed; `lines` is what it printed."""

    def __init__(self, program, *options):
        self.run = subprocess.Popen([program, *options], stdout=subprocess.PIPE, text=True)
        self.lines = []
        for line in self.run.stdout:
            self.lines.append(line.rstrip("\n"))
            if "overlords/pairing/code" in line:
                return
        sys.exit(f"it ended after: {self.lines}")

    def said(self, pattern):
        found = [m for line in self.lines if (m := re.search(pattern, line))]
        assert found, (pattern, self.lines)
        return found[0].group(1)

    def typed(self, what):
        """The answer to the line that it printed for that, as it was printed."""
        line = next(text for text in self.lines if text.startswith("  curl") and what in text)
        return subprocess.run(line + " -S --max-time 60", shell=True, check=True, capture_output=True, text=True).stdout

    def shows(self, path):
        return urllib.request.urlopen(self.said(r"controlled at (\S+)/") + path, timeout=60).read().decode()

    def kill(self):
        self.run.kill()
        self.run.wait()


def what_it_prints_is_enough(mock):
    """A tenant, a project and a key are there; the lines make a gateway, and the page shows it."""
    projects = json.loads(mock.typed("projects/metadata"))
    assert [item["metadata"]["name"] for item in projects["items"]] == ["Default"], projects
    assert json.loads(mock.typed("/overlords"))["items"] == []
    head, body = mock.typed("pairing/code").replace("\r", "").split("\n\n")
    uid = re.search(r"X-Gp-Pcg-Uid: (\w+)", head).group(1)
    code = json.loads(body)["pairingCode"]
    page, figures = mock.shows("/"), mock.shows("/metrics")
    assert uid in page and "Pending" in page and "pairing-code" in page
    assert 'gateways{state="Pending"} 1\n' in figures
    key = mock.said(r'ApiKey: (\w+)"')
    assert len(key) == 32 and key not in page and code not in page + figures
    return uid, key


def main(program):
    alone = Mock(program)
    try:
        what_it_prints_is_enough(alone)
    finally:
        alone.kill()
    with tempfile.TemporaryDirectory() as folder:
        options = "--state", os.path.join(folder, "state"), "--authority", os.path.join(folder, "tls")
        first = Mock(program, *options)
        try:
            uid, key = what_it_prints_is_enough(first)
        finally:
            first.kill()
        again = Mock(program, *options)
        try:
            assert again.said(r'ApiKey: (\w+)"') == key, "another key than the one that was printed"
            items = json.loads(again.typed("/overlords"))["items"]
            assert [item["metadata"]["uid"] for item in items] == [uid], items
        finally:
            again.kill()
    print("palette_alone: what it prints is enough, and a killed one goes on where it was")


main(sys.argv[1])
