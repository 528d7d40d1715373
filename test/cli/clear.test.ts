import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { itemNames, masterItem, sessionName, writeAwsVaultItem } from './aws-vault-items.ts';
import { type Result, startWorld, type World } from './world.ts';

const TOKEN = 'oidc:https://x.awsapps.com/start';
const LEGACY = 'session,ada,mfa,1500000000';
const soon = new Date(Date.now() + 3_600_000);
const ADA = [
  sessionName('sts.GetSessionToken', 'ada', 'mfa', soon),
  sessionName('sts.AssumeRole', 'ada', '', soon),
  sessionName('sso.GetRoleCredentials', 'ada', 'https://x.awsapps.com/start', new Date(0)),
];
const GRACE = sessionName('sts.GetSessionToken', 'grace', '', soon);

let world: World;

beforeAll(async () => {
  world = await startWorld();
});
beforeEach(async () => {
  const key = masterItem({ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' });
  await Promise.all(['ada', 'grace'].map((name) => writeAwsVaultItem(world, name, key)));
  await Promise.all([...ADA, GRACE, TOKEN, LEGACY].map((name) => writeAwsVaultItem(world, name, {})));
});
afterAll(async () => {
  expect(world.aws.calls).toEqual([]);
  await world.close();
});

/** Clearing needs no passphrase. */
function clear(...args: string[]): Promise<Result> {
  return world.run(['clear', ...args], { env: { AWS_VAULT_FILE_PASSPHRASE: undefined } });
}

it('deletes the sessions of one profile and nothing else', async () => {
  expect(await clear('ada')).toEqual({ status: 0, stdout: 'Cleared 3 sessions.\n', stderr: '' });
  expect(itemNames(world).sort()).toEqual(['ada', 'grace', GRACE, TOKEN, LEGACY].sort());
  expect(await clear('ada')).toEqual({ status: 0, stdout: 'Cleared 0 sessions.\n', stderr: '' });
  expect(await clear('ad')).toEqual({ status: 0, stdout: 'Cleared 0 sessions.\n', stderr: '' });
});

it('deletes every session, old names and SSO tokens included, and no key', async () => {
  expect(await clear()).toEqual({ status: 0, stdout: 'Cleared 6 sessions.\n', stderr: '' });
  expect(itemNames(world).sort()).toEqual(['ada', 'grace']);
  expect(await clear()).toEqual({ status: 0, stdout: 'Cleared 0 sessions.\n', stderr: '' });
});
