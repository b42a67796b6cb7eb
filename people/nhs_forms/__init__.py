"""What the portal's forms are made of: the mixin that gives them their buttons, and fields of several boxes.

Every app's forms may import this. How a field looks is drawn by ``templates/nhsuk``; what a field cannot say by
itself, the form says in ``field_options`` (``docs/components.md`` lists what may be said).
"""

from people.nhs_forms.boxes import NhsDateField, NhsDateInput, NhsDateTimeField, NhsDateTimeInput, nhs_formfield
from people.nhs_forms.formsets import NhsFormSetMixin
from people.nhs_forms.mixin import Folded, NhsFormMixin, section

__all__ = [
    "Folded",
    "NhsDateField",
    "NhsDateInput",
    "NhsDateTimeField",
    "NhsDateTimeInput",
    "NhsFormMixin",
    "NhsFormSetMixin",
    "nhs_formfield",
    "section",
]
