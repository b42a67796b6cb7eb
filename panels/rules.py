"""Who may do what in the panels app."""
