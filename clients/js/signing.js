// Keys of signatures, for programs that may know a secret: servers and builds, never browsers. Runs on Node, and where
// else `node:crypto` is there.

import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';

import { ImageUrl, LARGEST_SIDE, checkExpiry } from './index.js';

/** A key with its name in addresses and its secret, as the server's settings have them. */
export function createKey(id, secret) {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(id)) {
    throw new RangeError('the name of a key has 1 to 64 of the characters A-Z, a-z, 0-9, -, . and _');
  }
  if (typeof secret !== 'string' || Buffer.byteLength(secret) < 16) {
    throw new RangeError('the secret of a key has at least 16 bytes');
  }
  return Object.freeze({
    id,
    sign: (text) => createHmac('sha256', secret).update(text).digest('base64url'),
  });
}

/** A token that permits a set of addresses: a JSON Web Token (RFC 7519, HS256), as docs/signing.md defines it. */
export function createToken(key, { prefix, expires, width, height, formats = [], presets = [], commands = [] }) {
  // These throw for a wrong prefix, and give formats their names in addresses.
  const path = new ImageUrl(prefix);
  const words = formats.map((format) => path.format(format).get('format'));
  checkExpiry(expires);
  const resizer = { prefix };
  for (const [name, range] of Object.entries({ width, height })) {
    if (range !== undefined) {
      const [least, most] = range;
      if (!Number.isInteger(least) || !Number.isInteger(most) || least < 1 || least > most || most > LARGEST_SIDE) {
        throw new RangeError(`${least} to ${most} is no range of pixels from 1 to ${LARGEST_SIDE}`);
      }
      resizer[name] = [least, most];
    }
  }
  for (const [name, list] of Object.entries({ formats: words, presets, commands })) {
    if (list.length > 0) {
      resizer[name] = list;
    }
  }
  const parts = [{ alg: 'HS256', kid: key.id }, { exp: expires, resizer }];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${text}.${key.sign(text)}`;
}
