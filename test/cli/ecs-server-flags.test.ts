import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CURL, served, startServer, URI } from './served.ts';
import { operations, type People, populate, startWorld, type World } from './world.ts';

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

describe('/role-arn', () => {
  const roles = (allowed: readonly string[]): string[] => [
    '-s',
    ...allowed.flatMap((arn) => ['--allow-role', arn]),
    'ada',
  ];

  beforeEach(async () => {
    await world.run(['exec', 'ada', '-t', people.device.freshCode(), '--', 'true']);
  });

  it('is refused unless the user allowed the role, and says how', async () => {
    const { stdout } = await served(world, roles([people.reader.arn]), `${CURL} ${URI}/role-arn/${people.admin.arn}`);
    const Message = `role ${people.admin.arn} is not allowed; start the server with --allow-role ${people.admin.arn}`;
    expect(stdout).toBe(`${JSON.stringify({ Message })}\n403 application/json\n`);
    for (const route of [
      'role-arn',
      'role-arn/',
      'role-arn/reader',
      'role-arn/arn:aws:iam::777788889999:user/x',
      'role-arn/%ff',
    ]) {
      expect((await served(world, roles(['*']), `${CURL} ${URI}/${route}`)).stdout).toContain(
        '\n400 application/json\n',
      );
    }
  });

  it('is allowed by ARN: a name is refused before the program starts', async () => {
    const { status, stdout, stderr } = await served(world, roles(['reader']), 'echo started');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/--allow-role must be the ARN of a role, .*, not "reader" \[USAGE\]\n$/);
  });

  it('gives a role that was allowed, for many requests with one call, by flag, pattern and variable', async () => {
    const { reader } = people;
    const server = await startServer(world, roles([people.admin.arn, reader.arn]));
    const answers = await Promise.all(Array.from({ length: 5 }, () => server.get(`/role-arn/${reader.arn}`)));
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 200, body: { Token: expect.any(String) } });
    await server.end();
    expect(operations(world)).toEqual(['GetSessionToken', 'AssumeRole']);
    const call = `AWS_CONTAINER_CREDENTIALS_FULL_URI=${URI}/role-arn/${reader.arn} aws --endpoint-url ${world.aws.url} sts get-caller-identity`;
    expect((await served(world, roles(['arn:aws:iam::777788889999:role/*']), call)).stdout).toContain(
      'assumed-role/reader/',
    );
    expect((await served(world, roles([]), call, { KEYTURN_ALLOW_ROLE: reader.arn })).stdout).toContain(
      'assumed-role/reader/',
    );
    // `reader` in another account is no match for a pattern of this one.
    const other = `${CURL} ${URI}/role-arn/arn:aws:iam::444455556666:role/reader`;
    expect((await served(world, roles(['arn:aws:iam::777788889999:role/*']), other)).stdout).toContain('\n403 ');
  });

  it('lasts an hour where it is assumed with a role, however long that one lasts', async () => {
    const long = { account: '777788889999', maxSessionDurationSeconds: 7200 };
    const base = world.aws.addRole({ ...long, name: 'base', trusts: [people.user.arn] });
    const next = world.aws.addRole({ ...long, name: 'next', trusts: [base.arn] });
    fs.appendFileSync(world.configFile, `[profile base]\nsource_profile = ada\nrole_arn = ${base.arn}\n`);
    const script = `${CURL} ${URI}/role-arn/${next.arn}`;
    const { stdout } = await served(world, ['-s', '-d', '2h', '--allow-role', next.arn, 'base'], script);
    expect(stdout).toContain('\n200 application/json\n');
    const seconds = world.aws
      .sessions()
      .map(({ issuedAt, expiresAt }) => (expiresAt.getTime() - issuedAt.getTime()) / 1000);
    expect(seconds.slice(-2)).toEqual([7200, 3600]);
  });

  it('passes on that AWS refuses the role', async () => {
    const { stdout } = await served(world, roles(['*']), `${CURL} ${URI}/role-arn/arn:aws:iam::777788889999:role/none`);
    expect(stdout).toMatch(/"Code":"AWS_ACCESS_DENIED"\}\n403 application\/json\n$/);
  });
});

describe('--ecs-listen and --ecs-uri', () => {
  it('choose where the server listens, and what programs are told', async () => {
    const here = await startServer(world, ['-s', '--ecs-listen', '127.0.0.2', 'reader']);
    expect(here.uri).toMatch(/^http:\/\/127\.0\.0\.2:\d+$/);
    expect((await here.get()).status).toBe(200);
    expect((await here.end()).stderr).toBe('');
    const there = await served(
      world,
      ['-s', '--ecs-listen', '127.0.0.1:0', '--ecs-uri', 'http://169.254.170.2/', 'reader'],
      `echo ${URI}`,
    );
    expect(there.stdout).toBe('http://169.254.170.2\n');
  });

  it.each([
    [['--ecs-listen', 'example.com'], '--ecs-listen must be an IP address of this machine'],
    [['--ecs-listen', '127.0.0.1:99999'], '--ecs-listen must be an IP address'],
    [['--ecs-listen', '0.0.0.0'], 'every address of this machine'],
    [['--ecs-listen', '192.0.2.77'], 'cannot serve credentials at 192.0.2.77: this machine has no such address'],
    [['--ecs-uri', 'http://169.254.170.2/path'], '--ecs-uri must be a URI without a path'],
    [['--ecs-uri', 'nonsense'], '--ecs-uri must be a URI'],
  ])('%j is refused', async (flags, message) => {
    const { status, stderr } = await served(world, ['-s', ...flags, 'reader'], 'echo started');
    expect(status).toBe(1);
    expect(stderr).toContain(message);
    expect(operations(world)).toEqual([]);
  });
});

