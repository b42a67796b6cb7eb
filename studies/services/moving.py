"""Moves a study from stage to stage, puts it away and takes it out again."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from people.models import User
from studies.models import StageMove, Study
from studies.services.history import save_as
from studies.stages import MOVES

#: Marks a row of a study's history that a ``StageMove`` tells better.
MOVED = "Moved to another stage"


def _locked(study: Study) -> Study:
    """The study as it is in the database now, which nobody else may change until this transaction ends."""
    return Study.objects.select_for_update(of=("self",)).select_related("theme").get(pk=study.pk)


@transaction.atomic
def move_study(*, study: Study, to: str, by: User, reason: str) -> StageMove | None:
    """Move a study to another stage and record who did it, when and why.

    A study that is there already stays as it is, and None is returned: a second call changes nothing. Raises
    ``ValidationError``, in words for the screen, where ``studies.stages.MOVES`` has no such move, the study is
    archived or no reason is given, and ``PermissionDenied`` where the move is not for ``by`` to make. The study that
    was passed in is brought up to date.
    """
    if to not in Study.Stage.values:
        raise ValidationError("Choose one of the stages.", code="stage")
    now = _locked(study)
    here = Study.Stage(now.stage)
    if here == to:
        study.stage = now.stage
        return None
    permission = MOVES.get((here, to))
    if permission is None:
        raise ValidationError(
            f"A study cannot go from “{here.label}” to “{Study.Stage(to).label}”. "
            "It goes one stage forward or back at a time.",
            code="no_such_move",
        )
    if not by.has_perm(permission, now):
        raise PermissionDenied("This move is not yours to make.")
    if now.is_archived:
        raise ValidationError("This study is archived. Take it out of the archive first.", code="archived")
    reason = reason.strip()
    if not reason:
        raise ValidationError("Say why the study moves.", code="reason")
    now.stage = to
    save_as(now, by, MOVED)
    study.stage = to
    return StageMove.objects.create(study=now, from_stage=here, to_stage=to, moved_by=by, reason=reason)


@transaction.atomic
def archive_study(*, study: Study, by: User) -> Study:
    """Put a study away: in no list, gone from the public pages, and kept with all it has. A second call changes
    nothing.
    """
    now = _locked(study)
    if not now.is_archived:
        now.archived_at = timezone.now()
        save_as(now, by)
    study.archived_at = now.archived_at
    return study


@transaction.atomic
def unarchive_study(*, study: Study, by: User) -> Study:
    """Take a study out of the archive, as it was. A second call changes nothing."""
    now = _locked(study)
    if now.is_archived:
        now.archived_at = None
        save_as(now, by)
    study.archived_at = None
    return study
