"""Who may do what in the studies app.

Each predicate takes a user and a study; a permission is one line of them. ``studies.view_study_inside`` says the same
as ``Study.objects.visible_to``, and a test holds them together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import rules

from people.rules import is_programme_staff
from studies.scope import all_readers

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from people.models import User as Account
    from studies.models import Study

    User = Account | AnonymousUser


def _has_role(user: User, study: Study | None, roles: tuple[str, ...]) -> bool:
    """Whether an active user is on the study today in one of the roles."""
    if study is None or not user.is_authenticated or not user.is_active:
        return False
    return study.people.today().filter(user=user.pk).filter(role__in=roles).exists()


@rules.predicate
def is_theme_lead(user: User, study: Study | None) -> bool:
    """Leads the theme that the study belongs to."""
    if study is None or not user.is_authenticated or not user.is_active:
        return False
    return study.theme.leads.filter(pk=user.pk).exists()


@rules.predicate
def is_study_lead(user: User, study: Study | None) -> bool:
    """Leads the study today."""
    from studies.models import StudyPerson

    return _has_role(user, study, (StudyPerson.Role.LEAD,))


@rules.predicate
def is_on_team(user: User, study: Study | None) -> bool:
    """Is in the study's team today."""
    from studies.models import StudyPerson

    return _has_role(user, study, StudyPerson.TEAM_ROLES)


@rules.predicate
def is_on_steering(user: User, study: Study | None) -> bool:
    """Is on the study's steering committee today."""
    from studies.models import StudyPerson

    return _has_role(user, study, StudyPerson.STEERING_ROLES)


@rules.predicate
def is_fellow_of(user: User, study: Study | None) -> bool:
    """Is a diffusion fellow of the study today."""
    from studies.models import StudyPerson

    return _has_role(user, study, (StudyPerson.Role.FELLOW,))


@rules.predicate
def is_reader_of(user: User, study: Study | None) -> bool:
    """May read the study because another app says so (a panel member with a review of it)."""
    if study is None or not user.is_authenticated or not user.is_active:
        return False
    from studies.models import Study

    return any(Study.objects.filter(pk=study.pk, pk__in=readers(user)).exists() for readers in all_readers())


@rules.predicate
def works_on_some(user: User) -> bool:
    """Works on at least one study, archived or not."""
    from studies.models import Study

    return Study.objects.worked_on_by(user).exists()


looks_after = is_programme_staff | is_theme_lead | is_study_lead
works_on = is_programme_staff | is_theme_lead | is_on_team
belongs_to = works_on | is_on_steering | is_fellow_of

# The list of studies, making one, putting one away and taking a decision to stop back.
rules.add_perm("studies.manage_studies", is_programme_staff)
rules.add_perm("studies.archive_study", is_programme_staff)
rules.add_perm("studies.reopen_study", is_programme_staff)

# One study.
rules.add_perm("studies.view_study_inside", belongs_to | is_reader_of)
rules.add_perm("studies.change_study", looks_after)
rules.add_perm("studies.move_study", looks_after)
rules.add_perm("studies.stop_study", is_programme_staff | is_theme_lead)
rules.add_perm("studies.change_people", looks_after)
rules.add_perm("studies.change_documents", works_on)

# Its ledger.
rules.add_perm("studies.make_suggestions", belongs_to)
rules.add_perm("studies.answer_suggestions", works_on)

# The ledgers of all the studies that one works on, together.
rules.add_perm("studies.view_suggestions_to_answer", is_programme_staff | works_on_some)
