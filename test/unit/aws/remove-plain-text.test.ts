import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removePlainTextKeys } from '../../../native-host/aws/remove-plain-text.ts';

const WORK = { accessKeyId: 'AKIAWORK', secretAccessKey: 'work/secret+1' };
const OTHER = { accessKeyId: 'AKIAOTHER', secretAccessKey: 'other' };
const NOW = new Date('2027-03-04T05:06:07.890Z');

let dir: string;
let file: string;

beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-plain-'));
  file = path.join(dir, 'credentials');
});
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

function remove(
  before: string,
  keys: Readonly<Record<string, typeof WORK>>,
  kind: 'credentials' | 'config' = 'credentials',
) {
  fs.writeFileSync(file, before, 'latin1');
  const done = removePlainTextKeys(file, { kind, keys: new Map(Object.entries(keys)), now: NOW });
  return { done, after: fs.readFileSync(file, 'latin1') };
}

describe('taking keys in plain text out of a file', () => {
  it('removes their lines and leaves every other byte as it was', () => {
    const before =
      '# caf\xe9\r\n[work]\r\naws_access_key_id = AKIAWORK\r\nregion = eu-west-1 # here\r\n' +
      '  AWS_SECRET_ACCESS_KEY=work/secret+1 ; mine\r\n\r\n[other]\naws_access_key_id=AKIAOTHER\naws_secret_access_key=other';
    const { done, after } = remove(before, { work: WORK });
    expect(after).toBe(
      '# caf\xe9\r\n[work]\r\nregion = eu-west-1 # here\r\n\r\n[other]\naws_access_key_id=AKIAOTHER\naws_secret_access_key=other',
    );
    expect(done).toEqual({ removed: ['work'], backup: `${file}.keyturn-backup-20270304T050607Z` });
  });

  it('keeps what was there in a copy that nobody else can read, whatever the umask', () => {
    const before = '[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = work/secret+1\n';
    const umask = process.umask(0);
    const { done } = remove(before, { work: WORK });
    process.umask(umask);
    expect(fs.readFileSync(done?.backup ?? '', 'latin1')).toBe(before);
    expect(fs.statSync(done?.backup ?? '').mode & 0o777).toBe(0o600);
    const again = remove(before, { work: WORK });
    expect(again.done?.backup).toBe(`${done?.backup}-2`);
  });

  it('keeps the permissions of the file itself', () => {
    fs.writeFileSync(file, '');
    fs.chmodSync(file, 0o640);
    remove('[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = work/secret+1\n', { work: WORK });
    expect(fs.statSync(file).mode & 0o777).toBe(0o640);
  });

  it('leaves a section that holds another key than the one that is safe', () => {
    const before = '[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = work/secret+1\n';
    expect(remove(before, { work: OTHER })).toEqual({ done: undefined, after: before });
    expect(fs.readdirSync(dir)).toEqual(['credentials']);
    const twice = `${before}[work]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = other\n`;
    expect(remove(twice, { work: OTHER }).after).toBe(`${before}[work]\n`);
  });

  it('knows the sections of a config file', () => {
    const before =
      '[profile work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = work/secret+1\nregion = x\n[sso-session s]\nsso_region = y\n';
    expect(remove(before, { work: WORK }, 'config').after).toBe(
      '[profile work]\nregion = x\n[sso-session s]\nsso_region = y\n',
    );
  });

  it('refuses where a line goes on from one of the key’s, and leaves all as it was', () => {
    const before =
      '[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = work/secret+1\nregion =\n aws_access_key_id = 1\n x = 2\n';
    expect(() => remove(before, { work: WORK })).toThrow('cannot be taken out without changing other settings');
    expect(fs.readFileSync(file, 'latin1')).toBe(before);
    expect(fs.readdirSync(dir)).toEqual(['credentials']);
  });
});
