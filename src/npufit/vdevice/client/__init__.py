"""What runs in the program that loads a driver's library: standard library only, Python 3.9 or later, any processor.

Another Python runs it without npufit: with the folder above this one on its path, this package is called `client`.
"""
