"""No page, in any role of the demonstration, has anything that axe finds wrong, or is wider than a small phone."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page

from clahrc.demo.build import build
from communities.models import Associate, Membership
from fellows.models import FellowPost, Secondment
from panels.models import Panel, PanelSeat
from studies.models import Study, StudyPerson
from tests.clahrc.access import ANSWERS
from tests.clahrc.world import World, address_patterns
from tests.conftest import make_user
from tests.journeys.walking import Outline, html_of, name_of, plain_path, too_wide, wrong_in_outline

# What a page looks like does not hang on the database: these run on one column only (scripts/test.py).
pytestmark = [pytest.mark.journey, pytest.mark.walk, pytest.mark.django_db(transaction=True)]

#: How many different looks of the page behind one name are looked at, beyond the one that each role sees first.
LOOKS = 2
#: How many pages behind one name each role is led to by links.
FOLLOWED = 1
#: Every address that somebody may open, with what it takes.
ADDRESSES = address_patterns()
OPEN = [name for answers, names in ANSWERS if "200" in answers for name in names.split() if name in ADDRESSES]
#: Pages that may bear one name: they say the same, are about the same, or nobody meets both.
ALIKE = {
    ("studies:detail", "communities:detail"),
    ("communities:join_sent", "communities:link_sent", "events:register_sent"),
    ("communities:link", "communities:preferences"),
    ("communities:preferences_details", "events:registration_change"),
    ("newsletters:detail", "mailing:mailing"),
    ("account_confirm_email", "account_reset_password_from_key"),
}
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 320, "height": 640}
#: Pages whose form, sent empty, comes back with what to mend.
FORMS_FOR_ALL = [
    "account_login",
    "account_reset_password",
    "account_request_login_code",
    "communities:join",
    "communities:link",
]
FORMS_FOR_STAFF = [
    "account_change_password",
    "studies:new",
    "studies:person_add",
    "studies:person_invite",
    "studies:move",
    "studies:site_add",
    "studies:document_add",
    "studies:suggestion_add",
    "studies:amendment_add",
    "newsletters:new",
    "events:new",
    "people:invite",
    "people:organisation_new",
    "panels:add_seat",
    "panels:add_question",
    "panels:invite_peer",
    "panels:add_reviewers",
    "fellows:second",
]


@pytest.fixture
def demonstration(site, settings, tmp_path):
    """The paper's programme, brought to life; and one of everything, so that every address has something to show."""
    settings.MEDIA_ROOT = tmp_path
    call_command("load_programme", Path(django_settings.BASE_DIR, "data/clahrc-ndl.json"), verbosity=0)
    cast = build()
    return cast, one_of_everything(cast)


def one_of_everything(cast) -> World:
    """On the study that most logins work on, with people of its own."""
    staff = cast.logins["staff"]
    study = Study.objects.filter(people__user=cast.logins["team"]).first()
    panel = Panel.objects.get(kind=Panel.Kind.SCIENTIFIC)
    post = FellowPost.objects.filter(study=study).first()
    extras = {name: make_user(f"extra-{name}") for name in ("fellow", "steering", "member", "associate")}
    today = timezone.localdate()
    Secondment.objects.filter(post=post).update(ends_on=today - dt.timedelta(days=40))
    Secondment.objects.create(
        post=post, fellow=extras["fellow"], organisation=cast.organisations[0], starts_on=today - dt.timedelta(days=30)
    )
    StudyPerson.objects.create(study=study, user=extras["steering"], role=StudyPerson.Role.STEERING_MEMBER)
    PanelSeat.objects.create(panel=panel, user=extras["member"])
    row = Associate.objects.create(
        email=extras["associate"].email, name="Extra", involvement="carer", user=extras["associate"]
    )
    Membership.objects.create(associate=row, community=study.community)
    return World(
        study=study, community=study.community, panel=panel, fellow=extras["fellow"], steering=extras["steering"],
        panel_member=extras["member"], staff=staff, associate=extras["associate"], organisation=cast.organisations[0],
    )  # fmt: skip


@pytest.fixture
def watched(page) -> tuple[Page, list[str]]:
    """A page, and what its console calls an error."""
    errors: list[str] = []
    page.on(
        "console", lambda message: errors.append(f"{page.url}: {message.text}") if message.type == "error" else None
    )
    return page, errors


