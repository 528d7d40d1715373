import path from 'node:path';
import { VaultError } from './errors.ts';
import { quoted } from './message-check.ts';

/** The extensions that may start the host: their IDs as the two browser families write them. */
export type AllowedCallers = {
  readonly chromiumExtensionIds: readonly string[];
  readonly firefoxAddonIds: readonly string[];
};

export type Caller = { readonly family: 'chromium' | 'firefox'; readonly extensionId: string };

const ORIGIN = /^chrome-extension:\/\/([a-p]{32})\/$/;

/**
 * Who started the host, from the arguments the browser gives it: Chromium the origin of the extension (on Windows also
 * `--parent-window`), Firefox the host manifest's path and the add-on's ID. The host manifest already says the same to the
 * browser; this holds when the manifest was edited, or the program was started by something else.
 * @param args what follows the program's own path
 * @throws VaultError HOST_FORBIDDEN
 * @see https://developer.chrome.com/docs/extensions/develop/concepts/native-messaging
 * @see https://developer.mozilla.org/en-US/docs/Mozilla/Add-ons/WebExtensions/Native_messaging
 */
export function checkCaller(args: readonly string[], allowed: AllowedCallers): Caller {
  const caller = chromiumCaller(args) ?? firefoxCaller(args);
  if (caller === undefined) {
    throw new VaultError(
      'HOST_FORBIDDEN',
      'the Keyturn host is started by a browser extension; use keyturn in a terminal',
    );
  }
  const ids = caller.family === 'chromium' ? allowed.chromiumExtensionIds : allowed.firefoxAddonIds;
  if (ids.includes(caller.extensionId)) return caller;
  const message = `the extension ${quoted(caller.extensionId)} may not use the Keyturn host; run 'keyturn host install'`;
  throw new VaultError('HOST_FORBIDDEN', message);
}

function chromiumCaller([origin = '', ...rest]: readonly string[]): Caller | undefined {
  const extensionId = ORIGIN.exec(origin)?.[1];
  if (extensionId === undefined || !rest.every((arg) => /^--parent-window=\d+$/.test(arg))) return undefined;
  return { family: 'chromium', extensionId };
}

function firefoxCaller(args: readonly string[]): Caller | undefined {
  const [manifest, extensionId] = args;
  if (manifest === undefined || extensionId === undefined || args.length !== 2) return undefined;
  if (!path.isAbsolute(manifest) || !manifest.endsWith('.json')) return undefined;
  return { family: 'firefox', extensionId };
}