describe('flags that exclude each other', () => {
  it.each([
    [['--ec2-server', '--ecs-server'], "Can't use --ec2-server with --ecs-server"],
    [['--ec2-server', '-s'], "Can't use --ec2-server with --ecs-server"],
    [['--ec2-server', '-n'], "Can't use --ec2-server with --no-session"],
    [['-s', '-n'], "Can't use --ecs-server with --no-session"],
    [['-s', '-j'], "Can't use --ecs-server with --json"],
    [['--ec2-server', '--json'], "Can't use --ec2-server with --json"],
  ])('%j', async (flags, message) => {
    const { status, stderr } = await served(world, [...flags, 'reader'], 'true');
    expect(status).toBe(1);
    expect(stderr).toContain(`error: exec: ${message} [USAGE]\n`);
  });
});

describe('what SDKs would take before they ask the server', () => {
  it.each([
    ['credential_process = false', 'credential_process of [default] in '],
    ['role_arn = arn:aws:iam::777788889999:role/reader\nsource_profile = ada', 'role_arn of [default] in '],
  ])('is pointed out: %s', async (lines, message) => {
    const config = fs.readFileSync(world.configFile, 'utf8');
    fs.writeFileSync(world.configFile, config.replace('[default]', `[default]\n${lines}`));
    expect((await served(world, ['-s', '--lazy', 'ada'], 'true')).stderr).toContain(message);
  });

  it('is pointed out where it is a key in plain text', async () => {
    const file = path.join(world.home, '.aws', 'credentials');
    fs.writeFileSync(file, '[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = x\n');
    const { stderr, status } = await served(world, ['-s', '--lazy', 'ada'], 'true');
    expect(stderr).toContain(`most programs will take the key of [default] in ${file} and not ask the server`);
    expect(status).toBe(0);
  });
});

describe('flags that would do nothing', () => {
  it.each([
    [['-s', '--profile-env'], "exec: Can't use --ecs-server with --profile-env"],
    [['--ec2-server', '--profile-env'], "exec: Can't use --ec2-server with --profile-env"],
    [['--lazy'], "flag '--lazy' does nothing without --ecs-server or --ec2-server, try --help"],
    [['--allow-role', '*'], "flag '--allow-role' does nothing without --ecs-server, try --help"],
    [['--ec2-server', '--allow-role', '*'], "flag '--allow-role' does nothing without --ecs-server, try --help"],
    [['--ecs-listen', '127.0.0.1'], "flag '--ecs-listen' does nothing without --ecs-server, try --help"],
    [['--ecs-uri', 'http://x'], "flag '--ecs-uri' does nothing without --ecs-server, try --help"],
    [['-s', '--ec2-http-tokens=optional'], "flag '--ec2-http-tokens' does nothing without --ec2-server, try --help"],
  ])('%j are refused before anything is done', async (flags, message) => {
    const result = await world.run(['exec', ...flags, 'reader', '--', 'echo', 'started']);
    expect(result).toEqual({ status: 1, stdout: '', stderr: `keyturn: error: ${message} [USAGE]\n` });
    expect(operations(world)).toEqual([]);
  });

  it('say where a flag is set that was not typed', async () => {
    const file = path.join(world.home, '.config/keyturn/config');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, '[exec]\nserver = true\n');
    const { stderr } = await world.run(['exec', '-n', 'reader', '--', 'true']);
    expect(stderr).toBe(
      `keyturn: error: exec: Can't use --ecs-server with --no-session (server is set in ${file}:2; --no-server undoes it) [USAGE]\n`,
    );
    const env = { AWS_VAULT_PROFILE_ENV: '1' };
    const both = await world.run(['exec', 'reader', '--', 'true'], { env });
    expect(both.stderr).toContain('profile-env is set by $AWS_VAULT_PROFILE_ENV; --no-profile-env undoes it) [USAGE]');
    const undone = await world.run(['exec', '--no-server', '-n', 'reader', '--', 'echo', 'started']);
    expect(undone).toEqual({ status: 0, stdout: 'started\n', stderr: '' });
  });

  it('are no harm in a variable, which is for every run', async () => {
    const env = { KEYTURN_ALLOW_ROLE: '*', KEYTURN_ECS_LISTEN: '127.0.0.1', KEYTURN_EC2_HTTP_TOKENS: 'optional' };
    const direct = await world.run(['exec', '--no-lazy', 'reader', '--', 'echo', 'started'], { env });
    expect(direct).toEqual({ status: 0, stdout: 'started\n', stderr: '' });
    const { stdout } = await world.run(['exec', '-s', 'reader', '--', 'env'], { env: { AWS_VAULT_PROFILE_ENV: '1' } });
    expect(stdout).toMatch(/^AWS_VAULT=reader$/m);
    expect(stdout).toMatch(/^AWS_CONTAINER_CREDENTIALS_FULL_URI=/m);
    const named = await world.run(['exec', '--profile-env', 'reader', '--', 'env'], { env });
    expect(named.stdout).toMatch(/^AWS_PROFILE=reader$/m);
  });
});
