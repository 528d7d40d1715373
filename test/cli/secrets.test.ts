import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSPHRASE } from './aws-vault-items.ts';
import { HostProcess } from './host-process.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { addKey, KEYTURN, type People, populate, type Result, startWorld, type World } from './world.ts';

let world: World;
let people: People;
/** What must be seen only where it was asked for; more is added as AWS issues it. */
const canaries = new Map<string, string>([
  ['passphrase', PASSPHRASE],
  ['backup passphrase', 'battery staple of a backup'],
]);

beforeAll(async () => {
  world = await startWorld();
  people = await populate(world);
  world.env.KEYTURN_BACKUP_PASSPHRASE = canaries.get('backup passphrase') ?? '';
  canaries.set('secret key', people.key.secretAccessKey);
  const { SecretAccessKey, SessionToken } = JSON.parse((await world.run(['export', '--format=json', 'reader'])).stdout);
  canaries.set('session key', SecretAccessKey).set('session token', SessionToken);
  const { stdout } = await world.run(['login', '-s', 'reader']);
  canaries.set('sign-in token', new URL(stdout.trim()).searchParams.get('SigninToken') ?? '');
  for (const canary of canaries.values()) expect(canary.length).toBeGreaterThan(10);
});
afterAll(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

const ASK_SERVER =
  'curl -s -o /dev/null -H "Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN" $AWS_CONTAINER_CREDENTIALS_FULL_URI';

/** Which canaries a text holds, as they are or as a URL writes them; the first half of one is enough. */
function found(text: string): string[] {
  return [...canaries].flatMap(([name, canary]) => {
    const half = canary.slice(0, Math.max(12, canary.length / 2));
    return text.includes(half) || text.includes(encodeURIComponent(half)) ? [name] : [];
  });
}

describe.each([[[]], [['--debug']]])('with the flags %j', (flags) => {
  const run = (args: readonly string[], env: Record<string, string | undefined> = {}): Promise<Result> =>
    world.run([...flags, ...args], { env });

  it.each<[args: string[], shown: string[]]>([
    [['list'], []],
    [['list', '--sessions'], []],
    [['list', '--json'], []],
    [['list', '--age'], []],
    [['rotate', '-n', '--dry-run', 'ada'], []],
    [['exec', 'reader', '--', 'true'], []],
    [['exec', '-n', 'ada', '--', 'true'], []],
    [['exec', 'reader', '-d', '20m', '--', 'true'], []],
    [['exec', '-s', 'reader', '--', 'sh', '-c', ASK_SERVER], []],
    [['export', '-n', 'ada'], ['secret key']],
    [
      ['export', 'reader'],
      ['session key', 'session token'],
    ],
    [
      ['export', 'reader', '--format=ini'],
      ['session key', 'session token'],
    ],
    [['clear', 'nobody'], []],
    [['remove', '-s', 'nobody'], []],
  ])('%j shows on stdout what was asked for, and on stderr nothing', async (args, shown) => {
    const { status, stdout, stderr } = await run(args);
    expect([status, found(stdout), found(stderr)]).toEqual([0, shown, []]);
  });

  it('login shows the URL where it was asked for', async () => {
    const { stdout, stderr } = await run(['login', '-s', 'reader']);
    const token = new URL(stdout.trim()).searchParams.get('SigninToken') ?? 'none';
    canaries.set('latest sign-in token', token);
    expect(found(stderr)).toEqual([]);
    const opener = await run(['login', 'reader'], { PATH: '/nonexistent' });
    expect([opener.stdout, found(opener.stderr)]).toEqual(['', []]);
    expect(opener.stderr).not.toContain('SigninToken');
  });

  it('add repeats nothing of the key', async () => {
    const env = { AWS_ACCESS_KEY_ID: people.key.accessKeyId, AWS_SECRET_ACCESS_KEY: people.key.secretAccessKey };
    const results = await Promise.all([
      run(['add', '--env', `copy${flags.length}`], env),
      run(['add', '--env', 'a #b'], env),
      run(['add', '--env', 'ada'], { ...env, AWS_VAULT_FILE_PASSPHRASE: 'wrong' }),
      run(['add', '--env', 'two'], { ...env, AWS_SECRET_ACCESS_KEY: `${people.key.secretAccessKey} x` }),
    ]);
    expect(results.map(({ stdout, stderr }) => found(stdout + stderr))).toEqual([[], [], [], []]);
  });

  it('errors quote no secret, whoever makes them', async () => {
    const user = world.aws.addUser({ account: '222233334444', name: `wrong${flags.length}` });
    const wrong = world.aws.addAccessKey(user);
    await addKey(world, user.name, { ...wrong, secretAccessKey: people.key.secretAccessKey });
    const inner = world.aws.addRole({
      account: '777788889999',
      name: `inner${flags.length}`,
      trusts: ['999999999999'],
    });
    const config = path.join(world.home, `errors${flags.length}`);
    const base = fs.readFileSync(world.configFile, 'utf8');
    fs.writeFileSync(config, `${base}[profile inner]\nsource_profile = reader\nrole_arn = ${inner.arn}\n`);
    const env = { AWS_CONFIG_FILE: config };
    world.aws.fail({
      operation: 'getSigninToken',
      status: 400,
      code: 'BadRequest',
      message: canaries.get('session token') ?? '',
    });
    const results = [
      await run(['login', '-s', 'reader']),
      ...(await Promise.all([
        // A signature that does not match makes AWS quote the whole request, token and all.
        run(['exec', user.name, '--', 'true']),
        run(['exec', 'inner', '--', 'true'], env),
        run(['exec', 'reader', '-d', '31m', '--', 'true'], { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' }),
        run(['exec', 'reader', '-d', '32m', '--', 'true'], { AWS_ENDPOINT_URL: `http://x:${PASSPHRASE}@127.0.0.1` }),
        run(['exec', 'reader', '--', 'no-such-program']),
        run(['exec', 'ada', '-t', '000000', '--', 'true']),
        run(['exec', '-n', 'ada', '--', 'true'], { AWS_VAULT_FILE_PASSPHRASE: `${PASSPHRASE}!` }),
      ])),
    ];
    for (const { status, stdout, stderr } of results) {
      expect([status, stdout, found(stderr)]).toEqual([1, '', []]);
    }
  });
});

it('no program that keyturn starts has a secret in its arguments, and none has a passphrase of ours', async () => {
  const spy = path.join(world.home, 'spy');
  fs.writeFileSync(
    spy,
    `#!/bin/sh\nexec > "${world.home}/seen" 2>/dev/null\nfor pid in /proc/[0-9]*; do tr '\\0' ' ' < $pid/cmdline; echo; done\nenv\n`,
    { mode: 0o755 },
  );
  const seen = (): string => fs.readFileSync(path.join(world.home, 'seen'), 'utf8');
  const base = fs.readFileSync(world.configFile, 'utf8');
  const config = path.join(world.home, 'spied');
  const code = people.device.freshCode();
  fs.writeFileSync(config, base.replace('[profile ada]', `[profile ada]\nmfa_process = ${spy}; echo ${code}`));
  expect((await world.run(['exec', 'ada', '--', 'true'], { env: { AWS_CONFIG_FILE: config } })).stderr).toBe('');
  expect(seen()).toContain('exec ada -- true');
  expect(found(seen())).toEqual([]);
  expect((await world.run(['exec', 'reader', '--', spy])).status).toBe(0);
  const [argv, env] = seen().split(/^(?=AWS_VAULT=)/m);
  expect(found(argv ?? '')).toEqual([]);
  expect(found(env ?? '').filter((name) => name.endsWith('passphrase'))).toEqual([]);
  expect(env).not.toContain('KEYTURN_BACKUP_PASSPHRASE');
});

it('a terminal shows neither a passphrase nor a secret key that is typed', async () => {
  const terminal = new PseudoTerminal(`${KEYTURN} --debug add typed`, {
    ...world.env,
    AWS_VAULT_FILE_PASSPHRASE: undefined,
  });
  await terminal.shows('Enter Access Key ID: ');
  terminal.type(`${people.key.accessKeyId}\r`);
  await terminal.shows('Enter Secret Access Key: ');
  terminal.type(`${people.key.secretAccessKey}\r`);
  await terminal.shows('Enter passphrase to unlock');
  terminal.type(`${PASSPHRASE}\r`);
  expect(await terminal.status()).toBe(0);
  expect(terminal.output).toContain('Added credentials to profile "typed" in vault');
  expect(found(terminal.output)).toEqual([]);
});

it('the native host tells a browser no secret but the URL, and its log none at all', async () => {
  const host = new HostProcess({ env: { ...world.env, PATH: '' } });
  await host.hello();
  await host.call('list');
  const before = host.messages.length;
  const { result } = await host.call('consoleUrl', { profile: 'reader' });
  canaries.set('token for the browser', new URL(String(result?.url)).searchParams.get('SigninToken') ?? 'none');
  await host.call('consoleUrl', { profile: 'nobody' });
  const others = host.messages.filter((_, index) => index !== before);
  expect(found(JSON.stringify(host.messages[before]))).toEqual(['token for the browser']);
  expect(found(JSON.stringify(others))).toEqual([]);
  expect(await host.close()).toBe(0);
  expect(found(host.stderr)).toEqual([]);
});

it('no file under HOME holds a secret, and what is encrypted only the user can read', () => {
  const files = fs
    .readdirSync(world.home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => path.join(parentPath, name))
    // Written by a program that was given them.
    .filter((file) => path.basename(file) !== 'seen');
  expect(files.some((file) => file.startsWith(world.vaultDir))).toBe(true);
  expect(files.filter((file) => found(fs.readFileSync(file, 'latin1')).length > 0)).toEqual([]);
  const stateDir = path.join(world.home, '.local/state/keyturn');
  for (const dir of [world.vaultDir, stateDir].filter((one) => fs.existsSync(one))) {
    expect(fs.statSync(dir).mode & 0o077).toBe(0);
  }
});
