"""The studies app in the admin."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.urls import reverse

from studies.models import StageMove, Study, StudySite, Suggestion
from studies.services import make_suggestion, move_study

MODELS = sorted(model._meta.model_name for model in admin.site._registry if model._meta.app_label == "studies")


@pytest.fixture
def browser(administrator, client_of):
    return client_of("administrator")


@pytest.mark.parametrize("name", MODELS)
def test_admin_when_an_administrator_opens_a_list_then_it_answers(browser, study, team, document, name):
    make_suggestion(study=study, source="panel", text="Ask carers.")
    move_study(study=study, to="analysis", by=team, reason="Done.")
    assert browser.get(reverse(f"admin:studies_{name}_changelist")).status_code == 200


def test_admin_when_a_study_is_edited_then_its_version_and_history_say_so(browser, administrator, study):
    url = reverse("admin:studies_study_change", args=[study.pk])
    assert "stage" not in browser.get(url).context["adminform"].form.fields
    data = {"slug": study.slug, "theme": study.theme_id, "position": 0}
    assert browser.post(url, {**data, "title": "From the admin", "stage": "completed"}).status_code == 302
    study.refresh_from_db()
    assert (study.title, study.stage, study.version) == ("From the admin", "active", 2)
    assert study.history.first().history_user == administrator
    assert browser.get(reverse("admin:studies_study_history", args=[study.pk])).status_code == 200


def test_admin_when_a_row_was_made_by_a_service_then_it_is_only_looked_at(browser, study, team, document):
    move_study(study=study, to="analysis", by=team, reason="Done.")
    rows = [StageMove.objects.get(), document, make_suggestion(study=study, source="panel", text="x")]
    for row in rows:
        name = row._meta.model_name
        assert browser.get(reverse(f"admin:studies_{name}_change", args=[row.pk])).status_code == 200
        assert browser.post(reverse(f"admin:studies_{name}_change", args=[row.pk]), {}).status_code == 403
        assert browser.get(reverse(f"admin:studies_{name}_add")).status_code == 403
        assert browser.post(reverse(f"admin:studies_{name}_delete", args=[row.pk])).status_code == 403
    assert Suggestion.objects.count() == 1


def test_admin_when_a_site_is_added_then_it_is_kept(browser, study, organisation):
    browser.post(reverse("admin:studies_studysite_add"), {"study": study.pk, "organisation": organisation.pk})
    assert StudySite.objects.get().study == study


def test_admin_when_a_study_has_documents_then_they_are_not_handed_out_there(browser, document):
    words = browser.get(reverse("admin:studies_studydocument_change", args=[document.pk])).content.decode()
    assert document.file.name not in words
    assert Study.objects.exists()
