import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileLocks } from '../../native-host/engine/lock.ts';
import { freshCode, type GivenCode } from '../../native-host/fresh-code.ts';
import { promptTimeoutMs } from '../../native-host/prompt-timeout.ts';
import { type SpentCodes, spentCodes } from '../../native-host/spent-codes.ts';

const SERIAL = 'arn:aws:iam::111122223333:mfa/ada';
const { signal } = new AbortController();

let home: string;
let now: Date;
beforeEach(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-spent-'));
  now = new Date('2026-11-21T08:00:12.000Z');
});
afterEach(() => fs.rmSync(home, { recursive: true }));

/** What another process of the user would have. */
function ledger(): SpentCodes {
  return spentCodes({ dir: path.join(home, 'mfa'), locks: fileLocks(path.join(home, 'locks')), now: () => now });
}

const files = (): string[] => fs.readdirSync(path.join(home, 'mfa')).map((name) => path.join(home, 'mfa', name));

describe('the list of used codes', () => {
  it('gives each code of a device out once, in whichever process', async () => {
    expect(await ledger().take(SERIAL, '123456', signal)).toBe(true);
    expect(await ledger().take(SERIAL, '123456', signal)).toBe(false);
    expect(await ledger().take(SERIAL, '654321', signal)).toBe(true);
    expect(await ledger().take(`${SERIAL}2`, '123456', signal)).toBe(true);
  });

  it('lets one of many that come at the same time have it', async () => {
    const taken = await Promise.all([1, 2, 3, 4].map(async () => ledger().take(SERIAL, '123456', signal)));
    expect(taken.filter(Boolean)).toHaveLength(1);
  });

  it('forgets a code when AWS no longer takes it: after the window that follows the next one', async () => {
    await ledger().take(SERIAL, '123456', signal);
    now = new Date('2026-11-21T08:01:29.999Z');
    expect(await ledger().take(SERIAL, '123456', signal)).toBe(false);
    now = new Date('2026-11-21T08:01:30.000Z');
    expect(await ledger().take(SERIAL, '123456', signal)).toBe(true);
  });

  it('is not misled by a clock that was set back', async () => {
    await ledger().take(SERIAL, '123456', signal);
    now = new Date('2026-11-20T08:00:00.000Z');
    expect(await ledger().take(SERIAL, '123456', signal)).toBe(true);
  });

  it('holds neither codes nor serials, and is for its owner only', async () => {
    await ledger().take(SERIAL, '123456', signal);
    const [file = ''] = files();
    expect(file + fs.readFileSync(file, 'utf8')).not.toMatch(/123456|111122223333|ada/);
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    expect(fs.statSync(path.dirname(file)).mode & 0o777).toBe(0o700);
  });

  it('has another salt whenever it begins anew, so that hashes cannot be prepared', async () => {
    const saltNow = async (): Promise<unknown> => {
      await ledger().take(SERIAL, '123456', signal);
      return JSON.parse(fs.readFileSync(files()[0] ?? '', 'utf8')).salt;
    };
    const first = await saltNow();
    now = new Date('2026-11-21T09:00:00.000Z');
    expect(await saltNow()).not.toBe(first);
  });

  it('survives half a file, and says where it cannot be kept', async () => {
    await ledger().take(SERIAL, '123456', signal);
    const [file = ''] = files();
    fs.writeFileSync(file, '{"salt":');
    expect(await ledger().take(SERIAL, '123456', signal)).toBe(true);
    fs.rmSync(file);
    fs.mkdirSync(file);
    await expect(ledger().take(SERIAL, '123456', signal)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(file),
    });
  });
});

describe('a fresh code', () => {
  const asked: (string | undefined)[] = [];
  const notices: string[] = [];
  beforeEach(() => {
    asked.length = 0;
    notices.length = 0;
  });

  function fresh(from: GivenCode['from'], codes: string[]): Promise<string> {
    const ask = async ({ rejected }: { rejected?: string }): Promise<GivenCode> => {
      asked.push(rejected);
      return { code: codes.shift() ?? 'none left', from };
    };
    const options = { ask, spent: ledger(), now: () => now, signal, notice: (line: string) => void notices.push(line) };
    return freshCode({ profile: 'ada', mfaSerial: SERIAL }, options);
  }

  it('may be typed in groups', async () => {
    expect(await fresh('person', [' 123 456'])).toBe('123456');
  });

  it('is asked for again, with the time to wait, when a person gives a used one', async () => {
    await fresh('person', ['123456']);
    expect(await fresh('person', ['123456', '654321'])).toBe('654321');
    expect(asked.at(-1)).toBe(
      'that code was sent to AWS already and each works once: the device shows a new one in 18 s',
    );
  });

  it('is not asked for without end', async () => {
    await fresh('person', ['123456']);
    await expect(fresh('person', ['123456', '123456', '123456', '654321'])).rejects.toMatchObject({
      code: 'MFA_REJECTED',
      message: expect.stringContaining('in 18 s'),
    });
  });

  it('given on the command line is refused at once when it was used', async () => {
    await fresh('flag', ['123456']);
    await expect(fresh('flag', ['123456', '654321'])).rejects.toMatchObject({ code: 'MFA_REJECTED' });
    expect(asked).toHaveLength(2);
  });

  it('of a program is waited for until the next half minute, and no longer', async () => {
    await fresh('program', ['123456']);
    now = new Date(Date.now() - 60_000); // so that the next window has begun already
    await ledger().take(SERIAL, '123456', signal);
    expect(await fresh('program', ['123456', '654321'])).toBe('654321');
    expect(notices).toEqual([
      expect.stringMatching(/^The present MFA code of arn:\S+ has been used; waiting \d+ s .*Ctrl-C/),
    ]);
    await ledger().take(SERIAL, '111111', signal);
    await expect(fresh('program', ['111111', '111111', '222222'])).rejects.toMatchObject({
      code: 'MFA_REJECTED',
      message: expect.stringContaining('the same code came again'),
    });
  });

  it('that is none goes on to where its form is refused, and is not kept', async () => {
    expect(await fresh('person', ['12345'])).toBe('12345');
    expect(fs.existsSync(path.join(home, 'mfa'))).toBe(false);
  });
});

describe('the time-out of questions', () => {
  it.each([
    [undefined, 300_000],
    ['90s', 90_000],
    ['1h30m', 5_400_000],
  ])('%s is %s ms', (text, ms) => {
    expect(promptTimeoutMs(text)).toBe(ms);
  });

  it.each(['soon', '0s', '900ms', '25h', '-1m', '60'])('refuses %s and names the setting', (text) => {
    expect(() => promptTimeoutMs(text)).toThrowError(/--prompt-timeout \(KEYTURN_PROMPT_TIMEOUT\)/);
  });
});
