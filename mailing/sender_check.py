"""Whether the records by which other mail servers know a sender are in order: SPF, DKIM and DMARC, from their text.

Nothing is looked up: records are pasted from the domain's settings, also before they are published.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

_MOST_LOOKUPS = 10  # RFC 7208, section 4.6.4
_LONGEST_STRING = 255
_LOOKUP_MECHANISMS = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})
_MECHANISMS = _LOOKUP_MECHANISMS | {"all", "ip4", "ip6", "exp"}
_POLICIES = ("none", "quarantine", "reject")
#: Domains of which nobody but their owner can sign mail; all have a DMARC policy that says so.
_FREE_MAIL = frozenset(
    {"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "hotmail.co.uk", "live.com", "yahoo.com",
     "yahoo.co.uk", "icloud.com", "aol.com", "btinternet.com", "proton.me"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be, and how to mend it. Mail is refused or forged while it ``is_fault``."""

    is_fault: bool
    what: str
    mend: str


def _fault(what: str, mend: str) -> Finding:
    return Finding(True, what, mend)


def _advice(what: str, mend: str) -> Finding:
    return Finding(False, what, mend)


def check_spf(record: str) -> list[Finding]:
    """What is wrong with an SPF record (RFC 7208)."""
    record = _joined(record)
    terms = record.split()
    if not terms or terms[0].lower() != "v=spf1":
        return [
            _fault("It does not begin with v=spf1, so servers take it for something else.", "Begin it with v=spf1.")
        ]
    if [term.lower() for term in terms].count("v=spf1") > 1:
        return [_fault("There are two records in one.", "A domain may have one SPF record only: merge them.")]
    found: list[Finding] = []
    lookups = 0
    ended = False
    redirects = False
    for term in terms[1:]:
        name = re.split(r"[:=/]", term.lstrip("+-~?"), maxsplit=1)[0].lower()
        if ended and not re.match(r"(?i)(?:redirect|exp)=", term):
            found.append(_advice(f"{term} stands after all and is never looked at.", "Put it before all."))
        lookups += name in _LOOKUP_MECHANISMS
        redirects = redirects or name == "redirect"
        found += _check_mechanism(term, name)
        ended = ended or name == "all"
    if not ended and not redirects:
        found.append(
            _fault("It says nothing of servers that it does not name.", "End it with ~all, or -all once all is well.")
        )
    if lookups > _MOST_LOOKUPS:
        found.append(
            _fault(
                f"It needs {lookups} look-ups, and servers give up after {_MOST_LOOKUPS}.",
                "Take out what no longer sends, or name addresses with ip4: and ip6: in place of include:.",
            )
        )
    return found


def _check_mechanism(term: str, name: str) -> list[Finding]:
    qualifier = term[0] if term[0] in "+-~?" else "+"
    value = re.split(r"[:=]", term, maxsplit=1)[1] if re.search(r"[:=]", term) else ""
    if name not in _MECHANISMS:
        # Modifiers that nobody knows are passed over (section 6); mechanisms are an error.
        return [] if "=" in term else [_fault(f"{term} is no term of SPF.", "Correct its spelling or take it out.")]
    if name == "all" and qualifier == "+":
        return [_fault("+all lets everybody send in your name.", "Write ~all, or -all once all is well.")]
    if name == "all" and qualifier == "?":
        return [_advice("?all says nothing of forged mail.", "Write ~all, or -all once all is well.")]
    if name == "ptr":
        return [_advice("ptr is slow, unsure and no longer to be used.", "Name the servers with a:, mx, ip4: or ip6:.")]
    if name in {"include", "exists", "redirect"} and not value:
        return [_fault(f"{term} names no domain.", f"Write {name}{'=' if name == 'redirect' else ':'}its-domain.")]
    if name in {"ip4", "ip6"}:
        try:
            network = ipaddress.ip_network(value, strict=False)
        except ValueError:
            return [_fault(f"{term} names no network.", f"Write it as in {name}:{_EXAMPLES[name]}.")]
        if network.version != int(name[2]):
            return [_fault(f"{term} is an address of the other kind.", f"Write ip{network.version}:{value}.")]
        if network.prefixlen < (16 if network.version == 4 else 32):
            return [_advice(f"{term} lets very many servers send in your name.", "Name only those that are yours.")]
    return []


_EXAMPLES = {"ip4": "192.0.2.10", "ip6": "2001:db8::10"}


def check_dkim(record: str) -> list[Finding]:
    """What is wrong with a DKIM key's record (RFC 6376)."""
    tags, found = _tags(record)
    version = tags.get("v", "DKIM1")
    if version != "DKIM1":
        return [_fault(f"v={version} is no version of DKIM.", "Begin it with v=DKIM1.")]
    if "v" in tags and next(iter(tags)) != "v":
        found.append(_fault("v=DKIM1 must come first.", "Move it to the beginning."))
    if "p" not in tags:
        return [*found, _fault("It has no key (p=).", "Paste the whole record that your email provider shows.")]
    key = re.sub(r"\s", "", tags["p"])
    if not key:
        return [*found, _fault("Its key (p=) is empty, which means that it was withdrawn.", "Publish the present key.")]
    if "y" in tags.get("t", "").split(":"):
        found.append(_advice("t=y says that you are only trying, so some take no notice.", "Take t=y out."))
    hashes = tags.get("h")
    if hashes is not None and "sha256" not in hashes.split(":"):
        found.append(_fault(f"h={hashes} leaves out sha256, which all use.", "Take h= out."))
    if "email" not in tags.get("s", "*").split(":") and "*" not in tags.get("s", "*").split(":"):
        found.append(_fault(f"s={tags['s']} is not for email.", "Take s= out."))
    return found + _check_key(tags.get("k", "rsa"), key)


