"""How long the text of a message is kept, and that of a secret not at all."""

import datetime as dt

import pytest
from django.utils import timezone

from mailing import services, tasks
from mailing.models import Delivery, Mailing
from tests.mailing.sending import code, send

pytestmark = pytest.mark.django_db


# --- secrets and retention -----------------------------------------------------------------------------------


def test_a_secret_is_dropped_once_it_is_sent_and_not_before(smtp):
    secret = code(is_secret=True)
    smtp.script = {"RCPT": "451 later"}
    send()
    assert Mailing.objects.get().text == "123456\n"
    smtp.script = {}
    Delivery.objects.update(due_at=timezone.now())
    send()
    mailing = Mailing.objects.get()
    assert (mailing.text, mailing.html, mailing.subject) == ("", "", "Code")
    assert mailing.body_dropped_at is not None
    assert services.send_again(deliveries=Delivery.objects.filter(pk=secret.pk)) == 0


def test_a_secret_is_kept_in_a_demonstration_only(settings):
    code(is_secret=True)
    settings.DEMO = True
    send()
    assert Mailing.objects.get().text == "123456\n"
    settings.DEMO = False
    assert services.drop_bodies() == 1


def test_old_transactional_texts_are_dropped_and_newsletters_kept(newsletter, time_machine):
    time_machine.move_to(timezone.now(), tick=True)
    newsletter()
    code()
    send()
    assert services.drop_bodies() == 0
    time_machine.shift(dt.timedelta(days=91))
    assert tasks.tidy() == 1
    assert tasks.tidy() == 0
    assert set(Mailing.objects.exclude(text="").values_list("kind", flat=True)) == {"bulk"}
