"""Run the interference study: an alias of ``gonogo run interference`` with the same options."""

from __future__ import annotations

import sys

from gonogo.cli.main import main

if __name__ == "__main__":
    sys.argv = ["gonogo", "run", "interference", *sys.argv[1:]]
    main()
