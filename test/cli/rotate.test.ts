import fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { masked, RotatedKeys } from './rotated-keys.ts';
import { addKey, finished, KEYTURN, operations, type People, populate, startWorld, type World } from './world.ts';

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

it('replaces the key in aws-vault’s words, drops the sessions of the old one, and asks for one code', async () => {
  const [code, later] = [people.device.freshCode(), people.device.freshCode()];
  await world.run(['exec', 'admin', '-t', code, '--', 'true']);
  await world.run(['exec', 'reader', '--', 'true']);
  const before = operations(world).length;
  const { status, stdout, stderr } = await world.run(['rotate', 'ada', '-t', later]);
  const key = await keys.expectOneWorking();
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
  await keys.expectOneWorking();
});

it('says before it does anything where the code will come from', async () => {
  const { stdout: asked } = await world.run(['rotate', '--dry-run', 'ada']);
  expect(asked).toContain(`\n  an MFA code of ${people.device.serial} will be asked for\n`);
  const config = fs.readFileSync(world.configFile, 'utf8');
  fs.writeFileSync(world.configFile, config.replace('[default]', '[default]\nmfa_process = false'));
  const { stdout: got } = await world.run(['rotate', '--dry-run', 'ada']);
  expect(got).toContain(`\n  an MFA code of ${people.device.serial} will come from mfa_process\n`);
});

it('finds the key several source profiles away, and rotates as its user, not through the roles', async () => {
  const { aws } = world;
  const inner = aws.addRole({ account: '444455556666', name: 'inner', trusts: [people.admin.arn] });
  fs.appendFileSync(world.configFile, `[profile inner]\nsource_profile = hop\nrole_arn = ${inner.arn}\n`);
  fs.appendFileSync(world.configFile, '[profile hop]\nsource_profile = admin\n');
  const { status, stdout } = await keys.rotate('inner');
  expect(stdout).toMatch(/^Rotating credentials stored for profile 'ada' using master credentials/);
  expect(status).toBe(0);
  expect(operations(world)).not.toContain('AssumeRole');
  await keys.expectOneWorking();
});

it('replaces the same key under another name, which would stop working', async () => {
  await addKey(world, 'twin', people.key);
  const { status, stdout } = await world.run(['rotate', '-n', '--all']);
  expect(stdout).toContain("Replaced the same key of profile 'twin'\n");
  expect(stdout).toMatch(/\nThe key of profile 'twin' is one of those above\nRotated 1 key\n$/);
  expect(status).toBe(0);
  expect((await world.run(['rotate', '-n', '--all', '--dry-run'])).stdout).toMatch(/\nWould rotate 1 key\n$/);
  expect((await keys.storedItem('twin')).AccessKeyID).toBe(await keys.expectOneWorking());
});

it('tells where the old key lies in plain text too', async () => {
  const { accessKeyId, secretAccessKey } = people.key;
  const file = `${world.home}/.aws/credentials`;
  fs.writeFileSync(file, `[old]\naws_access_key_id=${accessKeyId}\naws_secret_access_key=${secretAccessKey}\n`);
  const { status, stderr } = await keys.rotate('ada');
  expect(stderr).toBe(
    `keyturn: the old key also lies in plain text in ${file} (profile 'old', lines 2 and 3): it works no longer, remove it there\n`,
  );
  expect(status).toBe(0);
});

it('shows no secret, also with --debug', async () => {
  const { status, stdout, stderr } = await keys.rotate('--debug', 'ada');
  const { SecretAccessKey } = await keys.storedItem();
  expect(String(SecretAccessKey)).toHaveLength(40);
  for (const secret of [people.key.secretAccessKey, String(SecretAccessKey)]) {
    expect(stdout + stderr).not.toContain(secret);
  }
  expect(status).toBe(0);
});

it('waits until AWS knows the new key', async () => {
  world.aws.setKeySettling({ calls: 3 });
  expect((await keys.rotate('ada')).status).toBe(0);
  world.aws.setKeySettling({ calls: 0 });
  await keys.expectOneWorking();
});

describe('refuses, and changes nothing', () => {
  afterEach(async () => {
    expect((await keys.storedItem()).AccessKeyID).toBe(people.key.accessKeyId);
    expect((await keys.storedItem()).KeyturnRotation).toBeUndefined();
  });

  it('where the user has two keys, and names both', async () => {
    const other = world.aws.addAccessKey(people.user);
    world.aws.deactivateAccessKey(other.accessKeyId);
    const { status, stderr } = await keys.rotate('ada');
    expect(stderr).toBe(
      `keyturn: error: rotate: user ada has 2 access keys, as many as AWS allows: ${masked(people.key.accessKeyId)} (0 days old, active, the one in the vault) and ${masked(other.accessKeyId)} (0 days old, inactive); delete the one that is not in the vault, if nobody uses it, in the IAM console or with 'aws iam delete-access-key', and repeat [AWS_REJECTED]\n`,
    );
    expect(status).toBe(1);
    expect(operations(world)).not.toContain('CreateAccessKey');
  });

  it('where the user has two keys and the vault both', async () => {
    await addKey(world, 'ada2', world.aws.addAccessKey(people.user));
    const { status, stderr } = await keys.rotate('ada');
    expect(stderr.match(/0 days old, active, in the vault\)/g)).toHaveLength(2);
    expect(stderr).toContain('; delete the one you can do without, in the IAM console');
    expect(status).toBe(1);
  });

  it('where IAM is not allowed, and says what for', async () => {
    const bob = world.aws.addUser({ account: '111122223333', name: 'bob', deny: ['iam:CreateAccessKey'] });
    await addKey(world, 'bob', world.aws.addAccessKey(bob));
    const { status, stderr } = await keys.rotate('bob');
    expect(stderr).toMatch(
      /^keyturn: error: rotate: Error creating a new access key: operation error IAM: CreateAccessKey.*; the old key is unchanged \[AWS_ACCESS_DENIED\]\n$/,
    );
    expect(status).toBe(1);
    expect((await keys.storedItem('bob')).KeyturnRotation).toBeUndefined();
  });

  it('where the profile has no key behind it', async () => {
    fs.appendFileSync(world.configFile, '[profile empty]\n');
    const { status, stderr } = await keys.rotate('empty');
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
    expect(keys.inIam()).toEqual([{ id: people.key.accessKeyId, isActive: true }]);
    // The note that a key was being made is still there; the next rotation finds nothing and goes on.
    expect((await keys.rotate('ada')).status).toBe(0);
    people = { ...people, key: { ...people.key, accessKeyId: await keys.expectOneWorking() } };
  });
});

