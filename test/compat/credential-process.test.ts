import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { finished, KEYTURN, type People, populate, type Result, startWorld, type World } from '../cli/world.ts';

// The other way round: Keyturn is what AWS's own programs run to get credentials, without a terminal.

let world: World;
let people: People;
let callsBefore: number;
beforeEach(async () => {
  world = await startWorld();
  people = await populate(world);
  callsBefore = world.aws.calls.length;
});
afterEach(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

/** A section for the AWS CLI, which gets what Keyturn's `profile` is. */
function cliProfile(name: string, command: string): void {
  fs.appendFileSync(world.configFile, `[profile ${name}]\nregion = eu-west-1\ncredential_process = ${command}\n`);
}

/** The program that answers for the MFA device: a code of it, and a line for each time it was asked. */
function mfaProcess(): void {
  fs.writeFileSync(`${world.home}/code`, people.device.freshCode());
  const config = fs.readFileSync(world.configFile, 'utf8');
  const command = `echo asked >> ${world.home}/asked; cat ${world.home}/code`;
  fs.writeFileSync(world.configFile, config.replace('[profile ada]', `[profile ada]\nmfa_process = ${command}`));
}

/** Debian's AWS CLI and its library, as a session of their own: no terminal to ask on. */
function run(program: string, args: readonly string[]): Promise<Result> {
  const env = { ...world.env, AWS_EC2_METADATA_DISABLED: 'true' };
  return finished(spawn(program, args, { env, cwd: world.home, stdio: ['ignore', 'pipe', 'pipe'], detached: true }));
}

const whoIs = (profile: string): Promise<Result> =>
  run('/usr/bin/aws', [
    ...['--profile', profile, '--endpoint-url', world.aws.url],
    ...['sts', 'get-caller-identity', '--query', 'Arn', '--output', 'text'],
  ]);

const operations = (): string[] => world.aws.calls.slice(callsBefore).map(({ operation }) => operation);

test.each(['export --format json', 'export --format=json', 'exec -j', 'exec --json'])(
  'the AWS CLI takes what `keyturn %s` prints',
  async (command) => {
    cliProfile('cli', `${KEYTURN} ${command} reader`);
    const { stdout, stderr } = await whoIs('cli');
    expect(stdout, stderr).toMatch(/:assumed-role\/reader\/\d+\n$/);
    expect(operations()).toEqual(['AssumeRole', 'GetCallerIdentity']);
  },
);

test('a second run of the AWS CLI asks for no other session', async () => {
  cliProfile('cli', `${KEYTURN} export --format json reader`);
  const first = await whoIs('cli');
  expect(await whoIs('cli')).toEqual(first);
  expect(operations()).toEqual(['AssumeRole', 'GetCallerIdentity', 'GetCallerIdentity']);
});

test('an MFA code is asked of the mfa_process', async () => {
  mfaProcess();
  cliProfile('cli', `${KEYTURN} export --format json admin`);
  const { stdout, stderr } = await whoIs('cli');
  expect(stdout, stderr).toMatch(/:assumed-role\/admin\/\d+\n$/);
  expect(operations()).toEqual(['GetSessionToken', 'AssumeRole', 'GetCallerIdentity']);
});

test('what went wrong is told by the AWS CLI in the words of Keyturn', async () => {
  cliProfile('cli', `${KEYTURN} export --format json nobody`);
  const { status, stderr } = await whoIs('cli');
  expect(status).not.toBe(0);
  expect(stderr).toContain('Error when retrieving credentials from custom-process: keyturn: error: exec: ');
  expect(stderr).toContain('[PROFILE_NOT_FOUND]');
});

// Each thread has a session of its own, as each program has: fifty run the process at the same time.
const FIFTY_SESSIONS = `
import sys
from concurrent.futures import ThreadPoolExecutor
from awscli.botocore.session import Session

def access_key(_):
    return Session(profile=sys.argv[1]).get_credentials().get_frozen_credentials().access_key

with ThreadPoolExecutor(50) as pool:
    for key in pool.map(access_key, range(50)):
        print(key)
`;

test('fifty sessions of AWS’s library at the same time are one session, and one MFA code', async () => {
  mfaProcess();
  cliProfile('cli', `${KEYTURN} export --format json admin`);
  const { status, stdout, stderr } = await run('/usr/bin/python3', ['-c', FIFTY_SESSIONS, 'cli']);
  expect(status, stderr).toBe(0);
  const keys = stdout.trim().split('\n');
  expect(keys).toHaveLength(50);
  expect(new Set(keys).size).toBe(1);
  expect(operations()).toEqual(['GetSessionToken', 'AssumeRole']);
  expect(fs.readFileSync(`${world.home}/asked`, 'utf8')).toBe('asked\n');
}, 180_000);

test('a hundred programs that find a session take a moment, and none leaves a file of Keyturn open in what it runs', async () => {
  await world.run(['export', 'reader']);
  const before = callsBefore;
  const many = Array.from({ length: 100 }, () => world.run(['export', '--format', 'json', 'reader']));
  const results = await Promise.all(many);
  for (const { status, stderr } of results) expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(new Set(results.map(({ stdout }) => stdout)).size).toBe(1);
  expect(world.aws.calls.slice(before).map(({ operation }) => operation)).toEqual(['AssumeRole']);
  await world.run(['clear', 'reader']);
  // Once with all the locks and connections of a new session, once without.
  for (const _ of ['new', 'cached']) {
    const open = ['sh', '-c', 'ls /proc/$$/fd'] as const;
    const { stdout } = await world.run(['exec', 'reader', '--', ...open]);
    // What a program has that nobody but the tests starts.
    expect(stdout).toBe((await run(open[0], open.slice(1))).stdout);
  }
}, 120_000);
