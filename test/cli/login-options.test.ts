import fs from 'node:fs';
import path from 'node:path';
import { GetFederationTokenCommand } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keysFrom, stsClient } from '../fake-aws/test-clients.ts';
import { type LoginWorld, openedAs, partsOf, startLoginWorld } from './login-world.ts';
import type { Result } from './world.ts';

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

describe('how long the console session lasts', () => {
  const sent = (): (string | undefined)[] =>
    world
      .calls()
      .filter(({ operation }) => operation === 'getSigninToken')
      .map(({ parameters }) => parameters.SessionDuration);
  const ENDS =
    /^keyturn: the console session of "\w+" ends with its credentials: AWS takes --console-duration only for /;

  it('is chosen for a role that a user assumes with the key itself', async () => {
    partsOf(await login('reader'));
    partsOf(await login('reader', '--console-duration', '12h'));
    partsOf(await world.run(['login', '-s', 'reader'], { env: { AWS_CONSOLE_SESSION_TTL: '8h' } }));
    partsOf(await login('reader', '-d', '30m'));
    expect(sent()).toEqual([undefined, '43200', '28800', '1800']);
  });

  it('is not asked for where AWS answers 400: a role behind a role, or behind a session with MFA', async () => {
    const code = world.people.device.freshCode();
    partsOf(await login('inner', '--console-duration', '2h'), expect.stringMatching(ENDS));
    partsOf(await login('admin', '--console-duration', '2h', '-t', code), expect.stringMatching(ENDS));
    partsOf(await world.run(['login', '-s', 'inner'], { env: { AWS_CONSOLE_SESSION_TTL: '8h' } }));
    expect(sent()).toEqual([undefined, undefined, undefined]);
  });

  it('is left out when AWS refuses it after all', async () => {
    world.aws.fail({ operation: 'getSigninToken', status: 400, code: 'BadRequest', message: 'no' });
    partsOf(await login('reader', '--console-duration', '2h'), expect.stringMatching(ENDS));
    expect(sent()).toEqual(['7200', undefined]);
  });

  it('is that of the federation token for a user', async () => {
    partsOf(await login('grace', '--console-duration', '2h'));
    const call = world.aws.calls.findLast(({ operation }) => operation === 'GetFederationToken');
    expect(call?.parameters.DurationSeconds).toBe('7200');
    const env = { AWS_CONSOLE_SESSION_TTL: '8h' };
    await world.run(['login', '-s', 'grace'], { env });
    await world.run(['login', '-s', 'grace'], { env: { ...env, AWS_FEDERATION_TOKEN_TTL: '30m' } });
    await world.run(['login', '-s', 'grace', '-d', '20m'], { env });
    const tokens = world.calls().filter(({ operation }) => operation === 'GetFederationToken');
    expect(tokens.map(({ parameters }) => parameters.DurationSeconds)).toEqual(['7200', '28800', '1800', '1200']);
    expect(sent()).toEqual([undefined, undefined, undefined, undefined]);
  });

  it.each([
    [['--console-duration', '13h'], {}, 'USAGE'],
    [['--console-duration', '10m'], {}, 'USAGE'],
    [[], { AWS_CONSOLE_SESSION_TTL: '10m' }, 'CONFIG_INVALID'],
    [[], { AWS_CONSOLE_SESSION_TTL: 'long' }, 'CONFIG_INVALID'],
  ])('has its limits: %j %j', async (flags, env, code) => {
    const { stderr } = await world.run(['login', '-s', 'reader', ...flags], { env });
    expect(stderr).toMatch(new RegExp(`^keyturn: error: login: .*\\[${code}\\]\n$`));
    expect(world.operations()).toEqual([]);
  });
});

describe('a user’s other profile, of the same MFA device and without a role,', () => {
  it('is signed in with the key, in its own region', async () => {
    const config = path.join(world.home, 'two-names');
    fs.writeFileSync(
      config,
      `[profile ada]\nregion = eu-west-1\nmfa_serial = ${world.people.device.serial}\n[profile other]\nsource_profile = ada\nmfa_serial = ${world.people.device.serial}\nregion = eu-north-1\n`,
    );
    const result = await world.run(['login', '-s', 'other'], { env: { AWS_CONFIG_FILE: config } });
    expect(partsOf(result, expect.stringContaining('without MFA')).Destination).toContain('eu-north-1.console');
    expect(world.operations()).toEqual(['GetCallerIdentity', 'GetFederationToken', 'getSigninToken']);
  });
});

describe('a federated user’s credentials in the environment', () => {
  it('are taken as they are, because no second federation token can be made of them', async () => {
    const Policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}';
    const command = new GetFederationTokenCommand({ Name: 'ada', Policy });
    const {
      accessKeyId,
      secretAccessKey,
      sessionToken = '',
    } = keysFrom((await stsClient(world.aws, world.people.key).send(command)).Credentials);
    world.begin();
    const env = {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
    };
    const { url } = partsOf(await world.run(['login', '-s', '--region', 'eu-west-1'], { env }));
    expect(world.operations()).toEqual(['GetCallerIdentity', 'getSigninToken']);
    expect(await openedAs(url)).toContain('111122223333');
  });
});

