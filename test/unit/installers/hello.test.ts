import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commandOf, type HelloOptions, sayHello } from '../../../installers/hello.ts';
import { allowed, hostScript, writeLauncher } from './launcher.ts';

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-hello-'));
});
afterEach(() => {
  fs.rmSync(dir, { recursive: true });
});

const chromium = { family: 'chromium', extension: `chrome-extension://${allowed.chromiumExtensionIds[0]}/` } as const;
const firefox = { family: 'firefox', extension: 'keyturn@keyturn.io' } as const;

function hello(launcherPath: string, options: Partial<HelloOptions> = {}) {
  const manifestFile = path.join(dir, 'io.keyturn.host.json');
  return sayHello({ launcherPath, ...firefox, manifestFile, env: process.env, ...options });
}

describe('a host that works', () => {
  it.each([chromium, firefox])('answers what %j says, with an empty PATH, and leaves', async (browser) => {
    const result = await hello(writeLauncher(dir, hostScript()), browser);
    expect(result).toEqual({
      protocol: 1,
      hostVersion: '0.1.0',
      capabilities: ['console-url', 'prompts', 'open-console', 'lock', 'logins'],
      ms: expect.any(Number),
    });
    expect(result.ms).toBeGreaterThan(0);
  });
});

describe('a host that does not', () => {
  it('because it is missing', async () => {
    await expect(hello(path.join(dir, 'none'))).rejects.toMatchObject({
      code: 'HOST_NOT_FOUND',
      message: expect.stringContaining('does not exist'),
    });
  });

  it('because it may not be executed', async () => {
    const launcher = writeLauncher(dir, hostScript());
    fs.chmodSync(launcher, 0o644);
    await expect(hello(launcher)).rejects.toMatchObject({
      code: 'HOST_FORBIDDEN',
      message: expect.stringContaining('chmod +x'),
    });
  });

  it('because its interpreter is missing', async () => {
    const launcher = path.join(dir, 'keyturn-host');
    fs.writeFileSync(launcher, '#!/nowhere/node\n', { mode: 0o755 });
    await expect(hello(launcher)).rejects.toMatchObject({
      code: 'HOST_GONE',
      message: expect.stringContaining('first line is missing'),
    });
  });

  it('because it counts on PATH', async () => {
    await expect(hello(writeLauncher(dir, 'exec node host.js'))).rejects.toMatchObject({
      code: 'HOST_GONE',
      message: expect.stringMatching(/ended without an answer \(exit status 127\); it said: .*node.*not found/),
    });
  });

  it('because it refuses the caller', async () => {
    const other = { ...firefox, extension: 'evil@example.org' };
    await expect(hello(writeLauncher(dir, hostScript()), other)).rejects.toMatchObject({
      code: 'HOST_GONE',
      message: expect.stringContaining(
        'it said: keyturn-host: the extension "evil@example.org" may not use the Keyturn host',
      ),
    });
  });

  it('because it was killed, and said nothing', async () => {
    await expect(hello(writeLauncher(dir, 'kill -9 $$'))).rejects.toMatchObject({
      code: 'HOST_GONE',
      message: expect.stringMatching(/\(signal SIGKILL\); it said nothing$/),
    });
  });

  it('because it speaks another protocol', async () => {
    await expect(hello(writeLauncher(dir, hostScript('too-new')))).rejects.toMatchObject({
      code: 'VERSION_MISMATCH',
      message: 'the host speaks protocol 2, and this program 1; install both from one release',
    });
  });

  it('because something chats on stdout', async () => {
    await expect(hello(writeLauncher(dir, `echo Welcome back\n${hostScript()}`))).rejects.toMatchObject({
      code: 'BAD_MESSAGE',
    });
  });

  it('because it never answers', async () => {
    const launcher = writeLauncher(dir, 'read line; while :; do read line || :; done');
    await expect(hello(launcher, { timeoutMs: 300 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: `the host "${launcher}" did not answer hello and leave within 0.3 s`,
    });
  });

  it('because it does not leave when its stdin closes', async () => {
    const launcher = writeLauncher(dir, hostScript('never-leaves'));
    await expect(hello(launcher, { timeoutMs: 1500 })).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  it('because the person stopped it', async () => {
    const person = new AbortController();
    const answer = hello(writeLauncher(dir, 'read line; read line'), { signal: person.signal });
    person.abort(new Error('cancelled by SIGINT'));
    await expect(answer).rejects.toThrow('cancelled by SIGINT');
  });
});

it('starts a batch file through the command interpreter, as the browsers of Windows do', () => {
  const options = {
    ...chromium,
    launcherPath: 'C:\\Program Files\\Keyturn\\keyturn-host.bat',
    manifestFile: '',
    env: {},
    platform: 'win32',
  } as const;
  const { args, more } = commandOf(options);
  expect(args).toEqual(['/d', '/s', '/c', `""C:\\Program Files\\Keyturn\\keyturn-host.bat" "${chromium.extension}""`]);
  expect(more).toEqual({ windowsVerbatimArguments: true });
  expect(commandOf({ ...options, launcherPath: 'C:\\keyturn-host.exe' })).toEqual({
    file: 'C:\\keyturn-host.exe',
    args: [chromium.extension],
    more: {},
  });
});
