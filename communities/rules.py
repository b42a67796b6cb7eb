"""Who may do what in the communities app."""
