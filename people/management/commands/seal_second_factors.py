"""``manage.py seal_second_factors``: puts second factors under the present ``SECRET_KEY``, before an old one goes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from people.second_factors import seal_rows


class Command(BaseCommand):
    """Run it after ``SECRET_KEY`` was changed, while the old one still stands in ``SECRET_KEY_FALLBACKS``."""

    help = "Seal the secrets of authenticator apps and recovery codes by the present SECRET_KEY. Safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        """Seal them, and say how many; end with an error where a key is missing."""
        done = seal_rows()
        self.stdout.write(f"Sealed {done.sealed} anew by the present SECRET_KEY.")
        if done.unreadable:
            raise CommandError(
                f"{done.unreadable} cannot be read. Put the key of before into SECRET_KEY_FALLBACKS and run this "
                "again. If it is lost, remove those people's second factors on their pages: they set up new ones."
            )
