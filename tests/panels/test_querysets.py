"""Who reads whose review: the matrix, cast member by cast member."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import reverse

from panels import services
from panels.models import Panel, PanelSeat, Review, ReviewCycle
from people.models import User
from studies.models import Study, StudyPerson
from tests.conftest import ROLES, make_user

CAST = (*ROLES, "second_member", "other_panel_member")


def person(request, role: str):
    return AnonymousUser() if role == "anonymous" else request.getfixturevalue(role)


def readers(request, review: Review) -> set[str]:
    return {role for role in CAST if Review.objects.visible_to(person(request, role)).filter(pk=review.pk).exists()}


def cycle_readers(request, cycle: ReviewCycle) -> set[str]:
    return {role for role in CAST if ReviewCycle.objects.visible_to(person(request, role)).filter(pk=cycle.pk).exists()}


def test_review_when_not_sent_then_only_its_member_reads_it(request, review, write):
    write(review)
    assert readers(request, review) == {"panel_member"}


def test_review_when_sent_then_staff_and_chair_read_it_and_members_without_theirs_do_not(request, review, send):
    send(review)
    assert readers(request, review) == {"panel_member", "chair", "staff", "administrator"}


def test_review_when_both_are_in_then_members_read_each_other(request, review, second_review, send):
    send(review)
    send(second_review)
    everyone = {"panel_member", "second_member", "chair", "staff", "administrator"}
    assert readers(request, review) == everyone
    assert readers(request, second_review) == everyone


def test_review_when_a_member_takes_theirs_back_then_they_no_longer_read_the_other(
    request, review, second_review, send
):
    send(review)
    send(second_review)
    services.reopen_review(review=review)
    assert readers(request, second_review) == {"second_member", "chair", "staff", "administrator"}
    assert readers(request, review) == {"panel_member"}


def test_review_when_a_member_declared_a_conflict_then_they_never_read_the_other(
    request, cycle, review, second_review, send, staff
):
    send(second_review)
    services.declare_conflict(review=review, conflict="I know them.")
    assert readers(request, second_review) == {"second_member", "chair", "staff", "administrator"}
    services.close_cycle(cycle=cycle, closed_by=staff)
    assert readers(request, second_review) == {"second_member", "chair", "staff", "administrator"}


def test_review_when_the_cycle_closes_then_a_member_without_theirs_still_does_not_read_the_other(
    request, cycle, review, second_review, send, staff
):
    send(second_review)
    services.close_cycle(cycle=cycle, closed_by=staff)
    assert readers(request, second_review) == {"second_member", "chair", "staff", "administrator"}


def test_review_when_a_member_joined_the_study_later_then_they_read_only_their_own(
    request, study, panel_member, review, second_review, send
):
    send(review)
    send(second_review)
    StudyPerson.objects.create(study=study, user=panel_member, role=StudyPerson.Role.RESEARCHER)
    assert "panel_member" not in readers(request, second_review)
    assert "panel_member" in readers(request, review)


def test_review_when_the_chair_was_asked_too_then_they_read_others_once_theirs_is_in(
    request, cycle, chair, second_review, send
):
    services.add_reviewers(cycle=cycle, members=[chair])
    send(second_review)
    assert "chair" not in readers(request, second_review)
    send(cycle.reviews.get(member=chair))
    assert "chair" in readers(request, second_review)


def test_review_when_the_chair_never_wrote_theirs_then_closing_shows_them_the_others(
    request, cycle, chair, second_review, send, staff
):
    services.add_reviewers(cycle=cycle, members=[chair])
    send(second_review)
    services.close_cycle(cycle=cycle, closed_by=staff)
    assert "chair" in readers(request, second_review)


def test_review_when_the_chair_is_on_the_study_then_they_neither_run_nor_read_it(
    request, study, cycle, chair, second_review, send
):
    StudyPerson.objects.create(study=study, user=chair, role=StudyPerson.Role.STATISTICIAN)
    send(second_review)
    assert "chair" not in readers(request, second_review)
    assert cycle_readers(request, cycle) == {"staff", "administrator", "second_member"}


def test_review_when_the_chair_declared_a_conflict_then_they_neither_run_nor_read_it(
    request, cycle, chair, second_review, send
):
    services.add_reviewers(cycle=cycle, members=[chair])
    services.declare_conflict(review=cycle.reviews.get(member=chair), conflict="My own trust.")
    send(second_review)
    assert "chair" not in readers(request, second_review)
    assert "chair" not in cycle_readers(request, cycle)


def test_cycle_when_open_then_only_those_who_run_it_and_those_whose_review_is_in_see_it(request, cycle, review, send):
    assert cycle_readers(request, cycle) == {"chair", "staff", "administrator"}
    send(review)
    assert cycle_readers(request, cycle) == {"chair", "staff", "administrator", "panel_member"}


def test_visible_to_when_the_login_was_taken_away_then_nothing_is_seen(cycle, review, send, panel_member, staff):
    send(review)
    panel_member.is_active = staff.is_active = False
    for user in (panel_member, staff):
        assert not Review.objects.visible_to(user).exists()
        assert not ReviewCycle.objects.visible_to(user).exists()
        assert not Panel.objects.visible_to(user).exists()


def test_panel_when_a_seat_has_ended_then_it_is_not_seen(panel, panel_member):
    assert set(Panel.objects.visible_to(panel_member)) == {panel}
    PanelSeat.objects.filter(user=panel_member).update(starts_on="2024-01-01", ends_on="2024-06-30")
    assert not Panel.objects.visible_to(panel_member).exists()


def test_panels_when_seen_by_each_role_then_members_see_their_own(request, panel, other_panel):
    seen = {role: set(Panel.objects.visible_to(person(request, role))) for role in CAST}
    both = {panel, other_panel}
    assert {role: found for role, found in seen.items() if found} == {
        "panel_member": {panel},
        "second_member": {panel},
        "conflicted_member": {panel},
        "chair": {panel},
        "other_panel_member": {other_panel},
        "staff": both,
        "administrator": both,
    }


def test_study_when_a_member_is_asked_to_review_it_then_they_may_read_its_inside_until_reviews_close(
    study, other_study, cycle, panel_member, second_member, review, staff, stranger
):
    assert set(Study.objects.visible_to(panel_member)) == {study}
    services.declare_conflict(review=review, conflict="I know them.")
    assert not Study.objects.visible_to(panel_member).exists()
    assert set(Study.objects.visible_to(second_member)) == {study}
    services.close_cycle(cycle=cycle, closed_by=staff)
    assert not Study.objects.visible_to(second_member).exists()
    assert not Study.objects.visible_to(stranger).exists()


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        ("anonymous", False),
        ("stranger", False),
        ("associate", False),
        ("convenor", False),
        ("other_panel_member", False),
        ("fellow", True),
        ("team", True),
        ("steering", True),
        ("lead", True),
        ("panel_member", True),
        ("chair", True),
        ("staff", True),
    ],
)
def test_decision_when_recorded_then_the_study_and_the_panel_see_it(request, cycle, staff, role, sees):
    from panels.models import Decision

    services.record_decision(cycle=cycle, outcome="agreed", reasons="Sound.", recorded_by=staff)
    assert Decision.objects.visible_to(person(request, role)).exists() is sees


def test_administrator_when_not_marked_as_staff_then_sees_and_may_what_staff_do(db, cycle, review, second_review, send):
    root = make_user("root", is_superuser=True)
    send(review)
    assert list(Panel.objects.visible_to(root)) == [cycle.panel]
    assert list(ReviewCycle.objects.run_by(root)) == list(ReviewCycle.objects.visible_to(root)) == [cycle]
    assert list(Review.objects.visible_to(root)) == [review]
    assert root.has_perm("panels.run_cycle", cycle)
    assert root in User.objects.programme_staff()
    browser = Client()
    browser.force_login(root, backend="django.contrib.auth.backends.ModelBackend")
    assert cycle.panel.name in browser.get(reverse("panels:index")).content.decode()
    for page in (cycle.panel.get_absolute_url(), cycle.get_absolute_url(), reverse("reviews:index")):
        assert browser.get(page).status_code == 200


def test_staff_when_their_account_is_switched_off_then_see_nothing(staff, cycle, review, send):
    send(review)
    staff.is_active = False
    assert not Panel.objects.visible_to(staff).exists()
    assert not ReviewCycle.objects.run_by(staff).exists()
    assert not Review.objects.visible_to(staff).exists()
