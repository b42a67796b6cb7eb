"""Puts people on a study and takes them off."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from people.models import Organisation, User
from people.services import invite
from studies.models import Study, StudyPerson
from studies.services.history import delete_as, save_as


@transaction.atomic
def put_person_on_study(
    *, study: Study, user: User, role: str, starts_on: dt.date, ends_on: dt.date | None = None, by: User | None
) -> StudyPerson:
    """Record that somebody has a role on a study from a day to a day (``ends_on`` is the last day, None for open).

    A second call finds the row that it made: the same start, or a time in the role that meets this one, is one row,
    whose end becomes ``ends_on`` and whose start the earlier of the two. So to lengthen or shorten a time in a role
    is to say it again. Raises ``ValidationError``, in words for the screen, where the role is not one of
    ``StudyPerson.Role``, the end comes before the start, or somebody else leads the study at that time.
    """
    Study.objects.select_for_update().get(pk=study.pk)
    if role not in StudyPerson.Role.values:
        raise ValidationError("Choose one of the roles.", code="role")
    if ends_on is not None and ends_on < starts_on:
        raise ValidationError("The last day must be on or after the first day.", code="dates")
    overlapping = StudyPerson.objects.overlapping(starts_on, ends_on).filter(study=study, role=role)
    if role == StudyPerson.Role.LEAD:
        other = overlapping.exclude(user=user).select_related("user").first()
        if other:
            raise ValidationError(
                f"{other.user} is the study lead at that time. End their role first.", code="one_lead"
            )
    person = overlapping.filter(user=user).order_by("starts_on").last()
    if person is None:
        person = StudyPerson(study=study, user=user, role=role, starts_on=starts_on, ends_on=ends_on)
    elif (min(person.starts_on, starts_on), ends_on) == (person.starts_on, person.ends_on):
        return person
    person.starts_on, person.ends_on = min(person.starts_on, starts_on), ends_on
    save_as(person, by)
    return person


@transaction.atomic
def take_person_off_study(
    *, study: Study, user: User, role: str, ends_on: dt.date, by: User | None
) -> StudyPerson | None:
    """End somebody's role on a study; ``ends_on`` is their last day in it.

    Returns the row that was ended, or None where there was nothing to end: a second call changes nothing. Raises
    ``ValidationError`` where the last day comes before their first.
    """
    Study.objects.select_for_update().get(pk=study.pk)
    rows = StudyPerson.objects.filter(study=study, user=user, role=role)
    person = rows.filter(Q(ends_on=None) | Q(ends_on__gt=ends_on)).order_by("starts_on").first()
    if person is None:
        return None
    if ends_on < person.starts_on:
        raise ValidationError(
            f"The last day must be on or after {person.starts_on:%-d %B %Y}, when they began.", code="dates"
        )
    person.ends_on = ends_on
    save_as(person, by)
    return person


@transaction.atomic
def take_back_person(*, study: Study, user: User, role: str, starts_on: dt.date, by: User | None) -> bool:
    """Take back a role that was recorded by mistake, as if it had never been; only the history keeps it.

    Says whether there was one that began on ``starts_on``: a second call finds none and changes nothing.
    """
    Study.objects.select_for_update().get(pk=study.pk)
    person = StudyPerson.objects.filter(study=study, user=user, role=role, starts_on=starts_on).first()
    if person is None:
        return False
    delete_as(person, by)
    return True


@transaction.atomic
def ask_onto_study(
    *,
    study: Study,
    email: str,
    full_name: str,
    role: str,
    starts_on: dt.date,
    ends_on: dt.date | None = None,
    organisation: Organisation | None = None,
    by: User,
) -> StudyPerson:
    """Put a person on a study and tell them by email: an invitation if they have never logged in, otherwise a note.

    ``email`` finds the person or, with ``full_name``, makes them. Raises ``ValidationError`` as
    ``put_person_on_study`` does, and where the address cannot be invited; then nothing is kept or sent. A second call
    with the same sends nothing: the person has the role already.
    """
    known = User.objects.filter(email__iexact=email.strip()).first()
    if known and StudyPerson.objects.filter(study=study, user=known, role=role, starts_on=starts_on).exists():
        return put_person_on_study(study=study, user=known, role=role, starts_on=starts_on, ends_on=ends_on, by=by)
    if role not in StudyPerson.Role.values:
        raise ValidationError("Choose one of the roles.", code="role")
    words = f"{StudyPerson.Role(role).label} on {study.short_title}"
    user = invite(email=email, full_name=full_name, role=words, invited_by=by, organisation=organisation)
    return put_person_on_study(study=study, user=user, role=role, starts_on=starts_on, ends_on=ends_on, by=by)
