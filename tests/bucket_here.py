"""An object storage on loopback that speaks S3 as far as we need it: it remembers, and it can be told to fail."""

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

KEY = "AKIDEXAMPLE"


class Bucket:
    """The bucket `evidence`. `objects` are the bytes by key, `requests` method and key; `fails_with` is a status."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.objects: dict[str, bytes] = {}
        self.requests: list[tuple[str, str]] = []
        self.fails_with: int | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What the service's environment holds for it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "test-1",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": "not a secret",
        }


@contextmanager
def bucket_here() -> Iterator[Bucket]:
    """The storage for as long as the test wants it."""
    server = _Server(("127.0.0.1", 0), _Answers)
    server.bucket = Bucket(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.bucket
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    bucket: Bucket


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self._allowed():
            self._bucket.objects[self._key] = content
            self._answer(200, b"", content)

    def do_GET(self) -> None:
        if not self._allowed():
            return
        wanted = parse_qs(urlsplit(self.path).query)
        if "list-type" in wanted:
            self._answer(200, self._listed(wanted.get("prefix", [""])[0]))
        elif self._key in self._bucket.objects:
            content = self._bucket.objects[self._key]
            self._answer(200, content, content)
        else:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def do_POST(self) -> None:
        """Several objects removed at once: `POST /bucket?delete`."""
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self._allowed():
            gone = re.findall("<Key>(.*?)</Key>", asked)
            for key in gone:
                self._bucket.objects.pop(key, None)
            named = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in gone)
            self._answer(200, f"<DeleteResult>{named}</DeleteResult>".encode())

    def log_message(self, *_: object) -> None:
        """Tests print for themselves."""

    @property
    def _bucket(self) -> Bucket:
        return self.server.bucket

    @property
    def _key(self) -> str:
        return unquote(urlsplit(self.path).path).removeprefix("/evidence").lstrip("/")

    def _allowed(self) -> bool:
        self._bucket.requests.append((self.command, self._key))
        status = self._bucket.fails_with
        if status is None and f"Credential={KEY}/" not in self.headers.get("Authorization", ""):
            status = 403
        if status is not None:
            self._answer(status, b"<Error><Code>Told</Code><Message>told to</Message></Error>")
        return status is None

    def _listed(self, prefix: str) -> bytes:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        found = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{now}</LastModified>"
            f"<ETag>&quot;1&quot;</ETag><Size>{len(content)}</Size></Contents>"
            for key, content in sorted(self._bucket.objects.items())
            if key.startswith(prefix)
        )
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>".encode()

    def _answer(self, status: int, body: bytes, content: bytes | None = None) -> None:
        self.send_response(status)
        if content is not None:
            self.send_header("ETag", f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"')
            self.send_header("Last-Modified", format_datetime(datetime.now(UTC), usegmt=True))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
