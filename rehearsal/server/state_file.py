"""The account between two runs of the server: everything that moto holds, in one file."""

from __future__ import annotations

import fcntl
import os
import pickle
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, cast

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from moto import __version__ as moto_version
from moto import backends
from moto.core.base_backend import BackendDict

from rehearsal.errors import UserInputError

FORMAT = 1
"""Of the file; another number is refused."""
_MAGIC = f"rehearsal account, format {FORMAT}, moto {moto_version}\n".encode()
_LOCKS = (type(threading.Lock()), type(threading.RLock()))
_PRIVATE_KEYS = (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)
_DER, _PKCS8 = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8


def private_key(der: bytes) -> Any:
    """A key from its DER, for the unpickler: the function of the library cannot be imported by its name."""
    return serialization.load_der_private_key(der, None)


def certificate(der: bytes) -> x509.Certificate:
    """A certificate from its DER, for the unpickler."""
    return x509.load_der_x509_certificate(der)


class _Pickler(pickle.Pickler):
    """Also writes what moto keeps of locks, keys and certificates."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, _LOCKS[1]):
            return threading.RLock, ()
        if isinstance(value, _LOCKS[0]):
            return threading.Lock, ()
        if isinstance(value, _PRIVATE_KEYS):
            der = value.private_bytes(_DER, _PKCS8, serialization.NoEncryption())
            return private_key, (der,)
        if isinstance(value, x509.Certificate):
            return certificate, (value.public_bytes(_DER),)
        return NotImplemented


def check_writable(path: Path) -> None:
    """Raise UserInputError now where `save` would fail later, after hours of practice."""
    if not path.parent.is_dir():
        raise UserInputError(f"--state {path}: there is no folder {path.parent}. Create it, or give another file.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise UserInputError(f"--state {path}: {path.parent} cannot be written to. Give a file in another folder.")


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Keep a second server from this file inside the block: each would write over what the other has saved.

    Raises UserInputError where another one has it.
    """
    with path.with_name(f"{path.name}.lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UserInputError(
                f"{path} is in use: another server keeps its account there. End that one first (Ctrl-C)."
            ) from error
        yield


def save(path: Path, more: Mapping[str, Any]) -> None:
    """Write the account and what else belongs to it. The file that was there stays if this fails."""
    services = {
        _module(backend): {account: dict(regions) for account, regions in backend.items()}
        for backend in list(vars(BackendDict)["_instances"])
    }
    with NamedTemporaryFile(dir=path.parent, prefix=f"{path.name}.", delete=False) as file:
        try:
            file.write(_MAGIC)
            _Pickler(file, protocol=pickle.HIGHEST_PROTOCOL).dump({"services": services, **more})
        except BaseException:
            Path(file.name).unlink()
            raise
    Path(file.name).replace(path)  # NamedTemporaryFile lets only its owner read it


def load(path: Path) -> dict[str, Any]:
    """Put the account of a file into moto; what else was saved. Raises UserInputError.

    A pickle can run code: the file must belong to the user who loads it.
    """
    try:
        if path.stat().st_uid != os.getuid():
            raise UserInputError(f"--state {path}: the file belongs to another user. Give one of your own.")
        content = path.read_bytes()
    except OSError as error:
        raise UserInputError(f"--state {path} cannot be read: {error.strerror}.") from error
    first, _, pickled = content.partition(b"\n")
    if first + b"\n" != _MAGIC:
        raise UserInputError(_refusal(path, first[:200]))
    try:
        saved: dict[str, Any] = pickle.loads(pickled)  # noqa: S301
        services = saved.pop("services")
    except Exception as error:  # damaged bytes are instructions to the unpickler, which can fail in any way
        raise UserInputError(
            f"--state {path} is damaged or of another version of this program ({type(error).__name__}: {error}): "
            "delete it to begin anew."
        ) from error
    for module, accounts in services.items():
        _put(module, accounts)
    return saved


def _refusal(path: Path, first: bytes) -> str:
    written, own = first.decode(errors="replace").strip(), _MAGIC.decode().strip()
    if not written.startswith("rehearsal account"):
        return f"--state {path} is no account that `rehearsal serve` has saved. Give another file, or delete it."
    return f"--state {path} is of another version ({written}); this one writes '{own}'. Delete it to begin anew."


def _put(module: str, accounts: Mapping[str, Mapping[str, Any]]) -> None:
    backend: Any = backends.get_backend(cast("Any", module))
    for account, regions in accounts.items():
        for region, content in regions.items():
            dict.__setitem__(backend[account], region, content)


def _module(backend: Any) -> str:
    """moto's own name of a service: ecs for moto.ecs.models."""
    return str(backend.backend.__module__.split(".")[1])
