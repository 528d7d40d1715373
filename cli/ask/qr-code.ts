import { encode } from 'uqr';

export type QrCode = { readonly lines: readonly string[]; readonly columns: number };

// Black on white whatever the terminal's colours are: many apps do not read a QR code that is light on dark.
const COLOURS = '\x1b[30;107m';
const PLAIN = '\x1b[0m';
const HALVES = [' ', '▄', '▀', '█'] as const;

export type QrBorder = {
  /** Modules of white above and below; 4 by the standard, phones read less. */
  readonly rows: number;
  /** The same to the left and right, where terminals have more room. */
  readonly columns: number;
};

/** A QR code as lines for a terminal of UTF-8, two modules in each character. */
export function qrCode(text: string, border: QrBorder): QrCode {
  const { data, size } = encode(text, { ecc: 'L', border: 0 });
  const isDark = (row: number, column: number): number => (data[row]?.[column] === true ? 1 : 0);
  const cellsOf = (length: number, around: number): number[] =>
    Array.from({ length: length + 2 * around }, (_, index) => index - around);
  const rows = cellsOf(size, border.rows).filter((_, index) => index % 2 === 0);
  const columns = cellsOf(size, border.columns);
  const lines = rows.map((row) => {
    const cells = columns.map((column) => HALVES[2 * isDark(row, column) + isDark(row + 1, column)]);
    return `${COLOURS}${cells.join('')}${PLAIN}`;
  });
  return { lines, columns: columns.length };
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
