// URL generator: writes the addresses of images with commands, signatures, hosts of a CDN, srcset and <picture>.
//
// For pages and servers that link to images. Needs nothing of Node, so that it runs in browsers too: keys for
// signatures come from ./signing.js. The crate resizer-url writes the same addresses, which ../vectors.json tests.

/** The largest side that an address may ask for, in pixels. */
export const LARGEST_SIDE = 65535;

const LARGEST_NUMBER = 1e9;
const LATEST_EXPIRY = 999_999_999_999;

/** Other spellings of a command. A command that is set replaces all its spellings. */
const SPELLINGS = [
  ['width', 'w'],
  ['height', 'h'],
  ['zoom', 'dpr', 'dppx'],
  ['sflip', 'sourceflip'],
  ['format', 'thumbnail'],
  ['frame', 'page'],
];

const OF_SIGNATURES = ['kid', 'exp', 'sig'];

const MODES = ['max', 'pad', 'crop', 'stretch', 'aspectcrop'];
const SCALES = ['down', 'up', 'both', 'canvas'];
const ANCHORS = [
  'topleft', 'topcenter', 'topright',
  'middleleft', 'middlecenter', 'middleright',
  'bottomleft', 'bottomcenter', 'bottomright',
];
const FLIPS = ['x', 'y', 'both'];
const FLIP_NAMES = { h: 'x', v: 'y', xy: 'both' };
const FORMATS = ['jpg', 'png', 'gif', 'webp', 'avif', 'jxl', 'auto', 'keep'];
const FORMAT_NAMES = { jpeg: 'jpg' };
const MEDIA_TYPES = {
  jpg: 'image/jpeg',
  png: 'image/png',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  jxl: 'image/jxl',
};

/** A path and commands. Every method returns a new value; a wrong argument throws a RangeError. */
export class ImageUrl {
  #path;
  #commands;

  /** The image at this path, which is plain text: `/café.jpg`, not `/caf%C3%A9.jpg`. */
  constructor(path) {
    path = String(path);
    if (!path.startsWith('/') || path.startsWith('//')) {
      throw new RangeError(`a path begins with one slash, as in /photos/lake.jpg, and not as ${quoted(path)}`);
    }
    if (path.split('/').some((segment) => segment === '.' || segment === '..')) {
      throw new RangeError(`the path ${quoted(path)} has a segment of dots, which clients remove`);
    }
    this.#path = path;
    this.#commands = [];
  }

  width(pixels) {
    return this.#side('width', pixels);
  }

  height(pixels) {
    return this.#side('height', pixels);
  }

  maxWidth(pixels) {
    return this.#side('maxwidth', pixels);
  }

  maxHeight(pixels) {
    return this.#side('maxheight', pixels);
  }

  mode(mode) {
    return this.command('mode', word(mode, MODES));
  }

  scale(scale) {
    return this.command('scale', word(scale, SCALES));
  }

  anchor(anchor) {
    return this.command('anchor', word(anchor, ANCHORS));
  }

  anchorAt(x, y) {
    return this.#numbers('anchor', [x, y], 0, 100);
  }

  crop(left, top, right, bottom) {
    return this.#numbers('crop', [left, top, right, bottom], -LARGEST_NUMBER, LARGEST_NUMBER);
  }

  cropUnits(x, y) {
    return this.#numbers('cropxunits', [x], 0, LARGEST_NUMBER).#numbers('cropyunits', [y], 0, LARGEST_NUMBER);
  }

  cropPercent(left, top, right, bottom) {
    return this.#numbers('c', [left, top, right, bottom], -100, 100);
  }

  gravity(x, y) {
    return this.#numbers('c.gravity', [x, y], 0, 100);
  }

  zoom(factor) {
    return this.#numbers('zoom', [factor], 0.000001, LARGEST_NUMBER);
  }

  dpr(density) {
    return this.#numbers('dpr', [density], 0.000001, LARGEST_NUMBER);
  }

