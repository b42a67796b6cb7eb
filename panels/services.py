"""Every write of the panels app that touches a status or more than one row."""
