"""Every write of the communities app that touches a status or more than one row."""
