"""Signed calls of AWS over kept-alive connections: credentials, addresses, signatures."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import botocore.session
from botocore.auth import SigV4Auth
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.credentials import Credentials
from botocore.regions import EndpointResolver
from yarl import URL

from gateway.errors import ConfigError

PIECE_BYTES = 128 * 1024
"""Of a body, which is encrypted and written piece by piece: as a whole it would be in memory three times."""
TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=5)
"""Of an attempt, in seconds; how long it may take in all is decided for each."""
AWS = botocore.session.Session()


@dataclass
class SignedRequest:
    """What botocore's signer reads of a request, and writes: plain dictionaries are four times as fast as its own."""

    url: str
    headers: dict[str, str]
    context: dict[str, str] = field(default_factory=dict)
    params: None = None
    method: str = "POST"


class Signer(SigV4Auth):  # type: ignore[misc]  # botocore ships no types
    """AWS's signature with a hash of the body that is known already, so that a retry does not hash again."""

    def __init__(self, credentials: Any, service: str, region: str, host: str, digest: str) -> None:
        super().__init__(credentials, service, region)
        self._host, self._digest = host, digest

    def payload(self, _: SignedRequest) -> str:
        """SHA-256 of the body, in hexadecimal."""
        return self._digest

    def headers_to_sign(self, request: SignedRequest) -> dict[str, str]:
        """All headers and the host, in small letters. None of them has spaces that the signature would leave out."""
        return {"host": self._host} | {name.lower(): value for name, value in request.headers.items()}

    def canonical_headers(self, headers: dict[str, str]) -> str:
        return "\n".join(f"{name}:{headers[name]}" for name in sorted(headers))


class Aws:
    """One pool of connections and one set of credentials for everything that the gateway calls."""

    client: aiohttp.ClientSession

    def __init__(self, region: str | None) -> None:
        self._region = region
        self._credentials: Credentials | None = None
        self._loading = asyncio.Lock()
        self._addresses: dict[str, str] = {}

    @cached_property
    def region(self) -> str:
        """Of the endpoints. Raises ConfigError where nothing names one."""
        region = self._region or AWS.get_config_variable("region")
        if not region:
            raise ConfigError("environment variable AWS_REGION is not set: set it to the endpoints' region")
        return str(region)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Keeps a pool of connections until the end."""
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=50)
        async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as self.client:
            yield

    def address(self, service: str) -> str:
        """Of a service in this region, without a slash at its end; what AWS_ENDPOINT_URL_<SERVICE> says comes first.

        botocore's table of addresses is asked, not its description of the service: that of SageMaker would take 60 MB.
        """
        if service not in self._addresses:
            own = ConfiguredEndpointProvider(AWS.full_config, AWS.get_scoped_config(), service, os.environ).provide()
            self._addresses[service] = (own or f"https://{self._host_name(service)}").rstrip("/")
        return self._addresses[service]

    def _host_name(self, service: str) -> str:
        known: dict[str, Any] | None = EndpointResolver(AWS.get_data("endpoints")).construct_endpoint(
            _PREFIXES[service],
            self.region,
            use_dualstack_endpoint=AWS.get_config_variable("use_dualstack_endpoint"),
            use_fips_endpoint=AWS.get_config_variable("use_fips_endpoint"),
        )
        if known is None:
            raise ConfigError(f"environment variable AWS_REGION is '{self.region:.60}': no partition of AWS has it")
        return str(known["hostname"])

    def signed(self, service: str, request: SignedRequest, digest: str, keys: Any) -> SignedRequest:
        """The request with AWS's headers; `digest` is the SHA-256 of its body, in hexadecimal."""
        host = urlsplit(request.url).netloc
        Signer(keys, _SIGNING_NAMES[service], self.region, host, digest).add_auth(request)
        return request

    @asynccontextmanager
    async def call(
        self, service: str, method: str, path: str, headers: Mapping[str, str], body: bytes = b"", digest: str = ""
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """One signed call, whatever it answers; `digest`: the body's SHA-256, where that is known already.

        Raises aiohttp's and botocore's errors.
        """
        digest = digest or sha256(body).hexdigest()
        own = {"X-Amz-Content-SHA256": digest} if service == "s3" else {}
        request = SignedRequest(self.address(service) + path, dict(headers) | own, method=method)
        self.signed(service, request, digest, await self.keys())
        sent = request.headers | {"Content-Length": str(len(body))}
        url, data = URL(request.url, encoded=True), pieces(body) if body else None
        proxy = proxy_for(self.address(service))
        async with self.client.request(method, url, data=data, headers=sent, timeout=TIMEOUT, proxy=proxy) as response:
            yield response

    async def keys(self) -> Any:
        """Credentials, None if there are none. Where finding or refreshing them blocks, it is done in a thread."""
        async with self._loading:
            credentials: Any = self._credentials or await asyncio.to_thread(self.load)
            self._credentials = credentials
        if getattr(credentials, "refresh_needed", bool)():  # those that never expire have no such method
            return await asyncio.to_thread(credentials.get_frozen_credentials)
        return credentials and credentials.get_frozen_credentials()

    def forget_keys(self) -> None:
        """Looks for new credentials before the next call."""
        self._credentials = None

    def load(self) -> Credentials | None:
        """As every AWS SDK finds them: environment, profile, container role, instance role."""
        return AWS.get_component("credential_provider").load_credentials()


_PREFIXES = {"sagemaker-runtime": "runtime.sagemaker", "sagemaker": "api.sagemaker", "s3": "s3"}
"""Services as AWS's table of endpoints names them."""
_SIGNING_NAMES = {"sagemaker-runtime": "sagemaker", "sagemaker": "sagemaker", "s3": "s3"}


@cache
def proxy_for(address: str) -> str | None:
    """The proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name for an address.

    aiohttp would look for itself (`trust_env`) with every call, and read ~/.netrc, too.
    """
    parts = urlsplit(address)
    return None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)


async def pieces(body: bytes) -> AsyncIterator[memoryview]:
    """A body, PIECE_BYTES at a time."""
    view = memoryview(body)
    for start in range(0, len(view), PIECE_BYTES):
        yield view[start : start + PIECE_BYTES]
