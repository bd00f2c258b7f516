// Shared vectors, which the crate resizer-url and the module in Python pass too.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import test from 'node:test';

import * as module from '../index.js';
import { createKey, createToken } from '../signing.js';

const { Generator, ImageUrl, toQuery, toSemicolons } = module;
const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const vectors = JSON.parse(read('../../vectors.json'));

const camel = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());

/** The text that a case asks for: a picture, a list, or an address. */
function written(given) {
  const { key, ...options } = given.generator ?? {};
  const generator = new Generator({ ...options, key: key && createKey(key.id, key.secret) });
  let image = new ImageUrl(given.path);
  for (const [name, ...values] of given.calls) {
    image = image[camel(name)](...values);
  }
  if (given.picture) {
    const attributes = Object.fromEntries(given.picture.attributes ?? []);
    return generator.picture(image, { ...given.picture, attributes });
  }
  return given.widths || given.densities ? generator.srcset(image, given) : generator.url(image);
}

for (const [section, field] of [['urls', 'url'], ['srcsets', 'srcset'], ['pictures', 'html']]) {
  for (const given of vectors[section]) {
    test(`${section}: ${given.name}`, () => assert.equal(written(given), given[field]));
  }
}

for (const given of vectors.errors) {
  test(`error: ${given.name}`, () => assert.throws(() => written(given), RangeError));
}

for (const { name, key, grant, token } of vectors.tokens) {
  test(`token: ${name}`, () => assert.equal(createToken(createKey(key.id, key.secret), grant), token));
}

for (const { name, grant } of vectors.token_errors) {
  const key = createKey('k1', 'sixteen bytes at');
  test(`token error: ${name}`, () => assert.throws(() => createToken(key, grant), RangeError));
}

test('an address goes from one form to the other and back', () => {
  for (const { query, semicolons, encoded } of vectors.forms) {
    assert.equal(toSemicolons(query), semicolons);
    assert.equal(toQuery(semicolons), query);
    assert.equal(toQuery(encoded ?? query), query);
  }
  for (const url of vectors.form_errors.query) {
    assert.throws(() => toSemicolons(url), RangeError, url);
  }
  for (const url of vectors.form_errors.semicolons) {
    assert.throws(() => toQuery(url), RangeError, url);
  }
});

test('arguments of other types are refused', () => {
  const image = new ImageUrl('/a.jpg');
  const wrong = [
    () => image.width('400'),
    () => image.width(1.5),
    () => image.dpr('2'),
    () => image.dpr(NaN),
    () => image.crop(1, 2, 3),
    () => image.quality(80.5),
    () => image.mode('constructor'),
    () => image.flip('constructor'),
    () => image.command('note', '\ud800').encodedCommands,
    () => new Generator({ expires: 1.5 }),
    () => new Generator({ token: 'a.b.c', key: createKey('k1', 'sixteen bytes at') }),
  ];
  for (const call of wrong) {
    assert.throws(call, RangeError, call.toString());
  }
});

test('a value is not changed by its methods', () => {
  const image = new ImageUrl('/a.jpg').width(400);
  image.width(800).format('webp');
  assert.equal(new Generator().url(image), '/a.jpg?width=400');
});

test('the secret of a key is not printed', () => {
  const key = createKey('k1', 'hunter2 and more of it');
  const printed = inspect({ key, generator: new Generator({ key }) }, { depth: 9, showHidden: true });
  assert.ok(!printed.includes('hunter2') && !JSON.stringify(key).includes('hunter2'), printed);
});

test('types name all that the module has', () => {
  const types = read('../index.d.ts');
  for (const name of Object.keys(module)) {
    assert.match(types, new RegExp(`export (const|class|function) ${name}\\b`));
  }
  for (const type of [ImageUrl, Generator]) {
    for (const name of Object.getOwnPropertyNames(type.prototype)) {
      assert.match(types, new RegExp(`^  (readonly )?${name}[(:]`, 'm'), name);
    }
  }
});
