import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LoginHandle } from '../fake-aws/login-set-up.ts';
import { finished, operations, startWorld, type World, writeConfig } from './world.ts';

let world: World;
let login: LoginHandle;
let directory: string;
beforeEach(async () => {
  world = await startWorld();
  login = world.aws.addConsoleUser(world.aws.addUser({ account: '111122223333', name: 'ada' }));
  directory = path.join(world.home, '.aws', 'login', 'cache');
  const bin = path.join(world.home, 'bin');
  fs.mkdirSync(bin);
  world.env.PATH = `${bin}:/usr/bin:/bin`;
  config();
});
afterEach(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

const config = (more = ''): void =>
  writeConfig(world, `[default]\nregion = eu-west-1\n[profile me]\nlogin_session = ${login.loginSession}\n${more}`);

/** A browser that goes where it is sent, as one does in which the person is signed in and clicks on the session. */
function installBrowser(script = 'echo "$1" >> "$HOME/pages"; curl -sL -o "$HOME/page" "$1"'): void {
  fs.writeFileSync(path.join(world.home, 'bin', 'xdg-open'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** What `aws login` leaves behind. */
function loggedIn(agoSeconds = 0): string {
  const { name, text } = login.cacheFile({ agoSeconds });
  fs.mkdirSync(directory, { recursive: true });
  const file = path.join(directory, name);
  fs.writeFileSync(file, text, { mode: 0o600 });
  return file;
}

const exported = (profile = 'me', env = {}) => world.run(['export', '--format', 'json', profile], { env });

const whoIs = (profile: string) =>
  world.run([
    ...['exec', profile, '--', '/usr/bin/aws', '--endpoint-url', world.aws.url],
    ...['sts', 'get-caller-identity', '--output', 'text', '--query', 'Arn'],
  ]);

describe('a login that aws login made', () => {
  test('is used as it is while it lasts, and stays where it is', async () => {
    const file = loggedIn();
    const before = fs.readFileSync(file, 'utf8');
    const { stdout, stderr } = await whoIs('me');
    expect(stdout, stderr).toBe(`${login.loginSession}\n`);
    expect(operations(world)).toEqual(['GetCallerIdentity']);
    expect(fs.readFileSync(file, 'utf8')).toBe(before);
    expect((await world.run(['list', '--sessions'])).stdout).toBe('');
    const { Expiration } = JSON.parse((await exported()).stdout) as { Expiration: string }; // the program's own form
    expect(Expiration).toBe((JSON.parse(before) as { accessToken: { expiresAt: string } }).accessToken.expiresAt);
  });

  test('is renewed by one of many programs when five minutes are left, in the file of AWS’s tools', async () => {
    const file = loggedIn(700);
    const results = await Promise.all(Array.from({ length: 20 }, () => exported()));
    for (const { status, stderr } of results) expect(status, stderr).toBe(0);
    expect(new Set(results.map(({ stdout }) => stdout)).size).toBe(1);
    expect(operations(world)).toEqual(['CreateOAuth2Token']);
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    const { AccessKeyId } = JSON.parse(results[0]?.stdout ?? '') as { AccessKeyId: string }; // the program's own form
    expect(fs.readFileSync(file, 'utf8')).toContain(AccessKeyId);
  });

  test('can be the source of roles, whose sessions are kept', async () => {
    loggedIn();
    const inner = world.aws.addRole({ account: '444455556666', name: 'inner', trusts: [login.loginSession] });
    const outer = world.aws.addRole({ account: '444455556666', name: 'outer', trusts: [inner.arn] });
    config(`[profile inner]\nsource_profile = me\nrole_arn = ${inner.arn}
[profile outer]\nsource_profile = inner\nrole_arn = ${outer.arn}\nregion = us-west-2
[profile both]\nlogin_session = ${login.loginSession}\nrole_arn = ${inner.arn}\n`);
    expect((await whoIs('outer')).stdout).toMatch(/:assumed-role\/outer\//);
    expect((await whoIs('both')).stdout).toMatch(/:assumed-role\/inner\//);
    fs.rmSync(directory, { recursive: true });
    expect((await whoIs('outer')).stdout).toMatch(/:assumed-role\/outer\//);
    const assumed = operations(world).filter((name) => name === 'AssumeRole');
    expect(assumed).toHaveLength(3);
  });

  test('of a role makes the next role last an hour at most', async () => {
    const role = world.aws.addRole({ account: '111122223333', name: 'console', trusts: [] });
    login = world.aws.addConsoleUser(role);
    const next = world.aws.addRole({
      account: '444455556666',
      name: 'next',
      trusts: [role.arn],
      maxSessionDurationSeconds: 7200,
    });
    config(`[profile next]\nsource_profile = me\nrole_arn = ${next.arn}\nduration_seconds = 7200\n`);
    loggedIn();
    const { stderr, status } = await exported('next');
    expect(status, stderr).toBe(0);
    expect(stderr).toContain(`is assumed through ${login.loginSession}, which has logged in, which AWS allows for 1h`);
    await world.run(['clear']);
    const { stdout } = await world.run(['explain', 'next']);
    expect(stdout).toContain(`1. login of ${login.loginSession}`);
    expect(stdout).toContain('would be taken from where AWS CLI and SDKs keep it');
  });

  test.each([
    ['TOKEN_EXPIRED', 'that login has expired'],
    ['USER_CREDENTIALS_CHANGED', 'the password was changed since that login'],
  ] as const)('that AWS ends with %s asks for another one, by name', async (refusal, reason) => {
    loggedIn(1000);
    login.refuse(refusal);
    const { status, stderr } = await exported();
    expect(status).toBe(1);
    expect(stderr).toContain('no browser can be opened here');
    expect(stderr).toMatch(/'aws login --remote --profile me' \[LOGIN_REQUIRED\]\n$/);
    expect((await world.run(['export', '--debug', 'me'])).stderr).toContain(reason);
  });

  test('that the user may not renew says which permission is missing', async () => {
    loggedIn(1000);
    login.refuse('INSUFFICIENT_PERMISSIONS');
    const { stderr } = await exported();
    expect(stderr).toMatch(
      /ask for signin:AuthorizeOAuth2Access and signin:CreateOAuth2Token.* \[AWS_ACCESS_DENIED\]\n$/,
    );
  });
});

describe('a login in the browser', () => {
  test('is made where there is none, once for all, and kept as aws login keeps it', async () => {
    installBrowser();
    const results = await Promise.all(Array.from({ length: 10 }, () => exported()));
    for (const { status, stderr } of results) expect(status, stderr).toBe(0);
    expect(new Set(results.map(({ stdout }) => stdout)).size).toBe(1);
    expect(operations(world)).toEqual(['AuthorizeOAuth2Access', 'CreateOAuth2Token']);
    expect(fs.readFileSync(path.join(world.home, 'page'), 'utf8')).toContain('You are logged in');
    const { name, text } = login.cacheFile();
    expect(fs.readdirSync(directory)).toEqual([name]);
    const kept = JSON.parse(fs.readFileSync(path.join(directory, name), 'utf8')) as Record<string, object>; // AWS's form
    const made = JSON.parse(text) as Record<string, object>; // the same
    expect(Object.keys(kept).sort()).toEqual(Object.keys(made).sort());
    expect(Object.keys(kept.accessToken ?? {}).sort()).toEqual(Object.keys(made.accessToken ?? {}).sort());
    expect(fs.statSync(path.join(directory, name)).mode & 0o777).toBe(0o600);
    expect(fs.statSync(directory).mode & 0o777).toBe(0o700);
  });

  test('serves AWS’s SDK, which can renew it', async () => {
    installBrowser();
    expect((await exported()).status).toBe(0);
    const [name = ''] = fs.readdirSync(directory);
    const file = path.join(directory, name);
    const kept = JSON.parse(fs.readFileSync(file, 'utf8')) as { accessToken: { expiresAt: string } }; // AWS's form
    kept.accessToken.expiresAt = '2026-01-01T00:00:00Z';
    fs.writeFileSync(file, JSON.stringify(kept));
    const script = `import('@aws-sdk/credential-provider-login').then(async ({ fromLoginCredentials }) =>
      console.log(JSON.stringify(await fromLoginCredentials({ profile: 'me' })())));`;
    const sdk = spawn(process.execPath, ['-e', script], { env: world.env, stdio: ['ignore', 'pipe', 'pipe'] });
    const { stdout, stderr } = await finished(sdk);
    expect(JSON.parse(stdout || stderr)).toMatchObject({ accountId: '111122223333' });
    expect(operations(world)).toEqual(['AuthorizeOAuth2Access', 'CreateOAuth2Token', 'CreateOAuth2Token']);
    expect(JSON.parse((await exported()).stdout)).toMatchObject({
      AccessKeyId: (JSON.parse(stdout) as { accessKeyId: string }).accessKeyId,
    }); // both programs' own forms
  });

  test('takes the place of one that has expired or that nobody can read', async () => {
    installBrowser();
    const file = loggedIn(1000);
    login.refuse('TOKEN_EXPIRED');
    login = world.aws.addConsoleUser(world.aws.addUser({ account: '111122223333', name: 'eve' }));
    config();
    fs.writeFileSync(path.join(directory, login.cacheFile().name), '{"accessToken": ');
    expect((await whoIs('me')).stdout).toBe(`${login.loginSession}\n`);
    expect(fs.existsSync(file)).toBe(true);
  });

  test('as somebody else is refused, and nothing is kept', async () => {
    installBrowser();
    const other = world.aws.addConsoleUser(world.aws.addUser({ account: '444455556666', name: 'eve' }));
    const { stderr, status } = await exported();
    expect(status).toBe(1);
    expect(stderr).toContain(
      `profile "me" is for ${login.loginSession}, and the session chosen in the browser is that of ${other.loginSession}`,
    );
    expect(stderr).toMatch(/ \[LOGIN_DENIED\]\n$/);
    expect(fs.existsSync(directory)).toBe(false);
  });

  test('can be refused by the person', async () => {
    installBrowser();
    login.answerWith('deny');
    const { stderr } = await exported();
    expect(stderr).toContain('the login was refused in the browser; log in again to go on [LOGIN_DENIED]');
    expect(fs.readFileSync(path.join(world.home, 'page'), 'utf8')).toContain('The login was refused');
  });

  test('needs a browser, or one that the person opens', async () => {
    const { stderr, status } = await exported();
    expect(status).toBe(1);
    expect(stderr).toContain("no browser can be opened here; run 'aws login --remote --profile me' [LOGIN_REQUIRED]");
    const child = world.start(['exec', '--stdout', 'me', '--', 'printenv', 'AWS_VAULT']);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      const page = /^http:\S+$/m.exec(text)?.[0];
      if (page !== undefined) spawn('curl', ['-sL', page], { stdio: 'ignore' });
    });
    expect((await finished(child)).stdout).toBe('me\n');
  });
});

describe('AWS Sign-In in trouble', () => {
  test.each([
    [{ status: 429, code: 'rate_exceeded', message: 'Slow down.' }, 'AWS_THROTTLED'],
    [{ status: 500, code: 'server_error', message: 'Oops.' }, 'AWS_UNREACHABLE'],
  ] as const)('%j is tried again, and then told', async (fault, code) => {
    loggedIn(1000);
    world.aws.fail({ operation: 'CreateOAuth2Token', times: 1, ...fault });
    expect((await exported()).status).toBe(0);
    loggedIn(1000);
    world.aws.fail({ operation: 'CreateOAuth2Token', times: 3, ...fault });
    const { stderr } = await exported();
    expect(stderr).toMatch(new RegExp(`^[^\\n]*operation error Signin: CreateOAuth2Token[^\\n]* \\[${code}\\]\\n$`));
    // What lasts a little longer is used meanwhile.
    loggedIn(700);
    world.aws.fail({ operation: 'CreateOAuth2Token', times: 3, ...fault });
    expect((await exported()).status).toBe(0);
  });

  test('a connection that is cut is tried again; one that stays cut is an error', async () => {
    loggedIn(1000);
    world.aws.cut({ operation: 'CreateOAuth2Token' });
    world.aws.delay({ operation: 'CreateOAuth2Token', ms: 300, times: 1 });
    expect((await exported()).status).toBe(0);
    loggedIn(1000);
    world.aws.cut({ operation: 'CreateOAuth2Token', times: 9 });
    expect((await exported()).stderr).toMatch(/^[^\n]* \[AWS_UNREACHABLE\]\n$/);
  });

  test('a wrong clock is told by how much', async () => {
    loggedIn(1000);
    world.aws.setClockOffsetSeconds(3600);
    const { stderr } = await exported();
    expect(stderr).toMatch(/clock is 60 minutes behind that of AWS: set this machine's clock \[AWS_CLOCK_SKEW\]\n$/);
  });

  test('while the code is exchanged is told too', async () => {
    installBrowser();
    world.aws.fail({ operation: 'CreateOAuth2Token', times: 3, status: 500, code: 'server_error', message: 'Oops.' });
    expect((await exported()).stderr).toMatch(/ \[AWS_UNREACHABLE\]\n$/);
    expect(fs.existsSync(directory)).toBe(false);
  });
});

test('a login_session that is none is told with its line', async () => {
  writeConfig(world, '[profile me]\nlogin_session = me\n');
  expect((await exported()).stderr).toContain('config:2: login_session of profile "me" must be the ARN');
});
