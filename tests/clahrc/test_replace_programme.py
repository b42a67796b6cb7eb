"""Loading a file about another programme."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from communities.models import Community
from fellows.models import FellowPost, Secondment
from panels.models import Panel
from studies.models import Programme, Study, Theme
from tests.clahrc.programme_files import PAPER, every_row


@pytest.fixture
def another(raw) -> dict:
    """A file about another programme, one of whose three studies has the address of one here."""
    raw["programme"] |= {"name": "Another programme", "short_name": "ANO"}
    raw["themes"][0] = {"slug": "lungs", "name": "Lungs", "kind": "research"}
    raw["studies"] = [
        {"slug": slug, "theme": "lungs", "title": slug, "fellow_posts": 1} for slug in ("stak", "breath", "cough")
    ]
    raw["panels"][0]["slug"] = "others"
    return raw


def command(file: Path, raw: dict, *options: str) -> str:
    file.write_text(json.dumps(raw))
    out = StringIO()
    call_command("load_programme", file, *options, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_load_programme_when_the_file_is_about_another_programme_then_nothing_is_mixed(another, tmp_path):
    call_command("load_programme", PAPER, stdout=StringIO())
    before = every_row()
    with pytest.raises(CommandError, match=r"the file is about ANO, but this portal serves CLAHRC-NDL.*--replace"):
        command(tmp_path / "another.json", another)
    assert every_row() == before


@pytest.mark.django_db
def test_load_programme_when_told_to_replace_what_nobody_uses_then_only_the_other_is_there(another, tmp_path, staff):
    call_command("load_programme", PAPER, stdout=StringIO())
    said = command(tmp_path / "another.json", another, "--replace")
    assert "CLAHRC-NDL and its studies (16) were taken away, as you asked" in said
    assert (Programme.objects.get().short_name, Study.objects.count(), Community.objects.count()) == ("ANO", 3, 3)
    assert {theme.slug for theme in Theme.objects.all()} == {"lungs", "use"}
    assert [panel.slug for panel in Panel.objects.all()] == ["others"]
    assert FellowPost.objects.count() == 3
    before = every_row()
    assert "taken away" not in command(tmp_path / "another.json", another, "--replace")
    assert every_row() == before


@pytest.mark.django_db
@pytest.mark.parametrize("work", ["study", "edit", "seat", "lead", "fellow"])
def test_load_programme_when_people_have_begun_to_work_then_replaces_nothing(another, tmp_path, staff, work):
    call_command("load_programme", PAPER, stdout=StringIO())
    study, theme, panel = Study.objects.get(slug="stak"), Theme.objects.first(), Panel.objects.first()
    if work == "study":
        Study.objects.create(slug="own", title="Own", theme=theme)
    elif work == "edit":
        study._history_user = staff
        study.summary = "Changed"
        study.save()
    elif work == "seat":
        panel.seats.create(user=staff)
    elif work == "lead":
        theme.leads.add(staff)
    else:
        Secondment.objects.filter(pk=Secondment.objects.first().pk).update(fellow=staff)
    before = every_row()
    with pytest.raises(CommandError, match="people have begun to work with CLAHRC-NDL") as caught:
        command(tmp_path / "another.json", another, "--replace")
    words = {
        "study": "studies made by hand: 1",
        "edit": "studies changed by staff: 1",
        "seat": "panel seats: 1",
        "lead": "links of themes: 1",
        "fellow": "fellows with a name: 1",
    }
    assert words[work] in str(caught.value)
    assert every_row() == before
