import fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { FOLLOWING, type SsoWorld, startSsoWorld } from './sso-world.ts';
import { finished, KEYTURN, operations, type Result } from './world.ts';

const OTHER = 'https://other.awsapps.com/start';

let world: SsoWorld;
beforeEach(async () => {
  world = await startSsoWorld();
  world.installBrowser(FOLLOWING);
});
afterEach(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

const sso = (...args: string[]): Promise<Result> => world.run(['sso', ...args]);
const count = (name: string): number => operations(world).filter((operation) => operation === name).length;
const signedIn = async () => JSON.parse((await sso('list', '--sessions', '--json')).stdout).ssoSessions;

/** A second organisation, whose session is called `other`. */
function addOther() {
  const other = world.aws.addSso({ startUrl: OTHER });
  other.assign({ account: '999988887777', permissionSet: 'Auditor', accountName: 'Books' });
  const section = `[sso-session other]\nsso_start_url = ${OTHER}\nsso_region = ${other.region}\n`;
  fs.appendFileSync(world.configFile, section);
  return other;
}

describe('sso login', () => {
  it('logs in by session, profile or role, once, and again if it is forced', async () => {
    const { startUrl } = world.sso;
    const left = '59m\\d+s left';
    expect((await sso('login')).stdout).toMatch(new RegExp(`^Signed in to corp \\(${startUrl}\\), ${left}\n$`));
    for (const name of ['corp', 'dev', 'inner', 'old']) {
      const { stdout, stderr } = await sso('login', name);
      expect(stderr).toBe('');
      expect(stdout).toMatch(new RegExp(`^Already signed in to .*${startUrl}\\)?, ${left}\n$`));
    }
    expect((await sso('login', '--force', 'corp')).stdout).toMatch(/^Signed in to corp/);
    expect([count('authorize'), count('RegisterClient')]).toEqual([2, 1]);
    // Without anybody: an expired token that can be renewed is.
    world.sso.expireAccessTokens();
    expect((await world.run(['exec', 'dev', '--', 'true'])).stderr).toBe('');
    expect(count('authorize')).toBe(2);
  });

  it('takes the session of AWS_PROFILE, and else has to be told which of several', async () => {
    addOther();
    const none = await sso('login');
    expect(none).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/name one of them: corp, other \[USAGE\]\n$/),
    });
    const { stdout } = await world.run(['sso', 'login'], { env: { AWS_PROFILE: 'prod' } });
    expect(stdout).toMatch(/^Signed in to corp/);
    expect((await sso('login', '--all')).stdout).toMatch(/^Already signed in to corp .*\nSigned in to other .*\n$/);
    expect((await sso('login', '--all', 'corp')).stderr).toMatch(/\[USAGE\]\n$/);
  });

  it('offers a list on a terminal', async () => {
    addOther();
    const terminal = new PseudoTerminal(`${KEYTURN} sso login`, world.env);
    await terminal.shows('other (https://other');
    terminal.type('oth');
    await terminal.shows('Login oth');
    terminal.type('\r');
    expect(await terminal.status()).toBe(0);
    expect(terminal.output).toContain('Signed in to other');
    expect((await signedIn()).map(({ isSignedIn }: { isSignedIn: boolean }) => isSignedIn)).toEqual([false, true]);
  });

  it.each([
    ['nobody', /neither an \[sso-session nobody\] nor a profile "nobody".*\[PROFILE_NOT_FOUND\]\n$/],
    ['plain', /profile "plain" has no settings of IAM Identity Center.*\[CONFIG_INVALID\]\n$/],
    ['half', /config:\d+: sso_region is missing in \[sso-session half\].*\[CONFIG_INVALID\]\n$/],
  ])('of %s says what is wrong', async (name, message) => {
    const more = '[profile plain]\nregion = eu-west-1\n[sso-session half]\nsso_start_url = https://x.example\n';
    fs.appendFileSync(world.configFile, more);
    expect(await sso('login', name)).toMatchObject({ status: 1, stderr: expect.stringMatching(message) });
    expect(operations(world)).toEqual([]);
  });

  it('ends at once with Ctrl-C', async () => {
    world.installBrowser('curl -s -o /dev/null "$1"; touch "$HOME/waiting"');
    const child = world.start(['sso', 'login', 'corp']);
    const over = finished(child);
    await expect.poll(() => fs.existsSync(world.file('waiting'))).toBe(true);
    child.kill('SIGINT');
    expect(await over).toMatchObject({ status: 130, stderr: expect.stringContaining('cancelled by SIGINT') });
    expect((await signedIn())[0]).toMatchObject({ isSignedIn: false });
  });
});

