"""The people whom a demonstration can be looked at as. Their password is ``DEMO_PASSWORD``."""

#: (the part of the email address before @example.org, who they are)
DEMO_LOGINS: tuple[tuple[str, str], ...] = (
    ("staff", "Programme staff"),
    ("lead", "Theme lead"),
    ("team", "Study team"),
    ("fellow", "Diffusion fellow"),
    ("commissioner", "Member of the commissioners' panel"),
    ("service-user", "Member of the service user and carer panel"),
    ("scientist", "Member of the scientific committee"),
    ("chair", "Chair of the scientific committee"),
    ("convenor", "Convenor of a community"),
    ("associate", "Associate of a community"),
)
