"""Every write of the studies app that touches a status or more than one row."""
