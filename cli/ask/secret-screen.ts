import { closeSync, openSync, writeSync } from 'node:fs';
import type { Env } from '../../native-host/engine/context.ts';
import { variable } from '../../native-host/settings.ts';
import { otpauthUri, type QrCode, qrCode, type TotpAccount } from './qr-code.ts';

/** A screen of its own on the terminal, which leaves nothing behind when it is closed. */
export type SecretScreen = { readonly show: (lines: readonly string[]) => void; readonly close: () => void };

type Size = { readonly rows: number; readonly columns: number };

const OUTPUT = process.platform === 'win32' ? '\\\\.\\CONOUT$' : '/dev/tty';
const ENTER = '\x1b[?1049h\x1b[2J\x1b[H';
const LEAVE = '\x1b[2J\x1b[?1049l';
/** Below the picture: what to do, and the first code. */
const ROWS_FOR_TEXT = 2;
/** Modules of white around the picture, the best first. */
const QUIET_ZONES = [4, 2, 1];

/** Opens the terminal's second screen, which has no scroll-back; a terminal without one shows the lines as any others. */
export function openSecretScreen(env: Env): SecretScreen {
  const descriptor = openSync(OUTPUT, 'r+');
  const canSwitch = hasSecondScreen(env);
  if (canSwitch) writeSync(descriptor, ENTER);
  return {
    show: (lines) => void writeSync(descriptor, lines.map((line) => `${line}\r\n`).join('')),
    close: () => {
      if (canSwitch) writeSync(descriptor, LEAVE);
      closeSync(descriptor);
    },
  };
}

/**
 * What the person puts into an authenticator app: a QR code where the terminal can show one, and the secret itself where it
 * cannot, or on request.
 */
export function secretLines(account: TotpAccount, { env, showsText }: { env: Env; showsText: boolean }): string[] {
  const code = codeThatFits(otpauthUri(account), env);
  const text = `Secret for an app that is typed into: ${account.secretBase32}`;
  const lines =
    typeof code === 'string'
      ? [`${code}, so add this account to your authenticator app by hand.`, text]
      : [
          ...code.lines,
          ...(showsText ? [text] : []),
          'Scan this with your authenticator app, then type two codes in a row.',
        ];
  const remains = 'Clear this screen when you have done: whoever reads this can make your codes.';
  return hasSecondScreen(env) ? lines : [...lines, remains];
}

/** The picture with as much white around it as there is room for, or why there is none. */
function codeThatFits(uri: string, env: Env): QrCode | string {
  if (!hasSecondScreen(env)) return 'This terminal cannot show a QR code';
  if (!isUtf8(env)) return 'The locale is not UTF-8, which a QR code needs';
  const size = terminalSize();
  const codes = QUIET_ZONES.map((quietZone) => qrCode(uri, quietZone));
  const code = codes.find(
    ({ lines, columns }) =>
      size === undefined || (size.columns >= columns && size.rows >= lines.length + ROWS_FOR_TEXT),
  );
  return code ?? `The QR code does not fit into ${size?.columns} columns and ${size?.rows} rows`;
}

function hasSecondScreen(env: Env): boolean {
  const term = variable(env, 'TERM');
  return process.platform === 'win32' || (term !== undefined && term !== 'dumb');
}

function isUtf8(env: Env): boolean {
  if (process.platform === 'win32' || process.platform === 'darwin') return true;
  const locale = ['LC_ALL', 'LC_CTYPE', 'LANG'].map((name) => variable(env, name)).find((value) => value !== undefined);
  return /utf-?8/i.test(locale ?? '');
}

/** `undefined` where the terminal does not say. */
function terminalSize(): Size | undefined {
  const { WriteStream } = process.getBuiltinModule('node:tty');
  const stream = new WriteStream(openSync(OUTPUT, 'r+'));
  const { rows, columns } = stream;
  stream.destroy();
  return rows > 0 && columns > 0 ? { rows, columns } : undefined;
}
