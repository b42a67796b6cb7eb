"""Newsletters on their way: scheduled, watched, paused, sent to those who are new, and reported on."""

from __future__ import annotations

import datetime as dt

import pytest
from bs4 import BeautifulSoup
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from communities.models import LeftOut, Newsletter, Unsubscribe
from communities.privacy import data_held
from communities.services import list_making
from communities.services.errors import RefusedError, StaleVersionError
from communities.services.newsletters import (
    extend_newsletter,
    save_newsletter,
    schedule_newsletter,
    send_newsletter,
    send_scheduled,
    unschedule_newsletter,
)
from communities.services.preferences import erase_associate
from communities.tasks import make_lists, send_scheduled_newsletters
from mailing.models import Bounce, Delivery, Mailing
from mailing.services import cancel, pause, suppress
from tests.communities.factories import make_associate, make_newsletter
from tests.communities.links import recipient_token

HOUR = dt.timedelta(hours=1)


def url(name: str, newsletter: Newsletter) -> str:
    return reverse(f"newsletters:{name}", args=[newsletter.slug])


def text_of(answer) -> str:
    return " ".join(BeautifulSoup(answer.content, "html.parser").get_text(" ").split())


def at(moment: dt.datetime) -> dict[str, str]:
    local = timezone.localtime(moment)
    values = (local.day, local.month, local.year, f"{local:%H:%M}")
    names = ("day", "month", "year", "time")
    return {f"send_at_{name}": str(value) for name, value in zip(names, values, strict=True)}


@pytest.fixture
def newsletter(community):
    return make_newsletter(community, title="Spring")


@pytest.fixture
def sent(newsletter, community, staff):
    for _ in range(4):
        make_associate(community)
    return send_newsletter(newsletter=newsletter, version=1, by=staff)


def settle(sent: Newsletter, *states: str) -> list[Delivery]:
    rows = list(sent.mailing.deliveries.order_by("pk"))
    for row, state in zip(rows, states, strict=False):
        Delivery.objects.filter(pk=row.pk).update(status=state, due_at=None, settled_at=timezone.now())
    return rows


def test_schedule_when_time_comes_then_sent_once_to_whoever_may_have_it_then(
    client_of, newsletter, community, staff, time_machine
):
    first = make_associate(community)
    tomorrow = (timezone.now() + dt.timedelta(days=1)).replace(second=0, microsecond=0)
    answer = client_of("staff").post(url("schedule", newsletter), {"version": "1", **at(tomorrow)})
    assert answer.url == url("preview", newsletter)
    newsletter.refresh_from_db()
    assert (newsletter.status, newsletter.send_at, newsletter.scheduled_by) == ("scheduled", tomorrow, staff)
    assert "Scheduled" in text_of(client_of("staff").get(url("preview", newsletter)))
    assert send_scheduled_newsletters() == 0
    later = make_associate(community)
    time_machine.move_to(tomorrow + 3 * HOUR)
    assert [send_scheduled_newsletters(), send_scheduled_newsletters()] == [1, 0]
    newsletter.refresh_from_db()
    assert (newsletter.status, newsletter.send_at, newsletter.sent_by) == ("sent", None, staff)
    assert {row.recipient for row in newsletter.mailing.deliveries.all()} == {first.email, later.email}


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ({"send_at_day": "1", "send_at_month": "1", "send_at_year": "2020", "send_at_time": "9am"}, "still to come"),
        ({"send_at_day": "1", "send_at_month": "1", "send_at_year": "2099", "send_at_time": "9am"}, "within a year"),
        (
            {"send_at_day": "28", "send_at_month": "3", "send_at_year": "2027", "send_at_time": "1:30am"},
            "clocks go forward",
        ),
        ({"send_at_day": "31", "send_at_month": "10", "send_at_year": "2027", "send_at_time": "1:30am"}, "comes twice"),
        ({}, "Enter the time"),
    ],
)
def test_schedule_when_time_is_no_good_then_says_so_and_stays_a_draft(
    client_of, newsletter, moment, words, time_machine
):
    time_machine.move_to(dt.datetime(2027, 1, 4, 9, tzinfo=dt.UTC))
    answer = client_of("staff").post(url("schedule", newsletter), {"version": "1", **moment})
    assert answer.status_code == 200
    assert words in text_of(answer)
    newsletter.refresh_from_db()
    assert newsletter.status == "draft"


