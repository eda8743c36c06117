#!/usr/bin/env python3
"""ci/widenings.py BIN OUT: each row of docs/rogues.md that widens what a rogue may fail, played in the
simulator: the rule must fail in the run that the row names, and its verdict must say what the row says."""
import json, re, subprocess, sys

bin_dir, out = sys.argv[1:]
rows = re.findall(r"^\| `([^`]+)` \| ([A-Z]{3}-\d) \| (\d{3}) \| ([^|]*) \| ([^|]*) \| [^|]* \|$",
                  open("docs/rogues.md").read(), re.M)
runs, bad = {}, 0


def verdicts(rogue, story, over):
    """What failed in that run: rule -> what was seen."""
    words = ["run", story, "--gateway", f"tests/rogues/{rogue}.json", "--stage", "sim", "--out", out]
    subprocess.run([f"{bin_dir}/gateproof", *words, *(["--over", over] if over else [])], capture_output=True)
    with open(f"{out}/report.json") as f:
        stories = json.load(f)["stories"]
    return {v["rule"]: v["seen"] for s in stories for v in s["verdicts"] if v["verdict"] == "fail" and v["counts"]}


for rogue, rule, story, over, seen in rows:
    run = (rogue, story, "" if over == "the only one" else over)
    if run not in runs:
        runs[run] = verdicts(*run)
    if seen not in runs[run].get(rule, ""):
        print(f"rogues: {rogue} widens what may fail by {rule}, and story {story} ({over}) does not show it")
        bad = 1
if not rows:
    print("rogues: docs/rogues.md has no widening to play: this check sees nothing")
    bad = 1
if not bad:
    print(f"rogues: {len(rows)} widenings, each seen in the run that its row names")
sys.exit(bad)
