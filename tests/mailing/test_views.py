import re

import pytest
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse

from mailing import services
from mailing.engine import Engine
from mailing.models import Delivery, Mailing, Suppression
from tests.conftest import ROLES

pytestmark = pytest.mark.django_db
STAFF = {"staff", "administrator"}


def page(client, name, *args, **query):
    return client.get(reverse(f"mailing:{name}", args=args), query)


def deliver():
    Engine(stopping=lambda: False).run(urgent_only=False, seconds=30)


def secret() -> Delivery:
    mailing = services.write_mailing(
        kind="transactional",
        topic="login code",
        subject="Your code",
        text="It is 123456\n",
        html="<p>123456</p>",
        is_secret=True,
    )
    return services.address_to(mailing=mailing, recipients=[("Ann", "ann@example.org")])[0]


@pytest.mark.parametrize("role", ROLES)
def test_every_page_answers_staff_only(role, request, client_of, newsletter):
    mailing = newsletter(html="<p>Hello</p>")
    delivery = mailing.deliveries.first()
    suppression = services.suppress(email="dan@example.org", reason="It bounced")
    client = client_of(role)
    expected = 200 if role in STAFF else 302 if role == "anonymous" else 403
    for name, *args in (
        ["outbox"], ["message", delivery.pk], ["message_html", delivery.pk], ["mailing", mailing.pk],
        ["mailing_cancel", mailing.pk], ["mailing_send_again", mailing.pk], ["suppressions"],
        ["suppression_lift", suppression.pk],
    ):  # fmt: skip
        assert page(client, name, *args).status_code == expected, name


@pytest.mark.parametrize("role", ["stranger", "chair", "convenor", "lead"])
def test_posts_of_others_change_nothing(role, client_of, newsletter):
    mailing = newsletter()
    suppression = services.suppress(email="dan@example.org", reason="It bounced")
    client = client_of(role)
    for name, pk in (
        ("mailing_pause", mailing.pk), ("mailing_resume", mailing.pk), ("mailing_cancel", mailing.pk),
        ("mailing_send_again", mailing.pk), ("suppression_lift", suppression.pk),
        ("message_send_again", mailing.deliveries.first().pk),
    ):  # fmt: skip
        assert client.post(reverse(f"mailing:{name}", args=[pk])).status_code == 403
    mailing.refresh_from_db()
    assert mailing.status == "ready"
    assert Suppression.objects.in_force().count() == 1


def test_the_list_is_narrowed_by_address_state_and_topic(client_of, newsletter):
    newsletter()
    secret()
    Delivery.objects.filter(recipient="bob@example.org").update(status="failed", due_at=None)
    client = client_of("staff")

    def found(**query):
        return {(d.recipient, d.mailing.topic) for d in page(client, "outbox", **query).context["page_obj"]}

    assert found(q="ANN") == {("ann@example.org", "newsletter"), ("ann@example.org", "login code")}
    assert found(status="failed") == {("bob@example.org", "newsletter")}
    assert found(topic="login code", q="") == {("ann@example.org", "login code")}
    assert len(found(status="nonsense", topic="none such")) == 4
    assert found(q="nobody") == set()


