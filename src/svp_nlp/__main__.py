"""Start the command line. Ctrl-C in the first moments, while it still loads, ends in a sentence too."""

from __future__ import annotations

import sys


def main() -> None:
    """Load the command line and run it, with the words of the shell."""
    try:
        from svp_nlp.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write(
            "svp-nlp: interrupted; no file is half-written\n\nhint: run the same command again to go on\n"
        )
        sys.exit(1)


if __name__ == "__main__":
    main()
