import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { addKey, KEYTURN, type People, populate, startWorld, type World } from './world.ts';

let world: World;
let people: People;

beforeAll(async () => {
  world = await startWorld();
  people = await populate(world);
  fs.appendFileSync(world.configFile, '[profile torn]\nsource_profile = nowhere\n');
});
afterAll(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

const missing = "required argument 'profile' not provided, try --help [USAGE]";

describe('without a profile', () => {
  it.each([[['exec']], [['exec', '-n']], [['exec', '--', 'true']], [['export']]])(
    '%j uses that of AWS_PROFILE, or says what is missing',
    async (args) => {
      const without = await world.run(args);
      expect(without).toEqual({ status: 1, stdout: '', stderr: `keyturn: error: ${missing}\n` });
      const empty = await world.run(args, { env: { AWS_PROFILE: '' } });
      expect(empty.stderr).toBe(`keyturn: error: ${missing}\n`);
      const env = { AWS_PROFILE: 'reader', SHELL: '/bin/true' };
      expect(await world.run(args, { env })).toMatchObject({ status: 0, stderr: '' });
    },
  );

  it('exec takes what comes after -- for the program', async () => {
    const { stdout } = await world.run(['exec', '--', 'sh', '-c', 'echo $AWS_VAULT $1', '-', 'x'], {
      env: { AWS_PROFILE: 'reader' },
    });
    expect(stdout).toBe('reader x\n');
    const named = await world.run(['exec', 'reader', '--', 'sh', '-c', 'echo $AWS_VAULT'], {
      env: { AWS_PROFILE: 'nobody' },
    });
    expect(named.stdout).toBe('reader\n');
  });

  it('exec takes the first word after -- for the profile, as aws-vault does, where one has that name', async () => {
    const script = ['sh', '-c', 'echo $AWS_VAULT $1', '-', 'x'];
    expect(await world.run(['exec', '--', 'reader', ...script])).toEqual({
      status: 0,
      stdout: 'reader x\n',
      stderr: '',
    });
    const served = await world.run(['exec', '-s', '--', 'reader', ...script]);
    expect(served).toEqual({ status: 0, stdout: 'reader x\n', stderr: '' });
    await addKey(world, 'only-stored', people.key);
    const stored = await world.run(['exec', '-n', '--region', 'eu-west-1', '--', 'only-stored', ...script]);
    expect(stored).toEqual({ status: 0, stdout: 'only-stored x\n', stderr: '' });
    const shell = await world.run(['exec', '--', 'reader'], { env: { SHELL: '/usr/bin/env' } });
    expect(shell.stdout).toContain('AWS_VAULT=reader\n');
    const program = await world.run(['exec', '--', 'reader'], { env: { AWS_PROFILE: 'reader' } });
    expect(program.stderr).toMatch(/exec: "reader": executable file not found/);
  });

  it('login signs in as the one of AWS_PROFILE', async () => {
    const { status, stdout } = await world.run(['login', '--stdout'], { env: { AWS_PROFILE: 'reader' } });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^https?:.*Action=login/);
  });

  it('one whose name begins with a dash comes after --, whatever AWS_PROFILE says', async () => {
    const config = fs.readFileSync(world.configFile, 'utf8');
    fs.appendFileSync(world.configFile, `[profile -prod]\nsource_profile = ada\nrole_arn = ${people.reader.arn}\n`);
    const script = ['sh', '-c', 'echo $AWS_VAULT $1', '-', 'x'];
    for (const flags of [[], ['-s']]) {
      for (const AWS_PROFILE of [undefined, 'reader']) {
        const { stdout } = await world.run(['exec', ...flags, '--', '-prod', ...script], { env: { AWS_PROFILE } });
        expect(stdout).toBe('-prod x\n');
      }
    }
    expect((await world.run(['export', '--format=ini', '--', '-prod'])).stdout).toMatch(/^\[-prod\]\n/);
    const program = await world.run(['exec', 'reader', '--', '-prod']);
    expect(program.stderr).toMatch(/exec: "-prod": executable file not found/);
    fs.writeFileSync(world.configFile, config);
  });
});

