import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { keysInPlainText } from '../../../native-host/aws/credentials-file.ts';

let file: string;

function plainTextProfiles(credentialsFile: string): string[] {
  const configFile = path.join(path.dirname(file), 'config');
  return keysInPlainText({ credentialsFile, configFile }).map(({ profile }) => profile);
}

beforeEach(() => {
  file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-credentials-')), 'credentials');
});
afterEach(() => fs.rmSync(path.dirname(file), { recursive: true }));

it('names the profiles that have a key in it, and nothing else', () => {
  fs.writeFileSync(
    file,
    `[default]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = wJalrXUtnFEMI/K7MDENG
# [commented]
[my team]
AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE
AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG
[half]
aws_access_key_id=AKIAIOSFODNN7EXAMPLE
[only-region]
region = eu-west-1
[emptied]
aws_access_key_id =
`,
  );
  expect(plainTextProfiles(file)).toEqual(['default', 'my team']);
});

it('takes a missing file for an empty one', () => {
  expect(plainTextProfiles(file)).toEqual([]);
});

it('names the line it cannot read, without the secret on it', () => {
  fs.writeFileSync(file, '[a]\naws_secret_access_key wJalrXUtnFEMI/K7MDENG\n');
  expect(() => plainTextProfiles(file)).toThrow(`${file}:2: "aws_secret_access_key" is not of the form key = value`);
});
