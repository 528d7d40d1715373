import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { finished, KEYTURN, operations, type People, populate, startWorld, type World, writeConfig } from './world.ts';

const HOUR_MS = 3_600_000;

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

/** A profile `p` whose program prints `output` and leaves a line in the file `runs` each time. */
function profileThatPrints(output: string | object, more = ''): void {
  const text = typeof output === 'string' ? output : JSON.stringify(output);
  fs.writeFileSync(path.join(world.home, 'output'), text);
  const command = `echo run >> ${world.home}/runs; cat ${world.home}/output`;
  writeConfig(world, `[default]\nregion = eu-west-1\n[profile p]\ncredential_process = ${command}\n${more}`);
}

function runs(): number {
  const file = path.join(world.home, 'runs');
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim().split('\n').length : 0;
}

const session = (changes: object = {}): object => ({
  Version: 1,
  AccessKeyId: 'ASIAEXAMPLE',
  SecretAccessKey: 'canary-secret',
  SessionToken: 'canary-token',
  Expiration: new Date(Date.now() + HOUR_MS).toISOString(),
  ...changes,
});

/** A process that has ended may stay in the list until whoever adopted it looks. */
function isRunning(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  return fs.existsSync(file) && !/\) Z /.test(fs.readFileSync(file, 'utf8'));
}

const exported = async (profile = 'p') => world.run(['export', profile]);

describe('what the program prints', () => {
  test('is given to programs, and kept for the next one until it expires', async () => {
    profileThatPrints(session());
    const first = await exported();
    expect(first.stdout).toContain('AWS_ACCESS_KEY_ID=ASIAEXAMPLE\nAWS_SECRET_ACCESS_KEY=canary-secret\n');
    expect(first.stdout).toContain('AWS_SESSION_TOKEN=canary-token\n');
    expect(await exported()).toEqual(first);
    expect(runs()).toBe(1);
  });

  test('may be a static key, which the AWS CLI takes too and which is not kept', async () => {
    const { AccessKeyId, SecretAccessKey } = { AccessKeyId: people.key.accessKeyId, SecretAccessKey: 'canary-secret' };
    profileThatPrints({ Version: 1, AccessKeyId, SecretAccessKey });
    for (const expected of [1, 2]) {
      const { stdout, status } = await exported();
      expect(status).toBe(0);
      expect(stdout).not.toMatch(/SESSION_TOKEN|EXPIRATION/);
      expect(runs()).toBe(expected);
    }
  });

  test.each(['+01:00', '+0100', '.123456789+00:00', 'z'])('may tell its expiry with %s', async (zone) => {
    const local = new Date(Date.now() + 5 * HOUR_MS).toISOString().slice(0, 19);
    profileThatPrints(session({ Expiration: `${local}${zone}` }));
    const hours = zone.includes('1:') || zone.includes('01') ? 4 : 5;
    const { stdout } = await exported();
    const expiration = /AWS_CREDENTIAL_EXPIRATION=(.*)/.exec(stdout)?.[1] ?? '';
    expect(new Date(expiration).getTime() / HOUR_MS).toBeCloseTo(Date.now() / HOUR_MS + hours, 1);
  });

  test('is not kept when it is about to expire', async () => {
    profileThatPrints(session({ Expiration: new Date(Date.now() + 60_000).toISOString() }));
    await exported();
    await exported();
    expect(runs()).toBe(2);
  });

  test.each([
    ['nothing', '', 'it printed no credentials'],
    ['text', 'canary-secret', 'invalid JSON format: it must print one JSON object and nothing else'],
    ['half an object', '{"Version":1,"SecretAccessKey":"canary-secret', 'invalid JSON format'],
    ['a list', '["canary-secret"]', 'invalid JSON format'],
    ['another version', session({ Version: 2 }), 'its JSON is of another Version than 1'],
    ['a version that is text', session({ Version: '1' }), 'its JSON is of another Version than 1'],
    ['no secret', session({ SecretAccessKey: null }), 'missing the following fields: [SecretAccessKey]'],
    ['neither', { Version: 1 }, 'missing the following fields: [AccessKeyId SecretAccessKey]'],
    ['an expiry without a zone', session({ Expiration: '2030-01-01T00:00:00' }), 'its Expiration is no moment'],
    ['an expiry that is none', session({ Expiration: 'tomorrow' }), 'its Expiration is no moment'],
    ['what has expired', session({ Expiration: '2020-01-01T00:00:00Z' }), 'its credentials expired at 2020-01-01'],
  ])('cannot be %s; the error says why and never quotes it', async (_what, output, reason) => {
    profileThatPrints(output);
    const { status, stdout, stderr } = await exported();
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(`the credential_process of profile "p": `);
    expect(stderr).toContain(reason);
    expect(stderr).toMatch(/\[PROCESS_FAILED\]\n$/);
    expect(stderr).not.toContain('canary');
  });

  test('need not give a version, which aws-vault does not look at', async () => {
    profileThatPrints({ AccessKeyId: 'AKIAEXAMPLE', SecretAccessKey: 'secret' });
    expect((await exported()).status).toBe(0);
  });

  test('can be the source of a role, in the same profile or another one', async () => {
    const { key, reader } = people;
    const output = { Version: 1, AccessKeyId: key.accessKeyId, SecretAccessKey: key.secretAccessKey };
    profileThatPrints(
      output,
      `role_arn = ${reader.arn}\n[profile over]\nsource_profile = q\nrole_arn = ${reader.arn}
[profile q]\ncredential_process = cat ${world.home}/output\n`,
    );
    for (const profile of ['p', 'over']) {
      const { stdout, stderr } = await world.run(['exec', profile, '--', 'sh', '-c', 'echo $AWS_ACCESS_KEY_ID']);
      expect(stdout, stderr).toMatch(/^ASIA/);
    }
    expect(operations(world).slice(callsBefore)).toEqual(['AssumeRole', 'AssumeRole']);
  });
});

