import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import manifest from '../../../manifest.json' with { type: 'json' };
import { CHROMIUM_EXTENSION_ID } from '../../../native-host/protocol.ts';

/** @see https://developer.chrome.com/docs/extensions/reference/manifest/key */
test('the extension ID is the one Chromium computes from the manifest key: SHA-256, first 128 bits, a-p for 0-f', () => {
  const digest = createHash('sha256').update(Buffer.from(manifest.key, 'base64')).digest('hex');
  const id = digest.slice(0, 32).replace(/./g, (digit) => String.fromCharCode(97 + Number.parseInt(digit, 16)));
  expect(id).toBe(CHROMIUM_EXTENSION_ID);
});
