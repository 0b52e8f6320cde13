"""What a command printed, without what shells, banners and ssh print around it.

A command on the board writes `TOKEN begin` and `TOKEN end WORD` around its output, with a token that is new each time.
"""

from __future__ import annotations

_MOST_NOISE_BYTES = 16 << 10
_MOST_WORD_BYTES = 64


class Frame:
    """One stream: noise, the command's output up to `most_bytes`, and the word at its end."""

    def __init__(self, token: str, most_bytes: int) -> None:
        """Wait for the frame of `token`."""
        self._begin = f"{token} begin\n".encode()
        self._end = f"\n{token} end ".encode()
        self._most_bytes = most_bytes
        self._pending = b""
        self._noise = bytearray()
        self._output = bytearray()
        self.has_begun = False
        self.is_cut = False
        self.word: str | None = None

    @property
    def output(self) -> bytes:
        """Return what the command printed."""
        return bytes(self._output)

    @property
    def noise(self) -> str:
        """Return what others printed before it, in full if the command never began."""
        rest = b"" if self.has_begun else self._pending
        return (bytes(self._noise) + rest).decode("utf-8", "replace")

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the stream."""
        if self.word is not None:
            return
        self._pending += chunk
        if not self.has_begun:
            self._seek_begin()
        if self.has_begun:
            self._seek_end()

    def _seek_begin(self) -> None:
        place = self._pending.find(self._begin)
        self.has_begun = place >= 0
        kept = place if place >= 0 else max(0, len(self._pending) - len(self._begin))
        self._noise += self._pending[:kept][: _MOST_NOISE_BYTES - len(self._noise)]
        self._pending = self._pending[place + len(self._begin) :] if place >= 0 else self._pending[kept:]

    def _seek_end(self) -> None:
        place = self._pending.find(self._end)
        if place < 0:
            kept = max(0, len(self._pending) - len(self._end))
            self._keep(self._pending[:kept])
            self._pending = self._pending[kept:]
            return
        word, newline, _ = self._pending[place + len(self._end) :].partition(b"\n")
        if newline or len(word) > _MOST_WORD_BYTES:
            self._keep(self._pending[:place])
            self._pending = b""
            self.word = word[:_MOST_WORD_BYTES].decode("ascii", "replace").strip()

    def _keep(self, output: bytes) -> None:
        room = self._most_bytes - len(self._output)
        self._output += output[:room]
        self.is_cut = self.is_cut or len(output) > room
