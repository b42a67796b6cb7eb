"""A second person approves a newsletter, or sends it back, before it goes."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from communities.models import ApprovalStep, Newsletter
from communities.services.approval import (
    approve_newsletter,
    approvers_for,
    ask_for_approval,
    send_back,
)
from communities.services.errors import RefusedError, StaleVersionError
from communities.services.newsletters import (
    keep_as_template,
    save_newsletter,
)
from tests.communities.approving import last_text, steps, told, url
from tests.communities.factories import make_newsletter, make_sent
from tests.pages import main_words_of

pytestmark = pytest.mark.usefixtures("must_be_approved")


@pytest.fixture
def newsletter(spring):
    return spring


# --- Through the pages ----------------------------------------------------------------------------------------


def test_newsletter_when_asked_sent_back_changed_and_approved_then_goes(client_of, newsletter, staff, colleague):
    writer, other = client_of("staff"), client_of("colleague")
    assert "Ask a colleague to read it" in main_words_of(writer.get(url("preview", newsletter)))
    answer = writer.post(
        url("ask", newsletter), {"colleagues": [colleague.pk], "words": "Is the date right?"}, follow=True
    )
    assert "We have emailed Office." in main_words_of(answer)
    assert "Waiting for approval Staff asked Office on" in main_words_of(answer)
    assert told() == [("office", "Please read a newsletter: Spring")]
    assert "Is the date right?" in last_text()
    assert f"{url('preview', newsletter)}" in last_text()

    page = main_words_of(other.get(url("preview", newsletter)))
    assert "Staff changed it last. Read the email below. Is it right?" in page
    answer = other.post(url("send_back", newsletter), {"version": 1, "words": "It is on Tuesday."}, follow=True)
    assert "Sent back Office asked on" in main_words_of(answer)
    assert told()[1:] == [("staff", "To change first: Spring")]
    assert "It is on Tuesday." in last_text()
    page = main_words_of(writer.get(url("preview", newsletter)))
    assert "It is on Tuesday." in page
    assert "It has been changed since." not in page

    block = newsletter.blocks.get()
    writer.post(
        reverse("newsletters:edit_block", args=[newsletter.slug, block.pk]), {"words": "Tuesday.", "version": 1}
    )
    page = main_words_of(writer.get(url("preview", newsletter)))
    assert "It has been changed since." in page
    assert "Ask again" in page
    shown = BeautifulSoup(other.get(url("preview", newsletter)).content, "html.parser").select_one("[name=shown]")
    answer = other.post(url("approve", newsletter), {"version": 2, "shown": shown["value"]}, follow=True)
    assert "Approved by Office" in main_words_of(answer)
    assert told()[2:] == [("staff", "Approved: Spring")]
    assert "You can send it now." in last_text()
    history = main_words_of(writer.get(url("preview", newsletter)))
    assert "Approved" in history
    assert "Asked for approval : Office" in history

    writer.post(url("send", newsletter), {"version": "2"})
    newsletter.refresh_from_db()
    assert (newsletter.status, newsletter.approved_by, newsletter.sent_by) == ("sent", colleague, staff)
    assert "Asked for approval" in main_words_of(writer.get(url("preview", newsletter)))


def test_send_when_nobody_else_approved_then_refused(client_of, newsletter):
    writer = client_of("staff")
    assert writer.get(url("send", newsletter)).url == url("preview", newsletter)
    assert writer.get(url("schedule", newsletter)).url == url("preview", newsletter)
    assert "has to approve" in main_words_of(writer.post(url("send", newsletter), {"version": "1"}, follow=True))
    refused = writer.post(url("approve", newsletter), {"version": "1"}, follow=True)
    assert "You changed this newsletter last" in main_words_of(refused)
    assert ApprovalStep.objects.count() == 0


def test_ask_when_opened_then_offers_only_those_who_may_approve(client_of, newsletter, colleague, convenor, community):
    page = BeautifulSoup(client_of("staff").get(url("ask", newsletter)).content, "html.parser")
    boxes = page.select("input[name=colleagues]")
    assert [box["value"] for box in boxes] == [str(colleague.pk)]
    assert boxes[0].has_attr("checked")  # there is nobody else to choose
    client = client_of("staff")
    for wrong in ({}, {"colleagues": [convenor.pk]}, {"colleagues": [newsletter.updated_by_id]}, {"colleagues": "x"}):
        assert client.post(url("ask", newsletter), wrong).status_code == 200
    assert told() == []


def test_ask_when_nobody_may_approve_then_says_how_somebody_can(client_of, newsletter):
    page = main_words_of(client_of("staff").get(url("ask", newsletter)))
    assert "Nobody else may approve it" in page
    assert "administrator" in page


def test_convenor_when_asking_then_staff_are_asked_and_the_convenor_hears(client_of, community, convenor, staff):
    newsletter = make_newsletter(community, title="Ours", created_by=convenor, updated_by=convenor)
    client_of("convenor").post(url("ask", newsletter), {"colleagues": [staff.pk]})
    client_of("staff").post(url("approve", newsletter), {"version": 1})
    assert told() == [("staff", "Please read a newsletter: Ours"), ("convenor", "Approved: Ours")]
    assert "Programme staff can send it now." in last_text()
    page = main_words_of(client_of("convenor").get(url("preview", newsletter)))
    assert "Approved by Staff" in page
    assert "Send it back after all" not in page


def test_send_back_when_saved_meanwhile_then_keeps_the_words_and_asks_once_more(
    client_of, newsletter, staff, colleague
):
    client = client_of("colleague")
    save_newsletter(newsletter=newsletter, version=1, changes={"title": "Summer"}, by=staff)
    answer = client.post(url("send_back", newsletter), {"version": 1, "words": "Shorter."})
    assert answer.status_code == 409
    page = BeautifulSoup(answer.content, "html.parser")
    assert page.select_one("textarea").get_text().strip() == "Shorter."
    assert "saved again while you were writing" in page.get_text()
    assert told() == []
    again = {"version": page.select_one("[name=version]")["value"], "words": "Shorter."}
    client.post(url("send_back", newsletter), again)
    assert told() == [("staff", "To change first: Summer")]


def test_send_back_when_no_words_then_asks_for_them(client_of, newsletter, colleague):
    answer = client_of("colleague").post(url("send_back", newsletter), {"version": 1, "words": " "})
    assert "Say what should be changed." in main_words_of(answer)
    assert ApprovalStep.objects.count() == 0


def test_send_back_when_by_the_writer_then_told_to_change_it(client_of, newsletter):
    answer = client_of("staff").get(url("send_back", newsletter), follow=True)
    assert "you can change it again yourself" in main_words_of(answer)


def test_pages_when_newsletters_need_no_approval_then_not_there(client_of, newsletter, settings, convenor):
    settings.NEWSLETTERS_NEED_APPROVAL = False
    assert client_of("convenor").get(url("send_back", newsletter)).status_code == 404
    client = client_of("administrator")
    assert client.get(url("ask", newsletter)).status_code == 404
    assert client.get(url("send_back", newsletter)).status_code == 404
    assert client.post(url("approve", newsletter), {"version": 1}).status_code == 404
    assert "approve" not in main_words_of(client.get(url("preview", newsletter)))


def test_pages_when_sent_or_a_template_then_nothing_to_approve(client_of, community, newsletter, staff, colleague):
    sent, template = make_sent(community), keep_as_template(newsletter=newsletter, by=staff)
    client = client_of("colleague")
    for each in (sent, template):
        for name in ("ask", "send_back"):
            assert client.get(url(name, each)).url == url("preview", each)
        data = {"version": 1, "words": "Shorter.", "colleagues": [staff.pk]}
        client.post(url("send_back", each), data)
        client.post(url("approve", each), data)
    client_of("administrator").post(url("ask", template), {"colleagues": [colleague.pk]})
    assert ApprovalStep.objects.count() == 0
    assert told() == []


def test_manage_when_states_differ_then_tags_say_so_in_as_many_queries(client_of, community, staff, colleague):
    client = client_of("staff")

    def make(title: str) -> Newsletter:
        return make_newsletter(community, title=title, created_by=staff, updated_by=staff)

    make("Plain")
    for title in ("Asked", "Back", "Good", "Lost"):
        ask_for_approval(newsletter=make(title), colleagues=[colleague], by=staff)
    back, good, lost = (Newsletter.objects.get(title=title) for title in ("Back", "Good", "Lost"))
    send_back(newsletter=back, version=1, words="Shorter.", by=colleague)
    for each in (good, lost):
        approve_newsletter(newsletter=each, version=1, by=colleague)
    save_newsletter(newsletter=lost, version=1, changes={"introduction": "New."}, by=staff)
    client.get(reverse("newsletters:manage"))
    with CaptureQueriesContext(connection) as few:
        page = BeautifulSoup(client.get(reverse("newsletters:manage")).content, "html.parser")
    found = {row.select_one("a").get_text(): row.select_one(".nhsuk-tag") for row in page.select("tbody th")}
    assert {title: tag.get_text(strip=True) if tag else "" for title, tag in found.items()} == {
        "Plain": "", "Asked": "Waiting for approval", "Back": "Sent back", "Good": "Approved",
        "Lost": "Changed since it was approved",
    }  # fmt: skip
    for number in range(5):
        ask_for_approval(newsletter=make(f"More {number}"), colleagues=[colleague], by=staff)
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("newsletters:manage"))
    assert len(many) == len(few)


def test_dashboard_when_asked_then_whoever_may_approve_sees_it(client_of, newsletter, staff, colleague, convenor):
    def shown(role: str) -> str:
        return main_words_of(client_of(role).get(reverse("dashboard")))

    assert "Newsletters to approve" not in shown("colleague")
    ask_for_approval(newsletter=newsletter, colleagues=[colleague], by=staff)
    assert "Newsletters to approve" in shown("colleague")
    assert "Newsletters to approve" in shown("administrator")
    assert "Newsletters to approve" not in shown("staff")
    assert "Newsletters to approve" not in shown("convenor")
    send_back(newsletter=newsletter, version=1, words="Shorter.", by=colleague)
    assert "Newsletters to approve" not in shown("colleague")
    assert "Sent back" in shown("staff")


# --- The services -------------------------------------------------------------------------------------------


def test_approval_when_changed_by_the_approver_then_the_writer_may_approve(newsletter, staff, colleague):
    save_newsletter(newsletter=newsletter, version=1, changes={"title": "Summer"}, by=colleague)
    with pytest.raises(RefusedError, match="changed this newsletter last"):
        approve_newsletter(newsletter=newsletter, version=2, by=colleague)
    with pytest.raises(StaleVersionError):
        approve_newsletter(newsletter=newsletter, version=1, by=staff)
    assert approve_newsletter(newsletter=newsletter, version=2, by=staff).approved_by == staff


def test_approve_when_nobody_changed_it_since_it_was_begun_then_not_by_whoever_began_it(community, staff, colleague):
    newsletter = make_newsletter(community, created_by=staff)
    assert list(approvers_for(newsletter, but=colleague)) == []
    with pytest.raises(RefusedError, match="changed this newsletter last"):
        approve_newsletter(newsletter=newsletter, version=1, by=staff)


def test_approve_when_called_twice_then_once_in_the_history_and_one_email(newsletter, staff, colleague):
    ask_for_approval(newsletter=newsletter, colleagues=[colleague], by=staff)
    for _ in range(2):
        approve_newsletter(newsletter=newsletter, version=1, by=colleague)
    assert steps(newsletter) == ["asked", "approved"]
    assert len(told()) == 2
    with pytest.raises(RefusedError, match="approved already"):
        ask_for_approval(newsletter=newsletter, colleagues=[colleague], by=staff)


def test_send_back_when_called_twice_then_once_in_the_history_and_one_email(newsletter, colleague):
    for _ in range(2):
        send_back(newsletter=newsletter, version=1, words="Shorter.", by=colleague)
    assert steps(newsletter) == ["sent_back"]
    assert told() == [("staff", "To change first: Spring")]


def test_send_back_when_the_writer_cannot_log_in_any_more_then_nobody_is_emailed(newsletter, staff, colleague):
    staff.is_active = False
    staff.save()
    send_back(newsletter=newsletter, version=1, words="Shorter.", by=colleague)
    assert told() == []


def test_step_when_sent_back_without_words_then_the_database_refuses(newsletter, staff):
    with pytest.raises(IntegrityError), transaction.atomic():
        ApprovalStep.objects.create(newsletter=newsletter, kind="sent_back", version=1, made_by=staff)
