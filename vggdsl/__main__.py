"""``python -m vggdsl``."""

from vggdsl.cli import run

if __name__ == "__main__":
    run()
