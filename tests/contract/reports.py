#!/usr/bin/env python3
"""The four reports of one run say the same: verdicts, counts, exit status. Each is parsed back for
itself, by its own rules, and the JSON is valid by report.schema.json.

  reports.py                 the reports in tests/contract/reports, which hold every outcome
  reports.py GATEPROOF       a run of that program, of stories that end green, red and unproven
"""
import copy
import html
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERDICTS = {"pass", "fail", "vacuous", "unsupported", "undeclared", "inconclusive", "flaky", "skipped",
            "harness-error"}
OUTCOME = {"pass": None, "fail": "failure", "undeclared": "failure", "flaky": "failure",
           "inconclusive": "error", "harness-error": "error", "vacuous": "skipped",
           "skipped": "skipped", "unsupported": "skipped"}


def fail(where, what):
    sys.exit(f"{where}: {what}")


def need(ok, where, what):
    if not ok:
        fail(where, what)


def same(a, b, where, what):
    need(a == b, where, f"{what}: {a} is not {b}")


# --- each format back to {rule: verdict}, {verdict: n}, exit status ---------------------------------

def counted(text):
    return {word: int(n) for n, word in re.findall(r"(\d+) ([a-z-]+)", text)}


def read_text(text):
    rules = {}
    for line in text.splitlines():
        m = re.match(r"([a-z-]+) +([A-Z]+(?:-\d+)?) ", line)
        if m and m[1] in VERDICTS:
            need(m[2] not in rules, "text", f"{m[2]} is told twice")
            rules[m[2]] = m[1]
    last = re.search(r"^(\d+) rules: (.*)\. Exit status (\d): ", text, re.M)
    need(last, "text", "no last line")
    same(int(last[1]), len(rules), "text", "number of rules")
    return rules, counted(last[2]), int(last[3])


def read_markdown(text):
    rules = {}
    for line in text.splitlines():
        cells = [c.strip() for c in line.split("|")]
        if len(cells) == 7 and cells[1].strip("*") in VERDICTS:
            rules[cells[2]] = cells[1].strip("*")
    status = re.search(r"Exit status (\d): ", text)
    counts = re.search(r"^(\d+) rules: (.*)\.$", text, re.M)
    need(status and counts, "markdown", "no exit status or no counts")
    same(int(counts[1]), len(rules), "markdown", "number of rules")
    for name in "details", "pre", "summary":
        same(len(re.findall(f"<{name}[ >]", text)), text.count(f"</{name}>"), "markdown", f"<{name}>")
    tags = set(re.findall(r"</?([a-zA-Z]+)", re.sub(r"```.*?```", "", text, flags=re.S)))
    need(tags <= {"details", "pre", "summary"}, "markdown", f"foreign tags {tags}")
    return rules, counted(counts[2]), int(status[1])


def read_json(text, schema):
    report = json.loads(text)
    valid(report, schema)
    return report, {r["id"]: r["verdict"] for r in report["rules"]}, report["counts"], report["exitStatus"]


def outcome_of(case):
    found = [c for c in case if c.tag in ("failure", "error", "skipped")]
    need(len(found) <= 1, "junit", f"{case.attrib}: {len(found)} outcomes")
    return found[0] if found else None


def read_junit(text):
    """{(suite, case): verdict}, and the rules' verdicts of the last suite."""
    root = ET.fromstring(text.encode())
    same(root.tag, "testsuites", "junit", "root")
    cases, totals = {}, [0, 0, 0, 0]
    for suite in root:
        same(suite.tag, "testsuite", "junit", "suite")
        seen = [0, 0, 0, 0]
        for case in suite.iter("testcase"):
            need({"classname", "name", "time"} == set(case.attrib), "junit", str(case.attrib))
            float(case.get("time"))
            found = outcome_of(case)
            key = suite.get("name"), case.get("name")
            seen[0] += 1
            if found is not None:
                seen[("failure", "error", "skipped").index(found.tag) + 1] += 1
                need(found.tag == "skipped" or found.get("type") in VERDICTS, "junit", f"{key}: no type")
                need(found.get("message").split(":")[0] in VERDICTS, "junit", f"{key}: no verdict")
            cases.setdefault(key, []).append(
                ("pass", None) if found is None else (found.get("message").split(":")[0], found.tag))
        said = [int(suite.get(a)) for a in ("tests", "failures", "errors", "skipped")]
        same(said, seen, "junit", f"counts of {suite.get('name')}")
        same(float(suite.get("time")), sum(float(c.get("time")) for c in suite.iter("testcase")),
             "junit", f"time of {suite.get('name')}")
        totals = [a + b for a, b in zip(totals, seen)]
    same([int(root.get(a)) for a in ("tests", "failures", "errors", "skipped")], totals, "junit", "totals")
    rules = dict(line.split() for line in root[-1].find("system-out").text.split("\n") if line)
    return cases, rules, totals


# --- the schema -------------------------------------------------------------------------------------

def valid(report, schema):
    import jsonschema
    errors = sorted(jsonschema.Draft7Validator(schema).iter_errors(report), key=str)
    if errors:
        fail("json", f"{list(errors[0].absolute_path)}: {errors[0].message}")


def refused(report, schema, spoil):
    import jsonschema
    other = copy.deepcopy(report)
    spoil(other)
    return any(jsonschema.Draft7Validator(schema).iter_errors(other))


