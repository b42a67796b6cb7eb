"""What is fast, and beside what: each figure is measured in the same run as the one it is compared with."""
