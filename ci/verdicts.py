"""One line a verdict of a report.json: story, over, line, rule, verdict. For comparing two runs."""
import json
import sys

for story in json.load(open(sys.argv[1], encoding="utf-8"))["stories"]:
    for verdict in story["verdicts"]:
        print(story["story"], story["over"] or "-", verdict["line"], verdict["rule"], verdict["verdict"])