def schema_bites(report, schema):
    """A schema that takes everything would prove nothing: each of these must be refused."""
    import jsonschema
    jsonschema.Draft7Validator.check_schema(schema)

    def objects(value, path=()):
        if isinstance(value, dict):
            yield path, value
            for name, member in value.items():
                yield from objects(member, path + (name,))
        elif isinstance(value, list) and value:
            yield from objects(value[0], path + (0,))

    def at(other, path):
        for step in path:
            other = other[step]
        return other

    optional = {("parameters", 0, "seconds"), ("rules", 0, "story"), ("rules", 0, "storyIndex")}
    for path, value in objects(report):
        need(refused(report, schema, lambda r: at(r, path).update(strange=1)), "schema",
             f"an unknown member in {path} is taken")
        for name in value:
            if path + (name,) not in optional:
                need(refused(report, schema, lambda r: at(r, path).pop(name)), "schema",
                     f"{path} may do without {name}")
            need(refused(report, schema, lambda r: at(r, path).update({name: None})), "schema",
                 f"{path}.{name} may be null")


# --- holding them against each other -----------------------------------------------------------------

def junit_agrees(report, cases, rules, totals):
    must = {r["id"]: r["level"] == "MUST" for r in report["rules"]}
    wanted = {}
    for story in report["stories"]:
        suite = "gateproof." + story["story"] + (" " + story["over"] if story["over"] else "") + \
            ("." + story["stage"] if story["stage"] else "")
        for v in story["verdicts"]:
            if v["counts"]:
                tag = OUTCOME[v["verdict"]]
                wanted.setdefault((suite, v["rule"]), []).append(
                    (v["verdict"], tag if must[v["rule"]] or tag is None else "skipped"))
        need((suite, "story") in cases, "junit", f"{suite}: no case for the story's own end")
    seen = {k: v for k, v in cases.items() if k[1] not in ("story", "run")}
    same(seen, wanted, "junit", "cases")
    run = cases[("gateproof", "run")][0]
    same({None: 0, "failure": 1, "error": 2}[run[1]], report["exitStatus"], "junit", "the run's case")
    if report["exitStatus"] == 0:
        same(totals[1:3], [0, 0], "junit", "failures and errors of a green run")
    if totals[1] > 0:
        same(report["exitStatus"], 1, "junit", "a failure, and the exit status")


def check(folder, name, schema, status=None):
    texts = {e: (folder / f"{name}.{e}").read_text() for e in ("txt", "json", "xml", "md")}
    report, rules, counts, exit_status = read_json(texts["json"], schema)
    counts = {k: v for k, v in counts.items() if v}
    where = f"{folder.name}/{name}"
    for told, said in ("text", read_text(texts["txt"])), ("markdown", read_markdown(texts["md"])):
        same(said[0], rules, f"{where}: {told} and json", "rules")
        same({k: v for k, v in said[1].items() if v}, counts, f"{where}: {told} and json", "counts")
        same(said[2], exit_status, f"{where}: {told} and json", "exit status")
    cases, last, totals = read_junit(texts["xml"])
    same(last, rules, f"{where}: junit and json", "rules")
    junit_agrees(report, cases, last, totals)
    for verdict in VERDICTS:
        same(counts.get(verdict, 0), list(rules.values()).count(verdict), where, f"counts of {verdict}")
    if status is not None:
        same(exit_status, status, where, "exit status of the program")
    for r in report["rules"]:
        if r["verdict"] in ("fail", "undeclared"):
            need(html.escape(r["id"]) in texts["md"], where, f"{r['id']} is not in the Markdown")
    return report, set(rules.values())


# --- a run ------------------------------------------------------------------------------------------

GREEN = """scenario "green"
at 0s gateway installs
by 5m gateway is Running [REG-2]
run 1h
"""
RUNS = {0: GREEN, 1: GREEN.replace("Running", "Unhealthy"),
        2: """scenario "vacuous"
never flow internet -> private for 5m [CON-3]
premise flow gateway -> palette
run 1h
"""}


def run(program, schema):
    """The same bytes on stdout as in the file, and the program ends as its reports say."""
    endings = {"text": "txt", "json": "json", "junit": "xml", "markdown": "md"}
    for status, story in RUNS.items():
        with tempfile.TemporaryDirectory() as folder:
            data = pathlib.Path(folder)
            (data / "stories").mkdir()
            (data / "labs").symlink_to(ROOT / "scenarios/labs")
            (data / "stories/900-this.scn").write_text(story)
            for word, ending in endings.items():
                told = subprocess.run(
                    [program, "run", "900", "--stage", "sim", "--data", folder, "--out", folder + "/out",
                     "--format", word], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                    check=False)
                same(told.returncode, status, word, "exit status")
                file = (data / "out" / f"report.{ending}").read_text()
                need(told.stdout.startswith(file) if word == "text" else told.stdout == file, word,
                     "stdout is not the file")
            check(data / "out", "report", schema, status)
    print(f"reports: {len(RUNS)} runs of {program}: the four agree, and the exit status with them")


def main():
    sys.path.append("/usr/lib/python3/dist-packages")  # where Debian has it, whatever python3 is
    try:
        import jsonschema  # noqa: F401
    except ImportError:
        sys.exit("python3-jsonschema is missing: it is in ci/packages, `ci/deps check` installs it")
    schema = json.loads((ROOT / "scenarios/report/report.schema.json").read_text())
    if len(sys.argv) == 2:
        run(sys.argv[1], schema)
        return
    folder, seen, n = ROOT / "tests/contract/reports", set(), 0
    for path in sorted(folder.glob("*.json")):
        report, verdicts = check(folder, path.stem, schema)
        seen |= verdicts
        n += 1
        if verdicts >= {"fail", "pass"}:
            schema_bites(report, schema)
    same(seen, VERDICTS, "reports", "the outcomes that were tried")
    print(f"reports: {n} runs, {len(seen)} outcomes: text, JSON, JUnit and Markdown agree")


main()
