import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type People, populate, type Result, startWorld, type World } from './world.ts';

let world: World;
let people: People;
let callsBefore = 0;

beforeAll(async () => {
  world = await startWorld();
  people = await populate(world);
  fs.appendFileSync(
    world.configFile,
    `[profile broken]
region = eu-west-1
role_anr = typo
duration_seconds = 1h
[profile far]
source_profile = reader
role_arn = arn:aws:iam::777788889999:role/far
duration_seconds = 7200
session_tags = team=core
[profile corp]
include_profile = company
sso_account_id = 111122223333
sso_role_name = Admin
[profile company]
sso_session = company
[sso-session company]
sso_start_url = https://company.awsapps.com/start
sso_region = eu-central-1
[profile incomplete]
sso_session = company
`,
  );
});
beforeEach(() => {
  callsBefore = world.aws.calls.length;
});
afterAll(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

/** Without a passphrase, which explaining must not need, and without a call. */
async function explain(args: readonly string[], env: Record<string, string> = {}): Promise<Result> {
  const result = await world.run(['explain', ...args], { env: { AWS_VAULT_FILE_PASSPHRASE: undefined, ...env } });
  expect(world.aws.calls.slice(callsBefore)).toEqual([]);
  return result;
}

async function explained(args: readonly string[], env: Record<string, string> = {}) {
  const { stdout, stderr } = await explain([...args, '--json'], env);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

const lineOf = (text: string): number => fs.readFileSync(world.configFile, 'utf8').split('\n').indexOf(text) + 1;

describe('where settings come from', () => {
  it('is told of each one: flag, environment, file and line, section, default', async () => {
    const { profiles } = await explained(['admin', '-d', '30m'], { AWS_MFA_SERIAL: people.device.serial });
    const file = world.configFile;
    expect(profiles.map(({ name }: { name: string }) => name)).toEqual(['admin', 'ada']);
    expect(profiles[0]).toMatchObject({ file, line: lineOf('[profile admin]'), unused: [] });
    expect(profiles[0].settings).toEqual(
      expect.arrayContaining([
        { key: 'region', value: 'eu-west-1', origin: { type: 'file', file, line: 2, section: 'default' } },
        {
          key: 'role_arn',
          value: people.admin.arn,
          origin: { type: 'file', file, line: lineOf(`role_arn = ${people.admin.arn}`), section: 'profile admin' },
        },
        { key: 'mfa_serial', value: people.device.serial, origin: { type: 'environment', name: 'AWS_MFA_SERIAL' } },
        { key: 'duration_seconds', value: '1800', origin: { type: 'flag', name: '--duration' } },
        { key: 'AWS_CHAINED_SESSION_TOKEN_TTL', value: '28800', origin: { type: 'default' } },
      ]),
    );
  });

  it('is told of a flag that a variable or the settings file has set, with the section of exec', async () => {
    const file = path.join(world.home, '.config', 'keyturn', 'config');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, 'duration = 20m\nregion = eu-west-2\n[exec]\nno-session = true\n');
    try {
      const { profiles, steps } = await explained(['admin'], { AWS_VAULT_DURATION: '40m' });
      expect(profiles[0].settings).toEqual(
        expect.arrayContaining([
          { key: 'duration_seconds', value: '2400', origin: { type: 'environment', name: 'AWS_VAULT_DURATION' } },
          { key: 'region', value: 'eu-west-2', origin: { type: 'file', file, line: 2, section: '' } },
          { key: 'no-session', value: 'true', origin: { type: 'file', file, line: 4, section: 'exec' } },
        ]),
      );
      expect(steps.map(({ type }: { type: string }) => type)).toEqual(['stored-key', 'assume-role']);
      const { stdout } = await explain(['admin']);
      expect(stdout).toMatch(/^ {2}duration_seconds +20m +~\/\.config\/keyturn\/config:1$/m);
      expect(stdout).toMatch(/^ {2}no-session +true +~\/\.config\/keyturn\/config:4 \[exec\]$/m);
    } finally {
      fs.rmSync(file);
    }
  });

  it('is told of included sections and of an sso-session', async () => {
    const { profiles, steps } = await explained(['corp']);
    const file = world.configFile;
    expect(profiles[0].settings).toEqual(
      expect.arrayContaining([
        {
          key: 'sso_session',
          value: 'company',
          origin: { type: 'file', file, line: lineOf('sso_session = company'), section: 'profile company' },
        },
        {
          key: 'sso_region',
          value: 'eu-central-1',
          origin: { type: 'file', file, line: lineOf('sso_region = eu-central-1'), section: 'sso-session company' },
        },
      ]),
    );
    expect(steps).toMatchObject([{ type: 'sso-role', accountId: '111122223333', roleName: 'Admin' }]);
  });

  it('follows --region and the region of the environment', async () => {
    expect((await explained(['reader', '--region', 'eu-north-1'])).region).toBe('eu-north-1');
    expect((await explained(['reader'], { AWS_REGION: 'eu-west-3' })).region).toBe('eu-west-3');
    expect((await explained(['reader'])).region).toBe('us-east-2');
  });
});

describe('what would be done', () => {
  it('has a JSON form that stays as it is', async () => {
    const file = world.configFile;
    const found = (key: string, value: string, line: string, section: string) => ({
      key,
      value,
      origin: { type: 'file', file, line: lineOf(line), section },
    });
    const byDefault = (key: string, value: string) => ({ key, value, origin: { type: 'default' } });
    const durations = [
      byDefault('duration_seconds', '3600'),
      byDefault('AWS_SESSION_TOKEN_TTL', '3600'),
      byDefault('AWS_CHAINED_SESSION_TOKEN_TTL', '28800'),
      byDefault('AWS_FEDERATION_TOKEN_TTL', '3600'),
    ];
    const ofTheRun = ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_SIGNIN'].map((key) => ({
      key,
      value: world.aws.url,
      origin: { type: 'environment', name: key },
    }));
    const serial = found('mfa_serial', people.device.serial, `mfa_serial = ${people.device.serial}`, 'profile ada');
    expect(await explained(['reader'])).toEqual({
      profile: 'reader',
      region: 'us-east-2',
      profiles: [
        {
          name: 'reader',
          file,
          line: lineOf('[profile reader]'),
          settings: [
            { ...found('source_profile', 'ada', '[profile reader]', 'profile reader'), origin: expect.anything() },
            found('region', 'us-east-2', 'region = us-east-2', 'profile reader'),
            found('role_arn', people.reader.arn, `role_arn = ${people.reader.arn}`, 'profile reader'),
            ...durations,
            ...ofTheRun,
          ],
          unused: [],
        },
        {
          name: 'ada',
          file,
          line: lineOf('[profile ada]'),
          settings: [found('region', 'eu-west-1', 'region = eu-west-1', 'default'), serial, ...durations],
          unused: [],
        },
      ],
      steps: [
        {
          type: 'stored-key',
          profile: 'ada',
          reason: "profile 'ada' has its own stored key; profile 'reader' has no MFA serial defined",
          isRun: true,
          cache: { state: 'none' },
        },
        {
          type: 'assume-role',
          profile: 'reader',
          reason: 'role_arn is set',
          isRun: true,
          cache: { state: 'miss' },
          region: 'us-east-2',
          roleArn: people.reader.arn,
          durationSeconds: 3600,
        },
      ],
      mfa: {
        isAsked: false,
        reason: "profile 'reader' has no mfa_serial, and that of 'ada' does not count for it",
        serials: [],
      },
    });
  });

  it('is told step by step before, and from the cache after the first run', async () => {
    const before = await explained(['admin']);
    expect(before.steps).toMatchObject([
      { type: 'stored-key', profile: 'ada', isRun: true, cache: { state: 'none' } },
      { type: 'session-token', durationSeconds: 28_800, mfaSerial: people.device.serial, isRun: true },
      { type: 'assume-role', roleArn: people.admin.arn, durationSeconds: 3600, cache: { state: 'miss' }, isRun: true },
    ]);
    expect(before.steps[2].mfaSerial).toBeUndefined();
    expect(before.mfa).toMatchObject({ isAsked: true, serials: [people.device.serial], answeredBy: 'prompt' });

    const code = await people.device.freshCode();
    expect((await world.run(['exec', 'admin', '-t', code, '--', 'true'])).status).toBe(0);
    callsBefore = world.aws.calls.length;
    const after = await explained(['admin']);
    expect(after.steps.map(({ isRun }: { isRun: boolean }) => isRun)).toEqual([false, false, false]);
    expect(after.steps[2].cache).toMatchObject({ state: 'hit', expiresAt: expect.stringMatching(/Z$/) });
    expect(after.steps[2].cache.secondsLeft).toBeGreaterThan(3500);
    expect(after.mfa).toMatchObject({ isAsked: false, reason: expect.stringContaining('cached') });

    // The user's session serves another length of the role too, and then the run starts from it.
    const longer = await explained(['admin', '-d', '20m']);
    expect(longer.steps.map(({ isRun }: { isRun: boolean }) => isRun)).toEqual([false, false, true]);
    expect(longer.mfa.isAsked).toBe(false);
    const soon = await explained(['admin'], { AWS_MIN_TTL: '7h59m' });
    expect(soon.steps.map(({ cache }: { cache: { state: string } }) => cache.state)).toEqual([
      'none',
      'hit',
      'expiring',
    ]);
  });

  it('is what exec then does, and the same length is said', async () => {
    const { steps } = await explained(['far', '-d', '3h']);
    expect(steps.at(-1)).toMatchObject({
      durationSeconds: 3600,
      cappedFromSeconds: 10_800,
      sessionTags: { team: 'core' },
    });
  });

  it('counts --no-session in', async () => {
    const { steps, mfa } = await explained(['admin', '-n', '-d', '40m']);
    expect(steps).toMatchObject([
      { type: 'stored-key', reason: expect.stringContaining('sessions are disabled') },
      { type: 'assume-role', mfaSerial: people.device.serial },
    ]);
    expect(mfa.isAsked).toBe(true);
  });
});

