"""What is new in communities: read from what everybody may see, written down as the entries of a monthly update.

A fixed number of queries, however many communities there are. What an earlier update has settled is known by its
source and left out, so that nothing is told twice and nothing falls between two months.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dateutil.relativedelta import relativedelta
from django.db.models import Q
from django.utils import timezone

from communities.models import Community, CommunityItem, Event, Newsletter, UpdateEntry, UpdateSection
from mailing.compose import site_url
from studies.identifiers import SCHEMES
from studies.models import Amendment, StageMove, Study, StudyIdentifier

Kind = UpdateEntry.Kind
#: An update looks no further back, so that what nobody approved does not come up for ever.
LOOK_BACK = relativedelta(months=3)
#: Events are told of once, from so far ahead, and again when they are so near.
AHEAD, NEAR = dt.timedelta(days=92), dt.timedelta(days=35)
_HIDDEN = Study.Stage.NOT_TAKEN_FORWARD


@dataclass(frozen=True)
class Found:
    """Something to tell. ``is_new`` is whether it alone is worth an update: an event told of before is not."""

    kind: UpdateEntry.Kind
    title: str
    words: str
    url: str
    source: str
    is_new: bool = True


def whats_new(communities: Iterable[Community], *, month: dt.date, first: dt.date) -> dict[int, list[Found]]:
    """Community key → what it has to tell, in the order of an update. Communities with nothing new are not in it.

    ``month`` is the update's, ``first`` that of the first update there was: both a month's first day. It looks back
    to the beginning of the month before the first update, and no further than ``LOOK_BACK``. Communities come with
    their study.
    """
    by_study = {community.study_id: community for community in communities}
    keys = [community.pk for community in by_study.values()]
    since = timezone.make_aware(dt.datetime.combine(max(first - relativedelta(months=1), month - LOOK_BACK), dt.time()))
    told = _told(keys, month)
    found: dict[int, list[Found]] = defaultdict(list)
    readers = (
        _events(keys, told), _items(keys, since), _amendments(by_study, since), _moves(by_study, since, told),
        _protocols(by_study, since), _newsletters(by_study, since),
    )  # fmt: skip
    for reader in readers:
        for key, each in reader:
            if each.kind == Kind.EVENT or each.source not in told[key]:
                found[key].append(each)
    order = {kind: position for position, kind in enumerate(Kind)}
    return {
        key: sorted(rows, key=lambda row: order[row.kind])
        for key, rows in found.items()
        if any(row.is_new for row in rows)
    }


def _told(communities: list[int], month: dt.date) -> dict[int, set[str]]:
    """Community key → the sources of what earlier updates told, or somebody decided not to tell."""
    told: dict[int, set[str]] = defaultdict(set)
    recent = month - LOOK_BACK - LOOK_BACK - relativedelta(months=1)
    settled = UpdateSection.objects.settled().filter(community__in=communities, update__month__gte=recent)
    rows = UpdateEntry.objects.filter(section__in=settled.order_by().values("pk"))
    for key, source in rows.order_by().values_list("section__community", "source"):
        told[key].add(source)
    return told


def event_words(event: Event) -> str:
    """When and where, as an update says it."""
    where = f"\n{event.place}" if event.place else "\nOnline"
    return f"{event.when}{where}"


def _events(communities: list[int], told: dict[int, set[str]]) -> Iterator[tuple[int, Found]]:
    now = timezone.now()
    coming = Event.objects.for_communities(communities).filter(
        status=Event.Status.PUBLISHED, starts_at__gt=now, starts_at__lte=now + AHEAD
    )
    for event in coming.with_communities().order_by("starts_at", "pk"):
        source, url = f"event:{event.pk}", site_url(event.get_absolute_url())
        for key in {community.pk for community in event.communities} & set(communities):
            is_new = source not in told[key]
            if is_new or event.starts_at <= now + NEAR:
                yield key, Found(Kind.EVENT, event.title, event_words(event), url, source, is_new)


_ITEM_KINDS = {
    CommunityItem.Kind.NEWS: Kind.NEWS,
    CommunityItem.Kind.RESOURCE: Kind.RESOURCE,
    CommunityItem.Kind.INSIGHT: Kind.INSIGHT,
}


def item_fields(item: CommunityItem) -> dict[str, str]:
    """What an entry takes from an item; the item comes with its community."""
    kind = _ITEM_KINDS[CommunityItem.Kind(item.kind)]
    return {
        "kind": kind.value, "title": item.title, "words": item.words,
        "url": item.link or site_url(item.get_absolute_url()),
    }  # fmt: skip


def item_source(pk: int) -> str:
    """By what an entry knows an item."""
    return f"item:{pk}"


def _items(communities: list[int], since: dt.datetime) -> Iterator[tuple[int, Found]]:
    rows = CommunityItem.objects.filter(community__in=communities, published_at__gte=since).select_related("community")
    for item in rows.newest_first():
        fields = item_fields(item)
        yield (
            item.community_id,
            Found(Kind(fields["kind"]), fields["title"], fields["words"], fields["url"], item_source(item.pk)),
        )


def _amendments(by_study: dict[int, Community], since: dt.datetime) -> Iterator[tuple[int, Found]]:
    """'You said, we did', as a study's public page shows it; also what was recorded late."""
    day = timezone.localdate(since)
    recorded = Amendment.history.filter(history_type="+", history_date__gte=since).order_by().values("id")
    rows = (
        Amendment.objects.filter(study__in=by_study)
        .filter(Q(made_on__gte=day) | Q(pk__in=recorded, made_on__gte=day - LOOK_BACK))
        .select_related("study")
        .prefetch_related("suggestions")
    )
    for amendment in rows.order_by("-made_on", "-pk"):
        said = "\n".join(f"- {_one_line(suggestion.text)}" for suggestion in amendment.suggestions.all())
        yield by_study[amendment.study_id].pk, Found(
            Kind.SAID_DID, _shortened(amendment.text),
            _safe(f"You said:\n\n{said}\n\nWe did:\n\n{amendment.text}"),
            f"{site_url(amendment.study.get_absolute_url())}#you-said", f"amendment:{amendment.pk}",
        )  # fmt: skip


