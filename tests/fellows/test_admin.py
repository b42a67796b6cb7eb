import pytest
from django.urls import reverse

from fellows.models import FellowPost, Secondment

pytestmark = pytest.mark.django_db


def test_admin_when_administrator_then_lists_pages_and_history_open(client_of, administrator, fellow):
    client = client_of("administrator")
    for name, row in (("fellowpost", FellowPost.objects.get()), ("secondment", Secondment.objects.get())):
        assert client.get(reverse(f"admin:fellows_{name}_changelist"), {"q": "hovis"}).status_code == 200
        assert client.get(reverse(f"admin:fellows_{name}_change", args=[row.pk])).status_code == 200
        assert client.get(reverse(f"admin:fellows_{name}_history", args=[row.pk])).status_code == 200
