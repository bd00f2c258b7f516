"""Generator: the settings of a site's addresses (hosts, form, key), and addresses and markup under them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import unquote

from ._image_url import LARGEST_SIDE, ImageUrl, format_word, lower, written

_LATEST_EXPIRY = 999_999_999_999

_MEDIA_TYPES = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "jxl": "image/jxl",
}

_REFERENCES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


class Key:
    """A key of signatures: its name, which an address shows, and its secret, which nothing shows."""

    def __init__(self, id: str, secret: str) -> None:
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", id):
            raise ValueError("the name of a key has 1 to 64 of the characters A-Z, a-z, 0-9, -, . and _")
        if len(secret.encode()) < 16:
            raise ValueError("the secret of a key has at least 16 bytes")
        self.id = id
        self._secret = secret

    def sign(self, text: str) -> str:
        """HMAC-SHA256 of a text in UTF-8, in base64url without padding."""
        return _base64(hmac.new(self._secret.encode(), text.encode(), hashlib.sha256).digest())

    def token(
        self,
        *,
        prefix: str,
        expires: int,
        width: tuple[int, int] | None = None,
        height: tuple[int, int] | None = None,
        formats: Iterable[str] = (),
        presets: Iterable[str] = (),
        commands: Iterable[str] = (),
    ) -> str:
        """
        A token that permits a set of addresses: a JSON Web Token (RFC 7519, HS256), as docs/signing.md defines it.
        Commands that it does not name are refused.

        prefix: a folder with a `/` at its end, or the path of one image, as plain text.
        expires: when the token ends, in seconds since 1970.
        width, height: the least and the most pixels.
        formats, presets: those that may be asked for.
        commands: others, `name=value`, or `name` with any value.
        """
        ImageUrl(prefix)
        _check_expiry(expires)
        granted: dict[str, object] = {"prefix": prefix}
        for name, range in (("width", width), ("height", height)):
            if range is not None:
                least, most = range
                if not 1 <= least <= most <= LARGEST_SIDE:
                    raise ValueError(f"{least} to {most} is no range of pixels from 1 to {LARGEST_SIDE}")
                granted[name] = [least, most]
        words = [format_word(format) for format in formats]
        for name, listed in (("formats", words), ("presets", list(presets)), ("commands", list(commands))):
            if listed:
                granted[name] = listed
        parts = ({"alg": "HS256", "kid": self.id}, {"exp": expires, "resizer": granted})
        texts = (json.dumps(part, ensure_ascii=False, separators=(",", ":")) for part in parts)
        text = ".".join(_base64(part.encode()) for part in texts)
        return f"{text}.{self.sign(text)}"

    def __repr__(self) -> str:
        return f"Key(id={self.id!r})"


class Generator:
    """The settings of addresses. Without any, an address begins with its path and is not signed."""

    def __init__(
        self,
        *,
        bases: Iterable[str] = (),
        semicolons: bool = False,
        key: Key | None = None,
        token: str | None = None,
        expires: int | None = None,
    ) -> None:
        """
        bases: the beginnings of addresses. Of several, the path of an image chooses one, and always the same.
        semicolons: whether commands stand behind semicolons in the path, as the plugin `cloudfront` reads them.
        key: signs every address.
        token: stands in every address in place of a signature; one of Key.token.
        expires: when signatures end, in seconds since 1970.
        """
        if token is not None and (key is not None or not re.fullmatch(r"[A-Za-z0-9._-]+", token)):
            raise ValueError("a token has the characters of a JSON Web Token, and stands in place of a key")
        if expires is not None:
            _check_expiry(expires)
        self._bases = [_base(text) for text in bases]
        self._semicolons = semicolons
        self._key = key
        self._token = token
        self._expires = expires

    def url(self, image: ImageUrl) -> str:
        """The address of an image."""
        path, commands = image.encoded_path, image.encoded_commands
        if self._key is not None:
            commands = _signed(self._key, path, commands, self._expires)
        elif self._token is not None:
            commands.append(f"URISigningPackage={self._token}")
        query = path + ("?" if commands else "") + "&".join(commands)
        return _choose(self._bases, path) + (to_semicolons(query) if self._semicolons else query)

    def srcset(
        self,
        image: ImageUrl,
        *,
        widths: Iterable[int] | None = None,
        densities: Iterable[float] | None = None,
    ) -> str:
        """The value of an attribute `srcset`, not yet escaped for HTML. With widths, a height keeps its proportion."""
        if widths is not None:
            listed = [f"{self._candidate(_at_width(image, width))} {width}w" for width in widths]
        else:
            listed = [f"{self._candidate(image.dpr(density))} {written(density)}x" for density in densities or ()]
        if not listed:
            raise ValueError("the list of widths or densities is empty")
        return ", ".join(listed)

    def picture(
        self,
        image: ImageUrl,
        *,
        formats: Iterable[str],
        widths: Iterable[int] | None = None,
        densities: Iterable[float] | None = None,
        sizes: str | None = None,
        alt: str = "",
        attributes: Mapping[str, object] | None = None,
    ) -> str:
        """A `<picture>` element, on one line. The last format is that of `<img>`."""
        words = [format_word(format) for format in formats]
        if not words or any(format not in _MEDIA_TYPES for format in words):
            raise ValueError("a picture needs formats with a media type, such as webp and jpg")
        widths = None if widths is None else list(widths)
        densities = None if densities is None else list(densities)
        listed = widths is not None or densities is not None
        sizes_text = "" if sizes is None else _attribute("sizes", sizes)

        def srcset(of: ImageUrl) -> str:
            return self.srcset(of, widths=widths, densities=densities) if listed else self._candidate(of)

        html = "<picture>"
        for format in words[:-1]:
            media_type = _attribute("type", _MEDIA_TYPES[format])
            html += f"<source{media_type}{_attribute('srcset', srcset(image.format(format)))}{sizes_text}>"
        last = image.format(words[-1])
        alone = _at_width(last, max(widths)) if widths and last.get("width") is None else last
        html += "<img" + _attribute("src", self.url(alone))
        if listed:
            html += _attribute("srcset", srcset(last)) + sizes_text
        html += _attribute("alt", alt)
        for name, value in (attributes or {}).items():
            if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9-]*", name) or lower(name) in ("src", "srcset", "sizes", "alt"):
                raise ValueError(f"`{name}` is no name of a further attribute")
            html += _attribute(name, value)
        return html + "></picture>"

    def _candidate(self, image: ImageUrl) -> str:
        """An address in a list: browsers remove commas from its end."""
        return re.sub(r",\Z", "%2C", self.url(image))


def to_semicolons(url: str) -> str:
    """The address with its commands behind semicolons, as the plugin `cloudfront` reads them."""
    path, _, query = url.partition("?")
    if re.search(r"(?i);|%3b|%3f", path) or re.search(r"[;?]", query):
        raise ValueError(f"`{url}` has a ; or ? that an address with commands behind semicolons cannot have")
    return path + (";" if query else "") + query.replace("%", "%25").replace("&", ";")


def to_query(url: str) -> str:
    """The address with its commands behind a question mark."""
    found = re.search(r"(?i);|%3b", url)
    if found is None or "?" in url[: found.start()]:
        return url
    commands = url[found.end() :]
    decoded = unquote(commands, errors="replace")
    is_escaped = re.fullmatch(r"(?:[^%?]|%[0-9A-Fa-f]{2})*", commands)
    if not is_escaped or not re.fullmatch(r"[!-~]*", decoded) or re.search(r"[?#]", decoded):
        raise ValueError(f"`{url}` has characters in its commands that no query has")
    return url[: found.start()] + ("?" if decoded else "") + decoded.replace(";", "&")


def _signed(key: Key, path: str, commands: list[str], expires: int | None) -> list[str]:
    """Commands with `kid`, `exp` and `sig`, as the server's page docs/signing.md defines them."""
    if "%3B" in path:
        raise ValueError(f"the path `{path}` has a ;, so that it cannot be signed")
    commands = [*commands, f"kid={key.id}"]
    if expires is not None:
        commands.append(f"exp={expires}")
    # All characters are ASCII, so that the order of characters is that of bytes.
    pairs = sorted(command.split("=") for command in commands)
    text = path + "?" + "&".join("=".join(pair) for pair in pairs)
    return [*commands, f"sig={key.sign(text)}"]


