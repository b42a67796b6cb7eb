"""What a panel decided, for those who run it and for the study."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panels import services
from panels.exceptions import PanelsError
from panels.forms.cycles import ConditionMetForm, DecisionForm
from panels.models import Condition, Decision, ReviewCycle
from panels.together import read_together
from panels.views.cycles import run_cycle
from people.requests import sent, user_of
from studies.views.access import study_inside


@require_http_methods(["GET", "POST"])
def record(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Record what the panel decided, which closes its reviews."""
    cycle = run_cycle(request, slug, pk)
    decision = Decision.objects.filter(cycle=cycle).first()
    if decision:
        messages.warning(request, "The panel's decision on this study has already been recorded.")
        return redirect(decision)
    form = DecisionForm(sent(request), cancel_url=cycle.get_absolute_url())
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.record_decision(
                cycle=cycle,
                outcome=data["outcome"],
                reasons=data["reasons"],
                conditions=data["lines"],
                recorded_by=user_of(request),
            )
        except PanelsError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "The decision has been recorded, and the study's lead is told by email.")
            return redirect(cycle)
    context = {
        "cycle": cycle,
        "panel": cycle.panel,
        "form": form,
        "together": read_together(cycle, user_of(request)),
        "waiting": cycle.reviews.waiting().count(),
    }
    return render(request, "panels/decision_record.html", context)


@require_GET
def study(request: HttpRequest, slug: str) -> HttpResponse:
    """What panels looked at in a study, and what they decided; nothing of who reviewed."""
    found = study_inside(request, slug)
    cycles = found.review_cycles.select_related("panel").order_by("-opened_at", "-pk")
    decisions = Decision.objects.visible_to(request.user).filter(cycle__study=found)
    by_cycle = {each.cycle_id: each for each in decisions.prefetch_related("conditions")}
    readable = set(ReviewCycle.objects.visible_to(request.user).filter(study=found).values_list("pk", flat=True))
    context = {
        "study": found,
        "rows": [
            {"cycle": cycle, "decision": by_cycle.get(cycle.pk), "readable": cycle.pk in readable} for cycle in cycles
        ],
        "may_ask": not found.is_archived and request.user.has_perm("panels.open_cycle", found),
    }
    return render(request, "panels/study_panels.html", context)


@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A decision as the study team reads it: no reviewer is named."""
    decisions = Decision.objects.visible_to(request.user).select_related("cycle__panel", "cycle__study")
    decision = get_object_or_404(decisions, pk=pk)
    context = {
        "decision": decision,
        "cycle": decision.cycle,
        "conditions": list(decision.conditions.with_answers()),
        "runs": request.user.has_perm("panels.run_cycle", decision.cycle),
        "reads_ledger": request.user.has_perm("studies.view_study_inside", decision.cycle.study),
    }
    return render(request, "panels/decision_detail.html", context)


def _condition(request: HttpRequest, pk: int) -> Condition:
    conditions = Condition.objects.filter(decision__in=Decision.objects.visible_to(request.user))
    condition = get_object_or_404(conditions.select_related("decision__cycle__panel", "decision__cycle__study"), pk=pk)
    if not request.user.has_perm("panels.run_cycle", condition.decision.cycle):
        raise PermissionDenied
    return condition


@require_http_methods(["GET", "POST"])
def condition_met(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that the study met a condition."""
    condition = _condition(request, pk)
    form = ConditionMetForm(sent(request), cancel_url=condition.decision.cycle.get_absolute_url())
    if request.method == "POST" and form.is_valid():
        services.mark_condition_met(condition=condition, met_by=user_of(request), note=form.cleaned_data["note"])
        messages.success(request, "The condition is marked as met.")
        return redirect(condition.decision.cycle)
    context = {"condition": condition, "cycle": condition.decision.cycle, "form": form}
    return render(request, "panels/condition_met.html", context)


@require_POST
def condition_unmet(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo that."""
    condition = _condition(request, pk)
    services.mark_condition_unmet(condition=condition)
    messages.success(request, "The condition is no longer marked as met.")
    return redirect(condition.decision.cycle)
