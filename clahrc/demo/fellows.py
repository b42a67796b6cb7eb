"""The demonstration's diffusion fellows: names for those in post, and some who have left."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.utils import timezone

from clahrc.demo.cast import Cast
from fellows.models import FellowPost, Secondment
from people.models import Organisation, User
from studies.models import Programme, StudyPerson
from studies.services import put_person_on_study

#: Fellows who were in post before somebody else, or before a post that is now vacant.
LEFT = 4
REASONS_FOR_LEAVING = ["Took up a new post elsewhere", "Returned to full-time clinical work", "Retired", "Moved away"]


def bring_to_life(cast: Cast, programme: Programme) -> None:
    """Name every fellow who is in post, and let the programme's target be made up of those who have left."""
    for index, secondment in enumerate(Secondment.objects.in_post().filter(fellow=None).select_related("post__study")):
        secondment.starts_on = programme.starts_on + dt.timedelta(days=30 + 7 * (index % 8))
        fellow = cast.logins["fellow"] if index == 0 else _fellow(cast)
        if index == 0:
            fellow.organisation, fellow.job_title = cast.organisation(Organisation.Kind.NHS_PROVIDER), "Matron"
            fellow.save()
        if index == 1:  # one who leaves soon, for the list of secondments that end
            secondment.ends_on = timezone.localdate() + dt.timedelta(days=75)
        _fill(secondment, fellow, cast)
    vacant_first = [*FellowPost.objects.vacant(), *FellowPost.objects.filled().order_by("-pk")][:LEFT]
    for post, reason in zip(vacant_first, REASONS_FOR_LEAVING, strict=False):
        _one_who_left(post, reason, cast, programme)


def _fellow(cast: Cast) -> User:
    return cast.person("fellow", Organisation.Kind.NHS_PROVIDER, Organisation.Kind.COMMISSIONER)


def _fill(secondment: Secondment, fellow: User, cast: Cast) -> None:
    secondment.fellow, secondment.organisation = fellow, fellow.organisation
    secondment.matched_funding = Decimal(cast.chance.randrange(90, 180) * 100)
    secondment.save()
    put_person_on_study(
        study=secondment.post.study, user=fellow, role=StudyPerson.Role.FELLOW, starts_on=secondment.starts_on,
        ends_on=secondment.ends_on, by=cast.logins["staff"],
    )  # fmt: skip


def _one_who_left(post: FellowPost, reason: str, cast: Cast, programme: Programme) -> None:
    """Somebody who held the post before today's fellow, who then came to it later."""
    started = programme.starts_on + dt.timedelta(days=14)
    left = started + dt.timedelta(days=cast.chance.randrange(250, 420))
    for successor in post.secondments.in_post():
        successor.starts_on = left + dt.timedelta(days=30)
        successor.save()
        StudyPerson.objects.filter(
            study=post.study, user=successor.fellow, role=StudyPerson.Role.FELLOW
        ).update(starts_on=successor.starts_on)  # fmt: skip
    former = Secondment(post=post, starts_on=started, ends_on=left, ended_because=reason)
    _fill(former, _fellow(cast), cast)