def _check_key(kind: str, key: str) -> list[Finding]:
    paste = "Paste the whole record again, with nothing lost at line ends or quotation marks."
    try:
        der = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        return [_fault("Its key (p=) is damaged.", paste)]
    if kind == "ed25519":
        return [] if len(der) == 32 else [_fault("Its key (p=) has not the length of an ed25519 key.", paste)]
    if kind != "rsa":
        return [_fault(f"k={kind} is no kind of key that servers know.", "Use k=rsa.")]
    try:
        public = load_der_public_key(der)
    except Exception:  # the library's errors differ by what is damaged; all mean that
        return [_fault("Its key (p=) can not be read.", paste)]
    if not isinstance(public, RSAPublicKey):
        return [_fault("Its key (p=) is not an RSA key.", "Say which kind it is with k=, or make an RSA key.")]
    if public.key_size < 1024:
        return [_fault(f"Its key has {public.key_size} bits; servers refuse it.", "Make one of 2048 bits.")]
    if public.key_size < 2048:
        return [_advice(f"Its key has {public.key_size} bits, which is weak.", "Make one of 2048 bits.")]
    return []


def check_dmarc(record: str) -> list[Finding]:
    """What is wrong with a DMARC record (RFC 7489)."""
    tags, found = _tags(record)
    names = list(tags)
    if names[:1] != ["v"] or tags["v"] != "DMARC1":
        return [_fault("It does not begin with v=DMARC1, so servers pass it over.", "Begin it with v=DMARC1.")]
    policy = tags.get("p", "").lower()
    if policy not in _POLICIES:
        return [*found, _fault("It has no policy (p=).", "Write p=none to watch, later p=quarantine or p=reject.")]
    if names[1] != "p":
        found.append(
            _advice("p= does not come second, and some servers then pass it over.", "Write it after v=DMARC1.")
        )
    if policy == "none":
        found.append(
            _advice(
                "p=none only watches: mail forged in your name is still taken.",
                "Once the reports show that your own mail passes, write p=quarantine, then p=reject.",
            )
        )
    for name in ("sp", "adkim", "aspf", "pct", "rua", "ruf"):
        if name in tags and not _DMARC_VALUES[name].fullmatch(tags[name].lower()):
            found.append(_fault(f"{name}={tags[name]} is not a value that {name} can have.", _DMARC_MENDS[name]))
    if "rua" not in tags:
        found.append(
            _advice("Nobody gets its reports.", "Add rua=mailto: and an address that somebody looks at each week.")
        )
    if tags.get("pct", "100").isdigit() and int(tags.get("pct", "100")) < 100:
        found.append(
            _advice(f"Only {tags['pct']} in 100 messages are treated by it.", "Take pct= out when all is well.")
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
        return [_fault(f"{sender} is no address.", "Give the address that people see, such as portal@example.org.")]
    if domain in _FREE_MAIL:
        return [
            _fault(
                f"Nobody can send in the name of {domain} but its owner; most servers refuse it.",
                "Send from a domain that is the programme's own.",
            )
        ]
    tags, _ = _tags(dmarc)
    by_spf = _aligned(domain, bounce_address.rpartition("@")[2].lower() or domain, strict=tags.get("aspf") == "s")
    by_dkim = _aligned(domain, dkim_domain.lower() or domain, strict=tags.get("adkim") == "s")
    if not by_spf and not by_dkim:
        return [
            _fault(
                f"Neither the return address nor the signature is of {domain}, so DMARC fails for every message.",
                f"Have the provider sign with d={domain}, or use a return address at {domain}.",
            )
        ]
    if not by_dkim:
        return [
            _advice(
                f"The signature is not of {domain}: mail that is forwarded fails DMARC.",
                f"Have the provider sign with d={domain}.",
            )
        ]
    if not by_spf:
        return [
            _advice(
                f"The return address is not of {domain}: DMARC rests on the signature alone.",
                f"Use a return address at {domain} or below it.",
            )
        ]
    return []


def _aligned(visible: str, other: str, *, strict: bool) -> bool:
    if strict:
        return visible == other
    # Which part of a name is registered needs a list that changes; one below the other is right nearly always.
    return visible == other or visible.endswith(f".{other}") or other.endswith(f".{visible}")


def _joined(record: str) -> str:
    """A record as servers see it: quoted strings, as DNS files write them, without their quotation marks."""
    strings = re.findall(r'"([^"]*)"', record)
    return ("".join(strings) if strings else record).strip()


def _tags(record: str) -> tuple[dict[str, str], list[Finding]]:
    """The tags of a record in order, and what is wrong with how they are written."""
    tags: dict[str, str] = {}
    found = [
        _fault(
            f"A string of it has {len(string)} characters, and DNS takes {_LONGEST_STRING}.",
            'Cut it into several strings in quotation marks, side by side: "…" "…".',
        )
        for string in re.findall(r'"([^"]*)"', record)
        if len(string) > _LONGEST_STRING
    ]
    for part in _joined(record).split(";"):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not name and not equals:
            continue
        if not equals:
            found.append(_fault(f"“{name}” has no value.", "Write name=value, with a semicolon between two."))
        elif name.lower() in tags:
            found.append(_fault(f"{name}= comes twice.", "Keep one of them."))
        else:
            tags[name.lower()] = value
    return tags, found
