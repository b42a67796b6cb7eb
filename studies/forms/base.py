"""What the forms of the studies app have in common."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction

from people.models import User
from people.nhs_forms import NhsFormMixin
from studies.models import Study


class StudiesForm(NhsFormMixin, forms.Form):
    """A form about one study. It checks what was sent and calls one service; what that refuses becomes an error.

    ``study`` is None where there is none yet; ``by`` is who fills the form in.
    """

    def __init__(self, *args: Any, study: Study | None, by: User, cancel_url: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.study = study
        self.by = by
        self.cancel_url = cancel_url
        self.result: Any = None

    @property
    def the_study(self) -> Study:
        """The study, in forms that are always about one."""
        assert self.study is not None
        return self.study

    def save(self) -> bool:
        """Do what was asked, all of it or nothing. False where a service refused; the errors then say why."""
        try:
            with transaction.atomic():
                self.result = self.perform()
        except ValidationError as error:
            self.take_errors(error)
            return False
        return True

    def perform(self) -> Any:
        """Call the service and return what it returns. Raises ``ValidationError`` where it refuses."""
        raise NotImplementedError

    def take_errors(self, error: ValidationError) -> None:
        """Show each error beside the field that it is about: by its name, or else by the code of the error."""
        found = error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.error_list}
        for name, errors in found.items():
            for each in errors:
                about = name if name in self.fields else each.code
                self.add_error(about if about in self.fields else None, each)
