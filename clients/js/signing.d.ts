import type { Key } from './index.js';

/** A key with its name in addresses and its secret, as the server's settings have them. */
export function createKey(id: string, secret: string): Key;
