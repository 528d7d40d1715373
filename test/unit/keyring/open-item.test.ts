import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sealJwe } from '../../../native-host/keyring/jwe.ts';
import { opensAny } from '../../../native-host/keyring/open-item.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'keyturn-open-item-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

it.each([
  [8192, 20, 16],
  [400_000, 6, 4],
])('a passphrase that opens no item of %d rounds is refused after so many of %d: %d', async (rounds, items, tried) => {
  const sealed = sealJwe('{}', 'right', new Date(), rounds);
  for (let item = 0; item < items; item += 1) writeFileSync(join(dir, `item-${item}`), sealed);
  let asked = 0;
  const unwrap = () => {
    asked += 1;
    return undefined;
  };
  expect(await opensAny(dir, { unwrap })).toBe(false);
  expect(asked).toBe(tried);
});
