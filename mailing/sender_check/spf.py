"""SPF: which servers may send for a domain (RFC 7208)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mailing.sender_check.records import Finding, advice, fault, joined, strings

_MOST_LOOKUPS = 10  # RFC 7208, section 4.6.4
_LOOKUPS_COUNTED = 100
_LOOKUP_MECHANISMS = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})
_MODIFIERS = frozenset({"redirect", "exp"})
_MECHANISMS = (_LOOKUP_MECHANISMS | {"all", "ip4", "ip6"}) - _MODIFIERS


def check_spf(record: str) -> list[Finding]:
    """What is wrong with an SPF record (RFC 7208) by itself; ``count_lookups`` says how much it asks of servers."""
    found = strings(record)
    words = joined(record).split()
    if not words or words[0].lower() != "v=spf1":
        return [fault("It does not begin with v=spf1, so servers take it for something else.", "Begin it with v=spf1.")]
    if [word.lower() for word in words].count("v=spf1") > 1:
        return [fault("There are two records in one.", "A domain may have one SPF record only: merge them.")]
    terms = [_Term.read(word) for word in words[1:]]
    end = next((place for place, term in enumerate(terms) if term.is_all), None)
    for place, term in enumerate(terms):
        if end is not None and ((place > end and not term.is_modifier) or term.name == "redirect"):
            found.append(advice(f"{term} stands beside all and is never looked at.", _BESIDE_ALL[term.is_modifier]))
        found += _check_term(term)
    redirects = sum(term.name == "redirect" for term in terms)
    if redirects > 1:
        found.append(fault("redirect= comes twice.", "Keep one of them."))
    if end is None and not redirects:
        found.append(
            fault("It says nothing of servers that it does not name.", "End it with ~all, or -all once all is well.")
        )
    if end is not None and terms[end].qualifier in "-~" and all(term.is_modifier for term in terms[:end]):
        found.append(fault("It lets nobody send in your name.", "Name the servers that do, as your provider says."))
    return found


_BESIDE_ALL = {False: "Put it before all.", True: "Take it or all out."}


@dataclass(frozen=True, slots=True)
class _Term:
    """A word of an SPF record: ``?mx:example.org/24``."""

    word: str
    qualifier: str
    name: str
    sign: str
    value: str

    @classmethod
    def read(cls, word: str) -> _Term:
        qualifier = word[0] if word[0] in "+-~?" else ""
        name, sign, value = re.match(r"([^:=/]*)([:=/]?)(.*)", word[len(qualifier) :], re.DOTALL).groups()  # type: ignore[union-attr]
        return cls(word, qualifier or "+", name.lower(), sign, value)

    def __str__(self) -> str:
        return self.word

    @property
    def is_modifier(self) -> bool:
        return self.sign == "="

    @property
    def is_all(self) -> bool:
        return self.name == "all" and not self.is_modifier

    @property
    def domain(self) -> str:
        """What it names, in small letters and without a network's length."""
        return "" if self.sign == "/" else self.value.partition("/")[0].lower().rstrip(".")

    @property
    def looks_up(self) -> bool:
        """Whether servers must ask for it elsewhere (section 4.6.4)."""
        return self.name in _LOOKUP_MECHANISMS and self.is_modifier == (self.name == "redirect")


def _check_term(term: _Term) -> list[Finding]:
    name, value = term.name, term.value
    if term.is_modifier and name in _MECHANISMS:
        return [fault(f"{term} is passed over: {name} takes a colon.", f"Write {name}:{value}.")]
    if not term.is_modifier and name in _MODIFIERS:
        return [fault(f"{term} is no term of SPF: {name} takes an equals sign.", f"Write {name}={value}.")]
    if name not in _MECHANISMS | _MODIFIERS:
        # Modifiers that nobody knows are passed over (section 6); mechanisms are an error.
        return [] if term.is_modifier else [fault(f"{term} is no term of SPF.", _SPELLING)]
    if name == "all" and term.qualifier == "+":
        return [fault("+all lets everybody send in your name.", "Write ~all, or -all once all is well.")]
    if name == "all" and term.qualifier == "?":
        return [advice("?all says nothing of forged mail.", "Write ~all, or -all once all is well.")]
    if name == "ptr":
        return [advice("ptr is slow, unsure and no longer to be used.", "Name the servers with a:, mx, ip4: or ip6:.")]
    if name in {"ip4", "ip6"}:
        return _check_network(term)
    needs_one = name in {"include", "exists", "redirect"} or term.sign == ":"
    if needs_one and "%{" not in value and not _DOMAIN.fullmatch(term.domain):
        return [fault(f"{term} names no domain.", f"Write {name}{term.sign or ':'}its-domain. {_LOST_SPACE}")]
    return []


_DOMAIN = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+")
_SPELLING = "Correct its spelling or take it out."
_LOST_SPACE = "Strings in quotation marks are joined without a space: one must stand inside them."


def _check_network(term: _Term) -> list[Finding]:
    name, value = term.name, term.value
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return [fault(f"{term} names no network.", f"Write it as in {name}:{_EXAMPLES[name]}.")]
    if network.version != int(name[2]):
        return [fault(f"{term} is an address of the other kind.", f"Write ip{network.version}:{value}.")]
    if network.prefixlen < (16 if network.version == 4 else 32):
        return [advice(f"{term} lets very many servers send in your name.", "Name only those that are yours.")]
    return []


_EXAMPLES = {"ip4": "192.0.2.10", "ip6": "2001:db8::10"}


@dataclass(slots=True)
class Lookups:
    """How often servers must ask on for an SPF record, and the domains whose own records were not given."""

    count: int = 0
    not_known: list[str] = field(default_factory=list)

    def findings(self) -> list[Finding]:
        """What is wrong with that."""
        if self.count <= _MOST_LOOKUPS:
            return []
        return [
            fault(
                f"It needs {self.count} look-ups, and servers give up after {_MOST_LOOKUPS}.",
                "Take out what no longer sends, or name addresses with ip4: and ip6: in place of include:.",
            )
        ]


def count_lookups(record: str, included: Mapping[str, str]) -> Lookups:
    """Count with what the records that it includes ask for, as far as ``included`` (domain to record) has them."""
    found = Lookups()
    _count_lookups(record, {domain.lower(): text for domain, text in included.items()}, found)
    return found


def _count_lookups(record: str, included: Mapping[str, str], found: Lookups) -> None:
    terms = [_Term.read(word) for word in joined(record).split()[1:]]
    end = next((place for place, term in enumerate(terms) if term.is_all), None)
    for term in terms[:end]:
        if found.count > _LOOKUPS_COUNTED:
            return  # round in a circle
        if not term.looks_up:
            continue
        found.count += 1
        if term.name not in {"include", "redirect"}:
            continue
        if term.domain in included:
            _count_lookups(included[term.domain], included, found)
        elif term.domain not in found.not_known:
            found.not_known.append(term.domain)
