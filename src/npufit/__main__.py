"""`python -m npufit`, the same as the command `npufit`."""

from npufit.cli import main

if __name__ == "__main__":
    main()
