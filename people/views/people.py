"""For staff: who is on the portal, and who may log in."""

from __future__ import annotations

from collections.abc import Callable

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from people import roles, services
from people.forms import PeopleFilterForm
from people.models import User
from people.requests import user_of

_PAGE = 50


@require_GET
@permission_required("people.view_people", raise_exception=True)
def index(request: HttpRequest) -> HttpResponse:
    """Everybody, narrowed by words, role and state, with each person's roles."""
    form = PeopleFilterForm(request.GET)
    form.is_valid()
    wanted = form.cleaned_data
    people = User.objects.visible_to(request.user).select_related("organisation").with_state()
    people = people.matching(wanted.get("q", ""))
    if wanted.get("role"):
        people = people.filter(pk__in=roles.holders(wanted["role"]))
    state = wanted.get("state")
    people = people.filter(state=state) if state else people.exclude(state=User.State.CLOSED)
    page = Paginator(people, _PAGE).get_page(request.GET.get("page"))
    rows = list(page.object_list)
    roles_of = roles.roles_of(rows)
    return render(
        request,
        "people/person_list.html",
        {
            "filters": form,
            "is_filtered": any(wanted.values()),
            "page_obj": page,
            "rows": [
                {"person": person, "state": User.State(person.state), "roles": roles_of[person.pk]} for person in rows
            ],
        },
    )


@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One person: roles, invitations, and what may be done about them. Other people's pages are for staff."""
    person = _visible(request, pk)
    by = user_of(request)
    if not by.has_perm("people.view_people"):
        return redirect("people:me")
    return render(
        request,
        "people/person_detail.html",
        {
            "person": person,
            "state": User.State(person.state),
            "roles": roles.roles_of([person])[person.pk],
            "invitations": person.invitations.select_related("invited_by"),
            "may_deactivate": by.has_perm("people.deactivate_person", person) and not person.erased_at,
            "may_reset_second_factor": by.has_perm("people.reset_second_factor", person)
            and Authenticator.objects.filter(user=person).exists(),
            "may_erase": by.has_perm("people.erase_person", person) and not person.erased_at,
            "may_manage_staff": by.has_perm("people.manage_staff") and person.is_active,
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then stop a person from logging in."""
    person = _allowed(request, pk, "people.deactivate_person")
    if request.method == "POST":
        return _do(
            request,
            person,
            services.deactivate,
            f"{person} has been deactivated and logged out. You can undo this below.",
        )
    return render(request, "people/person_deactivate.html", {"person": person, "destructive": True})


@require_POST
def reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a person log in again."""
    person = _allowed(request, pk, "people.deactivate_person")
    return _do(request, person, services.reactivate, f"{person} can log in again.")


@require_http_methods(["GET", "HEAD", "POST"])
def reset_second_factor(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then take from a person the second factor that they have lost."""
    person = _allowed(request, pk, "people.reset_second_factor")
    if request.method == "POST":
        done = f"{person} has no second factor now, and has been told by email. They can log in and set up a new one."
        return _do(request, person, services.reset_second_factor, done)
    return render(request, "people/person_reset_second_factor.html", {"person": person, "destructive": True})


@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then erase who a person is who has asked for it and cannot log in to do it."""
    person = _allowed(request, pk, "people.erase_person")
    if request.method == "POST":
        return _do(request, person, services.erase_person, "Their account is closed and their details are gone.")
    return render(request, "people/person_erase.html", {"person": person, "destructive": True})


@require_http_methods(["GET", "HEAD", "POST"])
def make_staff(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then make a person programme staff; with ``administrator`` in the form, an administrator too."""
    person = _allowed(request, pk, "people.manage_staff")
    if request.method == "POST":
        administrator = request.POST.get("administrator") == "yes"

        def change(*, user: User, by: User) -> None:
            services.make_staff(user=user, by=by, administrator=administrator)

        return _do(
            request, person, change, f"{person} is now {'an administrator' if administrator else 'programme staff'}."
        )
    return render(request, "people/person_make_staff.html", {"person": person})


@require_http_methods(["GET", "HEAD", "POST"])
def remove_staff(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then make a person neither programme staff nor administrator."""
    person = _allowed(request, pk, "people.manage_staff")
    if request.method == "POST":
        return _do(request, person, services.remove_staff, f"{person} is no longer programme staff.")
    return render(request, "people/person_remove_staff.html", {"person": person, "destructive": True})


def _visible(request: HttpRequest, pk: int) -> User:
    people = User.objects.visible_to(request.user).with_state()
    person: User = get_object_or_404(people.select_related("organisation", "deactivated_by"), pk=pk)
    return person


def _allowed(request: HttpRequest, pk: int, permission: str) -> User:
    person = _visible(request, pk)
    if not user_of(request).has_perm(permission, person):
        raise PermissionDenied
    return person


def _do(request: HttpRequest, person: User, service: Callable[..., None], done: str) -> HttpResponse:
    try:
        service(user=person, by=user_of(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, done)
    return redirect("people:detail", pk=person.pk)
