"""What people fill in on the panels app's pages: each form checks, its view calls one service."""
