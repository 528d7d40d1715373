import { describe, expect, it } from 'vitest';
import type { Context } from '../../../native-host/engine/context.ts';
import {
  isSsoToken,
  isStoredKey,
  parseSessionKey,
  readSession,
  removeSessions,
  sessionKeyPrefix,
  writeSession,
} from '../../../native-host/engine/session-cache.ts';
import { memoryKeyring } from '../memory-keyring.ts';
import { plan, type Setting } from './resolve.ts';

const NOW = new Date('2026-11-21T00:00:00Z');

function contextOf(keyring = memoryKeyring()): Context {
  return { now: () => NOW, env: {}, keyring, signal: new AbortController().signal, log: () => undefined };
}

const role = (lines = ''): string =>
  `[profile user]\n[profile role]\nsource_profile = user\nrole_arn = arn:aws:iam::222222222222:role/A\n${lines}`;

async function keyOf(name: string, setting: Setting): Promise<string> {
  const key = sessionKeyPrefix(await plan(name, { stored: ['user'], ...setting }), setting.env ?? {});
  if (key === undefined) throw new Error('no key');
  return key;
}

describe('the key', () => {
  it('is a session to aws-vault: type, profile, and a decodable serial that is none of its own', async () => {
    const key = `${await keyOf('role', { config: role() })}1795254532`;
    expect(key).toMatch(/^sts\.AssumeRole,[A-Za-z0-9_-]+,[A-Za-z0-9_-]+,[0-9]+$/);
    expect(parseSessionKey(key)).toMatchObject({
      type: 'sts.AssumeRole',
      profile: 'role',
      mfa: expect.stringMatching(/^keyturn:/),
    });
    expect(isStoredKey(key)).toBe(false);
  });

  const changes: [string, Setting][] = [
    ['role_arn', { config: role().replace('role/A', 'role/B') }],
    ['external_id', { config: role('external_id = x\n') }],
    ['role_session_name', { config: role('role_session_name = x\n') }],
    ['duration_seconds', { config: role('duration_seconds = 900\n') }],
    ['region', { config: role('region = eu-west-1\n') }],
    ['mfa_serial', { config: role('mfa_serial = arn:aws:iam::111111111111:mfa/x\n') }],
    ['session_tags', { config: role('session_tags = a=b\n') }],
    ['transitive_session_tags', { config: role('transitive_session_tags = a\n') }],
    ['source_identity', { config: role('source_identity = me\n') }],
    ['endpoint_url', { config: role('endpoint_url = http://127.0.0.1:1\n') }],
    ['sts_regional_endpoints', { config: role('sts_regional_endpoints = legacy\n') }],
    ['AWS_ENDPOINT_URL_STS', { config: role(), env: { AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:1' } }],
    ['use_fips_endpoint', { config: role('use_fips_endpoint = true\n') }],
    ['use_dualstack_endpoint', { config: role('use_dualstack_endpoint = true\n') }],
    [
      'the services section',
      { config: `${role('services = s\n')}[services s]\nsts =\n  endpoint_url = http://127.0.0.1:1\n` },
    ],
    [
      'the source',
      { config: role().replace('source_profile = user', 'source_profile = other'), stored: ['user', 'other'] },
    ],
  ];
  it.each(changes)('changes with %s', async (_, setting) => {
    expect(await keyOf('role', setting)).not.toBe(await keyOf('role', { config: role() }));
  });

  const SSO = 'sso_start_url = https://x\nsso_region = r\nsso_account_id = 111122223333\nsso_role_name = A\n';
  const WEB = 'web_identity_token_file = /t\nrole_arn = arn:aws:iam::222222222222:role/A\n';
  const SOURCE = 'role_arn = arn:aws:iam::222222222222:role/A\ncredential_source = ';
  const otherSources: [string, string, Partial<Setting>][] = [
    ['the start URL', SSO, { config: SSO.replace('https://x', 'https://y') }],
    ['the SSO region', SSO, { config: SSO.replace('= r', '= s') }],
    ['the account', SSO, { config: SSO.replace('111122223333', '111122223334') }],
    ['the permission set', SSO, { config: SSO.replace('= A', '= B') }],
    ['the token file', WEB, { config: WEB.replace('/t', '/u') }],
    ['the role of a token', WEB, { config: WEB.replace('/A', '/B') }],
    ['the duration of a token’s role', WEB, { config: `${WEB}duration_seconds = 900\n` }],
    ['the command', 'credential_process = a\n', { config: 'credential_process = b\n' }],
    ['the credential source', `${SOURCE}EcsContainer\n`, { config: `${SOURCE}Ec2InstanceMetadata\n` }],
    ['the key in the environment', `${SOURCE}Environment\n`, { env: { AWS_ACCESS_KEY_ID: 'AKIA2' } }],
    ['the container', `${SOURCE}EcsContainer\n`, { env: { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1/' } }],
  ];
  it.each(otherSources)('of another source changes with %s', async (_, lines, { config = lines, env = {} }) => {
    const before = await keyOf('p', { config: `[profile p]\n${lines}`, env: { AWS_ACCESS_KEY_ID: 'AKIA1' } });
    expect(
      await keyOf('p', { config: `[profile p]\n${config}`, env: { AWS_ACCESS_KEY_ID: 'AKIA1', ...env } }),
    ).not.toBe(before);
  });

  it('is one for a user’s own session and the one for its roles, unless a length was asked for', async () => {
    const config = role('mfa_serial = m\n').replace('[profile user]', '[profile user]\nmfa_serial = m');
    const [steps, own] = [
      await plan('role', { config, stored: ['user'] }),
      await plan('user', { config, stored: ['user'] }),
    ];
    expect(sessionKeyPrefix(steps.slice(0, 2), {})).toBe(sessionKeyPrefix(own, {}));
    const asked = await plan('user', { config, stored: ['user'], flags: { durationSeconds: 3600 } });
    expect(sessionKeyPrefix(asked, {})).not.toBe(sessionKeyPrefix(own, {}));
  });

  it('does not change with what does not shape the credentials', async () => {
    expect(await keyOf('role', { config: `# a comment\n${role('output = json\n')}` })).toBe(
      await keyOf('role', { config: role() }),
    );
  });
});

it.each([
  ['work', true],
  ['a,b', true],
  ['oidc:https://x', false],
  ['sts.GetSessionToken,am9uc21pdGg,YXJu,1795254532', false],
  ['session,d29yaw,,1572281751', false],
  ['session:work:arn:1572281751', false],
  ['work session (61633665646639303539)', false],
])('takes the item %s for a stored key: %s', (key, isKey) => {
  expect(isStoredKey(key)).toBe(isKey);
  expect(isSsoToken(key)).toBe(key.startsWith('oidc:'));
});

const session = (minutes: number, name = 'ASIA1') => ({
  accessKeyId: name,
  secretAccessKey: 'secret',
  sessionToken: 'token',
  expiresAt: new Date(NOW.getTime() + minutes * 60_000),
});

describe('the cache', () => {
  it('gives back what was written while enough time is left', async () => {
    const context = contextOf();
    await writeSession(context, 'sts.AssumeRole,cA,Zg,', session(60));
    expect(await readSession(context, 'sts.AssumeRole,cA,Zg,', 300)).toEqual(session(60));
    expect(await readSession(context, 'sts.AssumeRole,cA,Zg,', 3601)).toBeUndefined();
    expect(await readSession(context, 'sts.AssumeRole,cA,XX,', 300)).toBeUndefined();
  });

  it('writes the item as aws-vault writes one', async () => {
    const keyring = memoryKeyring();
    await writeSession(contextOf(keyring), 'sts.AssumeRole,cA,Zg,', session(60));
    expect(await keyring.get('sts.AssumeRole,cA,Zg,1795222800')).toEqual({
      key: 'sts.AssumeRole,cA,Zg,1795222800',
      data: '{"AccessKeyId":"ASIA1","Expiration":"2026-11-21T01:00:00Z","SecretAccessKey":"secret","SessionToken":"token"}',
      label: 'aws-vault session for p (expires 2026-11-21T01:00:00Z)',
      description: 'aws-vault session',
    });
  });

  it('replaces the session before it and drops expired ones, and touches nothing else', async () => {
    const keyring = memoryKeyring();
    for (const key of [
      'work',
      'oidc:https://x',
      'sts.GetSessionToken,cA,Zg,1',
      'work session (61)',
      'sts.AssumeRole,cQ,Zg,1795300000',
    ]) {
      await keyring.set({ key, data: '{}', label: '' });
    }
    await writeSession(contextOf(keyring), 'sts.AssumeRole,cA,Zg,', session(10));
    await writeSession(contextOf(keyring), 'sts.AssumeRole,cA,Zg,', session(60));
    expect((await keyring.keys()).sort()).toEqual([
      'oidc:https://x',
      'sts.AssumeRole,cA,Zg,1795222800',
      'sts.AssumeRole,cQ,Zg,1795300000',
      'work',
      'work session (61)',
    ]);
  });

  it('takes a session that cannot be read for none', async () => {
    const keyring = memoryKeyring();
    await keyring.set({ key: 'sts.AssumeRole,cA,Zg,1795222800', data: 'not json', label: '' });
    expect(await readSession(contextOf(keyring), 'sts.AssumeRole,cA,Zg,', 300)).toBeUndefined();
  });

  it('removes the sessions of one profile or of all', async () => {
    const keyring = memoryKeyring();
    for (const key of ['p', 'sts.AssumeRole,cA,Zg,1', 'sts.GetSessionToken,cA,,2', 'sts.AssumeRole,cQ,Zg,3']) {
      await keyring.set({ key, data: '{}', label: '' });
    }
    expect(await removeSessions(keyring, 'p')).toBe(2);
    expect(await removeSessions(keyring)).toBe(1);
    expect(await keyring.keys()).toEqual(['p']);
  });
});

it('takes the registration as an SSO client for neither key, token nor session, and removes it with the tokens', async () => {
  const keyring = memoryKeyring();
  const client = 'oidc:keyturn-client:https://x.awsapps.com/start';
  const token = 'oidc:https://x.awsapps.com/start';
  for (const key of [client, token]) await keyring.set({ key, data: '{}', label: '' });
  expect([isStoredKey(client), isSsoToken(client), isSsoToken(token)]).toEqual([false, false, true]);
  expect(parseSessionKey(client)).toBeUndefined();
  expect(await removeSessions(keyring, 'https://x.awsapps.com/start')).toBe(0);
  expect(await removeSessions(keyring)).toBe(1);
  expect(await keyring.keys()).toEqual([]);
});