def _check_expiry(expires: int) -> None:
    if not isinstance(expires, int) or not 0 <= expires <= _LATEST_EXPIRY:
        raise ValueError(f"{expires} is no time in seconds since 1970")


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _base(text: str) -> str:
    if not re.match(r"https?://[^/:]", text) or not re.fullmatch(r"[!-~]+", text) or re.search(r"[?#;\\\"'<>]", text):
        raise ValueError(f"a base is a scheme and a host, as in https://images.example.org, and not `{text}`")
    return text.rstrip("/")


def _choose(bases: list[str], path: str) -> str:
    """The base with the largest weight for this path (rendezvous hashing); of two equal weights, the first."""
    weight: Callable[[str], int] = lambda base: _weight(base + path)
    return max(bases, key=weight, default="")


def _weight(text: str) -> int:
    """FNV-1a, 32 bits, mixed as in the last step of MurmurHash3."""
    hash = 0x811C9DC5
    for byte in text.encode():
        hash = (hash ^ byte) * 0x01000193 & 0xFFFFFFFF
    hash = (hash ^ hash >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    hash = (hash ^ hash >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return hash ^ hash >> 16


def _at_width(image: ImageUrl, width: int) -> ImageUrl:
    """The image at another width. Its height keeps its proportion to the width, rounded, and is at least 1."""

    def side(name: str) -> int:
        value = image.get(name) or ""
        return int(value) if re.fullmatch(r"[0-9]+", value) else 0

    old, height = side("width"), side("height")
    if old > 0 and image.get("height") is not None:
        image = image.height(max((2 * height * width + old) // (2 * old), 1))
    return image.width(width)


def _attribute(name: str, value: object) -> str:
    return f' {name}="{str(value).translate(_REFERENCES)}"'
