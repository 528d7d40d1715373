import fs from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { itemNames, masterItem, sessionName, writeAwsVaultItem } from './aws-vault-items.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { KEYTURN, type Result, startWorld, type World, writeConfig } from './world.ts';

const KEY = masterItem({ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' });
const CONFIG = '[profile ada]\nregion = x\n';

let world: World;

beforeAll(async () => {
  world = await startWorld();
  writeConfig(world, CONFIG);
});
afterAll(async () => {
  expect(world.aws.calls).toEqual([]);
  expect(fs.readFileSync(world.configFile, 'utf8')).toBe(CONFIG);
  await world.close();
});

/** A stored key and two sessions of a profile of this test's own. */
async function store(profile: string): Promise<void> {
  const expiresAt = new Date(Date.now() + 3_600_000);
  await Promise.all([
    writeAwsVaultItem(world, profile, KEY),
    writeAwsVaultItem(world, sessionName('sts.GetSessionToken', profile, 'mfa', expiresAt), {}),
    writeAwsVaultItem(world, sessionName('sts.AssumeRole', profile, '', expiresAt), {}),
  ]);
}

function isStored(profile: string): boolean {
  return itemNames(world).includes(profile);
}

function sessionsOf(profile: string): number {
  const encoded = Buffer.from(profile).toString('base64url');
  return itemNames(world).filter((name) => name.split(',')[1] === encoded).length;
}

/** Removing needs no passphrase. */
function run(...args: string[]): Promise<Result> {
  return world.run(args, { env: { AWS_VAULT_FILE_PASSPHRASE: undefined } });
}

it.each([
  ['y', true],
  ['YES', true],
  ['', false],
  ['n', false],
  ['yeah', false],
])('asks before it deletes, and takes %j for %s', async (answer, isYes) => {
  const profile = `asked-${answer}`;
  await store(profile);
  const terminal = new PseudoTerminal(`${KEYTURN} remove ${profile}`, world.env);
  const question = `Delete credentials for profile "${profile}"? (y|N) `;
  await terminal.shows(question);
  terminal.type(`${answer}\r`);
  expect(await terminal.status()).toBe(0);
  const done = isYes ? 'Deleted credentials.\r\nDeleted 2 sessions.\r\n' : '';
  expect(terminal.output).toBe(`${question}${answer}\r\n${done}`);
  expect(isStored(profile)).toBe(!isYes);
});

it('does not ask with -f', async () => {
  await Promise.all([store('forced'), store('alias')]);
  const expected = { status: 0, stdout: 'Deleted credentials.\nDeleted 2 sessions.\n', stderr: '' };
  expect(await run('remove', '-f', 'forced')).toEqual(expected);
  expect(await run('rm', 'alias', '--force')).toEqual(expected);
  expect([isStored('forced'), isStored('alias')]).toEqual([false, false]);
});

it('keeps the key with -s, and asks nothing', async () => {
  await store('kept');
  expect(await run('remove', '-s', 'kept')).toEqual({ status: 0, stdout: 'Deleted 2 sessions.\n', stderr: '' });
  expect(await run('remove', '--sessions-only', 'kept')).toEqual({
    status: 0,
    stdout: 'Deleted 0 sessions.\n',
    stderr: '',
  });
  expect([isStored('kept'), sessionsOf('kept')]).toEqual([true, 0]);
});

it('says that there is nothing to remove, without asking', async () => {
  for (const args of [
    ['remove', 'nobody'],
    ['remove', '-f', 'nobody'],
  ]) {
    expect(await run(...args)).toEqual({
      status: 1,
      stdout: '',
      stderr:
        'keyturn: error: remove: the vault holds no key for profile "nobody"; see \'keyturn list\' [CREDENTIALS_NOT_FOUND]\n',
    });
  }
});

it('removes nothing where nobody can be asked, and says how to do it', async () => {
  await store('unasked');
  expect(await run('remove', 'unasked')).toEqual({
    status: 1,
    stdout: '',
    stderr:
      'keyturn: error: remove: open /dev/tty: no such device or address; use --force to do it without being asked [USAGE]\n',
  });
  expect(isStored('unasked')).toBe(true);
});

it('is cancelled by Ctrl-C', async () => {
  await store('interrupted');
  const terminal = new PseudoTerminal(`${KEYTURN} remove interrupted`, world.env);
  await terminal.shows('(y|N) ');
  terminal.type('\x03');
  expect(await terminal.status()).toBe(130);
  expect([isStored('interrupted'), sessionsOf('interrupted')]).toEqual([true, 2]);
});
