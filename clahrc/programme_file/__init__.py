"""A programme file: the facts of one CLAHRC as JSON, read, checked whole and loaded all or nothing."""
