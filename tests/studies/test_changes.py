"""The history of a study, over everything that belongs to it."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from studies.changes import PER_PAGE, changes_to
from studies.models import StudyIdentifier
from studies.services import (
    add_document,
    add_site,
    answer_suggestion,
    archive_study,
    create_study,
    edit_study,
    make_suggestion,
    move_study,
    put_person_on_study,
    record_amendment,
    remove_site,
    set_identifier,
    take_person_off_study,
)
from studies.services.editing import EDITABLE
from studies.services.history import save_as
from tests.studies.conftest import pdf


@pytest.fixture
def busy(theme, staff, stranger, organisation):
    """A study to which everything has happened once."""
    fields = dict.fromkeys(EDITABLE, "") | {"title": "Visits", "theme": theme, "starts_on": None, "ends_on": None}
    study = create_study(slug="visits", fields=fields, by=staff)
    edit_study(
        study=study, fields={**fields, "title": "Home visits", "starts_on": dt.date(2026, 1, 2)}, version=1, by=staff
    )
    who = {"study": study, "user": stranger, "role": "researcher", "by": staff}
    put_person_on_study(**who, starts_on=dt.date(2026, 1, 1))
    take_person_off_study(**who, ends_on=dt.date(2026, 5, 1))
    remove_site(site=add_site(study=study, organisation=organisation, place="Ward 4", by=staff), by=staff)
    set_identifier(study=study, scheme="iras", value="123456", by=staff)
    set_identifier(study=study, scheme="iras", value="123457", by=staff)
    add_document(study=study, kind="protocol", title="Protocol", file=pdf(), by=staff)
    said = make_suggestion(study=study, source="panel", text="Ask carers.", made_by=stranger)
    answer_suggestion(suggestion=said, accept=True, answer="", by=staff)
    record_amendment(study=study, suggestions=[said], text="Carers asked.", by=staff)
    move_study(study=study, to="scoping", by=staff, reason="The panel agreed.")
    archive_study(study=study, by=staff)
    return study


def test_changes_to_when_everything_happened_then_each_says_what_and_who(busy, staff, stranger):
    lines = [(change.what, change.by) for change in changes_to(busy).object_list]
    assert lines == [
        ("Archived the study", staff),
        ("Moved the study", staff),
        ("Changed suggestion: Ask carers.", staff),
        ("Added amendment: Carers asked.", staff),
        ("Changed suggestion: Ask carers.", staff),
        ("Added suggestion: Ask carers.", stranger),
        ("Added document: Protocol", staff),
        ("Changed identifier: IRAS project ID, 123457", staff),
        ("Added identifier: IRAS project ID, 123456", staff),
        ("Removed site: Trent Healthcare, Ward 4", staff),
        ("Added site: Trent Healthcare, Ward 4", staff),
        ("Changed person: Stranger, Researcher", staff),
        ("Added person: Stranger, Researcher", staff),
        ("Changed the study", staff),
        ("Made the study", staff),
    ]


def test_changes_to_when_a_field_changed_then_from_what_to_what(busy):
    changes = {change.what: change for change in changes_to(busy).object_list}

    def fields(what: str) -> list:
        return [(each.label, each.before, each.after) for each in changes[what].fields]

    assert fields("Moved the study") == [("Stage", "Proposed", "Scoping")]
    assert changes["Moved the study"].reason == "The panel agreed."
    assert fields("Changed identifier: IRAS project ID, 123457") == [("Value", "123456", "123457")]
    assert fields("Changed person: Stranger, Researcher") == [("Last day", "", "1 May 2026")]
    assert fields("Removed site: Trent Healthcare, Ward 4") == []
    edit = [change for change in changes_to(busy).object_list if change.what == "Changed the study"][-1]
    assert [(each.label, each.before, each.after) for each in edit.fields] == [
        ("Title", "Visits", "Home visits"), ("First day", "", "2 January 2026"),
    ]  # fmt: skip


def test_changes_to_when_there_are_more_than_a_page_then_they_are_all_there_once(study, staff):
    for number in range(PER_PAGE + 5):
        set_identifier(study=study, scheme="iras", value=str(100000 + number), by=staff)
    first, second = changes_to(study, 1), changes_to(study, 2)
    whats = [change.what for change in (*first.object_list, *second.object_list)]
    assert len(whats) == len(set(whats)) == first.paginator.count == PER_PAGE + 6
    assert StudyIdentifier.history.count() == PER_PAGE + 5


def test_history_when_it_grows_then_the_queries_stay_the_same(busy, staff, client_of):
    client, url = client_of("staff"), reverse("studies:history", args=[busy.slug])
    client.get(url)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(url).status_code == 200
        return len(seen)

    few = queries()
    for number in range(20):
        make_suggestion(study=busy, source="panel", text=f"Change {number}", made_by=staff)
    assert queries() <= few


def test_history_when_another_study_changed_then_it_is_not_here(busy, other_study, staff):
    set_identifier(study=other_study, scheme="iras", value="999999", by=staff)
    assert "999999" not in str([change.what for change in changes_to(busy).object_list])


@pytest.mark.parametrize("page", ["0", "zzz", "999", "-1"])
def test_history_when_the_page_makes_no_sense_then_it_still_answers(busy, staff, client_of, page):
    url = reverse("studies:history", args=[busy.slug])
    assert client_of("staff").get(f"{url}?page={page}").status_code == 200


def test_history_when_the_person_has_gone_then_the_change_stays(busy, stranger, client_of):
    words = client_of("staff").get(reverse("studies:history", args=[busy.slug])).content.decode()
    assert "Ask carers." in words
    assert "The panel agreed." in words


def test_history_when_it_says_when_then_as_every_page_does(study, staff, client_of):
    with time_machine.travel("2026-11-24 14:30", tick=False):
        save_as(study, staff)
        page = client_of("staff").get(reverse("studies:history", args=[study.slug])).content.decode()
    assert "24 November 2026, 2:30pm, " in page