describe('on a terminal', () => {
  const UNTIL_LISTED = '777788889999';

  // Another one is first, so that the mark before this one shows that the list has been searched.
  beforeEach(() => {
    const state = path.join(world.home, '.local/state/keyturn');
    fs.mkdirSync(state, { recursive: true });
    fs.writeFileSync(path.join(state, 'recent-profiles'), '1700000000 admin\n');
  });

  it('a list to choose from is shown beside a pipe, and what is chosen is used', async () => {
    const out = path.join(world.home, 'exported');
    const terminal = new PseudoTerminal(`'${KEYTURN}' export >'${out}' </dev/null`, world.env);
    await terminal.shows(UNTIL_LISTED);
    expect(terminal.output).toMatch(/torn .*\(profile "torn" has source_profile "nowhere"/);
    terminal.type('7777');
    await terminal.shows('❯ reader');
    terminal.type('\r');
    expect(await terminal.status()).toBe(0);
    expect(fs.readFileSync(out, 'utf8')).toMatch(/^AWS_ACCESS_KEY_ID=ASIA.*AWS_REGION=us-east-2\n/s);
  });

  it('exec runs its program on a terminal that is as it was', async () => {
    const terminal = new PseudoTerminal(
      `'${KEYTURN}' exec -- sh -c 'echo "is $AWS_VAULT"; stty -a | grep -ow "icanon\\|echo"'`,
      world.env,
    );
    await terminal.shows(UNTIL_LISTED);
    terminal.type('rea');
    await terminal.shows('❯ reader');
    terminal.type('\r');
    expect(await terminal.status()).toBe(0);
    expect(terminal.output).toMatch(/is reader\r\nicanon\r\necho\r\n$/);
  });

  it('the profile used last comes first', async () => {
    await world.run(['export', 'reader']);
    const terminal = new PseudoTerminal(`'${KEYTURN}' export`, world.env);
    await terminal.shows(UNTIL_LISTED);
    terminal.type('\r');
    await terminal.shows('AWS_REGION=us-east-2');
    expect(await terminal.status()).toBe(0);
  });

  it.each([
    ['Esc', '\x1b'],
    ['Ctrl-C', '\x03'],
    ['Ctrl-D', '\x04'],
  ])('%s cancels', async (_name, key) => {
    const terminal = new PseudoTerminal(`'${KEYTURN}' login`, world.env);
    await terminal.shows(UNTIL_LISTED);
    terminal.type(key);
    expect(await terminal.status()).toBe(130);
    expect(terminal.output).toContain('keyturn: error: login: cancelled; no profile was chosen [CANCELLED]');
  });

  it('nothing is asked where there is nothing to choose', async () => {
    const terminal = new PseudoTerminal(`'${KEYTURN}' export`, {
      ...world.env,
      AWS_CONFIG_FILE: '/dev/null',
      AWS_VAULT_FILE_DIR: '/nowhere',
    });
    expect(await terminal.status()).toBe(1);
    expect(terminal.output).toContain('there is no profile to choose from');
  });
});

describe('--profile-env', () => {
  it('names the profile to the program instead of giving it credentials', async () => {
    const args = ['exec', '--profile-env', 'reader', '--', 'env'];
    const { stdout } = await world.run(args, { env: { AWS_ACCESS_KEY_ID: 'AKIAOLD', AWS_SECRET_ACCESS_KEY: 'old' } });
    const lines = stdout.split('\n');
    expect(lines).toContain('AWS_PROFILE=reader');
    expect(lines).toContain('AWS_REGION=us-east-2');
    expect(stdout).not.toMatch(/^AWS_(VAULT|ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|VAULT_FILE_PASSPHRASE)=/m);
    const byVariable = await world.run(['exec', 'reader', '--', 'env'], { env: { AWS_VAULT_PROFILE_ENV: '1' } });
    expect(byVariable.stdout.split('\n')).toContain('AWS_PROFILE=reader');
  });
});

it('the use of a profile is not remembered for a credential_process, and not being able to is no failure', async () => {
  const file = path.join(world.home, '.local/state/keyturn/recent-profiles');
  fs.rmSync(file, { force: true });
  await world.run(['export', '--format=json', 'reader']);
  expect(fs.existsSync(file)).toBe(false);
  fs.mkdirSync(file);
  expect(await world.run(['exec', 'reader', '--', 'true'])).toEqual({ status: 0, stdout: '', stderr: '' });
  const { stderr } = await world.run(['--debug', 'exec', 'reader', '--', 'true']);
  expect(stderr).toContain('the use of the profile is not remembered');
  fs.rmdirSync(file);
});
