"""Files appended to the flatbuffer: the labels that TFLite Metadata adds as a zip archive.

Interpreters do not see them, but Android's Task Library and other tools do, so they are kept.
"""

from __future__ import annotations

from io import BytesIO

from npufit.graph import Attachment

_END_OF_ARCHIVE = b"PK\x05\x06"
_END_BYTES = 22 + 65535
_MOST_BYTES = 64 << 20


def read_attachments(data: bytes) -> tuple[Attachment, ...]:
    """Return the files in a zip archive at the end of `data`.

    Nothing is returned if there is no archive, if it is damaged, or if it claims more than 64 MiB.
    """
    if _END_OF_ARCHIVE not in data[-_END_BYTES:]:
        return ()
    import zipfile
    import zlib

    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > _MOST_BYTES:
                return ()
            return tuple(Attachment(entry.filename, archive.read(entry)) for entry in entries)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        return ()


def append_attachments(data: bytes, attachments: tuple[Attachment, ...]) -> bytes:
    """Return `data` with the attachments appended as an uncompressed zip archive, as TFLite Metadata writes them."""
    if not attachments:
        return data
    import zipfile

    file = BytesIO(data)
    file.seek(0, 2)
    with zipfile.ZipFile(file, "a") as archive:
        for attachment in attachments:
            # A fixed date, so that the same model always gives the same bytes.
            archive.writestr(zipfile.ZipInfo(attachment.name, (1980, 1, 1, 0, 0, 0)), attachment.data)
    return file.getvalue()