describe('a profile that cannot be used', () => {
  it('is explained with what is wrong and where, what nobody reads, and status 1', async () => {
    const { status, stdout } = await explain(['broken']);
    expect(status).toBe(1);
    expect(stdout).toContain('Problem [CONFIG_INVALID]\n');
    expect(stdout).toContain(
      `${world.configFile}:${lineOf('duration_seconds = 1h')}: duration_seconds of profile "broken"`,
    );
    expect(stdout).toMatch(/^ {2}role_anr +not used \(line \d+\)$/m);
    const { problem, mfa } = await explained(['broken']);
    expect(problem).toMatchObject({
      code: 'CONFIG_INVALID',
      file: world.configFile,
      line: lineOf('duration_seconds = 1h'),
    });
    expect(mfa).toBeUndefined();
  });

  it('may lack a part of its IAM Identity Center settings', async () => {
    const { problem, profiles } = await explained(['incomplete']);
    expect(problem).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('sso_account_id is missing'),
    });
    expect(profiles[0].settings.map(({ key }: { key: string }) => key)).toContain('sso_start_url');
  });

  it('may not be there at all', async () => {
    const { status, stdout, stderr } = await explain(['tpyo']);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/"tpyo" is neither .* \[PROFILE_NOT_FOUND\]\n$/);
  });
});

it('prints a text whose columns are aligned, with ~ for the home directory and long values cut', async () => {
  const { stdout, status } = await explain(['reader']);
  expect(status).toBe(0);
  const rows = stdout.split('\n').filter((line) => line.includes('~/.aws/config:') && line.startsWith('  '));
  expect(rows.length).toBeGreaterThan(3);
  const ofReader = rows.slice(0, 3);
  expect(new Set(ofReader.map((row) => row.indexOf('~/.aws/config:'))).size).toBe(1);
  expect(stdout).toContain(`2. AssumeRole ${people.reader.arn}\n`);
  expect(stdout).toContain(
    "MFA\n  not asked for: profile 'reader' has no mfa_serial, and that of 'ada' does not count for it\n",
  );
  expect(stdout).not.toMatch(/ $/m);
});
