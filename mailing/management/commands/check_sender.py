"""Checks the records by which other mail servers know the sender."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from mailing import sender_check
from mailing.sender_check import Finding

_WHERE = {
    "spf": "the return address's domain",
    "dkim": "SELECTOR._domainkey.DOMAIN",
    "dmarc": "_dmarc.DOMAIN",
}


def _of_all(name: str, records: Sequence[str], check: Callable[[str], list[Finding]]) -> list[Finding]:
    """What is wrong with the one record there should be."""
    if not records:
        return [Finding(True, "No record was given.", f"Give it with --{name}.")]
    if len(records) > 1:
        what = f"There are {len(records)} records at {_WHERE[name]}, so servers take none of them."
        return [Finding(True, what, "Keep one; merge what the others say into it.")]
    return check(records[0])


class Command(BaseCommand):
    """Says what is wrong with given SPF, DKIM and DMARC records, and how to mend it. Looks nothing up."""

    help = "Check the text of SPF, DKIM and DMARC records, with no network, and say how to mend them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The records, as they stand in the domain's settings, and the sender."""
        for name, where in _WHERE.items():
            parser.add_argument(
                f"--{name}", metavar="RECORD", action="append", help=f"the TXT record of {where}; each that begins so"
            )
        parser.add_argument(
            "--included", nargs=2, metavar=("DOMAIN", "RECORD"), action="append", default=[],
            help="the SPF record of a domain that yours includes, so that its look-ups are counted",
        )  # fmt: skip
        parser.add_argument(
            "--from", dest="sender", metavar="ADDRESS", help="the sender (left out: DEFAULT_FROM_EMAIL)"
        )
        parser.add_argument("--dkim-domain", default="", metavar="DOMAIN", help="d= of the signatures, if another")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what was found; exit status 1 if mail would be refused or could be forged."""
        sender = parseaddr(options["sender"] or settings.DEFAULT_FROM_EMAIL)[1] or str(options["sender"])
        self.stdout.write(f"Sender: {sender}")
        lookups = sender_check.count_lookups(next(iter(options["spf"] or ()), ""), dict(options["included"]))
        checks = {
            "SPF": lambda record: [*sender_check.check_spf(record), *lookups.findings()],
            "DKIM": sender_check.check_dkim,
            "DMARC": sender_check.check_dmarc,
        }
        faults = 0
        for name, check in checks.items():
            faults += self._say(name, _of_all(name.lower(), options[name.lower()] or (), check))
            if name == "SPF" and lookups.not_known:
                names = ", ".join(lookups.not_known)
                self.stdout.write(
                    f"  Look-ups: {lookups.count} of 10, without those of {names} (give its record with --included)."
                )
        together = sender_check.check_together(
            sender=sender,
            bounce_address=settings.MAIL_BOUNCE_ADDRESS,
            dkim_domain=options["dkim_domain"],
            dmarc=next(iter(options["dmarc"] or ()), ""),
        )
        faults += self._say("All together", together)
        if faults:
            raise CommandError(f"{faults} to mend before mail gets through." if faults > 1 else "1 fault to mend.")

    def _say(self, name: str, findings: list[Finding]) -> int:
        self.stdout.write(f"\n{name}: {'good' if not findings else ''}".rstrip())
        for finding in sorted(findings, key=lambda finding: not finding.is_fault):
            self.stdout.write(f"  {'Fault' if finding.is_fault else 'Better'}: {finding.what} {finding.mend}")
        return sum(finding.is_fault for finding in findings)
