import { describe, expect, it } from 'vitest';
import { decodeBase32, encodeBase32, totp } from './totp.ts';

const RFC_SECRET = encodeBase32(Buffer.from('12345678901234567890'));

describe('totp', () => {
  // RFC 6238, appendix B: the SHA-1 rows, last six digits of eight.
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('gives the code of RFC 6238 at %i seconds', (seconds, code) => {
    expect(totp(RFC_SECRET, new Date(seconds * 1000))).toBe(code);
  });

  it('reads and writes base32 as RFC 4648 has it, however people type it', () => {
    expect(encodeBase32(Buffer.from('foobar'))).toBe('MZXW6YTBOI');
    expect(decodeBase32('mzxw 6ytb oi======').toString()).toBe('foobar');
    expect(() => decodeBase32('MZ1')).toThrow('not a base32 text');
  });
});
