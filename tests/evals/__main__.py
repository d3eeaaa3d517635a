"""`make evals`, or `python -m tests.evals`."""

from __future__ import annotations

import os
import sys

from dotenv import dotenv_values

from tests.evals.run import main

if __name__ == "__main__":
    # What is set for this one call counts before what stands in the file.
    kept = {name: value for name, value in dotenv_values(".env").items() if value}
    sys.exit(main({**kept, **os.environ}))
