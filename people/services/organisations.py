"""Writing organisations."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import ForeignObjectRel

from people.models import Organisation


def save_organisation(*, organisation: Organisation) -> None:
    """Add or change an organisation that a form has checked.

    Raises ``ValidationError`` where somebody added the same name, ODS code or ROR id since the form looked.
    """
    try:
        with transaction.atomic():
            organisation.save()
    except IntegrityError as error:
        raise ValidationError("Somebody has just added an organisation with this name, ODS code or ROR id.") from error


def usage_of(organisation: Organisation) -> list[tuple[str, int]]:
    """Where an organisation is used: what refers to it ("user", "secondments") and how many of each.

    One query for each kind of reference that any app has, however many there are.
    """
    usage = []
    for relation in Organisation._meta.get_fields(include_hidden=True):
        if not isinstance(relation, ForeignObjectRel) or relation.on_delete is models.DO_NOTHING:
            continue  # a history row names what it named, whether that is still there or not
        model = relation.field.model
        if model._meta.auto_created:
            continue
        number = model._base_manager.filter(**{relation.field.name: organisation}).distinct().count()
        if number:
            usage.append((str(model._meta.verbose_name if number == 1 else model._meta.verbose_name_plural), number))
    return usage


@transaction.atomic
def delete_organisation(*, organisation: Organisation) -> None:
    """Delete an organisation that nothing refers to. Raises ``ValidationError`` that says what does."""
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    usage = usage_of(organisation)
    if usage:
        where = ", ".join(f"{number} {name}" for name, number in usage)
        raise ValidationError(f"{organisation} is in use, so it was not deleted: {where}. Change those first.")
    organisation.delete()
