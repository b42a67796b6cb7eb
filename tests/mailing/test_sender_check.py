"""Records as people paste them, and what is said of them."""

from __future__ import annotations

import base64
import io

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from mailing.sender_check import check_dkim, check_dmarc, check_spf, check_together, count_lookups

SPF = "v=spf1 include:spf.example.net ip4:192.0.2.0/24 ip6:2001:db8::/48 mx ~all"
DMARC = "v=DMARC1; p=quarantine; rua=mailto:dmarc@example.org"


def der(public) -> str:
    return base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


@pytest.fixture(scope="module")
def keys() -> dict[str, str]:
    return {
        "2048": der(rsa.generate_private_key(65537, 2048).public_key()),
        "1024": der(rsa.generate_private_key(65537, 1024).public_key()),
        "ec": der(ec.generate_private_key(ec.SECP256R1()).public_key()),
        "ed25519": base64.b64encode(b"k" * 32).decode(),
    }


def said(findings) -> list[tuple[bool, str]]:
    return [(finding.is_fault, finding.what) for finding in findings]


def test_records_when_in_order_then_nothing_is_said(keys):
    assert check_spf(SPF) == check_spf("v=spf1 redirect=_spf.example.net") == check_spf(f'"{SPF}"') == []
    assert check_dkim(f"v=DKIM1; k=rsa; p={keys['2048']}") == []
    assert check_dkim(f"v=DKIM1; k=ed25519; p={keys['ed25519']};") == []
    half = len(keys["2048"]) // 2
    assert check_dkim(f'"v=DKIM1; p={keys["2048"][:half]}" "{keys["2048"][half:]}"') == []
    assert check_dkim(f"v=DKIM1\\; k=rsa\\; p={keys['2048']}") == []  # as dig writes it
    assert check_dmarc(DMARC) == []


@pytest.mark.parametrize(("record", "expected"), [
    ("", [(True, "It does not begin with v=spf1, so servers take it for something else.")]),
    ("spf1 -all", [(True, "It does not begin with v=spf1, so servers take it for something else.")]),
    ("v=spf1 mx v=spf1 -all", [(True, "There are two records in one.")]),
    ("v=spf1 mx", [(True, "It says nothing of servers that it does not name.")]),
    ("v=spf1 +all", [(True, "+all lets everybody send in your name.")]),
    ("v=spf1 all", [(True, "+all lets everybody send in your name.")]),
    ("v=spf1 ?all", [(False, "?all says nothing of forged mail.")]),
    ("v=spf1 -all mx", [(False, "mx stands beside all and is never looked at."),
                        (True, "It lets nobody send in your name.")]),
    ("v=spf1 mx redirect=a.org ~all", [(False, "redirect=a.org stands beside all and is never looked at.")]),
    ("v=spf1 redirect=a.org redirect=b.org", [(True, "redirect= comes twice.")]),
    ("v=spf1 include=a.org mx ~all", [(True, "include=a.org is passed over: include takes a colon.")]),
    ("v=spf1 redirect:a.org mx ~all", [(False, "redirect:a.org stands beside all and is never looked at."),
                                       (True, "redirect:a.org is no term of SPF: redirect takes an equals sign.")]),
    ('"v=spf1 include:a.org" "include:b.org ~all"', [(True, "include:a.orginclude:b.org names no domain.")]),
    (f'"v=spf1 {"mx " * 99}~all"', [(True, "A string of it has 308 characters, and DNS takes 255.")]),
    ('"v=spf1 mx ~all', [(True, "A quotation mark has no partner.")]),
    ("v=spf1 mx ptr -all", [(False, "ptr is slow, unsure and no longer to be used.")]),
    ("v=spf1 mx inlcude:x.org -all", [(True, "inlcude:x.org is no term of SPF.")]),
    ("v=spf1 include: -all", [(True, "include: names no domain.")]),
    ("v=spf1 ip4:999.0.2.1 -all", [(True, "ip4:999.0.2.1 names no network.")]),
    ("v=spf1 ip4:2001:db8::1 -all", [(True, "ip4:2001:db8::1 is an address of the other kind.")]),
    ("v=spf1 ip4:0.0.0.0/0 -all", [(False, "ip4:0.0.0.0/0 lets very many servers send in your name.")]),
    ("v=spf1 a/24 mx:example.org/24 later=x -all", []),
])  # fmt: skip
def test_spf_when_wrong_then_said_in_words(record, expected):
    assert said(check_spf(record)) == expected


