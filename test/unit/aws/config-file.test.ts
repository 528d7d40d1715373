import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendProfile, readConfigFile } from '../../../native-host/aws/config-file.ts';

let dir: string;
let file: string;

beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-config-'));
  file = path.join(dir, 'config');
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

async function valuesOf(text: string, profile: string): Promise<Record<string, string>> {
  fs.writeFileSync(file, text);
  const config = await readConfigFile(file);
  return Object.fromEntries(config.profiles.get(profile)?.values ?? []);
}

describe('reading', () => {
  it('takes a missing file for an empty one and does not create it', async () => {
    const config = await readConfigFile(file);
    expect([...config.profiles.keys()]).toEqual([]);
    expect(fs.existsSync(file)).toBe(false);
  });

  it('keeps dots, blanks and other alphabets in profile names, and profiles without a key', async () => {
    const names = ['prod.admin', 'my team', 'équipe', '开发', 'a/b:c%d', '__proto__', 'empty', 'x]y'];
    fs.writeFileSync(file, names.map((name) => `[profile ${name}]\nregion = eu-${name.length}\n`).join(''));
    const config = await readConfigFile(file);
    expect([...config.profiles.keys()]).toEqual(names);
    expect(config.profiles.get('prod.admin')?.values.get('region')).toBe('eu-10');
    expect(config.profiles.get('__proto__')?.values.get('region')).toBe('eu-9');
  });

  it('reads a quoted name as AWS tools write one with a blank', async () => {
    expect(await valuesOf('[profile "my team"]\nregion=eu-west-1\n', 'my team')).toEqual({ region: 'eu-west-1' });
  });

  it('keeps a value with # or ; inside and drops comments after a blank', async () => {
    const text = '[profile a]\nsso_start_url = https://x/start#/ # here\nexternal_id = a;b ; there\n# all\n;of it\n';
    expect(await valuesOf(text, 'a')).toEqual({ sso_start_url: 'https://x/start#/', external_id: 'a;b' });
  });

  it('takes keys in any case, quotes off values, the last of duplicates, and CRLF, BOM and indented keys', async () => {
    const text =
      '\uFEFF[profile a]\r\n  Region = "eu-west-1"\r\n  ROLE_ARN=x\r\n[profile b]\r\n[profile a]\r\nregion=us-east-2\r\n';
    expect(await valuesOf(text, 'a')).toEqual({ region: 'us-east-2', role_arn: 'x' });
  });

  it('reads [default] and not [profile default], as aws-vault does', async () => {
    expect(await valuesOf('[profile default]\nregion=a\n[default]\nregion=b\n', 'default')).toEqual({ region: 'b' });
  });

  it('reads [profile default] where there is no [default], as AWS’s tools do', async () => {
    expect(await valuesOf('[profile default]\nregion=a\n[profile x]\n', 'default')).toEqual({ region: 'a' });
    expect(await valuesOf('[profile "default"]\nregion=a\n', 'default')).toEqual({ region: 'a' });
  });

  it('keeps nested settings apart from the profile’s own', async () => {
    expect(await valuesOf('[profile a]\ns3 =\n  region = nested\nregion = own\n', 'a')).toEqual({
      's3.region': 'nested',
      region: 'own',
    });
  });

  it('takes a comment sign inside quotes, or in a command line, for a part of the value', async () => {
    const text = `[profile a]
external_id = "a # b" ; comment
credential_process = "/opt/my tool/get" --a; b # c
mfa_process = pass otp x ; true
`;
    expect(await valuesOf(text, 'a')).toEqual({
      external_id: 'a # b',
      credential_process: '"/opt/my tool/get" --a; b # c',
      mfa_process: 'pass otp x ; true',
    });
  });

  it('goes on with a value after a backslash, as aws-vault, and with an indented line, as the AWS CLI', async () => {
    const text =
      '[profile a]\ncredential_process = get \\\n  --role x\nregion = r\ndescription = one\n  two\nca_bundle = C:\\certs\\\n';
    expect(await valuesOf(text, 'a')).toEqual({
      credential_process: 'get --role x',
      region: 'r',
      description: 'one\ntwo',
      ca_bundle: 'C:\\certs\\',
    });
  });

  it('lets the last of duplicates win, in one section or in several, also when it takes the value away', async () => {
    const text =
      '[profile a]\nregion = one\nregion = two\nrole_arn = x\noutput = json\n[profile b]\n[profile a]\nrole_arn =\noutput = text\n';
    expect(await valuesOf(text, 'a')).toEqual({ region: 'two', output: 'text' });
  });

  it('interpolates nothing, as the AWS CLI', async () => {
    expect(await valuesOf('[profile a]\nregion = x\nexternal_id = %(region)s\n', 'a')).toMatchObject({
      external_id: '%(region)s',
    });
  });

  it('reads sso-session and services sections, each with its lines', async () => {
    fs.writeFileSync(file, '[sso-session corp]\nsso_region = x\n[services local]\nsts =\n  endpoint_url = http://x\n');
    const { ssoSessions, services } = await readConfigFile(file);
    expect(ssoSessions.get('corp')).toMatchObject({ line: 1, keyLines: new Map([['sso_region', 2]]) });
    expect(services.get('local')?.values).toEqual(new Map([['sts.endpoint_url', 'http://x']]));
    expect(services.get('local')?.keyLines.get('sts.endpoint_url')).toBe(5);
  });

  it('reads what AWS’s own loader reads, where that reads anything', async () => {
    const text = `\uFEFF# head
[default]
region=eu-west-1
  output =  json
[profile a]
Role_ARN = arn:aws:iam::111122223333:role/a=b
s3 =
  max_concurrent_requests = 20
  addressing_style = path # here
sso_start_url=https://x/start#/
region = \tus-east-2 ; there
;comment
empty =
[profile b-1]
  source_profile = a
  region = x
[profile c]
region = y
`;
    fs.writeFileSync(file, text);
    const { loadSharedConfigFiles } = await import('@smithy/shared-ini-file-loader');
    const { configFile } = await loadSharedConfigFiles({ configFilepath: file, filepath: file });
    for (const name of ['default', 'a', 'b-1', 'c']) {
      const theirs = Object.entries(configFile[name] ?? {}).map(([key, value]) => [key.toLowerCase(), value]);
      expect(await valuesOf(text, name), name).toEqual(Object.fromEntries(theirs));
    }
  });

  it.each([
    ['[profile a]\nregion eu-west-1\n', 2, '"region" is not of the form key = value'],
    ['[profile a]\nok = 1\n= value\n', 3, 'is not of the form key = value'],
    ['[profile a\nregion = x\n', 1, 'has no closing ]'],
    ['region = x\n', 1, 'stands before any section header'],
  ])('names the line of %j', async (text, line, what) => {
    fs.writeFileSync(file, text);
    await expect(readConfigFile(file)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(`${file}:${line}: `),
      details: { file, line },
    });
    await expect(readConfigFile(file)).rejects.toThrow(what);
  });

  it('does not repeat a secret that was pasted as a line of its own', async () => {
    fs.writeFileSync(file, '[profile a]\nkey wJalrXUtnFEMI/K7MDENG\n');
    await expect(readConfigFile(file)).rejects.not.toThrow('wJalr');
  });

  it('says what is wrong with a file it cannot read', async () => {
    fs.mkdirSync(file);
    await expect(readConfigFile(file)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(file),
    });
  });
});

