"""What takes a newsletter's approval away, and what becomes of one that is scheduled then."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.utils import timezone

from communities.audiences import Choice
from communities.models import Newsletter, NewsletterBlock
from communities.services import blocks
from communities.services.approval import (
    approval_holds,
    approve_newsletter,
)
from communities.services.audiences import save_audience
from communities.services.errors import RefusedError
from communities.services.newsletters import (
    save_newsletter,
    schedule_newsletter,
    send_newsletter,
    send_scheduled,
)
from mailing.models import Delivery
from tests.communities.approving import last_text, told, url
from tests.communities.factories import make_block, make_event
from tests.pages import main_words_of

pytestmark = pytest.mark.usefixtures("must_be_approved")


@pytest.fixture
def newsletter(spring):
    return spring


# --- What takes approval away ---------------------------------------------------------------------------------


def _details(newsletter: Newsletter, by) -> None:
    save_newsletter(newsletter=newsletter, version=1, changes={"title": "Summer"}, by=by)


def _more(newsletter: Newsletter, by) -> None:
    blocks.add_block(newsletter=newsletter, kind="divider", fields={}, by=by)


def _words(newsletter: Newsletter, by) -> None:
    blocks.save_block(block=newsletter.blocks.first(), version=1, changes={"words": "Else."}, by=by)


def _order(newsletter: Newsletter, by) -> None:
    assert blocks.move_block(block=newsletter.blocks.first(), up=False, by=by)


def _less(newsletter: Newsletter, by) -> None:
    blocks.delete_block(block=newsletter.blocks.first(), by=by)


def _whom(newsletter: Newsletter, by) -> None:
    choice = Choice(communities=frozenset([newsletter.community_id]), organisation="Trust")
    save_audience(newsletter=newsletter, version=1, choice=choice, by=by)


def _event(newsletter: Newsletter, by) -> None:
    event = NewsletterBlock.objects.get(newsletter=newsletter, kind="event").event
    event.place = "Village hall"
    event.save()


def _study(newsletter: Newsletter, by) -> None:
    study = NewsletterBlock.objects.get(newsletter=newsletter, kind="study").study
    study.summary = "It ended early."
    study.save()


@pytest.mark.parametrize("change", [_details, _more, _words, _order, _less, _whom, _event, _study])
def test_approval_when_anything_that_readers_get_changes_then_it_is_gone(
    community, newsletter, staff, colleague, study, change
):
    make_block(newsletter, kind="event", event=make_event(community))
    make_block(newsletter, kind="study", study=study)
    approve_newsletter(newsletter=newsletter, version=1, by=colleague)
    newsletter.refresh_from_db()
    assert approval_holds(newsletter)
    change(newsletter, staff)
    newsletter.refresh_from_db()
    assert not approval_holds(newsletter)
    with pytest.raises(RefusedError, match="approve"):
        send_newsletter(newsletter=newsletter, version=newsletter.version, by=staff)
    approve_newsletter(newsletter=newsletter, version=newsletter.version, by=colleague)
    assert send_newsletter(newsletter=newsletter, version=newsletter.version, by=staff).is_sent


def test_approval_when_another_event_or_study_changes_then_it_holds(community, newsletter, colleague, study):
    other = make_event(community)
    approve_newsletter(newsletter=newsletter, version=1, by=colleague)
    other.place, study.summary = "Else", "Else"
    other.save()
    study.save()
    newsletter.refresh_from_db()
    assert approval_holds(newsletter)


def test_approval_when_a_study_changes_what_the_newsletter_does_not_show_then_it_holds(newsletter, colleague, study):
    make_block(newsletter, kind="study", study=study)
    approve_newsletter(newsletter=newsletter, version=1, by=colleague)
    study.summary += "\r\n\r\nAnd more, further down."
    study.save()
    newsletter.refresh_from_db()
    assert approval_holds(newsletter)


def test_approve_when_an_event_changed_under_the_eyes_then_asked_to_read_again(
    client_of, community, newsletter, colleague
):
    make_block(newsletter, kind="event", event=make_event(community))
    client = client_of("colleague")
    page = BeautifulSoup(client.get(url("preview", newsletter)).content, "html.parser")
    _event(newsletter, colleague)
    data = {"version": 1, "shown": page.select_one("[name=shown]")["value"]}
    assert "has changed since you opened this page" in main_words_of(
        client.post(url("approve", newsletter), data, follow=True)
    )
    newsletter.refresh_from_db()
    assert newsletter.approved_by is None


# --- What is scheduled ----------------------------------------------------------------------------------------


@pytest.fixture
def scheduled(community, newsletter, staff, colleague):
    """Approved and scheduled for tomorrow, with an event in it."""
    make_block(newsletter, kind="event", event=make_event(community))
    approve_newsletter(newsletter=newsletter, version=1, by=colleague)
    Delivery.objects.all().delete()
    tomorrow = timezone.now() + dt.timedelta(days=1)
    return schedule_newsletter(newsletter=newsletter, version=1, send_at=tomorrow, by=staff)


def test_scheduled_when_approval_is_lost_then_it_does_not_go_and_says_so(client_of, scheduled, colleague):
    _event(scheduled, colleague)
    page = main_words_of(client_of("staff").get(url("preview", scheduled)))
    assert "It does not go as things stand" in page
    assert "Send it now" not in page
    with time_machine.travel(scheduled.send_at + dt.timedelta(minutes=1), tick=False):
        assert send_scheduled() == 0
    scheduled.refresh_from_db()
    assert scheduled.status == "draft"
    assert told() == [("staff", "Not sent: Spring")]
    assert "An event or a study that this newsletter shows has changed since Office approved it." in last_text()
    history = main_words_of(client_of("staff").get(url("history", scheduled)))
    assert "Took the newsletter back to a draft" in history
    assert "the portal itself Not sent. An event or a study that this newsletter shows has changed" in history


def test_scheduled_when_approved_again_before_its_time_then_it_goes(client_of, scheduled, colleague):
    _event(scheduled, colleague)
    client_of("colleague").post(url("approve", scheduled), {"version": 1})
    with time_machine.travel(scheduled.send_at + dt.timedelta(minutes=1), tick=False):
        assert send_scheduled() == 1
    scheduled.refresh_from_db()
    assert scheduled.is_sent


def test_scheduled_when_sent_back_then_a_draft_at_once_and_its_writer_hears(client_of, scheduled, colleague):
    client = client_of("colleague")
    assert "It is scheduled for" in main_words_of(client.get(url("send_back", scheduled)))
    client.post(url("send_back", scheduled), {"version": 1, "words": "The speaker is ill."})
    scheduled.refresh_from_db()
    assert (scheduled.status, scheduled.send_at, scheduled.approved_by) == ("draft", None, None)
    assert told() == [("staff", "To change first: Spring")]
    with time_machine.travel(timezone.now() + dt.timedelta(days=2), tick=False):
        assert send_scheduled() == 0


def test_scheduled_when_whoever_scheduled_it_is_gone_then_all_staff_hear(scheduled, staff, colleague, administrator):
    _event(scheduled, colleague)
    staff.is_active = False
    staff.save()
    with time_machine.travel(scheduled.send_at + dt.timedelta(minutes=1), tick=False):
        send_scheduled()
    assert sorted(told()) == [("administrator", "Not sent: Spring"), ("office", "Not sent: Spring")]
    assert "Somebody who can no longer log in scheduled" in last_text()


def test_scheduled_when_the_setting_is_turned_on_afterwards_then_it_waits_for_approval(newsletter, staff, settings):
    settings.NEWSLETTERS_NEED_APPROVAL = False
    tomorrow = timezone.now() + dt.timedelta(days=1)
    schedule_newsletter(newsletter=newsletter, version=1, send_at=tomorrow, by=staff)
    settings.NEWSLETTERS_NEED_APPROVAL = True
    with time_machine.travel(tomorrow + dt.timedelta(minutes=1), tick=False):
        assert send_scheduled() == 0
    assert "Somebody else has to approve this newsletter" in last_text()
