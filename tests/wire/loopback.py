#!/usr/bin/env python3
"""Stage loopback on a machine that forbids namespaces: real programs tell each other the same stories,
what rests on packets is inconclusive and nothing else is, and nobody stays behind.

  loopback.py GATEPROOF install    story 100
  loopback.py GATEPROOF life       story 101, a run that is killed, and what is refused
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
ROOM = pathlib.Path(tempfile.mkdtemp(prefix="loopback-"))
RUNTIME = ROOM / "runtime"
WAIT_S = 30  # a bound, not a measure: everything below is looked at until it is so
STORIES = {  # which verdicts: pass, and inconclusive
    "100": ({"REG-2", "TOP-3", "H-5", "LAUNCH"}, {"REG-1", "REG-3", "REG-4"}),
    "101": ({"TOP-4", "TOP-5", "REG-7", "MAA-2", "MAA-4", "MAA-6", "AGT-1", "LIF-4", "LIF-7", "H-5",
             "LAUNCH"},
            {"TOP-1", "REG-4", "CON-3", "CON-4", "AGT-5"}),
}
# Where namespaces can be made they are forbidden first; where they cannot, this is such a machine.
FORBID = ["unshare", "-Ur", "sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', "sh"]


def jail():
    return FORBID if subprocess.run([*FORBID, "true"], capture_output=True, check=False).returncode == 0 else []


def words(*more):
    return [*jail(), PROGRAM, *more, "--out", str(ROOM / "report")]


def env():
    return dict(os.environ, XDG_RUNTIME_DIR=str(RUNTIME))


def gateproof(*more):
    return subprocess.run(words(*more), capture_output=True, text=True, timeout=120, check=False, env=env())


def expect(what, so):
    if not so:
        sys.exit(f"not so: {what}")


def until(what, holds):
    end = time.monotonic() + WAIT_S
    while not holds():
        if time.monotonic() > end:
            sys.exit(f"not within {WAIT_S} s: {what}")
        os.sched_yield()


def ours():
    """Processes that write their output below our room: all that a run starts."""
    found = []
    for path in pathlib.Path("/proc").iterdir():
        try:
            if path.name.isdigit() and str(ROOM) in os.readlink(path / "cwd"):
                found.append(int(path.name))
        except OSError:
            pass
    return found


def what_rests_on_packets_is_inconclusive_and_the_rest_passes(story):
    end = gateproof("run", story, "--stage", "loopback", "--over", "nat")
    expect(f"nothing is wrong, and not all is proven: {end.returncode} {end.stdout}{end.stderr}", end.returncode == 2)
    report = json.loads((ROOM / "report/report.json").read_text())
    expect("the report says what was not looked at", "nobody sees packets" in report["note"])
    verdicts = {}
    for rule in report["rules"]:
        verdicts.setdefault(rule["verdict"], set()).add(rule["id"])
    passes, blind = STORIES[story]
    expect(f"verdicts: {verdicts}", verdicts == {"pass": passes, "inconclusive": blind})
    for v in report["stories"][0]["verdicts"]:
        expect(f"{v} says why", v["verdict"] != "inconclusive" or "stage loopback sees no packets" in v["note"])
    for journal in (ROOM / "report").glob("*/journal.jsonl"):
        expect(f"{journal} holds no packet", not re.search(r'"ev":"(flow|tap)\.', journal.read_text()))


def machines_read_what_they_cannot_execute():
    journal = next((ROOM / "report").glob("101*/journal.jsonl")).read_text()
    expect("three machines booted, with Palette's authority in their user data",
           len(re.findall(r'"ev":"node.boot".*anchor=lab', journal)) == 3)


def nobody_stays_behind():
    expect(f"no process: {ours()}", not ours())
    expect("no folder", not list(RUNTIME.iterdir()))


def a_run_that_was_killed_leaves_no_process_and_its_folder_is_the_next_ones():
    run = subprocess.Popen(words("run", "120", "--stage", "loopback"), stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, env=env())
    until("programs run", lambda: len(ours()) >= 2)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    until("all of them end", lambda: not ours())
    expect("what it had in memory is there", list(RUNTIME.iterdir()))
    expect("the next run", gateproof("run", "100", "--stage", "loopback", "--over", "nat").returncode == 2)
    nobody_stays_behind()


def strays():
    """Processes in the folder of the gateways that misbehave: there they are started."""
    found = []
    for path in pathlib.Path("/proc").iterdir():
        try:
            if path.name.isdigit() and os.readlink(path / "cwd") == str(ROOM / "data"):
                found.append(int(path.name))
        except OSError:
            pass
    return found


def who_leaves_a_process_behind_is_caught_and_the_process_ends():
    data = ROOM / "data"
    for folder in ("stories", "labs"):
        (data / folder).mkdir(parents=True)
    shutil.copy(TOP / "scenarios/labs/nat.json", data / "labs")
    for name in ("contract.sh", "forks-away.sh"):
        shutil.copy(TOP / "tests/netns/gateways" / name, data)
    (data / "stories/900-stray.scn").write_text(
        'scenario "a gateway whose child stays"\nwall factor 100\nsite shape nat\nat 0s gateway installs\n'
        "at 20m gateway dies\nend gateways listed 1 [REG-2]\nnever gateway is Running for 20m\nrun 21m\n")
    (data / "gateway.json").write_text(json.dumps({
        "contract": 1, "profile": "1.0", "name": "stray", "vendor": "Nobody", "version": "1",
        "command": ["./forks-away.sh"], "features": ["pcg"], "provision": "full", "clock": ["wall"],
        "start_seconds": 1, "stop_seconds": 1}))
    end = gateproof("run", "900", "--stage", "loopback", "--data", str(data), "--gateway", str(data / "gateway.json"))
    expect(f"it fails: {end.returncode} {end.stdout}{end.stderr}",
           end.returncode == 1 and "LAUNCH" in end.stdout and "GP-13" in end.stdout)
    expect(f"no process of it: {strays()}", not strays())


def who_wants_namespaces_is_told_of_the_stage_without():
    if not jail():
        return  # and a machine with namespaces has nothing to say
    for stage in (["--stage", "netns"], []):
        end = gateproof("run", "100", "--over", "nat", *stage)
        expect(f"{stage}: {end.stderr}", end.returncode == 2 and "--stage loopback runs the same programs" in end.stderr)


def what_it_has_not_is_refused_before_the_start():
    for more, sentence in ((["--clock", "faketime"], "stage loopback has not"),
                           (["--clock", "wall", "--proxy", "squid"], "add --stage netns")):
        end = gateproof("run", "100", "--stage", "loopback", *more)
        expect(f"{more}: {end.stderr}", end.returncode == 3 and sentence in end.stderr)


RUNTIME.mkdir(mode=0o700)
if sys.argv[2] == "install":
    what_rests_on_packets_is_inconclusive_and_the_rest_passes("100")
    nobody_stays_behind()
else:
    what_rests_on_packets_is_inconclusive_and_the_rest_passes("101")
    machines_read_what_they_cannot_execute()
    nobody_stays_behind()
    a_run_that_was_killed_leaves_no_process_and_its_folder_is_the_next_ones()
    who_leaves_a_process_behind_is_caught_and_the_process_ends()
    who_wants_namespaces_is_told_of_the_stage_without()
    what_it_has_not_is_refused_before_the_start()
shutil.rmtree(ROOM)
