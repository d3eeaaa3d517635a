"""What files need besides being written: that a new name outlasts a power failure, and that what is deleted is gone."""

from __future__ import annotations

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make new names in a folder outlast a power failure.

    Raises:
        OSError: the folder cannot be read.
    """
    # https://man7.org/linux/man-pages/man2/fsync.2.html: syncing a file says nothing of its name.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def shred(path: Path) -> None:
    """Overwrite a file and delete it.

    Raises:
        OSError: it cannot be written or deleted.
    """
    path.write_bytes(bytes(path.stat().st_size))
    path.unlink()
