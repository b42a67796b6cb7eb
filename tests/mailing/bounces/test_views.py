import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mailing import services
from mailing.bounces import services as bounces
from mailing.models import Bounce
from tests.conftest import ROLES
from tests.mailing.bounces import samples

pytestmark = pytest.mark.django_db
URL = "/outbox/bounces/"


@pytest.mark.parametrize("role", ROLES)
def test_list_when_opened_then_for_staff_only(role, client_of):
    status = client_of(role).get(URL).status_code
    assert status == {"staff": 200, "administrator": 200, "anonymous": 302}.get(role, 403)


def test_list_when_narrowed_then_by_address_and_kind(client_of, sent, back):
    bounces.take_in(raw=samples.postfix(back(sent()), said="550 5.1.1 <script>alert(1)</script>"))
    bounces.take_in(raw=samples.complaint(back(sent())))
    Bounce.objects.create(email="bob@example.org", kind="soft", source="provider", key="k")
    client = client_of("staff")

    def found(**query):
        return {(b.email, b.kind) for b in client.get(URL, query).context["page_obj"]}

    assert found() == {("ann@example.org", "hard"), ("ann@example.org", "complaint"), ("bob@example.org", "soft")}
    assert found(q="BOB") == {("bob@example.org", "soft")}
    assert found(kind="complaint") == {("ann@example.org", "complaint")}
    assert len(found(kind="nonsense")) == 3
    assert found(q="nobody") == set()
    html = client.get(URL).content.decode()
    assert "&lt;script&gt;" in html
    assert "<script>alert" not in html


def test_list_when_it_grows_then_asks_the_database_as_often(client_of, sent, back):
    delivery = sent()
    bounces.take_in(raw=samples.postfix(back(delivery)))
    client = client_of("staff")
    client.get(URL)
    with CaptureQueriesContext(connection) as few:
        client.get(URL)
    Bounce.objects.bulk_create(
        Bounce(email="ann@example.org", kind="soft", source="mailbox", key=str(n), delivery=delivery) for n in range(49)
    )
    with CaptureQueriesContext(connection) as many:
        client.get(URL)
    assert len(many) == len(few)


def test_message_when_it_came_back_then_its_page_says_so_and_the_suppression_leads_to_it(client_of, sent, back):
    delivery = sent()
    bounces.take_in(raw=samples.complaint(back(delivery)))
    client = client_of("staff")
    html = client.get(reverse("mailing:message", args=[delivery.pk])).content.decode()
    assert "Came back" in html
    assert "Reported as abuse by way of ExampleLoop/1.0" in html
    assert (
        '<a href="/outbox/bounces/?q=ann%40example.org">'
        in client.get(reverse("mailing:suppressions")).content.decode()
    )
    assert services.lift(
        suppression=services.suppress(email="ann@example.org", reason=""), by=delivery.mailing.created_by
    )
