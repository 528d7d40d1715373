import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type InstallOptions, install, uninstall } from '../../../installers/register.ts';
import { allowed, writeLauncher } from './launcher.ts';

let dir: string;
let homeDir: string;
let rootDir: string;
let launcherPath: string;

beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-register-'));
  homeDir = path.join(dir, 'home');
  rootDir = path.join(dir, 'root');
  for (const made of [homeDir, rootDir]) fs.mkdirSync(made);
  launcherPath = writeLauncher(dir, 'exit 0');
});
afterEach(() => {
  fs.rmSync(dir, { recursive: true });
});

function options(more: Partial<InstallOptions> = {}): InstallOptions {
  return { launcherPath, allowed, homeDir, rootDir, env: {}, platform: 'linux', ...more };
}

function make(...dirs: string[]) {
  for (const made of dirs) fs.mkdirSync(path.join(homeDir, made), { recursive: true });
}

/** Every file below a directory. */
function files(below: string): string[] {
  return fs
    .readdirSync(below, { recursive: true, withFileTypes: true })
    .flatMap((entry) => (entry.isFile() ? path.relative(below, path.join(entry.parentPath, entry.name)) : []))
    .sort();
}

const read = (file: string): unknown => JSON.parse(fs.readFileSync(path.join(homeDir, file), 'utf8'));
const mode = (file: string) => (fs.statSync(path.join(homeDir, file)).mode & 0o777).toString(8);
const FIREFOX = '.mozilla/native-messaging-hosts/io.keyturn.host.json';
const CHROMIUM = '.config/chromium/NativeMessagingHosts/io.keyturn.host.json';
const CHROME = '.config/google-chrome/NativeMessagingHosts/io.keyturn.host.json';

