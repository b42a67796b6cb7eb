"""One study: its page, making and editing it, moving it on, and putting it away."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from people.compiled import compiled, compiled_list
from people.requests import sent, user_of
from studies import services
from studies.changes import changes_to
from studies.filters import flags_of
from studies.forms import EditStudyForm, MoveForm, NewStudyForm, conflict_form
from studies.identifiers import SCHEMES
from studies.models import Amendment, Study, StudyIdentifier, Suggestion
from studies.reading import AIM, reading_age
from studies.stages import moves_from
from studies.views.access import require, study_inside, study_to_change


@login_not_required
@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """A study: its public summary for everyone; for those who may see inside, all of it."""
    if request.user.is_authenticated:
        inside = Study.objects.visible_to(request.user).select_related("theme").filter(slug=slug).with_flags().first()
        if inside is not None:
            return render(request, "studies/study_detail.html", _everything_on(inside, request))
    study = next(iter(_public_study(slug)[:1]), None)
    if study is None:
        raise Http404("No such study.")
    return render(request, "studies/study_public.html", {"study": study, **_public_parts(study)})


@compiled_list
def _public_study(slug: str) -> QuerySet[Study, tuple[Any, ...]]:
    return Study.objects.public().filter(slug=slug).values_list(
        "pk", "slug", "acronym", "title", "summary", "research_question", "design", "stage", "starts_on", "ends_on",
        "theme__pk", "theme__slug", "theme__name", "community__pk", "community__slug", "community__open_to_join",
    )  # fmt: skip


def _public_parts(study: Study) -> dict[str, Any]:
    """What everyone may see besides the study's own words: numbers in registries and what was changed. No names."""
    amendments = _amendments(study.pk)[:10]
    said = _said(*(amendment.pk for amendment in amendments)) if amendments else []
    for amendment in amendments:
        amendment.said = [words for pk, words in said if pk == amendment.pk]
    return {
        "identifiers": [(row, SCHEMES[row.scheme].url(row.value)) for row in _identifiers(study.pk)],
        "amendments": amendments,
    }


@compiled_list
def _identifiers(study: int) -> QuerySet[StudyIdentifier, tuple[Any, ...]]:
    return StudyIdentifier.objects.filter(study=study).values_list("pk", "scheme", "value")


@compiled_list
def _amendments(study: int) -> QuerySet[Amendment, tuple[Any, ...]]:
    return Amendment.objects.filter(study=study).values_list("pk", "text", "made_on")


@compiled
def _said(*amendments: int) -> QuerySet[Suggestion, tuple[Any, ...]]:
    return Suggestion.objects.filter(amendments__in=amendments).values_list("amendments", "text")


def _everything_on(study: Study, request: HttpRequest) -> dict[str, Any]:
    user = user_of(request)
    return {
        "study": study,
        **_public_parts(study),
        "flags": flags_of(study),
        "sites": study.sites.select_related("organisation"),
        "people": study.people.today().select_related("user", "user__organisation").in_role_order(),
        "last_move": study.stage_moves.select_related("moved_by").first(),
        "waiting": study.suggestions.waiting().count(),
        "reading_age": reading_age(study.summary),
        "reading_age_aim": AIM,
        "can_change": user.has_perm("studies.change_study", study),
        "can_move": any(user.has_perm(each, study) for each in set(moves_from(study.stage).values())),
        "can_archive": user.has_perm("studies.archive_study", study),
    }


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Make a study."""
    user = require(request, "studies.manage_studies")
    form = NewStudyForm(sent(request), study=None, by=user, cancel_url=reverse("studies:manage"))
    if request.method == "POST" and form.is_valid() and form.save():
        messages.success(request, "The study has been created. Next, say who is on it.")
        return redirect(form.result)
    return render(request, "studies/study_new.html", {"form": form})


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Edit a study; where somebody else saved it meanwhile, choose between the two versions."""
    study = study_to_change(request, slug, "studies.change_study")
    form = EditStudyForm(sent(request), study=study, by=user_of(request), cancel_url=study.get_absolute_url())
    if request.method == "POST" and form.is_valid():
        if "base" in request.POST:
            return _merge(request, form)
        try:
            if form.save():
                messages.success(request, "The study has been saved.")
                return redirect(form.result)
        except services.EditConflictError:
            return _ask_which(request, form, form.cleaned_data["version"])
    context = {"form": form, "study": study, "reading_age": reading_age(study.summary), "reading_age_aim": AIM}
    return render(request, "studies/study_edit.html", context)


