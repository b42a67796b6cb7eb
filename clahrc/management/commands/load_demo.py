"""``manage.py load_demo``: fictional people who bring the loaded programme to life."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from clahrc.demo.build import DemoError, build
from clahrc.demo.cast import LOGINS


class Command(BaseCommand):
    """Make the demonstration. Refuses where ``DEBUG`` is off: its password is published."""

    help = "Add fictional people at example.org to a loaded programme, as of today. Only where DEBUG is on."

    def handle(self, *args: Any, **options: Any) -> None:
        """Build it, and name the logins."""
        if not settings.DEBUG:
            raise CommandError("load_demo makes logins with a published password, so it runs only where DEBUG=1.")
        try:
            build()
        except DemoError as error:
            raise CommandError(str(error)) from error
        self.stdout.write("Demonstration loaded. Log in as one of:")
        for login, name in LOGINS.items():
            self.stdout.write(f"  {login}@example.org  ({name})")