describe('signing out first', () => {
  it.each([
    [['--logout'], {}],
    [['-a'], {}],
    [['--auto-logout'], {}],
    [[], { AWS_VAULT_AUTO_LOGOUT: 'true' }],
  ])('with %j %j ends the browser’s session and goes on to the console', async (flags, env) => {
    const first = new URL(partsOf(await login('grace')).url);
    const signedIn = await fetch(first, { redirect: 'manual' });
    const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
    const { stdout } = await world.run(['login', '-s', 'reader', ...flags], { env });
    const url = new URL(stdout.trim());
    expect([url.pathname, url.searchParams.get('Action')]).toEqual(['/oauth', 'logout']);
    const out = await fetch(url, { redirect: 'manual', headers: { cookie } });
    expect(out.status).toBe(302);
    const gone = await fetch(signedIn.headers.get('location') ?? '', { headers: { cookie } }).catch(() => undefined);
    expect(gone?.status ?? 401).toBe(401);
    expect(await openedAs(new URL(out.headers.get('location') ?? ''))).toContain('777788889999');
  });

  it('is not what an unreadable variable asks for', async () => {
    const { stderr } = await world.run(['login', '-s', 'reader'], { env: { AWS_VAULT_AUTO_LOGOUT: 'maybe' } });
    expect(stderr).toMatch(/AWS_VAULT_AUTO_LOGOUT must be true or false.*\[USAGE\]\n$/);
  });
});

describe('the clipboard', () => {
  const bin = (): string => path.join(world.home, 'clipboard-bin');

  function install(name: string, script: string): void {
    fs.rmSync(bin(), { recursive: true, force: true });
    fs.mkdirSync(bin(), { recursive: true });
    fs.writeFileSync(path.join(bin(), name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  it.each([
    ['wl-copy', { WAYLAND_DISPLAY: 'wayland-0', DISPLAY: ':0' }],
    ['xclip', { DISPLAY: ':0' }],
    ['xsel', { DISPLAY: ':0' }],
    ['clip.exe', { WSL_DISTRO_NAME: 'Debian' }],
  ])('of %s gets the URL through stdin, and no argument has it', async (program, env) => {
    install(program, 'cat > "$HOME/copied"; echo "$*" > "$HOME/arguments"; sleep 60 &');
    const result = await world.run(['login', '--copy', 'reader'], { env: { ...env, PATH: `${bin()}:/usr/bin:/bin` } });
    expect(result).toEqual({
      status: 0,
      stdout: '',
      stderr:
        'Copied the sign-in URL. Until it is used, or for 15 minutes, it signs in whoever has it: do not leave it on the clipboard.\n',
    });
    expect(fs.readFileSync(path.join(world.home, 'arguments'), 'utf8')).not.toContain('http');
    expect(await openedAs(new URL(fs.readFileSync(path.join(world.home, 'copied'), 'utf8')))).toContain('777788889999');
  });

  it('that is not there is said before AWS is asked', async () => {
    const nothing = await login('reader').then(() => world.run(['login', '-c', 'reader']));
    expect(nothing.stderr).toMatch(/there is no clipboard to copy to: there is no display.*\[PROCESS_FAILED\]\n$/);
    const none = await world.run(['login', '-c', 'reader'], { env: { DISPLAY: ':0', PATH: '/nonexistent' } });
    expect(none.stderr).toMatch(/none of xclip, xsel is installed; use --stdout.*\[PROCESS_FAILED\]\n$/);
    expect(world.operations().filter((name) => name === 'getSigninToken')).toHaveLength(1);
  });

  it('that fails is named, and the URL is not', async () => {
    install('xclip', 'exit 4');
    const { stderr, stdout } = await world.run(['login', '-c', 'reader'], {
      env: { DISPLAY: ':0', PATH: `${bin()}:/usr/bin:/bin` },
    });
    expect(stdout).toBe('');
    expect(stderr).toBe(
      'keyturn: error: login: Failed to copy the URL: xclip ended with exit status 4; use --stdout to print it instead [PROCESS_FAILED]\n',
    );
  });
});

describe('what cannot be opened is refused before AWS is asked', () => {
  it.each([
    [['reader', 'dynamdb'], 'did you mean dynamodb'],
    [['reader', 's3', '--service', 'ec2'], "Can't use a service after the profile with --service"],
    [['reader', 's3', '--path', 'x'], "Can't use a service with --path"],
    [['reader', '--path', 'https://evil.example/s3'], 'is not an AWS console'],
  ])('%j', async (words, message) => {
    const { stderr, stdout } = await login(...words);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/\[USAGE\]\n$/);
    expect(world.operations()).toEqual([]);
  });
});
