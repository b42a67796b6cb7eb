"""Every write of the fellows app that touches a status or more than one row.

Each service locks the study first, so that two people who fill or close its posts at the same moment take turns. What
a rule forbids is refused with a ``ValidationError`` in words, keyed by the field that a form would show it at.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from fellows.models import FellowPost, Secondment
from fellows.terms import latest_end
from mailing.services import send_template
from people.models import Organisation, User
from people.services import invite
from studies.models import Programme, Study, StudyPerson
from studies.querysets import OVER
from studies.services import put_person_on_study, take_back_person
from studies.services.history import delete_as, save_as

ROLE = StudyPerson.Role.FELLOW


def _lock_study(study_id: int) -> Study:
    return Study.objects.select_for_update().get(pk=study_id)


def _programme() -> Programme:
    programme = Programme.objects.current()
    if programme is None:
        raise ValidationError("Load a programme first: it says how long a secondment may last.")
    return programme


# --- Posts ----------------------------------------------------------------------------------------------------


@transaction.atomic
def open_post(*, study: Study, by: User) -> FellowPost:
    """Give a study one more post for a diffusion fellow.

    Raises ``ValidationError`` where the study is archived or given up, or already has as many open posts as the
    programme allows (three in the paper). A second call opens another post.
    """
    study = _lock_study(study.pk)
    _refuse_finished(study)
    limit = _programme().fellows_per_study_max
    if FellowPost.objects.open().filter(study=study).count() >= limit:
        raise ValidationError(f"A study can have at most {_posts(limit)}. Close one before you open another.")
    last = FellowPost.objects.filter(study=study).aggregate(last=Max("number"))["last"] or 0
    post = FellowPost(study=study, number=last + 1)
    save_as(post, by)
    return post


@transaction.atomic
def close_post(*, post: FellowPost, by: User) -> FellowPost:
    """Close a vacant post from today. Its past secondments stay on record.

    Raises ``ValidationError`` where somebody is in it or agreed to come, or where a study that is still going would
    have fewer posts than the programme asks for. A second call changes nothing.
    """
    study = _lock_study(post.study_id)
    post = FellowPost.objects.get(pk=post.pk)
    if post.closed_on:
        return post
    if post.secondments.not_ended().exists():
        raise ValidationError("Somebody is in this post, or agreed to come. End their secondment first.")
    least = _programme().fellows_per_study_min
    finished = study.is_archived or study.stage in OVER
    if not finished and FellowPost.objects.open().filter(study=study).count() <= least:
        raise ValidationError(f"A study needs at least {_posts(least)}. Open another post before you close this one.")
    post.closed_on = timezone.localdate()
    save_as(post, by)
    return post


def _refuse_finished(study: Study) -> None:
    if study.is_archived or study.stage in OVER:
        raise ValidationError("This study has finished or is archived, so it takes no new diffusion fellows.")


def _posts(number: int) -> str:
    return "1 post for a diffusion fellow" if number == 1 else f"{number} posts for diffusion fellows"


# --- Secondments ----------------------------------------------------------------------------------------------


@transaction.atomic
def second(
    *,
    post: FellowPost,
    fellow: User | None,
    organisation: Organisation | None,
    starts_on: dt.date,
    ends_on: dt.date | None = None,
    days_per_week: Decimal,
    matched_funding: Decimal | None,
    by: User,
) -> Secondment:
    """Second somebody to a post: from ``starts_on`` to ``ends_on``, both days included.

    ``days_per_week`` is more than 0 and at most 5 (the paper: 1); ``matched_funding`` is pounds a year from the
    partner organisation. ``fellow`` may be None: in post, name not yet added. A named fellow is put on the study for
    the same days and told by email. Raises ``ValidationError`` where the post is closed or taken on any of the days,
    the fellow is already in another post of the study then, or it would last longer than the programme's
    ``secondment_max_years`` (five in the paper). A second call with the same post, fellow and first day returns the
    secondment that is there and sends nothing.
    """
    study = _lock_study(post.study_id)
    post = FellowPost.objects.get(pk=post.pk)
    same = post.secondments.filter(fellow=fellow, starts_on=starts_on).first() if fellow else None
    if same:
        return same
    _refuse_finished(study)
    if post.closed_on:
        raise ValidationError("This post is closed. Open a new one to second somebody to the study.")
    _check_span(starts_on, ends_on)
    _refuse_taken(post, starts_on, ends_on)
    if fellow:
        _refuse_fellow(fellow, study, starts_on, ends_on)
    secondment = Secondment(
        post=post, fellow=fellow, organisation=organisation, starts_on=starts_on, ends_on=ends_on,
        days_per_week=days_per_week, matched_funding=matched_funding,
    )  # fmt: skip
    secondment.full_clean(validate_constraints=False)
    save_as(secondment, by)
    if fellow:
        _keep_on_study(secondment, by)
        _tell_fellow(secondment, by)
    return secondment


@transaction.atomic
def invite_fellow(*, study: Study, email: str, full_name: str, organisation: Organisation | None, by: User) -> User:
    """Find or make the person who will be a study's fellow, and invite them to log in.

    Call it in one transaction with ``second`` or ``name_fellow``, so that nobody is invited to a post that was
    refused. A second call finds the same person.
    """
    role = f"Diffusion fellow on {study.short_title}"
    return invite(email=email, full_name=full_name, role=role, invited_by=by, organisation=organisation)


@transaction.atomic
def name_fellow(*, secondment: Secondment, fellow: User, organisation: Organisation | None, by: User) -> Secondment:
    """Say who the fellow of a secondment is that was recorded without a name, and put them on the study.

    Without ``organisation`` the partner stays as it was recorded. Raises ``ValidationError`` where somebody else has
    been named already, the secondment is over, or the fellow is in another post of the study at the same time. A
    second call with the same fellow changes nothing and sends nothing.
    """
    study = _lock_study(secondment.post.study_id)
    secondment = Secondment.objects.select_related("post__study").get(pk=secondment.pk)
    if secondment.fellow_id == fellow.pk:
        return secondment
    if secondment.fellow_id:
        raise ValidationError("Somebody has already been named for this secondment. End it, then second somebody else.")
    _refuse_fellow(fellow, study, secondment.starts_on, secondment.ends_on)
    secondment.fellow = fellow
    secondment.organisation = organisation or secondment.organisation
    save_as(secondment, by)
    _keep_on_study(secondment, by)
    if not secondment.is_past:
        _tell_fellow(secondment, by)
    return secondment


@transaction.atomic
def end_secondment(*, secondment: Secondment, ends_on: dt.date, because: str, by: User) -> Secondment:
    """Give a secondment its last day, today, before or to come, and say why. The fellow leaves the study with it.

    Raises ``ValidationError`` where the day is before the first or after the longest term, a later secondment of the
    post begins by then, or ``because`` is empty. A second call with the same day and reason changes nothing.
    """
    _lock_study(secondment.post.study_id)
    secondment = Secondment.objects.select_related("post__study", "fellow").get(pk=secondment.pk)
    because = because.strip()
    if (secondment.ends_on, secondment.ended_because) == (ends_on, because):
        return secondment
    if secondment.ends_on is not None and secondment.is_past:
        raise ValidationError(f"This secondment ended on {date_format(secondment.ends_on)}.")
    if not because:
        raise ValidationError({"because": "Say why the secondment ends."})
    _check_span(secondment.starts_on, ends_on)
    _refuse_taken(secondment.post, secondment.starts_on, ends_on, but=secondment)
    secondment.ends_on, secondment.ended_because = ends_on, because
    save_as(secondment, by)
    _keep_on_study(secondment, by)
    return secondment


@transaction.atomic
def undo_end(*, secondment: Secondment, by: User) -> Secondment:
    """Take back an end that was recorded today: the last day and reason become what they were before.

    Raises ``ValidationError`` where it was recorded on another day, or the post has been filled since. A second call
    finds nothing to undo and says so.
    """
    study = _lock_study(secondment.post.study_id)
    secondment = Secondment.objects.select_related("post__study", "fellow").get(pk=secondment.pk)
    if not can_undo_end(secondment):
        raise ValidationError("There is nothing to undo. An end can be undone on the day that it was recorded.")
    before = secondment.history.all()[1]
    _refuse_taken(secondment.post, secondment.starts_on, before.ends_on, but=secondment)
    if secondment.fellow:
        _refuse_fellow(secondment.fellow, study, secondment.starts_on, before.ends_on, but=secondment)
    secondment.ends_on, secondment.ended_because = before.ends_on, before.ended_because
    save_as(secondment, by)
    _keep_on_study(secondment, by)
    return secondment


def can_undo_end(secondment: Secondment) -> bool:
    """Whether the last thing that happened to the secondment is that its end was recorded, today."""
    records = list(secondment.history.all()[:2])
    if len(records) < 2:
        return False
    latest, before = records
    ended = latest.ended_because != before.ended_because and latest.ended_because
    return bool(ended) and timezone.localdate(latest.history_date) == timezone.localdate()


@transaction.atomic
def change_terms(
    *,
    secondment: Secondment,
    organisation: Organisation | None,
    days_per_week: Decimal,
    matched_funding: Decimal | None,
    by: User,
) -> Secondment:
    """Change what was agreed: the partner, the days a week (more than 0, at most 5) and the pounds a year it gives.

    Raises ``ValidationError`` where a number is none of these. A second call with the same changes nothing.
    """
    _lock_study(secondment.post.study_id)
    secondment = Secondment.objects.select_related("post__study", "fellow", "organisation").get(pk=secondment.pk)
    before = (secondment.organisation, secondment.days_per_week, secondment.matched_funding)
    if before == (organisation, days_per_week, matched_funding):
        return secondment
    secondment.organisation = organisation
    secondment.days_per_week, secondment.matched_funding = days_per_week, matched_funding
    secondment.full_clean(validate_constraints=False)
    save_as(secondment, by)
    return secondment


def recorded_today(study: Study) -> set[int]:
    """The secondments of a study that were first recorded today: those that can be taken back."""
    made = Secondment.history.filter(post__study=study, history_type="+", history_date__date=timezone.localdate())
    return set(made.values_list("id", flat=True))


@transaction.atomic
def take_back(*, secondment: Secondment, by: User) -> None:
    """Take back a secondment that was recorded by mistake today, as if it had never been; the history keeps it.

    Its fellow leaves the study's list of people, and is told by email unless it was over already. Raises
    ``ValidationError`` where it was recorded on another day: then it took place, and is ended instead.
    """
    study = _lock_study(secondment.post.study_id)
    secondment = Secondment.objects.select_related("post__study", "fellow").get(pk=secondment.pk)
    if secondment.pk not in recorded_today(study):
        raise ValidationError("A secondment can be taken back on the day that it was recorded. End it instead.")
    fellow = secondment.fellow
    delete_as(secondment, by)
    if fellow is None:
        return
    take_back_person(study=study, user=fellow, role=ROLE, starts_on=secondment.starts_on, by=by)
    if not secondment.is_past:
        _tell(fellow, study, "fellows/taken_back", by, secondment=secondment)


# --- What they share --------------------------------------------------------------------------------------------


def _check_span(starts_on: dt.date, ends_on: dt.date | None) -> None:
    if ends_on is None:
        return
    if ends_on < starts_on:
        raise ValidationError({"ends_on": f"The last day must be {date_format(starts_on)}, the first day, or after."})
    years = _programme().secondment_max_years
    latest = latest_end(starts_on, years)
    if ends_on > latest:
        longest = "1 year" if years == 1 else f"{years} years"
        words = f"A secondment lasts at most {longest}. The last day must be {date_format(latest)} or before."
        raise ValidationError({"ends_on": words})


def _refuse_taken(post: FellowPost, starts_on: dt.date, ends_on: dt.date | None, but: Secondment | None = None) -> None:
    others = post.secondments.exclude(pk=but.pk) if but else post.secondments.all()
    clash = others.overlapping(starts_on, ends_on).select_related("fellow").first()
    if clash:
        field = "ends_on" if but or clash.starts_on > starts_on else "starts_on"
        raise ValidationError({field: f"The post is taken {_span(clash)}. Choose days when it is free."})


def _refuse_fellow(
    fellow: User, study: Study, starts_on: dt.date, ends_on: dt.date | None, but: Secondment | None = None
) -> None:
    if not fellow.is_active:
        raise ValidationError({"fellow": f"{fellow} can no longer log in. Choose somebody else, or let them in again."})
    others = Secondment.objects.filter(post__study=study, fellow=fellow)
    others = others.exclude(pk=but.pk) if but else others
    clash = others.overlapping(starts_on, ends_on).first()
    if clash:
        raise ValidationError({"fellow": f"{fellow} is already in a post of this study {_span(clash)}."})


def _span(secondment: Secondment) -> str:
    if secondment.ends_on is None:
        return f"from {date_format(secondment.starts_on)} with no last day yet"
    return f"from {date_format(secondment.starts_on)} to {date_format(secondment.ends_on)}"


def _keep_on_study(secondment: Secondment, by: User) -> None:
    """On the study's list of people the fellow stands for just the days of the secondment, however they change."""
    if secondment.fellow is None:
        return
    put_person_on_study(
        study=secondment.post.study, user=secondment.fellow, role=ROLE,
        starts_on=secondment.starts_on, ends_on=secondment.ends_on, by=by,
    )  # fmt: skip


def _tell_fellow(secondment: Secondment, by: User) -> None:
    fellow, study = secondment.fellow, secondment.post.study
    if fellow is not None:
        url = settings.SITE_URL + reverse("fellows:study", args=[study.slug])
        _tell(fellow, study, "fellows/seconded", by, secondment=secondment, url=url)


def _tell(fellow: User, study: Study, template: str, by: User, *, secondment: Secondment, **context: object) -> None:
    send_template(
        to=fellow.email,
        name=fellow.full_name,
        template=template,
        context={"fellow": fellow, "study": study, "secondment": secondment, "by": by, **context},
        topic="secondment",
        subject_id=str(secondment.pk),
        created_by=by,
    )
