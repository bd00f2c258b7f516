"""Shared vectors, which the crate resizer-url and the module in JavaScript pass too."""

import json
import unittest
from pathlib import Path

from resizer_url import Generator, ImageUrl, Key, to_query, to_semicolons

VECTORS = json.loads((Path(__file__).parents[2] / "vectors.json").read_text("utf-8"))


def written(given: dict) -> str:
    """The text that a case asks for: a picture, a list, or an address."""
    settings = dict(given.get("generator", {}))
    if "key" in settings:
        settings["key"] = Key(**settings["key"])
    generator = Generator(**settings)
    image = ImageUrl(given["path"])
    for name, *values in given["calls"]:
        image = getattr(image, name)(*values)
    if "picture" in given:
        parts = dict(given["picture"])
        return generator.picture(image, **{**parts, "attributes": dict(parts.get("attributes", []))})
    listed = {name: given[name] for name in ("widths", "densities") if name in given}
    return generator.srcset(image, **listed) if listed else generator.url(image)


class Vectors(unittest.TestCase):
    def test_vectors_are_written_as_they_stand(self) -> None:
        for section, field in (("urls", "url"), ("srcsets", "srcset"), ("pictures", "html")):
            for given in VECTORS[section]:
                with self.subTest(given["name"]):
                    self.assertEqual(written(given), given[field])

    def test_faults_are_errors(self) -> None:
        for given in VECTORS["errors"]:
            with self.subTest(given["name"]), self.assertRaises(ValueError):
                written(given)

    def test_tokens_are_written_as_they_stand(self) -> None:
        for given in VECTORS["tokens"]:
            with self.subTest(given["name"]):
                self.assertEqual(Key(**given["key"]).token(**given["grant"]), given["token"])
        for given in VECTORS["token_errors"]:
            with self.subTest(given["name"]), self.assertRaises(ValueError):
                Key("k1", "sixteen bytes at").token(**given["grant"])

    def test_address_goes_from_one_form_to_the_other_and_back(self) -> None:
        for forms in VECTORS["forms"]:
            self.assertEqual(to_semicolons(forms["query"]), forms["semicolons"])
            self.assertEqual(to_query(forms["semicolons"]), forms["query"])
            self.assertEqual(to_query(forms.get("encoded", forms["query"])), forms["query"])
        for url in VECTORS["form_errors"]["query"]:
            with self.subTest(url), self.assertRaises(ValueError):
                to_semicolons(url)
        for url in VECTORS["form_errors"]["semicolons"]:
            with self.subTest(url), self.assertRaises(ValueError):
                to_query(url)

    def test_arguments_of_other_types_are_refused(self) -> None:
        image = ImageUrl("/a.jpg")
        wrong = (
            lambda: image.width("400"),
            lambda: image.width(True),
            lambda: image.width(1.5),
            lambda: image.dpr("2"),
            lambda: image.dpr(float("nan")),
            lambda: image.quality(80.5),
            lambda: image.command("note", "\ud800").encoded_commands,
            lambda: Generator(expires=1.5),
            lambda: Generator(token="a.b.c", key=Key("k1", "sixteen bytes at")),
        )
        for number, call in enumerate(wrong):
            with self.subTest(number), self.assertRaises(ValueError):
                call()

    def test_value_is_not_changed_by_its_methods(self) -> None:
        image = ImageUrl("/a.jpg").width(400)
        image.width(800).format("webp")
        self.assertEqual(Generator().url(image), "/a.jpg?width=400")

    def test_secret_of_a_key_is_not_printed(self) -> None:
        self.assertNotIn("hunter2", repr(Key("k1", "hunter2 and more of it")))


if __name__ == "__main__":
    unittest.main()
