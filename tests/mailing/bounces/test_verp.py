import email
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailing import checks
from mailing.bounces import verp
from mailing.engine import Engine
from mailing.reading import received


def test_address_when_made_then_read_back_in_any_case_and_among_other_words():
    address = verp.sender_for(4711, "portal@example.org")
    assert re.fullmatch(r"bounces\+4711-[a-z2-7]{16}@example\.org", address)
    for text in (address, address.upper(), f"<{address}>", f'"Bounces" <{address}>, other@example.org'):
        assert verp.find(text) == 4711


def test_sender_when_switched_off_or_without_an_address_then_as_it_was(settings):
    settings.MAIL_VERP = False
    assert verp.sender_for(1, "portal@example.org") == "portal@example.org"
    settings.MAIL_VERP, settings.MAIL_BOUNCE_ADDRESS = True, ""
    assert verp.sender_for(1, "portal@example.org") == "portal@example.org"
    assert verp.find("bounces+1-aaaaaaaaaaaaaaaa@example.org") is None


@pytest.mark.parametrize("change", [
    lambda a: a.replace("4711", "4712"),
    lambda a: a.replace("4711", "04711"),
    lambda a: a.replace("-", "-a")[: len(a) + 1],
    lambda a: "bounces+4711@example.org",
    lambda a: "bounces+" + "9" * 19 + "-aaaaaaaaaaaaaaaa@example.org",
])  # fmt: skip
def test_address_when_changed_then_forged(change):
    with pytest.raises(verp.ForgedAddressError):
        verp.find(change(verp.sender_for(4711, "")))


def test_address_when_of_another_mailbox_or_domain_then_not_ours_at_all():
    ours = verp.sender_for(4711, "")
    for other in (
        ours.replace("bounces", "x-bounces"), ours.replace("example.org", "example.org.evil.net"),
        ours.replace("example", "exampl"), "bounces@example.org",
    ):  # fmt: skip
        assert verp.find(other) is None


def test_address_when_the_key_is_changed_then_good_while_the_old_one_is_kept(settings):
    address = verp.sender_for(4711, "")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert verp.find(address) == 4711
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(verp.ForgedAddressError):
        verp.find(address)


@given(st.integers(1, 2**63 - 1))
def test_address_when_of_any_delivery_then_no_longer_than_servers_take(pk):
    address = verp.sender_for(pk, "")
    assert len(address.partition("@")[0]) <= 64
    assert verp.find(address) == pk


@pytest.mark.django_db
def test_message_when_it_leaves_then_only_the_envelope_names_the_return_address(smtp, newsletter, settings):
    mailing = newsletter(headers={"List-Unsubscribe": "<https://example.org/u/{{token}}>",
                                  "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"})  # fmt: skip
    Engine(stopping=lambda: False).run(urgent_only=False, seconds=30)
    senders = [command for command in smtp.commands if command.startswith("MAIL")]
    assert senders == [
        f"MAIL FROM:<{verp.sender_for(d.pk, '')}>" for d in mailing.deliveries.order_by("pk")
    ]  # fmt: skip
    with_verp = {email.message_from_bytes(raw)["To"]: email.message_from_bytes(raw).keys() for raw in smtp.messages}
    settings.MAIL_VERP = False
    for delivery in mailing.deliveries.all():
        message = received(delivery)
        names = [name for name, _ in message.headers]
        assert not {"return-path", "sender", "errors-to"} & {name.lower() for name in names}
        assert "bounces+" not in str(message.headers)
        head = dict(message.headers)
        assert head["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert re.fullmatch(r"<https://example\.org/u/[\w.~-]+>", head["List-Unsubscribe"])
    assert all(b"bounces+" not in raw for raw in smtp.messages)
    assert len({tuple(keys) for keys in with_verp.values()}) == 1


@pytest.mark.parametrize(("values", "ids"), [
    ({"MAIL_BOUNCE_ADDRESS": ""}, ["mailing.E001"]),
    ({"MAIL_BOUNCE_ADDRESS": "b" * 28 + "@example.org"}, ["mailing.E002"]),
    ({"MAIL_BOUNCE_ADDRESS": "b" * 27 + "@example.org"}, []),
    ({"BOUNCE_IMAP_URL": "https://example.org"}, ["mailing.E003"]),
    ({"BOUNCE_IMAP_URL": "imaps://me:pw@example.org"}, []),
])  # fmt: skip
def test_settings_when_they_can_not_work_then_said_at_the_start(settings, values, ids):
    for name, value in values.items():
        setattr(settings, name, value)
    assert [found.id for found in checks.check_bounces(None)] == ids
