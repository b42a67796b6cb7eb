"""The co-production ledger: suggestions, answers and amendments."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from studies.models import Amendment, Suggestion
from studies.services import answer_suggestion, make_suggestion, record_amendment


@pytest.fixture
def suggestion(study, steering) -> Suggestion:
    return make_suggestion(study=study, source="steering", text="Visit at weekends too.", made_by=steering)


@pytest.fixture
def other_suggestion(other_study) -> Suggestion:
    return make_suggestion(study=other_study, source="panel", text="Secret")


def address(name: str, study, *parts) -> str:
    return reverse(f"studies:{name}", args=[study.slug, *parts])


def day(value: dt.date) -> dict:
    return {"made_on_day": value.day, "made_on_month": value.month, "made_on_year": value.year}


# --- Services -------------------------------------------------------------------------------------------------


def test_make_suggestion_when_called_twice_then_there_is_one(study, steering):
    said = {"study": study, "source": "panel", "text": " Ask carers. ", "source_detail": "Commissioners"}
    assert make_suggestion(**said) == make_suggestion(**said)
    assert make_suggestion(**said, made_by=steering) != make_suggestion(**said)
    assert Suggestion.objects.count() == 2
    assert Suggestion.objects.last().text == "Ask carers."


@pytest.mark.parametrize(("source", "text", "code"), [("panel", "  ", "text"), ("rumour", "x", "source")])
def test_make_suggestion_when_empty_or_from_nowhere_then_it_is_refused(study, source, text, code):
    with pytest.raises(ValidationError) as refused:
        make_suggestion(study=study, source=source, text=text)
    assert refused.value.code == code


def test_answer_suggestion_when_declined_then_a_reason_is_needed(suggestion, team):
    with pytest.raises(ValidationError):
        answer_suggestion(suggestion=suggestion, accept=False, answer=" ", by=team)
    now = answer_suggestion(suggestion=suggestion, accept=False, answer="No staff at weekends.", by=team)
    assert (now.status, now.answer, now.answered_by) == ("declined", "No staff at weekends.", team)
    again = answer_suggestion(suggestion=suggestion, accept=False, answer="No staff at weekends.", by=team)
    assert again.answered_at == now.answered_at
    assert suggestion.history.count() == 2


def test_record_amendment_when_it_addresses_several_then_all_are_done(study, suggestion, team):
    second = make_suggestion(study=study, source="fellow", text="Phone first.")
    did = {"study": study, "suggestions": [suggestion, second], "text": "Saturday visits, after a call.", "by": team}
    amendment = record_amendment(**did)
    assert set(amendment.suggestions.all()) == {suggestion, second}
    assert set(study.suggestions.values_list("status", flat=True)) == {"done"}
    assert amendment.made_on == timezone.localdate()
    assert record_amendment(**did) == amendment
    assert Amendment.objects.count() == 1
    with pytest.raises(ValidationError):
        answer_suggestion(suggestion=suggestion, accept=False, answer="x", by=team)


def test_record_amendment_when_a_suggestion_is_not_its_own_or_declined_then_nothing_is_kept(
    study, suggestion, other_suggestion, team
):
    answer_suggestion(suggestion=suggestion, accept=False, answer="No.", by=team)
    for wrong in ([other_suggestion], [suggestion], []):
        with pytest.raises(ValidationError):
            record_amendment(study=study, suggestions=wrong, text="We did.", by=team)
    assert not Amendment.objects.exists()
    other_suggestion.refresh_from_db()
    assert other_suggestion.status == "open"


def test_record_amendment_when_the_day_is_to_come_then_nothing_is_kept(study, suggestion, team):
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    with pytest.raises(ValidationError, match="today or in the past"):
        record_amendment(study=study, suggestions=[suggestion], text="We did.", made_on=tomorrow, by=team)
    assert not Amendment.objects.exists()


# --- Pages ----------------------------------------------------------------------------------------------------


def test_suggestion_add_when_sent_twice_then_it_is_there_once(study, steering, client_of):
    client, url = client_of("steering"), address("suggestion_add", study)
    data = {"text": "Visit at weekends too.", "source": "steering", "source_detail": ""}
    assert [client.post(url, data)["Location"] for _ in range(2)] == [address("ledger", study)] * 2
    assert Suggestion.objects.get().made_by == steering
    assert "Visit at weekends too." in client.get(address("ledger", study)).content.decode()


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"text": " ", "source": "panel"}, "text"),
        ({"text": "Kept words", "source": "x"}, "source"),
        ({"text": "x" * 5001, "source": "panel"}, "text"),
    ],
)
def test_suggestion_add_when_a_field_is_wrong_then_it_says_so(study, steering, client_of, data, field):
    answer = client_of("steering").post(address("suggestion_add", study), data)
    assert set(answer.context["form"].errors) == {field}
    assert not Suggestion.objects.exists()


def test_suggestion_answer_when_accepted_or_not_then_the_ledger_says_so(study, suggestion, team, client_of):
    client, url = client_of("team"), address("suggestion_answer", study, suggestion.pk)
    empty = client.post(url, {"decision": "decline", "answer": ""})
    assert set(empty.context["form"].errors) == {"answer"}
    assert client.post(url, {"decision": "accept", "answer": ""})["Location"] == address("ledger", study)
    suggestion.refresh_from_db()
    assert suggestion.status == "accepted"
    client.post(url, {"decision": "decline", "answer": "No staff at weekends."})
    assert "No staff at weekends." in client.get(address("ledger", study) + "?status=declined").content.decode()


def test_suggestion_answer_when_it_is_another_studys_then_it_is_not_found(study, team, other_suggestion, client_of):
    url = address("suggestion_answer", study, other_suggestion.pk)
    assert client_of("team").post(url, {"decision": "accept"}).status_code == 404


def test_amendment_add_when_recorded_then_everyone_reads_it_without_names(study, suggestion, team, client_of):
    client, url = client_of("team"), address("amendment_add", study)
    data = {"suggestions": [suggestion.pk], "text": "We added Saturday visits.", **day(timezone.localdate())}
    assert client.get(url + f"?suggestion={suggestion.pk}").status_code == 200
    assert client.post(url, data)["Location"] == address("ledger", study)
    words = client_of("anonymous").get(study.get_absolute_url()).content.decode()
    assert "We added Saturday visits." in words
    assert "Visit at weekends too." in words
    assert "Steering" not in words
    assert client.get(address("suggestion_answer", study, suggestion.pk))["Location"] == address("ledger", study)


def test_amendment_add_when_suggestions_are_forged_or_the_day_is_to_come_then_it_says_so(
    study, suggestion, other_suggestion, team, client_of
):
    client, url = client_of("team"), address("amendment_add", study)
    good = {"suggestions": [suggestion.pk], "text": "Kept words", **day(timezone.localdate())}
    for wrong in ([other_suggestion.pk], ["x"], []):
        answer = client.post(url, {**good, "suggestions": wrong})
        assert set(answer.context["form"].errors) == {"suggestions"}
        assert "Kept words" in answer.content.decode()
    answer = client.post(url, {**good, **day(timezone.localdate() + dt.timedelta(days=1))})
    assert set(answer.context["form"].errors) == {"made_on"}
    assert not Amendment.objects.exists()


def test_ledger_when_it_grows_then_the_queries_stay_the_same(study, suggestion, team, client_of):
    client, url = client_of("team"), address("ledger", study)
    record_amendment(study=study, suggestions=[suggestion], text="Did.", by=team)
    client.get(url)
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    for number in range(15):
        said = make_suggestion(study=study, source="panel", text=f"Change {number}", made_by=team)
        record_amendment(study=study, suggestions=[said], text=f"Did {number}", by=team)
    with CaptureQueriesContext(connection) as many:
        client.get(url)
    assert len(many) == len(few)


@pytest.mark.parametrize("query", ["status=zzz", "page=zzz", "page=999", "status=open&page=-1"])
def test_ledger_when_the_query_makes_no_sense_then_it_still_answers(study, suggestion, team, client_of, query):
    assert client_of("team").get(f"{address('ledger', study)}?{query}").status_code == 200
