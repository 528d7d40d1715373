import { describe, expect, it } from 'vitest';
import { READ_KEYS } from '../../../native-host/operations/explain.ts';
import { resolved } from '../engine/resolve.ts';

const SESSION = `[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-central-1
sso_registration_scopes = sso:account:access, other
`;

describe('IAM Identity Center', () => {
  const ROLE = 'sso_account_id = 012345678901\nsso_role_name = Admin\n';

  it('is read from the profile and its sso-session', async () => {
    const config = `${SESSION}[profile p]\nsso_session = corp\n${ROLE}`;
    expect((await resolved('p', { config })).sso).toEqual({
      startUrl: 'https://corp.awsapps.com/start',
      region: 'eu-central-1',
      accountId: '012345678901',
      roleName: 'Admin',
      session: 'corp',
      registrationScopes: ['sso:account:access', 'other'],
    });
  });

  it('is read from the profile alone, and the start URL keeps its # and /', async () => {
    const config = `[profile p]\nsso_start_url = https://x.awsapps.com/start#/\nsso_region = us-east-1\n${ROLE}`;
    expect((await resolved('p', { config })).sso).toEqual({
      startUrl: 'https://x.awsapps.com/start#/',
      region: 'us-east-1',
      accountId: '012345678901',
      roleName: 'Admin',
    });
  });

  const own = 'sso_start_url = https://own.awsapps.com/start\nsso_region = us-west-2\n';

  it.each([
    ['[default]', `[default]\nsso_session = corp\n[profile p]\n${own}${ROLE}`],
    [
      'an included profile',
      `[profile common]\nsso_session = corp\n[profile p]\ninclude_profile = common\n${own}${ROLE}`,
    ],
  ])('takes a profile’s own start URL rather than a session inherited from %s', async (_, config) => {
    const { sso } = await resolved('p', { config: `${SESSION}${config}` });
    expect(sso).toMatchObject({ startUrl: 'https://own.awsapps.com/start', region: 'us-west-2' });
    expect(sso).not.toHaveProperty('session');
  });

  it('takes a profile’s own session rather than a start URL inherited from [default], or beside it', async () => {
    for (const config of [
      `[default]\n${own}[profile p]\nsso_session = corp\n${ROLE}`,
      `[profile p]\n${own}sso_session = corp\n${ROLE}`,
    ]) {
      expect((await resolved('p', { config: `${SESSION}${config}` })).sso).toMatchObject({ session: 'corp' });
    }
  });

  it.each([
    ['sso_session = gone\n', /\[sso-session gone\], which is not in .*config/],
    ['sso_session = empty\n', /sso_start_url is missing in \[sso-session empty\]/],
    ['sso_session = half\n', /sso_region is missing in \[sso-session half\]/],
    ['sso_start_url = https://x\n', /sso_region is missing/],
    ['sso_session = corp\nsso_role_name = x\n', /sso_account_id is missing/],
    ['sso_session = corp\nsso_account_id = 012345678901\n', /sso_role_name is missing/],
    ['sso_session = corp\nsso_account_id = 12\nsso_role_name = x\n', /sso_account_id must have 12 digits/],
  ])('names what is missing: %j', async (lines, problem) => {
    const config = `${SESSION}[sso-session empty]\n[sso-session half]\nsso_start_url = https://x\n[profile p]\n${lines}`;
    const profile = await resolved('p', { config });
    expect(profile.ssoProblem).toMatch(problem);
    expect(profile).not.toHaveProperty('sso');
  });
});

describe('other sources', () => {
  it('are read as they stand', async () => {
    const config = `[profile f]\nweb_identity_token_file = /t\nweb_identity_token_process = cmd\n
[profile w]\nweb_identity_token_process = cmd a\n[profile c]\ncredential_process = get "a b"\n
[profile s]\ncredential_source = EcsContainer\n`;
    expect((await resolved('f', { config })).webIdentityToken).toEqual({ file: '/t' });
    expect((await resolved('w', { config })).webIdentityToken).toEqual({ process: 'cmd a' });
    expect((await resolved('c', { config })).credentialProcess).toBe('get "a b"');
    expect((await resolved('s', { config })).credentialSource).toBe('EcsContainer');
  });

  it('are refused when credential_source is unknown or stands beside a source_profile', async () => {
    const unknown = { config: '[profile p]\nregion = x\ncredential_source = Ecs\n' };
    await expect(resolved('p', unknown)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(
        /config:3: credential_source of profile "p" must be one of Environment, EcsContainer/,
      ),
    });
    const both = { config: '[profile p]\nsource_profile = a\ncredential_source = Environment\n[profile a]\n' };
    await expect(resolved('p', both)).rejects.toThrow(
      /config:3: credential_source of profile "p" stands beside a source_profile/,
    );
  });

  it('give way to a source_profile that stands nearer, and take the place of one that stands further', async () => {
    const config = '[default]\ncredential_source = Environment\n[profile p]\nsource_profile = a\n[profile a]\n';
    expect(await resolved('p', { config })).not.toHaveProperty('credentialSource');
    expect((await resolved('a', { config })).credentialSource).toBe('Environment');
    const inherited = '[default]\nsource_profile = a\n[profile p]\ncredential_source = Environment\n[profile a]\n';
    expect(await resolved('p', { config: inherited })).toMatchObject({ credentialSource: 'Environment' });
    expect(await resolved('p', { config: inherited })).not.toHaveProperty('sourceProfile');
  });
});

