"""The typed client: every operation of the service by noun and verb, `client.accounts.pause("nora-1", reason="…")`."""

from typing import Self

from warmup.api import async_operations, operations
from warmup.api.models import Media, Upload
from warmup.transport import AsyncTransport, Patience, Transport


class Client(operations.Operations):
    """A client for one key; safe for several threads. Close it, or use it in a `with` statement.

    Raises Unsendable where URL or key are none.
    """

    def __init__(self, url: str, key: str = "", *, patience: Patience | None = None) -> None:
        self.url, self.key = url, key
        self._transport = Transport(url, key, patience or Patience())
        super().__init__(self._transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._transport.close()

    @property
    def speed(self) -> float:
        """How many times as fast the server's time runs: 1, but in a sandbox that was told otherwise."""
        return self._transport.speed

    @property
    def retry_after(self) -> float:
        """Seconds (of the server's time) after which the last answer said to ask again; 0 where it said nothing."""
        return self._transport.retry_after

    def download(self, media: Media) -> bytes:
        """The file of a delivery, checked. Raises Unreachable, BadChecksum, UnexpectedAnswer."""
        return self._transport.download(media.url or "", media.sha256)

    def put(self, form: Upload, data: bytes) -> str:
        """Uploads a file by the form that `content.upload` gave; answers its `media_key`."""
        self._transport.upload(form.url, form.fields, data)
        return form.media_key


class AsyncClient(async_operations.Operations):
    """The same, asynchronous: `await client.accounts.pause(…)`, `async for bot in client.bots.list_all()`."""

    def __init__(self, url: str, key: str = "", *, patience: Patience | None = None) -> None:
        self.url = url
        self._transport = AsyncTransport(url, key, patience or Patience())
        super().__init__(self._transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *details: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections."""
        await self._transport.close()

    async def download(self, media: Media) -> bytes:
        """The file of a delivery, checked. Raises Unreachable, BadChecksum, UnexpectedAnswer."""
        return await self._transport.download(media.url or "", media.sha256)
