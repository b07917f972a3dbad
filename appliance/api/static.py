"""The page: the files of the built web interface, read once, served from memory."""

import hashlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

MAX_TOTAL_BYTES = 8 << 20  # of all files and their compressed forms
IMMUTABLE = "public, max-age=31536000, immutable"

_ENCODINGS = {".br": "br", ".gz": "gzip"}  # best first
_MEDIA_TYPES = {  # the charset is added to text types
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_NOT_BUILT = (
    "The web interface has not been built. Run: python packaging/build_web.py "
    "(an installed package contains it). The API is at /schema.\n"
)


class Asset(msgspec.Struct, frozen=True):
    """One file with its compressed forms."""

    media_type: str
    cache_control: str
    etag: str
    bodies: dict[str, bytes]  # by Content-Encoding, best first, "identity" last

    def choose(self, accepted: str) -> tuple[str, bytes]:
        """Return (encoding, body), the best the Accept-Encoding header allows."""
        allowed = _allowed_encodings(accepted)
        return next(
            (encoding, body)
            for encoding, body in self.bodies.items()
            if encoding in allowed or encoding == "identity"
        )


def load_assets(folder: Path) -> dict[str, Asset]:
    """Read a built interface: URL path to file. Empty if there is no index.html."""
    if not (folder / "index.html").is_file():
        return {}
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if sum(path.stat().st_size for path in files) > MAX_TOTAL_BYTES:
        raise ValueError(f"{folder} holds more than {MAX_TOTAL_BYTES >> 20} MiB")
    assets = {
        f"/{path.relative_to(folder).as_posix()}": _load(path, folder)
        for path in files
        if path.suffix not in _ENCODINGS
    }
    assets["/"] = assets["/index.html"]
    return assets


def page_routes(folder: Path) -> Iterable[HTTPRouteHandler]:
    """Return the routes of the page, or one that says how to build it."""
    assets = load_assets(folder)
    if not assets:
        return (_not_built,)

    @get([*assets], include_in_schema=False, sync_to_thread=False)
    def page(request: Request[Any, Any, Any]) -> Response[bytes]:
        return _answer(request, assets[request.scope["path"]])

    return (page,)


@get("/", include_in_schema=False, sync_to_thread=False)
def _not_built() -> Response[bytes]:
    return Response(_NOT_BUILT.encode(), media_type="text/plain")


def _answer(request: Request[Any, Any, Any], asset: Asset) -> Response[bytes]:
    headers = {
        "cache-control": asset.cache_control,
        "etag": asset.etag,
        "vary": "accept-encoding",
    }
    if asset.etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers, media_type=asset.media_type)
    encoding, body = asset.choose(request.headers.get("accept-encoding", ""))
    if encoding != "identity":
        headers["content-encoding"] = encoding
    return Response(body, headers=headers, media_type=asset.media_type)


def _load(path: Path, folder: Path) -> Asset:
    bodies = {
        encoding: packed.read_bytes()
        for suffix, encoding in _ENCODINGS.items()
        if (packed := path.with_name(path.name + suffix)).is_file()
    }
    bodies["identity"] = path.read_bytes()
    hashed = PurePosixPath(path.relative_to(folder).as_posix()).parts[0] == "assets"
    return Asset(
        media_type=_MEDIA_TYPES.get(path.suffix, "application/octet-stream"),
        cache_control=IMMUTABLE if hashed else "no-cache",
        etag=f'W/"{hashlib.sha256(bodies["identity"]).hexdigest()[:16]}"',
        bodies=bodies,
    )


def _allowed_encodings(accepted: str) -> set[str]:
    """Read Accept-Encoding (RFC 9110, 12.5.3): names that are not given a weight of 0."""
    allowed = set()
    for item in accepted.lower().split(","):
        name, _, weight = item.partition(";")
        if weight.replace(" ", "").removeprefix("q=").rstrip("0.") or not weight:
            allowed.add(name.strip())
    return allowed
