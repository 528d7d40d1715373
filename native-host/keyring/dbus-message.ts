import {
  asVariant,
  list,
  MAX_MESSAGE_BYTES,
  Reader,
  splitSignature,
  WireError,
  type WireValue,
  Writer,
} from './dbus-wire.ts';

export const MESSAGE_TYPE = { call: 1, reply: 2, error: 3, signal: 4 } as const;

export type Message = {
  readonly type: number;
  readonly flags: number;
  readonly serial: number;
  readonly path?: string;
  readonly interface?: string;
  readonly member?: string;
  readonly errorName?: string;
  readonly replySerial?: number;
  readonly destination?: string;
  readonly sender?: string;
  readonly signature: string;
  readonly body: readonly WireValue[];
};

const FIXED_HEADER_BYTES = 16;
const HEADER_FIELDS = [
  ['path', 1, 'o'],
  ['interface', 2, 's'],
  ['member', 3, 's'],
  ['errorName', 4, 's'],
  ['replySerial', 5, 'u'],
  ['destination', 6, 's'],
  ['sender', 7, 's'],
  ['signature', 8, 'g'],
] as const;

/** Bytes of a message, little-endian. @throws WireError when a value does not fit its type or the whole is too long */
export function encodeMessage(message: Message): Buffer {
  const body = new Writer();
  const types = splitSignature(message.signature);
  if (types.length !== message.body.length) throw new WireError('the body does not match its signature');
  types.forEach((type, index) => {
    body.write(type, message.body[index]);
  });
  const fields: WireValue[] = [];
  for (const [name, code, signature] of HEADER_FIELDS) {
    const value = message[name];
    if (value !== undefined && value !== '') fields.push([code, { signature, value }]);
  }
  const header = new Writer();
  header.write('(yyyyuua(yv))', [0x6c, message.type, message.flags, 1, body.length, message.serial, fields]);
  header.pad(8);
  if (header.length + body.length > MAX_MESSAGE_BYTES) throw new WireError('a message is too long for D-Bus');
  return Buffer.concat([header.bytes(), body.bytes()]);
}

/**
 * Length in bytes of the message that `start` begins, or undefined while fewer than 16 bytes are there.
 * @throws WireError before anything is allocated when it is not D-Bus or too long
 */
export function messageLength(start: Buffer): number | undefined {
  if (start.length < FIXED_HEADER_BYTES) return undefined;
  const reader = new Reader(start, littleEndian(start));
  if (start[3] !== 1) throw new WireError('the other side speaks another version of D-Bus');
  const bodyBytes = reader.uint32(4);
  const fieldBytes = reader.uint32(12);
  const total = FIXED_HEADER_BYTES + Math.ceil(fieldBytes / 8) * 8 + bodyBytes;
  if (total > MAX_MESSAGE_BYTES) throw new WireError(`a message of ${total} bytes is longer than is accepted`);
  return total;
}

/** One whole message in either byte order. @throws WireError for bytes that are not one */
export function decodeMessage(bytes: Buffer): Message {
  const isLittle = littleEndian(bytes);
  const reader = new Reader(bytes, isLittle);
  const [, type, flags, , , serial, fields] = list(reader.read('(yyyyuua(yv))'));
  reader.pad(8);
  const known: Partial<Record<(typeof HEADER_FIELDS)[number][0], WireValue>> = {};
  for (const field of list(fields)) {
    const [code, variant] = list(field);
    const rule = HEADER_FIELDS.find((entry) => entry[1] === code);
    if (rule === undefined) continue;
    const { signature, value } = asVariant(variant);
    if (signature !== rule[2]) throw new WireError(`header field ${rule[0]} has the wrong type`);
    known[rule[0]] = value;
  }
  const signature = String(known.signature ?? '');
  const body = splitSignature(signature).map((one) => reader.read(one));
  if (reader.position !== bytes.length) throw new WireError('a message has bytes after its body');
  // The loop above has checked the type of every field it kept.
  return { type, flags, serial, ...known, signature, body } as Message;
}

function littleEndian(bytes: Buffer): boolean {
  if (bytes[0] !== 0x6c && bytes[0] !== 0x42) throw new WireError('the other side does not speak D-Bus');
  return bytes[0] === 0x6c;
}
