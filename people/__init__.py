"""Users, organisations, roles, and who may do what."""
