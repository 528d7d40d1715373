import { describe, expect, it } from 'vitest';
import { isDerived, type Step } from '../../../native-host/engine/chain.ts';
import { plan } from './resolve.ts';

const readme = `
[profile jonsmith]
mfa_serial = arn:aws:iam::111111111111:mfa/jonsmith
[profile foo-readonly]
source_profile = jonsmith
role_arn = arn:aws:iam::222222222222:role/ReadOnly
[profile foo-admin]
source_profile = jonsmith
role_arn = arn:aws:iam::222222222222:role/Administrator
mfa_serial = arn:aws:iam::111111111111:mfa/jonsmith
[profile bar-role1]
source_profile = jonsmith
role_arn = arn:aws:iam::333333333333:role/Role1
mfa_serial = arn:aws:iam::111111111111:mfa/jonsmith
[profile bar-role2]
source_profile = bar-role1
role_arn = arn:aws:iam::333333333333:role/Role2
mfa_serial = arn:aws:iam::111111111111:mfa/jonsmith
`;

/** A step as "name seconds [+MFA]". */
function summary(steps: readonly Step[]): string[] {
  return steps.map((step) => {
    if (!isDerived(step)) return `${step.type} ${step.profile.name}`;
    const what = step.type === 'assume-role' ? `assume-role ${step.roleArn.split('/').at(-1)}` : step.type;
    return `${what} ${step.duration.seconds}${step.mfaSerial === undefined ? '' : ' +MFA'}`;
  });
}

describe('the calls of aws-vault, case by case', () => {
  const KEY = 'stored-key jonsmith';
  it.each<[string, { noSession?: boolean; durationSeconds?: number }, string[]]>([
    ['jonsmith', { noSession: true }, [KEY]],
    ['jonsmith', {}, [KEY, 'session-token 3600 +MFA']],
    ['foo-readonly', {}, [KEY, 'assume-role ReadOnly 3600']],
    ['foo-admin', {}, [KEY, 'session-token 28800 +MFA', 'assume-role Administrator 3600']],
    ['foo-admin', { durationSeconds: 7200 }, [KEY, 'assume-role Administrator 7200 +MFA']],
    ['bar-role2', {}, [KEY, 'session-token 28800 +MFA', 'assume-role Role1 3600', 'assume-role Role2 3600']],
    ['bar-role2', { noSession: true }, [KEY, 'assume-role Role1 3600 +MFA', 'assume-role Role2 3600 +MFA']],
    // aws-vault asks for 7200 s and an MFA code twice, and AWS refuses the second role.
    [
      'bar-role2',
      { durationSeconds: 7200 },
      [KEY, 'session-token 28800 +MFA', 'assume-role Role1 3600', 'assume-role Role2 3600'],
    ],
  ])('exec %s %j', async (profile, { noSession = false, ...flags }, expected) => {
    const steps = await plan(profile, { config: readme, stored: ['jonsmith'], flags }, { noSession });
    expect(summary(steps)).toEqual(expected);
  });
});

it('gives a console login of the user its raw key, and of a role the session of its source', async () => {
  const setting = { config: readme, stored: ['jonsmith'] };
  expect(summary(await plan('jonsmith', setting, { isForConsole: true }))).toEqual(['stored-key jonsmith']);
  const role = await plan('foo-admin', setting, { isForConsole: true });
  expect(summary(role)).toEqual(['stored-key jonsmith', 'session-token 28800 +MFA', 'assume-role Administrator 3600']);
});

it('prefers a profile’s own stored key to its source_profile', async () => {
  const steps = await plan('foo-admin', { config: readme, stored: ['jonsmith', 'foo-admin'] });
  expect(summary(steps)).toEqual(['stored-key foo-admin', 'assume-role Administrator 3600 +MFA']);
});

it('makes the session of a profile that only names a source with that profile’s own settings', async () => {
  const config = '[profile base]\n[profile alias]\nsource_profile = base\nmfa_serial = alias-serial\n';
  const steps = await plan('alias', { config, stored: ['base'] });
  expect(summary(steps)).toEqual(['stored-key base', 'session-token 3600 +MFA']);
  expect(steps.at(-1)?.profile.name).toBe('alias');
});

it('uses a stored key whose profile is not in the config file', async () => {
  expect(summary(await plan('loose', { config: '', stored: ['loose'] }))).toEqual([
    'stored-key loose',
    'session-token 3600',
  ]);
});

describe('refusals', () => {
  it('does not let a mistyped profile inherit [default]', async () => {
    const setting = {
      config: '[default]\nsource_profile = base\nrole_arn = arn:x\n[profile base]\n',
      stored: ['base'],
    };
    await expect(plan('tpyo', setting)).rejects.toMatchObject({
      code: 'PROFILE_NOT_FOUND',
      details: { profile: 'tpyo' },
    });
  });

  it('names a source_profile that does not exist', async () => {
    const config = '[profile a]\nrole_arn = arn:x\nsource_profile = gone\n';
    await expect(plan('a', { config })).rejects.toMatchObject({
      code: 'PROFILE_NOT_FOUND',
      details: { profile: 'gone' },
    });
  });

  it('finds a circle of source profiles and shows it', async () => {
    const config =
      '[profile a]\nsource_profile = b\n[profile b]\nsource_profile = c\n[profile c]\nsource_profile = a\n';
    await expect(plan('a', { config })).rejects.toMatchObject({
      code: 'PROFILE_LOOP',
      message: expect.stringContaining('a -> b -> c -> a'),
    });
  });

  it('says that credentials are missing', async () => {
    await expect(plan('a', { config: '[profile a]\n' })).rejects.toThrow('profile a: credentials missing');
  });

  it.each([
    ['foo-readonly', 60],
    ['foo-readonly', 43_201],
    ['jonsmith', 129_601],
    ['jonsmith', 899],
  ])('refuses a duration AWS would refuse: %s %d s', async (profile, durationSeconds) => {
    const setting = { config: readme, stored: ['jonsmith'], flags: { durationSeconds } };
    await expect(plan(profile, setting)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
