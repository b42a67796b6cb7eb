"""Commands of the mailing app."""
