import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HostProcess } from './host-process.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { KEYTURN, type People, populate, type Result, type RunOptions, startWorld, type World } from './world.ts';

const PASSPHRASE = 'correct horse';
/** Of a terminal that was not told the passphrase. */
const untold = { AWS_VAULT_FILE_PASSPHRASE: undefined };

let world: World;
let people: People;
let hosts: HostProcess[];

beforeEach(async () => {
  hosts = [];
  world = await startWorld();
  people = await populate(world);
});
afterEach(async () => {
  await Promise.all(hosts.map((host) => host.close()));
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

/** A host of a browser whose extension shows questions and the lock. */
async function browser(env: Record<string, string | undefined> = {}): Promise<HostProcess> {
  const host = new HostProcess({ env: { ...world.env, ...untold, ...env } });
  hosts.push(host);
  await host.hello();
  await host.call('subscribePrompts');
  await host.call('subscribeLock');
  return host;
}

const run = (args: readonly string[], env: RunOptions['env'] = {}): Promise<Result> =>
  world.run(args, { env: { ...untold, ...env } });
const exec = (env: RunOptions['env'] = {}): Promise<Result> => run(['exec', 'reader', '--', 'true'], env);
const succeeds = { status: 0, stdout: '', stderr: '' };
const isLocked = { status: 1, stdout: '', stderr: expect.stringContaining('[KEYRING_LOCKED]') };
const lockState = (status: string) => ({ event: 'lock', lock: expect.objectContaining({ status }) });

async function unlock(...args: string[]): Promise<void> {
  const { status, stderr } = await world.run(['unlock', ...args]);
  expect(stderr).toContain('unlocked');
  expect(status).toBe(0);
}

/** The command in a terminal, where a person is asked. */
function terminal(command: string, env: Record<string, string> = {}): PseudoTerminal {
  const { AWS_VAULT_FILE_PASSPHRASE: _, ...rest } = world.env;
  return new PseudoTerminal(`${KEYTURN} ${command}`, { ...rest, ...env });
}

describe('a vault that was unlocked once', () => {
  it('serves exec, credential_process and add in any terminal, until keyturn lock', async () => {
    const host = await browser();
    expect(await exec()).toEqual(isLocked);
    await unlock();
    expect(await exec()).toEqual(succeeds);
    const exported = await run(['export', '--format', 'json', 'reader']);
    expect(JSON.parse(exported.stdout)).toMatchObject({ Version: 1, AccessKeyId: expect.stringMatching(/^ASIA/) });
    const { accessKeyId, secretAccessKey } = people.key;
    const key = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
    expect(await run(['add', '--env', 'zoe'], key)).toMatchObject({ status: 0 });
    expect(await world.run(['exec', '--no-session', 'zoe', '--', 'true'])).toEqual(succeeds);

    expect(await run(['lock'])).toEqual({ ...succeeds, stderr: 'keyturn: locked\n' });
    expect(await exec()).toEqual(isLocked);
    expect(host.messages.filter(({ event }) => event === 'lock')).toEqual([lockState('unlocked'), lockState('locked')]);
    expect(await run(['lock'])).toEqual({ ...succeeds, stderr: 'keyturn: nothing was unlocked\n' });
  });

  it('serves a credential_process that is Keyturn itself, as a passphrase command in the settings file does', async () => {
    fs.appendFileSync(
      world.configFile,
      `[profile inner]\ncredential_process = ${KEYTURN} export --format json --no-session ada\n`,
    );
    const inner = ['exec', 'inner', '--', 'true'];
    const { stderr } = await world.run(inner);
    expect(stderr).toContain('set file-passphrase-command in the settings file, or unlock it for all terminals');
    expect(stderr).toContain('by itself, without AWS_VAULT_FILE_PASSPHRASE, which is kept from it, to see why');
    await browser();
    await unlock();
    expect(await run(inner)).toEqual(succeeds);
    expect((await run(['lock'])).stderr).toContain('locked');
    expect((await run(['clear'])).status).toBe(0);
    const settings = path.join(world.home, '.config', 'keyturn', 'config');
    fs.mkdirSync(path.dirname(settings), { recursive: true });
    fs.writeFileSync(settings, `file-passphrase-command = echo ${PASSPHRASE}\n`);
    expect(await run(inner)).toEqual(succeeds);
  });

  it('is unlocked by what a person types for one command, and says so', async () => {
    await browser();
    const asked = terminal('exec reader -- true');
    await asked.shows('Enter passphrase to unlock');
    asked.type('wrong\r');
    await asked.shows('the passphrase is wrong');
    await asked.shows('Enter passphrase', asked.output.indexOf('the passphrase is wrong'));
    asked.type(`${PASSPHRASE}\r`);
    expect(await asked.status()).toBe(0);
    expect(asked.output).toContain("stays unlocked for 15 minutes without use; lock it with 'keyturn lock'");
    expect(asked.output).not.toContain(PASSPHRASE);
    expect(await exec()).toEqual(succeeds);
  });

  it('is unlocked by keyturn unlock, which asks again for a wrong passphrase', async () => {
    await browser();
    const asked = terminal('unlock --lock-after 1h30m');
    await asked.shows('Enter passphrase to unlock');
    asked.type('wrong\r');
    await asked.shows('the passphrase is wrong');
    await asked.shows('Enter passphrase', asked.output.indexOf('the passphrase is wrong'));
    expect(await exec()).toEqual(isLocked);
    asked.type(`${PASSPHRASE}\r`);
    expect(await asked.status()).toBe(0);
    expect(asked.output).toContain('1 hour 30 minutes without use');
    expect(await exec()).toEqual(succeeds);
  });

  it('is unlocked by the popup, for the terminals too', async () => {
    const host = await browser();
    const answered = host.call('unlock');
    const open = await host.next(({ event, prompts }) => event === 'prompts' && prompts?.length === 1);
    const [question] = open.prompts ?? [];
    expect(question).toEqual({
      promptId: expect.any(String),
      kind: 'passphrase',
      vaultDir: `${world.vaultDir}/`,
      requester: { source: 'browser' },
    });
    const from = host.messages.length;
    await host.call('answerPrompt', { promptId: question?.promptId, answer: 'wrong' });
    const again = await host.next(({ prompts }) => prompts?.[0]?.rejected !== undefined, from);
    expect(again.prompts?.[0]?.rejected).toContain('the passphrase is wrong');
    expect(await exec()).toEqual(isLocked);
    await host.call('answerPrompt', { promptId: again.prompts?.[0]?.promptId, answer: PASSPHRASE });
    expect(await answered).toMatchObject({ ok: true });
    expect(await exec()).toEqual(succeeds);
    await host.call('lock');
    expect(await exec()).toEqual(isLocked);
  });

  it('locks itself when it was not used for the time that was set', async () => {
    const host = await browser();
    await unlock('--lock-after', '1s');
    await host.next(({ event }) => event === 'lock', host.messages.length - 1);
    await host.next((message) => 'lock' in message && JSON.stringify(message).includes('"locked"'), 4);
    expect(await exec()).toEqual(isLocked);
  });

  it('is locked when the browser is closed', async () => {
    const host = await browser();
    await unlock();
    await host.close();
    expect(await exec()).toEqual(isLocked);
  });

  it('is found in whichever browser has it', async () => {
    const [first, second] = [await browser(), await browser()];
    await unlock();
    await first.call('lock');
    expect(await exec()).toEqual(succeeds);
    await second.call('lock');
    expect(await exec()).toEqual(isLocked);
  });

  it('is one of several: another directory stays locked', async () => {
    await browser();
    await unlock();
    fs.cpSync(world.vaultDir, path.join(world.home, 'copy'), { recursive: true });
    expect(await run(['exec', '--file-dir', path.join(world.home, 'copy'), 'reader', '--', 'true'])).toEqual(isLocked);
  });

  it('leaves the passphrase nowhere: not on the disk, not in the log, not in an environment', async () => {
    const host = await browser();
    await unlock();
    expect((await run(['exec', 'reader', '--', 'env'])).stdout).not.toContain(PASSPHRASE);
    expect(host.stderr).toContain('unlockVault answered');
    expect(host.stderr + JSON.stringify(host.messages)).not.toContain(PASSPHRASE);
    const pid = host.child.pid ?? 0;
    const seen = ['environ', 'cmdline'].map((name) => fs.readFileSync(`/proc/${pid}/${name}`, 'latin1'));
    expect(seen.join('')).not.toContain(PASSPHRASE);
    const files = fs
      .readdirSync(world.home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(3);
    for (const { parentPath, name } of files) {
      expect(fs.readFileSync(path.join(parentPath, name), 'latin1')).not.toContain(PASSPHRASE);
    }
  });
});

describe('keyturn unlock', () => {
  it('says that no browser runs before anybody types', async () => {
    const { status, stderr } = await run(['unlock']);
    expect(stderr).toMatch(/no browser with the Keyturn extension runs.*\[BROWSER_NOT_CONNECTED\]\n$/);
    expect(status).toBe(1);
  });

  it('refuses an empty vault, which cannot tell a wrong passphrase', async () => {
    await browser();
    const { stderr } = await world.run(['unlock', '--file-dir', path.join(world.home, 'empty')]);
    expect(stderr).toContain('[CREDENTIALS_NOT_FOUND]');
  });

  it.each(['soon', '0s', '200h'])('takes no %s for a time', async (time) => {
    await browser();
    expect((await world.run(['unlock', '--lock-after', time])).stderr).toContain('[CONFIG_INVALID]');
  });
});

describe('a passphrase from a program', () => {
  it('opens the vault, by flag or variable, and is never shown', async () => {
    const command = "printf 'correct horse\\n'";
    expect(await exec({ KEYTURN_FILE_PASSPHRASE_COMMAND: command })).toEqual(succeeds);
    const debug = ['--debug', '--file-passphrase-command', `cat ${path.join(world.home, 'secret')}`];
    fs.writeFileSync(path.join(world.home, 'secret'), `${PASSPHRASE}\n`);
    const { status, stdout, stderr } = await run([...debug, 'exec', 'reader', '--', 'env']);
    expect(status).toBe(0);
    expect(stdout + stderr).not.toContain(PASSPHRASE);
    expect(stdout).not.toContain('PASSPHRASE_COMMAND');
  });

  it('is asked for only where no host has the vault unlocked', async () => {
    await browser();
    await unlock();
    expect(await exec({ KEYTURN_FILE_PASSPHRASE_COMMAND: 'touch called; false' })).toEqual(succeeds);
    expect(fs.existsSync(path.join(world.home, 'called'))).toBe(false);
  });

  it.each([
    ['is wrong', 'echo wrong', 'the passphrase is wrong', 'KEYRING_LOCKED'],
    ['is not there', 'true', 'it printed no passphrase', 'PROCESS_FAILED'],
    ['is two lines', 'echo a; echo b', 'it printed more than one line', 'PROCESS_FAILED'],
    ['fails', 'exit 3', 'exit status 3', 'PROCESS_FAILED'],
  ])('that %s is an error that says so', async (_, command, words, code) => {
    const { status, stderr } = await exec({ KEYTURN_FILE_PASSPHRASE_COMMAND: command });
    expect(status).toBe(1);
    expect(stderr).toContain(words);
    expect(stderr).toMatch(new RegExp(`\\[${code}\\]\n$`));
  });
});

describe('vault harden', () => {
  it('encrypts what is cheap to guess at anew, and what it wrote opens as before', async () => {
    const cheap = { ...world.env, KEYTURN_FILE_ROUNDS: '8192' };
    expect((await world.run(['exec', 'reader', '--', 'true'], { env: cheap })).status).toBe(0);
    const wanted = { KEYTURN_FILE_ROUNDS: '1300000' };
    const dry = await world.run(['vault', 'harden', '--dry-run'], { env: wanted });
    expect(dry.stdout).toMatch(/^"ada": \d+ rounds, would be 1300000\n(.+\n)?Would harden 2 items; 0 items had/m);
    const done = await world.run(['vault', 'harden'], { env: wanted });
    expect(done).toMatchObject({ status: 0, stderr: '' });
    expect(done.stdout).toContain('"ada": ');
    expect(done.stdout).toMatch(/: 8192 rounds, now 1300000\nHardened 2 items; 0 items had at least 1300000 rounds/);
    const again = await world.run(['vault', 'harden'], { env: wanted });
    expect(again.stdout).toBe('Hardened 0 items; 2 items had at least 1300000 rounds already.\n');
    expect(await world.run(['exec', 'reader', '--', 'true'])).toEqual(succeeds);
  });

  it('refuses a wrong passphrase, and another vault', async () => {
    expect((await run(['vault', 'harden'], { AWS_VAULT_FILE_PASSPHRASE: 'wrong' })).stderr).toContain(
      '[KEYRING_LOCKED]',
    );
    const { stderr } = await world.run(['vault', 'harden', '--backend', 'pass']);
    expect(stderr).toMatch(/\[(USAGE|KEYRING_UNAVAILABLE)\]/);
  });
});
