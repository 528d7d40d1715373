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
/** Modules of white above and below the picture, the best first; and at its sides, where there is more room. */
const QUIET_ZONES = [4, 2, 1];
const SIDES = 4;
/** Between the picture and text beside it, and the least columns such text is put into. */
const GAP = '  ';
const MIN_BESIDE = 20;

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
  const secret = `Secret for an app that is typed into: ${account.secretBase32}`;
  const text = [...(showsText ? [secret] : []), 'Scan this with your app; type two codes in a row.'];
  const problem = whyNoCode(env);
  const size = problem === undefined ? terminalSize() : undefined;
  const picture = problem === undefined ? pictureThatFits(otpauthUri(account), text, size) : undefined;
  const why = problem ?? `The QR code does not fit into ${size?.columns} columns and ${size?.rows} rows`;
  const lines = picture ?? [`${why}, so add this account to your authenticator app by hand.`, secret];
  const remains = 'Clear this screen when you have done: whoever reads this can make your codes.';
  return hasSecondScreen(env) ? lines : [...lines, remains];
}

/**
 * The QR code of `uri` with `text` below or beside it and a row left for the questions, with as much white around it as there
 * is room for; `undefined` where there is none. A terminal that does not tell its size is taken for a large one.
 */
export function pictureThatFits(uri: string, text: readonly string[], size?: Size): string[] | undefined {
  for (const rows of QUIET_ZONES) {
    const code = [SIDES, rows].map((columns) => qrCode(uri, { rows, columns })).find((one) => isNarrow(one, size));
    if (code === undefined) continue;
    const below = text.flatMap((line) => wrapped(line, size?.columns ?? line.length));
    if (size === undefined || code.lines.length + below.length < size.rows) return [...code.lines, ...below];
    const besideColumns = size.columns - code.columns - GAP.length;
    const beside = besideColumns < MIN_BESIDE ? [] : text.flatMap((line) => wrapped(line, besideColumns));
    if (beside.length === 0 || Math.max(code.lines.length, beside.length) >= size.rows) continue;
    return code.lines.map((line, index) => (beside[index] === undefined ? line : line + GAP + beside[index]));
  }
  return undefined;
}

const isNarrow = ({ columns }: QrCode, size: Size | undefined): boolean =>
  size === undefined || columns <= size.columns;

/** A line in pieces of so many characters, at a blank where there is one. */
function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > columns) {
    const blank = rest.lastIndexOf(' ', columns);
    const end = blank > 0 ? blank : columns;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...lines, rest];
}

function whyNoCode(env: Env): string | undefined {
  if (!hasSecondScreen(env)) return 'This terminal cannot show a QR code';
  return isUtf8(env) ? undefined : 'The locale is not UTF-8, which a QR code needs';
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
