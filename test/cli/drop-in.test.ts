import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { itemNames, masterItem, readAwsVaultItem, sessionName, writeAwsVaultItem } from './aws-vault-items.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { addKey, finished, KEYTURN, type Result, type RunOptions, startWorld, type World } from './world.ts';

let world: World;
let awsVault: string;

beforeAll(async () => {
  world = await startWorld();
  awsVault = path.join(world.home, 'aws-vault');
  fs.symlinkSync(KEYTURN, awsVault);
});
afterAll(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

/** The program under aws-vault's name. */
function run(args: readonly string[], { env, cwd = world.home }: RunOptions = {}): Promise<Result> {
  const all = Object.entries({ ...world.env, ...env }).filter(([, value]) => value !== undefined);
  return finished(
    spawn(awsVault, args, { env: Object.fromEntries(all), cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true }),
  );
}

describe('as aws-vault', () => {
  it.each<[string[], string]>([
    [['bogus'], 'expected command but got "bogus", try --help'],
    [['list', '--bogus'], "unknown long flag '--bogus', try --help"],
    [['list', '-l'], "unknown short flag '-l', try --help"],
    [['add'], "required argument 'profile' not provided, try --help"],
    [['remove'], "required argument 'profile' not provided, try --help"],
    [['exec'], "required argument 'profile' not provided, try --help"],
    [['export'], "required argument 'profile' not provided, try --help"],
    [['export', 'p', 'extra'], 'unexpected extra, try --help'],
    [['exec', '-n', '--no-no-session', 'p'], "flag 'no-session' cannot be repeated, try --help"],
    [['export', 'p', '--format=xml'], "enum value must be one of env,export-env,json,ini, got 'xml', try --help"],
    [['exec', 'p', '-d', '3600'], 'time: missing unit in duration "3600", try --help'],
    [
      ['--backend=foo', 'list'],
      "enum value must be one of secret-service,kwallet,keyctl,pass,file,passage,op, got 'foo', try --help",
    ],
    [
      ['--prompt=pigeon', 'list'],
      "--prompt value must be one of terminal,browser,kdialog,osascript,wincredui,ykman,zenity, got 'pigeon', try --help",
    ],
    [['exec', 'p', '-d'], "expected argument for flag '-d', try --help"],
    [['rotate'], "required argument 'profile' not provided, try --help"],
  ])('refuses %j in its words', async (args, message) => {
    expect(await run(args)).toEqual({ status: 1, stdout: '', stderr: `aws-vault: error: ${message} [USAGE]\n` });
  });

  it('explains what became of --prompt pass', async () => {
    const { status, stderr } = await run(['--prompt', 'pass', 'list']);
    expect(stderr).toMatch(/^aws-vault: error: .*mfa_process = pass otp.* \[USAGE\]\n$/);
    expect(stderr).not.toContain('try --help');
    expect(status).toBe(1);
  });

  it('shows help and version on stderr and is content without a command', async () => {
    const [none, help, version, long, man] = await Promise.all([
      run([]),
      run(['--help']),
      run(['--version']),
      run(['--help-long']),
      run(['--help-man']),
    ]);
    for (const result of [none, help, version]) expect([result.status, result.stdout]).toEqual([0, '']);
    expect(none.stderr).toMatch(/^usage: aws-vault \[<flags>\] <command>/);
    expect(version.stderr).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect([long.status, man.status]).toEqual([0, 0]);
  });

  it('takes its settings from the environment, where empty means not set', async () => {
    const [backend, prompt, empty, others] = await Promise.all([
      run(['list'], { env: { AWS_VAULT_BACKEND: 'foo' } }),
      run(['list'], { env: { AWS_VAULT_PROMPT: 'pigeon' } }),
      run(['list'], { env: { AWS_VAULT_PROMPT: '', AWS_VAULT_FILE_DIR: '' } }),
      run(['list'], {
        env: {
          AWS_VAULT_KEYCHAIN_NAME: 'x',
          AWS_VAULT_PASS_CMD: 'x',
          AWS_VAULT_PASS_PREFIX: 'x',
          AWS_VAULT_PASS_PASSWORD_STORE_DIR: 'x',
        },
      }),
    ]);
    expect(backend.stderr).toContain(
      "enum value must be one of secret-service,kwallet,keyctl,pass,file,passage,op, got 'foo' (in $AWS_VAULT_BACKEND), try --help",
    );
    expect(prompt.stderr).toContain("got 'pigeon' (in $AWS_VAULT_PROMPT), try --help");
    expect([empty.status, others.status]).toEqual([0, 0]);
  });

  it('says how to leave a subshell, unless told not to', async () => {
    await writeAwsVaultItem(world, 'shell', masterItem({ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 's' }));
    const told = new PseudoTerminal(`env SHELL=/bin/true ${awsVault} exec -n shell`, world.env);
    const silent = new PseudoTerminal(`env SHELL=/bin/true ${awsVault} exec -n shell`, {
      ...world.env,
      AWS_VAULT_DISABLE_HELP_MESSAGE: '1',
    });
    expect([await told.status(), await silent.status()]).toEqual([0, 0]);
    expect(told.output).toBe('Starting subshell /bin/true, use `exit` to exit the subshell\r\n');
    expect(silent.output).toBe('');
  });
});

describe('an existing vault of aws-vault', () => {
  it('works as it is', async () => {
    const user = world.aws.addUser({ account: '111122223333', name: 'old' });
    const key = world.aws.addAccessKey(user);
    await writeAwsVaultItem(world, 'old/hand', masterItem(key));
    const foreign = sessionName('sts.GetSessionToken', 'old/hand', '', new Date(Date.now() + 3_600_000));
    await writeAwsVaultItem(world, foreign, { AccessKeyId: 'ASIAOTHER' });
    const { stdout } = await run([
      'exec',
      '-n',
      'old/hand',
      '--',
      'sh',
      '-c',
      'echo $AWS_VAULT $AWS_SECRET_ACCESS_KEY',
    ]);
    expect(stdout).toBe(`old/hand ${key.secretAccessKey}\n`);
    expect((await run(['list', '--credentials'])).stdout).toContain('old/hand\n');
    expect(
      JSON.parse((await run(['export', '--format=json', '--region=eu-west-1', 'old/hand'])).stdout).AccessKeyId,
    ).toMatch(/^ASIA/);
    expect(itemNames(world)).toContain(foreign);
  });

  it('reads what keyturn writes: keys, and sessions it takes for sessions', async () => {
    const user = world.aws.addUser({ account: '111122223333', name: 'new' });
    const key = world.aws.addAccessKey(user);
    await addKey(world, 'new', key);
    const stored = await readAwsVaultItem(world, 'new');
    expect(stored.item).toMatchObject({ Key: 'new', Label: 'aws-vault (new)' });
    expect(stored.data).toEqual(masterItem(key));
    const session = JSON.parse((await run(['export', '--format=json', '--region=eu-west-1', 'new'])).stdout);
    // aws-vault 7.2's own pattern of a session's name.
    const pattern = /^(?<type>[^,]+),(?<profile>[^,]+),(?<mfa>[^,]*),(?<expires>[0-9]+)$/;
    const name = itemNames(world).find(
      (item) => pattern.exec(item)?.groups?.profile === Buffer.from('new').toString('base64url'),
    );
    expect(name).toMatch(/^sts\.GetSessionToken,bmV3,[\w-]+,\d+$/);
    const { item, data } = await readAwsVaultItem(world, name ?? '');
    expect(item).toMatchObject({
      Key: name,
      Label: `aws-vault session for new (expires ${session.Expiration})`,
      Description: 'aws-vault session',
    });
    expect(JSON.stringify(data)).toBe(
      JSON.stringify({
        AccessKeyId: session.AccessKeyId,
        Expiration: session.Expiration,
        SecretAccessKey: session.SecretAccessKey,
        SessionToken: session.SessionToken,
      }),
    );
    expect(Number(name?.split(',')[3])).toBe(Date.parse(session.Expiration) / 1000);
    const { mode } = fs.statSync(path.join(world.vaultDir, name ?? ''));
    expect([mode & 0o777, fs.statSync(world.vaultDir).mode & 0o777]).toEqual([0o600, 0o700]);
  });
});
