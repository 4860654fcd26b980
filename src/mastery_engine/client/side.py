"""What both clients know: where to, as whom, how a call becomes a request, and what of an answer is kept."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from typing import IO, Any, Final, final

from mastery_engine import __version__
from mastery_engine.client.call import API, Call
from mastery_engine.client.errors import UnexpectedAnswer
from mastery_engine.client.flow import Answer, Broken, Random, Retries, Way
from mastery_engine.domain.errors import ConfigurationError, InvalidInput

try:
    import httpx
except ModuleNotFoundError as error:  # pragma: no cover - the tests have it
    if error.name != "httpx":
        raise
    raise ConfigurationError(
        "the client needs httpx, which is not here; add it with: pip install 'mastery-engine[client]'"
    ) from None

Token = str | Callable[[], str]
"""A token, or what gives the one that holds now, asked before every try."""
TIMEOUT_SECONDS: Final = 30.0
USUAL: Final = Retries()


@final
class Side:
    """Where to and as whom."""

    def __init__(self, server: str, token: Token | None, retries: Retries, random: Random) -> None:
        """Check the address; see `Client`."""
        if not server.startswith(("https://", "http://")):
            raise InvalidInput(f"the server {server!r} must begin with https:// or http://")
        if "@" in server:
            # Not shown: what stands before it is a password.
            raise InvalidInput("the server's address must hold no user and password; give a token")
        # The address of the API is often what is at hand; each call brings the API's path with it.
        place = server.rstrip("/").removesuffix(API).rstrip("/")
        self.way: Final = Way(place, retries, random)
        self._token = token

    @property
    def renews(self) -> bool:
        """Whether another token can be had."""
        return callable(self._token)

    def request(self, call: Call[Any], quiet_seconds: float | None = None) -> dict[str, Any]:
        """Arguments of httpx.

        Args:
            call: What is sent.
            quiet_seconds: Longest wait between two parts of the answer; None leaves the usual one.
        """
        headers = {
            "Accept": "application/json",
            "User-Agent": f"mastery-engine/{__version__}",
            **call.headers,
        }
        if call.body is not None:
            headers["Content-Type"] = call.media_type
        if self._token is not None:
            token = self._token if isinstance(self._token, str) else self._token()
            headers["Authorization"] = f"Bearer {token}"
        request: dict[str, Any] = {
            "method": call.method,
            "url": f"{self.way.server}{call.path}",
            "params": {name: value for name, value in call.query.items() if value is not None},
            "content": call.body,
            "headers": headers,
            # Also with a client of the caller's own: a token is for the server that was named.
            "follow_redirects": False,
        }
        if quiet_seconds is not None:
            request["timeout"] = httpx.Timeout(TIMEOUT_SECONDS, read=quiet_seconds)
        return request


@final
class Body:
    """What was read of an answer; longer than it may be, it is refused rather than kept."""

    def __init__(self, response: httpx.Response, most_bytes: int, into: IO[bytes] | None = None) -> None:
        """Nothing was read yet.

        Args:
            response: Its head.
            most_bytes: Longest body.
            into: Where that of a good answer goes, from its beginning; None keeps it here.
        """
        self._response = response
        self._most = most_bytes
        self._into = into if response.is_success else None
        self._read = bytearray()
        self._size = 0
        if self._into is not None:
            # A try before may have left its part.
            self._into.seek(0)
            self._into.truncate()

    def add(self, part: bytes) -> None:
        """Keep a part."""
        self._size += len(part)
        if self._size > self._most:
            raise UnexpectedAnswer(f"the answer is longer than {self._most:,} bytes")
        if self._into is None:
            self._read += part
        else:
            self._into.write(part)

    def answer(self) -> Answer:
        """The whole."""
        headers: Mapping[str, str] = {name.lower(): value for name, value in self._response.headers.items()}
        return Answer(self._response.status_code, headers, bytes(self._read))


def broken(error: httpx.RequestError) -> Broken:
    """What is told of an error: its words may hold the whole URL, and that a student's id."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = f"its certificate is not trusted ({cause.verify_message})"
            return Broken(reason, "for an authority of your own, name its file in SSL_CERT_FILE")
        cause = cause.__cause__ or cause.__context__
    return Broken(type(error).__name__)


def is_stream(response: httpx.Response, media_type: str) -> bool:
    """Whether an answer is the stream that was asked for."""
    return response.is_success and response.headers.get("content-type", "").startswith(media_type)