def test_schedule_when_taken_back_then_a_draft_that_can_be_changed(client_of, newsletter, staff):
    schedule_newsletter(newsletter=newsletter, version=1, send_at=timezone.now() + HOUR, by=staff)
    client = client_of("staff")
    assert client.get(url("edit", newsletter)).url == url("preview", newsletter)
    assert client.get(url("delete", newsletter)).url == url("preview", newsletter)
    with pytest.raises(RefusedError, match="Take it back"):
        save_newsletter(newsletter=newsletter, version=1, changes={"title": "Other"}, by=staff)
    assert client.post(url("unschedule", newsletter)).url == url("preview", newsletter)
    assert unschedule_newsletter(newsletter=newsletter) is False
    assert save_newsletter(newsletter=newsletter, version=1, changes={"title": "Other"}, by=staff).title == "Other"


def test_schedule_when_changed_since_sent_or_past_then_refused(newsletter, staff):
    soon = timezone.now() + HOUR
    with pytest.raises(StaleVersionError):
        schedule_newsletter(newsletter=newsletter, version=2, send_at=soon, by=staff)
    with pytest.raises(RefusedError):
        schedule_newsletter(newsletter=newsletter, version=1, send_at=timezone.now() - HOUR, by=staff)
    send_newsletter(newsletter=newsletter, version=1, by=staff)
    with pytest.raises(RefusedError):
        schedule_newsletter(newsletter=newsletter, version=1, send_at=soon, by=staff)


def test_schedule_when_one_cannot_be_sent_then_the_others_go_and_it_is_tried_again(community, staff, time_machine):
    bad, good = make_newsletter(community), make_newsletter(community)
    for each in (bad, good):
        schedule_newsletter(newsletter=each, version=1, send_at=timezone.now() + HOUR, by=staff)
    make_associate(community)
    # Such as a row that was written by hand: a message needs a subject.
    Newsletter.objects.filter(pk=bad.pk).update(title="")
    time_machine.move_to(timezone.now() + 2 * HOUR)
    assert send_scheduled() == 1
    assert set(Newsletter.objects.sent()) == {good}
    Newsletter.objects.filter(pk=bad.pk).update(title="Mended")
    assert send_scheduled() == 1


def test_database_when_scheduled_without_a_time_then_refuses(newsletter):
    with pytest.raises(IntegrityError):
        Newsletter.objects.filter(pk=newsletter.pk).update(status="scheduled")


def test_page_when_under_way_then_renews_itself_until_all_have_ended(client_of, sent):
    client = client_of("staff")
    settle(sent, "sent", "sent", "failed")
    region = BeautifulSoup(client.get(url("preview", sent)).content, "html.parser").select_one("[data-poll-url]")
    assert region["data-poll-url"] == url("progress", sent)
    fragment = client.get(url("progress", sent))
    assert "2 sent in the last minute; about 1 minute left" in text_of(fragment)
    assert b"data-poll-done" not in fragment.content
    assert offered(fragment) == ("ready", ["Pause", "Cancel the sending"])
    pause(mailing=sent.mailing)
    assert offered(client.get(url("progress", sent))) == ("paused", ["Resume", "Cancel the sending"])
    settle(sent, "sent", "sent", "failed", "unknown")
    fragment = client.get(url("progress", sent))
    assert b"data-poll-done" in fragment.content
    assert offered(fragment) == ("over", [])


def offered(fragment) -> tuple[str, list[str]]:
    """In which state, and by which buttons, the page that watches it can act on it then."""
    part = BeautifulSoup(fragment.content, "html.parser").select_one("template[data-poll-for=sending-actions]")
    return part["data-poll-state"], [
        " ".join(each.find_all(string=True)).strip() for each in part.select(".nhsuk-button")
    ]


def test_progress_when_people_are_more_then_as_many_queries(
    client_of, newsletter, community, staff, django_assert_num_queries
):
    for _ in range(2):
        make_associate(community)
    sent = send_newsletter(newsletter=newsletter, version=1, by=staff)
    settle(sent, "failed")
    client = client_of("staff")
    pages = [url(name, sent) for name in ("progress", "preview", "report")]
    few = []
    for page in pages:
        with CaptureQueriesContext(connection) as queries:
            client.get(page)
        few.append(len(queries))
    for _ in range(49):
        make_associate(community)
        make_associate(community, newsletters=False)
    extend_newsletter(newsletter=sent, by=staff)
    settle(sent, *["failed"] * 30)
    for page, count in zip(pages, few, strict=True):
        with django_assert_num_queries(count):
            client.get(page)


def test_pause_and_resume_when_pressed_then_the_mailing_stops_and_goes_on(client_of, sent):
    client = client_of("staff")
    for name, status in (("pause", "paused"), ("pause", "paused"), ("resume", "ready"), ("resume", "ready")):
        assert client.post(url(name, sent)).url == url("preview", sent)
        assert Mailing.objects.get().status == status
    client.post(url("pause", sent))
    page = text_of(client.get(url("preview", sent)))
    assert "until programme staff resume it" in page


