import { expect, it } from 'vitest';
import { checkCaller } from '../../../native-host/caller.ts';

const ID = 'afmiffhfcllegmgmmpkkgdpaabblbjio';
const allowed = { chromiumExtensionIds: [ID], firefoxAddonIds: ['keyturn@keyturn.io'] };
const manifest = '/home/jon/.mozilla/native-messaging-hosts/io.keyturn.host.json';

it.each([
  [[`chrome-extension://${ID}/`], { family: 'chromium', extensionId: ID }],
  [[`chrome-extension://${ID}/`, '--parent-window=1312'], { family: 'chromium', extensionId: ID }],
  [[manifest, 'keyturn@keyturn.io'], { family: 'firefox', extensionId: 'keyturn@keyturn.io' }],
])('lets our extension in: %j', (args, caller) => {
  expect(checkCaller(args, allowed)).toEqual(caller);
});

it.each([
  [[]],
  [['--help']],
  [[ID]],
  [[`chrome-extension://${ID}`]],
  [[`https://${ID}/`]],
  [[`chrome-extension://${ID}/`, 'more']],
  [[`chrome-extension://${ID}/x`]],
  [['keyturn@keyturn.io']],
  [['keyturn@keyturn.io', 'keyturn@keyturn.io']],
  [['relative.json', 'keyturn@keyturn.io']],
  [[manifest, 'keyturn@keyturn.io', 'more']],
])('refuses what no browser says: %j', (args) => {
  expect(() => checkCaller(args, allowed)).toThrow(
    expect.objectContaining({
      code: 'HOST_FORBIDDEN',
      message: 'the Keyturn host is started by a browser extension; use keyturn in a terminal',
    }),
  );
});

it.each([
  [[`chrome-extension://${'a'.repeat(32)}/`], `"${'a'.repeat(32)}"`],
  [[manifest, 'evil@example.org'], '"evil@example.org"'],
  [[manifest, 'evil\n\u001b[31m@example.org'], '"evil\\n\\u001b[31m@example.org"'],
])('refuses another extension by name: %j', (args, name) => {
  expect(() => checkCaller(args, allowed)).toThrow(
    expect.objectContaining({
      code: 'HOST_FORBIDDEN',
      message: `the extension ${name} may not use the Keyturn host; run 'keyturn host install'`,
    }),
  );
});
