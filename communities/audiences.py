"""Who is reached by an audience, and how it is said in words.

A ``Choice`` is what the form on "To whom" says, saved or not yet. Everything here is one statement to the database,
however many people there are. Nobody is reached without consent: ``people_of`` begins with ``wanting_in``.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

from django.db.models import Exists, Model, OuterRef, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.formats import date_format

from communities.models import Associate, Audience, Community, Consent, Membership, Newsletter, Purpose
from communities.querysets import AssociateQuerySet, CommunityQuerySet
from mailing.models import Delivery
from people.rules import is_programme_staff
from studies.models import Theme

if TYPE_CHECKING:
    from people.models import User

#: How an associate is involved, of a third person.
WHO = {
    "service_user": "use services",
    "carer": "care for someone",
    "clinician": "work in health or social care",
    "commissioner": "commission services",
    "manager": "manage services",
    "researcher": "do research",
    "voluntary": "work for a charity or community group",
    "other": "are involved in another way",
}
#: More communities than are named one by one.
_MOST_NAMED = 6
#: The fields of an audience that are keys of other rows.
ROWS = ("communities", "themes", "without_communities", "without_newsletters")


@dataclass(frozen=True)
class Choice:
    """To whom. Keys of rows, values of choices; what is empty leaves nobody out."""

    communities: frozenset[int] = frozenset()
    themes: frozenset[int] = frozenset()
    involvement: tuple[str, ...] = ()
    organisation: str = ""
    area: str = ""
    joined_from: dt.date | None = None
    joined_until: dt.date | None = None
    also_agreed: tuple[str, ...] = ()
    without_communities: frozenset[int] = frozenset()
    without_newsletters: frozenset[int] = frozenset()
    #: Of the newsletter, where it goes to its own community because nothing else was chosen.
    is_default: bool = field(default=False, compare=False)

    @property
    def only_community(self) -> int | None:
        """The one community that it goes to; None where it may be several."""
        return next(iter(self.communities)) if len(self.communities) == 1 and not self.themes else None


def choice_of(newsletter: Newsletter) -> Choice:
    """To whom a newsletter goes: what was chosen for it, or its own community."""
    audience = Audience.objects.filter(newsletter=newsletter.pk).first()
    found = read_choice(audience) if audience else Choice(is_default=True)
    if found.communities or found.themes:
        return found
    return replace(found, communities=frozenset([newsletter.community_id]))


def read_choice(audience: Audience) -> Choice:
    """What an audience says."""
    values: dict[str, object] = {name: frozenset(getattr(audience, name).values_list("pk", flat=True)) for name in ROWS}
    for each in fields(Choice):
        if each.name not in (*ROWS, "is_default"):
            value = getattr(audience, each.name)
            values[each.name] = tuple(value) if isinstance(value, list) else value
    return Choice(**values)  # type: ignore[arg-type]


def reached_by(choice: Choice) -> CommunityQuerySet:
    """The communities that it goes to: those chosen, and the public ones of studies of the themes chosen."""
    if not choice.themes:
        return Community.objects.filter(pk__in=choice.communities)
    of_themes = Community.objects.public().filter(study__theme__in=choice.themes).values("pk")
    return Community.objects.filter(Q(pk__in=choice.communities) | Q(pk__in=of_themes))


def is_within(choice: Choice, user: User) -> bool:
    """Whether it names nobody but members of communities whose members this person may see. Themes are for staff:
    what belongs to them changes.
    """
    if is_programme_staff(user):
        return True
    manages = set(Community.objects.managed_by(user).values_list("pk", flat=True))
    sent = Newsletter.objects.managed_by(user).filter(pk__in=choice.without_newsletters)
    return (
        not choice.themes
        and (choice.communities | choice.without_communities) <= manages
        and sent.count() == len(choice.without_newsletters)
    )


def list_slug(choice: Choice) -> str:
    """The slug of the one community whose list it goes by; empty where it goes by one of its own."""
    if choice.only_community is None:
        return ""
    return Community.objects.values_list("slug", flat=True).filter(pk=choice.only_community).first() or ""


def people_of(choice: Choice, purpose: str = Purpose.NEWSLETTERS) -> AssociateQuerySet:
    """Who would get it now, each once: consent for ``purpose`` stands, they asked for it in at least one of the
    communities, their address is not suppressed, and the rest of the choice applies to them.
    """
    found = Associate.objects.wanting_in(purpose, reached_by(choice).order_by().values("pk")).filter(matching(choice))
    left_out = excluded(choice)
    return found.exclude(left_out) if left_out else found


def matching(choice: Choice) -> Q:
    """To whom what was chosen beside the communities applies."""
    found = Q()
    if choice.involvement:
        found &= Q(involvement__in=choice.involvement)
    for name in ("organisation", "area"):
        phrases = [phrase.strip() for phrase in getattr(choice, name).split(",") if phrase.strip()]
        if phrases:
            found &= Q.create([Q(**{f"{name}__icontains": phrase}) for phrase in phrases], connector=Q.OR)
    if choice.joined_from or choice.joined_until:
        joined = Membership.objects.current().filter(
            associate=OuterRef("pk"), community__in=reached_by(choice).order_by().values("pk")
        )
        if choice.joined_from:
            joined = joined.filter(joined_at__gte=_begin(choice.joined_from))
        if choice.joined_until:
            joined = joined.filter(joined_at__lt=_begin(choice.joined_until + dt.timedelta(days=1)))
        found &= Q(Exists(joined))
    for purpose in choice.also_agreed:
        found &= Q(Exists(Consent.objects.standing().filter(associate=OuterRef("pk"), purpose=purpose)))
    return found


def excluded(choice: Choice) -> Q:
    """Whom the choice leaves out by name: members of some communities, and those who were sent some newsletters.

    Empty, which is everybody, where it leaves out nobody.
    """
    found = Q()
    if choice.without_communities:
        members = Membership.objects.current().filter(
            associate=OuterRef("pk"), community__in=choice.without_communities
        )
        found |= Q(Exists(members))
    if choice.without_newsletters:
        had = (
            Delivery.objects.filter(
                mailing__in=Newsletter.objects.filter(pk__in=choice.without_newsletters).values("mailing")
            )
            .reaching()
            .alias(address=Lower("recipient"))
            .filter(address=Lower(OuterRef("email")))
        )
        found |= Q(Exists(had))
    return found


def _begin(day: dt.date) -> dt.datetime:
    """When a day begins in London."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


