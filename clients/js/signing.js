// Keys of signatures, for programs that may know a secret: servers and builds, never browsers. Runs on Node, and where
// else `node:crypto` is there.

import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';

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
