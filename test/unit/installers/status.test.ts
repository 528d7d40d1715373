import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type InstallOptions, install } from '../../../installers/register.ts';
import { status } from '../../../installers/status.ts';
import { allowed, hostScript, writeLauncher } from './launcher.ts';

let dir: string;
let options: InstallOptions;

beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-status-'));
  const launcherPath = writeLauncher(dir, hostScript());
  const homeDir = path.join(dir, 'home');
  fs.mkdirSync(path.join(homeDir, '.mozilla/firefox'), { recursive: true });
  options = { launcherPath, allowed, homeDir, rootDir: path.join(dir, 'root'), env: {}, platform: 'linux' };
});
afterEach(() => {
  fs.rmSync(dir, { recursive: true });
});

it('tells of every browser that is here whether it can use the host', async () => {
  fs.mkdirSync(path.join(options.homeDir, '.config/chromium'), { recursive: true });
  await install({ ...options, browsers: ['firefox'] });
  expect(await status(options)).toMatchObject([
    {
      title: 'Chromium',
      isBrowserPresent: true,
      problems: ["the host is not installed for it; run 'keyturn host install'"],
    },
    {
      title: 'Firefox',
      isBrowserPresent: true,
      scope: 'user',
      problems: [],
      hello: { protocol: 1, hostVersion: '0.1.0' },
    },
  ]);
});

it('says nothing of browsers that are not here, unless the host is installed for them', async () => {
  await install({ ...options, browsers: ['chrome'] });
  const found = await status(options);
  expect(found.map(({ title, isBrowserPresent, problems }) => [title, isBrowserPresent, problems.length])).toEqual([
    ['Google Chrome', false, 0],
    ['Firefox', true, 1],
  ]);
});

it('takes a manifest of the whole system for a browser of this user', async () => {
  await install({ ...options, browsers: ['firefox'], system: true });
  expect(await status(options)).toMatchObject([
    { title: 'Firefox', scope: 'system', problems: [], hello: { protocol: 1 } },
  ]);
});

it('checks a user data directory that it is given', async () => {
  const userDataDirs = [path.join(dir, 'data')];
  expect(await status({ ...options, userDataDirs })).toMatchObject([{ title: 'Firefox' }, { title: userDataDirs[0] }]);
  await install({ ...options, userDataDirs });
  expect((await status({ ...options, userDataDirs })).flatMap(({ problems }) => problems)).toEqual([]);
});

it('names the launcher that is gone', async () => {
  await install(options);
  fs.rmSync(options.launcherPath);
  expect(await status(options)).toMatchObject([
    {
      problems: [`the launcher "${options.launcherPath}" does not exist; run 'keyturn host install'`],
      error: { code: 'HOST_NOT_FOUND' },
    },
  ]);
});

it('names the launcher that may not be executed', async () => {
  await install(options);
  fs.chmodSync(options.launcherPath, 0o644);
  expect(await status(options)).toMatchObject([
    { problems: [expect.stringContaining('may not be executed')], error: { code: 'HOST_FORBIDDEN' } },
  ]);
});

it('names the launcher that does not work, with its own words', async () => {
  await install(options);
  fs.writeFileSync(options.launcherPath, '#!/bin/sh\necho "keyturn needs Node 24" >&2\nexit 1\n');
  expect(await status(options)).toMatchObject([
    { problems: [expect.stringContaining('it said: keyturn needs Node 24')], error: { code: 'HOST_GONE' } },
  ]);
});

it('names the extension that the manifest does not let in', async () => {
  await install({ ...options, allowed: { ...allowed, firefoxAddonIds: ['old@keyturn.io'] } });
  expect(await status(options)).toMatchObject([
    { problems: ["the manifest does not let keyturn@keyturn.io in; run 'keyturn host install'"] },
  ]);
});

it('names the manifest that is not ours', async () => {
  const file = path.join(options.homeDir, '.mozilla/native-messaging-hosts/io.keyturn.host.json');
  fs.mkdirSync(path.dirname(file));
  fs.writeFileSync(file, 'not JSON');
  expect(await status(options)).toMatchObject([
    { problems: [`${file} is not Keyturn's manifest; run 'keyturn host install'`] },
  ]);
});