describe('appending', () => {
  it.each([
    ['', '[profile work]\n'],
    ['[default]\nregion = a # b\n', '[default]\nregion = a # b\n\n[profile work]\n'],
    ['[default]', '[default]\n\n[profile work]\n'],
    ['[default]\r\n', '[default]\r\n\r\n[profile work]\r\n'],
  ])('adds a section to %j and changes no other byte', (before, after) => {
    fs.writeFileSync(file, before);
    appendProfile(file, 'work');
    expect(fs.readFileSync(file, 'utf8')).toBe(after);
  });

  it('keeps the permissions and a symlink, and leaves nothing beside the file', () => {
    const target = path.join(dir, 'target');
    fs.writeFileSync(target, '[default]\n');
    fs.chmodSync(target, 0o664);
    fs.symlinkSync(target, file);
    appendProfile(file, 'work');
    expect(fs.lstatSync(file).isSymbolicLink()).toBe(true);
    expect(fs.statSync(target).mode & 0o777).toBe(0o664);
    expect(fs.readdirSync(dir).sort()).toEqual(['config', 'target']);
  });

  it('says so when the file is a link into a directory that does not exist', () => {
    fs.symlinkSync(path.join(dir, 'gone', 'config'), file);
    expect(() => appendProfile(file, 'work')).toThrow(
      `cannot write ${file}: it is a link into a directory that does not exist`,
    );
  });

  it('makes a missing file and directory, readable by their owner only', () => {
    const nested = path.join(dir, 'home', '.aws', 'config');
    appendProfile(nested, 'default');
    expect(fs.readFileSync(nested, 'utf8')).toBe('[default]\n');
    expect(fs.statSync(nested).mode & 0o777).toBe(0o600);
    expect(fs.statSync(path.dirname(nested)).mode & 0o777).toBe(0o700);
  });

  it('writes a name with a blank so that it is read back', async () => {
    appendProfile(file, 'my team');
    expect([...(await readConfigFile(file)).profiles.keys()]).toEqual(['my team']);
  });
});
