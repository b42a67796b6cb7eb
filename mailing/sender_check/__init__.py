"""Whether the records by which other mail servers know a sender are in order: SPF, DKIM and DMARC, from their text.

Nothing is looked up: records are pasted from the domain's settings, also before they are published.
"""

from mailing.sender_check.dkim import check_dkim
from mailing.sender_check.dmarc import check_dmarc, check_together
from mailing.sender_check.records import Finding
from mailing.sender_check.spf import Lookups, check_spf, count_lookups

__all__ = ["Finding", "Lookups", "check_dkim", "check_dmarc", "check_spf", "check_together", "count_lookups"]
