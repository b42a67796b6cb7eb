"""The histories that whoever manages a thing can read: who changed what, when, from what to what."""

from __future__ import annotations

import datetime as dt

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from communities.audiences import Choice
from communities.changes import changes_to_newsletter, changes_to_section
from communities.models import Audience, NewsletterBlock
from communities.services import blocks
from communities.services.approval import approve_newsletter, ask_for_approval, send_back
from communities.services.audiences import keep_audience, save_audience
from communities.services.communities import move_community, save_community
from communities.services.events import cancel_event, create_event, publish_event, save_event
from communities.services.items import delete_item, save_item, share_item
from communities.services.newsletters import (
    create_newsletter,
    save_newsletter,
    schedule_newsletter,
    unschedule_newsletter,
)
from communities.services.updates import decide_section, save_section, send_section_back, set_deadline
from people.changes import PER_PAGE
from tests.communities.factories import make_associate, make_community, make_section


def lines(answer) -> list[tuple[str, list[str]]]:
    """What happened, as the page says it, each with its fields: "Title: from Spring to Summer"."""
    assert answer.status_code == 200
    found = []
    for item in BeautifulSoup(answer.content, "html.parser").select("ol.app-timeline > li"):
        rows = item.select("dl > div")
        fields = [
            ": ".join(" ".join(cell.get_text(" ").split()) for cell in row.find_all(["dt", "dd"])) for row in rows
        ]
        found.append((item.h2.get_text(strip=True), fields))
    return found


def said(answer) -> str:
    return " ".join(BeautifulSoup(answer.content, "html.parser").select_one("main").get_text(" ").split())


@pytest.fixture
def newsletter(community, staff):
    return create_newsletter(by=staff, words="Hello.", community=community, title="Spring", introduction="New.")


def test_community_when_all_happened_to_it_then_says_it(client_of, community, staff):
    make_associate(community, name="Joan Carer", email="joan@example.org")
    save_community(community=community, version=1, changes={"open_to_join": False, "description": "We meet."})
    move_community(community=community, to="active", reason="They meet.", by=staff)
    item = share_item(community=community, by=staff, kind="news", title="A guide", words="Read it.")
    save_item(item=item, version=1, changes={"words": "Read it soon."}, by=staff)
    delete_item(item=item)
    page = client_of("convenor").get(reverse("communities:history", args=[community.slug]))
    assert lines(page) == [
        ("Removed item: News, A guide", []),
        ("Changed item: News, A guide", ["Words: from Read it. to Read it soon."]),
        ("Added item: News, A guide", ["Kind: News", "Title: A guide", "Words: Read it."]),
        ("Moved the community", ["Stage: from Forming to Active"]),
        ("Changed the community", ["Description: We meet.", "Open to join: from Yes to No"]),
        ("Made the community", ["Name: Home visits after stroke", "Stage: Forming", "Open to join: Yes"]),
    ]
    assert "They meet." in said(page)
    assert "Joan" not in page.content.decode()
    assert "joan@" not in page.content.decode()


def test_newsletter_when_all_happened_to_it_then_says_it(client_of, newsletter, staff, administrator, other_study):
    make_community(other_study)
    save_newsletter(newsletter=newsletter, version=1, changes={"title": "Summer"}, by=staff)
    block = blocks.add_block(newsletter=newsletter, kind="heading", fields={"heading": "Dates"}, by=staff)
    blocks.move_block(block=block, up=True, by=staff)
    blocks.delete_block(block=block, by=staff)
    choice = Choice(communities=frozenset([other_study.community.pk]), involvement=("carer",))
    save_audience(newsletter=newsletter, version=5, choice=choice, by=staff)
    ask_for_approval(newsletter=newsletter, colleagues=[administrator], by=staff, words="By Monday?")
    send_back(newsletter=newsletter, version=6, words="Too long.", by=administrator)
    approve_newsletter(newsletter=newsletter, version=6, by=administrator)
    tomorrow = timezone.now() + dt.timedelta(days=1)
    schedule_newsletter(newsletter=newsletter, version=6, send_at=tomorrow, by=staff)
    unschedule_newsletter(newsletter=newsletter)
    page = client_of("staff").get(reverse("newsletters:history", args=[newsletter.slug]))
    found = lines(page)
    assert [what for what, _ in found] == [
        "Took the newsletter back to a draft",
        "Scheduled the newsletter",
        "Approved",
        "Sent back",
        "Asked for approval: Administrator",
        "Changed whom it goes to",
        "Chose whom it goes to",
        "Removed block: Heading, Dates",
        "Changed the newsletter",
        "Added block: Heading, Dates",
        "Changed the newsletter",
        "Added block: Story",
        "Made the newsletter",
    ]
    assert found[5][1] == ["Communities: Return to work"]
    assert found[6][1] == ["Who: I care for someone"]
    assert found[10][1] == ["Title: from Spring to Summer"]
    words = said(page)
    assert "Moved up: Heading: Dates" in words
    for each in ("By Monday?", "Too long.", ", Administrator", ", Staff"):
        assert each in words