describe('without a permission it can do without', () => {
  it.each([
    ['iam:ListAccessKeys', 'it is not known whether there is room for another key (AWS allows 2)'],
    ['iam:UpdateAccessKey', 'the old key is deleted without being deactivated first'],
  ])('%s says so and goes on', async (action, consequence) => {
    const bob = world.aws.addUser({ account: '111122223333', name: 'bob', deny: [action] });
    await addKey(world, 'bob', world.aws.addAccessKey(bob));
    const { status, stdout, stderr } = await keys.rotate('bob');
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
    const first = await keys.rotate('bob');
    expect(first.stderr).toMatch(
      /rotate: Can't delete old access key \*+\w{4}: .*; the rotation of "bob" is not finished, but no key is lost: 'keyturn rotate bob' goes on from here \[AWS_ACCESS_DENIED\]\n$/,
    );
    expect(first.status).toBe(1);
    expect(world.aws.accessKeys(bob).map(({ isActive }) => isActive)).toEqual([false, true]);
    deny.pop();
    const { status, stdout } = await keys.rotate('bob');
    expect(stdout).toContain('A rotation was interrupted before the old key was deleted: finishing it\n');
    expect(status).toBe(0);
    expect(world.aws.accessKeys(bob)).toHaveLength(1);
  });
});

describe('of all keys', () => {
  const DAY_MS = 24 * 3600 * 1000;

  /** A user whose key AWS made so many days ago. */
  async function oldKey(name: string, days: number, deny: readonly string[] = []): Promise<string> {
    const user = world.aws.addUser({ account: '111122223333', name, deny });
    const key = world.aws.addAccessKey(user, { createdAt: new Date(Date.now() - days * DAY_MS) });
    await addKey(world, name, key);
    return key.accessKeyId;
  }

  it('rotates those older than it was told, goes on after a failure, and sums up', async () => {
    const [bob, carl, dora] = [
      await oldKey('bob', 91),
      await oldKey('carl', 89),
      await oldKey('dora', 400, ['iam:CreateAccessKey']),
    ];
    const { status, stdout, stderr } = await keys.rotate('--all', '--older-than', '90d');
    expect(stdout).toMatch(/^The key of profile 'carl' is 89d old and stays$/m);
    expect(stdout).toMatch(/\nRotated 1 key; left 2 keys as young enough; failed with 1 key: dora\n$/);
    expect(stderr).toMatch(
      /^keyturn: error: rotate: dora: Error creating a new access key: .* \[AWS_ACCESS_DENIED\]\n$/,
    );
    expect(status).toBe(1);
    const now = await Promise.all(['bob', 'carl', 'dora'].map((name) => keys.storedItem(name)));
    expect(now.map(({ AccessKeyID }) => AccessKeyID)).toEqual([expect.not.stringMatching(bob), carl, dora]);
  });

  it('changes nothing with --dry-run, and asks for no code', async () => {
    const bob = await oldKey('bob', 91);
    const { status, stdout } = await world.run(['rotate', '--all', '--older-than', '90d', '--dry-run']);
    expect(stdout).toBe(`The key of profile 'ada' is 0m old and stays
Would rotate the key stored for profile 'bob': ${masked(bob)} of bob in account 111122223333
  made by AWS 91d ago
  no MFA code will be asked for
Would rotate 1 key; left 1 key as young enough
`);
    expect(status).toBe(0);
    expect(new Set(operations(world))).toEqual(new Set(['GetCallerIdentity', 'ListAccessKeys']));
  });

  it.each([
    [['--all', 'ada'], '--all rotates every key; leave out ada or --all, try --help'],
    [['--older-than', '90', 'ada'], 'time: missing unit in duration "90", try --help'],
    [['--all', '-t', '123456'], "an MFA code is good for one key only; --mfa-token can't go with --all, try --help"],
  ])('refuses %j', async (args, message) => {
    const { status, stderr } = await world.run(['rotate', ...args]);
    expect(stderr).toBe(`keyturn: error: ${message} [USAGE]\n`);
    expect(status).toBe(1);
    expect(operations(world)).toEqual([]);
  });
});

it('rotates once when two processes do it at the same time', async () => {
  const held = world.aws.hold({ operation: 'CreateAccessKey' });
  const first = finished(world.start(['rotate', '-n', 'ada']));
  await held.arrived;
  const second = world.start(['rotate', '-n', 'reader']);
  const waiting = finished(second);
  await expect.poll(() => operations(world).filter((operation) => operation === 'ListAccessKeys')).toHaveLength(3);
  held.release();
  expect((await first).status).toBe(0);
  const { status, stderr } = await waiting;
  expect(stderr).toContain('another process has just replaced the key of profile "ada"; nothing was left to do');
  expect(status).toBe(1);
  await keys.expectOneWorking();
});
