import { afterEach, beforeEach, expect, it } from 'vitest';
import { RotatedKeys } from './rotated-keys.ts';
import { addKey, finished, type People, populate, startWorld, type World } from './world.ts';

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

/** A rotation that AWS lets wait at `operation`, and what happens to the vault meanwhile. */
async function rotateWhile(operation: string, work: () => Promise<unknown>, nth = 1) {
  const held = world.aws.hold({ operation, after: nth - 1 });
  const running = finished(world.start(['rotate', '-n', 'ada']));
  await held.arrived;
  await work();
  held.release();
  return running;
}

it.each([
  { operation: 'CreateAccessKey' },
  { operation: 'GetCallerIdentity', nth: 2 },
  { operation: 'UpdateAccessKey' },
  { operation: 'DeleteAccessKey' },
])('a key that is added while a rotation waits at %j is not overwritten by it', async ({ operation, nth }) => {
  const other = world.aws.addAccessKey(world.aws.addUser({ account: '111122223333', name: 'bob' }));
  const { status, stderr } = await rotateWhile(operation, () => addKey(world, 'ada', other), nth);
  expect(await keys.storedItem()).toMatchObject({ AccessKeyID: other.accessKeyId });
  expect((await keys.storedItem()).KeyturnRotation).toBeUndefined();
  expect(stderr).toContain('another key was stored for profile "ada" during its rotation, and was left alone');
  expect(status).toBe(1);
  // Nothing that nobody has the secret of, unless it is named.
  const [unnamed] = keys.inIam().filter(({ id }) => id !== people.key.accessKeyId && !stderr.includes(id));
  expect(unnamed).toBeUndefined();
  expect((await world.run(['list'])).stderr).toBe('');
});

it.each([{ operation: 'CreateAccessKey' }, { operation: 'DeleteAccessKey' }])(
  'a key that is removed while a rotation waits at %j does not come back',
  async ({ operation }) => {
    const { status, stderr } = await rotateWhile(operation, () => world.run(['remove', '-f', 'ada']));
    expect(stderr).toContain('the vault holds no key for profile "ada"');
    expect(status).toBe(1);
    expect((await world.run(['list', '--credentials'])).stdout).toBe('');
    const [unnamed] = keys.inIam().filter(({ id }) => id !== people.key.accessKeyId && !stderr.includes(id));
    expect(unnamed).toBeUndefined();
  },
);

it('a key stored under two names is rotated once when both are rotated at the same time', async () => {
  await addKey(world, 'copy', people.key);
  const held = world.aws.hold({ operation: 'CreateAccessKey' });
  const first = finished(world.start(['rotate', '-n', 'ada']));
  await held.arrived;
  const second = finished(world.start(['rotate', '-n', 'copy']));
  await expect.poll(() => world.aws.calls.filter(({ operation }) => operation === 'ListAccessKeys').length).toBe(3);
  held.release();
  const results = await Promise.all([first, second]);
  expect(results.map(({ status }) => status)).toEqual([0, 1]);
  expect(results[1].stderr).toContain('another process has just replaced the key of profile "ada"');
  const id = await keys.expectOneWorking();
  expect(await keys.storedItem('copy')).toMatchObject({ AccessKeyID: id });
});

it('a key that another machine has made meanwhile is not taken for one of ours', async () => {
  const held = world.aws.hold({ operation: 'CreateAccessKey' });
  const running = finished(world.start(['rotate', '-n', 'ada']));
  await held.arrived;
  const other = world.aws.addAccessKey(people.user);
  held.release();
  const { status, stderr } = await running;
  expect(stderr).toContain('LimitExceeded');
  expect(status).toBe(1);
  expect(keys.inIam().map(({ id }) => id)).toEqual([people.key.accessKeyId, other.accessKeyId]);
  expect((await keys.storedItem()).KeyturnRotation).toBeUndefined();
});

it('programs that start while a key is rotated all work', async () => {
  const running = finished(world.start(['rotate', '-n', 'ada']));
  const others = [];
  for (let count = 0; count < 4; count += 1) {
    others.push(
      await Promise.all([1, 2].map((each) => world.run(['exec', 'reader', '-d', `${15 + each}m`, '--', 'true']))),
    );
  }
  expect((await running).status).toBe(0);
  expect(others.flat().map(({ status, stderr }) => `${status}${stderr}`)).toEqual(Array(8).fill('0'));
  await keys.expectOneWorking();
});

it.each(['CreateAccessKey', 'UpdateAccessKey', 'DeleteAccessKey'])(
  'an interruption at %s is ended by the rotation of another profile that has the same key',
  async (operation) => {
    await addKey(world, 'copy', people.key);
    const held = world.aws.hold({ operation });
    const child = world.start(['rotate', '-n', 'ada']);
    await held.arrived;
    child.kill('SIGKILL');
    await finished(child);
    const { length } = world.aws.calls;
    held.release();
    await expect.poll(() => world.aws.calls.length).toBeGreaterThan(length);
    const { status, stdout, stderr } = await keys.rotate('copy');
    expect(stderr).toBe('');
    expect(stdout).toContain('A rotation was interrupted');
    expect(status).toBe(0);
    const id = await keys.expectOneWorking();
    expect(await keys.storedItem('copy')).toMatchObject({ AccessKeyID: id });
    expect((await world.run(['list'])).stderr).toBe('');
  },
);

it('every name of a rotated key has its age as AWS tells it', async () => {
  await addKey(world, 'copy', people.key);
  expect((await keys.rotate('ada')).status).toBe(0);
  const { keys: listed } = JSON.parse((await world.run(['list', '--json'])).stdout);
  expect(listed).toMatchObject([
    { profile: 'ada', sinceSource: 'aws' },
    { profile: 'copy', sinceSource: 'aws' },
  ]);
});

it('removing a key whose rotation was interrupted says what may be left in IAM', async () => {
  const held = world.aws.hold({ operation: 'DeleteAccessKey' });
  const child = world.start(['rotate', '-n', 'ada']);
  await held.arrived;
  child.kill('SIGKILL');
  await finished(child);
  held.release();
  const { stderr } = await world.run(['remove', '-f', 'ada']);
  expect(stderr).toBe(
    'A rotation of this key was under way: its user may have two keys now; delete in IAM what nobody uses.\n',
  );
});
