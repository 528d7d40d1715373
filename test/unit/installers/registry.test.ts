import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { install, uninstall } from '../../../installers/register.ts';
import { type RunReg, windowsRegistry } from '../../../installers/registry.ts';
import { allowed, writeLauncher } from './launcher.ts';

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-registry-'));
});
afterEach(() => {
  fs.rmSync(dir, { recursive: true });
});

/** As much of reg.exe as we use, with its way of printing; the name of the default value is German here. */
function fakeReg() {
  const values = new Map<string, string>();
  const calls: (readonly string[])[] = [];
  const run: RunReg = async (args) => {
    calls.push(args);
    const [verb, key = ''] = args;
    if (verb === 'add') values.set(key, args[args.indexOf('/d') + 1] ?? '');
    if (verb === 'delete') return { status: values.delete(key) ? 0 : 1, stdout: '' };
    const value = values.get(key);
    if (value === undefined) return { status: 1, stdout: '' };
    return { status: 0, stdout: `\r\n${key}\r\n    (Standard)    REG_SZ    ${value}\r\n\r\n` };
  };
  return { registry: windowsRegistry({}, run), values, calls };
}

const KEY = 'HKCU\\Software\\Mozilla\\NativeMessagingHosts\\io.keyturn.host';

it('names each manifest by a key of its browser on Windows, once', async () => {
  const { registry, values, calls } = fakeReg();
  const env = { LOCALAPPDATA: path.join(dir, 'App Data') };
  const launcherPath = writeLauncher(dir, 'exit 0');
  const options = { launcherPath, allowed, homeDir: dir, env, platform: 'win32', registry } as const;
  const file = path.join(env.LOCALAPPDATA, 'Keyturn/NativeMessagingHosts/firefox/io.keyturn.host.json');

  expect((await install({ ...options, browsers: ['firefox'] })).changes).toMatchObject([
    { action: 'written', file, registryKey: KEY },
  ]);
  expect(calls).toEqual([
    ['query', KEY, '/ve'],
    ['add', KEY, '/ve', '/t', 'REG_SZ', '/d', file, '/f'],
  ]);
  expect((await install({ ...options, browsers: ['firefox'] })).changes).toMatchObject([{ action: 'unchanged' }]);
  values.delete(KEY);
  expect((await install({ ...options, browsers: ['firefox'] })).changes).toMatchObject([{ action: 'written' }]);

  expect((await uninstall(options)).changes.map(({ action }) => action)).toEqual(['absent', 'absent', 'removed']);
  expect([values.size, fs.existsSync(file)]).toEqual([0, false]);
});

it('uses HKLM for the whole system', async () => {
  const { registry, values } = fakeReg();
  const env = { ProgramData: path.join(dir, 'ProgramData') };
  const launcherPath = writeLauncher(dir, 'exit 0');
  const options = { launcherPath, allowed, homeDir: dir, env, platform: 'win32', registry, system: true } as const;
  await install({ ...options, browsers: ['chrome', 'chromium'] });
  expect([...values.keys()]).toEqual([
    'HKLM\\Software\\Google\\Chrome\\NativeMessagingHosts\\io.keyturn.host',
    'HKLM\\Software\\Chromium\\NativeMessagingHosts\\io.keyturn.host',
  ]);
});

it('leaves a key alone that names somebody else’s manifest', async () => {
  const { registry, values } = fakeReg();
  values.set(KEY, 'C:\\other.json');
  await uninstall({ homeDir: dir, env: { LOCALAPPDATA: dir }, platform: 'win32', registry });
  expect(values.get(KEY)).toBe('C:\\other.json');
});

it('says which key could not be changed', async () => {
  const registry = windowsRegistry({}, async () => ({ status: 1, stdout: '' }));
  await expect(registry.write(KEY, 'x')).rejects.toMatchObject({
    code: 'PROCESS_FAILED',
    message: `the registry key ${KEY} cannot be changed (reg.exe add: status 1); keys of HKLM need an administrator`,
  });
});

it('has no reg.exe here', async () => {
  await expect(windowsRegistry({ SystemRoot: dir }).read(KEY)).rejects.toMatchObject({ code: 'PROCESS_FAILED' });
});
