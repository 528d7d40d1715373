import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fileLocks } from '../../native-host/engine/lock.ts';
import { type LoginOptions, type SsoPage, ssoLogin } from '../../native-host/engine/sso-login.ts';
import { readSsoToken } from '../../native-host/engine/sso-store.ts';
import { silentToken } from '../../native-host/engine/sso-token.ts';
import { VaultError } from '../../native-host/errors.ts';
import { type FakeAws, startFakeAws } from '../fake-aws/fake-aws.ts';
import type { SsoHandle } from '../fake-aws/sso-set-up.ts';
import { memoryKeyring } from '../unit/memory-keyring.ts';

let aws: FakeAws;
let sso: SsoHandle;
let dir: string;
let keyring: ReturnType<typeof memoryKeyring>;
beforeEach(async () => {
  aws = await startFakeAws();
  sso = aws.addSso();
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-sso-'));
  keyring = memoryKeyring();
});
afterEach(async () => {
  vi.useRealTimers();
  await aws.close();
  fs.rmSync(dir, { recursive: true });
});

function optionsOf(
  show: LoginOptions['show'],
  more: Partial<LoginOptions> = {},
  signal = new AbortController().signal,
) {
  const env = { AWS_ENDPOINT_URL: aws.url };
  return {
    context: { now: () => new Date(), env, keyring, signal, log: () => undefined },
    locks: fileLocks(dir),
    service: { region: sso.region, env, signal },
    flow: 'pkce',
    show,
    ...more,
  } as const;
}

const instance = () => ({ startUrl: sso.startUrl, region: sso.region });

/** A browser that goes where it is sent. */
async function follow({ url }: SsoPage): Promise<boolean> {
  await fetch(url);
  return true;
}

describe('a login', () => {
  it('keeps the token, and the next one is not needed unless it is forced', async () => {
    await ssoLogin(instance(), optionsOf(follow));
    const first = await readSsoToken(keyring, sso.startUrl);
    const nobody = async (): Promise<boolean> => {
      throw new Error('nobody is to be asked');
    };
    await ssoLogin(instance(), optionsOf(nobody));
    await ssoLogin(instance(), optionsOf(follow, { isForced: true }));
    const second = await readSsoToken(keyring, sso.startUrl);
    expect(second?.accessToken).not.toBe(first?.accessToken);
    expect(await silentToken(instance(), optionsOf(nobody))).toBe(second?.accessToken);
  });

  it('that nobody finishes ends after ten minutes, and its port is closed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let callback = '';
    const login = ssoLogin(
      instance(),
      optionsOf(async ({ url }) => {
        callback = new URL(url).searchParams.get('redirect_uri') ?? '';
        vi.advanceTimersByTime(600_000);
        return true;
      }),
    );
    await expect(login).rejects.toMatchObject({
      code: 'SSO_LOGIN_EXPIRED',
      message: expect.stringContaining('within 10 minutes'),
    });
    vi.useRealTimers();
    await expect(fetch(callback)).rejects.toThrow('fetch failed');
    expect(await readSsoToken(keyring, sso.startUrl)).toBeUndefined();
  });

  it('ends with the reason it is cancelled for', async () => {
    const stop = new AbortController();
    const reason = new VaultError('CANCELLED', 'the person left');
    const show = async (): Promise<boolean> => {
      stop.abort(reason);
      return true;
    };
    await expect(ssoLogin(instance(), optionsOf(show, {}, stop.signal))).rejects.toBe(reason);
  });

  it('goes on with a device code when no browser has the page', async () => {
    const pages: SsoPage[] = [];
    const show = async (page: SsoPage): Promise<boolean> => {
      pages.push(page);
      return page.flow === 'device' && follow(page);
    };
    await ssoLogin(instance(), optionsOf(show));
    expect(pages.map(({ flow }) => flow)).toEqual(['pkce', 'device']);
    expect(pages[1]?.url).toContain(pages[1]?.userCode);
  });

  it('fails with what went wrong when the page cannot be shown', async () => {
    const failure = new VaultError('SSO_LOGIN_REQUIRED', 'no browser listens');
    const show = async (): Promise<boolean> => {
      throw failure;
    };
    await expect(ssoLogin(instance(), optionsOf(show))).rejects.toBe(failure);
  });
});
