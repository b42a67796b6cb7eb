"""A process that has the portal's settings of one test run, and does there what the test asks, line by line.

The test process has a database of its own; the workers have another, which this one shares. Each line in is a JSON
string of Python; each line out is the JSON of what it left in ``result``.
"""

from __future__ import annotations

import json
import sys
import traceback

import django


def main() -> None:
    django.setup()
    scope: dict[str, object] = {}
    for line in sys.stdin:
        scope["result"] = None
        try:
            exec(json.loads(line), scope)
            reply = {"result": scope["result"]}
        except Exception:
            reply = {"error": traceback.format_exc()}
        sys.stdout.write(json.dumps(reply, default=str) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
