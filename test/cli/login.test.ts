import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LoginWorld, openedAs, partsOf, startLoginWorld } from './login-world.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { KEYTURN, type Result } from './world.ts';

let world: LoginWorld;

beforeAll(async () => {
  world = await startLoginWorld();
});
beforeEach(() => world.begin());
afterAll(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

const login = (...args: string[]): Promise<Result> => world.login(...args);

describe('the sign-in URL', () => {
  it('of a user comes from GetFederationToken with the stored key, and signs in', async () => {
    const { url, place, Destination } = partsOf(await login('grace'));
    expect(place).toBe(`${world.aws.url}/federation`);
    expect(Destination).toBe('https://eu-west-1.console.aws.amazon.com/console/home?region=eu-west-1');
    expect(world.operations()).toEqual(['GetCallerIdentity', 'GetFederationToken', 'getSigninToken']);
    const call = world.aws.calls.findLast(({ operation }) => operation === 'GetFederationToken');
    expect(call?.parameters).toMatchObject({ Name: 'grace.with-a-name-that-is-longer', DurationSeconds: '3600' });
    expect(await openedAs(url)).toContain('222233334444');
  });

  it('of a user with MFA asks no code, because AWS takes none there, and says so', async () => {
    const notice = `keyturn: the console session of "ada" is without MFA (${world.people.device.serial}): AWS takes no code when a user signs in with a key; for one with MFA, log in to a role that has mfa_serial\n`;
    partsOf(await login('ada'), notice);
    expect(world.operations()).toEqual(['GetCallerIdentity', 'GetFederationToken', 'getSigninToken']);
  });

  it('of a role comes from its session, and of a chained role too', async () => {
    const { url, Destination } = partsOf(await login('reader'));
    expect(Destination).toBe('https://us-east-2.console.aws.amazon.com/console/home?region=us-east-2');
    expect(world.operations()).toEqual(['AssumeRole', 'getSigninToken']);
    expect(await openedAs(url)).toContain('777788889999');
    partsOf(await login('inner'));
    expect(world.operations().filter((name) => name === 'AssumeRole')).toHaveLength(2);
    const tokens = world.aws.calls.filter(({ operation }) => operation === 'getSigninToken');
    expect(tokens.every(({ parameters }) => parameters.SessionDuration === undefined)).toBe(true);
  });

  it('of a role with MFA takes a code once, from --mfa-token or the terminal, and it serves the shell as well', async () => {
    const refused = await login('admin');
    expect(refused.stderr).toMatch(/^keyturn: error: login: .*open \/dev\/tty.*--mfa-token.*\[MFA_REQUIRED\]\n$/);
    expect(world.operations()).toEqual([]);
    const terminal = new PseudoTerminal(`${KEYTURN} login -s admin`, world.env);
    await terminal.shows(`Enter MFA code for ${world.people.device.serial}: `);
    terminal.type(`${world.people.device.freshCode()}\r`);
    expect(await terminal.status()).toBe(0);
    expect(terminal.output).toMatch(/\r\nhttp:\S+SigninToken=\S+\r\n$/);
    expect(world.operations()).toEqual(['GetSessionToken', 'AssumeRole', 'getSigninToken']);
    expect((await world.run(['exec', 'admin', '--', 'true'])).status).toBe(0);
    partsOf(await login('admin'));
    expect(world.operations().slice(3)).toEqual(['getSigninToken']);
  });

  it.each([
    ['-d', '20m'],
    ['--region', 'eu-west-3'],
  ])('takes %s %s as exec does', async (...flags) => {
    const { Destination } = partsOf(await login('reader', ...flags));
    const region = flags[0] === '--region' ? flags[1] : 'us-east-2';
    expect(Destination).toBe(`https://${region}.console.aws.amazon.com/console/home?region=${region}`);
    const call = world.aws.calls.findLast(({ operation }) => operation === 'AssumeRole');
    expect(call?.parameters.DurationSeconds).toBe(flags[0] === '-d' ? '1200' : '3600');
  });

  it.each([
    [['s3'], 'https://us-east-2.console.aws.amazon.com/s3/home?region=us-east-2'],
    [
      ['--service', 'ec2', '--region', 'eu-west-1'],
      'https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1',
    ],
    [['DDB'], 'https://us-east-2.console.aws.amazon.com/dynamodbv2/home?region=us-east-2'],
    [['logs'], 'https://us-east-2.console.aws.amazon.com/cloudwatch/home?region=us-east-2#logsV2:log-groups'],
    [['health'], 'https://health.console.aws.amazon.com/health/home'],
    [['ga'], 'https://us-west-2.console.aws.amazon.com/globalaccelerator/home?region=us-west-2'],
    [['iam', '--region', 'eu-west-1'], 'https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1'],
  ])('leads to the service %j', async (words, destination) => {
    expect(partsOf(await login('reader', ...words)).Destination).toBe(destination);
  });

  it.each([
    ['/s3/home', 'https://us-east-2.console.aws.amazon.com/s3/home?region=us-east-2'],
    ['s3/buckets', 'https://us-east-2.console.aws.amazon.com/s3/buckets?region=us-east-2'],
    [
      '/ec2/home?a=b%20c#Instances:x=1',
      'https://us-east-2.console.aws.amazon.com/ec2/home?a=b%20c&region=us-east-2#Instances:x=1',
    ],
    ['/x?region=eu-west-3', 'https://us-east-2.console.aws.amazon.com/x?region=eu-west-3'],
    ['//evil.example/x', 'https://us-east-2.console.aws.amazon.com/evil.example/x?region=us-east-2'],
    ['https://us-west-2.console.aws.amazon.com/x?a=b#c', 'https://us-west-2.console.aws.amazon.com/x?a=b#c'],
    ['@evil.example', 'https://us-east-2.console.aws.amazon.com/@evil.example?region=us-east-2'],
  ])('leads to the page --path %s', async (page, destination) => {
    expect(partsOf(await login('reader', `--path=${page}`)).Destination).toBe(destination);
  });

  it('without any region lets AWS choose, page and all', async () => {
    const config = path.join(world.home, 'no-region');
    fs.writeFileSync(config, '[profile grace]\n');
    const env = { AWS_CONFIG_FILE: config };
    expect(partsOf(await world.run(['login', '-s', 'grace'], { env })).Destination).toBe(
      'https://console.aws.amazon.com/',
    );
    expect(partsOf(await world.run(['login', '-s', 'grace', '--path', '/s3/home'], { env })).Destination).toBe(
      'https://console.aws.amazon.com/s3/home',
    );
  });

  it('lasts as long as -d and AWS_FEDERATION_TOKEN_TTL say', async () => {
    await login('grace', '-d', '2h');
    await world.run(['login', '-s', 'grace'], { env: { AWS_FEDERATION_TOKEN_TTL: '12h' } });
    const calls = world.calls().filter(({ operation }) => operation === 'GetFederationToken');
    expect(calls.map(({ parameters }) => parameters.DurationSeconds)).toEqual(['7200', '43200']);
  });
});

describe('without a profile', () => {
  it('uses the keys of the environment: a user’s, or a role’s session', async () => {
    const env = {
      AWS_ACCESS_KEY_ID: world.people.key.accessKeyId,
      AWS_SECRET_ACCESS_KEY: world.people.key.secretAccessKey,
    };
    partsOf(await world.run(['login', '-s'], { env }));
    expect(world.operations()).toEqual(['GetCallerIdentity', 'GetFederationToken', 'getSigninToken']);
    const role = await world.run(['exec', 'reader', '--', KEYTURN, 'login', '-s']);
    expect(partsOf(role).Destination).toBe('https://us-east-2.console.aws.amazon.com/console/home?region=us-east-2');
    expect(
      world
        .operations()
        .slice(3)
        .filter((name) => name !== 'AssumeRole'),
    ).toEqual(['GetCallerIdentity', 'getSigninToken']);
  });

  it('says that there are none', async () => {
    expect(await world.run(['login'])).toEqual({
      status: 1,
      stdout: '',
      stderr:
        "keyturn: error: login: argument 'profile' not provided, nor any AWS env vars found. Try --help [USAGE]\n",
    });
    expect(world.operations()).toEqual([]);
  });
});

describe('the browser', () => {
  const bin = (): string => path.join(world.home, 'bin');
  const file = (name: string): string => path.join(world.home, name);
  const env = (): Record<string, string> => ({ PATH: `${bin()}:/usr/bin:/bin` });

  function installOpener(script: string): void {
    fs.mkdirSync(bin(), { recursive: true });
    fs.writeFileSync(path.join(bin(), 'xdg-open'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  it('gets the URL from a loopback address that answers once, and no process has it in its arguments', async () => {
    // Everything any process could see of this sign-in while the browser fetches it.
    installOpener(`cd "$HOME"
printf '%s' "$1" > address
for pid in /proc/[0-9]*; do tr '\\0' ' ' < $pid/cmdline; done > arguments 2>/dev/null
env > environment
curl -s -o /dev/null -w '%{http_code}\\n' "$1x" > wrong
curl -s -D headers -o /dev/null -w '%{redirect_url}' "$1" > redirect.part
mv redirect.part redirect`);
    const { status, stdout, stderr } = await world.run(['login', 'reader'], {
      env: { ...env(), AWS_VAULT_FILE_PASSPHRASE: world.env.AWS_VAULT_FILE_PASSPHRASE },
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
    await expect.poll(() => fs.existsSync(file('redirect'))).toBe(true);
    const read = (name: string): string => fs.readFileSync(file(name), 'utf8');
    expect(read('address')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}$/);
    expect(read('wrong')).toBe('404\n');
    const url = new URL(read('redirect'));
    const token = url.searchParams.get('SigninToken') ?? '';
    expect(token.length).toBeGreaterThan(100);
    expect(read('arguments')).toContain(read('address'));
    expect(read('arguments')).not.toContain(token.slice(0, 20));
    expect(read('arguments')).not.toContain(encodeURIComponent(token).slice(0, 20));
    expect(read('environment')).not.toContain('AWS_VAULT_FILE_PASSPHRASE');
    expect(read('headers').toLowerCase()).toContain('cache-control: no-store');
    await expect(fetch(read('address'))).rejects.toThrow();
    expect(await openedAs(url)).toContain('777788889999');
  });

  it('that cannot be opened is named, and the URL is not', async () => {
    installOpener('exit 3');
    const failed = await world.run(['login', 'reader'], { env: env() });
    expect(failed).toEqual({
      status: 1,
      stdout: '',
      stderr:
        'keyturn: error: login: Failed to open URL: exit status 3; use --stdout to print it instead [PROCESS_FAILED]\n',
    });
    installOpener('kill -9 $$');
    const killed = await world.run(['login', 'reader'], { env: env() });
    expect(killed.stderr).toMatch(/Failed to open URL: .*SIGKILL.*\[PROCESS_FAILED\]\n$/);
  });

  it('that is not there is missed before anybody is asked for a code', async () => {
    const missing = 'there is no browser to open here: xdg-open is not installed; use --stdout to print the URL';
    const overSsh =
      'there is no browser to open here: this is an SSH session without a display; use --stdout to print the URL';
    installOpener('exit 3');
    world.begin();
    for (const [more, message] of [
      [{ PATH: '/nonexistent' }, missing],
      [{ SSH_CONNECTION: '192.0.2.1 1 192.0.2.2 22' }, overSsh],
      [{ SSH_TTY: '/dev/pts/1', PATH: '/nonexistent' }, overSsh],
    ] as const) {
      const failed = await world.run(['login', 'admin'], { env: { ...env(), ...more } });
      expect(failed).toEqual({ status: 1, stdout: '', stderr: `keyturn: error: login: ${message} [PROCESS_FAILED]\n` });
    }
    expect(world.operations()).toEqual([]);
    const wanted = { ...env(), SSH_TTY: '/dev/pts/1', BROWSER: 'browser.sh' };
    expect((await world.run(['login', 'reader'], { env: wanted })).stderr).toContain('exit status 3');
  });

  it('is the one of Windows for Linux inside it', async () => {
    installOpener('');
    fs.rmSync(path.join(bin(), 'xdg-open'));
    const windows = '#!/bin/sh\ncurl -s -o /dev/null "$2" && printf %s "$1" > "$HOME/opened-by-windows"\n';
    fs.writeFileSync(path.join(bin(), 'rundll32.exe'), windows, { mode: 0o755 });
    fs.symlinkSync('/bin/sh', path.join(bin(), 'sh'));
    fs.symlinkSync('/usr/bin/curl', path.join(bin(), 'curl'));
    const inside = { PATH: bin(), WSL_DISTRO_NAME: 'Debian' };
    expect((await world.run(['login', 'reader'], { env: inside })).stderr).toBe('');
    await expect.poll(() => fs.existsSync(file('opened-by-windows'))).toBe(true);
    fs.writeFileSync(path.join(bin(), 'wslview'), '#!/bin/sh\nexit 7\n', { mode: 0o755 });
    expect((await world.run(['login', 'reader'], { env: inside })).stderr).toContain('exit status 7');
  });

  it.runIf(process.getuid?.() === 0)('of another user of the machine gets nothing, however fast it is', async () => {
    installOpener(`cd "$HOME"
setpriv --reuid=65534 --clear-groups curl -s -o /dev/null -w '%{http_code}' "$1" > stranger
curl -s -o /dev/null -w '%{http_code}' "$1" > own.part
mv own.part own`);
    expect((await world.run(['login', 'reader'], { env: env() })).status).toBe(0);
    await expect.poll(() => fs.existsSync(file('own'))).toBe(true);
    expect(fs.readFileSync(file('stranger'), 'utf8')).toBe('404');
    expect(fs.readFileSync(file('own'), 'utf8')).toBe('302');
  });

  it('that nobody brings leaves Ctrl-C', async () => {
    installOpener('touch "$HOME/waiting"; exit 0');
    const child = world.start(['login', 'reader'], { env: env() });
    let stderr = '';
    child.stderr?.on('data', (chunk) => (stderr += String(chunk)));
    const over = new Promise((resolve) => child.once('close', resolve));
    await expect.poll(() => fs.existsSync(file('waiting'))).toBe(true);
    child.kill('SIGINT');
    expect(await over).toBe(130);
    expect(stderr).toMatch(/^keyturn: error: login: cancelled[^\n]*\[CANCELLED\]\n$/);
  });
});

describe('a failure', () => {
  it('of the federation endpoint says its status', async () => {
    world.aws.fail({ operation: 'getSigninToken', status: 400, code: 'BadRequest', message: 'no' });
    expect((await login('reader')).stderr).toBe(
      "keyturn: error: login: Call to getSigninToken failed with 400 Bad Request; AWS opens no console with these credentials, or no longer: run 'keyturn clear' and try again [AWS_REJECTED]\n",
    );
    world.aws.fail({ operation: 'getSigninToken', times: 3, status: 503, code: 'Unavailable', message: 'no' });
    expect((await login('reader')).stderr).toMatch(
      /failed with 503 .*; wait a moment and try again \[AWS_REJECTED\]\n$/,
    );
  });

  it('of a profile says its name, and asks AWS nothing', async () => {
    const [missing, empty, nobody] = await Promise.all([
      login('tpyo'),
      login('nowhere'),
      login('reader', '--region', 'eu/west'),
    ]);
    expect(missing.stderr).toMatch(/^keyturn: error: login: profile "tpyo" .*\[PROFILE_NOT_FOUND\]\n$/);
    expect(empty.stderr).toMatch(
      /^keyturn: error: login: profile nowhere: credentials missing.*\[CREDENTIALS_NOT_FOUND\]\n$/,
    );
    expect(nobody.stderr).toMatch(/^keyturn: error: login: .*eu\/west.*\[CONFIG_INVALID\]\n$/);
    expect(world.operations()).toEqual([]);
  });

  it('of GetFederationToken for a user’s own session names a way out', async () => {
    const session = JSON.parse((await world.run(['export', '--format=json', 'grace'])).stdout);
    const { stderr } = await world.run(['login', '-s'], {
      env: {
        AWS_ACCESS_KEY_ID: session.AccessKeyId,
        AWS_SECRET_ACCESS_KEY: session.SecretAccessKey,
        AWS_SESSION_TOKEN: session.SessionToken,
      },
    });
    expect(stderr).toMatch(/^keyturn: error: login: .*GetFederationToken.*\[AWS_ACCESS_DENIED\]\n$/);
  });
});
