"""What comes of a panel's reviews: for the study, for those who reviewed, and for the chair when the study answers."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mailing.models import Delivery
from panels import services
from panels.models import Condition, Panel, ReviewCycle
from studies.models import Study, StudyPerson
from studies.services import answer_suggestion, record_amendment
from tests.conftest import make_user


def said(answer) -> str:
    assert answer.status_code == 200
    return " ".join(BeautifulSoup(answer.content, "html.parser").select_one("main").get_text(" ").split())


def emailed(template: str, outbox) -> list[str]:
    return sorted(to.split("@")[0] for to, each in outbox if each == f"panels/{template}")


def of_study(study: Study) -> str:
    return reverse("panels:study", args=[study.slug])


@pytest.fixture
def decide(cycle, staff):
    def make(**fields):
        values = {"outcome": "conditions", "reasons": "Good, but small.", "conditions": ["Recruit more", "Say how"]}
        return services.record_decision(cycle=cycle, recorded_by=staff, **{**values, **fields})

    return make


def test_decision_when_recorded_then_those_whose_reviews_are_in_hear_and_read_it(
    client_of, review, second_review, send, write, decide, team, outbox
):
    send(review)
    write(second_review)
    outbox.clear()
    decision = decide()
    assert emailed("decided", outbox) == ["panel-member"]
    assert emailed("decision", outbox) == ["team"]
    mailing = Delivery.objects.get(
        recipient="panel-member@example.org", mailing__subject__contains="has decided"
    ).mailing
    assert "Good, but small." in mailing.text
    assert decision.get_absolute_url() in mailing.text
    browser = client_of("panel_member")
    assert "The panel decided on" in said(browser.get(review.get_absolute_url()))
    assert decision.get_absolute_url() in browser.get(review.cycle.panel.get_absolute_url()).content.decode()
    assert "Recruit more" in said(browser.get(decision.get_absolute_url()))


@pytest.mark.parametrize("who", ["lead", "staff"])
def test_decision_when_the_study_has_no_lead_then_somebody_else_hears(request, decide, outbox, who):
    request.getfixturevalue(who)
    decide()
    assert emailed("decision", outbox) == [who]


def test_condition_when_the_study_answers_then_the_chair_sees_how_and_is_told_on_the_dashboard(
    client_of, decide, chair, team, study
):
    first, second = decide().conditions.all()
    dashboard, page = reverse("dashboard"), first.decision.cycle.get_absolute_url()
    browser = client_of("chair")
    assert "The study has not answered it yet." in said(browser.get(page))
    answer_suggestion(suggestion=first.suggestion, accept=True, answer="From May on.", by=team)
    assert "The study says: accepted From May on." in said(browser.get(page))
    assert "Conditions that a study has answered" not in said(browser.get(dashboard))
    record_amendment(study=study, suggestions=[first.suggestion], text="Two more sites.", by=team)
    answer_suggestion(suggestion=second.suggestion, accept=False, answer="It is said in the protocol.", by=team)
    shown = said(browser.get(page))
    assert "Two more sites." in shown
    assert "The study says: not taken up It is said in the protocol." in shown
    listed = said(browser.get(dashboard))
    assert "Conditions that a study has answered" in listed
    assert "Recruit more" in listed
    assert "Say how" in listed
    assert "Conditions that a study has answered" in said(client_of("staff").get(dashboard))
    assert "Conditions that a study has answered" not in said(client_of("team").get(dashboard))
    for condition in (first, second):
        services.mark_condition_met(condition=condition, met_by=chair)
    assert "Conditions that a study has answered" not in said(browser.get(dashboard))


def test_condition_when_the_chair_is_on_the_study_then_not_theirs_to_check(decide, chair, team, study):
    first = decide().conditions.first()
    record_amendment(study=study, suggestions=[first.suggestion], text="Two more sites.", by=team)
    assert list(Condition.objects.to_check_by(chair)) == [first]
    StudyPerson.objects.create(study=study, user=chair, role=StudyPerson.Role.STATISTICIAN)
    assert list(Condition.objects.to_check_by(chair)) == []


def test_comments_when_released_then_the_lead_hears_once_and_no_reviewer_is_named(
    client_of, cycle, review, send, staff, team, outbox
):
    send(review)
    services.close_cycle(cycle=cycle, closed_by=staff)
    for _ in range(2):
        services.release_comments(cycle=cycle, texts={review: "Shorten it."}, released_by=staff)
    assert emailed("released", outbox) == ["team"]
    mailing = Delivery.objects.order_by("pk").last().mailing
    assert mailing.subject == "The Scientific committee has 1 comment on HOVIS"
    assert reverse("studies:ledger", args=[cycle.study.slug]) in mailing.text
    assert "Panel Member" not in mailing.text


def test_study_when_panels_look_at_it_then_its_people_see_which_and_what_they_decided(
    client_of, cycle, study, review, send, decide, team
):
    send(review)
    browser = client_of("team")
    assert of_study(study) in browser.get(study.get_absolute_url()).content.decode()
    page = said(browser.get(of_study(study)))
    assert "Reviews are due on" in page
    assert "Ask a panel" not in page
    services.close_cycle(cycle=cycle, closed_by=review.member)
    assert "Not decided yet" in said(browser.get(of_study(study)))
    decision = decide()
    services.mark_condition_met(condition=decision.conditions.first(), met_by=review.member)
    answer = browser.get(of_study(study))
    assert "Agreed, with conditions" in said(answer)
    assert "Conditions: met, not met yet" in said(answer)
    assert decision.get_absolute_url() in answer.content.decode()
    for name in ("Panel Member", "Second Member"):
        assert name not in answer.content.decode()
    assert cycle.get_absolute_url() not in answer.content.decode()
    assert cycle.get_absolute_url() in client_of("staff").get(of_study(study)).content.decode()


def test_history_when_all_happened_then_says_it_to_those_who_run_it(
    client_of, cycle, review, send, decide, staff, chair
):
    there = reverse("panels:cycle_history", args=[cycle.panel.slug, cycle.pk])
    send(review)
    services.change_cycle(cycle=cycle, due_on=cycle.due_on, note="Look at the sample.")
    condition = decide().conditions.first()
    services.mark_condition_met(condition=condition, met_by=chair, note="Seen.")
    assert there in client_of("chair").get(cycle.get_absolute_url()).content.decode()
    answer = client_of("chair").get(there)
    page = BeautifulSoup(answer.content, "html.parser")
    assert [each.get_text(strip=True) for each in page.select("ol.app-timeline h2")] == [
        "Changed condition: Recruit more",
        "Added condition: Say how",
        "Added condition: Recruit more",
        "Recorded the decision",
        "Closed reviews",
        "Changed the review",
        "Asked the panel",
    ]
    assert "Look at the sample." in said(answer)
    for secret in ("In confidence from", "To the team from"):
        assert secret not in answer.content.decode()
    assert client_of("panel_member").get(there).status_code == 403


def test_study_when_no_panel_looked_at_it_then_says_so(client_of, study, staff):
    page = said(client_of("staff").get(of_study(study)))
    assert "No panel has looked at this study yet" in page
    assert "Ask a panel to review it" in page


def test_study_when_there_are_many_cycles_then_the_queries_stay(client_of, cycle, study, staff, decide):
    decide()

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client_of("staff").get(of_study(study)).status_code == 200
        return len(seen)

    queries()
    before = queries()
    for number in range(5):
        panel = Panel.objects.create(slug=f"p{number}", kind="scientific", name=f"Panel {number}")
        services.give_default_questions(panel=panel)
        more = services.open_cycle(
            panel=panel, study=study, reason=ReviewCycle.Reason.ANNUAL, due_on=cycle.due_on,
            members=[make_user(f"more-{number}")], opened_by=staff,
        )  # fmt: skip
        services.record_decision(
            cycle=more, outcome="conditions", reasons="Small.", conditions=["More", "Else"], recorded_by=staff
        )
    assert queries() == before
