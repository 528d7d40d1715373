import { describe, expect, it } from 'vitest';
import {
  decodeMessage,
  encodeMessage,
  MESSAGE_TYPE,
  type Message,
  messageLength,
} from '../../../native-host/keyring/dbus-message.ts';
import {
  MAX_MESSAGE_BYTES,
  splitSignature,
  WireError,
  type WireValue,
} from '../../../native-host/keyring/dbus-wire.ts';

const CALL = { type: MESSAGE_TYPE.call, flags: 0, serial: 1, path: '/', member: 'M', signature: '', body: [] };

function throughTheWire(signature: string, value: WireValue): WireValue | undefined {
  return decodeMessage(encodeMessage({ ...CALL, signature, body: [value] })).body[0];
}

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
}

/** A message around `body`, written by hand from the specification: METHOD_RETURN, serial 7, REPLY_SERIAL 1, SIGNATURE. */
function reply(order: 'l' | 'B', signature: string, body: Buffer): Buffer {
  const u32 = (value: number) => {
    const out = Buffer.alloc(4);
    if (order === 'l') out.writeUInt32LE(value);
    else out.writeUInt32BE(value);
    return out;
  };
  const replySerial = Buffer.concat([bytes('05 01 75 00'), u32(1)]);
  const signatureField = Buffer.concat([
    bytes('08 01 67 00'),
    Buffer.of(signature.length),
    Buffer.from(`${signature}\0`),
  ]);
  const fields = Buffer.concat([replySerial, signatureField]);
  const head = [Buffer.from(order), bytes('02 00 01'), u32(body.length), u32(7), u32(fields.length), fields];
  return Buffer.concat([...head, Buffer.alloc(-fields.length & 7), body]);
}

describe('values', () => {
  const cases: [string, WireValue][] = [
    ['y', 255],
    ['b', true],
    ['b', false],
    ['n', -32768],
    ['q', 65535],
    ['i', -2147483648],
    ['u', 4294967295],
    ['x', -9223372036854775808n],
    ['t', 18446744073709551615n],
    ['d', -0.1],
    ['s', 'Zürich 東京 🔑'],
    ['s', ''],
    ['o', '/org/freedesktop/secrets/collection/aws_2dvault'],
    ['o', '/'],
    ['g', 'a{sv}(oayays)'],
    ['v', { signature: 'a{ss}', value: new Map([['profile', 'work']]) }],
    ['ay', new Uint8Array([0, 1, 255])],
    ['ay', new Uint8Array()],
    ['as', ['a', 'bc', '']],
    ['ax', [1n]],
    ['ax', []],
    ['aay', [new Uint8Array([1]), new Uint8Array([2, 3])]],
    ['(yt)', [1, 2n]],
    ['(oayays)', ['/s', new Uint8Array(16), new Uint8Array([9]), 'application/json']],
    [
      'a{sv}',
      new Map<string, WireValue>([
        ['a', { signature: 'y', value: 1 }],
        ['b', { signature: 't', value: 2n }],
      ]),
    ],
    ['a{y(sa{sb})}', new Map([[1, ['x', new Map([['y', true]])]]])],
    [
      'a(ii)',
      [
        [1, 2],
        [3, 4],
      ],
    ],
  ];
  it.each(cases)('of type %s come back as they went', (signature, value) => {
    expect(throughTheWire(signature, value)).toEqual(value);
  });

  it('stand one after the other, each on its own boundary', () => {
    const body: WireValue[] = [1, 2n, 'x', 3, ['y'], true];
    const message = decodeMessage(encodeMessage({ ...CALL, signature: 'ytsqasb', body }));
    expect(message.body).toEqual(body);
  });

  it('are laid out as the specification says, little-endian', () => {
    const encoded = encodeMessage({
      ...CALL,
      signature: 'ya{sv}',
      body: [7, new Map([['k', { signature: 'q', value: 9 }]])],
    });
    // y at 0; the dict's length (12) at 4; its entry on the 8-boundary: text, variant signature, and q on a 2-boundary.
    const body = bytes('07 000000  0c000000  01000000 6b00  01 71 00  00 0900');
    expect(encoded.subarray(-20).toString('hex')).toBe(body.toString('hex'));
  });

  it('are read in both byte orders', () => {
    const little = `0100 0000 04030201 efcdab8967452301 feff 0000 fdffffff fcffffffffffffff 000000000000f83f
      02000000 0201 0000 01000000 6100`;
    const big = `0001 0000 01020304 0123456789abcdef fffe 0000 fffffffd fffffffffffffffc 3ff8000000000000
      00000002 0102 0000 00000001 6100`;
    const values = [1, 0x01020304, 0x0123456789abcdefn, -2, -3, -4n, 1.5, [258], 'a'];
    expect(decodeMessage(reply('l', 'qutnixdaqs', bytes(little))).body).toEqual(values);
    expect(decodeMessage(reply('B', 'qutnixdaqs', bytes(big))).body).toEqual(values);
  });

  it.each<[string, WireValue]>([
    ['y', 256],
    ['q', -1],
    ['i', 2147483648],
    ['u', 1.5],
    ['u', '1'],
    ['x', 9223372036854775808n],
    ['t', -1n],
    ['s', 'a\0b'],
    ['s', '\ud800'],
    ['s', 1],
    ['o', 'no/slash'],
    ['o', '/trailing/'],
    ['o', '/dash-ed'],
    ['g', 'z'],
    ['as', 'x'],
    ['a{ss}', []],
    ['(ss)', ['only one']],
    ['v', { signature: 'ss', value: 'x' }],
    ['v', 'x'],
  ])('that do not fit type %s are refused', (signature, value) => {
    expect(() => throughTheWire(signature, value)).toThrow(WireError);
  });

  it('are refused without being shown', () => {
    expect(() => throughTheWire('s', 'my secret\0')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    );
  });
});