  sourceRotate(degrees) {
    return this.#numbers('srotate', [degrees], -LARGEST_NUMBER, LARGEST_NUMBER);
  }

  sourceFlip(flip) {
    return this.command('sflip', word(flip, FLIPS, FLIP_NAMES));
  }

  rotate(degrees) {
    return this.#numbers('rotate', [degrees], -LARGEST_NUMBER, LARGEST_NUMBER);
  }

  flip(flip) {
    return this.command('flip', word(flip, FLIPS, FLIP_NAMES));
  }

  background(colour) {
    return this.command('bgcolor', colour);
  }

  format(format) {
    return this.command('format', formatWord(format));
  }

  quality(percent) {
    return this.#numbers('quality', [whole('quality', percent)], 0, 100);
  }

  frame(number) {
    return this.#numbers('frame', [whole('frame', number)], 1, LARGEST_NUMBER);
  }

  preset(names) {
    return this.command('preset', names);
  }

  /** Any command by its name, in place of all values that it had. The value is plain text. */
  command(name, value) {
    name = String(name);
    if (name === '') {
      throw new RangeError('a command has a name');
    }
    if (OF_SIGNATURES.includes(lower(name))) {
      throw new RangeError(`the command ${quoted(name)} is written by the signature alone`);
    }
    const pair = [name, String(value)];
    const first = this.#commands.findIndex(([given]) => isSame(given, name));
    if (first < 0) {
      return this.#having([...this.#commands, pair]);
    }
    const others = this.#commands.slice(first + 1).filter(([given]) => !isSame(given, name));
    return this.#having([...this.#commands.slice(0, first), pair, ...others]);
  }

  /** Without a command, whichever of its spellings it has. */
  without(name) {
    return this.#having(this.#commands.filter(([given]) => !isSame(given, String(name))));
  }

  /** The value of a command, whichever of its spellings it has. */
  get(name) {
    return this.#commands.find(([given]) => isSame(given, String(name)))?.[1];
  }

  /** The path, percent-encoded. */
  get encodedPath() {
    return this.#path.split('/').map(encoded).join('/');
  }

  /** The commands, percent-encoded: `name=value` each. */
  get encodedCommands() {
    return this.#commands.map(([name, value]) => `${encodedCommand(name)}=${encodedCommand(value)}`);
  }

  #having(commands) {
    const image = new ImageUrl(this.#path);
    image.#commands = commands;
    return image;
  }

  #side(name, pixels) {
    if (!Number.isInteger(pixels) || pixels < 1 || pixels > LARGEST_SIDE) {
      throw new RangeError(`${pixels} pixels: a side has 1 to ${LARGEST_SIDE} pixels`);
    }
    return this.command(name, pixels);
  }

  #numbers(name, numbers, least, most) {
    for (const number of numbers) {
      if (typeof number !== 'number' || !(number >= least && number <= most)) {
        throw new RangeError(`${quoted(String(number))} is out of range for ${name}`);
      }
    }
    return this.command(name, numbers.map(written).join(','));
  }
}

/** The settings of a site's addresses, and the address of an image under them. */
export class Generator {
  #bases;
  #semicolons;
  #key;
  #token;
  #expires;

  constructor({ bases = [], semicolons = false, key, token, expires } = {}) {
    if (token !== undefined && (key !== undefined || !/^[A-Za-z0-9._-]+$/.test(token))) {
      throw new RangeError('a token has the characters of a JSON Web Token, and stands in place of a key');
    }
    if (expires !== undefined) {
      checkExpiry(expires);
    }
    this.#bases = bases.map(base);
    this.#semicolons = semicolons;
    this.#key = key;
    this.#token = token;
    this.#expires = expires;
  }

