"""Exchanges that can be trusted with a deadline, and with an address that somebody else chose. The only
door to `requests`.

Each exchange opens one fresh connection. Connections are never kept: a kept one may die while the
next paid request is being written to it, and then nobody could say whether that request was done.
"""

import ipaddress
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectTimeout, RequestException, SSLError, Timeout
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
)

Answer = requests.Response
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
AddressRule = Callable[[str, int, IPAddress], bool]  # (host, port, address) -> may we go there?

DEFAULT_PORTS = {"http": 80, "https": 443}
CHUNK = 64 * 1024
PLAIN_HEADERS = {
    "User-Agent": "Maskroom",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
}
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressRefused(Exception):
    """A name leads to an address where we do not go. Not an OSError, so urllib3 lets it through."""


class Cut(Exception):
    """An exchange that did not come to its end, in our words: `code` for programs, `sentence` for
    people, and the answer's status and request id as far as it came."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence
        self.status: int | None = None
        self.request_id = ""


class Exchange:
    """One request and its answer under one deadline.

    When the deadline passes, the socket is shut down from another thread, which ends any blocked
    read or write at once. Timeouts between bytes cannot do that: one byte every half second never
    reaches them.
    """

    def __init__(self, seconds: float, *, connect: float, silence: float) -> None:
        self._connect = connect
        self._ends_at = time.monotonic() + seconds
        self.silence = silence
        self.is_over = False
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def connect_seconds(self) -> float:
        """How long the next step of connecting may take (never 0, which would mean: no waiting)."""
        return max(0.01, min(self._connect, self._ends_at - time.monotonic()))

    def watch(self, opened: socket.socket) -> None:
        """From now on the deadline ends this socket."""
        with self._lock:
            self._socket = opened
            over = self.is_over
        if over:
            _shut_down(opened)

    def _end(self) -> None:
        with self._lock:
            self.is_over = True
            opened = self._socket
        if opened is not None:
            _shut_down(opened)


def send(
    method: str,
    url: str,
    exchange: Exchange,
    headers: dict[str, str],
    body: Any = None,
    rule: AddressRule | None = None,
) -> Answer:
    """The answer's head; its body is still on the line. `body` has a length and gives bytes.

    Raises Cut, and AddressRefused by `rule`.
    """
    try:
        return _session(exchange, rule or anywhere).request(
            method,
            url,
            data=body,
            headers=headers,
            timeout=(exchange.connect_seconds(), exchange.silence),
            allow_redirects=False,
            stream=True,
        )
    except (RequestException, HTTPError, OSError, UnicodeError) as error:
        # "From None", because the exceptions of `requests` carry the whole request, the key with it.
        raise _cut_by(error, exchange) from None


def receive(
    answer: Answer,
    exchange: Exchange,
    write: Callable[[bytes], None],
    *,
    max_bytes: int,
    is_late: Callable[[], bool],
) -> None:
    """Hand the answer's body to `write` as it comes. Raises Cut; what `write` raises goes through."""
    written = 0
    while chunk := _read(answer, exchange):
        write(chunk)
        written += len(chunk)
        if is_late():
            raise late()
        if written > max_bytes:
            raise too_large()
    if exchange.is_over:  # our own shutdown can look like the answer's proper end
        raise late()


def late() -> Cut:
    return Cut("deadline", "The provider took longer than we wait.")


def too_large() -> Cut:
    return Cut("too_large", "The provider's answer is too large.")


def host_and_port(url: str) -> tuple[str, int]:
    """Raises KeyError for another scheme than http(s), ValueError for a broken URL."""
    parts = urlsplit(url)
    standard = DEFAULT_PORTS[parts.scheme]
    return (parts.hostname or "").lower(), parts.port or standard


