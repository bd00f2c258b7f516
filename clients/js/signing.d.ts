import type { Format, Key } from './index.js';

/** A key with its name in addresses and its secret, as the server's settings have them. */
export function createKey(id: string, secret: string): Key;

/** The addresses that a token permits. Commands that it does not name are refused. */
export interface Grant {
  /** A folder with a `/` at its end, or the path of one image, as plain text. */
  prefix: string;
  /** When the token ends, in seconds since 1970. */
  expires: number;
  /** The least and the most pixels of `width` and `maxwidth`. */
  width?: [number, number];
  /** The least and the most pixels of `height` and `maxheight`. */
  height?: [number, number];
  /** The formats that may be asked for. */
  formats?: Format[];
  /** The presets that may be asked for. */
  presets?: string[];
  /** Other commands: `name=value`, or `name` with any value. */
  commands?: string[];
}

/** A token that permits a set of addresses. */
export function createToken(key: Key, grant: Grant): string;
