import fs from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { masterItem, sessionName, writeAwsVaultItem } from './aws-vault-items.ts';
import { type Result, startWorld, type World, writeConfig } from './world.ts';

const START_URL = 'https://x.awsapps.com/start#/';

let world: World;

beforeAll(async () => {
  world = await startWorld();
  writeConfig(
    world,
    '[default]\n\n[profile foo]\nregion = eu-west-1\n[profile role]\nsource_profile = foo\n[profile bar]\n',
  );
  const key = masterItem({ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' });
  const inHours = (hours: number): Date => new Date(Date.now() + hours * 3_600_000 + 500);
  const items: [string, object][] = [
    ['foo', key],
    ['orphan', key],
    [sessionName('sts.GetSessionToken', 'foo', 'arn:aws:iam::111122223333:mfa/foo', inHours(8)), {}],
    [sessionName('sts.AssumeRole', 'role', '', inHours(1)), {}],
    [sessionName('sts.AssumeRole', 'gone', 'x', inHours(1)), {}],
    [sessionName('sso.GetRoleCredentials', 'bar', START_URL, new Date(Date.now() - 3000)), {}],
    [`oidc:${START_URL}`, { Token: {}, Expiration: inHours(1) }],
    ['session,foo,mfa,1500000000', {}],
  ];
  await Promise.all(items.map(([name, data]) => writeAwsVaultItem(world, name, data)));
});
afterAll(async () => {
  expect(world.aws.calls).toEqual([]);
  await world.close();
});

/** Without a passphrase, which listing must not need. */
function list(...args: string[]): Promise<Result> {
  return world.run(['list', ...args], { env: { AWS_VAULT_FILE_PASSPHRASE: undefined } });
}

/** The time left of a session with `hours` to go, in the next half minute. */
const almost = (hours: number): string => `${hours - 1}h59m[345]\\ds|${hours}h0m0s`;

it('prints aws-vault’s table: sections in file order, stored keys without one, then what belongs to none', async () => {
  const { status, stdout, stderr } = await list();
  const foo = new RegExp(`sts.GetSessionToken:(?:${almost(8)})`);
  const role = /sts.AssumeRole:(?:59m[345]\ds|1h0m0s)/g;
  const shape = stdout
    .replace(foo, 'sts.GetSessionToken:7h59m59s')
    .replaceAll(role, 'sts.AssumeRole:59m59s')
    .replace(/sso.GetRoleCredentials:-\d+s/, 'sso.GetRoleCredentials:-3s')
    .replaceAll(/ +$/gm, ' ');
  expect(shape).toBe(
    `Profile                  Credentials              Sessions 
=======                  ===========              ======== 
foo                      foo                      sts.GetSessionToken:7h59m59s 
role                     -                        sts.AssumeRole:59m59s 
bar                      -                        sso.GetRoleCredentials:-3s 
-                        orphan                   - 
-                        -                        oidc:${START_URL} 
-                        -                        sts.AssumeRole:59m59s 
`,
  );
  const widths = new Set(
    stdout
      .slice(0, -1)
      .split('\n')
      .map((line) => [...line].length),
  );
  // Every cell of the last column is as wide as the longest one and two blanks.
  expect(widths).toEqual(new Set([50 + `oidc:${START_URL}`.length + 2]));
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

it('prints exactly aws-vault’s bytes for a vault without sessions', async () => {
  const env = { AWS_VAULT_FILE_DIR: `${world.home}/empty`, AWS_VAULT_FILE_PASSPHRASE: undefined };
  expect(await world.run(['ls'], { env: { ...env, AWS_CONFIG_FILE: '/dev/null' } })).toEqual({
    status: 0,
    stdout:
      'Profile                  Credentials              Sessions                 \n' +
      '=======                  ===========              ========                 \n',
    stderr: '',
  });
  expect((await world.run(['ls'], { env })).stdout).toContain(
    '\nfoo                      -                        -                        \n',
  );
  expect(fs.existsSync(`${world.home}/empty`)).toBe(false);
});

it('prints one column a line each, and of several flags the first of credentials, profiles, sessions', async () => {
  const [profiles, credentials, both, all, sessions] = await Promise.all([
    list('--profiles'),
    list('--credentials'),
    list('--sessions', '--profiles'),
    list('--sessions', '--profiles', '--credentials'),
    list('--sessions'),
  ]);
  expect(profiles).toEqual({ status: 0, stdout: 'foo\nrole\nbar\n', stderr: '' });
  expect(both).toEqual(profiles);
  expect(credentials).toEqual({ status: 0, stdout: 'foo\norphan\n', stderr: '' });
  expect(all).toEqual(credentials);
  const [first, ...others] = sessions.stdout.split('\n');
  expect(first).toBe(`oidc:${START_URL}`);
  expect(others.map((line) => line.split(':')[0]).sort()).toEqual([
    '',
    'sso.GetRoleCredentials',
    'sts.AssumeRole',
    'sts.AssumeRole',
    'sts.GetSessionToken',
  ]);
});

it('shows no control character of a name, and counts an empty default for no profile', async () => {
  const file = `${world.home}/strange`;
  fs.writeFileSync(file, '[default]\n[profile \x1b[31mred]\n');
  const { stdout } = await world.run(['list'], { env: { AWS_CONFIG_FILE: file } });
  expect(stdout).toContain('\n?[31mred ');
  expect(stdout).not.toContain('default');
  expect(stdout).not.toContain('\x1b');
});

it('takes no argument', async () => {
  expect(await list('foo')).toEqual({
    status: 1,
    stdout: '',
    stderr: 'keyturn: error: unexpected foo, try --help [USAGE]\n',
  });
});
