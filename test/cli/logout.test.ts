import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LoginWorld, partsOf, startLoginWorld } from './login-world.ts';

let world: LoginWorld;
let PATH: string;

beforeAll(async () => {
  world = await startLoginWorld();
  const bin = path.join(world.home, 'bin');
  fs.mkdirSync(bin);
  // A default browser: it goes where it is sent, and writes down where that was.
  const script =
    '#!/bin/sh\ncurl -s -o /dev/null -w "%{redirect_url}" "$1" > "$HOME/opened.part"\nmv "$HOME/opened.part" "$HOME/opened"\n';
  fs.writeFileSync(path.join(bin, 'xdg-open'), script, { mode: 0o755 });
  PATH = `${bin}:/usr/bin:/bin`;
});
beforeEach(() => {
  world.begin();
  fs.rmSync(path.join(world.home, 'opened'), { force: true });
});
afterAll(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

async function opened(): Promise<string> {
  const file = path.join(world.home, 'opened');
  await expect.poll(() => fs.existsSync(file)).toBe(true);
  return fs.readFileSync(file, 'utf8');
}

const sessions = async (): Promise<string> => (await world.run(['list', '--sessions'])).stdout;
const signOut = (): string => `${world.aws.url}/oauth?Action=logout`;

describe('logout', () => {
  it('opens the sign-out page and forgets the profile’s sessions, and no others', async () => {
    partsOf(await world.login('reader'));
    partsOf(await world.login('inner'));
    expect(await world.run(['logout', 'reader'], { env: { PATH } })).toEqual({
      status: 0,
      stdout: '',
      stderr: 'Cleared 1 sessions.\n',
    });
    expect(await opened()).toBe(signOut());
    expect(await sessions()).not.toBe('');
    partsOf(await world.login('reader'));
    expect(world.operations().filter((name) => name === 'AssumeRole')).toHaveLength(3);
  });

  it('keeps them with --keep-sessions, and all of them without a profile', async () => {
    partsOf(await world.login('reader'));
    const before = await sessions();
    expect((await world.run(['logout', '--keep-sessions', 'reader'], { env: { PATH } })).stderr).toBe('');
    expect((await world.run(['logout'], { env: { PATH } })).stderr).toBe('');
    expect(await opened()).toBe(signOut());
    expect((await sessions()).split('\n').length).toBe(before.split('\n').length);
  });

  it('forgets the sessions also when no browser can be opened, and refuses a name that nobody knows', async () => {
    partsOf(await world.login('reader'));
    const failed = await world.run(['logout', 'reader'], { env: { PATH: '/nonexistent' } });
    expect(failed.stderr).toMatch(
      /^Cleared 1 sessions\.\nkeyturn: error: logout: there is no browser to open here: .*\[PROCESS_FAILED\]\n$/,
    );
    const typo = await world.run(['logout', 'raeder'], { env: { PATH } });
    expect(typo.stderr).toMatch(/^keyturn: error: logout: profile "raeder" is neither .*\[PROFILE_NOT_FOUND\]\n$/);
    expect(fs.existsSync(path.join(world.home, 'opened'))).toBe(false);
  });

  it('prints the page with --stdout or AWS_VAULT_STDOUT', async () => {
    for (const [flags, env] of [
      [['-s'], {}],
      [[], { AWS_VAULT_STDOUT: 'true' }],
    ] as const) {
      const { stdout } = await world.run(['logout', ...flags], { env });
      expect(stdout).toBe(`${signOut()}\n`);
    }
  });
});

describe('with the socket of a browser that is gone', () => {
  it('login and logout open the default browser, and say why with --debug only', async () => {
    const stateDir = path.join(world.home, '.local/state/keyturn');
    fs.mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const server = net.createServer().listen(path.join(stateDir, 'host-4194305.sock'));
    server.close();
    fs.writeFileSync(path.join(stateDir, 'host-4194306.sock'), ''); // no socket at all
    expect(await world.run(['login', 'reader'], { env: { PATH } })).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await opened()).toContain('Action=login');
    const { stderr } = await world.run(['--debug', 'login', 'reader'], { env: { PATH } });
    expect(stderr).toContain('no browser with the Keyturn extension is connected: opening the default browser');
    expect(stderr).not.toContain('SigninToken');
    expect((await world.run(['logout', 'reader'], { env: { PATH } })).status).toBe(0);
    const named = await world.run(['login', 'reader', '--browser', 'firefox'], { env: { PATH } });
    expect(named.stderr).toMatch(/no firefox with the Keyturn extension is connected.*\[BROWSER_NOT_CONNECTED\]\n$/);
  });
});
