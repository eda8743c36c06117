"""ctest's list of tests on stdin; prints a row for each citation that a test program registered."""
import json
import os
import subprocess
import sys

rows = set()
for test in json.load(sys.stdin)["tests"]:
    command = test.get("command", [""])
    with open(command[0], "rb") as program:
        if b"GATEPROOF_CITES" not in program.read():
            continue
    said = subprocess.run(command, env=dict(os.environ, GATEPROOF_CITES="1"), capture_output=True,
                          text=True, timeout=60, check=True).stdout
    for line in said.splitlines():
        name, number = line.split()
        rows.add((int(number), test["name"], name))
for number, program, name in sorted(rows):
    print(f'CITE({number:3d}, "{program}", "{name}")')
