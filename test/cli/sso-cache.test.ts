import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeTestCertificates, type TestCertificates } from '../fake-aws/certificates.ts';
import { readAwsVaultItem, writeAwsVaultItem } from './aws-vault-items.ts';
import { FOLLOWING, type SsoWorld, startSsoWorld } from './sso-world.ts';
import { finished, operations, type Result, type RunOptions } from './world.ts';

const KEY_ID = ['--', 'sh', '-c', 'echo "$AWS_ACCESS_KEY_ID"'];
const WHO = ['sts', 'get-caller-identity', '--query', 'Arn', '--output', 'text'];
const DEVELOPER = /^arn:aws:sts::111122223333:assumed-role\/AWSReservedSSO_Developer_\w+\/person@example\.com\n$/;

let directory: string;
let tls: TestCertificates;
let world: SsoWorld;
beforeAll(async () => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-tls-'));
  tls = await makeTestCertificates(directory);
});
afterAll(() => fs.rmSync(directory, { recursive: true }));
beforeEach(async () => {
  // The CLI polls twice at once, and would be told to slow down.
  world = await startSsoWorld({ tls, sso: { pollSeconds: 0 } });
  world.installBrowser(FOLLOWING);
  // Debian's AWS CLI knows AWS_ENDPOINT_URL not yet, so it goes to AWS's own hosts, through the sandbox's proxy.
  Object.assign(world.env, { HTTPS_PROXY: world.aws.proxyUrl, AWS_CA_BUNDLE: tls.caFile, AWS_MAX_ATTEMPTS: '2' });
  Object.assign(world.env, { KEYTURN_SSO_CACHE: 'shared', AWS_EC2_METADATA_DISABLED: 'true' });
  const config = fs.readFileSync(world.configFile, 'utf8');
  const scopes = '[sso-session corp]\nsso_registration_scopes = sso:account:access\n';
  fs.writeFileSync(world.configFile, config.replace('[sso-session corp]\n', scopes));
});
afterEach(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

const exec = (profile: string, options?: RunOptions): Promise<Result> =>
  world.run(['exec', profile, ...KEY_ID], options);
const count = (name: string): number => operations(world).filter((operation) => operation === name).length;
const logins = (): number => count('authorize') + count('StartDeviceAuthorization');
const cacheDir = (): string => path.join(world.home, '.aws/sso/cache');
const cacheFile = (name = 'corp'): string =>
  path.join(cacheDir(), `${createHash('sha1').update(name).digest('hex')}.json`);
const cached = (name?: string) => JSON.parse(fs.readFileSync(cacheFile(name), 'utf8'));

/** Debian's AWS CLI as the user has it. */
function aws(args: readonly string[]): Promise<Result> {
  return finished(spawn('/usr/bin/aws', args, { env: world.env, cwd: world.home, stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** `aws sso login`, with a person who opens the page that it prints. */
async function awsLogin(profile = 'dev'): Promise<void> {
  const args = ['sso', 'login', '--no-browser', '--profile', profile];
  const child = spawn('/usr/bin/aws', args, { env: world.env, cwd: world.home, stdio: ['ignore', 'pipe', 'pipe'] });
  let shown = '';
  child.stdout.on('data', (text) => {
    const isOpened = /user_code=\S/.test(shown);
    shown += text;
    const code = /user_code=(\S+)\n/.exec(shown)?.[1];
    if (!isOpened && code !== undefined) void fetch(`${world.aws.url}/device?user_code=${code}`);
  });
  const { status, stderr } = await finished(child);
  expect(status, stderr).toBe(0);
}

async function succeeds(profile: string, options?: RunOptions): Promise<Result> {
  const result = await exec(profile, options);
  expect(result, result.stderr).toMatchObject({ status: 0, stdout: expect.stringMatching(/^ASIA\w{16}\n$/) });
  return result;
}

function expireCached(name?: string): void {
  const expiresAt = new Date(Date.now() - 1000).toISOString();
  fs.writeFileSync(cacheFile(name), JSON.stringify({ ...cached(name), expiresAt }));
}

async function expireOwn(): Promise<void> {
  const name = `oidc:${world.sso.startUrl}`;
  const { data } = await readAwsVaultItem(world, name);
  await writeAwsVaultItem(world, name, { ...Object(data), Expiration: new Date(Date.now() - 1000).toISOString() });
}

describe('a login of Keyturn', () => {
  it("serves the AWS CLI, in the CLI's own file and form", async () => {
    await succeeds('dev');
    const [token] = world.sso.tokens();
    expect(cached()).toEqual({
      startUrl: world.sso.startUrl,
      region: world.sso.region,
      accessToken: token?.accessToken,
      expiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      clientId: token?.client.clientId,
      clientSecret: token?.client.clientSecret,
      registrationExpiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      refreshToken: token?.refreshToken,
    });
    expect(fs.statSync(cacheFile()).mode & 0o777).toBe(0o600);
    expect(fs.readdirSync(cacheDir())).toEqual([path.basename(cacheFile())]);
    const who = await aws([...WHO, '--profile', 'dev']);
    expect(who.stdout, who.stderr).toMatch(DEVELOPER);
    expect((await aws(['s3', 'ls', '--profile', 'prod'])).stdout).toContain('sandbox-444455556666');
    expect(logins()).toBe(1);
  });

  it('lies under the start URL for a profile that has it itself', async () => {
    await succeeds('old');
    expect(cached(world.sso.startUrl).accessToken).toBe(world.sso.tokens()[0]?.accessToken);
    expect((await aws([...WHO, '--profile', 'old'])).stdout).toMatch(DEVELOPER);
    // Another session's file is written when it is used.
    expect(fs.existsSync(cacheFile())).toBe(false);
    await succeeds('dev');
    expect(cached().accessToken).toBe(cached(world.sso.startUrl).accessToken);
    expect(logins()).toBe(1);
  });

  it('that the AWS CLI has refreshed goes on with the token the CLI got', async () => {
    await succeeds('dev');
    await expireOwn();
    expireCached();
    const who = await aws([...WHO, '--profile', 'dev']);
    expect(who.stdout, who.stderr).toMatch(DEVELOPER);
    expect(count('CreateToken')).toBe(2);
    await succeeds('prod');
    // What it was refreshed to is in the vault as well by now, and can be refreshed again from there.
    await expireOwn();
    await succeeds('old');
    expect([logins(), count('CreateToken')]).toEqual([1, 3]);
    expect(cached(world.sso.startUrl).accessToken).toBe(world.sso.tokens()[2]?.accessToken);
  });

  it('that was ended by `aws sso logout` is followed by one login', async () => {
    await succeeds('dev');
    const { status, stderr } = await aws(['sso', 'logout', '--profile', 'dev']);
    expect(status, stderr).toBe(0);
    expect(fs.existsSync(cacheFile())).toBe(false);
    await succeeds('prod');
    expect(logins()).toBe(2);
    expect((await aws([...WHO, '--profile', 'dev'])).stdout).toMatch(DEVELOPER);
  });

  it('is taken out of the cache again by clear', async () => {
    await succeeds('dev');
    await awsLogin('old');
    expect(await world.run(['clear', 'prod'])).toMatchObject({ status: 0, stdout: 'Cleared 1 sessions.\n' });
    // What is left there is the login of the AWS CLI.
    expect(fs.readdirSync(cacheDir())).not.toContain(path.basename(cacheFile()));
    expect(cached(world.sso.startUrl).accessToken).toBe(world.sso.tokens()[1]?.accessToken);
    expect((await succeeds('prod')).stderr).toContain('Opening the SSO');
    expect((await world.run(['clear'])).stdout).toBe('Cleared 3 sessions.\n');
    expect(fs.existsSync(cacheFile())).toBe(false);
  });

  it('is not shared unless that is asked for', async () => {
    await succeeds('dev', { env: { KEYTURN_SSO_CACHE: undefined } });
    expect(fs.existsSync(path.join(world.home, '.aws/sso'))).toBe(false);
    fs.mkdirSync(path.join(world.home, '.config/keyturn'), { recursive: true });
    fs.writeFileSync(path.join(world.home, '.config/keyturn/config'), 'sso-cache = shared\n');
    await succeeds('prod', { env: { KEYTURN_SSO_CACHE: undefined } });
    expect(cached().accessToken).toBe(world.sso.tokens()[0]?.accessToken);
    expect(logins()).toBe(1);
  });

  it('says which file cannot be written', async () => {
    fs.writeFileSync(path.join(world.home, '.aws/sso'), 'in the way');
    const { status, stderr } = await exec('dev');
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /error: exec: Error loading config: cannot (read|write) \S+\/cache\/\w{40}\.json, .*--sso-cache vault.*\[CONFIG_INVALID\]\n$/,
    );
    expect((await world.run(['exec', 'dev'], { env: { KEYTURN_SSO_CACHE: 'sometimes' } })).stderr).toMatch(
      /must be one of vault,shared, got 'sometimes'/,
    );
  });
});

describe('a login of the AWS CLI', () => {
  it('serves Keyturn, also after Keyturn has refreshed it, and goes on to serve the AWS CLI', async () => {
    await awsLogin();
    const first = cached();
    expect((await succeeds('dev')).stderr).toBe('');
    expireCached();
    expect((await succeeds('prod')).stderr).toBe('');
    expect(cached()).toMatchObject({ clientId: first.clientId, clientSecret: first.clientSecret });
    expect(cached().accessToken).not.toBe(first.accessToken);
    expect((await aws([...WHO, '--profile', 'dev'])).stdout).toMatch(DEVELOPER);
    expect([logins(), count('RegisterClient')]).toEqual([1, 1]);
    // It is the CLI's: without sharing nobody here has it.
    expect((await world.run(['list', '--sessions'])).stdout).not.toContain('oidc:');
    expect((await succeeds('old', { env: { KEYTURN_SSO_CACHE: undefined } })).stderr).toContain('Opening the SSO');
  });

  it('that the portal refuses is dropped, and one login takes its place', async () => {
    await awsLogin();
    world.sso.revoke();
    expect((await succeeds('dev')).stderr).toContain('Opening the SSO');
    expect(cached().accessToken).toBe(world.sso.tokens()[0]?.accessToken);
    expect(logins()).toBe(2);
  });

  it('of another instance under the same session name is not used', async () => {
    await awsLogin();
    fs.writeFileSync(cacheFile(), JSON.stringify({ ...cached(), startUrl: 'https://other.awsapps.com/start' }));
    expect((await succeeds('dev')).stderr).toContain('Opening the SSO');
    fs.writeFileSync(cacheFile(), '{"accessToken": "cut off');
    expect((await succeeds('prod')).stderr).toBe('');
    expect(cached().startUrl).toBe(world.sso.startUrl);
  });
});

describe('exec --profile-env', () => {
  beforeEach(() => {
    world.env.KEYTURN_SSO_CACHE = 'vault';
  });
  const inChild = (profile: string) => world.run(['exec', '--profile-env', profile, '--', '/usr/bin/aws', ...WHO]);

  it("gives the program's own SDK the access token, and nothing that could be refreshed", async () => {
    const { stdout, stderr } = await inChild('dev');
    expect(stdout, stderr).toMatch(DEVELOPER);
    expect(Object.keys(cached()).sort()).toEqual(['accessToken', 'expiresAt', 'region', 'startUrl']);
    expect(logins()).toBe(1);
  });

  it('does so for a role whose credentials begin with a login', async () => {
    // Debian's AWS CLI fails at a source_profile with an sso_session, whatever its cache holds.
    const role = /role_arn = (\S+)/.exec(fs.readFileSync(world.configFile, 'utf8'))?.[1];
    fs.appendFileSync(world.configFile, `[profile outer]\nsource_profile = old\nrole_arn = ${role}\n`);
    const { stdout, stderr } = await inChild('outer');
    expect(stdout, stderr).toMatch(/^arn:aws:sts::777788889999:assumed-role\/inner\//);
    expect(logins()).toBe(1);
  });

  it('gets a token that lasts, although the session of the role is still cached', async () => {
    await succeeds('dev');
    await expireOwn();
    const { stdout, stderr } = await inChild('dev');
    expect(stdout, stderr).toMatch(DEVELOPER);
    expect(new Date(cached().expiresAt).getTime()).toBeGreaterThan(Date.now() + 3_000_000);
    expect([logins(), count('CreateToken')]).toEqual([1, 2]);
  });

  it('leaves the AWS CLI what it can refresh its own login with', async () => {
    await awsLogin();
    const { refreshToken, clientSecret } = cached();
    expireCached();
    expect((await inChild('dev')).stdout).toMatch(DEVELOPER);
    expect(cached()).toMatchObject({ refreshToken, clientSecret });
    expireCached();
    expect((await aws([...WHO, '--profile', 'prod'])).stdout).toContain('444455556666');
    expect(logins()).toBe(2);
  });
});