@pytest.mark.parametrize(("record", "expected"), [
    ("v=DKIM2; p=x", [(True, "v=DKIM2 is no version of DKIM.")]),
    ("v=DKIM1; k=rsa", [(True, "It has no key (p=).")]),
    ("v=DKIM1; p=", [(True, "Its key (p=) is empty, which means that it was withdrawn.")]),
    ("v=DKIM1; p=!!!", [(True, "Its key (p=) is damaged.")]),
    ("v=DKIM1; p=AAAA", [(True, "Its key (p=) can not be read.")]),
    ("v=DKIM1; k=ed25519; p=AAAA", [(True, "Its key (p=) has not the length of an ed25519 key.")]),
    ("v=DKIM1; k=dsa; p=AAAA", [(True, "k=dsa is no kind of key that servers know.")]),
    ("p={2048}; v=DKIM1", [(True, "v=DKIM1 must come first.")]),
    ("v=DKIM1; p={1024}", [(False, "Its key has 1024 bits, which is weak.")]),
    ("v=DKIM1; p={ec}", [(True, "Its key (p=) is not an RSA key.")]),
    ("v=DKIM1; t=y; p={2048}", [(False, "t=y says that you are only trying, so some take no notice.")]),
    ("v=DKIM1; h=sha1; p={2048}", [(True, "h=sha1 leaves out sha256, which all use.")]),
    ("v=DKIM1; s=web; p={2048}", [(True, "s=web is not for email.")]),
    ("v=DKIM1; p={2048}; p={2048}", [(True, "p= comes twice.")]),
    ("v=DKIM1; rubbish; p={2048}", [(True, "“rubbish” has no value.")]),
    ('"v=DKIM1; p={2048}"', [(True, "A string of it has 403 characters, and DNS takes 255.")]),
])  # fmt: skip
def test_dkim_when_wrong_then_said_in_words(keys, record, expected):
    for name, key in keys.items():
        record = record.replace(f"{{{name}}}", key)
    assert said(check_dkim(record)) == expected


@pytest.mark.parametrize(("record", "expected"), [
    ("p=none", [(True, "It does not begin with v=DMARC1, so servers pass it over.")]),
    ("", [(True, "It does not begin with v=DMARC1, so servers pass it over.")]),
    ("v=DMARC1", [(True, "It has no policy (p=).")]),
    ("v=DMARC1; p=block; rua=mailto:a@example.org", [(True, "p=block is no policy.")]),
    ("v=DMARC1; p=reject; sp=none; rua=mailto:a@example.org!10m",
     [(False, "sp=none lets others send in the name of what is below your domain.")]),
    ("v=DMARC1; p=reject", [(False, "Nobody gets its reports.")]),
    ("v=DMARC1; p=none; rua=mailto:a@example.org",
     [(False, "p=none only watches: mail forged in your name is still taken.")]),
    ("v=DMARC1; rua=mailto:a@example.org; p=reject",
     [(False, "p= does not come second, and some servers then pass it over.")]),
    ("v=DMARC1; p=reject; rua=a@example.org", [(True, "rua=a@example.org is not a value that rua can have.")]),
    ("v=DMARC1; p=reject; pct=20; rua=mailto:a@example.org,mailto:b@example.org",
     [(False, "Only 20 in 100 messages are treated by it.")]),
    ("v=DMARC1; p=reject; adkim=x; pct=200; rua=mailto:a@example.org",
     [(True, "adkim=x is not a value that adkim can have."), (True, "pct=200 is not a value that pct can have.")]),
])  # fmt: skip
def test_dmarc_when_wrong_then_said_in_words(record, expected):
    assert said(check_dmarc(record)) == expected


