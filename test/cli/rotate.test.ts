import fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readAwsVaultItem } from './aws-vault-items.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { addKey, finished, KEYTURN, operations, type People, populate, startWorld, type World } from './world.ts';

let world: World;
let people: People;

beforeEach(async () => {
  world = await startWorld();
  people = await populate(world);
});
afterEach(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

const masked = (accessKeyId: string): string => `****************${accessKeyId.slice(-4)}`;

/** Ada's keys as IAM has them. */
function keysOfAda(): { readonly id: string; readonly isActive: boolean }[] {
  return world.aws.accessKeys(people.user).map(({ accessKeyId, isActive }) => ({ id: accessKeyId, isActive }));
}

async function storedItem(profile = 'ada'): Promise<Record<string, unknown>> {
  const { data } = await readAwsVaultItem(world, profile);
  return typeof data === 'object' && data !== null ? { ...data } : {};
}

/** Without the MFA that would need a code for each run. */
function rotate(...args: string[]) {
  return world.run(['rotate', '-n', ...args]);
}

/** What every way through a rotation must end in: one key, active, in the vault, working, and nothing under way. */
async function expectOneWorkingKey(): Promise<string> {
  const [key, ...others] = keysOfAda();
  expect(others).toEqual([]);
  expect(key?.isActive).toBe(true);
  const { KeyturnRotation, AccessKeyID } = await storedItem();
  expect(KeyturnRotation).toBeUndefined();
  expect(AccessKeyID).toBe(key?.id);
  expect(await world.run(['exec', 'reader', '--', 'true'])).toEqual({ status: 0, stdout: '', stderr: '' });
  return key?.id ?? '';
}

it('replaces the key in aws-vault’s words, drops the sessions of the old one, and asks for one code', async () => {
  const [code, later] = [people.device.freshCode(), people.device.freshCode()];
  await world.run(['exec', 'admin', '-t', code, '--', 'true']);
  await world.run(['exec', 'reader', '--', 'true']);
  const before = operations(world).length;
  const { status, stdout, stderr } = await world.run(['rotate', 'ada', '-t', later]);
  const key = await expectOneWorkingKey();
  expect({ status, stdout, stderr }).toEqual({
    status: 0,
    stdout: `Rotating credentials stored for profile 'ada' using a session from profile 'ada' (takes 10-20 seconds)
Creating a new access key
Created new access key ${masked(key)}
Deleted 1 sessions for ada
Deleted 1 sessions for admin
Deleted 1 sessions for reader
Deleting old access key ${masked(people.key.accessKeyId)}
Deleted old access key ${masked(people.key.accessKeyId)}
Finished rotating access key
`,
    stderr: '',
  });
  const calls = operations(world).slice(before);
  expect(calls.filter((operation) => operation === 'GetSessionToken')).toEqual(['GetSessionToken']);
  expect(calls.slice(-4)).toEqual(['GetCallerIdentity', 'UpdateAccessKey', 'DeleteAccessKey', 'AssumeRole']);
  // The session of ada's own was of the old key.
  const { stdout: listed } = await world.run(['list', '--sessions']);
  expect(listed).toMatch(/^sts\.AssumeRole:59m5\ds\n$/);
});

it('asks for the code in the terminal, and once more only after a wrong one', async () => {
  const terminal = new PseudoTerminal(`${KEYTURN} rotate admin`, world.env);
  await terminal.shows('Enter MFA code for ');
  const asked = terminal.output.length;
  const code = people.device.freshCode();
  terminal.type(`${code === '000000' ? '000001' : '000000'}\r`);
  await terminal.shows('Enter MFA code for ', asked);
  terminal.type(`${code}\r`);
  expect(await terminal.status()).toBe(0);
  expect(terminal.output.match(/Enter MFA code for /g)).toHaveLength(2);
  expect(terminal.output).toContain('Finished rotating access key');
  await expectOneWorkingKey();
});

it('finds the key several source profiles away, and rotates as its user, not through the roles', async () => {
  const { aws } = world;
  const inner = aws.addRole({ account: '444455556666', name: 'inner', trusts: [people.admin.arn] });
  fs.appendFileSync(world.configFile, `[profile inner]\nsource_profile = hop\nrole_arn = ${inner.arn}\n`);
  fs.appendFileSync(world.configFile, '[profile hop]\nsource_profile = admin\n');
  const { status, stdout } = await rotate('inner');
  expect(stdout).toMatch(/^Rotating credentials stored for profile 'ada' using master credentials/);
  expect(status).toBe(0);
  expect(operations(world)).not.toContain('AssumeRole');
  await expectOneWorkingKey();
});

it('replaces the same key under another name, which would stop working', async () => {
  await addKey(world, 'twin', people.key);
  const { status, stdout } = await world.run(['rotate', '-n', '--all']);
  expect(stdout).toContain("Replaced the same key of profile 'twin'\n");
  expect(stdout).toMatch(/Rotated 1 key; left 1 key as young enough\n$/);
  expect(status).toBe(0);
  expect((await storedItem('twin')).AccessKeyID).toBe(await expectOneWorkingKey());
});

it('waits until AWS knows the new key', async () => {
  world.aws.setKeySettling({ calls: 3 });
  expect((await rotate('ada')).status).toBe(0);
  world.aws.setKeySettling({ calls: 0 });
  await expectOneWorkingKey();
});

describe('refuses, and changes nothing', () => {
  afterEach(async () => {
    expect((await storedItem()).AccessKeyID).toBe(people.key.accessKeyId);
    expect((await storedItem()).KeyturnRotation).toBeUndefined();
  });

  it('where the user has two keys, and names both', async () => {
    const other = world.aws.addAccessKey(people.user);
    world.aws.deactivateAccessKey(other.accessKeyId);
    const { status, stderr } = await rotate('ada');
    expect(stderr).toBe(
      `keyturn: error: rotate: user ada has 2 access keys, as many as AWS allows: ${masked(people.key.accessKeyId)} (0 days old, active, the one in the vault) and ${masked(other.accessKeyId)} (0 days old, inactive); delete the one that is not in the vault, if nobody uses it, in the IAM console or with 'aws iam delete-access-key', and repeat [AWS_REJECTED]\n`,
    );
    expect(status).toBe(1);
    expect(operations(world)).not.toContain('CreateAccessKey');
  });

  it('where IAM is not allowed, and says what for', async () => {
    const bob = world.aws.addUser({ account: '111122223333', name: 'bob', deny: ['iam:CreateAccessKey'] });
    await addKey(world, 'bob', world.aws.addAccessKey(bob));
    const { status, stderr } = await rotate('bob');
    expect(stderr).toMatch(
      /^keyturn: error: rotate: Error creating a new access key: operation error IAM: CreateAccessKey.*; the old key is unchanged \[AWS_ACCESS_DENIED\]\n$/,
    );
    expect(status).toBe(1);
    expect((await storedItem('bob')).KeyturnRotation).toBeUndefined();
  });

  it('where the profile has no key behind it', async () => {
    fs.appendFileSync(world.configFile, '[profile empty]\n');
    const { status, stderr } = await rotate('empty');
    expect(stderr).toMatch(
      /^keyturn: error: rotate: Error determining credential name for 'empty': No master credentials found: /,
    );
    expect(status).toBe(1);
  });

  it('where the vault does not take the new key: that one is deleted again', async () => {
    const held = world.aws.hold({ operation: 'CreateAccessKey' });
    const running = finished(world.start(['rotate', '-n', 'ada']));
    await held.arrived;
    // A vault that has become another's: here by an item with another passphrase in the place of every other.
    const aside = `${world.vaultDir}-aside`;
    fs.renameSync(world.vaultDir, aside);
    fs.writeFileSync(world.vaultDir, 'no directory');
    held.release();
    const { status, stderr } = await running;
    fs.rmSync(world.vaultDir);
    fs.renameSync(aside, world.vaultDir);
    expect(stderr).toContain('the new key could not be stored (');
    expect(stderr).toContain('it was deleted again, and the old key is unchanged');
    expect(status).toBe(1);
    expect(keysOfAda()).toEqual([{ id: people.key.accessKeyId, isActive: true }]);
    // The note that a key was being made is still there; the next rotation finds nothing and goes on.
    expect((await rotate('ada')).status).toBe(0);
    people = { ...people, key: { ...people.key, accessKeyId: await expectOneWorkingKey() } };
  });
});

describe('without a permission it can do without', () => {
  it.each([
    ['iam:ListAccessKeys', 'it is not known whether there is room for another key (AWS allows 2)'],
    ['iam:UpdateAccessKey', 'the old key is deleted without being deactivated first'],
  ])('%s says so and goes on', async (action, consequence) => {
    const bob = world.aws.addUser({ account: '111122223333', name: 'bob', deny: [action] });
    await addKey(world, 'bob', world.aws.addAccessKey(bob));
    const { status, stdout, stderr } = await rotate('bob');
    expect(stderr).toBe(`keyturn: without permission for ${action}, ${consequence}\n`);
    expect(stdout).toMatch(/Finished rotating access key\n$/);
    expect(status).toBe(0);
    expect(world.aws.accessKeys(bob)).toHaveLength(1);
  });

  it('without iam:DeleteAccessKey leaves the old key deactivated, and ends the work when it may', async () => {
    const deny: string[] = ['iam:DeleteAccessKey'];
    const bob = world.aws.addUser({ account: '111122223333', name: 'bob', deny });
    const old = world.aws.addAccessKey(bob);
    await addKey(world, 'bob', old);
    const first = await rotate('bob');
    expect(first.stderr).toMatch(
      /rotate: Can't delete old access key \*+\w{4}: .*; the rotation of "bob" is not finished, but no key is lost: 'keyturn rotate bob' goes on from here \[AWS_ACCESS_DENIED\]\n$/,
    );
    expect(first.status).toBe(1);
    expect(world.aws.accessKeys(bob).map(({ isActive }) => isActive)).toEqual([false, true]);
    deny.pop();
    const { status, stdout } = await rotate('bob');
    expect(stdout).toContain('A rotation was interrupted before the old key was deleted: finishing it\n');
    expect(status).toBe(0);
    expect(world.aws.accessKeys(bob)).toHaveLength(1);
  });
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
    const { status, stderr } = await rotate('ada');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(await expectOneWorkingKey()).not.toBe(people.key.accessKeyId);
  });

  it('and killed again at each step of the way it ends well', async () => {
    await killAt('CreateAccessKey', { isDone: true });
    await killAt('DeleteAccessKey', { isDone: false });
    await killAt('UpdateAccessKey', { isDone: true, nth: 1 });
    await killAt('DeleteAccessKey', { isDone: true });
    expect((await rotate('ada')).status).toBe(0);
    expect(await expectOneWorkingKey()).not.toBe(people.key.accessKeyId);
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
    const { status, stderr } = await rotate('ada');
    expect(stderr).toContain(`and ${masked(other.accessKeyId)} (0 days old, active)`);
    expect(status).toBe(1);
    expect(keysOfAda()).toHaveLength(2);
  });

  it('list says so, and aws-vault on the same vault still sees the working key and nothing else', async () => {
    await killAt('GetCallerIdentity', { nth: 2, isDone: false });
    const { AccessKeyID, KeyturnRotation } = await storedItem();
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

it('recovers when AWS made the key and its answer was lost', async () => {
  world.aws.cut({ operation: 'CreateAccessKey', when: 'after', times: 3 });
  const { status, stderr } = await rotate('ada');
  expect(stderr).toMatch(/Error creating a new access key: .*the old key is unchanged/);
  expect(status).toBe(1);
  expect(keysOfAda()).toEqual([{ id: people.key.accessKeyId, isActive: true }]);
  expect((await rotate('ada')).status).toBe(0);
  await expectOneWorkingKey();
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
  expect((await rotate('ada')).status).toBe(0);
  await expectOneWorkingKey();
});
