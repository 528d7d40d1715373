import { describe, expect, it } from 'vitest';
import { isDerived, type Step } from '../../../native-host/engine/chain.ts';
import { cappedNotice, checkRoleChaining } from '../../../native-host/engine/role-chaining.ts';
import { plan, type Setting } from './resolve.ts';

const SSO = `sso_start_url = https://x.awsapps.com/start
sso_region = eu-central-1
sso_account_id = 111122223333
sso_role_name = Admin
`;
const LOGIN = 'login_session = arn:aws:iam::111122223333:user/ada\n';
const ROLE_LOGIN = 'login_session = arn:aws:sts::111122223333:assumed-role/Console/ada\n';
const ROLE = 'role_arn = arn:aws:iam::444455556666:role/Deploy\n';

/** A step as "type profile [seconds]". */
async function steps(name: string, config: string, setting: Partial<Setting> = {}): Promise<string[]> {
  return (await plan(name, { config, ...setting })).map(summary);
}

function summary(step: Step): string {
  const seconds =
    isDerived(step) || step.type === 'web-identity' || step.type === 'saml' ? ` ${step.duration.seconds}` : '';
  return `${step.type} ${step.profile.name}${seconds}`;
}

describe('a source of its own', () => {
  it.each([
    ['a role of IAM Identity Center', SSO, ['sso-role p']],
    ['a web identity', `web_identity_token_file = /t\n${ROLE}duration_seconds = 7200\n`, ['web-identity p 7200']],
    ['a SAML assertion', `saml_process = get\n${ROLE}duration_seconds = 7200\n`, ['saml p 7200']],
    ['a program', 'credential_process = get\n', ['credential-process p']],
    ['a console login', LOGIN, ['login-session p']],
    ['a role on a console login', `${LOGIN}${ROLE}`, ['login-session p', 'assume-role p 3600']],
    ['a program rather than a login', `${LOGIN}credential_process = get\n`, ['credential-process p']],
    ['a login rather than what is around', `${LOGIN}credential_source = Environment\n`, ['login-session p']],
    ['a role on IAM Identity Center', `${SSO}${ROLE}`, ['sso-role p', 'assume-role p 3600']],
    ['a role on a program', `credential_process = get\n${ROLE}`, ['credential-process p', 'assume-role p 3600']],
    [
      'a role on the environment',
      `credential_source = Environment\n${ROLE}`,
      ['credential-source p', 'assume-role p 3600'],
    ],
    // aws-vault's order.
    ['all at once', `${SSO}web_identity_token_file = /t\ncredential_process = get\n`, ['sso-role p']],
    [
      'a token and a program',
      `web_identity_token_file = /t\ncredential_process = get\n${ROLE}`,
      ['web-identity p 3600'],
    ],
    [
      'a token, an assertion and a program',
      `saml_process = get\nweb_identity_token_file = /t\ncredential_process = get\n${ROLE}`,
      ['web-identity p 3600'],
    ],
    ['an assertion and a program', `saml_process = get\ncredential_process = get\n${ROLE}`, ['saml p 3600']],
  ])('can be %s', async (_, lines, expected) => {
    expect(await steps('p', `[profile p]\n${lines}`)).toEqual(expected);
  });

  it('comes after a stored key and a source_profile', async () => {
    const config = `[profile p]\n${SSO}source_profile = base\n[profile base]\n`;
    expect(await steps('p', config, { stored: ['p', 'base'] })).toEqual(['stored-key p', 'session-token p 3600']);
    expect(await steps('p', config, { stored: ['base'] })).toEqual(['stored-key base', 'session-token p 3600']);
  });

  it('is not an incomplete IAM Identity Center that every profile inherits', async () => {
    const config = `[default]\nsso_start_url = https://x\n[profile user]\n[profile prog]\ncredential_process = get\n[profile bare]\n`;
    expect(await steps('user', config, { stored: ['user'] })).toEqual(['stored-key user', 'session-token user 3600']);
    expect(await steps('prog', config)).toEqual(['credential-process prog']);
    await expect(steps('bare', config)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'profile "bare" cannot be used: sso_region is missing; correct its section in the AWS config file',
    });
  });

  it.each([
    ['web_identity_token_process = get\n', 'web_identity_token_process is the way to a role, and role_arn is missing'],
    ['saml_process = get\n', 'saml_process is the way to a role, and role_arn is missing'],
    ['credential_source = Environment\n', 'credential_source is the source of a role, and role_arn is missing'],
  ])('needs a role: %j', async (lines, message) => {
    await expect(steps('p', `[profile p]\n${lines}`)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(message),
    });
  });
});

