import { stripVTControlCharacters } from 'node:util';
import { encode } from 'uqr';
import { describe, expect, it } from 'vitest';
import { otpauthUri, qrCode } from '../../../cli/ask/qr-code.ts';
import { pictureThatFits } from '../../../cli/ask/secret-screen.ts';

const URI = otpauthUri({ secretBase32: 'JBSWY3DPEHPK3PXP', userName: 'ada+x', accountId: '111122223333' });

it('writes the account as authenticator apps read it', () => {
  expect(URI).toBe('otpauth://totp/AWS:ada%2Bx@111122223333?secret=JBSWY3DPEHPK3PXP&issuer=AWS');
});

it('draws every module of the code, dark on light whatever the colours of the terminal', () => {
  const { lines, columns } = qrCode(URI, { rows: 1, columns: 1 });
  const { data } = encode(URI, { ecc: 'L', border: 1 });
  const modules = lines.flatMap((line) => {
    expect(line).toMatch(/^.{9}[ ▀▄█]+.{4}$/s);
    expect([line.slice(0, 9), line.slice(-4)]).toEqual(['\x1b[30;107m', '\x1b[0m']);
    const cells = [...line.slice(9, -4)];
    expect(cells).toHaveLength(columns);
    return [cells.map((cell) => cell === '▀' || cell === '█'), cells.map((cell) => cell === '▄' || cell === '█')];
  });
  expect(modules.slice(0, data.length)).toEqual(data);
});

describe('on a terminal', () => {
  const secret = `Secret: ${'A'.repeat(64)}`;
  const text = ['Scan this with your app; type two codes in a row.'];
  const uri = otpauthUri({ secretBase32: 'A'.repeat(64), userName: 'firstname.lastname', accountId: '111122223333' });
  const picture = (size: { rows: number; columns: number } | undefined, words = text) =>
    pictureThatFits(uri, words, size);
  const white = (line: string): boolean => line.startsWith(`\x1b[30;107m${' '.repeat(20)}`);

  it.each([
    { rows: 24, columns: 80, border: 2 },
    { rows: 24, columns: 50, border: 1 },
    { rows: 40, columns: 100, border: 4 },
  ])('of $columns by $rows it has $border modules of white, and room for the first question', ({ border, ...size }) => {
    for (const words of [text, ...(size.columns > 50 ? [[secret, ...text]] : [])]) {
      const lines = picture(size, words) ?? [];
      expect(lines.length).toBeLessThan(size.rows);
      expect(lines.filter(white).length).toBeGreaterThanOrEqual(Math.floor(border / 2) + (border > 1 ? 1 : 0));
      // What can be read of it is all of the text.
      const shown = stripVTControlCharacters(lines.join('')).replaceAll(/[ ▀▄█]/g, '');
      expect(shown).toBe(words.join('').replaceAll(' ', ''));
      for (const line of lines) {
        expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(size.columns);
      }
    }
  });

  it('of an unknown size it has all its white', () => {
    expect(picture(undefined)).toEqual(picture({ rows: 100, columns: 200 }));
  });

  it.each([
    { rows: 12, columns: 40 },
    { rows: 50, columns: 40 },
    { rows: 22, columns: 200 },
  ])('of $columns by $rows there is none', (size) => {
    expect(picture(size)).toBeUndefined();
  });
});
