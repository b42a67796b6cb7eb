"""Communities of practice, their associates, newsletters and events."""
