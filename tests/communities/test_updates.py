"""The monthly update's pages: reading a draft, changing, approving and skipping it."""

from __future__ import annotations

import datetime as dt
import html

import pytest
from bs4 import BeautifulSoup
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from communities.models import MonthlyUpdate, UpdateSection
from communities.services.errors import RefusedError, StaleVersionError
from communities.services.update_sending import send_update
from communities.services.updates import decide_section, save_section, send_section_back, set_deadline
from mailing.models import Delivery
from studies.models import Study
from tests.communities.factories import make_approved, make_associate, make_community, make_event, make_section

INDEX = reverse("updates:index")


def url(name: str, update: MonthlyUpdate) -> str:
    return reverse(f"updates:{name}", args=[update.month.year, update.month.month])


def text_of(answer) -> str:
    return " ".join(BeautifulSoup(answer.content, "html.parser").get_text(" ").split())


def ticked(section: UpdateSection, *titles: str, **more) -> dict[str, object]:
    keys = [entry.pk for entry in section.entries.all() if entry.title in titles]
    return {"version": section.version, "introduction": "", "entries": keys, **more}


@pytest.fixture
def section(community):
    return make_section(community, titles=("A guide", "A talk"))


def test_section_when_saved_then_says_so_in_the_email_and_still_waits(client_of, section):
    client = client_of("convenor")
    page = client.get(section.get_absolute_url()).content.decode()
    assert page.count("checked") == 2
    answer = client.post(
        section.get_absolute_url(), ticked(section, "A talk", introduction="Hello from {us}.\n\n<b>", save="Save")
    )
    assert answer.url == section.get_absolute_url()
    section.refresh_from_db()
    assert (section.status, section.version, section.decided_by) == ("draft", 2, None)
    page = text_of(client.get(section.get_absolute_url()))
    assert "Subject: March 2027: what is new in your community" in page
    mail = client.get(reverse("updates:section_html", args=[section.pk]))
    assert "sandbox allow-popups" in mail["Content-Security-Policy"]
    assert "script-src 'none'" in mail["Content-Security-Policy"]
    assert "Hello from {us}." in mail.content.decode()
    assert "&lt;b&gt;" in mail.content.decode()
    assert "A talk" in mail.content.decode()
    assert "A guide" not in mail.content.decode()


def test_test_when_asked_for_then_goes_to_whoever_asks_alone_as_it_is_saved(client_of, section, convenor):
    make_associate(section.community)
    client = client_of("convenor")
    page = client.get(section.get_absolute_url(), {"width": "phone"})
    assert 'width="375"' in page.content.decode()
    answer = client.post(reverse("updates:test", args=[section.pk]), follow=True)
    assert f"A test is on its way to {convenor.email}." in text_of(answer)
    delivery = Delivery.objects.select_related("mailing").get()
    assert (delivery.recipient, delivery.subject_id) == (convenor.email, "test")
    assert delivery.mailing.subject == "Test: March 2027: what is new in your community"
    assert "A talk" in delivery.mailing.text
    section.refresh_from_db()
    assert section.is_draft


def test_test_when_nothing_is_ticked_then_says_what_to_do(client_of, section):
    section.entries.update(included=False)
    answer = client_of("convenor").post(reverse("updates:test", args=[section.pk]), follow=True)
    assert "Tick something and save the draft first." in text_of(answer)
    assert not Delivery.objects.exists()


def test_section_when_approved_then_decided_and_no_longer_to_change(client_of, section, convenor):
    client = client_of("convenor")
    answer = client.post(section.get_absolute_url(), ticked(section, "A guide", approve="Approve"))
    assert answer.url == section.update.get_absolute_url()
    section.refresh_from_db()
    assert (section.status, section.decided_by) == ("approved", convenor)
    page = client.get(section.get_absolute_url()).content.decode()
    assert 'name="introduction"' not in page
    assert "Take it back to a draft" in page
    client.post(section.get_absolute_url(), ticked(section, "A talk", approve="Approve"))
    assert [entry.title for entry in section.entries.filter(included=True)] == ["A guide"]


def test_section_when_nothing_is_ticked_then_not_approved_and_says_what_to_do(client_of, section):
    answer = client_of("staff").post(
        section.get_absolute_url(), ticked(section, introduction="Mine", approve="Approve")
    )
    assert answer.status_code == 200
    assert "Skip this month instead" in answer.content.decode()
    assert "Mine" in answer.content.decode()
    section.refresh_from_db()
    assert (section.status, section.introduction) == ("draft", "")
    assert section.entries.filter(included=True).count() == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"introduction": "{{token}}"}, "Take out {{ and }}"),
        ({"introduction": "x" * 2001}, "at most 2000"),
        ({"entries": [999_999]}, "no longer there"),
    ],
)
def test_section_when_something_is_wrong_then_says_what(client_of, section, changes, words):
    data = {**ticked(section, "A guide"), **changes, "approve": "Approve"}
    page = client_of("staff").post(section.get_absolute_url(), data).content.decode()
    assert words in html.unescape(page)
    assert UpdateSection.objects.get().version == 1


