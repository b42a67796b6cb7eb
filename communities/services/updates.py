"""Drafting a month's update, and deciding on what each community tells in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.template.defaultfilters import truncatechars
from django.utils import timezone

from communities import emails
from communities.models import Community, Membership, MonthlyUpdate, UpdateEntry, UpdateSection
from communities.models.update import month_of
from communities.services.errors import RefusedError, StaleVersionError
from communities.whats_new import whats_new
from communities.working_days import first_working_day, working_days_after
from people.models import User
from studies.services.history import save_as

GONE = "This update has gone, so it can no longer be changed."
#: The hour, in London, at which an update goes on its last day.
GOES_AT = dt.time(17)
#: An update can be kept open for so many days at most, so that the next month's is not held up.
LONGEST_OPEN = dt.timedelta(days=28)
#: How long before it goes those are reminded who have not decided.
REMINDED = dt.timedelta(hours=26)

_S = UpdateSection.Status
#: (from, to): what may be decided while the update is open. What is not here cannot be done.
MOVES = {(_S.DRAFT, _S.APPROVED), (_S.DRAFT, _S.SKIPPED), (_S.APPROVED, _S.DRAFT), (_S.SKIPPED, _S.DRAFT)}


def draft_due() -> MonthlyUpdate | None:
    """Draft this month's update, from England's first working day of the month on; None where there is nothing to do.

    While an earlier update is open the next one waits. Safe to run twice and at once with itself.
    """
    today = timezone.localdate()
    if today < first_working_day(today) or MonthlyUpdate.objects.open().exists():
        return None
    return draft_update(today=today)


@transaction.atomic
def draft_update(*, today: dt.date) -> MonthlyUpdate | None:
    """Draft the update of the month that a day is in; None, and nothing changes, where that month has one already.

    Each public community with something new gets a section, whether or not it takes new associates; the others get
    none. Convenors and staff are emailed that drafts wait. Where nothing is new anywhere, the month is closed at once
    and nobody is emailed. The month is unique: of two at once, the second finds what the first made.
    """
    closes_on = working_days_after(today, settings.MONTHLY_UPDATE_WORKING_DAYS)
    update, is_new = MonthlyUpdate.objects.get_or_create(
        month=month_of(today), defaults={"closes_at": _five_on(closes_on)}
    )
    if not is_new:
        return None
    sections = _draft_sections(update)
    if not sections:
        update.closed_at = timezone.now()
        update.save(update_fields=["closed_at"])
        return update
    _tell_who_decides(update, sections, emails.send_drafts_wait)
    return update


def remind_undecided() -> int:
    """A day before an update goes, remind those whose drafts still wait, once; returns how many updates."""
    count = 0
    for pk in list(MonthlyUpdate.objects.to_remind_of(timezone.now() + REMINDED).values_list("pk", flat=True)):
        with transaction.atomic():
            update = MonthlyUpdate.objects.select_for_update().get(pk=pk)
            if not update.is_open or update.reminded_at:
                continue
            waiting = list(update.sections.filter(status=_S.DRAFT).select_related("community"))
            _tell_who_decides(update, waiting, emails.send_drafts_still_wait)
            update.reminded_at = timezone.now()
            update.save(update_fields=["reminded_at"])
            count += 1
    return count


def _five_on(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, GOES_AT))


def _draft_sections(update: MonthlyUpdate) -> list[UpdateSection]:
    earliest = MonthlyUpdate.objects.order_by("month").values_list("month", flat=True)[0]
    communities = {community.pk: community for community in Community.objects.public().select_related("study")}
    found = whats_new(communities.values(), month=update.month, first=earliest)
    sections = []
    for key, rows in sorted(found.items(), key=lambda each: communities[each[0]].name):
        section = UpdateSection.objects.create(update=update, community=communities[key])
        UpdateEntry.objects.bulk_create(
            UpdateEntry(
                section=section, kind=row.kind, title=row.title, words=row.words, url=row.url, source=row.source,
                position=position,
            )
            for position, row in enumerate(rows, start=1)
        )  # fmt: skip
        sections.append(section)
    return sections


def _tell_who_decides(
    update: MonthlyUpdate,
    sections: list[UpdateSection],
    send: Callable[[User, MonthlyUpdate, list[UpdateSection]], None],
) -> None:
    """One email to each member of staff, and to each convenor of these communities, on all that is theirs to decide."""
    theirs: dict[int, list[UpdateSection]] = {}
    by_community = {section.community_id: section for section in sections}
    people = {user.pk: user for user in User.objects.programme_staff()}
    staff = set(people)
    for membership in _convening(by_community):
        user = membership.associate.user
        assert user is not None  # the query asks for it
        people[user.pk] = user
        theirs.setdefault(user.pk, []).append(by_community[membership.community_id])
    for key, user in sorted(people.items()):
        send(user, update, sections if key in staff else theirs[key])


def _convening(communities: Collection[int]) -> QuerySet[Membership]:
    """The memberships of those who look after these communities (keys) and may log in."""
    convenors = Membership.objects.current().filter(
        role=Membership.Role.CONVENOR, community__in=communities, associate__user__is_active=True
    )
    return convenors.select_related("associate__user").order_by("community__name")


def _convenors_of(communities: Collection[int]) -> list[User]:
    return [each.associate.user for each in _convening(communities) if each.associate.user]


def _locked(section: UpdateSection) -> UpdateSection:
    """The section as it is now; its update is locked before it, as whoever sends locks it. Raises ``RefusedError``
    where the update has gone.
    """
    update = MonthlyUpdate.objects.select_for_update().get(pk=section.update_id)
    if not update.is_open:
        raise RefusedError(GONE)
    current = (
        UpdateSection.objects.select_related("community", "decided_by")
        .select_for_update(of=("self",))
        .get(pk=section.pk)
    )
    current.update = update
    return current


@transaction.atomic
def save_section(
    *,
    section: UpdateSection,
    version: int,
    introduction: str,
    included: Collection[int],
    by: User,
    approve: bool = False,
) -> UpdateSection:
    """Change the introduction of a draft and which entries (their keys) are in it; with ``approve``, approve it too.

    ``version`` is the one that the person looked at. Raises ``StaleVersionError`` if it has changed since,
    ``RefusedError`` if it is decided already, the update has gone, or nothing would be left to tell.
    """
    current = _locked(section)
    if current.version != version:
        raise StaleVersionError(current)
    if not current.is_draft:
        raise RefusedError("This is decided already. Take it back to a draft before you change it.")
    current.introduction = introduction
    wanted = set(included)
    switched: dict[bool, list[str]] = {True: [], False: []}
    for entry in current.entries.all():
        if entry.included != (entry.pk in wanted):
            entry.included = not entry.included
            entry.save(update_fields=["included"])
            switched[entry.included].append(entry.title)
    current.version += 1
    if approve:
        if not wanted & set(current.entries.values_list("pk", flat=True)):
            raise RefusedError("Nothing is ticked, so there is nothing to send. Skip this month instead.")
        _decide(current, _S.APPROVED, by)
    save_as(current, by, _switched_words(switched))
    return current


def _switched_words(switched: dict[bool, list[str]]) -> str:
    """What was taken out and put back, as the history keeps it: 100 characters at most."""
    parts = [
        f"{verb}: {', '.join(switched[is_in])}."
        for is_in, verb in ((False, "Taken out"), (True, "Put back"))
        if switched[is_in]
    ]
    return truncatechars(" ".join(parts), 100)


@transaction.atomic
def decide_section(*, section: UpdateSection, to: str, version: int, by: User) -> UpdateSection:
    """Skip a section this month, or take it back to a draft without words. Where it is there already, nothing happens.

    Raises ``StaleVersionError`` if it has changed since ``version``, ``RefusedError`` if the update has gone or the
    table of moves has no such move. To approve one is ``save_section``'s: what is approved is what was looked at.
    """
    current = _locked(section)
    if current.status == to:
        return current
    if current.version != version:
        raise StaleVersionError(current)
    if (current.status, to) not in MOVES or to == _S.APPROVED:
        raise RefusedError("Take it back to a draft first.")
    current.version += 1
    _decide(current, _S(to), by)
    save_as(current, by)
    return current


@transaction.atomic
def send_section_back(*, section: UpdateSection, version: int, words: str, by: User) -> UpdateSection:
    """Make a section a draft and say what has to be changed in it before it is approved.

    Emailed are whoever had decided on it and the community's convenors; where that is nobody but ``by``, the programme
    staff. The words stand with the draft until somebody decides. Raises ``StaleVersionError`` if it has changed since
    ``version``, so that a second call changes nothing; ``RefusedError`` if the update has gone or nothing is said.
    """
    current = _locked(section)
    if current.version != version:
        raise StaleVersionError(current)
    if not words.strip():
        raise RefusedError("Say what should be changed.")
    told = _convenors_of([current.community_id])
    if current.decided_by and current.decided_by.is_active:
        told.append(current.decided_by)
    keys = {user.pk for user in told} - {by.pk} or {user.pk for user in User.objects.programme_staff()} - {by.pk}
    current.version += 1
    _decide(current, _S.DRAFT, by)
    current.sent_back_words, current.sent_back_by, current.sent_back_at = words.strip(), by, timezone.now()
    save_as(current, by)
    for user in User.objects.filter(pk__in=keys).order_by("pk"):
        emails.send_section_sent_back(user, current)
    return current


def _decide(section: UpdateSection, to: UpdateSection.Status, by: User) -> None:
    is_draft = to == _S.DRAFT
    section.status = to
    section.decided_by, section.decided_at = (None, None) if is_draft else (by, timezone.now())
    section.sent_back_words, section.sent_back_by, section.sent_back_at = "", None, None


@transaction.atomic
def set_deadline(*, update: MonthlyUpdate, closes_at: dt.datetime) -> MonthlyUpdate:
    """Choose when an update goes. Raises ``RefusedError`` where it has gone, or the time is over or too far ahead."""
    current = MonthlyUpdate.objects.select_for_update().get(pk=update.pk)
    if not current.is_open:
        raise RefusedError(GONE)
    now = timezone.now()
    if closes_at <= now:
        raise RefusedError("Choose a time that is still to come, or send it now.")
    if closes_at > now + LONGEST_OPEN:
        raise RefusedError(f"Choose a time within {LONGEST_OPEN.days} days: the next update waits for this one.")
    current.closes_at, current.reminded_at = closes_at, None
    current.save(update_fields=["closes_at", "reminded_at"])
    return current
