"""Who may do what in the people app."""
