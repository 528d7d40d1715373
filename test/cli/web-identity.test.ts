import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startWorld, type World, writeConfig } from './world.ts';

let world: World;
let tokenFile: string;
beforeEach(async () => {
  world = await startWorld();
  tokenFile = path.join(world.home, 'token');
});
afterEach(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

/** A profile `ci` whose role trusts an identity provider, with `setting` for its token. */
function profile(setting: string, { more = '', expiresAt }: { more?: string; expiresAt?: Date } = {}) {
  const identity = world.aws.addWebIdentity({
    account: '111122223333',
    subject: 'ci',
    ...(expiresAt && { expiresAt }),
  });
  const role = world.aws.addRole({
    account: '111122223333',
    name: 'deploy',
    trusts: [identity.providerArn],
    maxSessionDurationSeconds: 7200,
  });
  fs.writeFileSync(tokenFile, `${identity.token}\n`);
  writeConfig(world, `[default]\nregion = eu-west-1\n[profile ci]\nrole_arn = ${role.arn}\n${setting}\n${more}`);
  return { ...identity, role };
}

const exported = (args: readonly string[] = [], name = 'ci') => world.run(['export', ...args, name]);

test.each([['web_identity_token_file = $FILE'], ['web_identity_token_process = cat $FILE']])(
  '%s: the token becomes a role session, unsigned, and white space around it is not part of it',
  async (setting) => {
    const { role } = profile(setting.replace('$FILE', tokenFile), { more: 'role_session_name = build-7\n' });
    const { status, stderr } = await exported();
    expect(status, stderr).toBe(0);
    expect(world.aws.calls).toMatchObject([
      {
        operation: 'AssumeRoleWithWebIdentity',
        accessKeyId: undefined,
        parameters: { RoleArn: role.arn, RoleSessionName: 'build-7', DurationSeconds: '3600' },
        status: 200,
      },
    ]);
    expect(world.aws.sessions()[0]?.arn).toMatch(/:assumed-role\/deploy\/build-7$/);
  },
);

test('a second program makes no call', async () => {
  profile(`web_identity_token_file = ${tokenFile}`);
  const first = await exported();
  expect(await exported()).toEqual(first);
  expect(world.aws.calls).toHaveLength(1);
});

test('--duration and duration_seconds are asked for, and no session name is the clock', async () => {
  profile(`web_identity_token_file = ${tokenFile}\nduration_seconds = 5400`);
  await exported();
  await exported(['-d', '2h']);
  expect(world.aws.calls.map(({ parameters }) => parameters.DurationSeconds)).toEqual(['5400', '7200']);
  expect(world.aws.calls[0]?.parameters.RoleSessionName).toMatch(/^\d{19}$/);
});

test('the role can be the source of another one', async () => {
  const { role } = profile(`web_identity_token_file = ${tokenFile}`);
  const next = world.aws.addRole({ account: '444455556666', name: 'prod', trusts: [role.arn] });
  fs.appendFileSync(world.configFile, `[profile prod]\nsource_profile = ci\nrole_arn = ${next.arn}\n`);
  const { status, stderr } = await exported([], 'prod');
  expect(status, stderr).toBe(0);
  expect(world.aws.calls.map(({ operation }) => operation)).toEqual(['AssumeRoleWithWebIdentity', 'AssumeRole']);
});

test('the AWS CLI works with it', async () => {
  profile(`web_identity_token_file = ${tokenFile}`);
  const { stdout, stderr } = await world.run([
    ...['exec', 'ci', '--', '/usr/bin/aws', '--endpoint-url', world.aws.url],
    ...['sts', 'get-caller-identity', '--output', 'text', '--query', 'Arn'],
  ]);
  expect(stdout, stderr).toMatch(/:assumed-role\/deploy\/\d+\n$/);
});

test('a token that has expired or that AWS does not know says so, and is not in the error', async () => {
  const { token } = profile(`web_identity_token_file = ${tokenFile}`, { expiresAt: new Date(Date.now() - 1000) });
  const expired = await exported();
  expect(expired.stderr).toContain('api error ExpiredTokenException: Token expired');
  expect(expired.stderr).toContain('the web identity token has expired: get a new one [AWS_CREDENTIALS_INVALID]');
  expect(expired.stderr).not.toContain(token);
  fs.writeFileSync(tokenFile, 'no-token');
  const refused = await exported();
  expect(refused.stderr).toContain('api error InvalidIdentityToken');
  expect(refused.stderr).toContain('AWS does not take this web identity token');
});

test('a role that does not trust the provider is refused in the words of AWS', async () => {
  profile(`web_identity_token_file = ${tokenFile}`);
  const other = world.aws.addRole({ account: '111122223333', name: 'other', trusts: ['444455556666'] });
  writeConfig(
    world,
    `[profile ci]\nregion = eu-west-1\nrole_arn = ${other.arn}\nweb_identity_token_file = ${tokenFile}\n`,
  );
  const { stderr } = await exported();
  expect(stderr).toContain('Not authorized to perform sts:AssumeRoleWithWebIdentity');
  expect(stderr).toContain('[AWS_ACCESS_DENIED]');
});

test.each([
  [
    'web_identity_token_file = /nonexistent/token',
    'unable to read file at /nonexistent/token: no such file or directory;',
  ],
  ['web_identity_token_file = /tmp', 'unable to read file at /tmp: it is not a file'],
  ['web_identity_token_file = /dev/zero', 'unable to read file at /dev/zero: it is not a file'],
  ['web_identity_token_file = /dev/null', 'unable to read file at /dev/null: it is not a file'],
  ['web_identity_token_process = true', 'the web_identity_token_process of profile "ci": it printed no token'],
  ['web_identity_token_process = exit 4', 'the web_identity_token_process of profile "ci": exit status 4'],
])('%s is told for what it is, and AWS is not asked', async (setting, reason) => {
  profile(setting);
  const { status, stderr } = await exported();
  expect(status).toBe(1);
  expect(stderr).toContain(reason);
  expect(world.aws.calls).toEqual([]);
});

test('an empty file is told for what it is', async () => {
  profile(`web_identity_token_file = ${tokenFile}`);
  fs.writeFileSync(tokenFile, ' \n');
  expect((await exported()).stderr).toContain(`unable to read file at ${tokenFile}: it is empty`);
});
