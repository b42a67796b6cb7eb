"""Drafting the monthly update: when, what is in it, and who is told."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from communities.models import Audience, MonthlyUpdate, UpdateEntry, UpdateSection
from communities.services.items import delete_item, save_item
from communities.services.update_sending import send_update
from communities.services.updates import decide_section, draft_due, draft_update, remind_undecided, save_section
from communities.tasks import monthly_updates
from mailing.models import Delivery
from studies.models import StageMove, Study, Theme
from studies.services import make_suggestion, move_study, record_amendment, set_identifier
from tests.communities.factories import (
    make_community,
    make_event,
    make_item,
    make_newsletter,
    make_section,
    make_sent,
)
from tests.communities.together import at_once


@pytest.fixture
def clock():
    """A way to be at a time in London."""
    travels = []

    def at(moment: str):
        if travels:
            travels.pop().stop()
        traveller = time_machine.travel(dt.datetime.fromisoformat(moment), tick=False)
        traveller.start()
        travels.append(traveller)

    yield at
    for traveller in travels:
        traveller.stop()


@pytest.fixture
def first_of_march(clock, community):
    clock("2027-03-01T08:00+00:00")


def entries(section: UpdateSection | None = None) -> list[tuple[str, str]]:
    rows = UpdateEntry.objects.filter(section=section) if section else UpdateEntry.objects.all()
    return list(rows.order_by("position").values_list("kind", "title"))


def days_ago(days: float) -> dt.datetime:
    return timezone.now() - dt.timedelta(days=days)


@pytest.mark.parametrize(
    ("day", "is_drafted"),
    [
        ("2027-01-01", False),  # a bank holiday
        ("2027-01-03", False),  # a Sunday
        ("2027-01-04", True),
        ("2027-01-05", True),  # the day before was missed
        ("2024-04-01", False),  # Easter Monday
        ("2024-04-02", True),
        ("2026-08-01", False),  # a Saturday
        ("2026-08-03", True),
    ],
)
def test_draft_when_on_a_day_then_from_the_first_working_day_on(clock, community, day, is_drafted):
    clock(f"{day}T08:00+00:00")
    make_item(community)
    assert (draft_due() is not None) == is_drafted
    assert MonthlyUpdate.objects.filter(month=dt.date.fromisoformat(day).replace(day=1)).exists() == is_drafted


def test_draft_when_run_twice_then_one_update_and_one_section(first_of_march, community, staff):
    make_item(community)
    assert monthly_updates() == 1
    assert monthly_updates() == 0
    assert draft_due() is None
    assert MonthlyUpdate.objects.count() == UpdateSection.objects.count() == 1
    assert Delivery.objects.count() == 1


def test_draft_when_drafted_then_it_goes_at_five_on_the_fifth_working_day(clock, community):
    clock("2027-05-04T08:00+01:00")  # after the early May holiday
    make_item(community)
    update = draft_due()
    assert timezone.localtime(update.closes_at).isoformat() == "2027-05-11T17:00:00+01:00"


def test_draft_when_nothing_is_new_then_no_section_and_nobody_is_told(first_of_march, community, staff, convenor):
    make_item(community, published_at=days_ago(31))
    make_event(community, status="draft")
    make_event()
    update = draft_due()
    assert not update.is_open
    assert not UpdateSection.objects.exists()
    assert not Delivery.objects.exists()
    assert draft_due() is None


def test_draft_when_all_kinds_are_new_then_each_is_an_entry(first_of_march, community, study, staff):
    event = make_event(community, title="We meet")
    make_item(community, title="A guide", kind="resource", published_at=days_ago(20))
    make_item(community, title="Carers see more", kind="insight")
    make_item(community, title="Two services join", kind="news")
    make_sent(community, title="Spring issue", introduction="In short.")
    suggestion = make_suggestion(study=study, source="community", text="Ask carers\ntoo, {{token}}", made_by=staff)
    record_amendment(
        study=study, suggestions=[suggestion], text="Carers are asked.", by=staff, made_on=dt.date(2026, 12, 1)
    )
    move_study(study=study, to="analysis", reason="Secret reason", by=staff)
    set_identifier(study=study, scheme="doi", value="10.1234/abc", by=staff)
    draft_due()
    assert entries() == [
        ("event", "We meet"),
        ("news", "Two services join"),
        ("said_did", "Carers are asked."),
        ("study", "The study is now at this stage: analysis"),
        ("study", "The study's protocol is published"),
        ("insight", "Carers see more"),
        ("resource", "A guide"),
        ("newsletter", "Spring issue"),
    ]
    words = dict(UpdateEntry.objects.values_list("kind", "words"))
    assert words["event"] == f"{event.when}\nTown hall"
    assert words["said_did"] == "You said:\n\n- Ask carers too, { {token} }\n\nWe did:\n\nCarers are asked."
    assert "Secret reason" not in str(list(UpdateEntry.objects.values()))
    assert UpdateEntry.objects.get(title__contains="protocol").url == "https://doi.org/10.1234/abc"


def test_draft_when_newsletter_went_to_others_as_well_then_each_tells_it(first_of_march, community, other_study, theme):
    other = make_community(other_study)
    apart = Study.objects.create(
        slug="apart", title="Apart", stage="active", theme=Theme.objects.create(slug="t2", name="T2")
    )
    make_community(apart)
    to_theme, to_other = make_sent(community, title="To the theme"), make_sent(community, title="To the other")
    Audience.objects.create(newsletter=to_theme).themes.add(theme)
    Audience.objects.create(newsletter=to_other).communities.add(other)
    make_sent(community, title="To its own")
    draft_due()
    told = {(each.section.community, each.title) for each in UpdateEntry.objects.select_related("section__community")}
    assert told == {
        (community, "To the theme"), (other, "To the theme"), (other, "To the other"), (community, "To its own"),
    }  # fmt: skip


def test_draft_when_something_is_not_for_everybody_then_not_in_it(first_of_march, community, study, other_study, staff):
    other = make_community(other_study)
    make_item(other, title="Hidden community's")
    Study.objects.filter(pk=other_study.pk).update(archived_at=timezone.now())
    make_event(community, status="draft")
    make_event(community, status="cancelled")
    make_event(community, starts_at=days_ago(2), ends_at=days_ago(1))
    make_event(community, starts_at=days_ago(-120), ends_at=days_ago(-121) + dt.timedelta(days=2))
    make_newsletter(community, title="Draft")
    make_suggestion(study=study, source="panel", text="Waits for an answer", made_by=staff)
    draft_due()
    assert entries() == []


def test_draft_when_study_went_on_and_came_back_then_nothing_to_tell(first_of_march, community, study, staff):
    for there in ("analysis", "active"):
        move_study(study=study, to=there, reason="x", by=staff)
    assert StageMove.objects.count() == 2
    draft_due()
    assert entries() == []


def test_draft_when_community_takes_no_new_members_then_those_it_has_are_told(first_of_march, community):
    community.open_to_join = False
    community.save()
    make_item(community)
    draft_due()
    assert UpdateSection.objects.get().community == community


def test_draft_when_month_after_then_only_what_was_not_told(clock, community, study, staff):
    clock("2027-03-01T08:00+00:00")
    make_item(community, title="Told")
    make_event(community, title="In May", starts_at=days_ago(-75), ends_at=days_ago(-76) + dt.timedelta(days=2))
    move_study(study=study, to="analysis", reason="x", by=staff)
    update = draft_due()
    section = update.sections.get()
    all_of_it = [entry.pk for entry in section.entries.all()]
    save_section(section=section, version=1, introduction="", included=all_of_it[:2], by=staff, approve=True)
    send_update(update=update, by=staff)
    clock("2027-04-01T08:00+01:00")
    assert not draft_due().is_open  # the event was told of; nothing else is there
    clock("2027-05-04T08:00+01:00")
    make_item(community, title="Of May")
    move_study(study=study, to="implementing", reason="x", by=staff)
    section = draft_due().sections.get()
    assert entries(section) == [
        ("event", "In May"), ("news", "Of May"), ("study", "The study is now at this stage: implementing"),
    ]  # fmt: skip
    assert section.entries.get(kind="study").words == "Before that: analysis."


@pytest.mark.parametrize(("decision", "comes_again"), [("skipped", False), ("draft", True)])
def test_draft_when_last_month_s_was_skipped_or_left_out_then_told_or_not(
    clock, community, staff, decision, comes_again
):
    clock("2027-03-01T08:00+00:00")
    make_item(community, title="A guide")
    update = draft_due()
    if decision == "skipped":
        decide_section(section=update.sections.get(), to="skipped", version=1, by=staff)
    clock("2027-03-08T17:00+00:00")
    assert monthly_updates() == 1
    clock("2027-04-01T08:00+01:00")
    april = draft_due()
    assert april.sections.exists() == comes_again
    clock("2027-08-02T08:00+01:00")
    if comes_again:
        send_update(update=april)
        assert not draft_due().sections.exists()  # three months are over


def test_draft_when_an_earlier_one_is_open_then_waits_for_it(clock, community, staff):
    clock("2027-03-31T08:00+01:00")
    make_item(community)
    march = draft_due()
    clock("2027-04-01T08:00+01:00")
    assert draft_due() is None
    send_update(update=march, by=staff)
    assert draft_due().month == dt.date(2027, 4, 1)


def test_draft_when_it_waits_then_each_person_gets_one_email(first_of_march, community, other_study, staff, convenor):
    other = make_community(other_study)
    convenor.associate.memberships.create(community=other, role="convenor")
    staff.associate = None
    for each in (community, other):
        make_item(each)
    draft_due()
    assert sorted(Delivery.objects.values_list("recipient", flat=True)) == [convenor.email, staff.email]
    message = Delivery.objects.get(recipient=convenor.email).mailing
    assert message.subject == "March 2027: 2 drafts wait for your approval"
    for words in (community.name, other.name, "/updates/2027-3/", "Monday 8 March 2027 at 5pm"):
        assert words in message.text


def test_draft_when_convenor_of_one_then_is_told_of_theirs_alone(first_of_march, community, other_study, convenor):
    other = make_community(other_study)
    for each in (community, other):
        make_item(each)
    draft_due()
    text = Delivery.objects.get().mailing.text
    assert community.name in text
    assert other.name not in text


def test_item_when_changed_or_deleted_while_a_draft_waits_then_the_draft_follows(first_of_march, community, staff):
    item, gone = make_item(community, title="Old"), make_item(community, title="A slip")
    section = draft_due().sections.get()
    save_item(item=item, version=1, changes={"title": "New"}, by=staff)
    delete_item(item=gone)
    section.refresh_from_db()
    assert entries() == [("news", "New")]
    assert section.version == 2
    save_section(
        section=section, version=2, introduction="", included=[section.entries.get().pk], by=staff, approve=True
    )
    save_item(item=item, version=2, changes={"title": "Never approved"}, by=staff)
    assert entries() == [("news", "New")]
    delete_item(item=item)
    assert entries() == []


def test_draft_when_there_are_many_communities_then_reads_as_often(first_of_march, community, study, theme, staff):
    def one_more(number: int) -> None:
        made = Study.objects.create(slug=f"s-{number}", theme=theme, title=f"Study {number}", stage="active")
        each = make_community(made)
        make_item(each)
        make_event(each)
        suggestion = make_suggestion(study=made, source="panel", text="Do", made_by=staff)
        record_amendment(study=made, suggestions=[suggestion], text="Done", by=staff)
        move_study(study=made, to="analysis", reason="x", by=staff)

    def reads() -> int:
        MonthlyUpdate.objects.all().delete()
        with CaptureQueriesContext(connection) as queries:
            draft_due()
        return sum(1 for query in queries if query["sql"].startswith("SELECT") and "update" not in query["sql"][:60])

    one_more(1)
    before = reads()
    for number in range(2, 7):
        one_more(number)
    assert UpdateSection.objects.count() == 1
    after = reads()
    assert UpdateSection.objects.count() == 6
    assert after == before


@pytest.mark.django_db(transaction=True)
def test_draft_when_several_run_at_once_then_one_update(community, staff):
    make_item(community)
    today = timezone.localdate()
    assert at_once([lambda: draft_update(today=today)] * 4) == []
    assert MonthlyUpdate.objects.count() == UpdateSection.objects.count() == UpdateEntry.objects.count() == 1
    assert Delivery.objects.count() == 1


def test_remind_when_it_goes_tomorrow_then_those_who_have_not_decided_once(
    clock, community, other_study, staff, convenor
):
    clock("2027-03-01T08:00+00:00")
    decided = make_section(make_community(other_study), status="skipped", decided_at=timezone.now())
    waiting = make_section(community)
    waiting.update.closes_at = timezone.now() + dt.timedelta(days=4)
    waiting.update.save()
    assert decided.update == waiting.update
    assert remind_undecided() == 0
    clock("2027-03-04T09:00+00:00")
    assert [remind_undecided(), remind_undecided()] == [1, 0]
    reminders = Delivery.objects.filter(mailing__subject__startswith="Reminder: March 2027: a draft still waits")
    assert {staff.email, convenor.email} <= set(reminders.values_list("recipient", flat=True))
    assert len(set(reminders.values_list("recipient", flat=True))) == reminders.count()


def test_remind_when_all_is_decided_or_it_has_gone_then_nobody(clock, community):
    clock("2027-03-01T08:00+00:00")
    section = make_section(community, status="skipped", decided_at=timezone.now())
    MonthlyUpdate.objects.update(closes_at=timezone.now() + dt.timedelta(hours=3))
    assert remind_undecided() == 0
    section.status, section.decided_at = "draft", None
    section.save()
    MonthlyUpdate.objects.update(closed_at=timezone.now())
    assert remind_undecided() == 0