def test_event_when_all_happened_to_it_then_says_it(client_of, community, staff, other_study):
    other = make_community(other_study)
    start = timezone.now().replace(minute=0, second=0, microsecond=0) + dt.timedelta(days=9)
    fields = {"kind": "community", "description": "Come.", "starts_at": start, "ends_at": start + dt.timedelta(hours=2)}
    event = create_event(by=staff, community=community, title="Meeting", place="Town hall", **fields)
    save_event(event=event, version=1, changes={"place": "Library", "also_for": frozenset({other.pk})}, by=staff)
    publish_event(event=event, by=staff)
    cancel_event(event=event, reason="Flood", by=staff)
    page = client_of("staff").get(reverse("events:history", args=[event.slug]))
    found = lines(page)
    assert [what for what, _ in found] == [
        "Cancelled the event", "Published the event", "Changed the event", "Made the event",
    ]  # fmt: skip
    assert found[0][1] == ["Status: from Published to Cancelled", "Cancelled reason: Flood"]
    assert found[2][1] == ["Place: from Town hall to Library", "Also for: Return to work"]


def test_audience_when_saved_and_renamed_then_says_it_to_its_owner_and_staff_alone(client_of, community, convenor):
    audience = keep_audience(name="Ours", choice=Choice(communities=frozenset([community.pk])), by=convenor)
    there = reverse("newsletters:audience_history", args=[audience.pk])
    client_of("convenor").post(reverse("newsletters:audience_rename", args=[audience.pk]), {"name": "All of ours"})
    found = lines(client_of("convenor").get(there))
    assert found[0] == ("Changed the audience", ["Name: from Ours to All of ours"])
    assert ("Changed the audience", ["Communities: Home visits after stroke"]) in found
    assert there in client_of("staff").get(reverse("newsletters:audiences")).content.decode()
    assert client_of("staff").get(there).status_code == 200
    Audience.objects.update(owner=None)
    assert client_of("convenor").get(there).status_code == 404


def test_section_when_all_happened_to_it_then_says_it(client_of, community, staff, convenor):
    section = make_section(community, titles=("A guide", "A talk"))
    talk = section.entries.get(title="A talk").pk
    save_section(section=section, version=1, introduction="Hello.", included=[talk], by=convenor, approve=True)
    send_section_back(section=section, version=2, words="Shorter.", by=staff)
    decide_section(section=section, to="skipped", version=3, by=convenor)
    page = client_of("convenor").get(reverse("updates:section_history", args=[section.pk]))
    assert lines(page) == [
        (
            "Skipped this month",
            ["State: from Waiting for approval to Skipped", "What should be changed: from Shorter. to nothing"],
        ),
        ("Made a draft again", ["State: from Approved to Waiting for approval", "What should be changed: Shorter."]),
        ("Approved", ["State: from Waiting for approval to Approved", "Introduction: Hello."]),
        ("Made the draft", ["State: Waiting for approval"]),
    ]
    assert "Taken out: A guide." in said(page)


