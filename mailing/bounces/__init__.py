"""What comes back: reports that a message was not delivered or not wanted, and what follows from them.

``verp`` makes the return address by which a report names its delivery, ``reports`` reads a report, ``services`` writes
it down, ``counting`` decides which addresses are suppressed, ``leaving`` tells of
those who do not want our mail, ``sources`` and ``imap`` fetch reports from mailboxes.
"""
