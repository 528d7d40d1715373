import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askInTurn, type Driver, type DriverOptions, mfaDrivers } from '../../../cli/ask/mfa-drivers.ts';
import { VaultError } from '../../../native-host/errors.ts';

let bin: string;
beforeEach(() => {
  bin = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-drivers-'));
});
afterEach(() => fs.rmSync(bin, { recursive: true }));

type Given = Partial<Pick<DriverOptions, 'prompt' | 'mfaProcess' | 'how'>> & {
  readonly platform?: NodeJS.Platform;
  readonly installed?: readonly string[];
  readonly env?: Record<string, string>;
};

/** The order of the drivers on a computer of this kind. */
function names({ platform = 'linux', installed = [], env = {}, ...options }: Given): string[] {
  for (const name of installed) fs.writeFileSync(path.join(bin, name), '', { mode: 0o755 });
  // What the order depends on; the rest of a command's surroundings is not looked at.
  const cli = { platform, env: { PATH: bin, ...env }, settings: { stateDir: bin } } as unknown as DriverOptions['cli'];
  const drivers = mfaDrivers({ prompt: undefined, mfaProcess: undefined, how: {}, timeoutMs: 1000, ...options, cli });
  return drivers.map(({ name }) => name);
}

const DESKTOP = { DISPLAY: ':0' };
const DIALOGS = ['kdialog', 'zenity'];

describe('the order in which a code is asked for', () => {
  it.each<[string, Given, string[]]>([
    ['a computer without a display', { installed: DIALOGS }, ['terminal', 'browser']],
    ['a desktop', { installed: DIALOGS, env: DESKTOP }, ['terminal', 'browser', 'zenity', 'kdialog']],
    ['Wayland', { installed: DIALOGS, env: { WAYLAND_DISPLAY: 'w' } }, ['terminal', 'browser', 'zenity', 'kdialog']],
    [
      'KDE',
      { installed: DIALOGS, env: { ...DESKTOP, XDG_CURRENT_DESKTOP: 'KDE' } },
      ['terminal', 'browser', 'kdialog', 'zenity'],
    ],
    ['macOS', { platform: 'darwin', installed: ['osascript'] }, ['terminal', 'browser', 'osascript']],
    ['Windows', { platform: 'win32' }, ['terminal', 'browser', 'wincredui']],
    ['a YubiKey nobody told of', { installed: ['ykman'] }, ['terminal', 'browser']],
    [
      'a YubiKey in the environment',
      { installed: ['ykman'], env: { YKMAN_OATH_CREDENTIAL_NAME: 'aws' } },
      ['terminal', 'browser', 'ykman'],
    ],
    [
      'a chosen prompt',
      { prompt: 'kdialog', installed: DIALOGS, env: DESKTOP },
      ['kdialog', 'terminal', 'browser', 'zenity'],
    ],
    [
      'an mfa_process',
      { mfaProcess: { command: 'x', env: {} }, prompt: 'browser' },
      ['mfa_process', 'browser', 'terminal'],
    ],
    [
      'a program that has the terminal to itself',
      { how: { withoutTerminal: true }, prompt: 'terminal', installed: DIALOGS, env: DESKTOP },
      ['browser', 'zenity', 'kdialog'],
    ],
  ])('is right for %s', (_, given, expected) => {
    expect(names(given)).toEqual(expected);
  });
});

describe('asking in turn', () => {
  const question = { profile: 'work', mfaSerial: 'serial' };
  const { signal } = new AbortController();

  function driver(name: Driver['name'], ...answers: (string | VaultError)[]): Driver {
    const ask = async (): Promise<string> => {
      const answer = answers.shift() ?? new VaultError('INTERNAL', 'asked too often');
      if (answer instanceof VaultError) throw answer;
      return answer;
    };
    return { name, from: 'person', isChosen: false, isThere: true, ask };
  }

  function turn() {
    const said: string[] = [];
    return {
      failures: new Map(),
      signal,
      said,
      cli: { programName: 'keyturn', say: (line: string) => void said.push(line) },
    };
  }

  const broken = new VaultError('PROCESS_FAILED', 'zenity: exit status 5');
  const absent = new VaultError('BROWSER_NOT_CONNECTED', 'no browser');

  it('goes on after a failure, says so once, and does not come back to it', async () => {
    const drivers = [driver('zenity', broken), driver('browser', absent), driver('kdialog', '111111', '222222')];
    const here = turn();
    expect(await askInTurn(drivers, question, here)).toEqual({ code: '111111', from: 'person' });
    expect(await askInTurn(drivers, question, here)).toEqual({ code: '222222', from: 'person' });
    expect(here.said).toEqual(['keyturn: zenity: exit status 5; asking in the browser']);
  });

  it('stops at a cancel', async () => {
    const cancelled = new VaultError('CANCELLED', 'no');
    const asking = askInTurn([driver('zenity', cancelled), driver('kdialog', '111111')], question, turn());
    await expect(asking).rejects.toBe(cancelled);
  });

  it('ends with every reason, and with a code that tells whether somebody was there to be asked', async () => {
    const late = new VaultError('TIMEOUT', 'nobody answered in the terminal within 1 s');
    const end = (...drivers: Driver[]) => askInTurn(drivers, question, turn()).catch((error: unknown) => error);
    expect(await end(driver('browser', absent))).toMatchObject({ code: 'MFA_REQUIRED' });
    expect(await end(driver('terminal', late), driver('browser', absent))).toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(/\(terminal: nobody answered .*; browser: no browser .*\); use .*--mfa-token/),
    });
    expect(await end({ ...driver('zenity', broken), isChosen: true }, driver('terminal', late))).toMatchObject({
      code: 'PROCESS_FAILED',
    });
  });
});