def is_public(address: IPAddress) -> bool:
    """Is this an address of the public internet, whatever it is wrapped in?

    `is_global` alone lets multicast, NAT64 (64:ff9b::/96) and 6to4 (2002::/16) wrappings of private
    addresses through, and `not is_private` alone lets 100.64.0.0/10 through.
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = _wrapped(address)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )


def anywhere(_host: str, _port: int, _address: IPAddress) -> bool:
    """The rule for the configured provider: its operator chose the address."""
    return True


def _session(exchange: Exchange, rule: AddressRule) -> requests.Session:
    """A session for one exchange: no retries, no redirects followed by themselves (the caller passes
    `allow_redirects=False`), no proxies or passwords from the environment."""
    opened = _Session()
    opened.trust_env = False
    opened.headers.clear()
    adapter = _Adapter(exchange, rule)
    opened.mount("http://", adapter)
    opened.mount("https://", adapter)
    return opened


def resolve(host: str, port: int, seconds: float) -> list[tuple[Any, ...]]:
    """`socket.getaddrinfo` that gives up after `seconds` with a TimeoutError; it has no timeout of
    its own, and a dead name server would hold the caller for half a minute."""
    found: list[Any] = []

    def look_up() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.append(error)

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(seconds)
    if not found:
        raise TimeoutError(f"looking up {host} took longer than {seconds:g} s")
    if isinstance(found[0], Exception):
        raise found[0]
    addresses: list[tuple[Any, ...]] = found[0]
    return addresses


def _read(answer: Answer, exchange: Exchange) -> bytes:
    try:
        # read1 hands over what has arrived; read would hold back up to a chunk, and lose it when
        # the connection ends early.
        chunk: bytes = answer.raw.read1(CHUNK, decode_content=True)
    except (RequestException, HTTPError, OSError, ValueError) as error:
        raise _cut_by(error, exchange) from None
    return chunk


def _cut_by(error: Exception, exchange: Exchange) -> Cut:
    if exchange.is_over:
        return late()
    if isinstance(error, ConnectTimeout):  # also a ConnectionError: asked first
        return Cut("connect_timeout", "The provider could not be reached in time.")
    if isinstance(error, Timeout | ReadTimeoutError | TimeoutError):
        return Cut("read_timeout", "The provider fell silent.")
    text = str(error)
    if "NameResolutionError" in text:
        return Cut("name_not_found", "The provider's name could not be found.")
    if "NewConnectionError" in text:
        return Cut("not_connected", "The provider could not be reached.")
    if isinstance(error, SSLError):
        return Cut("tls_failed", "The secure connection to the provider failed.")
    if "IncompleteRead" in text:
        return Cut("truncated", "The connection ended before the answer did.")
    return Cut("connection_lost", "The connection to the provider was lost.")


def _wrapped(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _shut_down(opened: socket.socket) -> None:
    with suppress(OSError):  # already closed
        # Past SSLSocket.shutdown, which would first forget the TLS state under the reader's feet.
        socket.socket.shutdown(opened, socket.SHUT_RDWR)


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Even with `allow_redirects=False`, `requests` reads the whole body of a redirect into memory
        to prepare the next request, unless there is no target."""


class _Adapter(HTTPAdapter):
    def __init__(self, exchange: Exchange, rule: AddressRule) -> None:
        self._exchange, self._rule = exchange, rule
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **kw: Any
    ) -> None:
        super().init_poolmanager(connections, maxsize, block, **kw)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = {
            "http": _pool_class(HTTPConnectionPool, HTTPConnection, self._exchange, self._rule),
            "https": _pool_class(HTTPSConnectionPool, HTTPSConnection, self._exchange, self._rule),
        }


def _pool_class(pool: Any, connection: Any, exchange: Exchange, rule: AddressRule) -> Any:
    class Connection(connection):
        def _new_conn(self) -> socket.socket:
            opened = _opened(self, exchange, rule)
            exchange.watch(opened)
            return opened

        def connect(self) -> None:
            super().connect()
            # TLS wraps the socket in another object that takes over the file descriptor.
            exchange.watch(self.sock)
            # urllib3 would hold each write of the body to the connect timeout.
            self.sock.settimeout(exchange.silence)

    return type("Pool", (pool,), {"ConnectionCls": Connection})


def _opened(connection: Any, exchange: Exchange, rule: AddressRule) -> socket.socket:
    """A socket connected to an address that the rule allows. The check and the connection use the
    same address, so a name that changes its answer in between gains nothing."""
    host, port = connection._dns_host.strip("[]"), connection.port
    try:
        found = resolve(host, port, exchange.connect_seconds())
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, str(error)) from error
    except (OSError, UnicodeError) as error:
        reason = error if isinstance(error, socket.gaierror) else socket.gaierror(str(error))
        raise NameResolutionError(host, connection, reason) from error
    for *_, target in found:
        if not rule(host, port, ipaddress.ip_address(target[0])):
            raise AddressRefused(host)
    failure: OSError = OSError("the name has no address")
    for family, kind, protocol, _name, target in found:
        opened = socket.socket(family, kind, protocol)
        try:
            opened.settimeout(exchange.connect_seconds() / len(found))
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opened.connect(target)
            opened.settimeout(exchange.connect_seconds())
            return opened
        except OSError as error:
            opened.close()
            failure = error
    if isinstance(failure, TimeoutError):
        raise ConnectTimeoutError(connection, f"connecting to {host} took too long") from failure
    raise NewConnectionError(connection, f"cannot connect to {host}: {failure}") from failure
