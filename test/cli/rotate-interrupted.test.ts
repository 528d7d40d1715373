import fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { masked, RotatedKeys } from './rotated-keys.ts';
import { addKey, finished, operations, type People, populate, startWorld, type World } from './world.ts';

let world: World;
let people: People;
let keys: RotatedKeys;

beforeEach(async () => {
  world = await startWorld();
  people = await populate(world);
  keys = new RotatedKeys(world, people);
});
afterEach(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

describe('killed', () => {
  /** Kills a rotation while AWS holds `operation`, the `nth` of its kind; what is held is then done, or never. */
  async function killAt(operation: string, { isDone, nth = 1 }: { isDone: boolean; nth?: number }): Promise<void> {
    const held = world.aws.hold({ operation, after: nth - 1 });
    const child = world.start(['rotate', '-n', 'ada']);
    await held.arrived;
    if (!isDone) world.aws.cut({ operation });
    child.kill('SIGKILL');
    const seen = operations(world).length;
    await finished(child);
    held.release();
    await expect.poll(() => operations(world).length).toBeGreaterThan(seen);
  }

  it.each([
    // Whose key it is, its age, and the new one's turn: nothing, or the new key, is in the vault.
    { operation: 'GetCallerIdentity', isDone: false },
    { operation: 'ListAccessKeys', isDone: false },
    { operation: 'CreateAccessKey', isDone: false },
    { operation: 'CreateAccessKey', isDone: true },
    { operation: 'GetCallerIdentity', nth: 2, isDone: false },
    { operation: 'GetCallerIdentity', nth: 2, isDone: true },
    { operation: 'UpdateAccessKey', isDone: false },
    { operation: 'UpdateAccessKey', isDone: true },
    { operation: 'DeleteAccessKey', isDone: false },
    { operation: 'DeleteAccessKey', isDone: true },
  ])('at %j it can still be used, and the next rotation ends with one key', async ({ operation, ...how }) => {
    await killAt(operation, how);
    // The vault's key works at once, whatever the moment was.
    expect(await world.run(['exec', '-n', 'ada', '--', 'true'])).toMatchObject({ status: 0 });
    expect(await world.run(['exec', 'reader', '--', 'true'])).toMatchObject({ status: 0, stderr: '' });
    const { status, stderr } = await keys.rotate('ada');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(await keys.expectOneWorking()).not.toBe(people.key.accessKeyId);
  });

  it('and killed again at each step of the way it ends well', async () => {
    await killAt('CreateAccessKey', { isDone: true });
    await killAt('DeleteAccessKey', { isDone: false });
    await killAt('UpdateAccessKey', { isDone: true, nth: 1 });
    await killAt('DeleteAccessKey', { isDone: true });
    expect((await keys.rotate('ada')).status).toBe(0);
    expect(await keys.expectOneWorking()).not.toBe(people.key.accessKeyId);
  });

  it('it keeps a key that somebody else made or used meanwhile, and says why it does not go on', async () => {
    await killAt('CreateAccessKey', { isDone: false });
    const other = world.aws.addAccessKey(people.user);
    const used = await world.run(['exec', '-n', 'other', '--', 'true'], { env: {} });
    expect(used.status).toBe(1);
    await addKey(world, 'other', other);
    expect((await world.run(['exec', 'reader', '--', 'true'])).status).toBe(0);
    // Its first use.
    fs.appendFileSync(
      world.configFile,
      '[profile by-other]\nsource_profile = other\nrole_arn = x\n'.replace('x', people.reader.arn),
    );
    expect((await world.run(['exec', 'by-other', '--', 'true'])).status).toBe(0);
    // In the vault it would be safe for that reason already.
    expect((await world.run(['remove', '-f', 'other'])).status).toBe(0);
    const { status, stderr } = await keys.rotate('ada');
    expect(stderr).toContain(`and ${masked(other.accessKeyId)} (0 days old, active)`);
    expect(status).toBe(1);
    expect(keys.inIam()).toHaveLength(2);
  });

  it('it keeps a key that the vault has under another name, though nobody has used it yet', async () => {
    await killAt('CreateAccessKey', { isDone: false });
    await addKey(world, 'other', world.aws.addAccessKey(people.user));
    const { status, stderr } = await keys.rotate('ada');
    expect(stderr.match(/active, in the vault\)/g)).toHaveLength(2);
    expect(status).toBe(1);
    expect(keys.inIam()).toHaveLength(2);
  });

  it('its other key is named when somebody stores another key meanwhile', async () => {
    await killAt('GetCallerIdentity', { nth: 2, isDone: false });
    const made = keys.inIam().find(({ id }) => id !== people.key.accessKeyId)?.id;
    const env = { AWS_ACCESS_KEY_ID: people.key.accessKeyId, AWS_SECRET_ACCESS_KEY: people.key.secretAccessKey };
    const { status, stderr } = await world.run(['add', '--env', '--no-verify', 'ada'], { env });
    expect(stderr).toBe(
      `A rotation was under way, and the vault has let go of its other key, ${made}: delete it in IAM.\n`,
    );
    expect(status).toBe(0);
    expect((await keys.storedItem()).KeyturnRotation).toBeUndefined();
    expect((await world.run(['list'])).stderr).toBe('');
  });

  it('list says so, and aws-vault on the same vault still sees the working key and nothing else', async () => {
    await killAt('GetCallerIdentity', { nth: 2, isDone: false });
    const { AccessKeyID, KeyturnRotation } = await keys.storedItem();
    expect(AccessKeyID).toBe(people.key.accessKeyId);
    expect(KeyturnRotation).toMatchObject({ Stage: 'pending' });
    const { stdout, stderr } = await world.run(['list', '--credentials']);
    expect(stdout).toBe('ada\n');
    expect(stderr).toBe('');
    const { stderr: hint } = await world.run(['list']);
    expect(hint).toBe(
      "keyturn: the rotation of the key of 'ada' was interrupted, and no key is lost: 'keyturn rotate ada' finishes it\n",
    );
  });
});

