import fs from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LoginHandle } from '../fake-aws/login-set-up.ts';
import type { SamlHandle } from '../fake-aws/saml-set-up.ts';
import { FOLLOWING, type SsoWorld, startSsoWorld } from './sso-world.ts';

// What each service that gives credentials can do wrong, and what Keyturn makes of it: another try, or one line with a code.

let world: SsoWorld;
let provider: SamlHandle;
let login: LoginHandle;
beforeAll(async () => {
  world = await startSsoWorld();
  const { aws } = world;
  const account = '111122223333';
  const web = aws.addWebIdentity({ account, subject: 'ci' });
  fs.writeFileSync(world.file('token'), web.token);
  provider = aws.addSamlProvider({ account });
  const [webRole, samlRole] = [web.providerArn, provider.providerArn].map((arn, index) =>
    aws.addRole({ account, name: `role${index}`, trusts: [arn] }),
  );
  login = aws.addConsoleUser(aws.addUser({ account, name: 'ada' }));
  fs.appendFileSync(
    world.configFile,
    `[profile web]\nregion = eu-west-1\nrole_arn = ${webRole?.arn}\nweb_identity_token_file = ${world.file('token')}
[profile saml]\nregion = eu-west-1\nrole_arn = ${samlRole?.arn}\nsaml_process = cat ${world.file('assertion')}
[profile me]\nregion = eu-west-1\nlogin_session = ${login.loginSession}\n`,
  );
  world.env.AWS_LOGIN_CACHE_DIRECTORY = world.file('login');
  fs.mkdirSync(world.file('login'));
  world.installBrowser(FOLLOWING);
  expect((await world.run(['export', 'dev'])).status).toBe(0);
});
afterAll(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});
beforeEach(async () => {
  await world.run(['clear', 'web']);
  await world.run(['clear', 'saml']);
});

type Service = { readonly profile: string; readonly operation: string; readonly ready: () => Promise<void> | void };

const WEB: Service = { profile: 'web', operation: 'AssumeRoleWithWebIdentity', ready: () => undefined };
const SAML: Service = {
  profile: 'saml',
  operation: 'AssumeRoleWithSAML',
  ready: () => {
    const [role = ''] = /arn:aws:iam::\d+:role\/role1/.exec(fs.readFileSync(world.configFile, 'utf8')) ?? [];
    fs.writeFileSync(world.file('assertion'), provider.assertion({ roles: [role] }));
  },
};
// `prod` and `dev` are by one token: its role credentials are asked for anew each time.
const PORTAL: Service = { profile: 'prod', operation: 'GetRoleCredentials', ready: forgetRoles };
const SIGNIN: Service = {
  profile: 'me',
  operation: 'CreateOAuth2Token',
  ready: () => {
    const { name, text } = login.cacheFile({ agoSeconds: 1000 });
    fs.writeFileSync(`${world.file('login')}/${name}`, text);
  },
};
const SERVICES: readonly Service[] = [WEB, SAML, PORTAL, SIGNIN];

/** Sessions without the token: `clear` would take both. */
function forgetRoles(): void {
  const dir = world.vaultDir;
  for (const name of fs.readdirSync(dir)) if (name.startsWith('sso.GetRoleCredentials')) fs.rmSync(`${dir}/${name}`);
}

const exported = (profile: string) => world.run(['export', profile]);

describe.each(SERVICES)('$operation', ({ profile, operation, ready }) => {
  const attempts = (from: number): number =>
    world.aws.calls.slice(from).filter((call) => call.operation === operation).length;

  test.each([
    ['throttled', { status: 429, code: 'ThrottlingException', message: 'Rate exceeded' }, 'AWS_THROTTLED'],
    ['broken', { status: 500, code: 'InternalFailure', message: 'Oops' }, 'AWS_UNREACHABLE'],
    ['away', { status: 503, code: 'ServiceUnavailable', message: 'Oops' }, 'AWS_UNREACHABLE'],
  ] as const)('%s: is asked three times, then told', async (_, fault, code) => {
    await ready();
    world.aws.fail({ operation, times: 2, ...fault });
    let from = world.aws.calls.length;
    const passed = await exported(profile);
    expect(passed.status, passed.stderr).toBe(0);
    expect(attempts(from)).toBe(3);
    await world.run(['clear', profile === 'prod' ? 'web' : profile]);
    forgetRoles();
    await ready();
    from = world.aws.calls.length;
    world.aws.fail({ operation, times: 3, ...fault });
    const { status, stderr } = await exported(profile);
    expect(status).toBe(1);
    expect(stderr).toMatch(new RegExp(`^keyturn: error: exec: [^\\n]*${operation}[^\\n]* \\[${code}\\]\\n$`));
    expect(attempts(from)).toBe(3);
  });

  test('a connection that is cut is made again; a slow answer is waited for', async () => {
    await ready();
    world.aws.cut({ operation });
    world.aws.delay({ operation, ms: 700, times: 1 });
    const { status, stderr } = await exported(profile);
    expect(status, stderr).toBe(0);
  });

  test('one that stays cut is told', async () => {
    await ready();
    world.aws.cut({ operation, times: 3 });
    const { status, stderr } = await exported(profile);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^keyturn: error: exec: [^\n]* \[AWS_UNREACHABLE\]\n$/);
  });
});

test('a wrong clock: an assertion and a login are told to be out of their time', async () => {
  await SAML.ready();
  world.aws.setClockOffsetSeconds(3600);
  expect((await exported('saml')).stderr).toMatch(
    /has expired, .* and check this machine's clock \[AWS_CREDENTIALS_INVALID\]\n$/,
  );
  await SIGNIN.ready();
  const { text, name } = login.cacheFile({ agoSeconds: 4600 });
  fs.writeFileSync(`${world.file('login')}/${name}`, text);
  expect((await exported('me')).stderr).toContain('[AWS_CLOCK_SKEW]');
  world.aws.setClockOffsetSeconds(0);
});

test('a 401 of the portal refreshes the token, once', async () => {
  forgetRoles();
  world.aws.fail({ operation: 'GetRoleCredentials', status: 401, code: 'UnauthorizedException', message: 'no' });
  const from = world.aws.calls.length;
  const { status, stderr } = await exported('prod');
  expect(status, stderr).toBe(0);
  expect(world.aws.calls.slice(from).map(({ operation }) => operation)).toEqual([
    ...['GetRoleCredentials', 'CreateToken', 'GetRoleCredentials'],
  ]);
});
