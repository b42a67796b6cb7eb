"""Who is on a study."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from people.requests import sent, user_of
from studies.forms import AddPersonForm, EndRoleForm, InvitePersonForm
from studies.models import StudyPerson
from studies.views.access import study_inside, study_to_change


@require_safe
def people(request: HttpRequest, slug: str) -> HttpResponse:
    """The team, the steering committee and the fellows of a study, and who was on it before."""
    study = study_inside(request, slug)
    today = timezone.localdate()
    rows = list(study.people.select_related("user", "user__organisation").in_role_order())
    now = [row for row in rows if row.ends_on is None or row.ends_on >= today]
    groups = [
        ("Study team", [row for row in now if row.role in StudyPerson.TEAM_ROLES]),
        ("Steering committee", [row for row in now if row.role in StudyPerson.STEERING_ROLES]),
        ("Diffusion fellows", [row for row in now if row.role == StudyPerson.Role.FELLOW]),
    ]
    has_service_user = any(row.role == StudyPerson.Role.STEERING_SERVICE_USER and row.starts_on <= today for row in now)
    context = {
        "study": study,
        "groups": groups,
        "before": [row for row in rows if row.ends_on is not None and row.ends_on < today],
        "has_service_user": has_service_user,
        "today": today,
        "can_change": not study.is_archived and user_of(request).has_perm("studies.change_people", study),
    }
    return render(request, "studies/person_list.html", context)


@require_http_methods(["GET", "POST"])
def person_add(request: HttpRequest, slug: str) -> HttpResponse:
    """Put somebody who is on the portal already on the study."""
    study = study_to_change(request, slug, "studies.change_people")
    back = reverse("studies:people", args=[slug])
    form = AddPersonForm(sent(request), study=study, by=user_of(request), cancel_url=back)
    if request.method == "POST" and form.is_valid() and form.save():
        messages.success(request, f"{form.result.user} is on the study. We have told them by email.")
        return redirect(back)
    return render(request, "studies/person_add.html", {"form": form, "study": study})


@require_http_methods(["GET", "POST"])
def person_invite(request: HttpRequest, slug: str) -> HttpResponse:
    """Invite somebody by email and put them on the study."""
    study = study_to_change(request, slug, "studies.change_people")
    back = reverse("studies:people", args=[slug])
    form = InvitePersonForm(sent(request), study=study, by=user_of(request), cancel_url=back)
    if request.method == "POST" and form.is_valid() and form.save():
        messages.success(request, f"{form.result.user} is on the study. We have told them by email.")
        return redirect(back)
    return render(request, "studies/person_invite.html", {"form": form, "study": study})


@require_http_methods(["GET", "POST"])
def person_end(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """End somebody's role on the study. A fellow's ends with the secondment, on the fellows pages."""
    study = study_to_change(request, slug, "studies.change_people")
    rows = StudyPerson.objects.not_ended().exclude(role=StudyPerson.Role.FELLOW).select_related("user", "study")
    person = get_object_or_404(rows, study=study, pk=pk)
    back = reverse("studies:people", args=[slug])
    form = EndRoleForm(sent(request), person=person, by=user_of(request), cancel_url=back)
    if request.method == "POST" and form.is_valid() and form.save():
        messages.success(request, f"The role of {person.user} has an end.")
        return redirect(back)
    return render(request, "studies/person_end.html", {"form": form, "study": study, "person": person})