def test_section_when_somebody_saved_first_then_both_are_shown_and_nothing_is_approved(client_of, section, staff):
    keys = [section.entries.first().pk]
    save_section(section=section, version=1, introduction="Theirs", included=keys, by=staff)
    answer = client_of("staff").post(
        section.get_absolute_url(), ticked(section, "A talk", introduction="Mine", approve="Approve")
    )
    page = text_of(answer)
    assert answer.status_code == 409
    assert "as they saved it Theirs" in page
    assert "as they saved it News: A guide" in page
    section.refresh_from_db()
    assert (section.status, section.introduction) == ("draft", "Theirs")


@pytest.mark.parametrize("start", ["draft", "approved"])
def test_decide_when_skipped_or_taken_back_then_done(client_of, community, staff, start):
    section = make_section(community) if start == "draft" else make_approved(community)
    there = reverse("updates:decide", args=[section.pk])
    to = "skipped" if start == "draft" else "draft"
    client_of("convenor").post(there, {"to": to, "version": section.version})
    section.refresh_from_db()
    assert (section.status, section.version) == (to, 2)
    assert (section.decided_at is None) == (to == "draft")


def test_send_back_when_approved_then_a_draft_with_words_and_whoever_looks_after_it_hears(
    client_of, community, convenor, staff, administrator
):
    section = make_approved(community, decided_by=administrator)
    there, client = reverse("updates:send_back", args=[section.pk]), client_of("staff")
    assert there in client.get(section.get_absolute_url()).content.decode()
    assert "If you send it back, it is a draft again." in text_of(client.get(there))
    assert "Say what should be changed." in text_of(client.post(there, {"version": 1, "words": " "}))
    answer = client.post(there, {"version": 1, "words": "The date is wrong.\nIt is in May."}, follow=True)
    assert "Staff asked on" in text_of(answer)
    section.refresh_from_db()
    assert (section.status, section.version, section.sent_back_by, section.decided_by) == ("draft", 2, staff, None)
    told = Delivery.objects.order_by("recipient")
    assert [each.recipient for each in told] == [administrator.email, convenor.email]
    assert f"To change first: {community.name} in the update of March 2027" == told[0].mailing.subject
    assert "The date is wrong." in told[0].mailing.text
    assert section.get_absolute_url() in told[0].mailing.text
    page = client_of("convenor").get(section.get_absolute_url())
    assert "The date is wrong. It is in May." in text_of(page)
    assert "Sent back" in text_of(client.get(section.update.get_absolute_url()))
    client_of("convenor").post(section.get_absolute_url(), ticked(section, "A guide", approve="Approve"))
    section.refresh_from_db()
    assert (section.status, section.sent_back_words, section.sent_back_at) == ("approved", "", None)


def test_send_back_when_it_changed_meanwhile_then_the_words_are_kept(client_of, section, staff, convenor):
    save_section(section=section, version=1, introduction="New.", included=[], by=convenor)
    there = reverse("updates:send_back", args=[section.pk])
    answer = client_of("staff").post(there, {"version": 1, "words": "Shorter."})
    assert answer.status_code == 409
    form = BeautifulSoup(answer.content, "html.parser").select_one("main form")
    assert form.select_one("textarea").get_text().strip() == "Shorter."
    assert not Delivery.objects.exists()
    again = {"version": form.select_one("[name=version]")["value"], "words": "Shorter."}
    assert client_of("staff").post(there, again).url == section.get_absolute_url()
    assert [each.recipient for each in Delivery.objects.all()] == [convenor.email]


def test_send_back_when_nobody_else_looks_after_it_then_staff_hear(client_of, section, convenor, staff):
    there = reverse("updates:send_back", args=[section.pk])
    client_of("convenor").post(there, {"version": 1, "words": "Is the event on?"})
    assert [each.recipient for each in Delivery.objects.all()] == [staff.email]


def test_section_when_approved_with_words_of_sending_back_then_the_database_refuses(section):
    with pytest.raises(IntegrityError), transaction.atomic():
        UpdateSection.objects.update(sent_back_words="Shorter.")


@pytest.mark.parametrize(
    "data",
    [
        {"to": "approved", "version": 1},
        *({"to": "skipped", "version": bad} for bad in ("x", "9" * 5000)),
        {},
        {"to": "gone"},
    ],
)
def test_decide_when_it_cannot_be_then_nothing_changes(client_of, section, data):
    client_of("staff").post(reverse("updates:decide", args=[section.pk]), data)
    section.refresh_from_db()
    assert (section.status, section.version) == ("draft", 1)


def test_services_when_the_update_has_gone_then_refused(section, staff):
    send_update(update=section.update, by=staff)
    with pytest.raises(RefusedError, match="has gone"):
        save_section(section=section, version=1, introduction="x", included=[], by=staff)
    with pytest.raises(RefusedError, match="has gone"):
        decide_section(section=section, to="skipped", version=1, by=staff)
    with pytest.raises(RefusedError, match="has gone"):
        send_section_back(section=section, version=1, words="x", by=staff)
    with pytest.raises(RefusedError, match="has gone"):
        set_deadline(update=section.update, closes_at=timezone.now() + dt.timedelta(days=1))


