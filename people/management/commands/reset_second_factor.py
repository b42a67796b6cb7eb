"""``manage.py reset_second_factor EMAIL``: lets the last administrator in again who has lost their second factor."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from people.models import User
from people.services import reset_second_factor


class Command(BaseCommand):
    """Remove somebody's second factor from the host. Others' are removed by an administrator on the person's page."""

    help = "Remove the authenticator app, passkeys and recovery codes of a person who has lost them; tells them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add whose it is."""
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        """Remove it, or say why not."""
        person = User.objects.filter(email__iexact=options["email"].strip()).first()
        if person is None:
            raise CommandError(f"Nobody here has the address {options['email']}.")
        try:
            reset_second_factor(user=person, by=None)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{person.email} has no second factor now, and has been told by email.")
