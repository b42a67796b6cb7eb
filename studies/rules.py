"""Who may do what in the studies app."""
