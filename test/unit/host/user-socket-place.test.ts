import path from 'node:path';
import { expect, it } from 'vitest';
import { socketDirectory, socketPlace } from '../../../native-host/user-socket-place.ts';

const NAME = 'host-4294967295-9.sock';
const dirOf = (bytes: number) => `/${'d'.repeat(bytes - 1)}`;

it.each([
  ['linux', 107],
  ['darwin', 103],
] as const)('fills the path of a socket on %s to its %i bytes and no further', (platform, max) => {
  const longest = dirOf(max - NAME.length - 1);
  const options = { env: {}, uid: 501, platform };
  expect(path.join(longest, NAME)).toHaveLength(max);
  expect(socketDirectory({ ...options, stateDir: longest })).toBe(longest);
  expect(socketDirectory({ ...options, stateDir: `${longest}d` })).toMatch(/^\/tmp\/keyturn-501-[0-9a-f]{16}$/);
});

it('counts bytes, not characters', () => {
  expect(socketDirectory({ stateDir: `/${'ü'.repeat(45)}`, env: {}, uid: 1, platform: 'linux' })).toMatch(
    /^\/tmp\/keyturn-1-/,
  );
});

it('gives each state directory a short one of its own, the same each time', () => {
  const at = (stateDir: string) =>
    socketDirectory({ stateDir, env: { TMPDIR: '/var/tmp/' }, uid: 1, platform: 'linux' });
  expect(at(dirOf(150))).toBe(at(dirOf(150)));
  expect(at(dirOf(150))).not.toBe(at(dirOf(151)));
  expect(at(dirOf(150))).toMatch(/^\/var\/tmp\/keyturn-1-/);
});

it('says so when even the short one is too long', () => {
  const options = { stateDir: dirOf(150), env: { TMPDIR: dirOf(100) }, uid: 1, platform: 'linux' } as const;
  expect(() => socketDirectory(options)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(/set TMPDIR to \/tmp$/) }),
  );
});

it('names a pipe of Windows after the user and the process', () => {
  const place = socketPlace({ stateDir: 'C:\\state', env: {}, platform: 'win32', userName: 'Jörg \\ Doe' });
  const address = place.address(1234);
  expect(address).toBe('\\\\.\\pipe\\keyturn-j%C3%B6rg%20%5C%20doe-1234');
  expect(place.address(1234, 2)).toBe(`${address}-2`);
  expect(place.pidOf(address)).toBe(1234);
  expect(place.dir).toBeUndefined();
});

it('finds the pipes of this user among those of all', () => {
  const names = [
    'keyturn-jon-12',
    'keyturn-jon-12-2',
    'keyturn-jon-x',
    'keyturn-jonas-12',
    'keyturn-jo-n-12',
    'chrome.12',
    'keyturn-jon-',
  ];
  const readDirectory = (dir: string) => (dir === '\\\\.\\pipe\\' ? names : []);
  const place = socketPlace({ stateDir: '', env: {}, platform: 'win32', userName: 'JON', readDirectory });
  expect(place.list()).toEqual(['\\\\.\\pipe\\keyturn-jon-12', '\\\\.\\pipe\\keyturn-jon-12-2']);
});

it('finds the sockets of hosts among other files', () => {
  const names = ['host-1.sock', 'host-22-2.sock', '.new-3', 'host-4.sock.bak', 'backend', 'host-.sock'];
  const place = socketPlace({ stateDir: '/state', env: {}, uid: 1, platform: 'linux', readDirectory: () => names });
  expect(place.list()).toEqual(['/state/host-1.sock', '/state/host-22-2.sock']);
  expect(place.list().map(place.pidOf)).toEqual([1, 22]);
});
