"""Stand-in converters: small programs with hidden rules, for what closed converters do and open ones do not.

    python tests/stand_ins NAME model.tflite output.tflite     # prints "operator 0: NPU" for each operator
    python tests/stand_ins                                     # lists the names

Each module of `converters` is one of them, and its docstring states its rules. npufit must find them by asking; nothing
in `src` knows of them. They read the file with the standard library alone, so that they start in 20 ms and share no
mistake with npufit.
"""