def test_the_list_asks_the_database_as_often_with_fifty_rows_as_with_one(
    client_of, newsletter, django_assert_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    mailing = newsletter()
    client = client_of("staff")
    mailing.deliveries.exclude(recipient="ann@example.org").delete()
    pages = [reverse("mailing:outbox"), reverse("mailing:mailing", args=[mailing.pk])]
    for url in pages:
        client.get(url)
        with CaptureQueriesContext(
            connection,
        ) as few:
            client.get(url)
        services.address_to(mailing=mailing, recipients=[("", f"p{n}@example.org") for n in range(50)])
        with CaptureQueriesContext(connection) as many:
            client.get(url)
        assert len(many) == len(few)
        mailing.deliveries.exclude(recipient="ann@example.org").delete()


def test_a_message_is_shown_as_its_recipient_got_it(client_of):
    message = EmailMultiAlternatives(
        "News", "Plain <b>words</b>", None, ["ann@example.org"], headers={"X-Mailing-Secret": "no"}
    )
    message.attach_alternative("<p onclick='x()'>Rich</p><script>alert(1)</script>", "text/html")
    message.attach("plän.txt", "hello", "text/html")
    message.send()
    pk = Delivery.objects.get().pk
    client = client_of("staff")
    shown = page(client, "message", pk)
    assert "Plain &lt;b&gt;words&lt;/b&gt;" in shown.content.decode()
    assert re.search(r'<iframe src="[^"]+/html/"[^>]* sandbox="allow-popups"', shown.content.decode())
    framed = page(client, "message_html", pk)
    assert "Rich" in framed.content.decode()
    policy = framed["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups; default-src 'none';")
    assert "frame-ancestors 'self'" in policy
    assert "script" not in policy
    file = page(client, "message_file", pk, 0)
    assert (file.content, file["Content-Type"]) == (b"hello", "application/octet-stream")
    assert file["Content-Disposition"].startswith("attachment")
    assert page(client, "message_file", pk, 1).status_code == 404


def test_a_secret_is_shown_to_nobody_before_and_after_it_is_sent(client_of):
    delivery = secret()
    client = client_of("administrator")
    for _ in range(2):
        response = page(client, "message", delivery.pk)
        assert response.status_code == 200
        assert "123456" not in response.content.decode()
        assert page(client, "message_html", delivery.pk).status_code == 403
        assert page(client, "message_file", delivery.pk, 0).status_code == 403
        deliver()


@pytest.mark.parametrize(("flags", "shown"), [
    ({"DEMO": True}, True),
    ({"DEBUG": True}, True),
    ({"DEMO": True, "EMAIL_URL": "smtp://mail.example.org"}, False),
    ({}, False),
])  # fmt: skip
def test_a_secret_is_shown_only_where_nothing_leaves_and_the_people_are_invented(client_of, settings, flags, shown):
    delivery = secret()
    client = client_of("staff")
    for name, value in flags.items():
        setattr(settings, name, value)
    assert ("123456" in page(client, "message", delivery.pk).content.decode()) is shown


def test_staff_pause_resume_and_cancel(client_of, newsletter):
    mailing = newsletter()
    client = client_of("staff")
    home = reverse("mailing:mailing", args=[mailing.pk])
    for action, status in (("pause", "paused"), ("pause", "paused"), ("resume", "ready"), ("cancel", "cancelled")):
        response = client.post(reverse(f"mailing:mailing_{action}", args=[mailing.pk]))
        assert (response.status_code, response["Location"]) == (302, home)
        mailing.refresh_from_db()
        assert mailing.status == status
    assert set(mailing.deliveries.values_list("status", flat=True)) == {"skipped"}
    assert client.get(reverse("mailing:mailing_pause", args=[mailing.pk])).status_code == 405


def test_mailing_when_nothing_is_left_to_send_then_finished(client_of, newsletter):
    mailing = newsletter()
    client = client_of("staff")
    assert "Finished" not in page(client, "mailing", mailing.pk).content.decode()
    mailing.deliveries.update(status="sent", due_at=None)
    shown = page(client, "mailing", mailing.pk).content.decode()
    assert "Finished" in shown
    assert "Ready to send" not in shown


def test_what_is_not_known_is_sent_again_once(client_of, newsletter):
    mailing = newsletter()
    mailing.deliveries.update(status="sent", due_at=None)
    mailing.deliveries.filter(recipient="ann@example.org").update(status="unknown")
    client = client_of("staff")
    assert "Send again to those not known" in page(client, "mailing", mailing.pk).content.decode()
    url = reverse("mailing:mailing_send_again", args=[mailing.pk])
    assert "1 of whom nobody knows" in client.get(url).content.decode()
    client.post(url)
    client.post(url)
    assert dict(mailing.deliveries.values_list("recipient", "status")) == {
        "ann@example.org": "queued", "bob@example.org": "sent", "cat@example.org": "sent",
    }  # fmt: skip


def test_one_message_is_sent_again_unless_it_was_sent(client_of, newsletter):
    delivery = newsletter().deliveries.first()
    client = client_of("staff")
    url = reverse("mailing:message_send_again", args=[delivery.pk])
    assert client.get(url).status_code == 404
    Delivery.objects.filter(pk=delivery.pk).update(status="failed", due_at=None)
    assert client.get(url).status_code == 200
    assert client.post(url)["Location"] == reverse("mailing:message", args=[delivery.pk])
    delivery.refresh_from_db()
    assert delivery.status == "queued"


def test_a_transactional_message_has_no_bulk_controls(client_of):
    mailing = secret().mailing
    client = client_of("staff")
    assert client.post(reverse("mailing:mailing_pause", args=[mailing.pk])).status_code == 404
    assert client.get(reverse("mailing:mailing_cancel", args=[mailing.pk])).status_code == 404


def test_staff_lift_a_suppression(client_of, staff):
    suppression = services.suppress(email="ann@example.org", reason="It bounced")
    client = client_of("staff")
    assert "ann@example.org" in page(client, "suppressions", q="ann").content.decode()
    url = reverse("mailing:suppression_lift", args=[suppression.pk])
    assert client.get(url).status_code == 200
    assert client.post(url)["Location"] == reverse("mailing:suppressions")
    assert client.post(url).status_code == 404
    suppression.refresh_from_db()
    assert suppression.lifted_by == staff
    assert Mailing.objects.count() == 0
