import { expect, test } from 'vitest';
import { formatRemaining, parseDuration, parseGoDuration } from '../../../native-host/duration.ts';

test.for<[string, number]>([
  ['0', 0],
  ['1h30m', 5400],
  ['90m', 5400],
  ['1.5h', 5400],
  ['.5h', 1800],
  ['1.h', 3600],
  ['+5s', 5],
  ['3600s', 3600],
  ['1h0m0s', 3600],
  ['30m1h', 5400],
  ['1500ms', 1.5],
  ['250us', 0.000_25],
  ['250\u00b5s', 0.000_25],
  ['250\u03bcs', 0.000_25],
  ['1000000000ns', 1],
  ['4.35m', 261],
  ['0.1s', 0.1],
  ['-0s', 0],
])('%s is %d seconds, for -d and for a TTL', ([text, seconds]) => {
  expect(parseDuration(text)).toBe(seconds);
  expect(parseGoDuration(text, 'AWS_MIN_TTL')).toBe(seconds);
});

test('days and weeks are for -d alone', () => {
  expect(parseDuration('1d12h')).toBe(129_600);
  expect(parseDuration('2w')).toBe(1_209_600);
  expect(() => parseGoDuration('1d', 'AWS_MIN_TTL')).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      message: 'AWS_MIN_TTL is not a duration such as 1h30m (time: unknown unit "d" in duration "1d")',
    }),
  );
});

test.for<[string, string]>([
  ['3600', 'time: missing unit in duration "3600"'],
  ['1h30', 'time: missing unit in duration "1h30"'],
  ['1.5', 'time: missing unit in duration "1.5"'],
  ['x', 'time: invalid duration "x"'],
  ['', 'time: invalid duration ""'],
  ['-', 'time: invalid duration "-"'],
  ['.h', 'time: invalid duration ".h"'],
  ['.', 'time: invalid duration "."'],
  [' 1h', 'time: invalid duration " 1h"'],
  ['1h-5m', 'time: unknown unit "h-" in duration "1h-5m"'],
  ['1 h', 'time: unknown unit " h" in duration "1 h"'],
  ['1y', 'time: unknown unit "y" in duration "1y"'],
  ['1H', 'time: unknown unit "H" in duration "1H"'],
  ['1constructor', 'time: unknown unit "constructor" in duration "1constructor"'],
  ['1"', 'time: unknown unit "\\"" in duration "1\\""'],
  ['1é', 'time: unknown unit "\\xc3\\xa9" in duration "1\\xc3\\xa9"'],
  ['1\n', 'time: unknown unit "\\x0a" in duration "1\\x0a"'],
  ['999999999h', 'time: invalid duration "999999999h"'],
  ['-1h', 'duration "-1h" must not be negative'],
])('%j is refused as Go refuses it: %s', ([text, message]) => {
  expect(() => parseDuration(text)).toThrow(
    expect.objectContaining({ code: 'USAGE', message: `${message}, try --help` }),
  );
});

test.for<[number, string]>([
  [0, '0s'],
  [0.9, '0s'],
  [-0.9, '0s'],
  [59, '59s'],
  [60, '1m0s'],
  [3599.9, '59m59s'],
  [3600, '1h0m0s'],
  [43_199, '11h59m59s'],
  [360_000, '100h0m0s'],
  [-3.2, '-3s'],
  [-3661, '-1h1m1s'],
])('%d s remaining is printed as %s', ([seconds, text]) => {
  expect(formatRemaining(seconds)).toBe(text);
});

test('what is printed is read back as the same duration', () => {
  for (let seconds = 0; seconds < 500_000; seconds += 617) {
    expect(parseDuration(formatRemaining(seconds))).toBe(seconds);
    expect(parseGoDuration(formatRemaining(seconds), 'AWS_MIN_TTL')).toBe(seconds);
  }
});
