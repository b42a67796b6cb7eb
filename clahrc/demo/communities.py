"""The demonstration's communities: associates, what they agreed to, newsletters and events."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.text import slugify

from clahrc.demo import audiences, newsletters, registrations, updates
from clahrc.demo.cast import Cast
from clahrc.demo.dates import day_between, moment, working_day
from communities.models import (
    Associate,
    Community,
    CommunityItem,
    Consent,
    Event,
    EventSeries,
    Involvement,
    Membership,
    Purpose,
)
from communities.services.series import repeat_event
from communities.wording import consent_wordings
from studies.models import ExistingNetwork, Programme

#: Associates who joined after the first year, besides those whom the programme aimed at in it.
SINCE = 36
FIRST_YEAR = 400
#: Kind, title, words, link, and how many days ago.
ITEMS = [
    (
        CommunityItem.Kind.RESOURCE,
        "A one-page guide to taking part",
        "What happens at each visit, how long it takes and whom to ring. You can print it:\n\n- for waiting rooms\n"
        "- for carers, in large print",
        "https://www.example.org/guide-to-taking-part",
        3,
    ),
    (
        CommunityItem.Kind.INSIGHT,
        "Carers notice changes that questionnaires miss",
        "At the last three meetings carers told us what they see between visits. We now ask them, too.",
        "",
        8,
    ),
    (
        CommunityItem.Kind.NEWS,
        "Two more services are with us",
        "They start next month. If you work there and would like to know more, come to the next meeting.",
        "",
        12,
    ),
    (
        CommunityItem.Kind.RESOURCE,
        "Recording of the spring talk",
        "The talk and the questions after it, with captions. It lasts 40 minutes.",
        "https://www.example.org/spring-talk",
        58,
    ),
]


def bring_to_life(cast: Cast, programme: Programme) -> None:
    """Fill every community with associates who joined over the first year, newsletters and events."""
    communities = list(Community.objects.public().select_related("study__theme"))
    if not communities:
        return
    _settle(communities)
    _associates(cast, programme, communities)
    _items(cast, communities)
    _events(cast, programme, communities)
    newsletters.load(cast, programme, communities)
    registrations.bring_to_life()
    updates.bring_to_life(cast, communities)


def _settle(communities: list[Community]) -> None:
    networks = {network.theme_id: network for network in ExistingNetwork.objects.all()}
    for index, community in enumerate(communities):
        community.grew_from = networks.get(community.study.theme_id)
        stages = Community.Stage
        community.stage = [stages.ACTIVE, stages.ACTIVE, stages.FORMING, stages.SELF_SUSTAINING][index % 4]
        community.description = (
            "People who use services, carers, clinicians, managers and researchers who want this study to be of use. "
            "We share what we know, comment on the study's plans and carry what it finds into services."
        )
        community.ground_rules = (
            "Everyone's experience counts the same.\nWhat is said here about a person stays here.\n"
            "We say what we mean in plain English."
        )
        community.save()


def _associates(cast: Cast, programme: Programme, communities: list[Community]) -> None:
    first_year_ends = programme.starts_on + dt.timedelta(days=364)
    today = timezone.localdate()
    first = [
        day_between(programme.starts_on + dt.timedelta(days=20), first_year_ends, cast.chance)
        for _ in range(FIRST_YEAR)
    ]
    since = [day_between(first_year_ends, today - dt.timedelta(days=1), cast.chance) for _ in range(SINCE)]
    known = [cast.logins["convenor"], cast.logins["associate"]]
    associates = []
    for index, day in enumerate([*sorted(first), *sorted(since)]):
        user = known[index] if index < len(known) else None
        name = user.full_name if user else cast.name()
        associates.append(
            Associate(
                email=user.email if user else cast.address(name), name=name, user=user,
                involvement=cast.chance.choice(Involvement.values),
                area=audiences.AREAS[index % len(audiences.AREAS)],
                organisation="" if cast.chance.random() < 0.5 else cast.chance.choice(cast.organisations).name,
                confirmed_at=moment(day, cast.chance),
            )
        )  # fmt: skip
    Associate.objects.bulk_create(associates)
    wordings = consent_wordings()
    agreed = {row.pk: _consents(row, cast, wordings) for row in associates}
    Consent.objects.bulk_create(consent for consents in agreed.values() for consent in consents)
    Membership.objects.bulk_create(
        membership
        for index, row in enumerate(associates)
        for membership in _memberships(row, index, cast, communities, {consent.purpose for consent in agreed[row.pk]})
    )


def _memberships(
    associate: Associate, index: int, cast: Cast, communities: list[Community], wants: set[str]
) -> list[Membership]:
    """One to three communities; one in fifteen associates has since left them."""
    known = associate.user is not None
    chosen = cast.chance.sample(communities, k=min(len(communities), cast.chance.choice([1, 1, 1, 2, 2, 3])))
    if known and communities[0] not in chosen:
        chosen[0] = communities[0]
    left_at = None
    if not known and cast.chance.random() < 1 / 15:
        left_at = associate.confirmed_at + (timezone.now() - associate.confirmed_at) * cast.chance.uniform(0.2, 0.9)
    return [
        Membership(
            associate=associate, community=community, joined_at=associate.confirmed_at, left_at=left_at,
            role=Membership.Role.CONVENOR if index == 0 and community == communities[0] else Membership.Role.MEMBER,
            wants_newsletters=Purpose.NEWSLETTERS in wants, wants_events=Purpose.EVENTS in wants,
            wants_updates=Purpose.UPDATES in wants,
        )
        for community in chosen
    ]  # fmt: skip


def _consents(associate: Associate, cast: Cast, wordings: dict[str, str]) -> list[Consent]:
    """Seven in ten agreed to newsletters six in ten to events and half to monthly updates; a few took it back."""
    agreed = []
    for purpose, share in ((Purpose.NEWSLETTERS, 0.7), (Purpose.EVENTS, 0.6), (Purpose.UPDATES, 0.5)):
        if associate.user is None and cast.chance.random() > share:
            continue
        withdrawn = associate.user is None and cast.chance.random() < 0.06
        span = timezone.now() - associate.confirmed_at
        agreed.append(
            Consent(
                associate=associate, purpose=purpose, wording=wordings[purpose], source="Signup page",
                given_at=associate.confirmed_at,
                withdrawn_at=associate.confirmed_at + span * cast.chance.uniform(0.3, 0.95) if withdrawn else None,
                withdrawn_by="Unsubscribe page" if withdrawn else "",
            )
        )  # fmt: skip
    return agreed


def _items(cast: Cast, communities: list[Community]) -> None:
    """Three communities share; the others have nothing yet, as communities that are forming do."""
    for index, community in enumerate(communities[:3]):
        for kind, title, words, link, days in ITEMS[: 4 - index]:
            CommunityItem.objects.create(
                community=community, kind=kind, title=title, words=words, link=link, created_by=cast.logins["staff"],
                published_at=timezone.now() - dt.timedelta(days=days + index * 2, hours=3),
            )  # fmt: skip


def _events(cast: Cast, programme: Programme, communities: list[Community]) -> None:
    year = timezone.localdate().year
    plans: list[tuple[Community | None, str, str, int, int, str, bool]] = [
        (None, Event.Kind.CONFERENCE, "Annual conference", 47, 7, "The Guildhall, Lacemarket", False),
        (None, Event.Kind.CONFERENCE, "Annual conference of last year", -318, 7, "The Guildhall, Lacemarket", False),
        (
            None,
            Event.Kind.ROADSHOW,
            "Roadshow: research in your service",
            16,
            3,
            "Fenland Partnership, Meeting Room 2",
            False,
        ),
        (None, Event.Kind.STAKEHOLDER, f"What services need from research in {year + 1}", 75, 4, "", True),
        (
            None,
            Event.Kind.REGIONAL,
            "Regional meeting of partner organisations",
            -40,
            3,
            "Wolds County Hall",
            False,
        ),
    ]
    for index, community in enumerate(communities[:6]):
        plans.append((community, Event.Kind.COMMUNITY, "Community meeting", 9 + index * 6, 2, "", True))
        plans.append(
            (
                community,
                Event.Kind.COMMUNITY,
                "First community meeting",
                -200 + index * 11,
                2,
                "Peak Edge Centre",
                False,
            )
        )
    for nth, plan in enumerate(plans):
        _event(cast, nth, *plan)
    _drop_in(cast, communities)


def _drop_in(cast: Cast, communities: list[Community]) -> None:
    """An event for several communities that repeats: once a month, at the same time."""
    day = working_day(timezone.localdate() + dt.timedelta(days=12))
    starts_at = timezone.make_aware(dt.datetime.combine(day, dt.time(14, 30)))
    first = Event.objects.create(
        slug="ask-a-researcher", title="Ask a researcher", kind=Event.Kind.COMMUNITY, community=communities[0],
        starts_at=starts_at, ends_at=starts_at + dt.timedelta(hours=1), place="Central Library, Lacemarket",
        description="Tea, cake and a researcher who answers questions. Come as you are.",
        status=Event.Status.PUBLISHED, created_by=cast.logins["staff"], takes_registrations=True, capacity=20,
    )  # fmt: skip
    first.also_for.set(communities[1:3])
    repeat_event(event=first, every=EventSeries.Every.MONTH_WEEKDAY, times=6, by=cast.logins["staff"])


def _event(
    cast: Cast,
    nth: int,
    community: Community | None,
    kind: str,
    title: str,
    in_days: int,
    hours: int,
    place: str,
    online: bool,
) -> None:
    day = working_day(timezone.localdate() + dt.timedelta(days=in_days))
    starts_at = timezone.make_aware(dt.datetime.combine(day, dt.time(10 + nth % 4)))
    whose = community.study.short_title if community else ""
    is_off = community is not None and in_days == 33
    Event.objects.create(
        slug=slugify(f"{title} {whose} {day:%B %Y}")[:120], community=community, kind=kind,
        title=f"{title}: {whose}"[:150] if whose else title, starts_at=starts_at,
        ends_at=starts_at + dt.timedelta(hours=hours), place=place,
        online_url="https://meet.example.org/clahrc" if online else "", created_by=cast.logins["staff"],
        status=Event.Status.CANCELLED if is_off else Event.Status.PUBLISHED,
        cancelled_reason="The hall is closed that day. A new date follows." if is_off else "",
        sequence=1 if is_off else 0, takes_registrations=not is_off and in_days > 0,
        capacity={Event.Kind.CONFERENCE: 120, Event.Kind.ROADSHOW: 30}.get(Event.Kind(kind)),
        description=(
            "Open to everybody who takes an interest. There will be short talks, time for questions and a table for "
            "each community.\n\nTell us when you register if you need anything to take part."
        ),
    )  # fmt: skip
