"""For each person: their own account."""

from __future__ import annotations

import datetime as dt

from allauth.account.decorators import reauthentication_required
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from people import privacy, roles, services
from people.forms import OwnDetailsForm
from people.models import User
from people.requests import sent, user_of


@require_GET
def me(request: HttpRequest) -> HttpResponse:
    """The person's own details and roles, and the ways to log in."""
    person = user_of(request)
    kinds = list(Authenticator.objects.filter(user=person).values_list("type", flat=True))
    return render(
        request,
        "people/account.html",
        {
            "person": person,
            "roles": roles.roles_of([person])[person.pk],
            "has_app": Authenticator.Type.TOTP in kinds,
            "number_of_passkeys": kinds.count(Authenticator.Type.WEBAUTHN),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def me_edit(request: HttpRequest) -> HttpResponse:
    """Change one's own name, job title, organisation and ORCID iD."""
    # Another copy of the person, so that the page does not greet them by a name that could not be saved.
    person = User.objects.get(pk=user_of(request).pk)
    form = OwnDetailsForm(sent(request), instance=person)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Your details have been saved.")
        return redirect("people:me")
    return render(request, "people/account_edit.html", {"form": form})


@require_POST
def session_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Log the person out of one other browser."""
    services.end_session(user=user_of(request), pk=pk)
    messages.success(request, "You are logged out of that browser.")
    return redirect("usersessions_list")


@require_GET
@never_cache
def my_data(request: HttpRequest) -> HttpResponse:
    """Everything that the portal holds on the person, as a JSON file to keep."""
    person = user_of(request)
    data = {"Made on": timezone.now(), **privacy.data_on(person)}
    today: dt.date = timezone.localdate()
    return JsonResponse(
        data,
        json_dumps_params={"indent": 2, "ensure_ascii": False},
        headers={"Content-Disposition": f'attachment; filename="your-data-{today.isoformat()}.json"'},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required
def close_account(request: HttpRequest) -> HttpResponse:
    """Ask (after the password once more), then erase who the person is."""
    person = user_of(request)
    if request.method == "POST":
        try:
            services.close_account(user=person)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return redirect("people:close_account")
        logout(request)
        messages.success(request, "Your account is closed and your personal details are gone.")
        return redirect("home")
    return render(request, "people/account_close.html", {"person": person, "destructive": True})
