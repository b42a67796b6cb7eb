"""Who may do what in the mailing app."""
