"""The table of moves, and the service that makes them."""

from __future__ import annotations

import itertools

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studies.models import StageMove, Study
from studies.services import archive_study, move_study
from studies.stages import MOVES, is_back, moves_from

ORDER = ["proposed", "scoping", "protocol", "active", "analysis", "implementing", "completed"]
STOPPED = "not_taken_forward"


def allowed(here: str, there: str) -> bool:
    """The rule in other words than the table's."""
    if STOPPED in (here, there):
        return (here, there) == (STOPPED, "proposed") or here in ORDER[:3]
    return abs(ORDER.index(here) - ORDER.index(there)) == 1


@pytest.mark.parametrize(("here", "there"), list(itertools.permutations(Study.Stage.values, 2)))
def test_moves_when_any_two_stages_then_the_table_says_what_the_rule_says(here, there):
    assert ((here, there) in MOVES) == allowed(here, there)
    assert (there in moves_from(here)) == allowed(here, there)


def test_moves_from_when_in_the_middle_then_the_next_stage_comes_first():
    assert list(moves_from("protocol")) == ["active", "not_taken_forward", "scoping"]
    assert is_back("protocol", "scoping")
    assert not is_back("protocol", "active")


def test_move_study_when_allowed_then_it_says_who_when_and_why(study, team):
    move = move_study(study=study, to="analysis", by=team, reason="  All visits done. ")
    study.refresh_from_db()
    assert (study.stage, move.from_stage, move.to_stage) == ("analysis", "active", "analysis")
    assert (move.moved_by, move.reason) == (team, "All visits done.")
    assert study.history.first().history_user == team


def test_move_study_when_called_twice_then_the_second_changes_nothing(study, team):
    move_study(study=study, to="analysis", by=team, reason="Done.")
    assert move_study(study=study, to="analysis", by=team, reason="Done.") is None
    assert StageMove.objects.count() == 1


@pytest.mark.parametrize(
    ("to", "reason", "code"),
    [("completed", "Why not", "no_such_move"), ("analysis", "  ", "reason"), ("nowhere", "x", "stage")],
)
def test_move_study_when_it_cannot_be_then_it_is_refused_in_words(study, staff, to, reason, code):
    with pytest.raises(ValidationError) as refused:
        move_study(study=study, to=to, by=staff, reason=reason)
    assert refused.value.code == code
    study.refresh_from_db()
    assert (study.stage, StageMove.objects.count()) == ("active", 0)


def test_move_study_when_archived_then_it_is_refused(study, staff):
    archive_study(study=study, by=staff)
    with pytest.raises(ValidationError):
        move_study(study=study, to="analysis", by=staff, reason="x")


def test_move_study_when_the_move_is_not_theirs_then_permission_is_denied(study, team, fellow, lead, staff):
    Study.objects.update(stage="protocol")
    with pytest.raises(PermissionDenied):
        move_study(study=study, to=STOPPED, by=team, reason="x")
    with pytest.raises(PermissionDenied):
        move_study(study=study, to="active", by=fellow, reason="x")
    move_study(study=study, to=STOPPED, by=lead, reason="No longer a local priority.")
    with pytest.raises(PermissionDenied):
        move_study(study=study, to="proposed", by=lead, reason="x")
    move_study(study=study, to="proposed", by=staff, reason="Funded after all.")
    study.refresh_from_db()
    assert study.stage == "proposed"


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(wanted=st.lists(st.sampled_from(Study.Stage.values), max_size=12))
def test_move_study_when_staff_try_any_stages_in_any_order_then_only_the_tables_moves_happen(study, staff, wanted):
    Study.objects.update(stage="proposed")
    StageMove.objects.all().delete()
    here, moves = "proposed", []
    for there in wanted:
        try:
            move_study(study=study, to=there, by=staff, reason="x")
        except ValidationError:
            assert not allowed(here, there)
            continue
        if there != here:
            assert allowed(here, there)
            moves.append((here, there))
            here = there
    assert Study.objects.get().stage == here
    assert list(StageMove.objects.order_by("pk").values_list("from_stage", "to_stage")) == moves


def test_move_page_when_posted_then_the_study_moves_and_its_page_is_shown(study, team, client_of):
    client = client_of("team")
    url = reverse("studies:move", args=[study.slug])
    page = client.get(url)
    assert set(page.context["form"].fields["to"].choices) == {
        ("analysis", "Analysis"), ("protocol", "Back to: Writing the protocol"),
    }  # fmt: skip
    answer = client.post(url, {"to": "analysis", "reason": "All visits done."})
    assert (answer.status_code, answer["Location"]) == (302, study.get_absolute_url())
    again = client.post(url, {"to": "analysis", "reason": "All visits done."})
    assert (again.status_code, StageMove.objects.count()) == (302, 1)


def test_move_page_when_no_reason_or_a_forged_stage_then_the_form_says_how_to_mend_it(study, team, client_of):
    client = client_of("team")
    url = reverse("studies:move", args=[study.slug])
    empty = client.post(url, {"to": "analysis", "reason": ""})
    assert empty.context["form"].errors == {"reason": ["Say why the study moves."]}
    forged = client.post(url, {"to": "completed", "reason": "x"})
    assert "cannot go there" in forged.context["form"].errors["to"][0]
    assert not StageMove.objects.exists()


def test_archive_when_staff_confirm_then_it_is_put_away_and_can_be_taken_out(study, staff, client_of):
    client, public = client_of("staff"), client_of("anonymous")
    url = reverse("studies:archive", args=[study.slug])
    assert client.get(url).status_code == 200
    assert client.post(url)["Location"] == study.get_absolute_url()
    assert public.get(study.get_absolute_url()).status_code == 404
    assert client.get(reverse("studies:edit", args=[study.slug])).status_code == 404
    first = Study.objects.get().archived_at
    client.post(url)
    assert Study.objects.get().archived_at == first
    assert "archived on" in client.get(study.get_absolute_url()).content.decode()
    client.post(reverse("studies:unarchive", args=[study.slug]))
    assert public.get(study.get_absolute_url()).status_code == 200
    history = client.get(reverse("studies:history", args=[study.slug])).content.decode()
    assert history.index("Took the study out of the archive") < history.index("Archived the study")
