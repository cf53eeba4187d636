"""`cdc` and `python -m cdc`: the command line."""

from cdc.cli import run


def main() -> None:
    """Run the command line and exit with its code."""
    run()


if __name__ == "__main__":
    main()
