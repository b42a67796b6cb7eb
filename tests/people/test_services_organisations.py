from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from people import services
from people.models import Organisation


def test_delete_when_nothing_refers_to_it_then_goes(organisation):
    services.delete_organisation(organisation=organisation)
    assert not Organisation.objects.exists()


def test_delete_when_in_use_then_says_where_and_stays(organisation, fellow):
    usage = dict(services.usage_of(organisation))
    assert usage["user"] == 1
    assert usage["secondment"] == 1
    with pytest.raises(ValidationError, match="1 user"):
        services.delete_organisation(organisation=organisation)
    assert Organisation.objects.filter(pk=organisation.pk).exists()


def test_save_when_the_name_was_just_taken_then_says_so(organisation):
    with pytest.raises(ValidationError, match="just added"):
        services.save_organisation(organisation=Organisation(name="TRENT healthcare", kind="other"))
    assert Organisation.objects.count() == 1
