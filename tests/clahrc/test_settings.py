"""The settings as a host meets them: each case in a process of its own, with an environment of its own."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SECRET = "a-secret-that-nobody-guesses-0123456789"
READERS = {"str", "bool", "int", "float", "list", "db_url", "cache_url", "url", "path"}


def variables_read() -> set[str]:
    """Every name that clahrc/settings.py asks the environment for."""
    names = set()
    for node in ast.walk(ast.parse((ROOT / "clahrc/settings.py").read_text())):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="env"), attr=reader), args=[ast.Constant(value=str(name)), *_]
            ) if reader in READERS:
                names.add(name)
    return names


def load_settings(tmp_path: Path, expression: str, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {
        "PATH": os.environ["PATH"],
        "VAR_DIR": str(tmp_path),
        "DEBUG": "0",
        "DJANGO_SETTINGS_MODULE": "clahrc.settings",
    }
    env |= variables
    code = f"from django.conf import settings; print({expression})"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=400
    )


def test_env_example_when_compared_then_lists_exactly_the_variables_that_settings_read():
    listed = re.findall(r"^#?([A-Z][A-Z_]*)=", (ROOT / ".env.example").read_text(), flags=re.M)
    assert sorted(listed) == sorted(variables_read())


def test_env_example_when_read_then_each_variable_has_a_comment_before_it():
    lines = (ROOT / ".env.example").read_text().splitlines()
    for before, line in zip(["", *lines], lines, strict=False):
        if re.match(r"^#?[A-Z][A-Z_]*=", line):
            assert before.startswith("# "), f"{line} has no comment"


def test_settings_when_production_has_no_secret_then_refuse_to_start(tmp_path):
    done = load_settings(tmp_path, "settings.SECRET_KEY", SECRET_KEY="")
    assert done.returncode != 0
    assert "SECRET_KEY is not set. Make one with:" in done.stderr


def test_wsgi_when_production_has_no_secret_then_refuses_to_start(tmp_path):
    env = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), "DEBUG": "0", "SECRET_KEY": ""}
    code = "import clahrc.wsgi"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "SECRET_KEY is not set" in done.stderr


@pytest.mark.parametrize("secret", ["short", "x" * 60])
def test_settings_when_the_secret_can_be_guessed_then_refuse_to_start(tmp_path, secret):
    done = load_settings(tmp_path, "settings.DEBUG", SECRET_KEY=secret)
    assert "SECRET_KEY is too easy to guess. Make one with:" in done.stderr


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"DEMO": "1", "SITE_URL": "https://portal.example.org"}, "DEMO is on, and SITE_URL"),
        ({"DEMO": "1", "ALLOWED_HOSTS": "localhost,*"}, "ALLOWED_HOSTS names *"),
        ({"DEBUG": "1", "ALLOWED_HOSTS": "portal.example.org"}, "DEBUG is on"),
    ],
)
def test_settings_when_strangers_could_reach_a_demonstration_then_refuse_to_start(tmp_path, variables, named):
    done = load_settings(tmp_path, "settings.DEBUG", SECRET_KEY=SECRET, **variables)
    assert done.returncode != 0
    assert named in done.stderr


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"SITE_URL": "https://portal.example.org"}, "False True True"),
        ({"SITE_URL": "http://127.0.0.1:8000"}, "False True False"),
        ({"SITE_URL": "http://127.0.0.1:8000", "DEMO": "1"}, "False False False"),
    ],
)
def test_settings_when_given_an_address_then_safe_for_it(tmp_path, variables, expected):
    expression = "settings.DEBUG, settings.STAFF_SECOND_FACTOR, settings.SESSION_COOKIE_SECURE"
    done = load_settings(tmp_path, f"*({expression})", SECRET_KEY=SECRET, **variables)
    assert done.stdout.strip() == expected, done.stderr