describe('install', () => {
  it('writes what each browser found here wants to read, and nothing else', async () => {
    make('.mozilla/firefox', '.config/chromium', '.config/google-chrome');
    const { changes, notes } = await install(options());
    expect(changes.map(({ title, action, file }) => [title, action, path.relative(homeDir, file)])).toEqual([
      ['Chromium', 'written', CHROMIUM],
      ['Google Chrome', 'written', CHROME],
      ['Firefox', 'written', FIREFOX],
    ]);
    expect(notes).toEqual([]);
    expect(files(homeDir)).toEqual([CHROMIUM, CHROME, FIREFOX]);
    const common = {
      name: 'io.keyturn.host',
      description: 'Keyturn: the vault for AWS credentials on this computer',
      path: launcherPath,
      type: 'stdio',
    };
    expect(read(FIREFOX)).toEqual({ ...common, allowed_extensions: ['keyturn@keyturn.io'] });
    expect(read(CHROMIUM)).toEqual({ ...common, allowed_origins: [`chrome-extension://${'a'.repeat(32)}/`] });
    expect(read(CHROME)).toEqual(read(CHROMIUM));
    expect([mode(FIREFOX), mode(path.dirname(FIREFOX))]).toEqual(['644', '755']);
  });

  it('changes nothing when it is repeated, and everything when the launcher has moved', async () => {
    make('.mozilla/firefox');
    await install(options());
    const before = fs.statSync(path.join(homeDir, FIREFOX)).ctimeMs;
    expect((await install(options())).changes).toMatchObject([{ action: 'unchanged' }]);
    expect(fs.statSync(path.join(homeDir, FIREFOX)).ctimeMs).toBe(before);
    const moved = writeLauncher(dir, 'exit 0', 'moved');
    expect((await install(options({ launcherPath: moved }))).changes).toMatchObject([{ action: 'written' }]);
    expect(read(FIREFOX)).toMatchObject({ path: moved });
  });

  it('touches no directory that was there', async () => {
    make('.mozilla/firefox');
    fs.chmodSync(path.join(homeDir, '.mozilla'), 0o700);
    await install(options());
    expect(mode('.mozilla')).toBe('700');
  });

  it('does not take its own directory for a browser', async () => {
    await install(options({ browsers: ['chromium'] }));
    await expect(install(options())).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('follows XDG_CONFIG_HOME, as Chromium does', async () => {
    make('conf/chromium');
    await install(options({ env: { XDG_CONFIG_HOME: path.join(homeDir, 'conf') } }));
    expect(files(homeDir)).toEqual(['conf/chromium/NativeMessagingHosts/io.keyturn.host.json']);
  });

  it.each([
    ['usr/bin/firefox-esr', 'Firefox'],
    ['opt/google/chrome/chrome', 'Google Chrome'],
    ['usr/bin/chromium', 'Chromium'],
  ])('finds a browser that was never started by %s', async (program, title) => {
    fs.mkdirSync(path.dirname(path.join(rootDir, program)), { recursive: true });
    fs.writeFileSync(path.join(rootDir, program), '');
    expect((await install(options())).changes).toMatchObject([{ title, action: 'written' }]);
  });

  it('finds a browser on PATH', async () => {
    const bin = path.join(dir, 'bin');
    fs.mkdirSync(bin);
    fs.writeFileSync(path.join(bin, 'firefox'), '');
    expect((await install(options({ env: { PATH: `relative:${bin}` } }))).changes).toMatchObject([
      { title: 'Firefox' },
    ]);
  });

  it('says what it looked for when there is no browser', async () => {
    await expect(install(options())).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(
        /^found none of Chromium, Google Chrome, Firefox \(looked for .*\.config\/chromium, .*\.mozilla\/firefox.*\); 'keyturn host install --browser firefox' installs all the same$/,
      ),
    });
    expect(files(homeDir)).toEqual([]);
  });

  it('installs for a browser that is asked for by name, found or not', async () => {
    expect((await install(options({ browsers: ['firefox'] }))).changes).toMatchObject([
      { title: 'Firefox', action: 'written' },
    ]);
    expect(files(homeDir)).toEqual([FIREFOX]);
  });

  it('serves a Chromium with a user data directory of its own', async () => {
    const own = path.join(dir, 'data');
    await install(options({ userDataDirs: [own] }));
    await install(options({ userDataDirs: [path.join(own, 'NativeMessagingHosts')] }));
    expect(files(own)).toEqual(['NativeMessagingHosts/io.keyturn.host.json']);
    expect(files(homeDir)).toEqual([]);
  });

  it('for the whole system writes below the root, and to the second place of Firefox only where it exists', async () => {
    await install(options({ browsers: ['chromium', 'chrome', 'firefox'], system: true }));
    const first = [
      'etc/chromium/native-messaging-hosts/io.keyturn.host.json',
      'etc/opt/chrome/native-messaging-hosts/io.keyturn.host.json',
      'usr/lib/mozilla/native-messaging-hosts/io.keyturn.host.json',
    ];
    expect(files(rootDir)).toEqual(first);
    fs.mkdirSync(path.join(rootDir, 'usr/lib64/mozilla'), { recursive: true });
    await install(options({ browsers: ['firefox'], system: true }));
    expect(files(rootDir)).toEqual([...first, 'usr/lib64/mozilla/native-messaging-hosts/io.keyturn.host.json']);
    expect(files(homeDir)).toEqual([]);
  });

  it('keeps a manifest of the same name that is not ours, and says so', async () => {
    make(path.dirname(FIREFOX));
    const theirs = '{"name":"io.keyturn.host","path":"/opt/other","type":"stdio","allowed_extensions":["x"]}';
    fs.writeFileSync(path.join(homeDir, FIREFOX), theirs);
    const { changes } = await install(options({ browsers: ['firefox'] }));
    const kept = path.join(homeDir, `${FIREFOX}.before-keyturn`);
    expect(changes).toMatchObject([{ action: 'replaced', note: `the manifest that was there is kept as ${kept}` }]);
    expect(fs.readFileSync(kept, 'utf8')).toBe(theirs);
    expect(read(FIREFOX)).toMatchObject({ path: launcherPath });
  });

  it.each([
    ['relative', 'HOST_NOT_FOUND', 'is not an absolute path, and a browser starts no other'],
    ['/nowhere/keyturn-host', 'HOST_NOT_FOUND', 'does not exist; build or install Keyturn again'],
  ])('refuses the launcher %s before it writes anything', async (launcher, code, message) => {
    await expect(install(options({ browsers: ['firefox'], launcherPath: launcher }))).rejects.toMatchObject({
      code,
      message: `the launcher "${launcher}" ${message}`,
    });
    expect(files(homeDir)).toEqual([]);
  });

  it('says which place cannot be written to', async () => {
    fs.writeFileSync(path.join(homeDir, '.mozilla'), '');
    await expect(install(options({ browsers: ['firefox'] }))).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/^cannot write ".*io\.keyturn\.host\.json": the system says /),
    });
  });

  it('tells what is possible with browsers from Snap and Flatpak', async () => {
    make('snap/firefox', 'snap/chromium', '.var/app/org.mozilla.firefox', '.mozilla/firefox');
    const { notes } = await install(options());
    expect(notes).toEqual([
      expect.stringMatching(/^Chromium from Snap cannot start programs outside its sandbox/),
      expect.stringMatching(/^Firefox from Snap starts the host through the desktop portal/),
      expect.stringMatching(/^Firefox from Flatpak cannot start programs outside its sandbox/),
    ]);
  });

  it('knows the places of macOS', async () => {
    make('Library/Application Support/Google/Chrome', 'Library/Application Support/Firefox');
    await install(options({ platform: 'darwin' }));
    expect(files(homeDir)).toEqual([
      'Library/Application Support/Google/Chrome/NativeMessagingHosts/io.keyturn.host.json',
      'Library/Application Support/Mozilla/NativeMessagingHosts/io.keyturn.host.json',
    ]);
  });
});

describe('uninstall', () => {
  it('removes what install wrote, also for browsers that are gone, and nothing else', async () => {
    make('.mozilla/firefox', '.config/chromium');
    await install(options());
    fs.rmdirSync(path.join(homeDir, '.mozilla/firefox'));
    fs.writeFileSync(path.join(homeDir, path.dirname(FIREFOX), 'other.json'), '{}');
    const { changes } = await uninstall(options());
    expect(changes.map(({ title, action }) => [title, action])).toEqual([
      ['Chromium', 'removed'],
      ['Google Chrome', 'absent'],
      ['Firefox', 'removed'],
    ]);
    expect(files(homeDir)).toEqual(['.mozilla/native-messaging-hosts/other.json']);
  });

  it('removes a manifest with another launcher of ours, but none of somebody else', async () => {
    await install(options({ browsers: ['firefox', 'chromium'] }));
    fs.writeFileSync(path.join(homeDir, CHROMIUM), '{"name":"io.keyturn.host"}');
    fs.rmSync(launcherPath);
    const { changes } = await uninstall(options({ launcherPath: '/elsewhere' }));
    expect(changes.map(({ action }) => action)).toEqual(['kept', 'absent', 'removed']);
    expect(files(homeDir)).toEqual([CHROMIUM]);
  });
});
