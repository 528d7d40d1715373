import { VaultError } from './errors.ts';
import { isRecord } from './message-check.ts';

/** A message from a browser: its largest is a few hundred bytes, so this only ends what is not one. */
export const MAX_TO_HOST_BYTES = 1024 * 1024;
/** A message to a browser: both close the connection at about 1 MiB, so ours end at the smaller megabyte. */
export const MAX_TO_BROWSER_BYTES = 1_000_000;
const MAX_DEPTH = 16;
const HEADER_BYTES = 4;
/** Browsers write the length in the order of the machine they run on. */
const IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** A whole message, or why what came is none; after a fatal one nothing that follows can be trusted. */
export type Frame =
  | { readonly message: Readonly<Record<string, unknown>> }
  | { readonly error: VaultError; readonly isFatal: boolean };

/**
 * Bytes in, whole messages out, wherever the chunks are split or joined. A frame is a 4-byte length in native byte order and as
 * many bytes of UTF-8 JSON. A length above the cap is refused before anything is allocated for it, and ends the stream: what
 * follows is the body of that message or, out of step, noise. A bad body is skipped: its end is known, so the next frame
 * starts where it should.
 * @see https://developer.chrome.com/docs/extensions/develop/concepts/native-messaging#native-messaging-host-protocol
 */
export class FrameReader {
  readonly #maxBytes: number;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  #body: Buffer | undefined;
  #bodyBytes = 0;
  #isBroken = false;

  constructor(maxBytes: number = MAX_TO_HOST_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** The frames that this chunk completes, in order. After a fatal one there are none any more. */
  push(chunk: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    for (let rest = chunk; rest.length > 0 && !this.#isBroken; ) {
      rest = this.#body === undefined ? this.#readHeader(rest, frames) : this.#readBody(this.#body, rest);
      if (this.#body !== undefined && this.#bodyBytes === this.#body.length) frames.push(this.#takeFrame(this.#body));
    }
    return frames;
  }

  /** The error of a stream that ended inside a frame; undefined when it ended between two. */
  end(): VaultError | undefined {
    if (this.#isBroken || (this.#headerBytes === 0 && this.#body === undefined)) return undefined;
    this.#isBroken = true;
    return new VaultError('BAD_MESSAGE', 'the connection ended inside a message');
  }

  #readHeader(chunk: Uint8Array, frames: Frame[]): Uint8Array {
    const taken = Math.min(HEADER_BYTES - this.#headerBytes, chunk.length);
    this.#header.set(chunk.subarray(0, taken), this.#headerBytes);
    this.#headerBytes += taken;
    if (this.#headerBytes < HEADER_BYTES) return chunk.subarray(taken);
    const length = IS_LITTLE_ENDIAN ? this.#header.readUInt32LE() : this.#header.readUInt32BE();
    if (length > this.#maxBytes) {
      this.#isBroken = true;
      const message = `a message of ${length} bytes is longer than the ${this.#maxBytes} bytes allowed`;
      frames.push({ error: new VaultError('BAD_MESSAGE', message), isFatal: true });
    } else {
      this.#headerBytes = 0;
      this.#bodyBytes = 0;
      this.#body = Buffer.alloc(length);
    }
    return chunk.subarray(taken);
  }

  #readBody(body: Buffer, chunk: Uint8Array): Uint8Array {
    const taken = Math.min(body.length - this.#bodyBytes, chunk.length);
    body.set(chunk.subarray(0, taken), this.#bodyBytes);
    this.#bodyBytes += taken;
    return chunk.subarray(taken);
  }

  #takeFrame(body: Buffer): Frame {
    this.#body = undefined;
    try {
      return { message: parseMessage(body) };
    } catch (error) {
      if (error instanceof VaultError) return { error, isFatal: false };
      throw error;
    }
  }
}

/** @throws VaultError BAD_MESSAGE, which never quotes the content: it may hold an MFA code or a passphrase */
function parseMessage(body: Uint8Array): Readonly<Record<string, unknown>> {
  const message = parseJson(decodeUtf8(body));
  if (!isRecord(message)) throw new VaultError('BAD_MESSAGE', 'a message must be a JSON object');
  if (isDeeperThan(MAX_DEPTH, message)) {
    throw new VaultError('BAD_MESSAGE', `a message may not be nested deeper than ${MAX_DEPTH} levels`);
  }
  return message;
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new VaultError('BAD_MESSAGE', 'a message must be valid UTF-8');
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new VaultError('BAD_MESSAGE', 'a message must be valid JSON'); // the cause would quote the content
  }
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((inner) => isDeeperThan(levels - 1, inner));
}

/** One frame. @throws VaultError INTERNAL when it is longer than `maxBytes`, which the receiver would not take */
export function encodeFrame(message: object, maxBytes: number = MAX_TO_BROWSER_BYTES): Buffer {
  const json = JSON.stringify(message);
  const length = Buffer.byteLength(json);
  if (length > maxBytes) {
    throw new VaultError(
      'INTERNAL',
      `a message of ${length} bytes is longer than the ${maxBytes} bytes a browser takes`,
    );
  }
  const frame = Buffer.allocUnsafe(HEADER_BYTES + length);
  if (IS_LITTLE_ENDIAN) frame.writeUInt32LE(length);
  else frame.writeUInt32BE(length);
  frame.write(json, HEADER_BYTES);
  return frame;
}
