"""Pages of the studies app: each fetches what the user may see, checks, binds a form, calls it and redirects."""
