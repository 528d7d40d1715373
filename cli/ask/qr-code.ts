import { encode } from 'uqr';

export type QrCode = { readonly lines: readonly string[]; readonly columns: number };

// Black on white whatever the terminal's colours are: many apps do not read a QR code that is light on dark.
const COLOURS = '\x1b[30;107m';
const PLAIN = '\x1b[0m';
const HALVES = [' ', '▄', '▀', '█'] as const;

/**
 * A QR code as lines for a terminal of UTF-8, two modules in each character. `quietZone`: modules of white around it, 4 by the
 * standard; phones read less.
 */
export function qrCode(text: string, quietZone: number): QrCode {
  const { data, size } = encode(text, { ecc: 'L', border: quietZone });
  const isDark = (row: number, column: number): number => (data[row]?.[column] === true ? 1 : 0);
  const columns = Array.from({ length: size }, (_, column) => column);
  const lines = Array.from({ length: Math.ceil(size / 2) }, (_, line) => {
    const cells = columns.map((column) => HALVES[2 * isDark(2 * line, column) + isDark(2 * line + 1, column)]);
    return `${COLOURS}${cells.join('')}${PLAIN}`;
  });
  return { lines, columns: size };
}

export type TotpAccount = { readonly secretBase32: string; readonly userName: string; readonly accountId: string };

/**
 * What an authenticator app reads. Kept short, because a longer text makes a larger code, and terminals have 24 lines.
 * @see https://github.com/google/google-authenticator/wiki/Key-Uri-Format
 */
export function otpauthUri({ secretBase32, userName, accountId }: TotpAccount): string {
  const account = encodeURIComponent(`${userName}@${accountId}`).replaceAll('%40', '@');
  return `otpauth://totp/AWS:${account}?secret=${secretBase32.replace(/=+$/, '')}&issuer=AWS`;
}
