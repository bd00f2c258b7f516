"""Image URL: a path and the commands for its image, written with types."""

from __future__ import annotations

import math
import numbers
from urllib.parse import quote

LARGEST_SIDE = 65535
"""The largest side that an address may ask for, in pixels."""

_LARGEST_NUMBER = 1e9

# Other spellings of a command. A command that is set replaces all its spellings.
_SPELLINGS = (
    ("width", "w"),
    ("height", "h"),
    ("zoom", "dpr", "dppx"),
    ("sflip", "sourceflip"),
    ("format", "thumbnail"),
    ("frame", "page"),
)

_OF_SIGNATURES = ("kid", "exp", "sig")

_MODES = ("max", "pad", "crop", "stretch", "aspectcrop")
_SCALES = ("down", "up", "both", "canvas")
_ANCHORS = tuple(y + x for y in ("top", "middle", "bottom") for x in ("left", "center", "right"))
_FLIPS = ("x", "y", "both")
_FLIP_NAMES = {"h": "x", "v": "y", "xy": "both"}
_FORMATS = ("jpg", "png", "gif", "webp", "avif", "jxl", "auto", "keep")
_FORMAT_NAMES = {"jpeg": "jpg"}


class ImageUrl:
    """A path and commands. Every method returns a new value; a wrong argument raises a ValueError."""

    def __init__(self, path: str) -> None:
        """The image at this path, which is plain text: `/café.jpg`, not `/caf%C3%A9.jpg`."""
        if not path.startswith("/") or path.startswith("//"):
            raise ValueError(f"a path begins with one slash, as in /photos/lake.jpg, and not as `{path}`")
        if any(segment in (".", "..") for segment in path.split("/")):
            raise ValueError(f"the path `{path}` has a segment of dots, which clients remove")
        self._path = path
        self._commands: tuple[tuple[str, str], ...] = ()

    def width(self, pixels: int) -> ImageUrl:
        """The width of the result, in pixels."""
        return self._side("width", pixels)

    def height(self, pixels: int) -> ImageUrl:
        """The height of the result, in pixels."""
        return self._side("height", pixels)

    def max_width(self, pixels: int) -> ImageUrl:
        """The largest width of the result, in pixels."""
        return self._side("maxwidth", pixels)

    def max_height(self, pixels: int) -> ImageUrl:
        """The largest height of the result, in pixels."""
        return self._side("maxheight", pixels)

    def mode(self, mode: str) -> ImageUrl:
        """How an image of other proportions becomes the asked size: max, pad, crop, stretch or aspectcrop."""
        return self.command("mode", _word(mode, _MODES))

    def scale(self, scale: str) -> ImageUrl:
        """Whether the image may become smaller, larger or both: down, up, both or canvas."""
        return self.command("scale", _word(scale, _SCALES))

    def anchor(self, anchor: str) -> ImageUrl:
        """Which part is kept when the image is cut, and where it stands inside of padding, such as topleft."""
        return self.command("anchor", _word(anchor, _ANCHORS))

    def anchor_at(self, x: float, y: float) -> ImageUrl:
        """The same as a point of the image: percentages from 0 to 100, from the left and from the top."""
        return self._numbers("anchor", (x, y), 0, 100)

    def crop(self, left: float, top: float, right: float, bottom: float) -> ImageUrl:
        """The window that is cut out of the source, in pixels or in the units of crop_units."""
        return self._numbers("crop", (left, top, right, bottom), -_LARGEST_NUMBER, _LARGEST_NUMBER)

    def crop_units(self, x: float, y: float) -> ImageUrl:
        """Width and height of the source in the units of crop."""
        wide = self._numbers("cropxunits", (x,), 0, _LARGEST_NUMBER)
        return wide._numbers("cropyunits", (y,), 0, _LARGEST_NUMBER)

    def crop_percent(self, left: float, top: float, right: float, bottom: float) -> ImageUrl:
        """The window that is cut out of the source, in percent."""
        return self._numbers("c", (left, top, right, bottom), -100, 100)

    def gravity(self, x: float, y: float) -> ImageUrl:
        """The point that is kept in view when the image is cut: percentages, from the left and from the top."""
        return self._numbers("c.gravity", (x, y), 0, 100)

    def zoom(self, factor: float) -> ImageUrl:
        """The factor by which the asked size is multiplied: above 0, to six decimals."""
        return self._numbers("zoom", (factor,), 0.000001, _LARGEST_NUMBER)

    def dpr(self, density: float) -> ImageUrl:
        """The same, for a screen with so many pixels per CSS pixel."""
        return self._numbers("dpr", (density,), 0.000001, _LARGEST_NUMBER)

    def source_rotate(self, degrees: float) -> ImageUrl:
        """Degrees clockwise by which the source is turned before it is cut, rounded to a multiple of 90."""
        return self._numbers("srotate", (degrees,), -_LARGEST_NUMBER, _LARGEST_NUMBER)

    def source_flip(self, flip: str) -> ImageUrl:
        """How the source is mirrored before it is cut: x, y or both."""
        return self.command("sflip", _word(flip, _FLIPS, _FLIP_NAMES))

    def rotate(self, degrees: float) -> ImageUrl:
        """Degrees clockwise by which the finished image is turned."""
        return self._numbers("rotate", (degrees,), -_LARGEST_NUMBER, _LARGEST_NUMBER)

    def flip(self, flip: str) -> ImageUrl:
        """How the finished image is mirrored: x, y or both."""
        return self.command("flip", _word(flip, _FLIPS, _FLIP_NAMES))

    def background(self, colour: str) -> ImageUrl:
        """The colour of padding and behind transparent pixels: hexadecimal digits, or a name of CSS."""
        return self.command("bgcolor", colour)

    def format(self, format: str) -> ImageUrl:
        """The format of the result: jpg, png, gif, webp, avif, jxl, auto or keep."""
        return self.command("format", format_word(format))

    def quality(self, percent: int) -> ImageUrl:
        """The quality of the result: 0 to 100."""
        return self._numbers("quality", (_whole("quality", percent),), 0, 100)

    def frame(self, number: int) -> ImageUrl:
        """One frame of an animation or page of a document, counted from 1."""
        return self._numbers("frame", (_whole("frame", number),), 1, _LARGEST_NUMBER)

    def preset(self, names: str) -> ImageUrl:
        """A set of commands that the server's plugin `presets` names, or several, separated by commas."""
        return self.command("preset", names)

    def command(self, name: str, value: object) -> ImageUrl:
        """Any command by its name, in place of all values that it had. The value is plain text."""
        if name == "":
            raise ValueError("a command has a name")
        if lower(name) in _OF_SIGNATURES:
            raise ValueError(f"the command `{name}` is written by the signature alone")
        if isinstance(value, bool):
            value = "true" if value else "false"
        pair = (name, str(value))
        same = [index for index, (given, _) in enumerate(self._commands) if _is_same(given, name)]
        if not same:
            return self._having((*self._commands, pair))
        others = (given for given in self._commands[same[0] + 1 :] if not _is_same(given[0], name))
        return self._having((*self._commands[: same[0]], pair, *others))

    def without(self, name: str) -> ImageUrl:
        """Without a command, whichever of its spellings it has."""
        return self._having(tuple(pair for pair in self._commands if not _is_same(pair[0], name)))

    def get(self, name: str) -> str | None:
        """The value of a command, whichever of its spellings it has."""
        return next((value for given, value in self._commands if _is_same(given, name)), None)

    @property
    def encoded_path(self) -> str:
        """The path, percent-encoded."""
        return _encoded(self._path, "/")

    @property
    def encoded_commands(self) -> list[str]:
        """The commands, percent-encoded: `name=value` each."""
        return [f"{_encoded(name, ',:')}={_encoded(value, ',:')}" for name, value in self._commands]

    def _having(self, commands: tuple[tuple[str, str], ...]) -> ImageUrl:
        image = ImageUrl(self._path)
        image._commands = commands
        return image

    def _side(self, name: str, pixels: int) -> ImageUrl:
        if not 1 <= _whole(name, pixels) <= LARGEST_SIDE:
            raise ValueError(f"{pixels} pixels: a side has 1 to {LARGEST_SIDE} pixels")
        return self.command(name, pixels)

    def _numbers(self, name: str, values: tuple[float, ...], least: float, most: float) -> ImageUrl:
        for number in values:
            if not _is_number(number) or not least <= number <= most:
                raise ValueError(f"`{number}` is out of range for {name}")
        return self.command(name, ",".join(map(written, values)))


def written(number: float) -> str:
    """A number with at most six decimals, without an exponent; a half is rounded up."""
    text = f"{math.floor(number * 1e6 + 0.5) / 1e6:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def format_word(format: str) -> str:
    """The name of a format in an address."""
    return _word(format, _FORMATS, _FORMAT_NAMES)


def lower(text: str) -> str:
    """In lower case, letters of ASCII only, as the server compares names."""
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def _encoded(text: str, safe: str) -> str:
    """All but the unreserved characters of RFC 3986 and the safe ones. Half of a surrogate pair is a ValueError."""
    return quote(text, safe=safe)


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _whole(name: str, number: int) -> int:
    if not isinstance(number, numbers.Integral) or isinstance(number, bool):
        raise ValueError(f"`{number}` is no whole number for {name}")
    return number


def _word(text: str, known: tuple[str, ...], names: dict[str, str] | None = None) -> str:
    found = lower(text)
    found = (names or {}).get(found, found)
    if found not in known:
        raise ValueError(f"`{text}` is not one of {', '.join(known)}")
    return found


def _is_same(one: str, other: str) -> bool:
    first, second = lower(one), lower(other)
    return first == second or any(first in names and second in names for names in _SPELLINGS)
