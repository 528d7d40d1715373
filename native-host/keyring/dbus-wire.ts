/**
 * The values of the D-Bus wire format, to bytes and back (dbus-message.ts puts them into messages).
 *
 * Values are plain: `y n q i u d` are numbers, `x t` bigints, `b` a boolean, `s o g` strings, `ay` a Uint8Array, any other
 * array a list, a struct a list, a dict a Map, and a variant says its signature. File descriptors (`h`) are not spoken.
 * @see https://dbus.freedesktop.org/doc/dbus-specification.html#message-protocol-marshaling
 */
import { isUtf8 } from 'node:buffer';

export type Variant = { readonly signature: string; readonly value: WireValue };
export type WireValue =
  | number
  | bigint
  | boolean
  | string
  | Uint8Array
  | Variant
  | readonly WireValue[]
  | ReadonlyMap<WireValue, WireValue>;

/** What is not D-Bus, or cannot be said in it. Never carries the value itself, which may be a secret. */
export class WireError extends Error {}

/** The format allows 128 MiB; nothing a keyring says comes near this. */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const MAX_DEPTH = 32;
/** Not a regular expression: compiling one takes longer than reading all the signatures of a start. */
const TYPE_CODES = 'ybnqiuxtdsogva({';
const OBJECT_PATH = /^\/(?:[A-Za-z0-9_]+(?:\/[A-Za-z0-9_]+)*)?$/;

/** The complete types a signature lists: `a{sv}(oay)u` is `a{sv}`, `(oay)`, `u`. */
export function splitSignature(signature: string): string[] {
  if (signature.length > 255) throw new WireError('a type signature is longer than 255 characters');
  const types: string[] = [];
  for (let at = 0; at < signature.length; ) {
    const end = typeEnd(signature, at, 0);
    types.push(signature.slice(at, end));
    at = end;
  }
  return types;
}

function typeEnd(signature: string, at: number, depth: number): number {
  const code = signature.charAt(at);
  if (depth > MAX_DEPTH || code === '' || !TYPE_CODES.includes(code))
    throw new WireError('a type signature is not valid');
  if (code === 'a') {
    return signature[at + 1] === '{'
      ? dictEntryEnd(signature, at + 1, depth + 1)
      : typeEnd(signature, at + 1, depth + 1);
  }
  if (code === '{') throw new WireError('a dict entry stands outside an array');
  if (code !== '(') return at + 1;
  let end = at + 1;
  do end = typeEnd(signature, end, depth + 1);
  while (signature[end] !== ')');
  return end + 1;
}

function dictEntryEnd(signature: string, at: number, depth: number): number {
  if (!'ybnqiuxtdsog'.includes(signature.charAt(at + 1))) throw new WireError('a dict key is not a basic type');
  const end = typeEnd(signature, at + 2, depth + 1);
  if (signature[end] !== '}') throw new WireError('a dict entry is not a pair');
  return end + 1;
}

function alignmentOf(type: string): number {
  const code = type.charAt(0);
  if (code === 'y' || code === 'g' || code === 'v') return 1;
  if (code === 'n' || code === 'q') return 2;
  return 'xtd({'.includes(code) ? 8 : 4;
}

/** `value` as a list (array or struct). @throws WireError if it is not one */
export function list(value: WireValue | undefined): readonly WireValue[] {
  if (!Array.isArray(value)) throw new WireError('a list was expected');
  return value;
}

export function asVariant(value: WireValue | undefined): Variant {
  if (typeof value !== 'object' || !('signature' in value)) throw new WireError('a variant was expected');
  return value;
}

