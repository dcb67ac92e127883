"""The command line: ``python -m sciatrial`` and the command ``sciatrial``."""

from sciatrial.apps import main

if __name__ == "__main__":
    main()
