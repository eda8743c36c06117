#!/usr/bin/env python3
"""docs/first-gateway.md, typed as it stands there: the gateway of shell that it prints, the one of
Python beside it, and what the page says of each way to break that one. Story 100 on a faster clock.

  first_gateway.py GATEPROOF      77 where this machine forbids namespaces
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/first-gateway.md").read_text()
FIRST = ROOT / "docs/first-gateway"
GREEN = {r: "pass" for r in ("TOP-3", "REG-1", "REG-2", "REG-3", "REG-4", "LAUNCH", "H-5")}
BREAKS = {  # words of the page's table: what is broken, and the rule that says so
    # as `return` ends it, but for a window: a Python that is on its way out dies of TERM (GP-20 sends one)
    "let `main` return": (("    renew = time.monotonic() + said[\"expiresInSeconds\"] / 2        #",
                           "    os._exit(0)\n    #"), "LAUNCH"),
    "print `secret(": (("    said, cursor = enrol(), \"\"",
                        "    print(secret(\"pairing-code\"), flush=True)\n    said, cursor = enrol(), \"\""),
                       "REG-4"),
    "leave out the call of `account()`": (("            account()\n", ""), "TOP-3"),
    "without `heartbeat`": (("        call(\"PUT\", f\"/v1/spectroclusters",
                             "        (lambda *_: 0)(\"PUT\", f\"/v1/spectroclusters"), "REG-2"),
}


def fenced(kind):
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.S)


def data_make(folder):
    """Story 100 as it is, but a third of an hour long. The clock is real: a fast one would judge this
    machine's load instead of the gateway."""
    story = (ROOT / "scenarios/stories/100-install-and-register.scn").read_text()
    for was, becomes in ("factor 120", "factor 100"), ("for 30m", "for 5m"), ("run 1h", "run 20m"):
        if was not in story:
            sys.exit(f"story 100 has no '{was}' any more")
        story = story.replace(was, becomes)
    (folder / "stories").mkdir()
    (folder / "stories/100-install-and-register.scn").write_text(story)
    (folder / "labs").symlink_to(ROOT / "scenarios/labs")


def play(program, folder, name, files):
    """Verdicts and exit status of the gateway made of these files."""
    home = folder / name
    home.mkdir()
    for file, text in files.items():
        (home / file).write_text(text)
        (home / file).chmod(0o755)
    told = subprocess.run(
        [program, "run", "100", "--data", str(folder), "--gateway", str(home / "gateway.json"),
         "--out", str(home / "out")], capture_output=True, text=True, timeout=120, check=False)
    report = home / "out/report.json"
    if not report.exists():
        sys.exit(f"{name}: status {told.returncode}, no report: {told.stderr}")
    rules = json.loads(report.read_text())["rules"]
    return {r["id"]: r["verdict"] for r in rules}, told.returncode, told.stdout


def expect(name, seen, rules, status):
    verdicts, code, text = seen
    wrong = {r: verdicts.get(r) for r, v in rules.items() if verdicts.get(r) != v}
    if wrong or code != status:
        sys.exit(f"{name}: status {code}, not {status}; {wrong}, not as the page says\n{text}")


def main():
    if subprocess.run(["unshare", "-Urn", "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        sys.exit(77)
    program = str(pathlib.Path(sys.argv[1]).resolve())
    python = {f.name: f.read_text() for f in FIRST.iterdir() if f.is_file()}
    shell = {"gateway.json": fenced("json")[0], "start.sh": fenced("bash")[0]}
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gateproof-first-"))
    jobs = {"shell": shell, "python": python}
    for words, ((was, becomes), _) in BREAKS.items():
        if words not in PAGE or was not in python["gateway.py"]:
            sys.exit(f"'{words}': not in the page, or its line not in gateway.py")
        jobs[re.sub("[^a-z]+", "-", words)] = {
            **python, "gateway.py": python["gateway.py"].replace(was, becomes)}
    try:
        data_make(folder)
        with ThreadPoolExecutor(3) as pool:
            seen = dict(zip(jobs, pool.map(lambda n: play(program, folder, n, jobs[n]), jobs)))
        expect("shell", seen["shell"], {"LAUNCH": "pass", "REG-2": "vacuous", "TOP-3": "vacuous"}, 2)
        expect("python", seen["python"], GREEN, 0)
        for words, (_, rule) in BREAKS.items():
            expect(words, seen[re.sub("[^a-z]+", "-", words)], {rule: "fail"}, 1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"first gateway: {len(jobs)} gateways, as the page says")


main()