describe('the program', () => {
  test('has neither the passphrase of the vault nor the data on a pipe that is meant for the child', async () => {
    const command = `cat > ${world.home}/stdin; env > ${world.home}/env; cat ${world.home}/output`;
    profileThatPrints(session());
    writeConfig(world, `[profile p]\ncredential_process = ${command}\n`);
    const child = world.start(['exec', 'p', '--', 'cat'], { stdio: ['pipe', 'pipe', 'pipe'] });
    child.stdin?.end('for the child');
    const output: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => output.push(chunk));
    await new Promise((resolve) => child.once('close', resolve));
    expect(Buffer.concat(output).toString()).toBe('for the child');
    expect(fs.readFileSync(path.join(world.home, 'stdin'), 'utf8')).toBe('');
    const env = fs.readFileSync(path.join(world.home, 'env'), 'utf8');
    expect(env).toContain('HOME=');
    expect(env).not.toContain('PASSPHRASE');
  });

  test('may ask on the terminal', async () => {
    profileThatPrints(session());
    const script = path.join(world.home, 'ask');
    fs.writeFileSync(script, `printf 'PIN? ' >&2; read pin; test "$pin" = 1234 && cat ${world.home}/output`);
    writeConfig(world, `[profile p]\ncredential_process = sh ${script}\n`);
    const terminal = new PseudoTerminal(`'${KEYTURN}' export p`, world.env);
    await terminal.shows('PIN? ');
    terminal.type('1234\r');
    await terminal.shows('AWS_ACCESS_KEY_ID=ASIAEXAMPLE');
    expect(await terminal.status()).toBe(0);
  });

  test('is asked once, however often the call is repeated for an MFA code', async () => {
    const { key, admin, device } = people;
    const output = { Version: 1, AccessKeyId: key.accessKeyId, SecretAccessKey: key.secretAccessKey };
    profileThatPrints(output, `role_arn = ${admin.arn}\nmfa_serial = ${device.serial}\n`);
    const { status, stderr } = await world.run(['export', '-t', device.freshCode(), 'p']);
    expect(status, stderr).toBe(0);
    expect(operations(world).slice(callsBefore)).toEqual(['AssumeRole']);
    expect(runs()).toBe(1);
  });

  test('is stopped when the person stops Keyturn', async () => {
    writeConfig(world, `[profile p]\ncredential_process = echo $$ > ${world.home}/pid; exec sleep 600\n`);
    const child = world.start(['export', 'p']);
    const ended = finished(child);
    const pidFile = path.join(world.home, 'pid');
    await expect.poll(() => fs.existsSync(pidFile) && fs.readFileSync(pidFile, 'utf8')).toMatch(/\n$/);
    child.kill('SIGINT');
    const { status, stderr } = await ended;
    expect(status, stderr).toBe(130);
    const pid = Number(fs.readFileSync(pidFile, 'utf8'));
    await expect.poll(() => isRunning(pid)).toBe(false);
  });

  test('keeps its stderr, and its exit status is told', async () => {
    writeConfig(world, `[profile p]\ncredential_process = echo 'please sign in' >&2; exit 3\n`);
    const { status, stderr } = await exported();
    expect(status).toBe(1);
    expect(stderr).toBe(
      'please sign in\nkeyturn: error: exec: the credential_process of profile "p": exit status 3; run the command by itself, without AWS_VAULT_FILE_PASSPHRASE, which is kept from it, to see why [PROCESS_FAILED]\n',
    );
  });

  test('is run once for fifty programs that want its credentials at the same time', async () => {
    profileThatPrints(session());
    const results = await Promise.all(Array.from({ length: 50 }, () => exported()));
    expect(new Set(results.map(({ stdout }) => stdout)).size).toBe(1);
    expect(results.map(({ status }) => status)).toEqual(results.map(() => 0));
    expect(runs()).toBe(1);
  }, 120_000);

  test('that fails is run once for all who wait for it', async () => {
    const command = `echo run >> ${world.home}/runs; sleep 1; exit 3`;
    writeConfig(world, `[profile p]\ncredential_process = ${command}\n`);
    const results = await Promise.all(Array.from({ length: 8 }, () => exported()));
    for (const { stderr } of results) expect(stderr).toContain('exit status 3');
    // Whoever comes after the first has failed tries anew; those who waited do not.
    expect(runs()).toBeLessThan(4);
  });
});

