"""One person's saved views of the list of studies."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import QueryDict

from people.models import User
from studies.models import SavedView

#: More than anyone keeps by hand; a loop that saves views stops here.
MOST = 50


def tidy_query(query: str) -> str:
    """A query string without the page and without what is empty, in a fixed order."""
    given = QueryDict(query.removeprefix("?"))
    pairs = [(key, value) for key in sorted(given) for value in given.getlist(key) if value and key != "page"]
    tidy = QueryDict(mutable=True)
    for key, value in pairs:
        tidy.appendlist(key, value)
    return tidy.urlencode()


@transaction.atomic
def save_view(*, user: User, name: str, query: str) -> SavedView:
    """Keep a search of the list under a name. A name that the person has used gets the new search.

    Raises ``ValidationError`` where the name is empty or longer than 60 characters, or the search too long to keep.
    """
    name, query = name.strip(), tidy_query(query)
    if not name or len(name) > 60:
        raise ValidationError("Give the view a name of up to 60 characters.", code="name")
    if len(query) > 1000:
        raise ValidationError("This search is too long to keep. Use fewer filters.", code="query")
    User.objects.select_for_update().get(pk=user.pk)
    view = SavedView.objects.filter(user=user, name__iexact=name).first()
    if view is None:
        if SavedView.objects.filter(user=user).count() >= MOST:
            raise ValidationError(f"You have {MOST} saved views. Delete one first.", code="most")
        view = SavedView(user=user)
    view.name, view.query = name, query
    view.save()
    return view


@transaction.atomic
def rename_view(*, view: SavedView, name: str) -> SavedView:
    """Give a saved view another name. Raises ``ValidationError`` where the person has another view of that name."""
    name = name.strip()
    if not name or len(name) > 60:
        raise ValidationError("Give the view a name of up to 60 characters.", code="name")
    if SavedView.objects.filter(user=view.user, name__iexact=name).exclude(pk=view.pk).exists():
        raise ValidationError("You already have a view of this name.", code="name_once")
    view.name = name
    view.save(update_fields=["name"])
    return view


@transaction.atomic
def make_default_view(*, view: SavedView) -> None:
    """Make this what its person sees when they open the list; a second call changes nothing."""
    SavedView.objects.filter(user=view.user, is_default=True).exclude(pk=view.pk).update(is_default=False)
    SavedView.objects.filter(pk=view.pk).update(is_default=True)


def drop_default_view(*, view: SavedView) -> None:
    """Let the list open with every current study again."""
    SavedView.objects.filter(pk=view.pk).update(is_default=False)


def delete_view(*, view: SavedView) -> None:
    """Forget a saved view."""
    SavedView.objects.filter(pk=view.pk).delete()
