"""In production a static file that is missing is a page that fails: the manifest has no name for it."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

ROOT = Path(__file__).resolve().parent.parent.parent
REFERENCE = re.compile(r"""{%\s*static\s+["']([^"']+)["']""")


@pytest.mark.parametrize(
    "path", sorted({path for file in ROOT.glob("templates/**/*.html") for path in REFERENCE.findall(file.read_text())})
)
def test_static_when_a_template_names_a_file_then_it_is_there(path):
    assert finders.find(path), f"{path} is in no static folder (built by `make ready`?)"


def test_stylesheet_when_built_then_names_no_other_machine():
    css = Path(finders.find("css/portal.css")).read_text()
    assert re.findall(r"(?:https?:)?//[\w.-]+\.\w+", re.sub(r"/\*.*?\*/", "", css, flags=re.S)) == []


def test_package_lock_when_read_then_names_no_registry():
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()