describe('a program that asks for the credentials of its own profile', () => {
  const keyturn = (profile: string): string => `${KEYTURN} export --format json ${profile}`;

  /** Programs started for a profile's credentials leave a line each. */
  const counted = (command: string): string => `echo run >> ${world.home}/runs; ${command}`;

  test('is stopped at once, by name', async () => {
    writeConfig(world, `[profile p]\ncredential_process = ${counted(keyturn('p'))}\n`);
    const { status, stderr } = await exported();
    expect(status).toBe(1);
    expect(stderr).toContain('asks for credentials of the same profile (p -> p)');
    expect(stderr).toContain('[PROFILE_LOOP]');
    expect(runs()).toBe(1);
  });

  test('is stopped on the way round through other profiles and sources', async () => {
    writeConfig(
      world,
      `[profile a]\ncredential_process = ${counted(keyturn('b'))}
[profile b]\nsource_profile = c\nrole_arn = ${people.reader.arn}
[profile c]\ncredential_process = ${counted(keyturn('a'))}\n`,
    );
    const { stderr } = await exported('a');
    expect(stderr).toContain('asks for credentials of the same profile (a -> c -> a)');
    expect(runs()).toBe(2);
  });

  test('is stopped through the AWS CLI', async () => {
    const cli = '/usr/bin/aws configure export-credentials --profile b';
    writeConfig(
      world,
      `[profile a]\ncredential_process = ${counted(cli)}\n[profile b]\ncredential_process = ${keyturn('a')}\n`,
    );
    const { status, stderr } = await exported('a');
    expect(status).toBe(1);
    expect(stderr).toContain('asks for credentials of the same profile (a -> a)');
    expect(runs()).toBe(1);
  });

  test('is stopped also when it gives an MFA code, before it waits for anything', async () => {
    writeConfig(
      world,
      `[profile p]\nsource_profile = ada\nrole_arn = ${people.admin.arn}\nmfa_serial = ${people.device.serial}\n` +
        `mfa_process = ${counted(keyturn('p'))}\n[profile ada]\nmfa_serial = ${people.device.serial}\n`,
    );
    const { status, stderr } = await exported('p');
    expect(status).toBe(1);
    expect(stderr).toContain(
      'the mfa_process for the MFA code of profile "ada" asks for credentials of the same profile (ada -> ada)',
    );
    expect(stderr).toContain('[PROFILE_LOOP]');
    expect(stderr).not.toContain('Waiting');
    expect(runs()).toBe(1);
  });

  test('is stopped also when it gives a web identity token', async () => {
    const role = people.reader.arn;
    writeConfig(world, `[profile p]\nrole_arn = ${role}\nweb_identity_token_process = ${counted(keyturn('p'))}\n`);
    const { stderr } = await exported();
    expect(stderr).toContain('the web_identity_token_process of profile "p" asks for credentials of the same profile');
    expect(runs()).toBe(1);
  });

  test('is no circle when that profile is one of another config file', async () => {
    const other = path.join(world.home, 'other-config');
    profileThatPrints({ Version: 1, AccessKeyId: 'AKIAEXAMPLE', SecretAccessKey: 'canary-secret' });
    fs.copyFileSync(world.configFile, other);
    writeConfig(world, `[profile p]\ncredential_process = AWS_CONFIG_FILE=${other} ${keyturn('p')}\n`);
    const { status, stdout, stderr } = await exported();
    expect(status, stderr).toBe(0);
    expect(stdout).toContain('AWS_ACCESS_KEY_ID=AKIAEXAMPLE\n');
    expect(runs()).toBe(1);
  });

  test('is no circle when the profile has a stored key', async () => {
    writeConfig(world, `[default]\nregion = eu-west-1\n[profile ada]\ncredential_process = ${keyturn('ada')}\n`);
    const { status, stderr } = await exported('ada');
    expect(status, stderr).toBe(0);
    expect(operations(world).slice(callsBefore)).toEqual(['GetSessionToken']);
  });
});
