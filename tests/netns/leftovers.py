#!/usr/bin/env python3
"""Labs that stay, and what is left when they end: by `lab down`, or because somebody killed them or a
run in the middle. Looked at is what a person would look at: processes, folders, names in
/proc/net/unix, network namespaces.

  leftovers.py GATEPROOF      77 where this machine forbids namespaces
"""
import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(tempfile.mkdtemp(prefix="leftovers-"))
WAIT_S = 100  # a bound, not a measure: a whole story is waited for, on a machine that may be busy
MARK = f"GATEPROOF_LEFTOVERS={os.getpid()}"
ENV = dict([MARK.split("=")], **os.environ)


def gateproof(*words, **more):
    return subprocess.run([PROGRAM, *words, "--data", str(DATA)], capture_output=True, text=True, timeout=60, check=False,
                          env=ENV, **more)


def ours():
    """Processes that were started from here, however deep: they all have our mark."""
    pids = []
    for path in pathlib.Path("/proc").iterdir():
        try:
            if path.name.isdigit() and MARK.encode() in (path / "environ").read_bytes():
                pids.append(int(path.name))
        except OSError:
            pass
    return pids


def namespaces():
    """Network namespaces that live, as far as processes hold them."""
    found = set()
    for path in pathlib.Path("/proc").iterdir():
        try:
            if path.name.isdigit():
                found.add(os.readlink(path / "ns/net"))
        except OSError:
            pass
    return found


def door(lab):
    return any(f"gateproof-lab-{os.geteuid()}-{lab}" in line
               for line in pathlib.Path("/proc/net/unix").read_text().splitlines())


def until(what, holds):
    end = time.monotonic() + WAIT_S
    while not holds():
        if time.monotonic() > end:
            sys.exit(f"not within {WAIT_S} s: {what}")
        os.sched_yield()


def expect(what, so):
    if not so:
        sys.exit(f"not so: {what}")


def a_lab_goes_up_is_entered_and_goes(lab):
    told = gateproof("lab", "up", lab)
    expect(f"lab up: {told.stderr}", told.returncode == 0 and "is up after" in told.stdout)
    expect("a second one is refused in one line", "is up already" in gateproof("lab", "up", lab).stderr)
    expect("show says how to enter", f"lab shell {lab} gw1" in gateproof("lab", "show", lab).stdout)
    as_it_stands = [line.strip() for line in told.stdout.splitlines() if line.startswith("  gateproof lab ")]
    expect("shell, a command and down are told", len(as_it_stands) == 3)
    for line in as_it_stands[:2]:
        typed = shlex.split(line.split("  ")[0])[1:]
        ended = subprocess.run([PROGRAM, *typed], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                               timeout=60, check=False, env=ENV)
        expect(f"what was told can be typed: {line}: {ended.stderr}", ended.returncode == 0)
    typed = shlex.split(as_it_stands[2].split("  ")[0])[1:]
    expect("and so can the end", subprocess.run([PROGRAM, *typed], check=False, env=ENV).returncode == 0)
    gateproof("lab", "up", lab)
    inside = gateproof("lab", "shell", lab, "gw1", "cat /proc/net/fib_trie; getent hosts maas.site")
    expect(f"gw1 has its address and its names: {inside.returncode} {inside.stdout}{inside.stderr}",
           "10.10.0.2" in inside.stdout and "10.10.0.3" in inside.stdout)
    expect("what a command says is what shell says",
           gateproof("lab", "shell", lab, "maas", "exit 7").returncode == 7)
    expect("a host that is not there is one line",
           "no host 'gw9'" in gateproof("lab", "shell", lab, "gw9").stderr)
    told = gateproof("lab", "down", lab)
    expect(f"lab down: {told.stderr}", told.returncode == 0)
    expect("it is gone when down returns", not door(lab))
    until("no process is left", lambda: not ours())
    expect("down again is one line", "is not up" in gateproof("lab", "down", lab).stderr)


def a_killed_lab_takes_its_shells_along(lab):
    gateproof("lab", "up", lab)
    with subprocess.Popen([PROGRAM, "lab", "shell", lab, "m1", "echo in; exec sleep 600", "--data", str(DATA)],
                          stdout=subprocess.PIPE, env=ENV) as shell:
        expect("the shell is in", shell.stdout.readline() == b"in\n")
        kept = gateproof("lab", "show", lab).stdout.split("kept by process ")[1].split(";")[0]
        os.kill(int(kept), signal.SIGKILL)
    until("no process is left", lambda: not ours())
    until("the name is free", lambda: not door(lab))
    expect("and it can be made again", gateproof("lab", "up", lab).returncode == 0)
    gateproof("lab", "down", lab)
    until("no process is left", lambda: not ours())


