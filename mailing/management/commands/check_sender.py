"""Checks the records by which other mail servers know the sender."""

from __future__ import annotations

from argparse import ArgumentParser
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from mailing import sender_check
from mailing.sender_check import Finding


class Command(BaseCommand):
    """Says what is wrong with given SPF, DKIM and DMARC records, and how to mend it. Looks nothing up."""

    help = "Check the text of SPF, DKIM and DMARC records, with no network, and say how to mend them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The records, as they stand in the domain's settings, and the sender."""
        parser.add_argument("--spf", metavar="RECORD", help="the TXT record of the return address's domain")
        parser.add_argument("--dkim", metavar="RECORD", help="the TXT record of SELECTOR._domainkey.DOMAIN")
        parser.add_argument("--dmarc", metavar="RECORD", help="the TXT record of _dmarc.DOMAIN")
        parser.add_argument(
            "--from", dest="sender", metavar="ADDRESS", help="the sender (left out: DEFAULT_FROM_EMAIL)"
        )
        parser.add_argument("--dkim-domain", default="", metavar="DOMAIN", help="d= of the signatures, if another")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what was found; exit status 1 if mail would be refused or could be forged."""
        sender = parseaddr(options["sender"] or settings.DEFAULT_FROM_EMAIL)[1] or str(options["sender"])
        self.stdout.write(f"Sender: {sender}")
        checks = {"SPF": sender_check.check_spf, "DKIM": sender_check.check_dkim, "DMARC": sender_check.check_dmarc}
        faults = 0
        for name, check in checks.items():
            record = options[name.lower()]
            if record is None:
                faults += self._say(name, [Finding(True, "No record was given.", f"Give it with --{name.lower()}.")])
            else:
                faults += self._say(name, check(record))
        together = sender_check.check_together(
            sender=sender,
            bounce_address=settings.MAIL_BOUNCE_ADDRESS,
            dkim_domain=options["dkim_domain"],
            dmarc=options["dmarc"] or "",
        )
        faults += self._say("All together", together)
        if faults:
            raise CommandError(f"{faults} to mend before mail gets through." if faults > 1 else "1 fault to mend.")

    def _say(self, name: str, findings: list[Finding]) -> int:
        self.stdout.write(f"\n{name}: {'good' if not findings else ''}".rstrip())
        for finding in sorted(findings, key=lambda finding: not finding.is_fault):
            self.stdout.write(f"  {'Fault' if finding.is_fault else 'Better'}: {finding.what} {finding.mend}")
        return sum(finding.is_fault for finding in findings)