@pytest.mark.parametrize(("values", "expected"), [
    ({}, None),
    ({"bounce_address": "b@mail.example.org", "dkim_domain": "example.org"}, None),
    ({"bounce_address": "b@other.net", "dkim_domain": "other.net"}, True),
    ({"bounce_address": "b@other.net"}, False),
    ({"dkim_domain": "other.net"}, False),
    ({"dkim_domain": "notexample.org"}, False),
    ({"bounce_address": "b@mail.example.org", "dkim_domain": "mail.example.org",
      "dmarc": "v=DMARC1; p=reject; aspf=s; adkim=s"}, True),
    ({"bounce_address": "b@x.example.org", "dmarc": "v=DMARC1; p=none; aspf=S"}, False),
    ({"sender": "a@news.example.nhs.uk", "bounce_address": "b@bounces.example.nhs.uk", "dkim_domain": "example.nhs.uk"},
     None),
    ({"sender": "a@example.nhs.uk", "bounce_address": "b@other.nhs.uk", "dkim_domain": "nhs.uk"}, True),
    ({"dmarc": "v=DMARC1; p=none; rua=mailto:a@news.example.org,mailto:x@reports.test!1m"}, False),
    ({"sender": "portal@gmail.com"}, True),
    ({"sender": "portal"}, True),
])  # fmt: skip
def test_records_when_they_are_not_the_senders_then_said(values, expected):
    found = check_together(**{"sender": "portal@example.org", **values})
    assert [finding.is_fault for finding in found] == ([] if expected is None else [expected])


def test_lookups_when_counted_then_with_those_of_what_is_included_and_not_after_all():
    within = {"A.org": "v=spf1 a mx include:b.org ~all exists:x.org", "b.org": "v=spf1 redirect=c.org ip4:192.0.2.1"}
    found = count_lookups("v=spf1 +mx/24 include:a.org. ?include:d.org -all mx", within)
    assert (found.count, found.not_known, found.findings()) == (7, ["c.org", "d.org"], [])
    (many,) = count_lookups("v=spf1 " + "include:a.org " * 2 + "-all", within | {"c.org": "v=spf1 a -all"}).findings()
    assert (many.is_fault, many.what) == (True, "It needs 12 look-ups, and servers give up after 10.")
    assert count_lookups("v=spf1 include:e.org", {"e.org": "v=spf1 include:e.org"}).findings()  # round in a circle


@given(st.text(), st.text())
def test_records_when_any_text_at_all_then_never_raises(one, two):
    for check in (check_spf, check_dkim, check_dmarc):
        check(one)
        check(f"v=spf1 {one}")
        check(f"v=DKIM1; p={one}; {two}")
        check(f"v=DMARC1; p={one}; {two}")
    count_lookups(f"v=spf1 {one} include:a", {"a": two})
    check_together(sender=one, bounce_address=two, dkim_domain=one, dmarc=two)


def test_command_when_all_is_well_then_says_good_and_ends_well(keys, settings):
    settings.MAIL_BOUNCE_ADDRESS = "bounces@example.org"
    out = io.StringIO()
    records = {"spf": [SPF], "dkim": [f"v=DKIM1; p={keys['2048']}"], "dmarc": [DMARC]}
    call_command("check_sender", sender="Portal <portal@example.org>", stdout=out, **records)
    assert out.getvalue().split("\n\n") == [
        "Sender: portal@example.org",
        "SPF: good\n  Look-ups: 2 of 10, without those of spf.example.net (give its record with --included).",
        "DKIM: good", "DMARC: good", "All together: good\n",
    ]  # fmt: skip


def test_command_when_something_is_wrong_then_says_how_to_mend_it_and_fails():
    out = io.StringIO()
    with pytest.raises(CommandError, match="2 to mend before mail gets through"):
        call_command("check_sender", "--spf", "v=spf1 +all", "--dmarc", DMARC, stdout=out)
    assert "Fault: +all lets everybody send in your name. Write ~all, or -all once all is well." in out.getvalue()
    assert "Fault: No record was given. Give it with --dkim." in out.getvalue()


def test_command_when_a_domain_has_two_records_or_too_many_look_ups_then_a_fault():
    out, many = io.StringIO(), ["--included", "spf.example.net", "v=spf1 " + "a " * 9 + "-all"]
    with pytest.raises(CommandError):
        call_command("check_sender", "--spf", SPF, "--dmarc", DMARC, "--dmarc", "v=DMARC1; p=none", *many, stdout=out)
    assert "Fault: There are 2 records at _dmarc.DOMAIN, so servers take none of them." in out.getvalue()
    assert "Fault: It needs 11 look-ups, and servers give up after 10." in out.getvalue()
    assert "Look-ups:" not in out.getvalue()
