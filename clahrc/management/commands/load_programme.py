"""``manage.py load_programme FILE``: load the programme's facts."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clahrc.programme_file.loading import load
from clahrc.programme_file.schema import ProgrammeFileError, read_programme_file


class Command(BaseCommand):
    """Check a programme file whole, then load it whole; loading it again changes nothing."""

    help = "Load a programme file (JSON). It is checked first; an error names its place, and nothing is half loaded."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the file, and what to do with what staff have changed."""
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--overwrite", action="store_true", help="Take the file's values even where staff have changed them since."
        )
        parser.add_argument(
            "--replace",
            action="store_true",
            help="Take away another programme that is here first, if nobody has begun to work with it.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Load, and say what was done."""
        try:
            file, notices = read_programme_file(options["file"])
            report = load(file, overwrite=options["overwrite"], replace=options["replace"])
        except ProgrammeFileError as error:
            count = len(error.problems)
            raise CommandError(
                f"Nothing was loaded. {count} thing{'s' if count > 1 else ''} to mend:\n" + "\n".join(error.problems)
            ) from error
        for line in [*report.lines(), *notices]:
            self.stdout.write(line)