def test_cancel_when_sure_then_whoever_waits_gets_nothing_and_the_archive_keeps_it(client, client_of, sent):
    settle(sent, "sent")
    staff = client_of("staff")
    assert "3 people who still wait" in text_of(staff.get(url("cancel", sent)))
    assert Mailing.objects.get().status == "ready"
    assert staff.post(url("cancel", sent)).url == url("preview", sent)
    assert sorted(Delivery.objects.values_list("status", flat=True)) == ["sent", "skipped", "skipped", "skipped"]
    assert client.get(sent.get_absolute_url()).status_code == 200
    assert "Send it to them" not in text_of(staff.get(url("preview", sent)))


def test_extend_when_people_are_new_then_they_alone_get_it_once(client_of, sent, community, staff):
    client = client_of("staff")
    new = make_associate(community)
    make_associate(community, newsletters=False)
    suppress(email=make_associate(community).email, reason="hard bounce")
    assert "1 person joined or agreed" in text_of(client.get(url("preview", sent)))
    for _ in range(2):
        client.post(url("extend", sent))
    assert Delivery.objects.count() == 5
    assert Delivery.objects.filter(recipient=new.email).count() == 1
    assert extend_newsletter(newsletter=sent, by=staff) == 0


def test_preview_when_too_many_had_it_to_count_who_is_new_then_it_can_go_to_them_uncounted(
    client_of, sent, community, monkeypatch
):
    monkeypatch.setattr("communities.views.preview._COUNTED", 2)
    new = make_associate(community)
    page = client_of("staff").get(url("preview", sent))
    assert page.context["since"] is None
    assert "Send it to those who are new" in text_of(page)
    client_of("staff").post(url("extend", sent))
    assert Delivery.objects.filter(recipient=new.email).count() == 1


def test_extend_when_nobody_had_asked_at_first_then_goes_to_those_who_have_since(newsletter, community, staff):
    sent = send_newsletter(newsletter=newsletter, version=1, by=staff)
    assert sent.mailing is None
    make_associate(community)
    assert extend_newsletter(newsletter=sent, by=staff) == 1
    assert extend_newsletter(newsletter=sent, by=staff) == 0
    assert Delivery.objects.count() == 1


def test_extend_when_it_is_forgotten_to_whom_it_went_then_refused(sent, staff, settings):
    """Or everybody would get it again."""
    settings.MAIL_KEEP_RECIPIENTS_DAYS = 0
    with pytest.raises(RefusedError, match="no longer know who got it"):
        extend_newsletter(newsletter=sent, by=staff)


@pytest.fixture
def preparing(client_of, newsletter, community, monkeypatch):
    """Sent to more people than a request waits for, whose list nobody has made yet."""
    monkeypatch.setattr(list_making, "AT_ONCE", 2)
    for _ in range(3):
        make_associate(community)
    make_associate(community, newsletters=False)
    assert client_of("staff").post(url("send", newsletter), {"version": "1"}).url == url("preview", newsletter)
    newsletter.refresh_from_db()
    assert (newsletter.status, newsletter.mailing.deliveries.count(), newsletter.left_out.count()) == ("sent", 0, 0)
    return newsletter


def test_send_when_very_many_then_a_worker_makes_the_list_once_and_the_page_says_so(
    client_of, preparing, staff, django_assert_num_queries
):
    browser = client_of("staff")
    with CaptureQueriesContext(connection) as captured:
        shown = browser.get(url("progress", preparing))
        while_preparing = len(captured)
    assert "Preparing the list" in text_of(shown)
    assert "data-poll-done" not in shown.content.decode()
    assert "Pause" in text_of(client_of("staff").get(url("preview", preparing)))
    with pytest.raises(RefusedError, match="still being made"):
        extend_newsletter(newsletter=preparing, by=staff)
    assert [make_lists(), make_lists()] == [1, 0]
    assert (preparing.mailing.deliveries.by_status(), preparing.left_out.count()) == ({"queued": 3}, 1)
    with django_assert_num_queries(while_preparing):
        assert "Waiting 3" in text_of(browser.get(url("progress", preparing)))


def test_send_when_very_many_then_pause_and_cancel_need_not_wait_for_the_list(client_of, preparing):
    client_of("staff").post(url("pause", preparing))
    assert "once it is resumed" in text_of(client_of("staff").get(url("progress", preparing)))
    make_lists()
    preparing.mailing.refresh_from_db()
    assert (preparing.mailing.status, preparing.mailing.deliveries.by_status()) == ("paused", {"queued": 3})


