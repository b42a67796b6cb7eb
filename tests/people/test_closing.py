"""What else goes when an account is closed: what other tables say of the person."""

from __future__ import annotations

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType

from people import services
from people.models import User
from studies.models import SavedView


def test_close_when_the_admin_changed_what_names_them_then_its_log_names_them_no_more(member, administrator):
    def note(words: str, message: str = "") -> LogEntry:
        return LogEntry.objects.create(
            user=administrator, action_flag=CHANGE, object_repr=words, change_message=message,
            content_type=ContentType.objects.get_for_model(User),
        )  # fmt: skip

    theirs = [note("Robin Member as study lead"), note("HOVIS", '[{"added": {"object": "member@example.org"}}]')]
    other = note("Somebody else")
    services.close_account(user=member)
    for entry in theirs:
        entry.refresh_from_db()
        assert (entry.object_repr, entry.change_message) == ("Erased", "")
    other.refresh_from_db()
    assert other.object_repr == "Somebody else"


def test_close_when_they_had_views_of_their_own_then_those_are_gone(member, stranger):
    for person in (member, stranger):
        SavedView.objects.create(user=person, name="Mine", query="q=Jones")
    services.close_account(user=member)
    assert [view.user for view in SavedView.objects.all()] == [stranger]
