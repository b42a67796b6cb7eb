"""The portal's own production settings, with the bare views' addresses added."""

from clahrc.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.urls"