def test_services_when_version_is_old_or_move_unknown_then_refused(section, staff):
    with pytest.raises(StaleVersionError):
        decide_section(section=section, to="skipped", version=7, by=staff)
    decide_section(section=section, to="skipped", version=1, by=staff)
    assert decide_section(section=section, to="skipped", version=1, by=staff).version == 2
    with pytest.raises(RefusedError):
        save_section(section=section, version=2, introduction="x", included=[], by=staff)
    with pytest.raises(RefusedError):
        decide_section(section=section, to="approved", version=2, by=staff)


def test_deadline_when_changed_then_kept_and_only_to_come(client_of, section):
    update = section.update
    day = timezone.localdate() + dt.timedelta(days=3)
    names = {"closes_at_day": day.day, "closes_at_month": day.month, "closes_at_year": day.year}
    answer = client_of("staff").post(url("deadline", update), {**names, "closes_at_time": "5pm"})
    assert answer.url == update.get_absolute_url()
    update.refresh_from_db()
    assert timezone.localtime(update.closes_at).replace(tzinfo=None) == dt.datetime.combine(day, dt.time(17))
    for wrong, words in (
        (day - dt.timedelta(days=9), "still to come"),
        (day + dt.timedelta(days=40), "within 28 days"),
    ):
        names = {"closes_at_day": wrong.day, "closes_at_month": wrong.month, "closes_at_year": wrong.year}
        answer = client_of("staff").post(url("deadline", update), {**names, "closes_at_time": "5pm"})
        assert words in answer.content.decode()


def test_pages_when_there_is_nothing_then_say_so(client_of, convenor):
    assert "No update yet" in client_of("staff").get(INDEX).content.decode()
    assert "No update yet" in client_of("convenor").get(INDEX).content.decode()
    update = MonthlyUpdate.objects.create(month=dt.date(2027, 3, 1), closes_at=timezone.now(), closed_at=timezone.now())
    assert "Nothing new" in client_of("staff").get(INDEX).content.decode()
    assert "Nothing was new" in client_of("staff").get(url("detail", update)).content.decode()
    assert client_of("convenor").get(url("detail", update)).status_code == 404


@pytest.mark.parametrize("month", ["2027-13", "0-1", "2027-4", "99999-1"])
def test_page_when_there_is_no_such_month_then_not_found(client_of, section, month):
    assert client_of("staff").get(f"/updates/{month}/").status_code == 404


def test_convenor_when_several_communities_have_drafts_then_sees_their_own_alone(
    client_of, section, other_study, convenor
):
    other = make_section(make_community(other_study))
    client = client_of("convenor")
    page = text_of(client.get(url("detail", section.update)))
    assert section.community.name in page
    assert other.community.name not in page
    assert "Send it now" not in page
    assert client.get(other.get_absolute_url()).status_code == 404
    assert client.post(reverse("updates:decide", args=[other.pk]), {"to": "skipped", "version": 1}).status_code == 404
    index = text_of(client.get(INDEX))
    assert "March 2027 State Waiting" in index


def test_email_when_event_moved_or_is_off_since_then_as_it_is_now(client_of, community):
    section = make_section(community, titles=())
    moved, off = make_event(community, title="We meet"), make_event(community, title="We talk")
    for position, event in enumerate((moved, off)):
        section.entries.create(
            kind="event",
            title=event.title,
            words="then",
            url="https://x",
            source=f"event:{event.pk}",
            position=position,
        )
    moved.place = "New hall"
    moved.save()
    off.status = "cancelled"
    off.save()
    page = client_of("staff").get(reverse("updates:section_html", args=[section.pk])).content.decode()
    assert "New hall" in page
    assert "We talk" not in page
    moved.delete()
    assert "nothing to send" in client_of("staff").get(section.get_absolute_url()).content.decode()
    assert client_of("staff").get(reverse("updates:section_html", args=[section.pk])).content == b""


def test_lists_when_there_are_more_then_no_more_queries(client_of, community, theme, staff):
    client = client_of("staff")

    def add(number: int) -> None:
        made = make_community(
            Study.objects.create(slug=f"s-{number}", theme=theme, title=f"S {number}", stage="active")
        )
        make_approved(made)
        make_section(made, month=dt.date(2010 + number // 12, 1 + number % 12, 1))
        make_associate(made, updates=True)

    def queries() -> list[int]:
        found = []
        for address in (INDEX, url("detail", march), url("send", march)):
            with CaptureQueriesContext(connection) as captured:
                assert client.get(address).status_code == 200
            found.append(len(captured))
        return found

    add(1)
    march = MonthlyUpdate.objects.get(month=dt.date(2027, 3, 1))
    before = queries()
    for number in range(2, 51):
        add(number)
    assert queries() == before


@pytest.mark.parametrize(
    "bad", [{"status": "approved"}, {"decided_at": timezone.now()}, {"status": "else", "decided_at": timezone.now()}]
)
def test_database_when_a_section_breaks_a_rule_then_refused(community, bad):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_section(community, **bad)


def test_database_when_a_community_has_a_second_section_then_refused(section):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_section(section.community)
