"""What the packages of this environment take on disk, the largest first.

    python benchmarks/install_size.py [--most 550] [--rows 12]

Counts the files that each installed package lists as its own, compiled ones too; pip and
setuptools, which every environment has, are left out. With ``--most`` it ends with 1 above so
many MB.
"""

from __future__ import annotations

import argparse
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path

MEGABYTE = 2**20
LEFT_OUT = ("pip", "setuptools")


def megabytes(package: Distribution) -> float:
    """Return what a package's own files take; files that are gone take nothing."""
    places = (Path(str(package.locate_file(file))) for file in package.files or ())
    return sum(place.stat().st_size for place in places if place.is_file()) / MEGABYTE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=float, help="MB that may not be exceeded")
    parser.add_argument("--rows", type=int, default=12, help="packages that are named")
    options = parser.parse_args()
    sizes = {
        package.name: megabytes(package)
        for package in distributions()
        if package.name not in LEFT_OUT
    }
    ranked = sorted(sizes.items(), key=lambda item: -item[1])
    total, named = sum(sizes.values()), dict(ranked[: options.rows])
    print("| package | MB |\n|:--|--:|")
    for name, size in named.items():
        print(f"| {name} | {size:.0f} |")
    print(f"| {len(sizes) - len(named)} others | {total - sum(named.values()):.0f} |")
    print(f"| all {len(sizes)} | {total:.0f} |")
    if options.most is not None and total > options.most:
        sys.exit(f"{total:.0f} MB, but at most {options.most:.0f} are promised")


if __name__ == "__main__":
    main()
