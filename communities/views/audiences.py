"""To whom a newsletter goes: choosing it, counting it, and choices kept under a name."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from communities.audiences import Choice, choice_of, in_words, is_within, people_of, read_choice
from communities.forms import AudienceForm, AudienceNameForm
from communities.models import Audience, Newsletter
from communities.services.audiences import (
    NameRefusedError,
    delete_audience,
    keep_audience,
    rename_audience,
    save_audience,
)
from communities.services.drafts import SCHEDULED
from communities.services.errors import RefusedError, StaleVersionError
from communities.views.newsletters import newsletter_for
from communities.views.requests import text_of
from people.models import User
from people.numbers import whole_number
from people.requests import sent, user_of

_CHANGE = "communities.change_newsletter"
_PAGE = "newsletters/audience_edit.html"


@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest, slug: str) -> HttpResponse:
    """Choose whom a draft goes to. ``?from=`` begins with a saved audience; nothing is saved by that."""
    newsletter = newsletter_for(request, slug, _CHANGE)
    user = user_of(request)
    if newsletter.is_sent or newsletter.is_scheduled or newsletter.is_template:
        if newsletter.is_scheduled:
            messages.info(request, SCHEDULED)
        return redirect("newsletters:preview", newsletter.slug)
    choice = choice_of(newsletter)
    if not is_within(choice, user):
        if request.method == "POST":
            raise PermissionDenied
        return render(request, _PAGE, {"newsletter": newsletter, "to_whom": in_words(choice)})
    if request.method == "POST":
        return _save(request, newsletter, user)
    begun = _saved_one(user, text_of(request, "from"))
    if begun:
        choice = read_choice(begun)
    form = AudienceForm(newsletter=newsletter, user=user, choice=choice)
    return render(request, _PAGE, _context(newsletter, user, form, choice) | {"begun": begun})


def _save(request: HttpRequest, newsletter: Newsletter, user: User) -> HttpResponse:
    form = AudienceForm(request.POST, newsletter=newsletter, user=user)
    if not form.is_valid():
        return render(request, _PAGE, _context(newsletter, user, form, None))
    choice, name = form.choice, form.cleaned_data["save_as"]
    context = _context(newsletter, user, form, choice)
    if AudienceForm.COUNT in request.POST:
        return render(request, _PAGE, context)
    try:
        with transaction.atomic():
            save_audience(newsletter=newsletter, version=form.cleaned_data["version"], choice=choice, by=user)
            if name:
                keep_audience(name=name, choice=choice, by=user)
    except StaleVersionError as error:
        current = cast("Newsletter", error.current)
        context |= {"conflict": current, "differences": form.differences_from(choice_of(current))}
        context |= {"form": form.rebased_on(current)}
        return render(request, _PAGE, context, status=409)
    except NameRefusedError as error:
        form.add_error("save_as", str(error))
        return render(request, _PAGE, context)
    except RefusedError as error:
        form.add_error(None, str(error))
        return render(request, _PAGE, context)
    messages.success(request, f"It goes to {in_words(choice)}.")
    return redirect("newsletters:preview", newsletter.slug)


def _context(newsletter: Newsletter, user: User, form: AudienceForm, choice: Choice | None) -> dict[str, object]:
    form.cancel_url = reverse("newsletters:preview", args=[newsletter.slug])
    return {
        "newsletter": newsletter,
        "form": form,
        "saved": Audience.objects.managed_by(user).select_related("owner"),
        **(_counted(choice) if choice else {}),
    }


def _counted(choice: Choice) -> dict[str, object]:
    return {"people": people_of(choice).count(), "to_whom": in_words(choice)}


def _saved_one(user: User, key: str) -> Audience | None:
    return Audience.objects.managed_by(user).filter(pk=whole_number(key) or 0).first()


@require_safe
def count(request: HttpRequest, slug: str) -> HttpResponse:
    """How many people the form's choices come to, for the page that asks while it is filled in: a piece of a page.

    Whoever opens the address by hand is sent to the whole page.
    """
    newsletter = newsletter_for(request, slug, _CHANGE)
    if request.headers.get("X-Requested-With") != "XMLHttpRequest":
        return redirect(f"{reverse('newsletters:audience', args=[slug])}?{request.GET.urlencode()}")
    data = request.GET.copy()
    data["version"] = "1"
    form = AudienceForm(data, newsletter=newsletter, user=user_of(request))
    return render(request, "newsletters/_audience_count.html", _counted(form.choice) if form.is_valid() else {})


@permission_required("communities.write_newsletters", raise_exception=True)
@require_safe
def saved(request: HttpRequest) -> HttpResponse:
    """Saved audiences: everybody's for staff, their own for convenors."""
    audiences = Audience.objects.managed_by(user_of(request)).select_related("owner")
    return render(request, "newsletters/audience_list.html", {"audiences": audiences})


def _audience_for(request: HttpRequest, pk: int) -> Audience:
    return get_object_or_404(Audience.objects.managed_by(user_of(request)), pk=pk)


@permission_required("communities.write_newsletters", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a saved audience another name."""
    audience = _audience_for(request, pk)
    form = AudienceNameForm(sent(request), audience=audience)
    form.cancel_url = reverse("newsletters:audiences")
    if request.method == "POST" and form.is_valid():
        try:
            rename_audience(audience=audience, name=form.cleaned_data["name"])
        except RefusedError as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, f"It is called “{audience.name}” now.")
            return redirect("newsletters:audiences")
    return render(request, "newsletters/audience_rename.html", {"form": form, "audience": audience})


@permission_required("communities.write_newsletters", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a saved audience, once it is sure."""
    audience = Audience.objects.managed_by(user_of(request)).filter(pk=pk).first()
    if request.method == "POST":
        if audience:
            delete_audience(audience=audience)
            messages.success(request, f"The saved audience “{audience.name}” is deleted.")
        return redirect("newsletters:audiences")
    if audience is None:
        raise Http404
    context = {"audience": audience, "to_whom": in_words(read_choice(audience)), "destructive": True}
    return render(request, "newsletters/audience_delete.html", context)
