"""Every write of the fellows app that touches a status or more than one row."""
