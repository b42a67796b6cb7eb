"""Pages of the panels app: panels, their cycles, and reviews as their members see them."""
