"""What the Makefile calls: set-up, the supervisor behind ``make run``, the test run and the services it needs."""
