"""What the documents name is there: links, files, addresses, commands, settings, names in the code, tags, packages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands
from django.template import Engine
from django.urls import Resolver404, resolve

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = "clahrc|panels|communities|fellows|studies|people|mailing"
TEXTS = {path: path.read_text() for path in [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]}

pytestmark = pytest.mark.once


def found(pattern: str) -> Iterator[tuple[str, str]]:
    """Each place in the documents that the pattern matches: the document's name, and what is in the first brackets."""
    for path, text in TEXTS.items():
        for match in re.finditer(pattern, text, flags=re.M):
            yield path.name, match[1]


def resolves(address: str) -> bool:
    try:
        resolve(address)
    except Resolver404:
        return False
    return True


def is_there(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    try:
        import_module(name)
    except ModuleNotFoundError:
        module, _, rest = name.rpartition(".")
        return hasattr(import_module(module), rest)
    return True


def anchors_of(document: Path) -> set[str]:
    """What a link may lead to within a document, named as GitHub names headings."""
    headings = re.findall(r"^#+ (.+)$", TEXTS[document], flags=re.M)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_links_when_they_lead_within_the_repository_then_they_lead_somewhere():
    for document, text in TEXTS.items():
        for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
            path, _, anchor = link.partition("#")
            target = (document.parent / path).resolve() if path else document
            assert target.exists(), f"{document.name}: {link}"
            assert not anchor or anchor in anchors_of(target), f"{document.name}: {link}"


def test_files_when_named_then_they_are_there():
    folders = f"{APPS}|docs|data|scripts|benchmarks|templates|tests|static".split("|")
    held = [f"/{path}" for folder in folders for path in (ROOT / folder).rglob("*")]
    names = [*found(r"`((?!var/)\w[\w./-]*/[\w./-]*\.(?:py|html|js|json|md))`"), *found(r"`(\w+\.py)`")]
    assert names
    assert [(document, name) for document, name in names if not any(path.endswith(f"/{name}") for path in held)] == []


def test_addresses_when_named_then_they_are_there():
    """``/accounts/`` stands for all that begins so."""
    addresses = [(document, name, re.sub(r"<\w+>|{\w+}|…", "1", name)) for document, name in found(r"`(/[^`\s?]*)[`?]")]
    assert len(addresses) > 40
    assert [
        (document, name)
        for document, name, address in addresses
        if not any(resolves(f"{address}{more}") for more in ("", "x/", "login/"))
    ] == []


def test_commands_when_named_then_they_are_there():
    assert [(document, name) for document, name in found(r"manage\.py (\w+)") if name not in get_commands()] == []
    goals = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.M)
    assert [(document, name) for document, name in found(r"(?:^ {4}|`)make ([a-z-]+)") if name not in goals] == []


def test_settings_when_named_then_they_are_read_and_hold_what_is_said():
    listed = dict(re.findall(r"^#([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), flags=re.M))
    names = list(found(r"`((?!ATOMIC)[A-Z]+(?:_[A-Z]+)+)`"))
    assert [(document, name) for document, name in names if name not in listed and not hasattr(settings, name)] == []
    rows = [row.split("|")[1:3] for _, row in found(r"^(\| `[A-Z_]+` \| [\d.]+ \|)")]
    assert rows
    for name, default in rows:
        assert listed[name.strip(" `")] == default.strip()


def test_names_in_the_code_when_given_whole_then_they_are_there():
    names = list(found(rf"`((?:{APPS})(?:\.[a-z]\w+)+)[`(]"))
    assert len(names) > 20
    assert [(document, name) for document, name in names if not is_there(name)] == []


def test_tags_when_shown_then_they_compile():
    text = TEXTS[ROOT / "docs/components.md"]
    rows = re.findall(r"^\| (`{%.*?%}`) \|", text, flags=re.M)
    examples = re.findall(r"```django\n(.*?)```", text, flags=re.S)
    examples += [example for row in rows for example in row.strip("`").split("` · `")]
    assert len(examples) > 20
    for example in examples:
        Engine.get_default().from_string(example)


def test_packages_when_required_then_a_decision_says_what_each_saves_us():
    tables = re.findall(r"^\| (?!package|---)(.+?) \|", TEXTS[ROOT / "docs/decisions/0002-dependencies.md"], flags=re.M)
    lines = "".join((ROOT / name).read_text() for name in ("requirements.in", "requirements-dev.in"))
    python = re.findall(r"^(\w[\w-]*(?:\[\w+\])?)", lines, flags=re.M)
    npm = json.loads((ROOT / "package.json").read_text())
    said = [name for row in tables for name in row.split(", ")]
    assert sorted(said) == sorted([*python, *npm["dependencies"], *npm["devDependencies"]])
