"""DMARC: what becomes of forged mail, and whether ours counts as the sender's (RFC 7489)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailing.sender_check.records import Finding, advice, fault, tags_of

_POLICIES = ("none", "quarantine", "reject")
#: Domains of which nobody but their owner can sign mail; all have a DMARC policy that says so.
_FREE_MAIL = frozenset(
    {"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "hotmail.co.uk", "live.com", "yahoo.com",
     "yahoo.co.uk", "icloud.com", "aol.com", "btinternet.com", "proton.me"}
)  # fmt: skip


def check_dmarc(record: str) -> list[Finding]:
    """What is wrong with a DMARC record (RFC 7489)."""
    tags, found = tags_of(record)
    names = list(tags)
    if names[:1] != ["v"] or tags["v"] != "DMARC1":
        return [fault("It does not begin with v=DMARC1, so servers pass it over.", "Begin it with v=DMARC1.")]
    policy = tags.get("p", "").lower()
    if policy not in _POLICIES:
        what = f"p={tags['p']} is no policy." if policy else "It has no policy (p=)."
        return [*found, fault(what, "Write p=none to watch, later p=quarantine or p=reject.")]
    if names[1] != "p":
        found.append(advice("p= does not come second, and some servers then pass it over.", "Write it after v=DMARC1."))
    if policy == "none":
        found.append(
            advice(
                "p=none only watches: mail forged in your name is still taken.",
                "Once the reports show that your own mail passes, write p=quarantine, then p=reject.",
            )
        )
    below = tags.get("sp", policy).lower()
    if below in _POLICIES and _POLICIES.index(below) < _POLICIES.index(policy):
        found.append(advice(f"sp={below} lets others send in the name of what is below your domain.", "Take sp= out."))
    for name in ("sp", "adkim", "aspf", "pct", "rua", "ruf"):
        if name in tags and not _DMARC_VALUES[name].fullmatch(tags[name].lower()):
            found.append(fault(f"{name}={tags[name]} is not a value that {name} can have.", _DMARC_MENDS[name]))
    if "rua" not in tags:
        found.append(
            advice("Nobody gets its reports.", "Add rua=mailto: and an address that somebody looks at each week.")
        )
    if tags.get("pct", "100").isdigit() and int(tags.get("pct", "100")) < 100:
        found.append(
            advice(f"Only {tags['pct']} in 100 messages are treated by it.", "Take pct= out when all is well.")
        )
    return found


_URIS = r"mailto:[^\s,;@]+@[^\s,;@]+(?:\s*,\s*mailto:[^\s,;@]+@[^\s,;@]+)*"
_DMARC_VALUES = {
    "sp": re.compile("|".join(_POLICIES)),
    "adkim": re.compile("[rs]"),
    "aspf": re.compile("[rs]"),
    "pct": re.compile(r"\d\d?|100"),
    "rua": re.compile(_URIS),
    "ruf": re.compile(_URIS),
}
_DMARC_MENDS = {
    "sp": "Write none, quarantine or reject.",
    "adkim": "Write r (the domain or one below it) or s (exactly the domain), or take it out.",
    "aspf": "Write r (the domain or one below it) or s (exactly the domain), or take it out.",
    "pct": "Write a number from 0 to 100, or take it out.",
    "rua": "Write mailto: and an address, several with commas between.",
    "ruf": "Write mailto: and an address, several with commas between.",
}


def check_together(*, sender: str, bounce_address: str = "", dkim_domain: str = "", dmarc: str = "") -> list[Finding]:
    """Whether what passes SPF or DKIM also counts for the sender whom people see (DMARC's alignment).

    ``bounce_address`` is the envelope's sender, ``dkim_domain`` the d= of the signatures; empty: the sender's own.
    """
    domain = sender.rpartition("@")[2].strip().lower()
    if "@" not in sender or "." not in domain:
        return [fault(f"{sender} is no address.", "Give the address that people see, such as portal@example.org.")]
    if domain in _FREE_MAIL:
        return [
            fault(
                f"Nobody can send in the name of {domain} but its owner; most servers refuse it.",
                "Send from a domain that is the programme's own.",
            )
        ]
    tags, _ = tags_of(dmarc)
    return_domain, signer = bounce_address.rpartition("@")[2].lower() or domain, dkim_domain.lower() or domain
    by_spf = _aligned(domain, return_domain, strict=tags.get("aspf", "").lower() == "s")
    by_dkim = _aligned(domain, signer, strict=tags.get("adkim", "").lower() == "s")
    return [*_unaligned(domain, by_spf=by_spf, by_dkim=by_dkim), *_reports_elsewhere(domain, tags)]


def _unaligned(domain: str, *, by_spf: bool, by_dkim: bool) -> list[Finding]:
    if not by_spf and not by_dkim:
        return [
            fault(
                f"Neither the return address nor the signature is of {domain}, so DMARC fails for every message.",
                f"Have the provider sign with d={domain}, or use a return address at {domain}.",
            )
        ]
    if not by_dkim:
        return [
            advice(
                f"The signature is not of {domain}: mail that is forwarded fails DMARC.",
                f"Have the provider sign with d={domain}.",
            )
        ]
    if not by_spf:
        return [
            advice(
                f"The return address is not of {domain}: DMARC rests on the signature alone.",
                f"Use a return address at {domain} or below it.",
            )
        ]
    return []


def _reports_elsewhere(domain: str, tags: Mapping[str, str]) -> list[Finding]:
    """Whoever gets reports about another's domain must say so there (RFC 7489, section 7.1)."""
    addresses = re.findall(r"mailto:[^\s,;@]+@([^\s,;@!]+)", f"{tags.get('rua', '')},{tags.get('ruf', '')}".lower())
    return [
        advice(
            f"Reports go to {other}, and servers send them only if it says that it takes them.",
            f"Have {domain}._report._dmarc.{other} answer v=DMARC1, or use an address at {domain}.",
        )
        for other in sorted(set(addresses))
        if not _aligned(domain, other, strict=False)
    ]


def _aligned(visible: str, other: str, *, strict: bool) -> bool:
    return visible == other or (not strict and _registered(visible) == _registered(other))


#: Names under which others register theirs. The whole list is long; these are what a British programme meets.
_SUFFIXES_UK = frozenset({"ac", "co", "gov", "ltd", "me", "net", "nhs", "org", "plc", "police", "sch"})
_SUFFIXES = frozenset({"ac", "co", "com", "edu", "gov", "net", "org"})


def _registered(domain: str) -> str:
    """The part of a name that somebody registered: ``example.nhs.uk`` of ``news.example.nhs.uk``."""
    labels = domain.strip(".").split(".")
    country, second = labels[-1], labels[-2] if len(labels) > 1 else ""
    is_suffix = second in (_SUFFIXES_UK if country == "uk" else _SUFFIXES) and len(country) == 2
    return ".".join(labels[-3 if is_suffix else -2 :])
