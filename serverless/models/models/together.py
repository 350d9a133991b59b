"""Several functions in one container: each is loaded when it is first called, and let go when memory is short."""

import ctypes
import gc
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from models.errors import ModelError, RequestError, UnknownFunctionError
from models.function import FILE_NAME, read_function
from models.service import Service

MEMORY_SHARE = 0.6
"""Of the container's memory, for loaded networks. The rest is for images, answers, and the network that comes next."""
GUESSED_FACTOR, GUESSED_BUFFERS = 3, 150 * 1024**2
"""A network that was never loaded takes so many times the bytes of its files, and so many more, until it is measured.
On the catalogue's, in MiB: SSDLite 89 with files of 13, MoveNet 74 with 9, PP-OCRv6 265 with 31."""
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""What a container may have, by version 2 and 1 of control groups."""
KIB = 1024

Load = Callable[[str], Service]


class Functions:
    """Services by the names of their functions. For one thread at a time."""

    def __init__(
        self, folders: Mapping[str, Path], load: Load, budget: int, in_use: Callable[[], int] | None = None
    ) -> None:
        """folders: of the unpacked archives. budget: bytes that loaded networks may take; in_use says how many the
        process has now."""
        self._folders, self._load, self._budget = folders, load, budget
        self._in_use = in_use or memory_in_use
        self._loaded: OrderedDict[str, Service] = OrderedDict()
        self._bytes: dict[str, int] = {}
        self._broken: dict[str, ModelError] = {}

    @property
    def names(self) -> list[str]:
        """Of all functions, loaded or not."""
        return sorted(self._folders)

    @property
    def loaded(self) -> list[str]:
        """Those in memory, the least recently used first."""
        return list(self._loaded)

    def service(self, name: str | None) -> Service:
        """The function of that name, loaded now if it is not yet; None: the only one.

        Raises UnknownFunctionError for a name of none, ModelError where its archive cannot be loaded.
        """
        name = self._known(name)
        if name not in self._loaded:
            self._make_room(self._bytes.get(name) or _guess(self._folders[name]))
            self._loaded[name] = self._read(name)
            while len(self._loaded) > 1 and self._in_use() > self._budget:
                self._let_go_of_the_oldest()
        self._loaded.move_to_end(name)
        return self._loaded[name]

    def _known(self, name: str | None) -> str:
        if name is None and len(self._folders) == 1:
            return self.names[0]
        if name is None:
            raise RequestError(
                f"this container serves {', '.join(self.names)}: name one in the header "
                "X-Amzn-SageMaker-Custom-Attributes (function=NAME)"
            )
        if name not in self._folders:
            raise UnknownFunctionError(f"function {name:.63} is not in this container; it has {', '.join(self.names)}")
        return name

    def _read(self, name: str) -> Service:
        """Loads and tries a function. One that fails beside others is tried once more without them: a GPU's memory is
        not the process's, and is known to be full only when something does not fit."""
        if name in self._broken:
            raise self._broken[name]
        before = self._in_use()
        try:
            service = self._tried(name)
        except ModelError as error:
            if not self._loaded:
                self._broken[name] = error
                raise
            logging.warning("function=%s does not load beside %s: %s", name, ", ".join(self._loaded), error)
            while self._loaded:
                self._let_go_of_the_oldest()
            return self._read(name)
        self._bytes[name] = max(0, self._in_use() - before)
        logging.info("function=%s takes %d MiB", name, self._bytes[name] // KIB**2)
        return service

    def _tried(self, name: str) -> Service:
        service = self._load(name)
        service.try_example()
        return service

    def _make_room(self, needed: int) -> None:
        """Lets go of functions until so many bytes are free in the budget, or none is left."""
        while self._loaded and self._in_use() + needed > self._budget:
            self._let_go_of_the_oldest()

    def _let_go_of_the_oldest(self) -> None:
        name, service = self._loaded.popitem(last=False)
        del service
        logging.info("function=%s is let go: memory is for others", name)
        gc.collect()
        _return_free_memory()


def folders_of(model_dir: Path) -> dict[str, Path]:
    """The unpacked archive of each function: the folder itself, or one of the name of each of several.

    Raises ModelError where a function.yaml is missing, wrong, or another function's.
    """
    folders = [path.parent for path in sorted(model_dir.glob(f"*/{FILE_NAME}"))]
    if (model_dir / FILE_NAME).exists() or not folders:
        return {read_function(model_dir / FILE_NAME).name: model_dir}
    for folder in folders:
        function = read_function(folder / FILE_NAME)
        if function.name != folder.name:
            raise ModelError(f"{folder} holds the archive of {function.name!r}: its folder must have that name")
    return {folder.name: folder for folder in folders}


def memory_budget(containers: int) -> int:
    """Bytes for the loaded networks of a container that shares its instance with others."""
    return round(min(_limits()) * MEMORY_SHARE / containers)


def _limits() -> Iterator[int]:
    yield _kib(Path("/proc/meminfo"), "MemTotal:")
    for path in map(Path, _LIMITS):
        if path.is_file() and (text := path.read_text(encoding="ascii").strip()).isdigit():
            yield int(text)


def memory_in_use() -> int:
    """Bytes of this process that the kernel cannot read from files again: weights that are mapped do not count."""
    return _kib(Path("/proc/self/status"), "RssAnon:")


def _kib(path: Path, line: str) -> int:
    texts = path.read_text(encoding="ascii").splitlines()
    return next(int(text.split()[1]) for text in texts if text.startswith(line)) * KIB


def _guess(folder: Path) -> int:
    """Bytes that an archive's networks take, by their files."""
    files = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return GUESSED_FACTOR * files + GUESSED_BUFFERS


def _return_free_memory() -> None:
    """glibc keeps what is freed; other C libraries have no such call, and return it themselves."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)
