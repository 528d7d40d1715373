import { encode } from 'uqr';
import { expect, it } from 'vitest';
import { otpauthUri, qrCode } from '../../../cli/ask/qr-code.ts';

const URI = otpauthUri({ secretBase32: 'JBSWY3DPEHPK3PXP', userName: 'ada+x', accountId: '111122223333' });

it('writes the account as authenticator apps read it', () => {
  expect(URI).toBe('otpauth://totp/AWS:ada%2Bx@111122223333?secret=JBSWY3DPEHPK3PXP&issuer=AWS');
});

it('draws every module of the code, dark on light whatever the colours of the terminal', () => {
  const { lines, columns } = qrCode(URI, 1);
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

it('fits a terminal of 80 by 24 with a secret and a name as AWS makes them', () => {
  const uri = otpauthUri({ secretBase32: 'A'.repeat(64), userName: 'firstname.lastname', accountId: '111122223333' });
  expect(qrCode(uri, 1).lines.length + 2).toBeLessThanOrEqual(24);
});