export class Writer {
  length = 0;
  #buffer = Buffer.alloc(256);

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.length);
  }

  pad(alignment: number): void {
    this.#grow(-this.length & (alignment - 1));
  }

  write(type: string, value: WireValue | undefined): void {
    const code = type.charAt(0);
    this.pad(alignmentOf(code));
    if (code === 'y') this.#grow(1).setUint8(0, integer(value, 0, 0xff));
    else if (code === 'b') this.#grow(4).setUint32(0, value === true ? 1 : 0, true);
    else if (code === 'n') this.#grow(2).setInt16(0, integer(value, -0x8000, 0x7fff), true);
    else if (code === 'q') this.#grow(2).setUint16(0, integer(value, 0, 0xffff), true);
    else if (code === 'i') this.#grow(4).setInt32(0, integer(value, -0x80000000, 0x7fffffff), true);
    else if (code === 'u') this.#grow(4).setUint32(0, integer(value, 0, 0xffffffff), true);
    else if (code === 'x') this.#grow(8).setBigInt64(0, bigint(value, BigInt.asIntN), true);
    else if (code === 't') this.#grow(8).setBigUint64(0, bigint(value, BigInt.asUintN), true);
    else if (code === 'd') this.#grow(8).setFloat64(0, Number(value), true);
    else if (code === 'a') this.#array(type.slice(1), value);
    else if (code === '(') this.#each(splitSignature(type.slice(1, -1)), list(value));
    else if (code === 'v') this.#variant(asVariant(value));
    else this.#text(code, value);
  }

  #grow(count: number): DataView {
    const at = this.length;
    this.length += count;
    if (this.length > MAX_MESSAGE_BYTES) throw new WireError('a message is too long for D-Bus');
    if (this.length > this.#buffer.length) {
      this.#buffer = Buffer.concat([this.#buffer], Math.max(this.length, 2 * this.#buffer.length));
    }
    return new DataView(this.#buffer.buffer, this.#buffer.byteOffset + at, count);
  }

  #raw(bytes: Uint8Array): void {
    const at = this.length;
    this.#grow(bytes.length);
    this.#buffer.set(bytes, at);
  }

  #text(code: string, value: WireValue | undefined): void {
    if (typeof value !== 'string' || value.includes('\0') || !value.isWellFormed()) {
      throw new WireError('a text holds a character that D-Bus cannot carry');
    }
    if (code === 'o' && !OBJECT_PATH.test(value)) throw new WireError('an object path is not valid');
    if (code === 'g') splitSignature(value);
    const bytes = Buffer.from(value);
    this.write(code === 'g' ? 'y' : 'u', bytes.length);
    this.#raw(bytes);
    this.#grow(1);
  }

  #variant(variant: Variant): void {
    if (splitSignature(variant.signature).length !== 1) throw new WireError('a variant holds exactly one value');
    this.write('g', variant.signature);
    this.write(variant.signature, variant.value);
  }

  #each(types: readonly string[], values: readonly WireValue[]): void {
    if (types.length !== values.length) throw new WireError('a struct does not match its signature');
    types.forEach((type, index) => {
      this.write(type, values[index]);
    });
  }

  #array(type: string, value: WireValue | undefined): void {
    this.#grow(4);
    const lengthAt = this.length - 4;
    this.pad(alignmentOf(type));
    const from = this.length;
    if (value instanceof Uint8Array && type === 'y') this.#raw(value);
    else if (type.startsWith('{')) {
      const types = splitSignature(type.slice(1, -1));
      for (const entry of entriesOf(value)) {
        this.pad(8);
        this.#each(types, entry);
      }
    } else for (const item of list(value)) this.write(type, item);
    this.#buffer.writeUInt32LE(this.length - from, lengthAt);
  }
}

function integer(value: WireValue | undefined, min: number, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new WireError('a number does not fit its type');
}

function bigint(value: WireValue | undefined, clamp: (bits: number, value: bigint) => bigint): bigint {
  if (typeof value === 'bigint' && clamp(64, value) === value) return value;
  throw new WireError('a number does not fit its type');
}

/** The entries of a dict. @throws WireError if `value` is not one */
export function entriesOf(value: WireValue | undefined): ReadonlyMap<WireValue, WireValue> {
  if (!(value instanceof Map)) throw new WireError('a dict was expected');
  return value;
}

