"""A local provider that speaks the Images API: for laptops, tests and drills."""

import os
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import cast, get_args

from editor.images_api.catalogue import load
from editor.images_api.entries import Model
from editor.imaging.filling import Drift
from editor.sandbox import rates
from editor.sandbox.calls import Calls
from editor.sandbox.faults import Schedule
from editor.sandbox.handlers import Handler
from editor.sandbox.pictures import Painter
from editor.sandbox.rates import Rate
from editor.sandbox.results import Results

URL_LIFETIME = 3600.0
KEEP_ALIVE = 5.0

VARIABLES = """\
SANDBOX_KEY         the bearer key that callers must send (sandbox)
SANDBOX_DIR         where the pictures behind result URLs are kept (a temporary folder)
SANDBOX_URL_TTL     seconds that result URLs live (3600)
SANDBOX_DRIFT       off, mild or strong: how much models that render anew change the rest (mild)
SANDBOX_DELAY       seconds that every call takes besides the work (0)
SANDBOX_KEEP_ALIVE  seconds of silence in a stream after which a comment is sent (5)
SANDBOX_RATE        how often may be asked, such as 5/minute; more is refused with 429 (100000/minute)
SANDBOX_RETIRED     serve, or refuse: models past their shutdown date are unknown then (serve)
SANDBOX_FAULT       what goes wrong with successive calls, such as 500,ok (nothing)
CATALOGUE_FILE      a file with further models, laid over the catalogue (none)
"""


@dataclass(frozen=True)
class Options:
    """How a sandbox behaves. `directory` keeps the files of result URLs; None: a temporary one."""

    key: str = "sandbox"
    url_ttl: float = URL_LIFETIME  # seconds
    drift: Drift = "mild"  # of the models that render the whole picture anew
    fault: str = ""
    delay: float = 0.0  # seconds that every call takes besides the work
    directory: Path | None = None
    keep_alive: float = KEEP_ALIVE  # seconds of silence in a stream before a comment is sent
    rate: Rate = rates.PLENTY
    refuses_retired: bool = False  # models past their shutdown date
    catalogue: Path | None = None  # a file laid over the catalogue


def options_from(environment: Mapping[str, str]) -> Options:
    """The options that VARIABLES give. Raises ValueError with a sentence."""
    drift = environment.get("SANDBOX_DRIFT") or "mild"
    if drift not in get_args(Drift):
        raise ValueError(f"SANDBOX_DRIFT must be off, mild or strong, not {drift!r}.")
    fault = environment.get("SANDBOX_FAULT", "")
    Schedule(fault)
    retired = environment.get("SANDBOX_RETIRED") or "serve"
    if retired not in ("serve", "refuse"):
        raise ValueError(f"SANDBOX_RETIRED must be serve or refuse, not {retired!r}.")
    return Options(
        key=environment.get("SANDBOX_KEY") or "sandbox",
        url_ttl=_seconds(environment, "SANDBOX_URL_TTL", URL_LIFETIME),
        drift=cast(Drift, drift),
        fault=fault,
        delay=_seconds(environment, "SANDBOX_DELAY", 0.0),
        directory=_path(environment, "SANDBOX_DIR"),
        keep_alive=_seconds(environment, "SANDBOX_KEEP_ALIVE", KEEP_ALIVE) or KEEP_ALIVE,
        rate=_rate(environment),
        refuses_retired=retired == "refuse",
        catalogue=_path(environment, "CATALOGUE_FILE"),
    )


class Server(ThreadingHTTPServer):
    """One thread per connection. Raises OSError where the port is taken."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, host: str, port: int, options: Options) -> None:
        self.options = options
        self.catalogue = load(options.catalogue)
        self.calls = Calls()
        self.bucket = rates.Bucket(options.rate)
        self.faults = Schedule(options.fault)
        self.painter = Painter(options.drift)
        self.stopping = threading.Event()
        self._temporary = (
            None if options.directory else tempfile.TemporaryDirectory(prefix="sandbox-")
        )
        folder = options.directory or Path(self._temporary.name)  # type: ignore[union-attr]
        self.results = Results(folder, options.url_ttl)
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), Handler)

    @property
    def base_url(self) -> str:
        host = str(self.server_address[0])
        return f"http://{f'[{host}]' if ':' in host else host}:{self.server_port}/v1"

    def served_models(self) -> list[Model]:
        models = self.catalogue.models()
        if not self.options.refuses_retired:
            return models
        return [model for model in models if not model.is_shut_down(self.today())]

    @staticmethod
    def today() -> date:
        return datetime.now(UTC).date()

    def server_bind(self) -> None:
        # HTTPServer would ask the name service for this machine's full name, which may take long.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "sandbox", self.server_address[1]

    def server_close(self) -> None:
        self.stopping.set()
        super().server_close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away are ordinary here; anything else is worth a traceback."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def serve(port: int, *, host: str = "127.0.0.1", options: Options | None = None) -> None:
    """Serve until interrupted. Raises OSError where the port is taken."""
    with Server(host, port, options or options_from(os.environ)) as server:
        print(f"The sandbox provider serves {server.base_url}", flush=True)
        with suppress(KeyboardInterrupt):
            server.serve_forever(poll_interval=0.2)


@contextmanager
def serving(
    port: int = 0, *, host: str = "127.0.0.1", key: str = "sandbox", options: Options | None = None
) -> Iterator[str]:
    """A sandbox in a thread of this process, on a free port; gives its base URL."""
    with running(port, host=host, options=options or Options(key=key)) as server:
        yield server.base_url


@contextmanager
def running(port: int = 0, *, host: str = "127.0.0.1", options: Options) -> Iterator[Server]:
    """As `serving`, and gives the server itself."""
    with Server(host, port, options) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            server.shutdown()
            thread.join()


def _path(environment: Mapping[str, str], name: str) -> Path | None:
    text = environment.get(name)
    return Path(text) if text else None


def _rate(environment: Mapping[str, str]) -> Rate:
    text = environment.get("SANDBOX_RATE")
    try:
        return rates.parse(text) if text else rates.PLENTY
    except ValueError as error:
        raise ValueError(f"SANDBOX_RATE: {error}") from None


def _seconds(environment: Mapping[str, str], name: str, default: float) -> float:
    try:
        seconds = float(environment.get(name) or default)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 10**9:
        raise ValueError(f"{name} must be a number of seconds, not {environment[name]!r}.")
    return seconds
