"""The house's own small checks: banned words and shape. No state, no network; reads git's files."""
import os
import re
import subprocess
import sys

FUNCTION_MAX, FILE_MAX = 70, 600


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *patterns],
                         capture_output=True, text=True, check=True).stdout.split("\n")
    return sorted(p for p in out if os.path.exists(p))  # not what is about to be removed


def without_comments(text):
    """The same lines with comments and string contents blanked, so that columns stay."""
    def blank(match):
        s = match.group(0)
        if s.startswith('"'):
            return '"' + " " * (len(s) - 2) + '"'
        return re.sub(r"[^\n]", " ", s)
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def banned():
    rows = []
    for line in open("ci/banned", encoding="utf-8"):
        line = line.rstrip("\n")
        if not line or line.startswith("#"):
            continue
        word, allowed, instead = line.rsplit(" ; ", 2)
        rows.append((re.compile(word), re.compile(allowed), instead))
    bad, files = 0, tracked("*.c", "*.h")
    for path in files:
        raw = open(path, encoding="utf-8").read()
        code = without_comments(raw).split("\n")
        for number, (line, shown) in enumerate(zip(code, raw.split("\n")), 1):
            for word, allowed, instead in rows:
                text = shown if "TODO" in word.pattern else line
                if word.search(text) and not allowed.search(path):
                    print(f"banned: {path}:{number}: {shown.strip()}   <- use {instead}")
                    bad = 1
    print(f"banned: {len(rows)} rows, {len(files)} files")
    return bad


def functions(path, text):
    """(name, first line, length) of each function body that begins with '{' in column 0."""
    lines, start = text.split("\n"), None
    for number, line in enumerate(lines, 1):
        if line == "{" and number > 1:
            head = " ".join(lines[max(0, number - 8):number - 1])
            names = re.findall(r"(\w+)\s*\(", head)
            start = (number, names[0] if names else "?")
            for candidate in reversed(lines[max(0, number - 8):number - 1]):
                found = re.match(r"^[A-Za-z_].*?(\w+)\(", candidate)
                if found:
                    start = (number, found.group(1))
                    break
        elif line.startswith("}") and start:
            yield start[1], start[0], number - start[0] + 1
            start = None


def shape():
    bad, sizes, lengths = 0, [], []
    for path in tracked("*.c", "*.h"):
        text = open(path, encoding="utf-8").read()
        n = text.count("\n")
        sizes.append((n, path))
        if n > FILE_MAX and "over 600 lines because" not in text[:600]:
            print(f"shape: {path}: {n} lines, more than {FILE_MAX}: split it")
            bad = 1
        if path.endswith(".h") and not text.lstrip().startswith("/*"):
            print(f"shape: {path}: a header begins with what it is for")
            bad = 1
        for name, line, length in functions(path, text):
            lengths.append((length, f"{path}:{line} {name}"))
            if length > FUNCTION_MAX:
                print(f"shape: {path}:{line}: {name} has {length} lines, more than {FUNCTION_MAX}")
                bad = 1
    cores = [p for p in tracked("gateway/*.c", "mock-*/*.c", "scenarios/judge/*.c",
                                "scenarios/engine/site*.c") if not re.search(r"/(main|config)", p)]
    sizes.sort(reverse=True)
    lengths.sort(reverse=True)
    print("shape: longest files", ", ".join(f"{p} {n}" for n, p in sizes[:3]))
    print("shape: longest functions", ", ".join(f"{p} {n}" for n, p in lengths[:3]))
    middle = lengths[len(lengths) // 2][0] if lengths else 0
    print(f"shape: {len(lengths)} functions, median {middle} lines; {len(sizes)} files; "
          f"{len(cores)} core files")
    return bad


sys.exit({"banned": banned, "shape": shape}[sys.argv[1]]())
