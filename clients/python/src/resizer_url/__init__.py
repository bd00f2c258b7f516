"""URL generator: writes the addresses of images with commands, signatures, hosts of a CDN, srcset and <picture>.

For programs that link to images. The crate resizer-url and the module in JavaScript write the same addresses, which
clients/vectors.json tests. Only Python's own library is needed.
"""

from ._generator import Generator, Key, to_query, to_semicolons
from ._image_url import LARGEST_SIDE, ImageUrl

__all__ = ["LARGEST_SIDE", "Generator", "ImageUrl", "Key", "to_query", "to_semicolons"]