def in_words(choice: Choice) -> str:
    """To whom, as a reader of the page says it: "members of A and B who manage services and joined since …"."""
    whom = [f"members of {_communities(choice.communities)}"] if choice.communities else []
    if choice.themes:
        themes = _names(Theme, choice.themes)
        of = "the theme" if len(themes) == 1 else "the themes"
        whom.append(f"members of every community of {of} {_listed(themes)}")
    words = ", and ".join(whom)
    who = _conditions(choice)
    if who:
        words = f"{words} who {_listed(who, last=', and who ', between=', who ')}"
    but = []
    if choice.without_communities:
        but.append(f"members of {_listed(_names(Community, choice.without_communities), last=' or ')}")
    if choice.without_newsletters:
        titles = [f"“{title}”" for title in _names(Newsletter, choice.without_newsletters, "title")]
        but.append(f"those who were sent {_listed(titles, last=' or ')}")
    return f"{words}, but not {_listed(but, last=' or ')}" if but else words


def _communities(keys: frozenset[int]) -> str:
    """Their names; of many that are all there are, how many."""
    names = _names(Community, keys)
    if len(names) > _MOST_NAMED and len(names) == Community.objects.count():
        return f"all {len(names)} communities"
    return _listed(names)


def joined_words(choice: Choice) -> str:
    """What everybody who gets it joined, at least one of: "A", "A or B", or, of many, "one of 12 communities"."""
    names = list(reached_by(choice).values_list("name", flat=True))
    if len(names) > _MOST_NAMED:
        return f"at least one of {len(names)} of our communities"
    return _listed(names, last=" or ") if names else "a community"


def _conditions(choice: Choice) -> list[str]:
    who = []
    if choice.involvement:
        who.append(_listed([WHO[kind] for kind in WHO if kind in choice.involvement], last=" or "))
    for name, words in (("organisation", "gave an organisation with"), ("area", "gave an area with")):
        phrases = [f"“{phrase.strip()}”" for phrase in getattr(choice, name).split(",") if phrase.strip()]
        if phrases:
            who.append(f"{words} {_listed(phrases, last=' or ')} in it")
    since, until = (day and date_format(day, "j F Y") for day in (choice.joined_from, choice.joined_until))
    if since and until:
        who.append(f"joined from {since} to {until}")
    elif since or until:
        who.append(f"joined {'since' if since else 'by'} {since or until}")
    who += [f"also agreed to {agreed_words(Purpose(each))}" for each in choice.also_agreed]
    return who


def agreed_words(purpose: Purpose) -> str:
    """What somebody agreed to: "emails about events", "newsletters"."""
    return f"emails about {purpose.label.lower()}" if purpose == Purpose.EVENTS else purpose.label.lower()


def _names(model: type[Model], keys: frozenset[int], name: str = "name") -> list[str]:
    return list(model._default_manager.filter(pk__in=keys).values_list(name, flat=True))


def _listed(words: list[str], *, last: str = " and ", between: str = ", ") -> str:
    """a; a and b; a, b and c."""
    return words[0] if len(words) == 1 else f"{between.join(words[:-1])}{last}{words[-1]}"
