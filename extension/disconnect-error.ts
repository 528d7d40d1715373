import { VaultError } from '../native-host/errors.ts';

/**
 * What the browsers say when a native port closes. Text is all they give: Chromium in `runtime.lastError`, Firefox in
 * `port.error` (nothing at all when the host simply exits). Observed in Chromium 156 and Firefox 153.
 */
const notFound = ['Specified native messaging host not found.', 'No such native application'];
const forbidden = ['Access to the specified native messaging host is forbidden.'];
const notStarted = ['Error when communicating with the native messaging host.', 'An unexpected error occurred'];

/**
 * Why the native port closed, as an error with its remedy. `reason` is the browser's text, absent when it gave none;
 * `hasAnswered` tells a host that ran and stopped from one that never came up.
 *
 * Firefox says "No such native application" also when the host manifest exists but does not list this add-on, so there
 * HOST_FORBIDDEN can only come from the host's own answer to hello.
 */
export function disconnectError(reason: string | undefined, hasAnswered: boolean): VaultError {
  const says = (texts: readonly string[]) => texts.some((text) => reason?.startsWith(text));
  if (says(notFound)) {
    return new VaultError('HOST_NOT_FOUND', 'this browser finds no Keyturn host; run `keyturn host install`');
  }
  if (says(forbidden)) {
    return new VaultError(
      'HOST_FORBIDDEN',
      'the Keyturn host is installed, but not for this extension; run `keyturn host install`',
    );
  }
  if (!hasAnswered && says(notStarted)) {
    return new VaultError('HOST_GONE', 'the Keyturn host could not be started; run `keyturn host install` again');
  }
  return new VaultError(
    'HOST_GONE',
    hasAnswered
      ? 'the Keyturn host stopped while the browser was using it; try again'
      : 'the Keyturn host stopped as soon as it was started; run `keyturn host status` to see why',
  );
}
