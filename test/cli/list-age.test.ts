import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { masterItem, writeAwsVaultItem } from './aws-vault-items.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { KEYTURN, type People, populate, startWorld, type World } from './world.ts';

const DAY_MS = 24 * 3600 * 1000;

let world: World;
let people: People;

beforeEach(async () => {
  world = await startWorld();
  people = await populate(world);
});
afterEach(async () => {
  await world.close();
});

/** Without a passphrase, which listing must not need. */
async function json() {
  const { stdout } = await world.run(['list', '--json'], { env: { AWS_VAULT_FILE_PASSPHRASE: undefined } });
  return JSON.parse(stdout);
}

/** A key AWS made so many days ago, added as a person would. */
async function addOldKey(profile: string, days: number) {
  const user = world.aws.addUser({ account: '111122223333', name: profile });
  const createdAt = new Date(Math.floor(Date.now() / 1000) * 1000 - days * DAY_MS);
  const key = world.aws.addAccessKey(user, { createdAt });
  const env = { AWS_ACCESS_KEY_ID: key.accessKeyId, AWS_SECRET_ACCESS_KEY: key.secretAccessKey };
  expect((await world.run(['add', '--env', profile], { env })).status).toBe(0);
  return { key, createdAt };
}

function makeOlder(profile: string, days: number): void {
  const at = new Date(Date.now() - days * DAY_MS);
  fs.utimesSync(path.join(world.vaultDir, profile), at, at);
}

it('is AWS’s own date of the key where add has seen it, else that of the item', async () => {
  const { createdAt } = await addOldKey('bob', 400);
  await writeAwsVaultItem(world, 'foreign', masterItem(people.key));
  makeOlder('foreign', 30);
  const { keys } = await json();
  expect(keys).toEqual([
    expect.objectContaining({ profile: 'ada', sinceSource: 'vault', ageDays: 0 }),
    {
      profile: 'bob',
      inConfigFile: true,
      since: `${createdAt.toISOString().slice(0, 19)}Z`,
      sinceSource: 'aws',
      ageDays: 400,
      rotationInterrupted: false,
    },
    expect.objectContaining({ profile: 'foreign', inConfigFile: false, sinceSource: 'vault', ageDays: 30 }),
  ]);
});

it('is not taken from what is remembered of another key, after another program has replaced it', async () => {
  await addOldKey('bob', 400);
  await writeAwsVaultItem(world, 'bob', masterItem(people.key));
  const later = new Date(Date.now() + 10_000);
  fs.utimesSync(path.join(world.vaultDir, 'bob'), later, later);
  const { keys } = await json();
  expect(keys).toContainEqual(expect.objectContaining({ profile: 'bob', sinceSource: 'vault', ageDays: 0 }));
});

it('starts anew with rotation and is forgotten with the key', async () => {
  await addOldKey('bob', 400);
  expect((await world.run(['rotate', 'bob'])).status).toBe(0);
  expect((await json()).keys).toContainEqual(
    expect.objectContaining({ profile: 'bob', sinceSource: 'aws', ageDays: 0 }),
  );
  expect((await world.run(['remove', '-f', 'bob'])).status).toBe(0);
  const state = fs.readFileSync(path.join(world.home, '.local', 'state', 'keyturn', 'key-dates.json'), 'utf8');
  expect(state).not.toContain('bob');
  expect(state).toContain('ada');
});

it('stands in a fourth column on a terminal, and for a script only when it asks', async () => {
  await addOldKey('bob', 400);
  const piped = await world.run(['list']);
  expect(piped.stdout).toContain('\nbob                      bob                      -                        \n');
  expect(piped.stdout).not.toContain('age');
  const asked = await world.run(['list', '--age']);
  const line = 'bob                      bob                      -                        400d                     ';
  expect(asked.stdout).toContain(`\n${line}\n`);
  expect(asked.stdout).toMatch(/^ada +ada +- +>0m +$/m);
  expect(asked.stdout).toMatch(/^Profile +Credentials +Sessions +Key age +\n=+ +=+ +=+ +======= +\n/);
  const terminal = new PseudoTerminal(`${KEYTURN} list`, world.env);
  await terminal.status();
  expect(terminal.output).toContain(`${line.trimEnd()}\r\n`);
});

it('needs no state directory: without one, keys are added and listed all the same', async () => {
  const blocked = path.join(world.home, 'blocked');
  fs.writeFileSync(blocked, 'a file where the directory should be');
  const env = { XDG_STATE_HOME: blocked, AWS_ACCESS_KEY_ID: people.key.accessKeyId };
  const secret = { AWS_SECRET_ACCESS_KEY: people.key.secretAccessKey };
  const added = await world.run(['add', '--env', '--no-add-config', 'bob'], { env: { ...env, ...secret } });
  expect(added.stdout).toBe('Added credentials to profile "bob" in vault\n');
  expect(added.status).toBe(0);
  expect((await world.run(['list', '--age'], { env })).stdout).toMatch(/^- +bob +- +>0m +$/m);
});

it('comes as JSON with profiles, sessions and plain-text keys in a shape of its own', async () => {
  expect((await world.run(['exec', 'reader', '--', 'true'])).status).toBe(0);
  fs.writeFileSync(
    path.join(world.home, '.aws', 'credentials'),
    '[old]\naws_access_key_id=a\naws_secret_access_key=b\n[ada]\naws_access_key_id=a\naws_secret_access_key=b\n',
  );
  const listed = await json();
  expect(Object.keys(listed)).toEqual(['profiles', 'keys', 'sessions', 'ssoTokens', 'plainTextProfiles']);
  expect(listed.profiles.map(({ name }: { name: string }) => name)).toEqual([
    'default',
    'ada',
    'admin',
    'reader',
    'old',
  ]);
  expect(listed.profiles[1]).toEqual({ name: 'ada', inConfigFile: true, hasStoredKey: true, hasPlainTextKey: true });
  expect(listed.plainTextProfiles).toEqual(['old', 'ada']);
  const [session] = listed.sessions;
  expect(session).toMatchObject({ type: 'sts.AssumeRole', profile: 'reader' });
  expect(session.secondsLeft).toBeGreaterThan(3500);
  expect(Date.parse(session.expiresAt) - Date.now()).toBeGreaterThan(3_500_000);
});
