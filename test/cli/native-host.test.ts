import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM, FIREFOX, frame, HOST, HostProcess, header, type Message } from './host-process.ts';
import { KEYTURN, type People, populate, startWorld, type World } from './world.ts';

let world: World;
let people: People;
const hosts: HostProcess[] = [];

beforeAll(async () => {
  world = await startWorld();
  people = await populate(world);
});
afterAll(async () => {
  await Promise.all(hosts.map((host) => host.close()));
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

function start(options: Partial<ConstructorParameters<typeof HostProcess>[0]> = {}): HostProcess {
  const host = new HostProcess({ ...options, env: { ...world.env, PATH: '', ...options.env } });
  hosts.push(host);
  return host;
}

async function greeted(env: Record<string, string | undefined> = {}): Promise<HostProcess> {
  const host = start({ env });
  expect(await host.hello()).toMatchObject({ ok: true });
  return host;
}

/** The prompt that is open after `from`. */
async function prompt(host: HostProcess, from: number): Promise<Record<string, string>> {
  const { prompts = [] } = await host.next(
    ({ event, prompts: list }) => event === 'prompts' && list?.length === 1,
    from,
  );
  return prompts[0] ?? {};
}

describe('a browser', () => {
  it.each([
    ['Firefox', FIREFOX],
    ['Chromium', CHROMIUM],
    ['Chromium on Windows', [...CHROMIUM, '--parent-window=0']],
  ])('such as %s says hello and lists the profiles', async (_, args) => {
    const host = start({ args });
    expect(await host.hello()).toMatchObject({
      ok: true,
      result: {
        protocol: 1,
        hostVersion: expect.stringMatching(/^\d+\.\d+\.\d+$/),
        capabilities: ['console-url', 'prompts', 'open-console', 'lock', 'logins'],
      },
    });
    const { result } = await host.call('list');
    expect(result?.profiles).toEqual([
      { name: 'ada', kind: 'user', region: 'eu-west-1', accountId: '111122223333', mfaSerial: people.device.serial },
      {
        name: 'admin',
        kind: 'role',
        region: 'eu-west-1',
        accountId: '444455556666',
        roleName: 'admin',
        mfaSerial: people.device.serial,
      },
      { name: 'reader', kind: 'role', region: 'us-east-2', accountId: '777788889999', roleName: 'reader' },
    ]);
    expect(await host.close()).toBe(0);
    expect(host.stderr).toBe('');
  });

  it('gets a sign-in URL and nothing else of the credentials', async () => {
    const host = await greeted();
    const answer = await host.call('consoleUrl', { profile: 'reader', path: '/s3/home' });
    expect(Object.keys(answer.result ?? {})).toEqual(['url']);
    const url = new URL(String(answer.result?.url));
    expect(url.searchParams.get('Destination')).toBe(
      'https://us-east-2.console.aws.amazon.com/s3/home?region=us-east-2',
    );
    expect((await fetch(url, { redirect: 'manual' })).status).toBe(302);
    expect(await host.call('consoleUrl', { profile: 'ada', region: 'eu-west-3' })).toMatchObject({ ok: true });
  });

  it.each<[object, string]>([
    [{ profile: 'raeder' }, 'PROFILE_NOT_FOUND'],
    [{ profile: 'reader', roleArn: 'arn:aws:iam::1:role/x' }, 'BAD_MESSAGE'],
    [{ profile: 'reader', region: 'x/../y' }, 'BAD_MESSAGE'],
    [{ profile: 'reader', path: '//evil.example' }, 'BAD_MESSAGE'],
    [{ profile: 7 }, 'BAD_MESSAGE'],
    [{}, 'BAD_MESSAGE'],
  ])('that asks for %j hears %s', async (params, code) => {
    const host = await greeted();
    const before = world.aws.calls.length;
    const { ok, error } = await host.call('consoleUrl', params);
    expect([ok, error?.code]).toEqual([false, code]);
    expect(error?.message).not.toContain('\n');
    expect(world.aws.calls).toHaveLength(before);
  });
});

describe('a question', () => {
  it('for a code is asked again after a wrong one, and the sign-in goes on', async () => {
    const host = await greeted();
    await host.call('subscribePrompts');
    const url = host.call('consoleUrl', { profile: 'admin' });
    const first = await prompt(host, 0);
    expect(first).toMatchObject({
      kind: 'mfa',
      profile: 'admin',
      mfaSerial: people.device.serial,
      requester: { source: 'browser' },
    });
    expect(first).not.toHaveProperty('rejected');
    expect(await host.call('answerPrompt', { promptId: first.promptId, answer: '12' })).toMatchObject({
      error: { code: 'BAD_MESSAGE' },
    });
    const asked = host.messages.length;
    await host.call('answerPrompt', { promptId: first.promptId, answer: '000 000' });
    const second = await prompt(host, asked);
    expect(second.promptId).not.toBe(first.promptId);
    expect(second.rejected).toContain('enter the next one');
    await host.call('answerPrompt', { promptId: second.promptId, answer: people.device.freshCode() });
    expect(await url).toMatchObject({ ok: true });
    expect(await host.call('answerPrompt', { promptId: second.promptId, answer: '000000' })).toMatchObject({
      error: { code: 'CANCELLED' },
    });
  });

  it('that is cancelled ends the sign-in', async () => {
    const host = await greeted();
    const config = path.join(world.home, 'other-region');
    fs.writeFileSync(config, fs.readFileSync(world.configFile, 'utf8').replace('eu-west-1', 'eu-west-2'));
    const cancelling = await greeted({ AWS_CONFIG_FILE: config });
    for (const one of [host, cancelling]) await one.call('subscribePrompts');
    const url = cancelling.call('consoleUrl', { profile: 'admin' });
    const { promptId } = await prompt(cancelling, 0);
    await cancelling.call('cancelPrompt', { promptId });
    expect(await url).toMatchObject({ ok: false, error: { code: 'CANCELLED' } });
  });

  it('for the passphrase comes before one for a code, and a wrong one can be corrected', async () => {
    const host = await greeted({ AWS_VAULT_FILE_PASSPHRASE: undefined });
    await host.call('subscribePrompts');
    const url = host.call('consoleUrl', { profile: 'reader', region: 'eu-west-2' });
    const first = await prompt(host, 0);
    expect(first).toMatchObject({ kind: 'passphrase', vaultDir: expect.stringContaining('.awsvault/keys') });
    const asked = host.messages.length;
    await host.call('answerPrompt', { promptId: first.promptId, answer: 'wrong' });
    const second = await prompt(host, asked);
    expect(second.rejected).toContain('passphrase is wrong');
    await host.call('answerPrompt', { promptId: second.promptId, answer: 'correct horse' });
    expect(await url).toMatchObject({ ok: true });
  });
});

describe('what is no message', () => {
  it.each<[what: string, bytes: Buffer]>([
    ['is not JSON', frame('{"id":1')],
    ['is not UTF-8', frame(Buffer.from([0x22, 0xff, 0x22]))],
    ['is no object', frame('[1]')],
    ['is empty', frame('')],
    ['has no id', frame('{"action":"list","params":{}}')],
    ['is nested without end', frame(`{"id":1,"action":"list","params":${'['.repeat(100)}${']'.repeat(100)}}`)],
  ])('because it %s is answered, and the next one works', async (_, bytes) => {
    const host = await greeted();
    const before = host.messages.length;
    host.send(bytes);
    const { ok, error } = await host.next(() => true, before);
    expect([ok, error?.code]).toEqual([false, 'BAD_MESSAGE']);
    expect(await host.call('list')).toMatchObject({ ok: true });
  });

  it.each<[string, object]>([
    ['an unknown action', { action: 'exportCredentials', params: {} }],
    ['an action of every object', { action: 'constructor', params: {} }],
    ['a list before hello', { action: 'list', params: {} }],
  ])('such as %s is refused with its id', async (what, message) => {
    const host = what === 'a list before hello' ? start() : await greeted();
    host.send(frame(JSON.stringify({ id: 77, ...message })));
    const { ok, error } = await host.next(({ id }) => id === 77);
    expect([ok, error?.code]).toEqual([false, 'BAD_MESSAGE']);
  });

  it('because it is too long ends the host, as nothing after it can be trusted', async () => {
    const host = await greeted();
    host.send(header(64 * 1024 * 1024));
    const { id, error } = await host.next((message) => message.error !== undefined);
    expect([id, error?.code]).toEqual([null, 'BAD_MESSAGE']);
    expect(await host.exited).not.toBeNull();
  });

  it('because it breaks off ends the host', async () => {
    const host = await greeted();
    host.send(Buffer.concat([header(100), Buffer.from('{"id"')]));
    expect(await host.close()).not.toBeNull();
    expect(host.stderr).not.toMatch(/\bat .*:\d+:\d+/);
  });
});

describe('a caller', () => {
  it.each<[string, string[]]>([
    ['another extension of Chromium', ['chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/']],
    ['another add-on of Firefox', [FIREFOX[0] ?? '', 'evil@example.org']],
    ['a terminal', []],
    ['a web page', ['https://evil.example/']],
  ])('that is %s is told so and gets nothing', async (_, args) => {
    const host = start({ args });
    expect(await host.hello()).toMatchObject({ ok: false, error: { code: 'HOST_FORBIDDEN' } });
    expect(await host.exited).toBe(1);
    expect(host.stderr).toMatch(/^keyturn-host: [^\n]+ \[HOST_FORBIDDEN\]\n$/);
    expect(host.messages).toHaveLength(1);
  });
});

describe('it leaves when its stdin closes', () => {
  it('idle, without a word, or before hello', async () => {
    const host = await greeted();
    expect(await host.close()).toBe(0);
    expect(await start().close()).toBe(0);
  });

  it('also while a question is open or AWS is slow', async () => {
    const host = await greeted({ AWS_REGION: 'ap-south-1' });
    await host.call('subscribePrompts');
    const pending = host.call('consoleUrl', { profile: 'admin' }).catch(() => undefined);
    await prompt(host, 0);
    expect(await host.close()).toBe(0);
    await pending;

    const hold = world.aws.hold({ operation: 'AssumeRole' });
    const slow = await greeted({ AWS_REGION: 'ap-south-1' });
    const held = slow.call('consoleUrl', { profile: 'reader' }).catch(() => undefined);
    await hold.arrived;
    expect(await slow.close()).toBe(0);
    hold.release();
    await held;
  });
});

describe('the launchers', () => {
  const run = promisify(execFile);
  const version = /^\d+\.\d+\.\d+\n$/;

  it('start the host through a symlink, relatively, from any directory, with nothing in the environment', async () => {
    const link = path.join(world.home, 'link to host');
    fs.symlinkSync(HOST, link);
    const second = path.join(world.home, 'link to link');
    fs.symlinkSync(path.basename(link), second);
    const starts = [
      start({ file: link }),
      start({ file: second, cwd: '/' }),
      start({ file: './keyturn-host', cwd: path.dirname(HOST) }),
      start({ env: Object.fromEntries(Object.keys(world.env).map((name) => [name, undefined])), cwd: '/' }),
    ];
    const answers: Message[] = await Promise.all(starts.map((host) => host.hello()));
    expect(answers.map(({ ok }) => ok)).toEqual(starts.map(() => true));
  });

  it('start keyturn likewise', async () => {
    const link = path.join(world.home, 'kt');
    fs.symlinkSync(KEYTURN, link);
    const none = { env: {}, cwd: '/' };
    const results = await Promise.all([
      run(link, ['--version'], none),
      run('./keyturn', ['--version'], { env: {}, cwd: path.dirname(KEYTURN) }),
      run('/bin/sh', ['-c', 'cd dist && PATH=. && keyturn --version'], { env: {} }),
      run('/usr/bin/env', ['-i', `HOME=${world.home}`, link, '--version'], none),
    ]);
    for (const { stderr } of results) expect(stderr).toMatch(version);
    const { stderr } = await run(link, ['bogus'], none).catch((error: { stderr: string }) => error);
    expect(stderr).toMatch(/^kt: error: expected command but got "bogus"/);
  });

  it('keep NODE_OPTIONS and a stray node away from the vault', async () => {
    const trap = path.join(world.home, 'trap.cjs');
    fs.writeFileSync(trap, 'console.log("trapped")');
    const result = await run(KEYTURN, ['--version'], { env: { NODE_OPTIONS: `--require ${trap}` }, cwd: '/' });
    expect(result.stdout).toBe('');
    const host = start({ env: { NODE_OPTIONS: `--require ${trap}` } });
    expect(await host.hello()).toMatchObject({ ok: true });
  });
});
