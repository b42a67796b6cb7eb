"""Audiences that are kept under a name, and what convenors may choose."""

from __future__ import annotations

import datetime as dt

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone

from communities.audiences import choice_of, read_choice
from communities.models import Audience
from communities.services.audiences import (
    NameRefusedError,
    delete_audience,
    keep_audience,
    rename_audience,
    save_audience,
)
from communities.services.errors import RefusedError
from communities.services.newsletters import send_newsletter
from tests.communities.audiences import BY_SCRIPT, filled, of, url
from tests.communities.factories import make_associate, make_newsletter
from tests.pages import words_of


@pytest.fixture
def newsletter(community):
    return make_newsletter(community, title="Spring")


def test_convenor_when_choosing_then_is_offered_their_communities_and_can_forge_no_other(
    client_of, newsletter, convenor, community, other, theme, staff
):
    client = client_of("convenor")
    assert "Return to work" not in client.get(url(newsletter)).content.decode()
    theirs = make_newsletter(other, status="sent", sent_at=timezone.now())
    forged: list[dict[str, object]] = [
        {"communities": [other.slug]},
        {"communities": [community.slug, other.slug]},
        {"communities": [community.slug], "without_communities": [other.slug]},
        {"communities": [], "themes": [theme.pk]},
    ]
    for fields in forged:
        answer = client.post(url(newsletter), {"version": 1, **fields})
        assert answer.status_code == 200
        assert (
            client.get(url(newsletter, "audience_count"), fields, headers=BY_SCRIPT).content.count(b"would get it now")
            == 0
        )
    for choice in (
        of(community, other),
        of(community, themes=frozenset([theme.pk])),
        of(community, without_communities=frozenset([other.pk])),
        of(community, without_newsletters=frozenset([theirs.pk])),
    ):
        with pytest.raises(RefusedError):
            save_audience(newsletter=newsletter, version=1, choice=choice, by=convenor)
        with pytest.raises(RefusedError):
            keep_audience(name="x", choice=choice, by=convenor)
    assert not Audience.objects.exists()
    assert client.post(url(newsletter), filled(newsletter, community, involvement=["carer"])).status_code == 302


def test_convenor_when_staff_chose_more_communities_then_reads_but_cannot_change(
    client_of, newsletter, convenor, community, other, staff
):
    stranger = make_associate(other, name="Secret Member")
    save_audience(newsletter=newsletter, version=1, choice=of(community, other), by=staff)
    client = client_of("convenor")
    assert "Programme staff chose" in words_of(client.get(url(newsletter)))
    assert client.post(url(newsletter), filled(newsletter, community) | {"version": 2}).status_code == 403
    assert "Secret Member" in words_of(client_of("staff").get(url(newsletter, "preview"), {"as": "Secret"}))
    assert "Secret Member" not in words_of(client.get(url(newsletter, "preview"), {"as": "Secret"}))
    send_newsletter(newsletter=newsletter, version=2, by=staff)
    report = words_of(client.get(url(newsletter, "report"), {"q": "Secret"}))
    assert stranger.email not in report
    assert stranger.email in words_of(client_of("staff").get(url(newsletter, "report"), {"q": "Secret"}))


def test_saved_when_named_then_another_newsletter_starts_from_it(client_of, newsletter, community, other, staff):
    client = client_of("staff")
    client.post(url(newsletter), filled(newsletter, community, other, involvement=["carer"], save_as="Carers of both"))
    kept = Audience.objects.saved().get()
    assert (kept.name, kept.owner, read_choice(kept)) == (
        "Carers of both", staff, of(community, other, involvement=("carer",)),
    )  # fmt: skip
    second = make_newsletter(community)
    page = BeautifulSoup(client.get(url(second), {"from": kept.pk}).content, "html.parser")
    ticked = {(box["name"], box["value"]) for box in page.select("input[type=checkbox][checked]")}
    assert ticked == {("communities", community.slug), ("communities", other.slug), ("involvement", "carer")}
    assert choice_of(second) == of(community)
    for nonsense in ("", "x", "²", "9" * 30, "0"):
        assert client.get(url(second), {"from": nonsense}).status_code == 200
    again = client.post(url(second), filled(second, other, save_as="carers OF both"))
    assert "There is a saved audience of this name already" in words_of(again)
    assert choice_of(second) == of(community)


def test_saved_when_renamed_or_deleted_then_newsletters_keep_theirs(client_of, newsletter, community, other, staff):
    choice = of(community, other)
    save_audience(newsletter=newsletter, version=1, choice=choice, by=staff)
    kept, second = (keep_audience(name=name, choice=choice, by=staff) for name in ("Both", "Second"))
    client = client_of("staff")
    there = reverse("newsletters:audience_rename", args=[kept.pk])
    assert "already" in words_of(client.post(there, {"name": " second "}))
    assert client.post(there, {"name": "All"}).url == reverse("newsletters:audiences")
    assert "All" in words_of(client.get(reverse("newsletters:audiences")))
    there = reverse("newsletters:audience_delete", args=[kept.pk])
    assert "members of Home visits" in words_of(client.get(there))
    for _ in range(2):
        assert client.post(there).url == reverse("newsletters:audiences")
    assert set(Audience.objects.saved()) == {second}
    assert choice_of(newsletter) == choice
    with pytest.raises(NameRefusedError):
        rename_audience(audience=second, name=" ")
    delete_audience(audience=second)
    assert "No saved audiences yet" in words_of(client.get(reverse("newsletters:audiences")))


def test_saved_when_of_staff_then_convenors_neither_see_nor_touch_them(client_of, convenor, community, staff):
    theirs = keep_audience(name="Of staff", choice=of(community), by=staff)
    mine = keep_audience(name="Of staff", choice=of(community), by=convenor)
    assert set(Audience.objects.managed_by(convenor)) == {mine}
    assert set(Audience.objects.managed_by(staff)) == {mine, theirs}
    client = client_of("convenor")
    assert client.get(reverse("newsletters:audience_rename", args=[theirs.pk])).status_code == 404
    assert client.get(reverse("newsletters:audience_delete", args=[theirs.pk])).status_code == 404
    client.post(reverse("newsletters:audience_delete", args=[theirs.pk]))
    assert Audience.objects.filter(pk=theirs.pk).exists()


def test_choose_when_two_newsletters_have_one_title_then_each_says_whose_it_is_and_when_it_went(
    client_of, newsletter, community, other, staff
):
    make_associate(community)
    make_associate(other)
    for whose, day in ((community, 3), (other, 3), (community, 24)):
        sent = make_newsletter(whose, title="A year in")
        send_newsletter(newsletter=sent, version=1, by=staff)
        type(sent).objects.filter(pk=sent.pk).update(sent_at=dt.datetime(2026, 3, day, 9, tzinfo=dt.UTC))
    page = BeautifulSoup(client_of("staff").get(url(newsletter)).content, "html.parser")
    labels = [label.get_text(strip=True) for label in page.select("label[for^=id_without_newsletters]")]
    assert labels == [
        f"A year in ({community.name}, 24 March 2026)",
        f"A year in ({other.name}, 3 March 2026)",
        f"A year in ({community.name}, 3 March 2026)",
    ]
