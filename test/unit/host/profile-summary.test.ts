import { expect, it } from 'vitest';
import { profileSummaries } from '../../../native-host/profile-summary.ts';
import type { ProfileSummary } from '../../../native-host/protocol.ts';
import { resolver } from '../engine/resolve.ts';

const SSO = 'sso_start_url = https://x\nsso_region = eu-west-1\nsso_account_id = 012345678901\nsso_role_name = Admin\n';

async function summary(name: string, config: string, stored: readonly string[] = []): Promise<ProfileSummary> {
  const chain = {
    resolve: await resolver({ config }),
    hasStoredKey: (key: string) => stored.includes(key),
    plainTextFile: (key: string) => (key === 'plain' ? '/home/ada/.aws/credentials' : undefined),
  };
  const [found] = profileSummaries([name], chain);
  if (found === undefined) throw new Error(`${name} is not listed`);
  return found;
}

it('shows a role of IAM Identity Center with its account and name', async () => {
  expect(await summary('p', `[profile p]\n${SSO}`)).toEqual({
    name: 'p',
    kind: 'role',
    accountId: '012345678901',
    roleName: 'Admin',
  });
});

it('shows the role that is assumed on top of it', async () => {
  const config = `[profile p]\n${SSO}role_arn = arn:aws:iam::444455556666:role/path/Deploy\n`;
  expect(await summary('p', config)).toMatchObject({ kind: 'role', accountId: '444455556666', roleName: 'Deploy' });
});

it('shows no Identity Center that a stored key takes the place of', async () => {
  expect(await summary('p', `[profile p]\n${SSO}`, ['p'])).toEqual({ name: 'p', kind: 'user' });
});

it('shows whom a console login is for', async () => {
  const login = (arn: string) => summary('p', `[profile p]\nlogin_session = ${arn}\n`);
  expect(await login('arn:aws:iam::111122223333:user/ada')).toEqual({
    name: 'p',
    kind: 'user',
    accountId: '111122223333',
  });
  expect(await login('arn:aws:sts::111122223333:assumed-role/Console/ada')).toEqual({
    name: 'p',
    kind: 'role',
    accountId: '111122223333',
    roleName: 'Console',
  });
});

it('shows the role that a SAML assertion is for', async () => {
  const config = '[profile p]\nsaml_process = get\nrole_arn = arn:aws:iam::444455556666:role/Deploy\n';
  expect(await summary('p', config)).toMatchObject({ kind: 'role', accountId: '444455556666', roleName: 'Deploy' });
});

it('calls nobody a user of whom only a credential_process knows', async () => {
  expect(await summary('p', '[profile p]\ncredential_process = whoever\n')).toEqual({ name: 'p', kind: 'process' });
});

it('says of a profile whose key lies in plain text just that', async () => {
  const { kind, problem } = await summary('plain', '[profile plain]\n');
  expect(kind).toBe('none');
  expect(problem).toContain('its key lies in plain text in /home/ada/.aws/credentials');
});

it('lists a broken profile with what is wrong', async () => {
  const { kind, problem } = await summary('p', '[profile p]\nduration_seconds = 1h\n');
  expect(kind).toBe('none');
  expect(problem).toContain('duration_seconds of profile "p" must be a whole number');
});
