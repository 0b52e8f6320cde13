"""Run one stand-in converter as a program: `python tests/stand_ins NAME INPUT OUTPUT`."""

import os
import signal
import sys
import time
from importlib import import_module

sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main(words: list[str]) -> int:
    """Print where the operators of the model go; a stand-in may crash, hang, or print something else."""
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "converters")
    names = sorted(name[:-3] for name in os.listdir(folder) if name.endswith(".py") and name != "__init__.py")
    if len(words) != 3 or words[0] not in names:
        sys.stderr.write(f"usage: stand_ins NAME INPUT OUTPUT\nnames: {' '.join(names)}\n")
        return 2
    name, source, target = words
    with open(source, "rb") as file:
        data = file.read()
    read_graph = import_module("stand_ins.reading").read_graph
    ending = import_module("stand_ins.ending")
    converter = import_module(f"stand_ins.converters.{name}")
    try:
        taken = converter.place(read_graph(data))
    except ending.DeathError as error:
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGSEGV)
        return 1
    except ending.EndlessError:
        time.sleep(3600)
        return 1
    if hasattr(converter, "write"):
        converter.write(data, taken, target)
    else:
        sys.stdout.write("".join(f"operator {index}: {'NPU' if npu else 'CPU'}\n" for index, npu in enumerate(taken)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
