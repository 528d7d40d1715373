import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AssertionOptions, SamlHandle } from '../fake-aws/saml-set-up.ts';
import type { Role } from '../fake-aws/state.ts';
import { startWorld, type World, writeConfig } from './world.ts';

let world: World;
let provider: SamlHandle;
let role: Role;
let file: string;
beforeEach(async () => {
  world = await startWorld();
  provider = world.aws.addSamlProvider({ account: '111122223333' });
  role = world.aws.addRole({
    account: '111122223333',
    name: 'deploy,eu',
    trusts: [provider.providerArn],
    maxSessionDurationSeconds: 7200,
  });
  file = path.join(world.home, 'response');
});
afterEach(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

/** A profile `corp` with a program that prints an assertion for its role. */
function profile(more = '', options: Partial<AssertionOptions> = {}): string {
  const assertion = provider.assertion({ roles: [role.arn], ...options });
  fs.writeFileSync(file, assertion);
  config(`saml_process = cat ${file}\n${more}`);
  return assertion;
}

const config = (lines: string): void =>
  writeConfig(world, `[default]\nregion = eu-west-1\n[profile corp]\nrole_arn = ${role.arn}\n${lines}`);

const exported = (args: readonly string[] = [], name = 'corp') => world.run(['export', ...args, name]);

test.each([
  ['the assertion names the provider', () => profile()],
  ['the provider stands first in it', () => profile('', { isProviderFirst: true })],
  ['principal_arn names it', () => profile(`principal_arn = ${provider.providerArn}\n`)],
  ['it comes in lines', () => fs.writeFileSync(file, `\n${profile().replace(/.{76}/g, (line) => `${line}\r\n`)}\n`)],
])('an assertion becomes a role session, unsigned: %s', async (_, arrange) => {
  arrange();
  const { status, stderr } = await exported();
  expect(status, stderr).toBe(0);
  expect(world.aws.calls).toMatchObject([
    {
      operation: 'AssumeRoleWithSAML',
      accessKeyId: undefined,
      parameters: { RoleArn: role.arn, PrincipalArn: provider.providerArn, DurationSeconds: '3600' },
      status: 200,
    },
  ]);
  expect(world.aws.sessions()[0]?.arn).toMatch(/:assumed-role\/deploy,eu\/ada@example.com$/);
});

test('the session is kept, and the program runs once; --duration and duration_seconds are asked for', async () => {
  profile(`duration_seconds = 5400\n`);
  const first = await exported();
  fs.rmSync(file);
  expect(await exported()).toEqual(first);
  profile(`duration_seconds = 5400\n`);
  await exported(['-d', '2h']);
  expect(world.aws.calls.map(({ parameters }) => parameters.DurationSeconds)).toEqual(['5400', '7200']);
});

test('the role can be the source of another one, and the AWS CLI works with it', async () => {
  profile();
  const next = world.aws.addRole({ account: '444455556666', name: 'prod', trusts: [role.arn] });
  fs.appendFileSync(world.configFile, `[profile prod]\nsource_profile = corp\nrole_arn = ${next.arn}\n`);
  const { stdout, stderr } = await world.run([
    ...['exec', 'prod', '--', '/usr/bin/aws', '--endpoint-url', world.aws.url],
    ...['sts', 'get-caller-identity', '--output', 'text', '--query', 'Arn'],
  ]);
  expect(stdout, stderr).toMatch(/:assumed-role\/prod\/\d+\n$/);
  expect(world.aws.calls.map(({ operation }) => operation)).toEqual([
    ...['AssumeRoleWithSAML', 'AssumeRole', 'GetCallerIdentity'],
  ]);
});

test('explain names the step, the program and the provider', async () => {
  profile(`principal_arn = ${provider.providerArn}\n`);
  const { stdout, status } = await world.run(['explain', 'corp']);
  expect(status).toBe(0);
  expect(stdout).toContain(`1. AssumeRoleWithSAML ${role.arn}`);
  expect(stdout).toMatch(new RegExp(`assertion +cat ${file}\n +provider +${provider.providerArn}`));
  expect(world.aws.calls).toEqual([]);
});

const MINUTES = 60_000;
test.each<[string, Partial<AssertionOptions>, string, string]>([
  ['has expired', { issuedAt: new Date(Date.now() - 10 * MINUTES) }, 'ExpiredTokenException', 'it is good for a few'],
  ['is of tomorrow', { issuedAt: new Date(Date.now() + 10 * MINUTES) }, 'not yet valid', 'AWS does not take this SAML'],
  ['is for somebody else', { audience: 'https://example.com' }, 'another audience', 'AWS does not take this SAML'],
  ['has no session name', { sessionName: undefined }, 'RoleSessionName is required', 'AWS does not take this SAML'],
])('an assertion that %s is refused in the words of AWS, and is not in the error', async (_, options, said, way) => {
  const assertion = profile('', options);
  const { status, stderr } = await exported();
  expect(status).toBe(1);
  expect(stderr).toContain(said);
  expect(stderr).toContain(way);
  expect(stderr).toMatch(/^[^\n]* \[AWS_CREDENTIALS_INVALID\]\n$/);
  expect(stderr).not.toContain(assertion.slice(0, 40));
});

test('an assertion that was changed, or whose provider AWS does not know, is refused', async () => {
  const assertion = profile();
  const text = Buffer.from(assertion, 'base64').toString().replace('ada@', 'eve@');
  fs.writeFileSync(file, Buffer.from(text).toString('base64'));
  expect((await exported()).stderr).toContain('Response signature invalid; AWS does not take this SAML assertion');
  profile(`principal_arn = ${provider.providerArn.replace('corp', 'other')}\n`);
  expect((await exported()).stderr).toContain("Specified provider doesn't exist");
});

test('a role that the assertion is not for is told before AWS is asked, with those it is for', async () => {
  const other = `${role.arn}-2`;
  profile('', { roles: [other] });
  const { stderr } = await exported();
  expect(stderr).toContain(
    `: profile "corp" cannot be used: the assertion that its saml_process prints is not for ${role.arn}, but for ${other}; set role_arn to one of these [CONFIG_INVALID]`,
  );
  fs.writeFileSync(file, Buffer.from('<x/>').toString('base64'));
  expect((await exported()).stderr).toContain('names no roles that could be read; set principal_arn');
  expect(world.aws.calls).toEqual([]);
  // With principal_arn it is AWS that says so.
  profile(`principal_arn = ${provider.providerArn}\n`, { roles: [other] });
  expect((await exported()).stderr).toContain('Not authorized to perform sts:AssumeRoleWithSAML');
});

test.each([
  ['true', 'it printed no assertion;'],
  ['exit 4', 'exit status 4;'],
  ['echo "<xml/>"', 'it printed XML; it must print the SAML response in base64'],
  ['echo Password:', 'what it printed is not base64;'],
  ['printf "no xml" | base64', 'what it printed is no SAML response;'],
  ['printf "<x>%080000d" 0 | base64', 'the assertion has 106672 characters, and AWS takes 100000;'],
  ['yes', 'it printed more than an assertion;'],
])('what `%s` prints is told for what it is, and AWS is not asked', async (command, reason) => {
  config(`saml_process = ${command}\n`);
  const { status, stderr } = await exported();
  expect(status).toBe(1);
  expect(stderr).toContain(`the saml_process of profile "corp": ${reason}`);
  expect(stderr).toMatch(/ \[PROCESS_FAILED\]\n$/);
  expect(world.aws.calls).toEqual([]);
});

test('the program inherits no secret of ours, and is not run for itself', async () => {
  const seen = path.join(world.home, 'seen');
  config(`saml_process = env > ${seen}; exit 1\n`);
  await exported();
  expect(fs.readFileSync(seen, 'utf8')).toContain('KEYTURN_RESOLVING=');
  expect(fs.readFileSync(seen, 'utf8')).not.toContain('correct horse');
  const keyturn = path.resolve('dist/keyturn');
  config(`saml_process = AWS_VAULT_FILE_PASSPHRASE='correct horse' ${keyturn} export corp\n`);
  const { stderr } = await exported();
  expect(stderr).toContain(
    'the saml_process of profile "corp" asks for credentials of the same profile (corp -> corp)',
  );
});

test('settings that cannot be used are told with their line', async () => {
  config('saml_process = x\nprincipal_arn = arn:aws:iam::111122223333:role/x\n');
  expect((await exported()).stderr).toContain(
    'config:6: principal_arn of profile "corp" must be the ARN of a SAML provider',
  );
  writeConfig(world, '[profile corp]\nsaml_process = x\n');
  expect((await exported()).stderr).toContain('saml_process is the way to a role, and role_arn is missing');
});