def test_update_when_several_communities_then_each_sees_what_they_look_after(client_of, community, other_study, staff):
    section, other = make_section(community), make_section(make_community(other_study))
    for each in (section, other):
        decide_section(section=each, to="skipped", version=1, by=staff)
    set_deadline(update=section.update, closes_at=timezone.now() + dt.timedelta(days=3))
    there = reverse("updates:history", args=[section.update.month.year, section.update.month.month])
    everything = [what for what, _ in lines(client_of("staff").get(there))]
    assert everything[0] == "Changed the update"
    assert "Changed draft: Return to work" in everything
    theirs = [what for what, _ in lines(client_of("convenor").get(there))]
    assert "Changed draft: Home visits after stroke" in theirs
    assert not any("Return to work" in what for what in theirs)


@pytest.mark.parametrize("name", ["community", "newsletter", "event", "section"])
def test_page_when_somebody_manages_the_thing_then_it_leads_to_its_history(
    client_of, community, staff, newsletter, name
):
    section = make_section(community)
    start = timezone.now() + dt.timedelta(days=9)
    event = create_event(
        by=staff, community=community, title="Meeting", place="Hall", kind="community", description="Come.",
        starts_at=start, ends_at=start + dt.timedelta(hours=1),
    )  # fmt: skip
    of = {
        "community": (community.get_absolute_url(), reverse("communities:history", args=[community.slug])),
        "newsletter": (
            reverse("newsletters:preview", args=[newsletter.slug]),
            reverse("newsletters:history", args=[newsletter.slug]),
        ),
        "event": (event.get_absolute_url(), reverse("events:history", args=[event.slug])),
        "section": (section.get_absolute_url(), reverse("updates:section_history", args=[section.pk])),
    }
    page, history = of[name]
    assert f'href="{history}"' in client_of("staff").get(page).content.decode()
    if name == "community":
        assert history not in client_of("associate").get(page).content.decode()


def test_history_when_it_grows_then_the_queries_stay_the_same(client_of, newsletter, staff, administrator):
    client, there = client_of("staff"), reverse("newsletters:history", args=[newsletter.slug])
    choice = Choice(communities=frozenset([newsletter.community_id]), organisation="Trust")
    save_audience(newsletter=newsletter, version=1, choice=choice, by=staff)
    ask_for_approval(newsletter=newsletter, colleagues=[administrator], by=staff)
    client.get(there)
    with CaptureQueriesContext(connection) as few:
        client.get(there)
    for number in range(PER_PAGE * 2):
        blocks.add_block(newsletter=newsletter, kind="heading", fields={"heading": f"Block {number}"}, by=staff)
    with CaptureQueriesContext(connection) as many:
        shown = lines(client.get(there))
    assert len(shown) == PER_PAGE
    assert len(many) <= len(few)
    assert changes_to_newsletter(newsletter, 2).paginator.count > PER_PAGE * 2


def test_history_when_only_the_version_changed_then_no_line_of_its_own(newsletter, staff):
    before = changes_to_newsletter(newsletter, 1).paginator.count
    blocks.save_block(block=newsletter.blocks.get(), version=1, changes={"words": "Else."}, by=staff)
    assert changes_to_newsletter(newsletter, 1).paginator.count == before + 1


def test_history_when_another_thing_changed_then_it_is_not_here(newsletter, staff, community):
    other = create_newsletter(by=staff, words="Else.", community=community, title="Other", introduction="x")
    save_newsletter(newsletter=other, version=1, changes={"title": "Another"}, by=staff)
    assert [change.what for change in changes_to_newsletter(newsletter, 1)] == [
        "Added block: Story", "Made the newsletter",
    ]  # fmt: skip


def test_history_when_what_it_names_is_deleted_then_says_so(newsletter, staff, community, other_study):
    blocks.add_block(newsletter=newsletter, kind="study", fields={"study": other_study}, by=staff)
    NewsletterBlock.objects.filter(study=other_study).delete()
    other_study.delete()
    fields = [field.after for change in changes_to_newsletter(newsletter, 1) for field in change.fields]
    assert "something that is no longer here" in fields


def test_section_when_many_entries_are_taken_out_then_the_reason_fits(community, staff):
    section = make_section(community, titles=tuple(f"A rather long title of number {number}" for number in range(9)))
    save_section(section=section, version=1, introduction="", included=[], by=staff)
    reason = changes_to_section(section, 1).object_list[0].reason
    assert reason.startswith("Taken out: A rather long title of number 0, ")
    assert len(reason) == 100
