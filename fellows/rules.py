"""Who may do what in the fellows app."""
