"""ctest's list of tests on stdin; writes a row for each citation that a test registered.
clauses.py CLAUSES FAILURES: the files to write. A test that is no CMocka program cites by a label."""
import json
import os
import re
import subprocess
import sys

FORM = re.compile(r"(GP|P|F)([0-9]+)")
rows = set()
for test in json.load(sys.stdin)["tests"]:
    for row in test.get("properties", []):
        for label in row["value"] if row["name"] == "LABELS" else []:
            if FORM.fullmatch(label):
                rows.add((label, test["name"], ""))
    command = test.get("command", [""])
    with open(command[0], "rb") as program:
        if b"GATEPROOF_CITES" not in program.read():
            continue
    said = subprocess.run(command, env=dict(os.environ, GATEPROOF_CITES="1"), capture_output=True,
                          text=True, timeout=60, check=True).stdout
    for line in said.splitlines():
        name, what = line.split()
        rows.add((what, test["name"], name))
for path, wanted in zip(sys.argv[1:3], (("GP",), ("P", "F"))):
    with open(path, "w") as out:
        out.write("/* Made by ci/clauses from what the tests register. */\n/* clang-format off: a table */\n")
        parted = [(FORM.fullmatch(what).groups(), program, name) for what, program, name in rows]
        for (series, number), program, name in sorted(
                ((s, int(n)), p, t) for (s, n), p, t in parted if s in wanted):
            place = f"{number:3d}" if series == "GP" else f"'{series}', {number:2d}"
            out.write(f'CITE({place}, "{program}", "{name}")\n')