describe('a source_profile', () => {
  it('may have any source, at any depth', async () => {
    const config = `[profile sso]\n${SSO}
[profile a]\nsource_profile = sso\n${ROLE}
[profile b]\nsource_profile = a\n${ROLE}
[profile c]\nsource_profile = b\n${ROLE}
[profile alias]\nsource_profile = sso\nregion = eu-west-1
[profile prog]\ncredential_process = get\n
[profile d]\nsource_profile = prog\n${ROLE}`;
    expect(await steps('c', config)).toEqual([
      'sso-role sso',
      'assume-role a 3600',
      'assume-role b 3600',
      'assume-role c 3600',
    ]);
    expect(await steps('alias', config)).toEqual(['sso-role sso']);
    expect(await steps('d', config)).toEqual(['credential-process prog', 'assume-role d 3600']);
  });
});

describe('a role behind another role', () => {
  const behind = (source: string, lines = ''): string =>
    `[profile base]\n${source}[profile p]\nsource_profile = base\n${ROLE}duration_seconds = 7200\n${lines}`;

  it.each([
    ['IAM Identity Center', SSO],
    ['a web identity', `web_identity_token_file = /t\n${ROLE}`],
    ['a SAML assertion', `saml_process = get\n${ROLE}`],
    ['a login as a role', ROLE_LOGIN],
    ['a container', `credential_source = EcsContainer\n${ROLE}`],
    ['a role', `source_profile = user\n${ROLE}[profile user]\n`],
  ])('lives an hour at most, and that is said: behind %s', async (_, source) => {
    const planned = await plan('p', { config: behind(source), stored: ['user'] });
    expect(planned.at(-1)).toMatchObject({ duration: { seconds: 3600, isDefault: true }, cappedFrom: 7200 });
    expect(cappedNotice(planned)).toMatch(/^profile "p" is assumed .* last 1h, not the 2h asked for$/);
  });

  it('lives as long as it is asked to behind a user’s key or login, and behind a program, whose credentials may be a user’s', async () => {
    for (const source of ['', LOGIN, 'credential_process = get\n']) {
      const planned = await plan('p', { config: behind(source), stored: source === '' ? ['base'] : [] });
      expect(planned.at(-1)).toMatchObject({ duration: { seconds: 7200, isDefault: false } });
      expect(cappedNotice(planned)).toBeUndefined();
    }
  });

  it('is said to be behind what it is behind', async () => {
    const notices = [SSO, 'credential_source = EcsContainer\n'].map(async (source) => {
      const config = `[profile p]\n${source}${ROLE}duration_seconds = 7200\n`;
      return cappedNotice(await plan('p', { config }));
    });
    expect(await Promise.all(notices)).toEqual([
      expect.stringMatching(
        /^profile "p" is assumed through the IAM Identity Center role "Admin", which AWS allows for 1h/,
      ),
      expect.stringMatching(
        /^profile "p" is assumed through the role that EcsContainer gives, which AWS allows for 1h/,
      ),
    ]);
  });

  it('says nothing where nobody asked for more', async () => {
    const config = behind(SSO).replace('duration_seconds = 7200\n', '');
    expect(cappedNotice(await plan('p', { config }))).toBeUndefined();
  });

  it('cannot have an MFA code, which is refused before anybody is asked', async () => {
    const planned = await plan('p', { config: behind(SSO, 'mfa_serial = arn:aws:iam::111122223333:mfa/me\n') });
    expect(() => checkRoleChaining(planned)).toThrow(
      /takes the MFA code it needs from a user only; take its mfa_serial away/,
    );
    expect(() => checkRoleChaining(planned.slice(0, 1))).not.toThrow();
  });
});

it('says where a key lies in plain text instead of that it is missing', async () => {
  const { planChain } = await import('../../../native-host/engine/chain.ts');
  const { resolver } = await import('./resolve.ts');
  const resolve = await resolver({ config: `[profile a]\n[profile b]\n${ROLE}source_profile = plain\n` });
  const options = {
    resolve,
    hasStoredKey: () => false,
    plainTextFile: (name: string) => (name === 'a' || name === 'plain' ? '/c' : undefined),
  };
  for (const [name, key] of [
    ['a', 'a'],
    ['plain', 'plain'],
    ['b', 'plain'],
  ] as const) {
    expect(() => planChain(name, options)).toThrow(
      expect.objectContaining({
        code: 'CREDENTIALS_NOT_FOUND',
        message: expect.stringMatching(
          new RegExp(`^profile "${key}": its key lies in plain text in /c .*'keyturn add .*${key}'`),
        ),
      }),
    );
  }
  expect(() => planChain('other', options)).toThrow(expect.objectContaining({ code: 'PROFILE_NOT_FOUND' }));
});