class Walk:
    """Looks at each page that looks like none before it."""

    def __init__(self, *, page: Page, axe, log_in, world: World) -> None:
        self.page, self.axe, self.log_in, self.world = page, axe, log_in, world
        self.seen: dict[str, set[str]] = {"header": set(), "main": set()}
        self.looks: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.looked_at = 0

    def as_role(self, role: str, user, names: list[str]) -> None:
        """Each of these addresses, then the pages that a link leads to from those."""
        client = Client()
        self.page.context.clear_cookies()
        if user:
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
            self.log_in(self.page, user)
        waiting = [reverse(name, kwargs=self.world.kwargs(name, ADDRESSES[name])) for name in names]
        visited, from_links = set(waiting), Counter(dict.fromkeys(set(OPEN) - set(names), FOLLOWED))
        while waiting:
            path = waiting.pop(0)
            name = name_of(path)
            html = html_of(client, path) if name else ""
            if not html:
                continue
            outline = Outline(html)
            self._look(role, name, path, outline)
            for link in map(plain_path, outline.links):
                if link and link not in visited and from_links[name_of(link)] < FOLLOWED:
                    visited.add(link)
                    from_links[name_of(link)] += 1
                    waiting.append(link)

    def _look(self, role: str, name: str, path: str, outline: Outline) -> None:
        looks = {part: outline.looks(part) for part in self.seen}
        is_new = {part: looks[part] not in self.seen[part] for part in self.seen}
        if not any(is_new.values()) or (not is_new["header"] and self.looks[name] >= LOOKS):
            return
        for part, look in looks.items():
            self.seen[part].add(look)
        self.looks[name] += 1
        self.looked_at += 1
        self.page.set_viewport_size(PHONE)
        self.page.goto(path)
        wrong = wrong_in_outline(self.page, name) + too_wide(self.page, PHONE["width"])
        if role == "staff":  # who see most
            wrong += self.axe(self.page)
        self.page.set_viewport_size(DESK)
        self.wrong += [f"{role}: {line}" for line in wrong + self.axe(self.page)]


# Three ways, so that several browsers share them. Staff see most, and so they walk twice.
@pytest.mark.parametrize(
    ("by_staff", "names"),
    [(True, OPEN[::2]), (True, OPEN[1::2]), (False, OPEN)],
    ids=["staff, one half", "staff, the other", "everybody else"],
)
def test_pages_when_every_role_walks_through_the_demonstration_then_nothing_is_wrong(
    watched, axe, log_in, demonstration, by_staff, names
):
    (page, errors), (cast, world) = watched, demonstration
    walk = Walk(page=page, axe=axe, log_in=log_in, world=world)
    for role, user in [*cast.logins.items(), ("anonymous", None)]:
        if (role == "staff") == by_staff:
            walk.as_role(role, user, names)
    assert "\n".join(walk.wrong + errors) == ""


def test_titles_when_staff_open_every_address_then_each_tells_its_page_from_the_others(demonstration):
    cast, world = demonstration
    client = Client()
    client.force_login(cast.logins["staff"], backend="django.contrib.auth.backends.ModelBackend")
    names: dict[str, list[str]] = {}
    for name in OPEN:
        html = html_of(client, reverse(name, kwargs=world.kwargs(name, ADDRESSES[name])))
        for title in re.findall(r"<title>(.*?)</title>", html, re.DOTALL)[:1]:
            names.setdefault(title, []).append(name)
    alike = {tuple(found) for found in names.values() if len(found) > 1}
    assert alike - ALIKE == set()


def test_forms_when_sent_empty_then_the_page_says_what_to_mend_and_nothing_is_wrong(
    watched, axe, log_in, demonstration
):
    (page, errors), (cast, world) = watched, demonstration
    page.set_viewport_size(PHONE)
    wrong = []
    for names, user in ((FORMS_FOR_ALL, None), (FORMS_FOR_STAFF, cast.logins["staff"])):
        if user:
            log_in(page, user)
        for name in names:
            page.goto(reverse(name, kwargs=world.kwargs(name, ADDRESSES[name])))
            empty_the_form(page)
            button = page.locator("main form[method=post]").first.get_by_role("button").last
            if button.count() == 0:
                wrong.append(f"{name}: there is no form on {page.title()!r}")
                continue
            with page.expect_navigation():
                button.click()
            if not page.title().startswith("Error: "):
                wrong.append(f"{name}: the title of the page is {page.title()!r}")
            wrong += axe(page) + wrong_in_outline(page, name) + too_wide(page, PHONE["width"])
    assert "\n".join(wrong + errors) == ""


def empty_the_form(page: Page) -> None:
    for box in page.locator("main form input:checked[type=checkbox]:visible").all():
        box.uncheck()
    for box in page.locator("main form :is(input[type=text], input[type=email], textarea):visible").all():
        box.fill("")
