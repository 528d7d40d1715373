import fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readAwsVaultItem, writeAwsVaultItem } from './aws-vault-items.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { FOLLOWING, type SsoWorld, startSsoWorld } from './sso-world.ts';
import { KEYTURN, operations, type Result, type RunOptions } from './world.ts';

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
const tokenItem = (): string => `oidc:${world.sso.startUrl}`;

async function succeeds(profile: string, options?: RunOptions): Promise<Result> {
  const result = await exec(profile, options);
  expect(result, result.stderr).toMatchObject({ status: 0, stdout: expect.stringMatching(/^ASIA\w{16}\n$/) });
  return result;
}

/** Makes the token one that expired a second ago, as its next reader finds it. */
async function expireToken(): Promise<void> {
  const { data } = await readAwsVaultItem(world, tokenItem());
  await writeAwsVaultItem(world, tokenItem(), {
    ...Object(data),
    Expiration: new Date(Date.now() - 1000).toISOString(),
  });
}

describe('a token', () => {
  it('is in status and list with its time, if the vault is open, and never taken for one that still lasts', async () => {
    await succeeds('dev');
    const { startUrl } = world.sso;
    const textOf = async (env = {}) => (await world.run(['status'], { env })).stdout.split('\n')[2];
    const jsonOf = async (command: string) => JSON.parse((await world.run([command, '--json'])).stdout).ssoTokens[0];
    expect(await textOf()).toMatch(new RegExp(`^Signed in to ${startUrl}, 59m\\d+s left$`));
    expect(await textOf({ AWS_VAULT_FILE_PASSPHRASE: undefined })).toBe(`Signed in to ${startUrl}`);
    const { secondsLeft, ...token } = await jsonOf('status');
    expect(secondsLeft).toBeGreaterThan(3500);
    expect(await jsonOf('list')).toMatchObject(token);
    await expireToken();
    expect(await textOf()).toBe(`The login to ${startUrl} has expired, and is renewed when needed`);
    expect((await jsonOf('status')).secondsLeft).toBeLessThan(0);
  });

  it('that has expired is refreshed silently, and the registration is used again', async () => {
    await succeeds('dev');
    world.installBrowser('exit 1');
    for (const profile of ['prod', 'old']) {
      await expireToken();
      expect((await world.run(['list', '--sessions'])).stdout).toContain(
        `${tokenItem()} (expired, renewed when needed)\n`,
      );
      expect((await succeeds(profile)).stderr).toBe('');
    }
    const grants = world.aws.calls.filter(({ operation }) => operation === 'CreateToken');
    expect(grants.map(({ parameters }) => parameters.grantType)).toEqual([
      'authorization_code',
      'refresh_token',
      'refresh_token',
    ]);
    expect(count('RegisterClient')).toBe(1);
  });

  it('is refreshed once for processes that find it expired at the same time', async () => {
    await succeeds('dev');
    await expireToken();
    await Promise.all([succeeds('prod'), succeeds('old')]);
    expect([count('CreateToken'), count('authorize')]).toEqual([2, 1]);
  });

  it('of a client that AWS has forgotten is replaced by a login with a new registration', async () => {
    await succeeds('dev');
    await expireToken();
    world.sso.forgetClients();
    expect((await succeeds('prod')).stderr).toContain(OPENING);
    expect([count('RegisterClient'), count('authorize')]).toEqual([2, 2]);
  });

  it('whose refreshing fails for the moment only is kept', async () => {
    await succeeds('dev');
    await expireToken();
    world.aws.fail({ operation: 'CreateToken', times: 3, status: 503, code: 'ServiceUnavailable', message: 'later' });
    expect((await exec('prod')).stderr).toMatch(/\[AWS_UNREACHABLE\]\n$/);
    expect((await succeeds('prod')).stderr).toBe('');
  });

  it('that the portal refuses is refreshed, or else dropped for one login', async () => {
    await succeeds('dev');
    world.sso.expireAccessTokens();
    expect((await succeeds('prod')).stderr).toBe('');
    expect(operations(world).slice(4)).toEqual(['GetRoleCredentials', 'CreateToken', 'GetRoleCredentials']);
    world.sso.revoke();
    expect((await succeeds('old')).stderr).toContain(OPENING);
    expect([count('authorize'), count('RegisterClient')]).toEqual([2, 1]);
  });

  it('that is refused again and again is not asked for again and again', async () => {
    world.aws.fail({
      operation: 'GetRoleCredentials',
      times: 99,
      status: 401,
      code: 'UnauthorizedException',
      message: 'no',
    });
    const { status, stderr } = await exec('dev');
    expect(status).toBe(1);
    expect(stderr).toMatch(/keyturn: error: exec: .*\[SSO_LOGIN_REQUIRED\]\n$/);
    expect(count('authorize')).toBe(1);
    expect((await world.run(['list', '--sessions'])).stdout).toBe('');
  });

  it('is kept where aws-vault looks for it, in its layout', async () => {
    await succeeds('dev');
    const [token] = world.sso.tokens();
    const { item, data } = await readAwsVaultItem(world, tokenItem());
    expect(data).toMatchObject({
      Token: {
        AccessToken: token?.accessToken,
        RefreshToken: token?.refreshToken,
        TokenType: 'Bearer',
        ExpiresIn: 3600,
      },
      Expiration: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
    expect(item).toMatchObject({ Description: 'aws-vault oidc token' });
  });

  it('of aws-vault is used, and once expired a login takes its place', async () => {
    await succeeds('dev');
    const AccessToken = world.sso.tokens()[0]?.accessToken;
    await world.run(['clear']);
    const item = {
      AccessToken,
      ExpiresIn: 28800,
      IdToken: null,
      RefreshToken: null,
      TokenType: 'Bearer',
      ResultMetadata: {},
    };
    const written = (expiresAt: number) =>
      writeAwsVaultItem(world, tokenItem(), { Token: item, Expiration: new Date(expiresAt).toISOString() });
    await written(Date.now() + 3_600_000);
    expect((await succeeds('dev')).stderr).toBe('');
    await written(Date.now() - 1000);
    expect((await world.run(['list', '--sessions'])).stdout).toContain(`${tokenItem()} (expired)\n`);
    expect((await succeeds('prod')).stderr).toContain(OPENING);
  });

  it('is listed with the profiles that use it, and cleared with any of them', async () => {
    await succeeds('dev');
    const { stdout } = await world.run(['list']);
    for (const profile of ['dev', 'prod', 'old']) {
      expect(stdout).toMatch(new RegExp(`^${profile} +- +${tokenItem()}`, 'm'));
    }
    expect(stdout).not.toMatch(/^- /m);
    expect(stdout).not.toContain('keyturn-client');
    expect((await world.run(['clear', 'prod'])).stdout).toBe('Cleared 1 sessions.\n');
    expect((await world.run(['list', '--sessions'])).stdout).toMatch(/^sso\.GetRoleCredentials:59m\d+s\n$/);
    expect((await world.run(['clear', 'dev'])).stdout).toBe('Cleared 1 sessions.\n');
    expect((await succeeds('dev')).stderr).toContain(OPENING);
    expect((await world.run(['clear'])).stdout).toBe('Cleared 2 sessions.\n');
    expect((await world.run(['list', '--credentials'])).stdout).toBe('');
  });
});

it('asks for the passphrase of an empty vault on the terminal, and then logs in', async () => {
  const { AWS_VAULT_FILE_PASSPHRASE: _, ...env } = world.env;
  const terminal = new PseudoTerminal(`${KEYTURN} exec dev -- sh -c 'echo key $AWS_ACCESS_KEY_ID'`, env);
  await terminal.shows('Choose a passphrase for the new vault');
  terminal.type('correct horse\r');
  await terminal.shows('Enter it again: ');
  terminal.type('correct horse\r');
  expect(await terminal.status()).toBe(0);
  expect(terminal.output).toContain(OPENING);
  expect(terminal.output).toMatch(/key ASIA/);
  expect((await succeeds('prod')).stderr).toBe('');
});

describe('role credentials', () => {
  it('are the source of a role on top of them', async () => {
    await succeeds('inner');
    expect(operations(world).slice(-2)).toEqual(['GetRoleCredentials', 'AssumeRole']);
  });

  it('are the source of a role in the same profile', async () => {
    await succeeds('top');
    expect(operations(world).slice(-2)).toEqual(['GetRoleCredentials', 'AssumeRole']);
  });

  it('are not asked for where sso_region is none', async () => {
    const config = fs
      .readFileSync(world.configFile, 'utf8')
      .replace(`sso_region = ${world.sso.region}`, 'sso_region = Frankfurt');
    fs.writeFileSync(world.configFile, config);
    const { stderr } = await exec('dev');
    expect(stderr).toMatch(
      /Error loading config: the sso_region of profile "dev" is "Frankfurt".*\[CONFIG_INVALID\]\n$/,
    );
    expect(operations(world)).toEqual([]);
  });

  it('of a permission set that is not assigned are refused, with the settings to look at', async () => {
    const { stderr } = await exec('forbidden');
    expect(stderr).toMatch(
      /GetRoleCredentials.*No access; check sso_account_id and sso_role_name.*\[AWS_ACCESS_DENIED\]\n$/,
    );
  });

  it.each(['dev', 'inner'])('sign %s in to the console as they are', async (profile) => {
    await succeeds('dev');
    const { status, stdout, stderr } = await world.run(['login', '--stdout', profile]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(new URL(stdout.trim()).searchParams.get('Action')).toBe('login');
    expect(count('GetCallerIdentity')).toBe(0);
  });
});
