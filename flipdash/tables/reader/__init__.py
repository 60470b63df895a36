"""From the bytes of an uploaded file to rows of text, in a process of its own with limits (trust.md U1).

`python -m reader` runs with an empty environment and none of our other modules: what reads strangers' files knows
no secrets, no database and no words. So these modules import the standard library, python-calamine and, relatively,
each other; flipdash.tables.reading starts the process, and puts what it refuses into words.
"""
