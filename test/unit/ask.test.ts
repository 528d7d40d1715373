import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Asker, type AskOptions, asking, type MfaQuestion } from '../../native-host/ask.ts';
import type { Answers } from '../../native-host/engine/credentials.ts';
import { fileLocks } from '../../native-host/engine/lock.ts';
import { VaultError } from '../../native-host/errors.ts';

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-ask-'));
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

const required = new VaultError('MFA_REQUIRED', 'needs a code', {
  details: { profile: 'work', mfaSerial: 'serial', sessionKey: 'session' },
});
const rejected = new VaultError('MFA_REJECTED', 'wrong code');

/** Asks nobody: the given answers in turn, and a record of the questions. */
function scripted(codes: string[]): Asker & { questions: MfaQuestion[] } {
  const questions: MfaQuestion[] = [];
  return {
    questions,
    mfa: async (question) => {
      questions.push(question);
      const code = codes.shift();
      if (code === undefined) throw new VaultError('CANCELLED', 'no more');
      return code;
    },
    passphrase: async () => codes.shift() ?? '',
    ssoLogin: async () => undefined,
    awsLogin: async () => undefined,
  };
}

function options(asker: Asker, unlock?: (passphrase: string) => void): AskOptions {
  return { asker, locks: fileLocks(dir), signal: new AbortController().signal, unlock };
}

/** An operation that needs the code 123456, as the engine would. */
const needsCode = async ({ tokenCode }: Answers): Promise<string> => {
  if (tokenCode === undefined) throw required;
  if (tokenCode.code !== '123456') throw rejected;
  return 'done';
};

describe('an MFA code', () => {
  it('is asked for and brought along', async () => {
    const asker = scripted(['123456']);
    expect(await asking(needsCode, options(asker))).toBe('done');
    expect(asker.questions).toEqual([{ profile: 'work', mfaSerial: 'serial' }]);
  });

  it('can be wrong twice', async () => {
    const asker = scripted(['1', '2', '123456']);
    expect(await asking(needsCode, options(asker))).toBe('done');
    expect(asker.questions.map(({ rejected: why }) => why)).toEqual([undefined, 'wrong code', 'wrong code']);
  });

  it('is not asked for a fourth time', async () => {
    const asker = scripted(['1', '2', '3', '123456']);
    await expect(asking(needsCode, options(asker))).rejects.toMatchObject({ code: 'MFA_REJECTED' });
    expect(asker.questions).toHaveLength(3);
  });

  it('is asked for once among callers that need the same session at the same time', async () => {
    let session: string | undefined;
    const answer = Promise.withResolvers<string>();
    const asker = scripted([]);
    asker.mfa = async (question) => {
      asker.questions.push(question);
      return answer.promise;
    };
    const waiting: string[] = [];
    const attempt = async ({ tokenCode, held }: Answers): Promise<string> => {
      if (session === undefined && tokenCode !== undefined) session = 'session';
      if (session === undefined) throw required;
      held.get('session')?.();
      return session;
    };
    const calls = ['a', 'b', 'c'].map((name) =>
      asking(attempt, { ...options(asker), onWait: () => waiting.push(name) }),
    );
    await expect.poll(() => waiting).toHaveLength(2);
    answer.resolve('123456');
    expect(await Promise.all(calls)).toEqual(['session', 'session', 'session']);
    expect(asker.questions).toHaveLength(1);
  });

  it('that the person refuses to give is not asked of those who waited for it', async () => {
    const refusal = Promise.withResolvers<string>();
    const asker = scripted([]);
    let asked = 0;
    asker.mfa = async () => {
      asked += 1;
      return refusal.promise;
    };
    const waiting: string[] = [];
    const calls = ['a', 'b'].map((name) => asking(needsCode, { ...options(asker), onWait: () => waiting.push(name) }));
    await expect.poll(() => waiting).toHaveLength(1);
    refusal.reject(new VaultError('CANCELLED', 'cancelled in the browser'));
    const results = await Promise.allSettled(calls);
    expect(results).toMatchObject([{ reason: { code: 'CANCELLED' } }, { reason: { code: 'CANCELLED' } }]);
    expect(asked).toBe(1);
  });
});

describe('a passphrase', () => {
  const locked = new VaultError('KEYRING_LOCKED', 'wrong passphrase', { details: { backend: 'file', file: '/vault' } });

  it('is asked for until it opens the vault', async () => {
    let given = '';
    const attempt = async (): Promise<string> => {
      if (given !== 'right') throw locked;
      return 'open';
    };
    const unlock = (passphrase: string): void => {
      given = passphrase;
    };
    expect(await asking(attempt, options(scripted(['wrong', 'right']), unlock))).toBe('open');
    given = '';
    await expect(asking(attempt, options(scripted(['1', '2', '3', 'right']), unlock))).rejects.toBe(locked);
  });

  it('is not asked for where the environment gives one, or of a keyring that asks by itself', async () => {
    const attempt = async (): Promise<never> => Promise.reject(locked);
    await expect(asking(attempt, options(scripted(['right'])))).rejects.toBe(locked);
    const other = new VaultError('KEYRING_LOCKED', 'locked', { details: { backend: 'secret-service' } });
    const elsewhere = asking(
      async () => Promise.reject(other),
      options(scripted(['x']), () => undefined),
    );
    await expect(elsewhere).rejects.toBe(other);
  });
});

describe('a login to IAM Identity Center', () => {
  const loginRequired = new VaultError('SSO_LOGIN_REQUIRED', 'log in', { details: { profile: 'dev' } });

  it('is done once, and the call repeated', async () => {
    const asker = scripted([]);
    const logins: string[] = [];
    asker.ssoLogin = async ({ profile }) => void logins.push(profile);
    const attempt = async (): Promise<string> => {
      if (logins.length === 0) throw loginRequired;
      return 'done';
    };
    expect(await asking(attempt, options(asker))).toBe('done');
    expect(logins).toEqual(['dev']);
  });

  it('that does not help is not repeated', async () => {
    const asker = scripted([]);
    let logins = 0;
    asker.ssoLogin = async () => void logins++;
    const attempt = async (): Promise<string> => {
      throw loginRequired;
    };
    await expect(asking(attempt, options(asker))).rejects.toBe(loginRequired);
    expect(logins).toBe(1);
  });

  it('asks for the passphrase of a vault that is to keep the token, and goes on', async () => {
    const asker = scripted(['open sesame']);
    const given: string[] = [];
    let isLoggedIn = false;
    asker.ssoLogin = async () => {
      if (given.length === 0) throw new VaultError('KEYRING_LOCKED', 'locked', { details: { backend: 'file' } });
      isLoggedIn = true;
    };
    const attempt = async (): Promise<string> => {
      if (!isLoggedIn) throw loginRequired;
      return 'done';
    };
    expect(
      await asking(
        attempt,
        options(asker, (passphrase) => given.push(passphrase)),
      ),
    ).toBe('done');
    expect(given).toEqual(['open sesame']);
  });
});
