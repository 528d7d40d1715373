import fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FOLLOWING, type SsoWorld, startSsoWorld } from './sso-world.ts';
import { finished, operations, type Result, type RunOptions } from './world.ts';

const KEY_ID = ['--', 'sh', '-c', 'echo "$AWS_ACCESS_KEY_ID"'];
const OPENING = 'Opening the SSO authorization page in your default browser (use Ctrl-C to abort)';

let world: SsoWorld;
beforeEach(async () => {
  world = await startSsoWorld();
  world.installBrowser(FOLLOWING);
});
afterEach(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

const exec = (profile: string, options?: RunOptions): Promise<Result> =>
  world.run(['exec', profile, ...KEY_ID], options);
const count = (name: string): number => operations(world).filter((operation) => operation === name).length;

async function succeeds(profile: string, options?: RunOptions): Promise<Result> {
  const result = await exec(profile, options);
  expect(result, result.stderr).toMatchObject({ status: 0, stdout: expect.stringMatching(/^ASIA\w{16}\n$/) });
  return result;
}

describe('a login', () => {
  it('is an authorization code with PKCE that the browser brings back, and says what aws-vault says', async () => {
    const { stderr } = await succeeds('dev');
    const [opening, url = '', ...rest] = stderr.split('\n');
    expect([opening, ...rest]).toEqual([OPENING, '']);
    const { searchParams, pathname } = new URL(url);
    expect(pathname).toBe('/authorize');
    expect(searchParams.get('redirect_uri')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/oauth\/callback$/);
    expect(searchParams.get('scopes')).toBe('sso:account:access');
    expect(operations(world)).toEqual(['RegisterClient', 'authorize', 'CreateToken', 'GetRoleCredentials']);
    expect(world.aws.calls[0]?.parameters).toMatchObject({
      clientType: 'public',
      grantTypes: 'authorization_code refresh_token',
      redirectUris: 'http://127.0.0.1/oauth/callback',
      scopes: 'sso:account:access',
    });
    const page = fs.readFileSync(world.file('page'), 'utf8');
    expect(page).toContain('You can close this tab');
    expect(page).not.toContain(searchParams.get('state'));
  });

  it('serves every profile of the start URL, and its role credentials are used again without any call', async () => {
    const first = await succeeds('dev');
    const { stderr } = await succeeds('prod');
    await succeeds('old');
    expect(stderr).toBe('');
    expect(operations(world).slice(4)).toEqual(['GetRoleCredentials', 'GetRoleCredentials']);
    expect(await succeeds('dev')).toEqual({ ...first, stderr: '' });
    expect(count('GetRoleCredentials')).toBe(3);
  });

  it('is the same for a start URL as the portal shows it, with a fragment', async () => {
    await succeeds('fragment');
    expect((await succeeds('dev')).stderr).toBe('');
    expect(count('authorize')).toBe(1);
  });

  it('gives credentials that the real AWS CLI works with', async () => {
    const aws = ['/usr/bin/aws', '--endpoint-url', world.aws.url, 'sts', 'get-caller-identity'];
    const { status, stdout } = await world.run(['exec', 'dev', '--', ...aws]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout).Arn).toMatch(
      /^arn:aws:sts::111122223333:assumed-role\/AWSReservedSSO_Developer_\w+\/person@example\.com$/,
    );
  });

  it('is one for five processes that start at the same time, whichever profile they are for', async () => {
    await Promise.all(['dev', 'dev', 'dev', 'prod', 'old'].map((profile) => succeeds(profile)));
    expect([count('authorize'), count('CreateToken'), count('RegisterClient')]).toEqual([1, 1, 1]);
    expect(count('GetRoleCredentials')).toBe(3);
  });

  it('that the person refuses is refused for all who wait for it, and nothing is kept', async () => {
    world.sso.answerWith('deny');
    const hold = world.aws.hold({ operation: 'authorize' });
    const first = exec('dev');
    await hold.arrived;
    const second = world.start(['exec', 'prod', ...KEY_ID]);
    const over = finished(second);
    await new Promise<void>((resolve) =>
      second.stderr?.on('data', (text) => String(text).includes('Waiting') && resolve()),
    );
    hold.release();
    for (const refused of [await first, await over]) {
      expect(refused).toMatchObject({ status: 1, stdout: '' });
      expect(refused.stderr).toMatch(/keyturn: error: exec: .*refused in the browser.*\[SSO_LOGIN_DENIED\]\n$/);
    }
    expect(count('authorize')).toBe(1);
    expect((await world.run(['list', '--sessions'])).stdout).toBe('');
    expect(fs.readFileSync(world.file('page'), 'utf8')).toContain('The login was refused');
  });

  it('takes the answer of its own page only, and only once', async () => {
    // A page of somebody else's finds the port and sends a code of its own; then the person's browser comes, twice.
    world.installBrowser(`page=$(curl -s -o /dev/null -w '%{redirect_url}' "$1")
callback=$(printf %s "$page" | sed 's/.*redirect_uri=\\([^&]*\\).*/\\1/; s/%3A/:/g; s/%2F/\\//g')
curl -s -o /dev/null -w '%{http_code} ' "$callback?state=guessed&code=evil" >> "$HOME/answers"
curl -s -o /dev/null -w '%{http_code} ' -H 'Host: evil.example' "$callback?state=guessed" >> "$HOME/answers"
mine=$(curl -s -o /dev/null -w '%{redirect_url}' "$page")
curl -s -o /dev/null -w '%{http_code} ' "$mine" >> "$HOME/answers"
curl -s -o /dev/null -w '%{http_code}\\n' "$mine" >> "$HOME/answers"
touch "$HOME/done"`);
    await succeeds('dev');
    await expect.poll(() => fs.existsSync(world.file('done'))).toBe(true);
    expect(fs.readFileSync(world.file('answers'), 'utf8')).toMatch(/^404 404 200 (?:000|404)\n$/);
    expect(count('CreateToken')).toBe(1);
  });

  it('leaves with Ctrl-C, at once', async () => {
    world.installBrowser('curl -s -o /dev/null "$1"; touch "$HOME/waiting"');
    const child = world.start(['exec', 'dev', ...KEY_ID]);
    const over = new Promise((resolve) => child.once('close', resolve));
    await expect.poll(() => fs.existsSync(world.file('waiting'))).toBe(true);
    child.kill('SIGINT');
    expect(await over).toBe(130);
  });

  it('that is stopped with Ctrl-C is taken over by the other terminal that waits for it', async () => {
    const hold = world.aws.hold({ operation: 'authorize' });
    const child = world.start(['exec', 'dev', ...KEY_ID]);
    const stopped = finished(child);
    await hold.arrived;
    const second = world.start(['exec', 'prod', ...KEY_ID]);
    const over = finished(second);
    await new Promise<void>((resolve) =>
      second.stderr?.on('data', (text) => String(text).includes('Waiting') && resolve()),
    );
    child.kill('SIGINT');
    expect(await stopped).toMatchObject({ status: 130, stderr: expect.stringContaining('cancelled by SIGINT') });
    hold.release();
    const { status, stdout, stderr } = await over;
    expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: expect.stringMatching(/^ASIA/) });
    expect(stderr).not.toContain('cancelled');
  });

  it('asks for the scopes of the session, and two sessions of one start URL share the token of both', async () => {
    const { configFile, sso } = world;
    fs.appendFileSync(
      configFile,
      `[sso-session wide]
sso_start_url = ${sso.startUrl}
sso_region = ${sso.region}
sso_registration_scopes = sso:account:access, codecatalyst:read_write
[profile wide]
sso_session = wide
sso_account_id = 111122223333
sso_role_name = Developer
`,
    );
    await succeeds('dev');
    await succeeds('wide');
    await succeeds('prod');
    const scopes = world.aws.calls.filter(({ operation }) => operation === 'RegisterClient');
    expect(scopes.map(({ parameters }) => parameters.scopes)).toEqual([
      'sso:account:access',
      'sso:account:access codecatalyst:read_write',
    ]);
    expect([count('authorize'), count('CreateToken')]).toEqual([2, 2]);
  });

  it('shows neither token nor secret in any line, with --debug too', async () => {
    const { stdout, stderr } = await world.run(['--debug', 'exec', 'dev', '--', 'true']);
    await world.run(['exec', 'prod', '--', 'true']);
    for (const { accessToken, refreshToken = '-', client } of world.sso.tokens()) {
      for (const secret of [accessToken, refreshToken, client.clientSecret]) {
        expect(stdout + stderr).not.toContain(secret.slice(0, 30));
      }
    }
  });
});