describe('signatures', () => {
  it('are split into complete types', () => {
    expect(splitSignature('a{sv}(oa(ay)s)uaai')).toEqual(['a{sv}', '(oa(ay)s)', 'u', 'aai']);
    expect(splitSignature('')).toEqual([]);
  });

  it.each([
    'a',
    '(',
    '()',
    '(s',
    's)',
    '{ss}',
    'a{vs}',
    'a{s}',
    'a{sss}',
    'a{ss',
    'h',
    'é',
    `${'a'.repeat(33)}y`,
    'y'.repeat(256),
  ])('%s is refused', (signature) => {
    expect(() => splitSignature(signature)).toThrow(WireError);
  });
});

describe('messages', () => {
  it('keep every header field', () => {
    const message: Message = {
      type: MESSAGE_TYPE.error,
      flags: 1,
      serial: 4294967295,
      path: '/p',
      interface: 'a.b',
      member: 'M',
      errorName: 'a.b.Error',
      replySerial: 3,
      destination: ':1.2',
      sender: ':1.3',
      signature: 's',
      body: ['why'],
    };
    expect(decodeMessage(encodeMessage(message))).toEqual(message);
  });

  it('pass over header fields that are not known', () => {
    const known = encodeMessage({ ...CALL, signature: 'y', body: [1] });
    const message = Buffer.concat([known.subarray(0, 16), bytes('63 01 79 00 ff 000000'), known.subarray(16)]);
    message.writeUInt32LE(message.readUInt32LE(12) + 8, 12);
    expect(decodeMessage(message).body).toEqual([1]);
  });

  it('tell their length as soon as 16 bytes are there', () => {
    const message = encodeMessage({ ...CALL, signature: 's', body: ['hello'] });
    expect(messageLength(message.subarray(0, 15))).toBeUndefined();
    expect(messageLength(message.subarray(0, 16))).toBe(message.length);
    expect(messageLength(reply('B', 'u', bytes('00000001')))).toBe(16 + 16 + 4);
  });

  it('that are too long are refused by their first 16 bytes', () => {
    const head = encodeMessage(CALL).subarray(0, 16);
    head.writeUInt32LE(MAX_MESSAGE_BYTES, 4);
    expect(() => messageLength(head)).toThrow(WireError);
    expect(() => encodeMessage({ ...CALL, signature: 'ay', body: [new Uint8Array(MAX_MESSAGE_BYTES)] })).toThrow(
      WireError,
    );
  });

  it('that are cut off anywhere are refused, and never read past their end', () => {
    const value = new Map<string, WireValue>([
      ['k', { signature: '(sayas)', value: ['x', new Uint8Array(3), ['a', 'b']] }],
    ]);
    const whole = encodeMessage({ ...CALL, signature: 'a{sv}u', body: [value, 1] });
    for (let length = 16; length < whole.length; length += 1) {
      expect(() => decodeMessage(whole.subarray(0, length))).toThrow();
    }
  });

  it.each([
    ['an array longer than its message', 'as', 'ffffff7f'],
    ['an array of bytes longer than its message', 'ay', '05000000 00'],
    ['an array that ends inside an element', 'ai', '03000000 01000000'],
    ['a text longer than its message', 's', 'ffffffff 00'],
    ['a text without its end', 's', '01000000 6161'],
    ['a text that is not UTF-8', 's', '02000000 c328 00'],
    ['a text with NUL inside', 's', '01000000 00 00'],
    ['a boolean of 2', 'b', '02000000'],
    ['padding that is not zero', 'yu', '01 ff0000 01000000'],
    ['an object path that is none', 'o', '01000000 61 00'],
    ['a variant of two values', 'v', '02 6969 00 01000000 01000000'],
    ['a variant of nothing', 'v', '00 00'],
    ['bytes after the body', 'y', '01 02'],
  ])('with %s are refused', (_, signature, body) => {
    expect(() => decodeMessage(reply('l', signature, bytes(body)))).toThrow(WireError);
  });

  it('with variants nested without end are refused', () => {
    const body = Buffer.concat([Buffer.from('\x01v\0'.repeat(500)), bytes('01 79 00 01')]);
    expect(() => decodeMessage(reply('l', 'v', body))).toThrow(WireError);
  });
});
