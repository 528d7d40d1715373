import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { setProfileValue } from '../../../native-host/aws/config-edit.ts';
import { readConfigFile } from '../../../native-host/aws/config-file.ts';

let dir: string;
let file: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-config-edit-'));
  file = path.join(dir, 'config');
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

const VALUE = 'arn:aws:iam::1:mfa/ada';

it.each([
  ['a missing file', '', '[profile work]\nmfa_serial = VALUE\n'],
  [
    'a file without the profile',
    '[default]\nregion = a',
    '[default]\nregion = a\n\n[profile work]\nmfa_serial = VALUE\n',
  ],
  ['an empty section at the end', '[profile work]', '[profile work]\nmfa_serial = VALUE\n'],
  [
    'an empty section before another',
    '[profile work]\n\n[default]\n',
    '[profile work]\nmfa_serial = VALUE\n\n[default]\n',
  ],
  [
    'comments after a section, which belong to the next',
    '[profile work]\nregion = a # here\n\n# of b\n; too\n[profile b]\nregion = b\n',
    '[profile work]\nregion = a # here\nmfa_serial = VALUE\n\n# of b\n; too\n[profile b]\nregion = b\n',
  ],
  ['a last line without its end', '[profile work]\nregion = a', '[profile work]\nregion = a\nmfa_serial = VALUE\n'],
  ['CRLF', '[profile work]\r\nregion = a\r\n', '[profile work]\r\nregion = a\r\nmfa_serial = VALUE\r\n'],
  [
    'CRLF without an end',
    '[default]\r\n[profile work]\r\nregion = a',
    '[default]\r\n[profile work]\r\nregion = a\r\nmfa_serial = VALUE\r\n',
  ],
  ['CRLF without the profile', '[default]\r\n', '[default]\r\n\r\n[profile work]\r\nmfa_serial = VALUE\r\n'],
  ['a value', '[profile work]\nmfa_serial=old\nregion = a\n', '[profile work]\nmfa_serial=VALUE\nregion = a\n'],
  [
    'its spelling, blanks and comment',
    '[profile work]\n MFA_Serial  =  old-1  # why = x\n',
    '[profile work]\n MFA_Serial  =  VALUE  # why = x\n',
  ],
  ['a value with CRLF', '[profile work]\r\nmfa_serial = old ; c\r\n', '[profile work]\r\nmfa_serial = VALUE ; c\r\n'],
  ['a quoted value', '[profile work]\nmfa_serial = "old"\n', '[profile work]\nmfa_serial = VALUE\n'],
  ['an empty value', '[profile work]\nmfa_serial =\n', '[profile work]\nmfa_serial =VALUE\n'],
  [
    'the last of duplicates, which is the one that counts',
    '[profile work]\nmfa_serial = one\n[default]\nregion = a\n[profile work]\nmfa_serial = two\n',
    '[profile work]\nmfa_serial = one\n[default]\nregion = a\n[profile work]\nmfa_serial = VALUE\n',
  ],
  [
    'nested settings, and their keys of the same name',
    '[profile work]\ns3 =\n  mfa_serial = nested\n  max = 2\n[default]\n',
    '[profile work]\ns3 =\n  mfa_serial = nested\n  max = 2\nmfa_serial = VALUE\n[default]\n',
  ],
  ['a byte order mark', '\uFEFF[profile work]\nregion = a\n', '\uFEFF[profile work]\nregion = a\nmfa_serial = VALUE\n'],
  ['a quoted name', '[profile "work"]\nregion = a\n', '[profile "work"]\nregion = a\nmfa_serial = VALUE\n'],
  [
    'an sso-session of the same name',
    '[sso-session work]\nsso_region = a\n',
    '[sso-session work]\nsso_region = a\n\n[profile work]\nmfa_serial = VALUE\n',
  ],
])('keeps every other byte: %s', async (_, before, after) => {
  if (before !== '') fs.writeFileSync(file, before);
  setProfileValue(file, 'work', { key: 'mfa_serial', value: VALUE });
  expect(fs.readFileSync(file, 'utf8')).toBe(after.replace('VALUE', VALUE));
  expect((await readConfigFile(file)).profiles.get('work')?.values.get('mfa_serial')).toBe(VALUE);
});

it('keeps bytes that are not UTF-8, the permissions and a symlink', () => {
  const target = path.join(dir, 'target');
  const latin1 = Buffer.from('# caf\xe9\n[profile work]\nregion = a # \xfcber\n', 'latin1');
  fs.writeFileSync(target, latin1, { mode: 0o640 });
  fs.chmodSync(target, 0o640);
  fs.symlinkSync(target, file);
  setProfileValue(file, 'work', { key: 'mfa_serial', value: VALUE });
  expect(fs.readFileSync(target)).toEqual(Buffer.concat([latin1, Buffer.from(`mfa_serial = ${VALUE}\n`)]));
  expect(fs.lstatSync(file).isSymbolicLink()).toBe(true);
  expect(fs.statSync(target).mode & 0o777).toBe(0o640);
  expect(fs.readdirSync(dir).sort()).toEqual(['config', 'target']);
});

it('writes names of other alphabets, and edits them', async () => {
  setProfileValue(file, 'équipe', { key: 'region', value: 'eu-west-1' });
  setProfileValue(file, 'équipe', { key: 'region', value: 'eu-west-3' });
  expect(fs.readFileSync(file, 'utf8')).toBe('[profile équipe]\nregion = eu-west-3\n');
});

it('leaves a file alone whose lines would make another value of it', () => {
  const text = '[profile work]\nmfa_serial = one\n  goes on\n';
  fs.writeFileSync(file, text);
  expect(() => setProfileValue(file, 'work', { key: 'mfa_serial', value: VALUE })).toThrowError(
    /set it to .* yourself/,
  );
  expect(fs.readFileSync(file, 'utf8')).toBe(text);
});

it('refuses a value that would be read back as another one, and a file it cannot read', () => {
  expect(() => setProfileValue(file, 'work', { key: 'region', value: 'a\n[default]' })).toThrowError();
  expect(() => setProfileValue(file, 'work', { key: 'region', value: 'a # b' })).toThrowError();
  expect(fs.existsSync(file)).toBe(false);
  fs.writeFileSync(file, '[profile work\n');
  expect(() => setProfileValue(file, 'work', { key: 'region', value: 'a' })).toThrowError(/config:1: /);
});
