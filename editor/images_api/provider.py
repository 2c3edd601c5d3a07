"""A provider of the Images API: where it is, how it is asked, and what it is not told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote, urlsplit

from editor.images_api.connections import DEFAULT_PORTS, PLAIN_HEADERS, Exchange, host_and_port
from editor.images_api.requested import PARAMETERS, PATHS, Operation

OPENAI_HOST = "api.openai.com"
MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Provider:
    """Where the API is served, and how long we wait for it. Times are in seconds.

    `base_url` ends in `/v1` at OpenAI, at Azure's newer API and at most others. With
    `azure_api_version` it is the Azure resource itself, and models are asked by the name of their
    deployment in the path. `deployments` gives those names (by model id, which is the name of a
    deployment that is not listed); without `azure_api_version` they are sent as the model.
    `key_header` says in which header the key goes, `edits_as` in which form edits do, and `strip`
    names parameters that are never sent.

    `read_timeout` is the longest silence: a plain edit says nothing for minutes. `overall` bounds one
    call from looking up the name to the last byte, whatever the server does. Raises ValueError,
    without quoting the key, for settings that cannot work.
    """

    base_url: str
    api_key: str = field(repr=False)
    organization: str | None = None
    project: str | None = None
    connect_timeout: float = 5.0
    read_timeout: float = 600.0
    overall: float = 600.0
    max_answer_bytes: int = 600 * MEGABYTE
    key_header: Literal["authorization", "api-key"] = "authorization"
    azure_api_version: str | None = None
    deployments: Mapping[str, str] = field(default_factory=dict, hash=False)
    edits_as: Literal["multipart", "json"] = "multipart"
    strip: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", self.base_url.strip().rstrip("/"))
        object.__setattr__(self, "api_key", self.api_key.strip())
        object.__setattr__(self, "strip", frozenset(self.strip))
        parts = urlsplit(self.base_url)
        if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
            raise ValueError("The provider's base URL must begin with http:// or https://.")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError("The provider's base URL must not hold a password, '?' or '#'.")
        # `requests` would quote an impossible header value, and so the key, in its exception.
        if not (self.api_key.isascii() and self.api_key.isprintable()):
            raise ValueError("The provider's API key contains characters that no key has.")
        if self.key_header not in ("authorization", "api-key"):
            raise ValueError("The provider's key goes in the header authorization or api-key.")
        if self.edits_as not in ("multipart", "json"):
            raise ValueError("Edits go to the provider as multipart or json.")
        if unknown := sorted(self.strip - set(PARAMETERS)):
            raise ValueError(f"These are no parameters that could be left out: {unknown}.")

    @property
    def host_and_port(self) -> tuple[str, int]:
        return host_and_port(self.base_url)

    @property
    def is_openai(self) -> bool:
        """Shut-down models are gone there; other servers go on serving them."""
        return self.host_and_port[0] == OPENAI_HOST

    @property
    def stripped(self) -> frozenset[str]:
        """What is not sent: the model has its place in the URL of an Azure deployment, and some of
        those refuse it in a form."""
        return self.strip | {"model"} if self.azure_api_version else self.strip

    def deployment(self, model: str) -> str:
        """The name by which the provider knows a model."""
        return self.deployments.get(model, model)

    def url(self, operation: Operation, model: str) -> str:
        if not self.azure_api_version:
            return self.base_url + PATHS[operation]
        if operation == "vary":  # served beside the deployments
            return self._azure_url(PATHS[operation])
        name = quote(self.deployment(model), safe="")
        return self._azure_url(f"/deployments/{name}{PATHS[operation]}")

    @property
    def models_url(self) -> str:
        return self._azure_url("/models") if self.azure_api_version else f"{self.base_url}/models"

    def headers(self) -> dict[str, str]:
        authorization = f"Bearer {self.api_key}"
        named = {
            **PLAIN_HEADERS,
            "Accept": "application/json",  # as OpenAI's own client says, for streams too
            "Authorization": authorization if self.key_header == "authorization" else None,
            "api-key": self.api_key if self.key_header == "api-key" else None,
            "OpenAI-Organization": self.organization,
            "OpenAI-Project": self.project,
        }
        return {name: value for name, value in named.items() if value}

    def exchange(self, seconds: float) -> Exchange:
        return Exchange(seconds, connect=self.connect_timeout, silence=self.read_timeout)

    def _azure_url(self, path: str) -> str:
        endpoint = self.base_url.removesuffix("/openai")
        version = quote(self.azure_api_version or "", safe="")
        return f"{endpoint}/openai{path}?api-version={version}"
