"""Making the demonstration: where it may be made, for which programmes and on which days."""

from __future__ import annotations

from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db.models import F, Q
from django.test import override_settings
from django.utils import timezone

from clahrc.demo.build import build
from clahrc.demo.cast import COLLEAGUE, LOGINS
from communities.models import Newsletter
from fellows.models import Secondment
from people.demo import DEMO_LOGINS
from people.models import User
from studies.models import Programme, Study
from tests.clahrc.programme_files import PAPER, SMALL, load_raw

pytestmark = pytest.mark.django_db


def test_load_demo_when_debug_is_off_then_it_refuses():
    call_command("load_programme", PAPER, stdout=StringIO())
    with pytest.raises(CommandError, match="only where DEBUG=1"):
        call_command("load_demo", stdout=StringIO())
    assert not User.objects.exists()


def test_load_demo_when_nothing_is_loaded_then_it_says_what_to_do():
    with override_settings(DEBUG=True), pytest.raises(CommandError, match="load_programme"):
        call_command("load_demo", stdout=StringIO())


def test_login_page_when_it_is_a_demonstration_then_it_names_exactly_the_logins_that_are_made():
    assert [login for login, _ in DEMO_LOGINS] == list(LOGINS)


def test_load_demo_when_the_programme_is_another_and_newsletters_need_approval_then_it_comes_to_life_too(settings):
    settings.NEWSLETTERS_NEED_APPROVAL = True
    load_raw(SMALL)
    build()
    assert Secondment.objects.in_post().exclude(fellow=None).count() == 1
    assert Study.objects.exclude(summary="").count() == 2
    sent = Newsletter.objects.filter(status=Newsletter.Status.SENT)
    assert sent.exists()
    assert not sent.filter(Q(approved_by=None) | Q(approved_by=F("created_by"))).exists()
    colleague = User.objects.get(email=f"{COLLEAGUE['login']}@example.org")
    assert (colleague.is_staff, colleague.check_password(settings.DEMO_PASSWORD)) == (True, True)
    assert COLLEAGUE["login"] not in LOGINS
    assert Newsletter.objects.asked_for_approval(colleague).count() == 1


@pytest.mark.parametrize("day", ["2028-02-29", "2027-03-31", "2026-10-25"])
def test_load_demo_when_made_on_an_awkward_day_then_it_holds(day):
    with time_machine.travel(f"{day} 09:00 +0000", tick=False):
        load_raw(SMALL)
        build()
        assert Programme.objects.get().starts_on < timezone.localdate()
