"""Bring the database up to date; the first time, load the programme and, in a demonstration, its people.

What is there already is never touched: the programme is loaded where there is none, the demonstration where nobody
is. So a second start keeps whatever was changed since, and a first start that was cut short is taken up again.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMME_FILE = ROOT / "data/clahrc-ndl.json"


def load_demo() -> None:
    """Load the demonstration in a process of its own, since the command refuses to run where DEBUG is off."""
    print("Loading the demonstration's people (the first time only)", flush=True)
    command = [sys.executable, "manage.py", "load_demo"]
    env = {**os.environ, "DEBUG": "1"}
    subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)


def main() -> int:
    """Migrate, then load what is missing; the exit status of whichever command failed."""
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clahrc.settings")
    import django
    from django.conf import settings
    from django.core.management import CommandError, call_command

    django.setup()
    from people.models import User
    from studies.models import Programme

    try:
        call_command("migrate", verbosity=0, interactive=False)
        if not Programme.objects.exists():
            print("Loading the programme (the first time only)", flush=True)
            call_command("load_programme", str(PROGRAMME_FILE))
    except CommandError as error:
        print(error, file=sys.stderr)
        return 1
    if settings.DEMO and not User.objects.exists():
        try:
            load_demo()
        except subprocess.CalledProcessError as error:
            return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
