"""The command `flowtrain` of the wheel: the program, with the torch of this Python's environment."""
import importlib.util
import os
import pathlib
import sys


def main():
    """Becomes the program. Without a torch its launcher says what to install."""
    if not os.environ.get("FLOWTRAIN_TORCH"):
        torch = importlib.util.find_spec("torch")
        if torch is not None and torch.submodule_search_locations:
            os.environ["FLOWTRAIN_TORCH"] = list(torch.submodule_search_locations)[0]
    launcher = str(pathlib.Path(__file__).resolve().parent / "bundle/flowtrain")
    try:
        os.execv(launcher, [launcher, *sys.argv[1:]])
    except OSError as error:
        sys.exit(f"error: {launcher} cannot be started: {error.strerror}. Install the wheel again")


if __name__ == "__main__":
    main()