describe('sso logout', () => {
  it('ends the login here and at AWS, with the sessions of all its profiles', async () => {
    await world.run(['exec', 'inner', '--', 'true']);
    await world.run(['exec', 'old', '--', 'true']);
    expect((await sso('logout', 'corp')).stdout).toBe(
      `Signed out of corp (${world.sso.startUrl})\nCleared 3 sessions.\n`,
    );
    expect(count('Logout')).toBe(1);
    expect(world.sso.tokens()).toEqual([]);
    expect((await world.run(['list', '--sessions'])).stdout).toBe('');
    expect((await sso('logout', 'dev')).stdout).toBe(`You were not signed in to corp (${world.sso.startUrl})\n`);
    expect((await world.run(['exec', 'dev', '--', 'true'])).stderr).toContain('Opening the SSO');
  });

  it('keeps sessions if asked to, and forgets the token also where AWS cannot be told', async () => {
    await world.run(['exec', 'dev', '--', 'true']);
    world.aws.fail({ operation: 'Logout', times: 3, status: 503, code: 'ServiceUnavailable', message: 'later' });
    const { status, stdout, stderr } = await sso('logout', '--all', '--keep-sessions');
    expect({ status, stdout }).toEqual({ status: 0, stdout: `Signed out of corp (${world.sso.startUrl})\n` });
    expect(stderr).toMatch(/AWS could not be told, so the session there ends by itself: .*later/);
    expect((await world.run(['list', '--sessions'])).stdout).toMatch(/^sso\.GetRoleCredentials:\S+\n$/);
    expect((await signedIn())[0]).toMatchObject({ isSignedIn: false, expiresAt: null });
  });

  it('of a login that has ended already is no error', async () => {
    await world.run(['exec', 'dev', '--', 'true']);
    world.sso.revoke();
    expect(await sso('logout', 'corp')).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('sso list', () => {
  it('shows accounts and roles with the profiles that stand for them, after a login', async () => {
    world.sso.assign({ account: '111122223333', permissionSet: 'Billing', accountName: 'Étude "7"' });
    const { stdout, stderr } = await sso('list', 'corp');
    expect(stderr).toContain('Opening the SSO');
    expect(stdout).toBe(`Account ID    Account       Role       Profiles
444455556666  account 4444  Admin      prod
111122223333  Étude "7"     Billing    -
111122223333  Étude "7"     Developer  dev, old, fragment, top
`);
    const json = JSON.parse((await sso('list', '--json')).stdout);
    expect(json).toMatchObject({ session: 'corp', startUrl: world.sso.startUrl, region: world.sso.region });
    expect(json.accounts[0]).toEqual({
      ...{ accountId: '444455556666', accountName: 'account 4444', emailAddress: 'aws+444455556666@example.com' },
      roles: [{ roleName: 'Admin', profiles: ['prod'] }],
    });
  });

  it('renews a token that is refused on the way, once', async () => {
    await sso('login', 'corp');
    world.sso.expireAccessTokens();
    expect((await sso('list', 'corp')).stdout.split('\n')).toHaveLength(4);
    expect([count('CreateToken'), count('authorize')]).toEqual([2, 1]);
  });

  it('shows who is signed in where, without asking anybody', async () => {
    addOther();
    await sso('login', 'other');
    const { stdout } = await sso('list', '--sessions');
    expect(stdout).toMatch(
      /^Session +Start URL +Region +Profiles +Signed in +Time left\ncorp .* 7 +no +-\nother .* 0 +yes +59m/,
    );
    expect(await signedIn()).toMatchObject([
      { session: 'corp', isSignedIn: false, expiresAt: null, secondsLeft: null, isRenewable: false },
      { session: 'other', isSignedIn: true, isRenewable: true, profiles: [] },
    ]);
    const locked = await world.run(['sso', 'list', '--sessions'], { env: { AWS_VAULT_FILE_PASSPHRASE: undefined } });
    expect(locked.stdout).toMatch(/^other .* vault is locked/m);
  });
});

it('names are completed: sessions, then the profiles that use one', async () => {
  fs.appendFileSync(world.configFile, '[profile plain]\nregion = eu-west-1\n');
  const { stdout } = await world.run(['__complete', 'bash', '=', 'sso', 'logout']);
  expect(stdout.split('\n').map((line) => line.split('\t')[0])).toEqual([
    'candidates',
    'corp',
    'dev',
    'prod',
    'forbidden',
    'old',
    'fragment',
    'inner',
    'top',
    '',
  ]);
});
