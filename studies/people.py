"""What the people app shows of a person: their roles on studies, and what this app holds on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from people.models import User
from people.roles import RoleLabel
from studies.models import Amendment, SavedView, StageMove, StudyDocument, StudyPerson, Suggestion, Theme


def labels_of(users: Iterable[User]) -> dict[int, list[RoleLabel]]:
    """The themes that each person leads and their roles on studies today, in two queries.

    Fellows are left to the fellows app, which knows their posts.
    """
    people = [user.pk for user in users]
    labels: dict[int, list[RoleLabel]] = {}
    leads = Theme.leads.through.objects.filter(user__in=people).order_by("theme__position")
    for user, name, slug in leads.values_list("user", "theme__name", "theme__slug"):
        labels.setdefault(user, []).append(RoleLabel(f"Theme lead of {name}", reverse("theme_detail", args=[slug])))
    roles = StudyPerson.objects.today().exclude(role=StudyPerson.Role.FELLOW).filter(user__in=people)
    for person in roles.select_related("study").in_role_order():
        labels.setdefault(person.user_id, []).append(
            RoleLabel(f"{person.get_role_display()} on {person.study.short_title}", person.study.get_absolute_url())
        )
    return labels


def _holders_of(*roles: str) -> QuerySet[Any, Any]:
    """The primary keys of everyone with one of the roles today."""
    return StudyPerson.objects.today().filter(role__in=roles).values("user")


def study_leads() -> QuerySet[Any, Any]:
    """Everyone who leads a study today."""
    return _holders_of(StudyPerson.Role.LEAD)


def study_teams() -> QuerySet[Any, Any]:
    """Everyone in a study's team today."""
    return _holders_of(*StudyPerson.TEAM_ROLES)


def steering_committees() -> QuerySet[Any, Any]:
    """Everyone on a steering committee today."""
    return _holders_of(*StudyPerson.STEERING_ROLES)


def theme_leads() -> QuerySet[Any, Any]:
    """Everyone who leads a theme."""
    return Theme.leads.through.objects.values("user")


#: The kinds of role that the list of people can be filtered by.
KINDS = {
    "Steering committee": steering_committees,
    "Study lead": study_leads,
    "Study team": study_teams,
    "Theme lead": theme_leads,
}


def what_we_hold_on(user: User) -> dict[str, object]:
    """Everything that this app holds on a person, for them to see and take."""
    return {
        "Roles on studies": [
            {"study": str(row.study), "role": row.get_role_display(), "from": row.starts_on, "to": row.ends_on}
            for row in StudyPerson.objects.of(user).select_related("study").order_by("starts_on", "pk")
        ],
        "Themes you lead": [theme.name for theme in user.themes_led.all()],
        "Suggestions you made": [
            {"study": str(row.study), "text": row.text, "on": row.made_on, "answer": row.answer}
            for row in Suggestion.objects.filter(made_by=user).select_related("study")
        ],
        "Suggestions you answered": [
            {"study": str(row.study), "text": row.text, "answer": row.answer, "at": row.answered_at}
            for row in Suggestion.objects.filter(answered_by=user).select_related("study")
        ],
        "Amendments you recorded": [
            {"study": str(row.study), "text": row.text, "on": row.made_on}
            for row in Amendment.objects.filter(made_by=user).select_related("study")
        ],
        "Study documents you uploaded": [
            {"study": str(row.study), "title": row.title, "file": row.filename, "at": row.uploaded_at}
            for row in StudyDocument.objects.filter(uploaded_by=user).select_related("study")
        ],
        "Studies you moved to another stage": [
            {"study": str(row.study), "move": str(row), "why": row.reason, "at": row.moved_at}
            for row in StageMove.objects.filter(moved_by=user).select_related("study")
        ],
        "Your saved views of the list of studies": [
            {"name": row.name, "query": row.query} for row in SavedView.objects.filter(user=user)
        ],
    }


def forget(user: User) -> None:
    """Delete a person's saved views when they close their account: those were for them alone."""
    SavedView.objects.filter(user=user).delete()
