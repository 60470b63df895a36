#!/usr/bin/env python
"""Django's command line; `make manage ARGS=…` calls it with the local services running."""

import os
import sys

from django.core.management import execute_from_command_line

from flipdash import variables

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flipdash.settings")
    if problem := variables.main():
        sys.exit(problem)
    execute_from_command_line(sys.argv)
