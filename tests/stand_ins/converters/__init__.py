"""The stand-in converters, one a module: `place` returns for each operator whether it goes on the NPU."""