def test_send_when_cancelled_before_its_list_is_made_then_nobody_gets_it(client_of, preparing):
    assert "nobody gets it" in text_of(client_of("staff").get(url("cancel", preparing)))
    answer = client_of("staff").post(url("cancel", preparing), follow=True)
    assert "Nobody gets it" in text_of(answer)
    assert "Preparing" not in text_of(answer)
    make_lists()
    assert not Delivery.objects.exists()
    assert not Mailing.objects.filter(preparing_since__isnull=False).exists()


def test_extend_when_a_draft_or_cancelled_then_refused(newsletter, community, staff):
    with pytest.raises(RefusedError):
        extend_newsletter(newsletter=newsletter, by=staff)
    make_associate(community)
    sent = send_newsletter(newsletter=newsletter, version=1, by=staff)
    cancel(mailing=sent.mailing)
    with pytest.raises(RefusedError, match="cancelled"):
        extend_newsletter(newsletter=sent, by=staff)


def test_left_out_when_sent_then_says_who_and_why(newsletter, community, staff):
    got = make_associate(community)
    no_consent = make_associate(community, newsletters=False)
    not_here = make_associate(community)
    not_here.memberships.update(wants_newsletters=False)
    bounced = make_associate(community)
    suppress(email=bounced.email.upper(), reason="hard bounce")
    gone = make_associate(community)
    gone.memberships.update(left_at=timezone.now())
    sent = send_newsletter(newsletter=newsletter, version=1, by=staff)
    assert {(row.associate, row.reason) for row in LeftOut.objects.all()} == {
        (no_consent, "no_consent"), (not_here, "not_here"), (bounced, "suppressed"),
    }  # fmt: skip
    assert {row.recipient for row in sent.mailing.deliveries.all()} == {got.email}
    assert data_held(bounced)["Newsletters that you were not sent"] == [
        {"Newsletter": "Spring", "Why": "Their address takes no more mail"}
    ]
    erase_associate(associate=bounced)
    assert LeftOut.objects.count() == 2


@pytest.mark.parametrize("by_header", [True, False])
def test_unsubscribe_when_by_the_link_of_an_issue_then_counted_once(client_of, sent, by_header):
    person = sent.community.memberships.first().associate
    address = reverse("communities:unsubscribe", args=[recipient_token(person)])
    address += f"?list=newsletters&community={sent.community.slug}&issue={sent.pk}"
    answer = {"List-Unsubscribe": "One-Click"} if by_header else {"what": "purpose"}
    for _ in range(2):
        assert Client(enforce_csrf_checks=True).post(address, answer).status_code == 200
    assert [row.associate for row in sent.unsubscribes.all()] == [person]
    assert "Unsubscribed by its link 1" in text_of(client_of("staff").get(url("report", sent)))


@pytest.mark.parametrize("issue", ["", "x", "²", "0", "999999999", "9" * 30, "-1", "%00"])
def test_unsubscribe_when_issue_is_none_then_unsubscribes_all_the_same(community, issue):
    person = make_associate(community)
    address = reverse("communities:unsubscribe", args=[recipient_token(person)])
    answer = Client().post(f"{address}?list=newsletters&issue={issue}", {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert not person.consents.standing().filter(purpose="newsletters").exists()
    assert not Unsubscribe.objects.exists()


def test_report_when_read_then_says_what_came_back_and_finds_people(client_of, sent, community):
    rows = settle(sent, "sent", "failed", "unknown", "sent")
    Delivery.objects.filter(pk=rows[1].pk).update(last_answer="550 No such person")
    Bounce.objects.create(delivery=rows[3], email=rows[3].recipient, kind="complaint", source="provider", key="k")
    client = client_of("staff")
    page = text_of(client.get(url("report", sent)))
    assert "550 No such person" in page
    assert "Marked as spam 1" in page
    assert rows[0].recipient not in page
    assert rows[0].recipient in text_of(client.get(url("report", sent), {"q": rows[0].recipient}))
    assert "Nobody of that name" in text_of(client.get(url("report", sent), {"q": "nobody-at-all"}))


def test_report_when_member_was_left_out_then_the_look_up_says_why(client_of, newsletter, community, staff):
    person = make_associate(community, newsletters=False, name="Joan Carer")
    sent = send_newsletter(newsletter=newsletter, version=1, by=staff)
    page = text_of(client_of("staff").get(url("report", sent), {"q": "joan"}))
    assert f"{person.email} Why Has not agreed to newsletters" in page


def test_report_when_a_draft_then_leads_to_its_page(client_of, newsletter):
    assert client_of("staff").get(url("report", newsletter)).url == url("preview", newsletter)
    assert client_of("staff").get(url("progress", newsletter)).status_code == 404
