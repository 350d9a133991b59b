"""glibc's allocator, configured to give memory back; another C library is left as it is."""

import ctypes

OPTIONS = {-8: 2, -3: 4 * 1024 * 1024, -1: 16 * 1024 * 1024}
"""M_ARENA_MAX, M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of mallopt(3). Left alone, glibc moves the last two up to the
size of the largest block that was ever freed, and keeps what a large image has taken; below 4 MiB, what is freed is
used again for the next body."""

_LIBRARY = ctypes.CDLL(None)


def configure() -> None:
    """Sets OPTIONS, for the process."""
    if hasattr(_LIBRARY, "mallopt"):
        for option, value in OPTIONS.items():
            _LIBRARY.mallopt(option, value)


def trim() -> None:
    """Gives back what is free in the middle of the heap, too; takes a millisecond."""
    if hasattr(_LIBRARY, "malloc_trim"):
        _LIBRARY.malloc_trim(0)