def _ask_which(request: HttpRequest, edit_form: EditStudyForm, base: int) -> HttpResponse:
    """Show both versions. 409: the request met a state of the study that it did not expect."""
    merge = conflict_form(edit_form, base)
    return render(request, "studies/study_merge.html", _merge_context(request, merge), status=409)


def _merge_context(request: HttpRequest, merge: Any) -> dict[str, Any]:
    """What the page carries along, so that nothing of what was sent is lost."""
    own = {"csrfmiddlewaretoken", "base", "version"}
    carried = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in own and not name.startswith("keep_")
        for value in values
    ]
    latest = merge.the_study.history.select_related("history_user").first()
    return {"form": merge, "study": merge.the_study, "carried": carried, "latest": latest}


def _merge(request: HttpRequest, edit_form: EditStudyForm) -> HttpResponse:
    base = str(request.POST["base"])
    if not (base.isascii() and base.isdigit() and len(base) < 10):
        base = str(edit_form.cleaned_data["version"])
    merge = conflict_form(edit_form, int(base), request.POST)
    if not merge.is_valid():
        return render(request, "studies/study_merge.html", _merge_context(request, merge))
    try:
        if merge.save():
            messages.success(request, "Your choices have been saved.")
            return redirect(merge.result)
    except services.EditConflictError:
        return _ask_which(request, edit_form, int(base))
    for errors in merge.non_field_errors():
        edit_form.add_error(None, errors)
    return render(request, "studies/study_edit.html", {"form": edit_form, "study": merge.the_study})


@require_http_methods(["GET", "POST"])
def move(request: HttpRequest, slug: str) -> HttpResponse:
    """Move a study to another stage, and say why."""
    study = study_to_change(request, slug, "studies.view_study_inside")
    user = user_of(request)
    if not any(user.has_perm(permission, study) for permission in set(moves_from(study.stage).values())):
        raise PermissionDenied("Moving this study is not yours to do.")
    if request.method == "POST" and request.POST.get("to") == study.stage:
        messages.info(request, f"The study is in the stage “{study.get_stage_display()}” already.")
        return redirect(study)
    form = MoveForm(sent(request), study=study, by=user, cancel_url=study.get_absolute_url())
    if request.method == "POST" and form.is_valid() and form.save():
        messages.success(request, f"The study is now in the stage “{study.get_stage_display()}”.")
        return redirect(study)
    moves = study.stage_moves.select_related("moved_by")
    return render(request, "studies/study_move.html", {"form": form, "study": study, "moves": moves})


@require_http_methods(["GET", "POST"])
def archive(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask whether to put a study away, then do."""
    study = study_inside(request, slug, "studies.archive_study")
    if request.method == "POST":
        services.archive_study(study=study, by=user_of(request))
        messages.success(request, "The study has been archived. You can take it out again on its page.")
        return redirect(study)
    if study.is_archived:
        return redirect(study)
    return render(request, "studies/study_archive.html", {"study": study, "destructive": True})


@require_POST
def unarchive(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a study out of the archive."""
    study = study_inside(request, slug, "studies.archive_study")
    services.unarchive_study(study=study, by=user_of(request))
    messages.success(request, "The study is out of the archive, as it was.")
    return redirect(study)


@require_safe
def history(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything that was done to a study: who, when, what, from what to what."""
    study = study_inside(request, slug)
    page = changes_to(study, request.GET.get("page", "1"))
    return render(request, "studies/study_history.html", {"study": study, "page_obj": page})