def a_killed_run_leaves_nothing(folder):
    tmp = folder / "tmp"
    tmp.mkdir()
    before = {spot: os.listdir(spot) for spot in ("/media", "/mnt", "/srv", "/tmp") if os.path.isdir(spot)}
    # the idle week: long enough to be in the middle of, in namespaces of its own
    with subprocess.Popen([PROGRAM, "run", "120", "--stage", "netns", "--out", str(folder / "out")],
                          env={**ENV, "TMPDIR": str(tmp)}, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as run:
        own = os.readlink("/proc/self/ns/net")
        inside = set()

        def is_in_the_middle():
            for pid in ours():
                try:
                    inside.add(os.readlink(f"/proc/{pid}/ns/net"))
                except OSError:
                    pass
            inside.discard(own)
            return (folder / "out").is_dir() and any((folder / "out").rglob("gateway.log"))

        until("the gateway of the run has started", is_in_the_middle)
        expect("it is in namespaces of its own", inside)
        run.kill()
    until("no process is left", lambda: not ours())
    until("no namespace is left", lambda: not namespaces() & inside)
    expect(f"no folder is left: {os.listdir(tmp)}", not os.listdir(tmp))
    for spot, names in before.items():
        new = [n for n in os.listdir(spot) if n not in names and n.startswith("gateproof-") and
               spot != "/tmp"]
        expect(f"nothing new in {spot}: {new}", not new)


def children(pid):
    """Oldest first."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def killed_in_the_middle(folder, which, *stories):
    """What is reported after SIGKILL to that child of the run in its second story, and the exit status."""
    out = folder / f"out-{which}"
    words = ["run", *stories, "--stage", "netns", "--jobs", "1", "--format", "json", "--out", str(out)]
    with subprocess.Popen([PROGRAM, *words], env={**ENV, "TMPDIR": str(folder / "tmp")}, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as run:
        until(f"story {stories[1]} is under way", lambda: out.is_dir() and any(out.glob(f"{stories[1]}*/gateway.log")))
        os.kill(children(run.pid)[which], signal.SIGKILL)
        report = json.loads(run.communicate()[0])
    until("no process is left", lambda: not ours())
    return {story["story"][:3]: story for story in report["stories"]}, run.returncode


def a_story_whose_process_is_killed_is_told_and_the_next_one_is_judged(folder):
    stories, status = killed_in_the_middle(folder, -1, "102", "120", "803")
    expect(f"who was not killed is judged: {[(n, s['overall']) for n, s in stories.items()]}",
           stories["102"]["overall"] == "pass" and stories["803"]["overall"] == "pass")
    expect(f"who was killed is told: {stories['120']}", "ended with signal 9" in json.dumps(stories["120"]))
    expect(f"and nothing is proven by it: {status}", status == 2)
    expect(f"no folder is left: {os.listdir(folder / 'tmp')}", not os.listdir(folder / "tmp"))


def a_program_of_ours_that_is_missing_is_told_before_the_start(folder):
    bin_dir = folder / "bin"
    bin_dir.mkdir()
    beside = pathlib.Path(PROGRAM).parent
    for name in ("gateproof", "mock-maas", "mock-palette", "mock-cluster"):
        shutil.copy(beside / name, bin_dir)
    run = [bin_dir / "gateproof", "run", "210", "--stage", "netns", "--gateway", beside / "gateway.json",
           "--data", ROOT / "scenarios", "--out", folder / "none"]
    told = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False, env=ENV)
    expect(f"one line, and nothing begun: {told.returncode} {told.stdout}{told.stderr}",
           told.returncode == 3 and told.stderr.count("\n") == 1 and f"{bin_dir}/lab-proxy" in told.stderr
           and "ci/build release" in told.stderr and not (folder / "none").exists())


def who_keeps_the_lab_is_killed_and_no_story_is_the_worse_for_it(folder):
    stories, status = killed_in_the_middle(folder, 0, "102", "104", "803")
    expect(f"all are judged: {[(n, s['overall']) for n, s in stories.items()]}",
           status == 0 and all(s["overall"] == "pass" for s in stories.values()))


def lab_make(shape):
    """The shape under a name that nobody else on this machine has up just now."""
    name = f"{shape}-{os.getpid()}"
    text = (ROOT / "scenarios/labs" / f"{shape}.json").read_text()
    (DATA / "labs" / f"{name}.json").write_text(text.replace(f'"name": "{shape}"', f'"name": "{name}"', 1))
    return name


def main():
    if subprocess.run(["unshare", "-Urn", "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        sys.exit(77)
    folder = DATA
    (folder / "labs").mkdir()
    labs = [lab_make("firewall"), lab_make("two-exits")]
    try:
        a_lab_goes_up_is_entered_and_goes(labs[0])
        a_killed_lab_takes_its_shells_along(labs[1])
        a_killed_run_leaves_nothing(folder)
        a_program_of_ours_that_is_missing_is_told_before_the_start(folder)
        a_story_whose_process_is_killed_is_told_and_the_next_one_is_judged(folder)
        who_keeps_the_lab_is_killed_and_no_story_is_the_worse_for_it(folder)
    finally:
        for lab in labs:
            gateproof("lab", "down", lab)
        shutil.rmtree(folder, ignore_errors=True)
    print("leftovers: none, by down and by SIGKILL")


main()
