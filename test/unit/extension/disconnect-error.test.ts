import { describe, expect, test } from 'vitest';
import { disconnectError } from '../../../extension/disconnect-error.ts';

/** As Chromium 156 and Firefox 153 said them for a host that is missing, not allowed, not startable, ended or babbling. */
describe('disconnectError', () => {
  test.each([
    ['Specified native messaging host not found.', false, 'HOST_NOT_FOUND'],
    ['No such native application io.keyturn.host', false, 'HOST_NOT_FOUND'],
    ['Access to the specified native messaging host is forbidden.', false, 'HOST_FORBIDDEN'],
    ['Error when communicating with the native messaging host.', false, 'HOST_GONE'],
    ['An unexpected error occurred', false, 'HOST_GONE'],
    ['Native host has exited.', false, 'HOST_GONE'],
    ['Native host has exited.', true, 'HOST_GONE'],
    [undefined, true, 'HOST_GONE'],
    [undefined, false, 'HOST_GONE'],
    [
      'Native application tried to send a message of 1819043176 bytes, which exceeds the limit of 1048576 bytes.',
      true,
      'HOST_GONE',
    ],
  ])('%s (answered before: %s) is %s', (reason, hasAnswered, code) => {
    expect(disconnectError(reason, hasAnswered).code).toBe(code);
  });

  test('names the way out each time', () => {
    const says = (reason: string | undefined, hasAnswered: boolean) => disconnectError(reason, hasAnswered).message;
    expect(says('No such native application x', false)).toContain('`keyturn host install`');
    expect(says('An unexpected error occurred', false)).toContain('could not be started');
    expect(says(undefined, false)).toContain('`keyturn host status`');
    expect(says(undefined, true)).toContain('try again');
  });
});
