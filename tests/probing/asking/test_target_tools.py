"""NXP's converter and Teflon libraries as converters: stand-ins for both, since neither can be had here."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from npufit.probing import End, ProbeOptions, choose_converter
from npufit.probing.questions import space_of
from npufit.stacks import PlaceOptions, Unit
from npufit.vdevice import Library

_STAND_IN = Path(__file__).parents[2] / "stacks" / "neutron" / "stand_in_converter.py"
_LIBRARY = os.environ.get("LIBTEFLON", "")


def test_neutron_is_read_off_its_file() -> None:
    """Its stand-in leaves SOFTMAX on the CPU, and takes ADD into one NeutronGraph."""
    place = PlaceOptions(converter=(sys.executable, str(_STAND_IN), "--left", "SOFTMAX"))
    converter = choose_converter("imx95/neutron@3.1", ProbeOptions(place=place))
    assert (converter.name, converter.version) == ("imx95/neutron@3.1", "3.1")
    found = {
        kind: converter.convert(space.draw(space.base)).answer
        for kind, space in ((kind, space_of(kind)) for kind in ("ADD", "SOFTMAX"))
    }
    assert (found["ADD"].units, found["ADD"].graphs) == ((Unit.NPU,), 1)
    assert (found["SOFTMAX"].units, found["SOFTMAX"].graphs) == ((Unit.CPU,), 0)


def test_what_neutron_fails_with_is_an_answer(tmp_path: Path) -> None:
    for text, end in (("import sys; sys.exit('license expired')", End.ERROR), ("import os; os.abort()", End.CRASH)):
        tool = tmp_path / f"{end}.py"
        tool.write_text(text)
        place = PlaceOptions(converter=(sys.executable, str(tool)))
        space = space_of("ADD")
        found = choose_converter("imx95/neutron", ProbeOptions(place=place)).convert(space.draw(space.base)).answer
        assert (found.end, found.units) == (end, ())
        assert ("license expired" if end is End.ERROR else "SIGABRT") in found.message


@pytest.mark.skipif(not _LIBRARY, reason="LIBTEFLON names no libteflon.so")
def test_a_real_library_takes_what_it_takes() -> None:
    place = PlaceOptions(library=Library(Path(_LIBRARY)), time_limit_s=60.0)
    converter = choose_converter("imx93/teflon", ProbeOptions(place=place))
    add, exponential = space_of("ADD"), space_of("EXP")
    assert converter.version
    assert converter.convert(add.draw(add.base)).answer.units == (Unit.NPU,)
    assert converter.convert(exponential.draw(exponential.base)).answer.units == (Unit.CPU,)
