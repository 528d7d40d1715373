import fs from 'node:fs';
import { expect, it } from 'vitest';
import { VERSION } from '../../native-host/version.ts';

it.each(['package.json', 'manifest.json'])('is the same in the code and in %s', (file) => {
  expect(JSON.parse(fs.readFileSync(file, 'utf8')).version).toBe(VERSION);
});
