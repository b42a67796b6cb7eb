"""The least of a project that sends a newsletter with django-newsletter. It runs in an environment of its own."""
