"""Writing organisations."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ManyToManyRel

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
    """Where an organisation is used: what refers to it ("users", "secondments") and how many of each.

    One query for each kind of reference that any app has, however many there are.
    """
    usage = []
    for relation in Organisation._meta.related_objects:
        name = "id" if isinstance(relation, ManyToManyRel) else relation.field.name
        model = relation.through if isinstance(relation, ManyToManyRel) else relation.related_model
        if isinstance(relation, ManyToManyRel):
            name = relation.field.m2m_reverse_field_name()
        number = model._base_manager.filter(**{name: organisation.pk}).count()
        if number:
            usage.append((str(relation.related_model._meta.verbose_name_plural), number))
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
