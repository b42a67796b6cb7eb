"""Every write of the studies app. Each takes who does it as ``by`` and leaves that in the history."""

from studies.services.ledger import make_suggestion
from studies.services.people import put_person_on_study, take_person_off_study

__all__ = ["make_suggestion", "put_person_on_study", "take_person_off_study"]