  /** The address of an image. */
  url(image) {
    const path = image.encodedPath;
    let commands = image.encodedCommands;
    if (this.#key) {
      commands = signed(this.#key, path, commands, this.#expires);
    } else if (this.#token) {
      commands.push(`URISigningPackage=${this.#token}`);
    }
    const query = path + (commands.length > 0 ? '?' : '') + commands.join('&');
    return choose(this.#bases, path) + (this.#semicolons ? toSemicolons(query) : query);
  }

  /** The value of an attribute `srcset`, not yet escaped for HTML. */
  srcset(image, { widths, densities } = {}) {
    const listed = widths
      ? widths.map((width) => `${this.#candidate(atWidth(image, width))} ${width}w`)
      : (densities ?? []).map((density) => `${this.#candidate(image.dpr(density))} ${written(density)}x`);
    if (listed.length === 0) {
      throw new RangeError('the list of widths or densities is empty');
    }
    return listed.join(', ');
  }

  /** A `<picture>` element, on one line. The last format is that of `<img>`. */
  picture(image, { formats, widths, densities, sizes, alt = '', attributes = {} }) {
    const words = (formats ?? []).map(formatWord);
    if (words.length === 0 || words.some((format) => !(format in MEDIA_TYPES))) {
      throw new RangeError('a picture needs formats with a media type, such as webp and jpg');
    }
    const listed = widths !== undefined || densities !== undefined;
    const sizesText = sizes === undefined ? '' : attribute('sizes', sizes);
    const sources = words.slice(0, -1).map((format) => {
      const of = image.format(format);
      const srcset = listed ? this.srcset(of, { widths, densities }) : this.#candidate(of);
      return `<source${attribute('type', MEDIA_TYPES[format])}${attribute('srcset', srcset)}${sizesText}>`;
    });
    const last = image.format(words.at(-1));
    const alone = widths && last.get('width') === undefined && widths.length > 0;
    let img = attribute('src', this.url(alone ? atWidth(last, Math.max(...widths)) : last));
    if (listed) {
      img += attribute('srcset', this.srcset(last, { widths, densities })) + sizesText;
    }
    img += attribute('alt', alt);
    for (const [name, value] of Object.entries(attributes)) {
      if (!/^[a-zA-Z][a-zA-Z0-9-]*$/.test(name) || ['src', 'srcset', 'sizes', 'alt'].includes(lower(name))) {
        throw new RangeError(`${quoted(name)} is no name of a further attribute`);
      }
      img += attribute(name, value);
    }
    return `<picture>${sources.join('')}<img${img}></picture>`;
  }

  /** An address in a list: browsers remove commas from its end. */
  #candidate(image) {
    return this.url(image).replace(/,$/, '%2C');
  }
}

/** The address with its commands behind semicolons, as the plugin `cloudfront` reads them. */
export function toSemicolons(url) {
  const at = url.indexOf('?');
  const [path, query] = at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
  if (/;|%3b|%3f/i.test(path) || /[;?]/.test(query)) {
    throw new RangeError(`${quoted(url)} has a ; or ? that an address with commands behind semicolons cannot have`);
  }
  return path + (query ? ';' : '') + query.replaceAll('%', '%25').replaceAll('&', ';');
}

/** The address with its commands behind a question mark. */
export function toQuery(url) {
  const found = /;|%3b/i.exec(url);
  if (!found || url.slice(0, found.index).includes('?')) {
    return url;
  }
  const commands = url.slice(found.index + found[0].length);
  let decoded;
  try {
    decoded = decodeURIComponent(commands);
  } catch {
    decoded = ' ';
  }
  if (commands.includes('?') || !/^[!-~]*$/.test(decoded) || /[?#]/.test(decoded)) {
    throw new RangeError(`${quoted(url)} has characters in its commands that no query has`);
  }
  return url.slice(0, found.index) + (decoded ? '?' : '') + decoded.replaceAll(';', '&');
}

/** Commands with `kid`, `exp` and `sig`, as the server's page docs/signing.md defines them. */
function signed(key, path, commands, expires) {
  if (path.includes('%3B')) {
    throw new RangeError(`the path ${quoted(path)} has a ;, so that it cannot be signed`);
  }
  commands = [...commands, `kid=${key.id}`];
  if (expires !== undefined) {
    commands.push(`exp=${expires}`);
  }
  const pairs = commands.map((command) => command.split('='));
  // All characters are ASCII, so that the order of UTF-16 is that of bytes.
  const order = (one, other) => (one < other ? -1 : one > other ? 1 : 0);
  pairs.sort((one, other) => order(one[0], other[0]) || order(one[1], other[1]));
  const text = `${path}?${pairs.map((pair) => pair.join('=')).join('&')}`;
  return [...commands, `sig=${key.sign(text)}`];
}

/** Throws unless this is a time in seconds since 1970, of at most 12 digits. */
export function checkExpiry(expires) {
  if (!Number.isInteger(expires) || expires < 0 || expires > LATEST_EXPIRY) {
    throw new RangeError(`${expires} is no time in seconds since 1970`);
  }
}

function base(text) {
  if (!/^https?:\/\/[^/:]/.test(text) || !/^[!-~]+$/.test(text) || /[?#;\\"'<>]/.test(text)) {
    throw new RangeError(`a base is a scheme and a host, as in https://images.example.org, and not ${quoted(text)}`);
  }
  return text.replace(/\/+$/, '');
}

/** The base with the largest weight for this path (rendezvous hashing); of two equal weights, the first. */
function choose(bases, path) {
  let chosen = bases[0] ?? '';
  for (const other of bases.slice(1)) {
    if (weight(other + path) > weight(chosen + path)) {
      chosen = other;
    }
  }
  return chosen;
}

/** FNV-1a, 32 bits, mixed as in the last step of MurmurHash3. */
function weight(text) {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The image at another width. Its height keeps its proportion to the width, rounded, and is at least 1. */
function atWidth(image, width) {
  const side = (name) => (/^[0-9]+$/.test(image.get(name) ?? '') ? Number(image.get(name)) : 0);
  const [old, height] = [side('width'), side('height')];
  if (old > 0 && image.get('height') !== undefined) {
    const scaled = Math.floor((2 * height * width + old) / (2 * old));
    return image.height(Math.max(scaled, 1)).width(width);
  }
  return image.width(width);
}

/** A number with at most six decimals, without an exponent; a half is rounded up. */
function written(number) {
  const text = (Math.floor(number * 1e6 + 0.5) / 1e6).toFixed(6).replace(/\.?0+$/, '');
  return text === '-0' ? '0' : text;
}

function whole(name, number) {
  if (!Number.isInteger(number)) {
    throw new RangeError(`${quoted(String(number))} is no whole number for ${name}`);
  }
  return number;
}

function word(text, known, names = {}) {
  const found = lower(String(text));
  const named = Object.hasOwn(names, found) ? names[found] : found;
  if (!known.includes(named)) {
    throw new RangeError(`${quoted(String(text))} is not one of ${known.join(', ')}`);
  }
  return named;
}

function formatWord(format) {
  return word(format, FORMATS, FORMAT_NAMES);
}

function isSame(one, other) {
  const [first, second] = [lower(one), lower(other)];
  return first === second || SPELLINGS.some((names) => names.includes(first) && names.includes(second));
}

/** In lower case, letters of ASCII only, as the server compares names. */
function lower(text) {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** All but the unreserved characters of RFC 3986, percent-encoded. */
function encoded(text) {
  const escape = (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  try {
    return encodeURIComponent(text).replace(/[!'()*]/g, escape);
  } catch {
    throw new RangeError(`${quoted(text)} has half of a surrogate pair`);
  }
}

function encodedCommand(text) {
  return encoded(text).replaceAll('%2C', ',').replaceAll('%3A', ':');
}

function attribute(name, value) {
  const references = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return ` ${name}="${String(value).replace(/[&<>"']/g, (character) => references[character])}"`;
}

function quoted(text) {
  return `\`${text}\``;
}
