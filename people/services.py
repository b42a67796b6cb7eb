"""Every write of the people app that touches a status or more than one row."""