describe('a device code', () => {
  const shown = async (args: readonly string[], env: RunOptions['env'] = {}): Promise<Result & { url: string }> => {
    const child = world.start(args, { env });
    let url = '';
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      const found = /^(http\S+\/device\?user_code=\S+)\n/m.exec(stderr)?.[1];
      // The person opens the page, wherever it may be.
      if (found !== undefined && url === '') {
        url = found;
        void fetch(found);
      }
    });
    let stdout = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { status, stdout, stderr, url };
  };

  it.each([
    [['exec', '--stdout', 'dev', ...KEY_ID], {}],
    [['exec', 'dev', ...KEY_ID], { AWS_VAULT_STDOUT: 'true' }],
    [['exec', 'dev', '--', '/bin/sh', '-c', 'echo "$AWS_ACCESS_KEY_ID"'], { PATH: '/nonexistent' }],
    [['exec', 'dev', ...KEY_ID], { SSH_CONNECTION: '192.0.2.1 1 192.0.2.2 22' }],
  ])('is used by %j with %j, and no browser is opened', async (args, env) => {
    const { status, stdout, stderr, url } = await shown(args, env);
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^ASIA/),
      stderr: `Open the SSO authorization page in a browser (use Ctrl-C to abort)\n${url}\n`,
    });
    expect(fs.existsSync(world.file('page'))).toBe(false);
    expect(operations(world)[0]).toBe('RegisterClient');
    expect(world.aws.calls[0]?.parameters).not.toHaveProperty('grantTypes');
    expect(count('StartDeviceAuthorization')).toBe(1);
  });

  it.each([
    [['exec', '--sso-flow', 'device', 'dev', ...KEY_ID], {}],
    [['exec', 'dev', ...KEY_ID], { KEYTURN_SSO_FLOW: 'device' }],
  ])('is what %j with %j asks for, in the browser', async (args, env) => {
    const { status, stderr } = await world.run(args, { env });
    expect(status).toBe(0);
    expect(stderr).toMatch(new RegExp(`^${OPENING.replaceAll(/[()]/g, '\\$&')}\nhttp\\S+/device\\?user_code=\\S+\n$`));
    expect(fs.readFileSync(world.file('page'), 'utf8')).toContain('Request approved');
  });

  it('takes the place of the authorization code when the browser cannot be opened', async () => {
    world.installBrowser('exit 3');
    const { status, stderr } = await shown(['exec', 'dev', ...KEY_ID]);
    expect(status).toBe(0);
    expect(stderr.match(/^http\S+?(?=\?)/gm)).toEqual([`${world.aws.url}/authorize`, `${world.aws.url}/device`]);
  });

  it('is not given up when the network or AWS is away for a moment', async () => {
    world.aws.cut({ operation: 'CreateToken' });
    world.aws.fail({ operation: 'CreateToken', status: 500, code: 'InternalServerException', message: 'oops' });
    expect((await shown(['exec', '--stdout', 'dev', ...KEY_ID])).status).toBe(0);
  });

  it.each([
    ['AccessDeniedException', 'SSO_LOGIN_DENIED'],
    ['ExpiredTokenException', 'SSO_LOGIN_EXPIRED'],
    ['InvalidGrantException', 'AWS_REJECTED'],
  ])('that AWS answers with %s ends with %s', async (code, ours) => {
    world.aws.fail({ operation: 'CreateToken', status: 400, code, message: 'no' });
    const { status, stderr } = await world.run(['exec', '--sso-flow', 'device', 'dev', ...KEY_ID]);
    expect(status).toBe(1);
    expect(stderr).toMatch(new RegExp(`keyturn: error: exec: .*\\[${ours}\\]\n$`));
  });

  it('is started with a new registration, once, when AWS no longer knows the client', async () => {
    const env = { KEYTURN_SSO_FLOW: 'device' };
    await succeeds('dev', { env });
    world.sso.revoke();
    world.sso.forgetClients();
    await succeeds('prod', { env });
    expect([count('RegisterClient'), count('authorize')]).toEqual([2, 0]);
    world.aws.fail({
      operation: 'StartDeviceAuthorization',
      times: 9,
      status: 401,
      code: 'InvalidClientException',
      message: 'no',
    });
    world.sso.revoke();
    const { stderr } = await exec('old', { env });
    expect(stderr).toMatch(/InvalidClientException.*\[AWS_\w+\]\n$/);
    expect(count('RegisterClient')).toBe(3);
  });
});
