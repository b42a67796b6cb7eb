"""Fellow posts and the secondments that fill them."""