def _moves(
    by_study: dict[int, Community], since: dt.datetime, told: dict[int, set[str]]
) -> Iterator[tuple[int, Found]]:
    """The stage that a study is in now, where that is another than the one that people were told of last."""
    moves: dict[int, list[StageMove]] = defaultdict(list)
    rows = StageMove.objects.filter(study__in=by_study, moved_at__gte=since).select_related("study")
    for move in rows.order_by("moved_at", "pk"):
        if f"move:{move.pk}" in told[by_study[move.study_id].pk]:
            moves[move.study_id].clear()
        else:
            moves[move.study_id].append(move)
    for study, its in moves.items():
        if not its or its[0].from_stage == its[-1].to_stage:
            continue
        first, last = its[0], its[-1]
        if _HIDDEN in (first.from_stage, last.to_stage):
            continue
        yield by_study[study].pk, Found(
            Kind.STUDY, f"The study is now at this stage: {last.get_to_stage_display().lower()}",
            f"Before that: {first.get_from_stage_display().lower()}.",
            site_url(last.study.get_absolute_url()), f"move:{last.pk}",
        )  # fmt: skip


def _protocols(by_study: dict[int, Community], since: dt.datetime) -> Iterator[tuple[int, Found]]:
    """Protocols that were published: a DOI stands on the study's public page."""
    scheme = StudyIdentifier.Scheme.DOI
    recorded = StudyIdentifier.history.filter(history_type="+", history_date__gte=since, scheme=scheme)
    rows = StudyIdentifier.objects.filter(
        study__in=by_study, scheme=scheme, pk__in=recorded.order_by().values("id")
    ).order_by("pk")
    for row in rows:
        yield by_study[row.study_id].pk, Found(
            Kind.STUDY, "The study's protocol is published", f"DOI: {row.value}", SCHEMES[row.scheme].url(row.value),
            f"identifier:{row.pk}",
        )  # fmt: skip


def _newsletters(by_study: dict[int, Community], since: dt.datetime) -> Iterator[tuple[int, Found]]:
    """Each in every community that it went to: its own, or those that were chosen, or all of a theme."""
    of_theme: dict[int, set[int]] = defaultdict(set)
    for community in by_study.values():
        of_theme[community.study.theme_id].add(community.pk)
    shown = {community.pk for community in by_study.values()}
    rows = Newsletter.objects.sent().filter(sent_at__gte=since).select_related("audience")
    for newsletter in rows.prefetch_related("audience__communities", "audience__themes"):
        found = Found(
            Kind.NEWSLETTER, newsletter.title, newsletter.introduction, site_url(newsletter.get_absolute_url()),
            f"newsletter:{newsletter.pk}",
        )  # fmt: skip
        audience = getattr(newsletter, "audience", None)
        chosen = {community.pk for community in audience.communities.all()} if audience else set()
        chosen = chosen.union(*(of_theme[theme.pk] for theme in audience.themes.all())) if audience else chosen
        for key in sorted((chosen or {newsletter.community_id}) & shown):
            yield key, found


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _shortened(text: str) -> str:
    line = _safe(_one_line(text))
    return line if len(line) <= 120 else f"{line[:119].rstrip()}…"


def _safe(text: str) -> str:
    """Without the marks that the mailing fills in: what people suggest is not checked for them when it is typed."""
    return text.replace("{{", "{ {").replace("}}", "} }")