it('asks for one code to finish what was interrupted, and says once what it finishes', async () => {
  const held = world.aws.hold({ operation: 'UpdateAccessKey' });
  const child = world.start(['rotate', '-n', 'ada']);
  await held.arrived;
  child.kill('SIGKILL');
  await finished(child);
  held.release();
  const { status, stdout } = await world.run(['rotate', 'ada', '-t', people.device.freshCode()]);
  expect(stdout.match(/A rotation was interrupted before the old key was deleted: finishing it\n/g)).toHaveLength(1);
  expect(stdout).toMatch(/Finished rotating access key\n$/);
  expect(status).toBe(0);
  await keys.expectOneWorking();
});

it('recovers when AWS made the key and its answer was lost', async () => {
  world.aws.cut({ operation: 'CreateAccessKey', when: 'after' });
  const { status, stderr } = await keys.rotate('ada');
  expect(stderr).toMatch(/Error creating a new access key: .*the old key is unchanged/);
  expect(status).toBe(1);
  expect(keys.inIam()).toEqual([{ id: people.key.accessKeyId, isActive: true }]);
  expect((await keys.rotate('ada')).status).toBe(0);
  await keys.expectOneWorking();
});

it('stops at Ctrl-C with both keys stored, and says how to go on', async () => {
  const held = world.aws.hold({ operation: 'GetCallerIdentity', after: 1 });
  const child = world.start(['rotate', '-n', 'ada']);
  const running = finished(child);
  await held.arrived;
  child.kill('SIGINT');
  const { status, stderr } = await running;
  held.release();
  expect(stderr).toBe(
    `keyturn: error: rotate: stopped; the rotation of "ada" is not finished, but no key is lost: 'keyturn rotate ada' goes on from here [CANCELLED]\n`,
  );
  expect(status).toBe(130);
  expect((await keys.rotate('ada')).status).toBe(0);
  await keys.expectOneWorking();
});

it('tells at Ctrl-C that it waits for the answer that holds the new key, and stores that key', async () => {
  const held = world.aws.hold({ operation: 'CreateAccessKey' });
  const child = world.start(['rotate', '-n', 'ada']);
  const waiting = Promise.withResolvers<void>();
  child.stderr?.once('data', () => waiting.resolve());
  const running = finished(child);
  await held.arrived;
  child.kill('SIGINT');
  await waiting.promise;
  held.release();
  const { status, stderr } = await running;
  expect(stderr).toMatch(
    /^keyturn: stopping as soon as AWS has answered: the answer is the only copy of the new key\nkeyturn: error: rotate: stopped; the rotation of "ada" is not finished/,
  );
  expect(status).toBe(130);
  expect((await keys.storedItem()).KeyturnRotation).toMatchObject({ Stage: 'pending' });
  expect((await keys.rotate('ada')).status).toBe(0);
  await keys.expectOneWorking();
});
