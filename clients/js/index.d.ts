/** The largest side that an address may ask for, in pixels. */
export const LARGEST_SIDE: number;

export type Mode = 'max' | 'pad' | 'crop' | 'stretch' | 'aspectcrop';
export type Scale = 'down' | 'up' | 'both' | 'canvas';
export type Anchor =
  | 'topleft' | 'topcenter' | 'topright'
  | 'middleleft' | 'middlecenter' | 'middleright'
  | 'bottomleft' | 'bottomcenter' | 'bottomright';
export type Flip = 'x' | 'y' | 'both' | 'h' | 'v' | 'xy';
/** A format with a media type, as a picture needs. */
export type PictureFormat = 'jpg' | 'jpeg' | 'png' | 'gif' | 'webp' | 'avif' | 'jxl';
export type Format = PictureFormat | 'auto' | 'keep';

/** A path and commands. Every method returns a new value; a wrong argument throws a RangeError. */
export class ImageUrl {
  /** The image at this path, which is plain text: `/café.jpg`, not `/caf%C3%A9.jpg`. */
  constructor(path: string);
  /** The width of the result, in pixels. */
  width(pixels: number): ImageUrl;
  /** The height of the result, in pixels. */
  height(pixels: number): ImageUrl;
  /** The largest width of the result, in pixels. */
  maxWidth(pixels: number): ImageUrl;
  /** The largest height of the result, in pixels. */
  maxHeight(pixels: number): ImageUrl;
  /** What to do when image and asked size differ in proportions. */
  mode(mode: Mode): ImageUrl;
  /** Whether the image may become smaller, larger or both. */
  scale(scale: Scale): ImageUrl;
  /** Which part is kept when the image is cut, and where the image stands inside of padding. */
  anchor(anchor: Anchor): ImageUrl;
  /** The same as a point of the image: percentages from 0 to 100, from the left and from the top. */
  anchorAt(x: number, y: number): ImageUrl;
  /** The window that is cut out of the source, in pixels or in the units of `cropUnits`. */
  crop(left: number, top: number, right: number, bottom: number): ImageUrl;
  /** Width and height of the source in the units of `crop`. */
  cropUnits(x: number, y: number): ImageUrl;
  /** The window that is cut out of the source, in percent. */
  cropPercent(left: number, top: number, right: number, bottom: number): ImageUrl;
  /** The point that is kept in view when the image is cut: percentages, from the left and from the top. */
  gravity(x: number, y: number): ImageUrl;
  /** The factor by which the asked size is multiplied: above 0, to six decimals. */
  zoom(factor: number): ImageUrl;
  /** The same, for a screen with so many pixels per CSS pixel. */
  dpr(density: number): ImageUrl;
  /** Degrees clockwise by which the source is turned before it is cut, rounded to a multiple of 90. */
  sourceRotate(degrees: number): ImageUrl;
  /** How the source is mirrored before it is cut. */
  sourceFlip(flip: Flip): ImageUrl;
  /** Degrees clockwise by which the finished image is turned. */
  rotate(degrees: number): ImageUrl;
  /** How the finished image is mirrored. */
  flip(flip: Flip): ImageUrl;
  /** The colour of padding and behind transparent pixels: hexadecimal digits, or a name of CSS. */
  background(colour: string): ImageUrl;
  /** The format of the result. */
  format(format: Format): ImageUrl;
  /** The quality of the result: 0 to 100. */
  quality(percent: number): ImageUrl;
  /** One frame of an animation or page of a document, counted from 1. */
  frame(number: number): ImageUrl;
  /** A set of commands that the server's plugin `presets` names, or several, separated by commas. */
  preset(names: string): ImageUrl;
  /** Any command by its name, in place of all values that it had. The value is plain text. */
  command(name: string, value: string | number | boolean): ImageUrl;
  /** Without a command, whichever of its spellings it has. */
  without(name: string): ImageUrl;
  /** The value of a command, whichever of its spellings it has. */
  get(name: string): string | undefined;
  /** The path, percent-encoded. */
  readonly encodedPath: string;
  /** The commands, percent-encoded: `name=value` each. */
  readonly encodedCommands: string[];
}

/** A key of signatures, from `createKey` of `resizer-url/signing`. */
export interface Key {
  /** The name of the key in addresses. */
  readonly id: string;
  /** HMAC-SHA256 of a text in UTF-8, in base64url without padding. */
  sign(text: string): string;
}

export interface GeneratorOptions {
  /** The beginnings of addresses. Of several, the path of an image chooses one, and always the same. */
  bases?: string[];
  /** Whether commands stand behind semicolons in the path, as the plugin `cloudfront` reads them. */
  semicolons?: boolean;
  /** The key that signs every address. */
  key?: Key;
  /** The token that every address has, in place of a signature: one of `createToken`. */
  token?: string;
  /** When signatures end, in seconds since 1970. */
  expires?: number;
}

/** The sizes among which a browser chooses: either widths in pixels, or densities in pixels per CSS pixel. */
export interface Candidates {
  widths?: number[];
  densities?: number[];
}

export interface PictureOptions extends Candidates {
  /** The formats, best first. The last is that of `<img>`. */
  formats: PictureFormat[];
  /** The attribute `sizes`. */
  sizes?: string;
  /** The text in place of the image. */
  alt?: string;
  /** Further attributes of `<img>`. */
  attributes?: Record<string, string | number>;
}

/** The settings of a site's addresses, and the address of an image under them. */
export class Generator {
  constructor(options?: GeneratorOptions);
  /** The address of an image. */
  url(image: ImageUrl): string;
  /** The value of an attribute `srcset`, not yet escaped for HTML. With widths, a height keeps its proportion. */
  srcset(image: ImageUrl, candidates: Candidates): string;
  /** A `<picture>` element, on one line. */
  picture(image: ImageUrl, options: PictureOptions): string;
}

/** Throws a RangeError unless this is a time in seconds since 1970, of at most 12 digits. */
export function checkExpiry(expires: number): void;

/** The address with its commands behind semicolons. A signature stays valid. */
export function toSemicolons(url: string): string;

/** The address with its commands behind a question mark. A signature stays valid. */
export function toQuery(url: string): string;
