#!/usr/bin/env python3
"""Recorded exchanges of a real MAAS, asked of mock-maas over HTTP by its own replayer.

  replay_test.py BIN score|mutate|ledger

score: every recording, both versions; what misses is what misses.json lists, with its reason, and
docs/fidelity.md tells of it. mutate: one byte of each of 50 recorded answers is altered, and the
score must fall by exactly 50: the replayer does see what it compares. ledger: writes into
docs/fidelity.md what each operation's answers rest on.
"""
import gzip
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "replay")
RECORDINGS = [("recorded-3.7.3", "3.7"), ("states-3.7.3", "3.7"), ("recorded-3.5.12", "3.5")]
MUTATIONS = 50
# Members whose names the replayer's table of rules knows: their values may differ.
LOOSE = {"resource_uri", "created", "updated", "uuid", "hardware_uuid", "system_id", "node"}


def unpacked(name, folder):
    path = os.path.join(folder, name + ".jsonl")
    with gzip.open(os.path.join(HERE, name + ".jsonl.gz"), "rb") as packed, open(path, "wb") as out:
        out.write(packed.read())
    return path


def keys():
    with open(os.path.join(HERE, "world-3.7.json"), encoding="utf-8") as world:
        users = json.load(world)["users"]
    return ",".join(f"{u['name']}={u['key']}" for u in users if u["key"])


class Mock:
    """mock-maas with a control port, for as long as the block lasts."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def __enter__(self):
        users = os.path.join(self.folder, "users")
        with open(users, "w", encoding="utf-8") as out:
            json.dump([{"name": "nobody", "key": "a:b:c"}], out)
        self.process = subprocess.Popen(
            [self.program, "--users-file", users, "--machines", "0", "--control", "127.0.0.1:0",
             "--control-port-file", os.path.join(self.folder, "control"),
             "--port-file", os.path.join(self.folder, "port")], stdout=subprocess.PIPE)
        self.process.stdout.readline()
        self.process.stdout.readline()  # both ports are written before these lines
        return self

    def port(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8") as text:
            return text.read().strip()

    def replay(self, recording, version, misses=True):
        words = [self.program, "replay", "--url", f"http://127.0.0.1:{self.port('port')}",
                 "--control", f"http://127.0.0.1:{self.port('control')}", "--key", keys(),
                 "--world", os.path.join(HERE, f"world-{version}.json"),
                 "--steps", os.path.join(HERE, "steps.json")]
        if misses:
            words += ["--misses", os.path.join(HERE, "misses.json")]
        return subprocess.run(words + [recording], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def alike(output):
    found = re.search(rb"(\d+) of (\d+) exchanges alike", output)
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)


# --- the ledger ------------------------------------------------------------------------------------

FIDELITY = os.path.join(HERE, "../../../docs/fidelity.md")
BEGIN, END = "<!-- ledger -->\n", "<!-- end of ledger -->\n"


def recorded_requests(name):
    """(method, path, op) of every exchange, once."""
    seen = set()
    with gzip.open(os.path.join(HERE, name + ".jsonl.gz"), "rt", encoding="utf-8") as lines:
        for line in lines:
            request = json.loads(line)["request"]
            pairs = (request["form"] or []) + (request["query"] or [])
            op = next((v for k, v in reversed(pairs) if k == "op"), "")
            path = re.sub("/+", "/", request["path"])
            if "/op-" in path:
                path, op = path.split("op-")
            seen.add((request["method"], path, op))
    return seen


def operations(program):
    """[(method, path, op, regular expression of the path)] of the route table."""
    printed = subprocess.run([program, "--routes"], stdout=subprocess.PIPE, check=True, text=True)
    rows = []
    for line in printed.stdout.splitlines():
        method, target = line.split()[:2]
        path, _, op = target.partition("?op=")
        rows.append((method, path, op, re.compile(re.sub(r"\{[a-z_]+\}", "[^/]+", path))))
    return rows


def ledger(program):
    recorded = {name: recorded_requests(name) for name, _ in RECORDINGS}
    rows = operations(program)
    literal = {path for _, path, _, _ in rows if "{" not in path}
    lines = ["| operation | rests on |", "| --- | --- |"]
    for method, path, op, pattern in rows:
        versions = sorted({name.split("-")[1] for name, seen in recorded.items() for m, p, o in seen
                           if (m, o) == (method, op) and pattern.fullmatch(p)
                           and (p == path or p not in literal)})
        basis = "recorded: " + ", ".join(versions) if versions else "read in MAAS's source, 3.6 to 3.7"
        lines.append(f"| {method} {path}{'?op=' + op if op else ''} | {basis} |")
    return "\n".join(lines) + "\n"


def told():
    with open(FIDELITY, encoding="utf-8") as text:
        return text.read()


def ledger_write(program):
    before, rest = told().split(BEGIN)
    after = rest.split(END)[1]
    with open(FIDELITY, "w", encoding="utf-8") as out:
        out.write(before + BEGIN + ledger(program) + END + after)
    return True


def score(program, folder):
    fine = True
    for name, version in RECORDINGS:
        with Mock(program, folder) as mock:
            done = mock.replay(unpacked(name, folder), version)
        sys.stdout.buffer.write(done.stdout)
        same, all_of_them = alike(done.stdout)
        fine = fine and done.returncode == 0 and same >= 0.95 * all_of_them > 0
    words = told()
    if ledger(program) not in words:
        print("docs/fidelity.md: the ledger is old; replay_test.py BIN ledger writes it anew")
        fine = False
    with open(os.path.join(HERE, "misses.json"), encoding="utf-8") as text:
        for miss in json.load(text):
            if f"`{miss['id']}`" not in words:
                print(f"docs/fidelity.md does not tell of {miss['id']}")
                fine = False
    return fine


def altered(body, chance):
    """One letter of a member's name, or of a text that is no JSON; None: there is nothing."""
    if body.startswith(("{\n", "[\n")):
        places = [m.start(1) for m in re.finditer(r'"([a-z_]+)": ', body) if m[1] not in LOOSE]
    else:
        places = [m.start() for m in re.finditer("[a-zA-Z]", body)]
    if not places:
        return None
    at = chance.choice(places)
    return body[:at] + ("x" if body[at] != "x" else "y") + body[at + 1:]


def mutate(program, folder):
    name, version = RECORDINGS[0]
    chance = random.Random(1)
    path = unpacked(name, folder)
    with open(path, encoding="utf-8") as text:
        records = [json.loads(line) for line in text]
    with open(os.path.join(HERE, "misses.json"), encoding="utf-8") as text:
        missing = {miss["id"] for miss in json.load(text)}
    with Mock(program, folder) as mock:
        before, _ = alike(mock.replay(path, version, False).stdout)
    changed = 0
    for record in chance.sample(records, len(records)):
        body = altered(record["response"]["body"] or "", chance)
        if changed < MUTATIONS and body and record["id"] not in missing:
            record["response"]["body"] = body
            changed += 1
    with open(path, "w", encoding="utf-8") as out:
        out.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    with Mock(program, folder) as mock:
        after, _ = alike(mock.replay(path, version, False).stdout)
    print(f"{before} alike; {after} with one byte of {changed} answers altered")
    return changed == MUTATIONS and before - after == MUTATIONS


def main():
    program, what = sys.argv[1], sys.argv[2]
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        fine = (ledger_write(program) if what == "ledger"
                else {"score": score, "mutate": mutate}[what](program, folder))
    print(f"{time.monotonic() - begin:.1f} s")
    return 0 if fine else 1


sys.exit(main())
