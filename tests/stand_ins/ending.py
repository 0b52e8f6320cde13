"""How a stand-in ends badly. As a program it really does; in a test's process the exception is its answer."""


class DeathError(Exception):
    """The program is killed by a signal; the message is its last words."""


class EndlessError(Exception):
    """The program does not end."""
