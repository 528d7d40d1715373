import { describe, expect, it } from 'vitest';
import { openJwe, sealJwe } from '../../../native-host/keyring/jwe.ts';

const CREATED_AT = new Date('2026-11-21T03:07:33.042Z');
const SEALED = sealJwe('{"secret":"Zürich 🔑"}', 'pässphrase', CREATED_AT);

/** SEALED with one dot-separated part exchanged: 0 header, 1 wrapped key, 2 nonce, 3 ciphertext, 4 tag. */
function withPart(index: number, change: (part: string) => string): string {
  return SEALED.split('.')
    .map((part, position) => (position === index ? change(part) : part))
    .join('.');
}

function withHeader(fields: Readonly<Record<string, unknown>>): string {
  return withPart(0, (part) => {
    const header = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return Buffer.from(JSON.stringify({ ...header, ...fields })).toString('base64url');
  });
}

function flipFirst(part: string): string {
  return (part.startsWith('A') ? 'B' : 'A') + part.slice(1);
}

describe('a sealed item', () => {
  it('opens with its passphrase', () => {
    expect(openJwe(SEALED, 'pässphrase')).toEqual({
      outcome: 'opened',
      plaintext: Buffer.from('{"secret":"Zürich 🔑"}'),
    });
  });

  it('opens although an editor added a line end', () => {
    expect(openJwe(`${SEALED}\r\n`, 'pässphrase').outcome).toBe('opened');
  });

  it('does not open with another passphrase', () => {
    expect(openJwe(SEALED, 'passphrase')).toEqual({ outcome: 'wrong-passphrase' });
    expect(openJwe(SEALED, '')).toEqual({ outcome: 'wrong-passphrase' });
  });

  it('takes the empty passphrase as one', () => {
    const sealed = sealJwe('x', '', CREATED_AT);
    expect(openJwe(sealed, '').outcome).toBe('opened');
    expect(openJwe(sealed, ' ').outcome).toBe('wrong-passphrase');
  });

  it("has the header of aws-vault's items, field by field", () => {
    const [header = ''] = SEALED.split('.');
    expect(Buffer.from(header, 'base64url').toString('utf8')).toMatch(
      /^{"alg":"PBES2-HS256\+A128KW","created":"2026-11-21 03:07:33\.042 \+0000 UTC","enc":"A256GCM","p2c":8192,"p2s":"[\w-]{16}"}$/,
    );
  });

  it('never uses a salt, a key or a nonce twice', () => {
    const again = sealJwe('{"secret":"Zürich 🔑"}', 'pässphrase', CREATED_AT).split('.');
    for (const [index, part] of SEALED.split('.').entries()) expect(again[index]).not.toBe(part);
  });
});

describe('a damaged item', () => {
  it.each([
    ['nothing', ''],
    ['something else', 'eyJ'],
    ['four parts', SEALED.slice(0, SEALED.lastIndexOf('.'))],
    ['six parts', `${SEALED}.AAAA`],
    ['a cut tag', SEALED.slice(0, -4)],
    ['a cut wrapped key', withPart(1, (part) => part.slice(4))],
    ['a cut nonce', withPart(2, (part) => part.slice(4))],
    ['characters outside base64url', withPart(3, (part) => `+/${part.slice(2)}`)],
    ['a header that is not JSON', withPart(0, () => 'eyJhbGciOi')],
    ['a header that is no object', withPart(0, () => Buffer.from('"PBES2"').toString('base64url'))],
    ['another algorithm', withHeader({ alg: 'PBES2-HS512+A256KW' })],
    ['no algorithm', withHeader({ alg: 'none' })],
    ['another encryption', withHeader({ enc: 'A128GCM' })],
    ['compressed content', withHeader({ zip: 'DEF' })],
    ['a critical extension', withHeader({ crit: ['exp'], exp: 0 })],
    ['too few rounds', withHeader({ p2c: 999 })],
    ['rounds that would stall the program', withHeader({ p2c: 1_300_001 })],
    ['half a round', withHeader({ p2c: 8192.5 })],
    ['rounds as text', withHeader({ p2c: '8192' })],
    ['no salt', withHeader({ p2s: undefined })],
    ['a short salt', withHeader({ p2s: 'AAAA' })],
    ['a salt that is not base64url', withHeader({ p2s: '****************' })],
  ])('with %s is told apart from a wrong passphrase', (_, text) => {
    const opening = openJwe(text, 'pässphrase');
    expect(opening).toMatchObject({ outcome: 'damaged', passphraseFits: false, reason: expect.any(String) });
  });

  it.each([
    ['nonce', withPart(2, flipFirst)],
    ['ciphertext', withPart(3, flipFirst)],
    ['tag', withPart(4, flipFirst)],
    ['unencrypted creation time', withHeader({ created: 'yesterday' })],
  ])('with a changed %s proves the passphrase and gives no content', (_, text) => {
    expect(openJwe(text, 'pässphrase')).toMatchObject({ outcome: 'damaged', passphraseFits: true });
  });

  it.each([
    ['wrapped key', withPart(1, flipFirst)],
    ['salt', withHeader({ p2s: 'AAAAAAAAAAAAAAAA' })],
    ['number of rounds', withHeader({ p2c: 8193 })],
  ])('with a changed %s looks like a wrong passphrase, and gives no content', (_, text) => {
    expect(openJwe(text, 'pässphrase')).toEqual({ outcome: 'wrong-passphrase' });
  });
});