export class Reader {
  position = 0;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #isLittle: boolean;

  constructor(bytes: Buffer, isLittle: boolean) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#isLittle = isLittle;
  }

  uint32(at: number): number {
    return this.#view.getUint32(at, this.#isLittle);
  }

  pad(alignment: number): void {
    const at = this.#take(-this.position & (alignment - 1));
    if (this.#bytes.subarray(at, this.position).some((byte) => byte !== 0)) throw new WireError('padding is not zero');
  }

  read(type: string, depth = 0): WireValue {
    if (depth > 2 * MAX_DEPTH) throw new WireError('a value is nested too deeply');
    const code = type.charAt(0);
    this.pad(alignmentOf(code));
    if (code === 'y') return this.#view.getUint8(this.#take(1));
    if (code === 'b') return this.#boolean();
    if (code === 'n') return this.#view.getInt16(this.#take(2), this.#isLittle);
    if (code === 'q') return this.#view.getUint16(this.#take(2), this.#isLittle);
    if (code === 'i') return this.#view.getInt32(this.#take(4), this.#isLittle);
    if (code === 'u') return this.uint32(this.#take(4));
    if (code === 'x') return this.#view.getBigInt64(this.#take(8), this.#isLittle);
    if (code === 't') return this.#view.getBigUint64(this.#take(8), this.#isLittle);
    if (code === 'd') return this.#view.getFloat64(this.#take(8), this.#isLittle);
    if (code === 's' || code === 'o') return this.#text(this.uint32(this.#take(4)), code);
    if (code === 'g') return this.#text(this.#view.getUint8(this.#take(1)), code);
    if (code === 'a') return this.#array(type.slice(1), depth);
    if (code === 'v') return this.#variant(depth);
    return splitSignature(type.slice(1, -1)).map((one) => this.read(one, depth + 1));
  }

  /** The place of the next `count` bytes, checked to be there before anything is made of them. */
  #take(count: number): number {
    const at = this.position;
    if (count > this.#bytes.length - at) throw new WireError('a message ends in the middle of a value');
    this.position += count;
    return at;
  }

  #boolean(): boolean {
    const value = this.uint32(this.#take(4));
    if (value > 1) throw new WireError('a boolean is neither 0 nor 1');
    return value === 1;
  }

  #text(length: number, code: string): string {
    const at = this.#take(length + 1);
    const bytes = this.#bytes.subarray(at, at + length);
    if (this.#bytes[at + length] !== 0 || bytes.includes(0) || !isUtf8(bytes))
      throw new WireError('a text is not UTF-8');
    const text = bytes.toString();
    if (code === 'o' && !OBJECT_PATH.test(text)) throw new WireError('an object path is not valid');
    if (code === 'g') splitSignature(text);
    return text;
  }

  #variant(depth: number): Variant {
    const signature = String(this.read('g'));
    if (splitSignature(signature).length !== 1) throw new WireError('a variant holds exactly one value');
    return { signature, value: this.read(signature, depth + 1) };
  }

  #array(type: string, depth: number): WireValue {
    const length = this.uint32(this.#take(4));
    this.pad(alignmentOf(type));
    const end = this.position + length;
    if (end > this.#bytes.length) throw new WireError('an array is longer than its message');
    // A copy, so that a secret does not keep the whole message alive.
    if (type === 'y') return new Uint8Array(this.#bytes.subarray(this.#take(length), end));
    const isDict = type.startsWith('{');
    const [key = '', item = type] = isDict ? splitSignature(type.slice(1, -1)) : [];
    const items: WireValue[] = [];
    const entries = new Map<WireValue, WireValue>();
    while (this.position < end) {
      if (isDict) this.pad(8);
      if (isDict) entries.set(this.read(key, depth + 1), this.read(item, depth + 1));
      else items.push(this.read(item, depth + 1));
    }
    if (this.position !== end) throw new WireError('an array ends in the middle of a value');
    return isDict ? entries : items;
  }
}