describe('how AWS is reached', () => {
  const config = `[services local]
STS =
  endpoint_url = http://127.0.0.1:1
sso_oidc =
  Endpoint_URL = http://127.0.0.1:2
s3 =
  addressing_style = path
[profile p]
services = local
endpoint_url = http://127.0.0.1:3
ca_bundle = /ca.pem
use_fips_endpoint = true
use_dualstack_endpoint = TRUE
output = yaml
sts_regional_endpoints = legacy
ignore_configured_endpoint_urls = false
[profile gone]
services = nowhere
`;

  it('is read with the services section', async () => {
    expect(await resolved('p', { config })).toMatchObject({
      serviceEndpoints: { sts: 'http://127.0.0.1:1', sso_oidc: 'http://127.0.0.1:2' },
      endpointUrl: 'http://127.0.0.1:3',
      caBundle: '/ca.pem',
      usesFips: true,
      usesDualstack: true,
      usesLegacySts: true,
      output: 'yaml',
    });
    expect(await resolved('p', { config })).not.toHaveProperty('ignoresEndpoints');
  });

  it('is the environment’s choice first', async () => {
    const env = {
      AWS_USE_FIPS_ENDPOINT: 'false',
      AWS_USE_DUALSTACK_ENDPOINT: 'False',
      AWS_CA_BUNDLE: '/other.pem',
      AWS_STS_REGIONAL_ENDPOINTS: 'regional',
    };
    const profile = await resolved('p', { config, env });
    expect(profile).toMatchObject({ caBundle: '/other.pem', usesLegacySts: false });
    expect(profile).not.toHaveProperty('usesFips');
    expect(profile).not.toHaveProperty('usesDualstack');
  });

  it.each([
    ['AWS_USE_FIPS_ENDPOINT', 'AWS_USE_FIPS_ENDPOINT must be true or false, not "yes"'],
    ['AWS_USE_DUALSTACK_ENDPOINT', 'AWS_USE_DUALSTACK_ENDPOINT must be true or false, not "yes"'],
    ['AWS_STS_REGIONAL_ENDPOINTS', 'AWS_STS_REGIONAL_ENDPOINTS must be legacy or regional, not "yes"'],
  ])('is an error where %s cannot be read', async (variable, message) => {
    await expect(resolved('p', { config, env: { [variable]: 'yes' } })).rejects.toThrow(message);
  });

  it('names a services section that is not there, with its line', async () => {
    await expect(resolved('gone', { config })).rejects.toThrow(
      /config:18: services of profile "gone" must be the name of a \[services NAME\] section/,
    );
  });

  it('says in which section a wrong value is inherited from', async () => {
    const wrong = { config: '[default]\nuse_fips_endpoint = on\n[profile p]\n' };
    await expect(resolved('p', wrong)).rejects.toThrow(
      'config:2: use_fips_endpoint of profile "p" (from [default]) must be',
    );
  });
});

it('refuses a role_arn that is no ARN, with its line', async () => {
  const refused = resolved('p', { config: '[profile p]\nsource_profile = ada\nrole_arn = reader\n' });
  await expect(refused).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(
      /config:3: role_arn of profile "p" must be the ARN of a role such as arn:aws:iam::123456789012:role\/name, not "reader"$/,
    ),
  });
});

it('reports every key that is read, with its place', async () => {
  const values: Record<string, string> = {
    ...{ duration_seconds: '900', session_tags: 'a=b', sts_regional_endpoints: 'legacy', services: 's' },
    ...{ use_fips_endpoint: 'true', use_dualstack_endpoint: 'true', ignore_configured_endpoint_urls: 'true' },
    ...{ include_profile: 'other', credential_source: 'Environment', sso_account_id: '111122223333' },
    role_arn: 'arn:aws:iam::111122223333:role/x',
    login_session: 'arn:aws:iam::111122223333:user/x',
    principal_arn: 'arn:aws:iam::111122223333:saml-provider/x',
  };
  const lines = (keys: readonly string[]): string => keys.map((key) => `${key} = ${values[key] ?? 'x'}\n`).join('');
  // What another key of the same section takes the place of.
  const hidden = ['sso_session', 'credential_source', 'web_identity_token_process'];
  const keys = READ_KEYS.filter((key) => !hidden.includes(key));
  const seen: string[] = [];
  const onSetting = ({ key }: { readonly key: string }): void => void seen.push(key);
  const base = '[profile other]\n[services s]\n';
  const more = { config: `[profile p]\n${lines(keys)}${base}`, onSetting };
  await resolved('p', more);
  await resolved('q', { config: `[profile q]\n${lines(hidden)}`, onSetting });
  expect(READ_KEYS.filter((key) => !seen.includes(key))).toEqual([]);
});
