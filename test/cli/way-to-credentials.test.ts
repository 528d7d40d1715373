import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readmePeople } from './readme-people.ts';
import { addKey, startWorld, type World } from './world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

const SESSION = 'GetSessionToken 28800 +MFA AKIA';

describe('the way from key to credentials is aws-vault’s', () => {
  it.each<[id: string, profile: string, flags: string[], calls: string[], cached: string[]]>([
    ['A', 'jonsmith', ['-n'], [], []],
    ['B', 'jonsmith', [], ['GetSessionToken 3600 +MFA AKIA'], ['GetSessionToken']],
    // Cached as well, other than by aws-vault.
    ['C', 'foo-readonly', [], ['AssumeRole ReadOnly 3600 AKIA'], ['AssumeRole']],
    ['D', 'foo-admin', [], [SESSION, 'AssumeRole Admin 3600 ASIA'], ['AssumeRole', 'GetSessionToken']],
    ['E', 'foo-admin', ['-d', '2h'], ['AssumeRole Admin 7200 +MFA AKIA'], ['AssumeRole']],
    [
      'F',
      'bar-role2',
      [],
      [SESSION, 'AssumeRole Role1 3600 ASIA', 'AssumeRole Role2 3600 ASIA'],
      ['AssumeRole', 'AssumeRole', 'GetSessionToken'],
    ],
  ])('%s: exec %s %j', async (id, profile, flags, calls, cached) => {
    const people = await readmePeople(world, id);
    expect(await people.exec(profile, flags)).toMatchObject({ status: 0, stderr: '' });
    expect(people.calls()).toEqual(calls);
    expect(people.cached()).toEqual(cached);
    // The second time nothing is asked at all.
    expect(await people.exec(profile, flags)).toMatchObject({ status: 0, stderr: '' });
    expect(people.calls()).toEqual(calls);
  });

  it('G: but exec bar-role2 -n, which AWS would refuse, costs no call and no code', async () => {
    const people = await readmePeople(world, 'G');
    const { status, stderr } = await people.exec('bar-role2', ['-n']);
    expect(stderr).toMatch(/^keyturn: error: exec: Error loading config: profile "bar-role2.*\[CONFIG_INVALID\]\n$/);
    expect(stderr).toMatch(/AWS takes the MFA code it needs from a user only/);
    expect(status).toBe(1);
    expect([people.calls(), people.cached()]).toEqual([[], []]);
  });

  const CAPPED = (id: string): string =>
    `keyturn: profile "bar-role2${id}" is assumed through the role of "bar-role1${id}", which AWS allows for 1h at most: the credentials last 1h, not the 2h asked for\n`;

  it('H: and exec bar-role2 -d 2h, half of which AWS would refuse, gets the hour it can have and says so', async () => {
    const people = await readmePeople(world, 'H');
    expect(await people.exec('bar-role2', ['-d', '2h'])).toMatchObject({ status: 0, stderr: CAPPED('H') });
    expect(people.calls()).toEqual([SESSION, 'AssumeRole Role1 3600 ASIA', 'AssumeRole Role2 3600 ASIA']);
    // Who asks again hears it again, though the session is there.
    expect((await people.exec('bar-role2', ['-d', '2h'])).stderr).toBe(CAPPED('H'));
    expect(people.calls()).toHaveLength(3);
  });

  it('says of a longer duration in the settings once that it is cut, and not for each program that takes the session', async () => {
    const people = await readmePeople(world, 'V');
    const env = { AWS_ASSUME_ROLE_TTL: '2h' };
    expect((await people.exec('bar-role2', [], env)).stderr).toBe(CAPPED('V'));
    expect((await people.exec('bar-role2', [], env)).stderr).toBe('');
  });

  it('is shortened by the cache across profiles: one code for a user and all its roles', async () => {
    const people = await readmePeople(world, 'I');
    for (const profile of ['foo-admin', 'bar-role1', 'bar-role2', 'jonsmith']) await people.exec(profile);
    expect(people.calls()).toEqual([
      SESSION,
      'AssumeRole Admin 3600 ASIA',
      'AssumeRole Role1 3600 ASIA',
      'AssumeRole Role2 3600 ASIA',
    ]);
  });
});

it('needs no region where none matters: AWS is asked where the role’s partition has it, and the program gets none', async () => {
  const user = world.aws.addUser({ account: '111122223333', name: 'nomad' });
  const role = world.aws.addRole({ account: '111122223333', name: 'nomads', trusts: [user.arn] });
  await addKey(world, 'nomad', world.aws.addAccessKey(user));
  const config = path.join(world.home, 'no-region');
  fs.writeFileSync(config, `[profile nomads]\nsource_profile = nomad\nrole_arn = ${role.arn}\n[profile nomad]\n`);
  for (const profile of ['nomad', 'nomads']) {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell expands it
    const command = ['sh', '-c', 'echo ${AWS_ACCESS_KEY_ID%%[!A]*} region:$AWS_REGION$AWS_DEFAULT_REGION'];
    expect(await world.run(['exec', profile, '--', ...command], { env: { AWS_CONFIG_FILE: config } })).toEqual({
      status: 0,
      stdout: 'A region:\n',
      stderr: '',
    });
  }
});

describe('the environment', () => {
  it('sets how long sessions last', async () => {
    const people = await readmePeople(world, 'J');
    const env = {
      AWS_SESSION_TOKEN_TTL: '2h',
      AWS_CHAINED_SESSION_TOKEN_TTL: '12h',
      AWS_ASSUME_ROLE_TTL: '20m',
    };
    await people.exec('jonsmith', [], env);
    await people.exec('foo-admin', [], env);
    await people.exec('foo-readonly', ['-d', '45m'], env);
    expect(people.calls()).toEqual([
      'GetSessionToken 7200 +MFA AKIA',
      'GetSessionToken 43200 +MFA AKIA',
      'AssumeRole Admin 1200 ASIA',
      'AssumeRole ReadOnly 2700 AKIA',
    ]);
  });

  it('sets how much time a cached session must have left', async () => {
    const people = await readmePeople(world, 'K');
    await people.exec('foo-readonly');
    await people.exec('foo-readonly', [], { AWS_MIN_TTL: '59m' });
    expect(people.calls()).toHaveLength(1);
    await people.exec('foo-readonly', [], { AWS_MIN_TTL: '1h' });
    expect(people.calls()).toHaveLength(2);
    expect(people.cached()).toEqual(['AssumeRole']);
  });

  it('and a flag never get a session of another length than the one they ask for', async () => {
    const people = await readmePeople(world, 'N');
    await people.exec('foo-readonly', ['-d', '15m']);
    await people.exec('foo-readonly', ['-d', '2h']);
    await people.exec('foo-readonly', [], { AWS_ASSUME_ROLE_TTL: '2h' });
    await people.exec('foo-readonly');
    expect(people.calls()).toEqual([
      'AssumeRole ReadOnly 900 AKIA',
      'AssumeRole ReadOnly 7200 AKIA',
      'AssumeRole ReadOnly 3600 AKIA',
    ]);
  });

  it('sets region, MFA device and role of the profile that was named', async () => {
    const people = await readmePeople(world, 'L');
    const other = world.aws.addRole({ account: '333333333333', name: 'OtherL', trusts: ['111111111111'] });
    await people.exec('foo-readonly', [], {
      AWS_MFA_SERIAL: people.device.serial,
      AWS_ROLE_ARN: other.arn,
      AWS_ROLE_SESSION_NAME: 'me',
      AWS_REGION: 'eu-west-3',
    });
    expect(people.calls()).toEqual([SESSION, 'AssumeRole Other 3600 ASIA']);
    expect(world.aws.calls.at(-1)?.parameters).toMatchObject({ RoleSessionName: 'me' });
  });

  it.each([
    ['M', 'AWS_SESSION_TOKEN_TTL', 'soon'],
    ['O', 'AWS_CHAINED_SESSION_TOKEN_TTL', '2d'],
    ['P', 'AWS_ASSUME_ROLE_TTL', '3600'],
    ['Q', 'AWS_FEDERATION_TOKEN_TTL', '-1h'],
    ['R', 'AWS_MIN_TTL', '5 minutes'],
    ['S', 'AWS_SESSION_TAGS', 'team'],
    ['T', 'AWS_STS_REGIONAL_ENDPOINTS', 'global'],
    ['U', 'AWS_USE_FIPS_ENDPOINT', 'yes'],
  ])('that cannot be read is an error instead of the default: %s, %s=%s', async (id, variable, value) => {
    const people = await readmePeople(world, id);
    const { status, stderr } = await people.exec('jonsmith', [], { [variable]: value });
    expect(stderr).toMatch(new RegExp(`^keyturn: error: exec: .*${variable}.*\\[CONFIG_INVALID\\]\n$`));
    expect(status).toBe(1);
    expect(people.calls()).toEqual([]);
  });
});
