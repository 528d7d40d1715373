import { VaultError } from './errors.ts';

const GO_UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  // Micro sign and Greek mu look the same and are both typed.
  '\u00b5s': 1e3,
  '\u03bcs': 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

const UNITS: Readonly<Record<string, number>> = { ...GO_UNITS, d: 24 * 3600e9, w: 7 * 24 * 3600e9 };

// The largest Go Duration, 292 years.
const MAX_NANOSECONDS = 2 ** 63;

/**
 * A `-d` duration (`1h30m`, `1.5h`, `2d`; ns, us, ms, s, m, h, d, w) in seconds, with a fraction if it has one.
 * @throws VaultError USAGE with Go's text
 */
export function parseDuration(text: string): number {
  const result = readDuration(text, UNITS);
  if (typeof result === 'number') return result;
  throw new VaultError('USAGE', `${result.problem}, try --help`, { details: { flag: 'duration' } });
}

/**
 * The value of a `*_TTL` variable in seconds: Go's own syntax, which has no days and weeks.
 * @throws VaultError CONFIG_INVALID naming the variable (aws-vault silently takes its default instead)
 */
export function parseGoDuration(text: string, variable: string): number {
  const result = readDuration(text, GO_UNITS);
  if (typeof result === 'number') return result;
  throw new VaultError('CONFIG_INVALID', `${variable} is not a duration such as 1h30m (${result.problem})`);
}

/** Seconds as Go prints a Duration without its fraction: `59m59s`, `1h0m0s`, `-3s`, `0s`. */
export function formatRemaining(seconds: number): string {
  const whole = Math.trunc(Math.abs(seconds));
  const sign = seconds < 0 && whole > 0 ? '-' : '';
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  if (hours > 0) return `${sign}${hours}h${minutes}m${whole % 60}s`;
  return minutes > 0 ? `${sign}${minutes}m${whole % 60}s` : `${sign}${whole}s`;
}

/** Seconds as people write them: 3600 as `1h`, 5400 as `1h30m`. */
export function shortDuration(seconds: number): string {
  return formatRemaining(seconds)
    .replace(/(?<=[hm])0s$/, '')
    .replace(/(?<=h)0m$/, '');
}

type Problem = { readonly problem: string };

function readDuration(text: string, units: Readonly<Record<string, number>>): number | Problem {
  const invalid = { problem: `time: invalid duration ${quote(text)}` };
  let rest = text.startsWith('-') || text.startsWith('+') ? text.slice(1) : text;
  if (rest === '0') return 0;
  if (rest === '') return invalid;
  let nanoseconds = 0;
  while (rest !== '') {
    const whole = leadingDigits(rest);
    const fraction = rest[whole.length] === '.' ? leadingDigits(rest.slice(whole.length + 1)) : undefined;
    if (whole === '' && (fraction ?? '') === '') return invalid;
    rest = rest.slice(whole.length + (fraction === undefined ? 0 : fraction.length + 1));
    const unit = leadingUnit(rest);
    if (unit === '') return { problem: `time: missing unit in duration ${quote(text)}` };
    const size = Object.hasOwn(units, unit) ? units[unit] : undefined;
    if (size === undefined) return { problem: `time: unknown unit ${quote(unit)} in duration ${quote(text)}` };
    rest = rest.slice(unit.length);
    // In whole nanoseconds, so that 4.35m is 261s and not a little less.
    nanoseconds += Number(whole) * size + Math.trunc(Number(fraction ?? 0) * (size / 10 ** (fraction?.length ?? 0)));
    if (nanoseconds >= MAX_NANOSECONDS) return invalid;
  }
  if (text.startsWith('-') && nanoseconds > 0) return { problem: `duration ${quote(text)} must not be negative` };
  return nanoseconds / 1e9;
}

function leadingDigits(text: string): string {
  let end = 0;
  while (isDigit(text[end])) end += 1;
  return text.slice(0, end);
}

function leadingUnit(text: string): string {
  let end = 0;
  while (end < text.length && text[end] !== '.' && !isDigit(text[end])) end += 1;
  return text.slice(0, end);
}

function isDigit(char: string | undefined): boolean {
  return char !== undefined && char >= '0' && char <= '9';
}

/** As Go's time package quotes: bytes outside printable ASCII as \xNN. */
function quote(text: string): string {
  let quoted = '';
  for (const byte of Buffer.from(text)) {
    const char = String.fromCharCode(byte);
    if (byte < 0x20 || byte > 0x7f) quoted += `\\x${byte.toString(16).padStart(2, '0')}`;
    else quoted += char === '"' || char === '\\' ? `\\${char}` : char;
  }
  return `"${quoted}"`;
}
