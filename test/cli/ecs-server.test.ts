import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { itemNames, PASSPHRASE, readAwsVaultItem, writeAwsVaultItem } from './aws-vault-items.ts';
import { HostProcess } from './host-process.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { AUTHORIZATION, CURL, identity, served, startServer, URI } from './served.ts';
import { finished, KEYTURN, operations, type People, populate, startWorld, type World } from './world.ts';

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

/** Lets the latest session in the vault end in so many seconds. */
async function endSoon(seconds: number): Promise<void> {
  const expiresAt = new Date(Date.now() + seconds * 1000);
  const key = itemNames(world)
    .filter((name) => name.startsWith('sts.AssumeRole,'))
    .sort((one, other) => Number(one.split(',').at(-1)) - Number(other.split(',').at(-1)))
    .at(-1);
  if (key === undefined) throw new Error('the vault has no session');
  const { data } = await readAwsVaultItem(world, key);
  await writeAwsVaultItem(world, key.replace(/\d+$/, String(Math.floor(expiresAt.getTime() / 1000))), {
    ...(data as object), // JSON of a session
    Expiration: `${expiresAt.toISOString().slice(0, 19)}Z`,
  });
  fs.rmSync(path.join(world.vaultDir, key));
}

describe('exec --ecs-server', () => {
  it.each([['--ecs-server'], ['--server'], ['-s']])('%s gives the AWS CLI its credentials', async (flag) => {
    const result = await identity(world, [flag, 'reader']);
    expect(result.stdout).toMatch(/^arn:aws:sts::777788889999:assumed-role\/reader\/\d+\n$/);
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(operations(world)).toEqual(['AssumeRole', 'GetCallerIdentity']);
  });

  it('serves the fields that AWS serves, as JSON, with the token and with Bearer before it', async () => {
    const server = await startServer(world, ['-s', 'reader']);
    expect(server.uri).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(Buffer.from(server.token, 'base64url')).toHaveLength(32);
    const { status, type, body } = await server.get();
    expect([status, type]).toEqual([200, 'application/json']);
    expect(Object.keys(body as object)).toEqual(['AccessKeyId', 'Expiration', 'SecretAccessKey', 'Token']);
    const [session] = world.aws.sessions();
    expect(body).toMatchObject({
      AccessKeyId: session?.accessKeyId,
      Expiration: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
    expect((await server.get('/', { authorization: `Bearer ${server.token}` })).status).toBe(200);
    expect((await server.get('', {}, 'HEAD')).body).toBeUndefined();
    expect(await server.end()).toMatchObject({ status: 0, stderr: '' });
    expect(operations(world)).toEqual(['AssumeRole']);
  });

  it('lets nobody in without the token, for another host, or with another method', async () => {
    const server = await startServer(world, ['-s', 'reader']);
    const port = new URL(server.uri).port;
    const refused = { status: 403, type: 'application/json' };
    for (const authorization of ['', 'wrong', `${server.token}x`, server.token.slice(1), 'Bearer ']) {
      expect(await server.get('/', { authorization })).toEqual({
        ...refused,
        body: { Message: 'invalid Authorization token' },
      });
    }
    for (const host of [
      'evil.example',
      '127.0.0.1',
      `127.0.0.1:1${port}`,
      `127.0.0.1.evil.example:${port}`,
      `[::1]:${port}`,
    ]) {
      expect(await server.get('/', { host })).toEqual({
        ...refused,
        body: { Message: `access denied for host ${JSON.stringify(host)}` },
      });
    }
    expect((await server.get('/', {}, 'POST')).status).toBe(405);
    expect((await server.get('/')).status).toBe(200);
    await server.end();
  });

  it('starts without any prompt where no MFA is needed', async () => {
    const env = { AWS_VAULT_PROMPT: 'terminal' };
    expect((await identity(world, ['-s', 'reader'], env)).status).toBe(0);
  });

  it('takes a code from the command line once, and asks for none while the session lasts', async () => {
    const result = await identity(world, ['-s', 'admin', '-t', people.device.freshCode()]);
    expect(result.stdout).toMatch(/assumed-role\/admin/);
    expect((await identity(world, ['-s', 'admin'])).status).toBe(0);
    expect(operations(world).filter((name) => name === 'GetSessionToken')).toHaveLength(1);
  });

  it('asks in the terminal before the program has it', async () => {
    const script = `curl -s ${AUTHORIZATION} ${URI} | grep -o AccessKeyId`;
    const terminal = new PseudoTerminal(`${KEYTURN} exec -s admin -- sh -c '${script}'`, world.env);
    await terminal.shows(`Enter MFA code for ${people.device.serial}: `);
    terminal.type(`${people.device.freshCode()}\r`);
    await terminal.shows('AccessKeyId');
    expect(await terminal.status()).toBe(0);
  });

  it('never asks in the terminal while the program has it', async () => {
    const script = `curl -s ${AUTHORIZATION} ${URI}; read -r line; echo "read <$line>"`;
    const terminal = new PseudoTerminal(`${KEYTURN} exec -s --lazy admin -- sh -c '${script}'`, world.env);
    await terminal.shows('"Code":"MFA_REQUIRED"');
    expect(terminal.output).toContain('(terminal: the running program has it; browser: no browser');
    terminal.type('typed\r');
    await terminal.shows('read <typed>');
    expect(await terminal.status()).toBe(0);
    expect(operations(world)).toEqual([]);
  });

  it('asks in a browser that is connected, once for all requests, while the program runs', async () => {
    const host = new HostProcess({ env: world.env });
    await host.hello();
    await host.call('subscribePrompts');
    const server = await startServer(world, ['-s', '--lazy', 'admin']);
    const all = Promise.all([server.get(), server.get()]);
    const { prompts } = await host.next(({ event, prompts: open }) => event === 'prompts' && open?.length === 1);
    expect(prompts?.[0]).toMatchObject({ kind: 'mfa', profile: 'admin', requester: { program: 'sh' } });
    await host.call('answerPrompt', { promptId: prompts?.[0]?.promptId, answer: people.device.freshCode() });
    expect((await all).map(({ status }) => status)).toEqual([200, 200]);
    expect(operations(world)).toEqual(['GetSessionToken', 'AssumeRole']);
    await server.end();
    await host.close();
  });

  it('takes its question back when the program ends', async () => {
    const host = new HostProcess({ env: world.env });
    await host.hello();
    await host.call('subscribePrompts');
    const server = await startServer(world, ['-s', '--lazy', 'admin']);
    const request = server.get().catch(() => 'no answer');
    await host.next(({ event, prompts: open }) => event === 'prompts' && open?.length === 1);
    const asked = host.messages.length;
    expect((await server.end()).status).toBe(0);
    expect(await request).toBe('no answer');
    await host.next(({ event, prompts: open }) => event === 'prompts' && open?.length === 0, asked);
    await host.close();
  });

  it('gets nothing before the first request with --lazy, and then for all of them at once', async () => {
    const server = await startServer(world, ['-s', '--lazy', 'reader']);
    expect(operations(world)).toEqual([]);
    const hold = world.aws.hold({ operation: 'AssumeRole' });
    const all = Promise.all([server.get(), server.get(), server.get(), server.get()]);
    await hold.arrived;
    hold.release();
    expect((await all).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(operations(world)).toEqual(['AssumeRole']);
    await server.end();
  });

  it('says what AWS said, to the program with --lazy and to the person without', async () => {
    world.aws.deleteAccessKey(people.key.accessKeyId);
    const { status, stderr } = await served(world, ['-s', 'reader'], 'echo started');
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /exec: Retrieving creds: failed to refresh cached credentials, .*\[AWS_CREDENTIALS_INVALID\]\n$/,
    );
    const lazy = await served(world, ['-s', '--lazy', 'reader'], `${CURL} ${URI}`);
    expect(lazy.stdout).toMatch(
      /^\{"Message":"failed to refresh cached credentials, .*"Code":"AWS_CREDENTIALS_INVALID"\}\n500 application\/json\n$/,
    );
  });

  it('replaces a cached session that has little time left, and only such a one', async () => {
    // The clock of AWS is behind, so this session of 20 minutes ends after 15 minutes 20 seconds: more than a third of it is left.
    const times = () => operations(world).filter((name) => name === 'AssumeRole').length;
    const env = { AWS_ASSUME_ROLE_TTL: '20m' };
    world.aws.setClockOffsetSeconds(-280);
    await world.run(['exec', 'reader', '--', 'true'], { env });
    await served(world, ['-s', 'reader'], 'true', env);
    expect(times()).toBe(1);
    const shorter = { AWS_ASSUME_ROLE_TTL: '1h' };
    await world.run(['exec', 'reader', '--', 'true'], { env: shorter });
    await endSoon(14 * 60);
    await world.run(['exec', 'reader', '--', 'true'], { env: shorter });
    expect(times()).toBe(2);
    await served(world, ['-s', 'reader'], 'true', shorter);
    expect(times()).toBe(3);
  });

  it('starts a shell when no program is given', async () => {
    const { stdout } = await world.run(['exec', '-s', 'reader'], { env: { SHELL: '/usr/bin/env' } });
    expect(stdout).toMatch(/^AWS_CONTAINER_CREDENTIALS_FULL_URI=http:/m);
  });

  it('needs the passphrase of the vault before the program starts, also with --lazy', async () => {
    const command = `exec ${KEYTURN} exec -s --lazy reader -- sh -c 'curl -s ${AUTHORIZATION} ${URI} | grep -o Secret'`;
    const env: Record<string, string | undefined> = { ...world.env, AWS_VAULT_FILE_PASSPHRASE: undefined };
    const terminal = new PseudoTerminal(command, env);
    await terminal.shows('Enter passphrase to unlock');
    terminal.type(`${PASSPHRASE}\r`);
    await terminal.shows('Secret');
    expect(await terminal.status()).toBe(0);
  });

  it('keeps the status of the program, and ends with it', async () => {
    const { status, stdout } = await served(world, ['-s', 'reader'], `echo ${URI}; exit 7`);
    expect(status).toBe(7);
    await expect(fetch(stdout.trim())).rejects.toThrow();
    expect((await served(world, ['-s', 'reader'], 'kill -9 $$')).status).toBe(137);
  });

  it('passes signals on to the program', async () => {
    const script = 'trap "echo got TERM; exit 9" TERM; echo ready; while :; do sleep 0.1; done';
    const child = world.start(['exec', '-s', 'reader', '--', 'sh', '-c', script]);
    let shown = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (shown += text));
    const result = finished(child);
    await expect.poll(() => shown).toContain('ready');
    child.kill('SIGTERM');
    expect(await result).toMatchObject({ status: 9, stdout: expect.stringContaining('got TERM') });
  });

  it('goes on serving after a Ctrl-C that only the program heeds', async () => {
    const script = `trap "curl -s ${AUTHORIZATION.replaceAll('"', '\\"')} ${URI} | grep -o Secret; exit 3" INT; echo ready; while :; do sleep 0.1; done`;
    const file = path.join(world.home, 'script');
    fs.writeFileSync(file, script);
    const terminal = new PseudoTerminal(`exec ${KEYTURN} exec -s --lazy reader -- sh ${file}`, world.env);
    await terminal.shows('ready');
    terminal.type('\x03');
    await terminal.shows('Secret');
    expect(await terminal.status()).toBe(3);
  });

  it('stops and goes on together with the program, as a job of a shell', async () => {
    const script = path.join(world.home, 'script');
    fs.writeFileSync(script, 'echo "ready $PPID $$"; exec sleep 60');
    const env = { ...world.env, PS1: 'shell> ', ENV: '' };
    const terminal = new PseudoTerminal('exec bash --norc --noprofile -i', env);
    await terminal.shows('shell> ');
    terminal.type(`${KEYTURN} exec -s reader -- sh ${script}\r`);
    await terminal.shows('ready ');
    await expect.poll(() => terminal.output).toMatch(/ready \d+ \d+/);
    const [, server = '', program = ''] = /ready (\d+) (\d+)/.exec(terminal.output) ?? [];
    const states = (): string =>
      [server, program]
        .map((pid) => /^State:\s+(\S)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
        .join('');
    terminal.type('\x1a');
    await terminal.shows('Stopped');
    await expect.poll(states).toBe('TT');
    terminal.type('fg\r');
    await expect.poll(states).not.toContain('T');
    // From elsewhere, to the server alone.
    process.kill(Number(server), 'SIGTERM');
    await terminal.shows('shell> ', terminal.output.lastIndexOf('fg'));
    terminal.type('exit $?\r');
    expect(await terminal.status()).toBe(143);
  });

  it('serves several programs side by side, each its own', async () => {
    const servers = await Promise.all([startServer(world, ['-s', 'reader']), startServer(world, ['-s', 'reader'])]);
    const [one, two] = servers;
    expect((await one?.get())?.status).toBe(200);
    expect((await two?.get('/', { authorization: one?.token }))?.status).toBe(403);
    await Promise.all(servers.map(({ end }) => end()));
    expect(operations(world)).toEqual(['AssumeRole']);
  });

  it('has an environment without keys, and without what would win over the server', async () => {
    const env = {
      AWS_PROFILE: 'x',
      AWS_ROLE_ARN: '',
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/old',
      AWS_ACCESS_KEY_ID: 'AKIAOLD',
    };
    const { stdout } = await served(world, ['-s', 'reader'], 'env', env);
    expect(stdout).toMatch(/^AWS_VAULT=reader$/m);
    expect(stdout).toMatch(/^AWS_REGION=us-east-2$/m);
    expect(stdout).not.toMatch(/AWS_(ACCESS|SECRET|SESSION|PROFILE|CREDENTIAL_EXP|VAULT_FILE_PASS)|RELATIVE_URI/);
  });

  it('says with --debug what was asked, without the token', async () => {
    const { stderr, stdout } = await served(
      world,
      ['--debug', '-s', 'reader'],
      `echo $AWS_CONTAINER_AUTHORIZATION_TOKEN; ${CURL} -o /dev/null "${URI}/x?y=z"`,
    );
    expect(stderr).toContain('GET "/x": 200');
    expect(stderr).not.toContain(stdout.slice(0, 20));
    expect(stderr).not.toContain('y=z');
  });
});
