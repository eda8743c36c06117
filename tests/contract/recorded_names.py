#!/usr/bin/env python3
"""Nothing of the recordings stands in mock-maas: the model gives its answers, it does not know them.

Looked for in the sources of mock-maas: each system id, MAC address, uuid and machine's name that a
recorded answer holds, and texts of the sources that are a long piece of one and tell members of an
object. MAAS's own pages and sentences, which hold no value of a world, may stand there. A planted
one must be found, or this check sees nothing.
"""
import glob
import gzip
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(HERE, "../../mock-maas")
LONG = 120  # letters
NAMES = {"system_id", "hostname", "fqdn", "mac_address", "hardware_uuid", "uuid", "serial", "id_path"}
# Names that anybody's MAAS has, or that our labs give to their own machines.
ANYBODYS = re.compile(r"maas|m\d+|(m\d+|maas)\.maas|[a-z]{1,3}|\d+")


def walk(value, name, found):
    if isinstance(value, dict):
        for key, inner in value.items():
            walk(inner, key, found)
    elif isinstance(value, list):
        for inner in value:
            walk(inner, name, found)
    elif isinstance(value, str) and name in NAMES and not re.fullmatch(ANYBODYS, value):
        found.add(value)


def recorded():
    names, bodies = set(), []
    for path in glob.glob(os.path.join(HERE, "replay", "*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                body = json.loads(line)["response"]["body"] or ""
                bodies.append(body)
                try:
                    walk(json.loads(body), "", names)
                except ValueError:
                    pass
                names.update(re.findall(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", body))
    # what has a blank is a sentence about the member
    return {name for name in names if len(name) > 3 and " " not in name}, "\0".join(bodies)


def literals(text):
    """Texts of a C file, neighbours joined."""
    for group in re.findall(r'"(?:\\.|[^"\\\n])*"(?:\s*"(?:\\.|[^"\\\n])*")*', text):
        parts = re.findall(r'"((?:\\.|[^"\\\n])*)"', group)
        yield "".join(parts).replace('\\n', "\n").replace('\\"', '"').replace("\\\\", "\\")


def found_in(text, names, bodies):
    for name in names:
        if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text):
            yield f"the recorded name {name}"
    for literal in literals(text):
        if len(literal) >= LONG and '": ' in literal and literal in bodies:
            yield f"a piece of a recorded answer: {literal[:60]}…"


def main():
    names, bodies = recorded()
    planted = f'const char *id = "{sorted(names)[0]}";'
    if not names or not list(found_in(planted, names, bodies)):
        print("a planted name was not found")
        return 1
    piece = max(bodies.split("\0"), key=len)[:LONG + 40]
    if not list(found_in(json.dumps(piece, ensure_ascii=False), names, bodies)):
        print("a planted piece of an answer was not found")
        return 1
    bad = 0
    files = glob.glob(os.path.join(SOURCES, "**/*.[ch]"), recursive=True)
    for path in sorted(files):
        with open(path, encoding="utf-8") as text:
            for what in found_in(text.read(), names, bodies):
                print(f"{os.path.relpath(path, SOURCES)}: {what}")
                bad = 1
    print(f"{len(names)} recorded names, {len(files)} sources")
    return bad


sys.exit(main())
