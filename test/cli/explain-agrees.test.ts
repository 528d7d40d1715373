import fs from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Explanation } from '../../native-host/operations/explain.ts';
import { type ProfilesWorld, role, serial, startProfilesWorld } from './profiles-world.ts';

// What explain says is compared with what exec then does, call by call: operations, their parameters, reasons, the cache.

let world: ProfilesWorld;
beforeAll(async () => {
  world = await startProfilesWorld();
});
afterAll(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

type Env = Record<string, string | undefined>;
type Setting = { readonly args?: readonly string[]; readonly env?: Env };

/** Without the passphrase, which explaining must not need. */
async function explained(profile: string, { args = [], env = {} }: Setting = {}): Promise<Explanation> {
  const before = world.aws.calls.length;
  const options = { env: { ...env, AWS_VAULT_FILE_PASSPHRASE: undefined } };
  const { stdout, stderr, status } = await world.run(['explain', '--json', profile, ...args], options);
  expect(stderr).toBe('');
  expect(world.aws.calls.slice(before)).toEqual([]);
  const explanation = JSON.parse(stdout) as Explanation; // the program's own output, whose fields the test then checks
  expect(status).toBe(explanation.problem === undefined ? 0 : 1);
  return explanation;
}

const OPERATIONS: Readonly<Record<string, string>> = {
  'session-token': 'GetSessionToken',
  'assume-role': 'AssumeRole',
  'web-identity': 'AssumeRoleWithWebIdentity',
  saml: 'AssumeRoleWithSAML',
  'sso-role': 'GetRoleCredentials',
};

/** The calls that an explanation announces, with every parameter it knows. */
function announced({ steps }: Explanation): object[] {
  return steps.flatMap((step): object[] => {
    const operation = OPERATIONS[step.type];
    if (!step.isRun || operation === undefined) return [];
    if (step.type === 'sso-role') return [{ operation, account_id: step.accountId, role_name: step.roleName }];
    const call = {
      ...{ operation, RoleArn: step.roleArn, DurationSeconds: String(step.durationSeconds) },
      ...{ SerialNumber: step.mfaSerial, ExternalId: step.externalId, SourceIdentity: step.sourceIdentity },
      RoleSessionName: step.roleSessionName,
      tags: Object.entries(step.sessionTags ?? {}).map(([name, value]) => `${name}=${value}`),
      transitive: step.transitiveTagKeys ?? [],
      // Nobody signs what a token or an assertion is sent with.
      region: step.type === 'web-identity' || step.type === 'saml' ? undefined : step.region,
    };
    return [call];
  });
}

/** What the sandbox was asked, in the same form; a session name nobody set is of the clock, and is none. */
function made(from: number): object[] {
  return world.aws.calls.slice(from).flatMap(({ operation, parameters: given, signedRegion: region }): object[] => {
    if (operation === 'GetRoleCredentials')
      return [{ operation, account_id: given.account_id, role_name: given.role_name }];
    if (!Object.values(OPERATIONS).includes(operation)) return [];
    const { RoleArn, DurationSeconds, SerialNumber, ExternalId, SourceIdentity, RoleSessionName } = given;
    const members = (prefix: string): string[] =>
      Object.keys(given)
        .filter((name) => name.startsWith(prefix))
        .sort();
    const call = {
      ...{ operation, RoleArn, DurationSeconds, SerialNumber, ExternalId, SourceIdentity },
      RoleSessionName: /^\d{19}$/.test(RoleSessionName ?? '') ? undefined : RoleSessionName,
      tags: members('Tags.').flatMap((name) => {
        return name.endsWith('.Key') ? [`${given[name]}=${given[name.replace(/Key$/, 'Value')]}`] : [];
      }),
      transitive: members('TransitiveTagKeys.').map((name) => given[name]),
      region,
    };
    return [call];
  });
}

/** The reasons that --debug gives for the steps it runs, and the session it starts from. After a login a step is tried again. */
function reasons(debug: string): string[] {
  const lines = debug.split('\n').flatMap((line) => {
    const found =
      /^\S+ \S+ ((?:session-token|assume-role|web-identity|saml|login-session|sso-role|credential-\w+) for profile .*|using the cached .*)$/.exec(
        line,
      );
    return found?.[1] === undefined ? [] : [found[1]];
  });
  return lines.filter((line, index) => line !== lines[index - 1]);
}

function announcedReasons({ steps }: Explanation): string[] {
  const start = steps.filter(({ isRun }) => !isRun).at(-1);
  return [
    ...(start === undefined ? [] : [`using the cached ${start.type} session of profile '${start.profile}'`]),
    ...steps
      .filter(({ isRun, type }) => isRun && type !== 'stored-key')
      .map(({ type, profile, reason }) => `${type} for profile '${profile}': ${reason}`),
  ];
}

const ENVIRONMENT = (): Env => ({
  AWS_ACCESS_KEY_ID: world.env.OUTSIDE_ID,
  AWS_SECRET_ACCESS_KEY: world.env.OUTSIDE_SECRET,
});

describe('what explain announces is what exec does, call by call, and again from the cache', () => {
  test.each<[string, { user?: string; setting?: () => Setting }]>([
    ['user', { user: 'user' }],
    ['plain', {}],
    ['plain', { setting: () => ({ args: ['-n'] }) }],
    ['plain', { setting: () => ({ args: ['-d', '20m', '--region', 'us-west-1'] }) }],
    ['away-role', {}],
    ['two-role', { user: 'two' }],
    ['deep-4', { user: 'deep' }],
    ['deep-2', {}],
    ['long-role', { user: 'long' }],
    ['raw-role', { user: 'raw', setting: () => ({ args: ['-n'] }) }],
    ['own', {}],
    ['inherits-role', { user: 'inherits' }],
    [
      'env-role',
      {
        user: 'env',
        setting: () => ({
          env: {
            ...{ AWS_ROLE_ARN: role('open', 6), AWS_MFA_SERIAL: serial('env'), AWS_ROLE_SESSION_NAME: 'from-env' },
            ...{ AWS_ASSUME_ROLE_TTL: '25m', AWS_CHAINED_SESSION_TOKEN_TTL: '2h', AWS_REGION: 'eu-north-1' },
            ...{ AWS_SESSION_TAGS: 'a=1, b = 2', AWS_TRANSITIVE_TAGS: 'a,b', AWS_SOURCE_IDENTITY: 'me' },
          },
        }),
      },
    ],
    ['alias-name', { user: 'alias' }],
    ['cap-2', {}],
    ['mid-role', { user: 'mid' }],
    ['web', {}],
    ['web-role', {}],
    ['saml', {}],
    ['saml-role', {}],
    ['login', {}],
    ['login-role', {}],
    ['login-mfa', { user: 'login' }],
    ['login-top', {}],
    ['process', {}],
    ['process-role', {}],
    ['environment', { setting: () => ({ env: ENVIRONMENT() }) }],
    ['sso', {}],
    ['sso-role', {}],
    ['sso-top', {}],
    ['sso-included', {}],
  ])('%s %j', { timeout: 60_000 }, async (profile, { user, setting = (): Setting => ({}) }) => {
    const { args = [], env = {} } = setting();
    const run = (more: readonly string[]) =>
      world.run(['exec', '--debug', profile, ...args, ...more, '--', 'printenv', 'AWS_REGION'], { env });
    const explanation = await explained(profile, { args, env });
    expect(explanation.mfa?.isAsked).toBe(user !== undefined);
    const from = world.aws.calls.length;
    if (user !== undefined) {
      // Nobody is there to be asked: without a code there is no call at all.
      expect((await run([])).stderr).toMatch(/MFA/);
      expect(world.aws.calls).toHaveLength(from);
    }
    const code = user === undefined ? [] : ['-t', world.codeOf(user)];
    const { stderr, status, stdout } = await run(code);
    expect(status, stderr).toBe(0);
    expect(made(from)).toEqual(announced(explanation));
    expect(reasons(stderr)).toEqual(announcedReasons(explanation));
    expect(stdout).toBe(`${explanation.region}\n`);

    const again = await explained(profile, { args, env });
    const between = world.aws.calls.length;
    const second = await run([]);
    expect(second.status, second.stderr).toBe(0);
    expect(made(between)).toEqual(announced(again));
    expect(reasons(second.stderr)).toEqual(announcedReasons(again));
    expect(made(between)).toEqual([]);
    expect(again.mfa?.isAsked).toBe(false);
  });
});

test('explain tells that a program answers for the MFA device, which it then does', async () => {
  fs.writeFileSync(world.file('code'), world.codeOf('proc'));
  expect((await explained('proc-role')).mfa).toMatchObject({ isAsked: true, answeredBy: 'mfa_process' });
  const { status, stderr } = await world.run(['exec', 'proc-role', '--', 'true']);
  expect(status, stderr).toBe(0);
});

describe('what explain says is wrong is what exec fails with, and neither calls AWS', () => {
  test.each([
    ...['loop-a', 'turns', 'hollow', 'in-plain-text', 'misspelt', 'hour', 'short', 'tags', 'sso-half', 'sso-nowhere'],
    ...['web-without-role', 'source-wrong', 'sso-code', 'saml-without-role', 'saml-code', 'login-wrong'],
  ])('%s', async (profile) => {
    const { problem, mfa } = await explained(profile);
    const from = world.aws.calls.length;
    const { stderr, status } = await world.run(['exec', profile, '--', 'true']);
    expect(status).toBe(1);
    expect(stderr).toContain(problem?.message);
    expect(stderr).toContain(` [${problem?.code}]\n`);
    expect(mfa).toBeUndefined();
    expect(world.aws.calls).toHaveLength(from);
  });
});
