import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kwalletKeyring, lookAtKwallet } from '../../native-host/keyring/kwallet.ts';
import { keyringContract } from './keyring-contract.ts';
import { type KwalletDaemon, startKwallet } from './kwallet-daemon.ts';
import { startKwallet6 } from './kwallet6.ts';
import { startSessionBus } from './session-bus.ts';

const ITEM = { key: 'work', data: '{"AccessKeyID":"AKIAEXAMPLE"}', label: 'aws-vault (work)' };
const ITEM_JSON =
  '{"Key":"work","Data":"eyJBY2Nlc3NLZXlJRCI6IkFLSUFFWEFNUExFIn0=","Label":"aws-vault (work)","Description":"",' +
  '"KeychainNotTrustApplication":false,"KeychainNotSynchronizable":false}';

let daemon: KwalletDaemon;
type Opened = Awaited<ReturnType<typeof kwalletKeyring>>;
const opened: Opened[] = [];

async function open(options: { promptTimeoutMs?: number; callTimeoutMs?: number } = {}): Promise<Opened> {
  const keyring = await kwalletKeyring({ env: daemon.bus.env, signal: new AbortController().signal, ...options });
  opened.push(keyring);
  return keyring;
}

beforeAll(async () => {
  daemon = await startKwallet();
  await daemon.openWallet();
});
afterAll(async () => {
  for (const keyring of opened) keyring.close();
  await daemon.stop();
});

keyringContract('kwallet', async () => {
  const keyring = await open();
  for (const key of await keyring.keys()) await keyring.remove(key);
  const options = `{ env: ${JSON.stringify(daemon.bus.env)} }`;
  const elsewhere = { module: 'kwallet.ts', open: 'kwalletKeyring', options };
  return { keyring, reopen: () => open(), elsewhere };
});

describe('KWallet', () => {
  it('keeps items as aws-vault does, and reads what aws-vault wrote', async () => {
    const keyring = await open();
    await keyring.set(ITEM);
    const handle = Number(await daemon.call('open', 'sxs', ['aws-vault', 0n, 'aws-vault']));
    const bytes = await daemon.call('readEntry', 'isss', [handle, 'aws-vault', 'work', 'aws-vault']);
    expect(Buffer.from(bytes as Uint8Array).toString()).toBe(ITEM_JSON); // `ay` is bytes
    await daemon.call('writeEntry', 'issays', [handle, 'aws-vault', 'theirs', Buffer.from(ITEM_JSON), 'aws-vault']);
    expect(await keyring.get('theirs')).toEqual({ ...ITEM, key: 'theirs' });
    await keyring.remove('theirs');
  });

  it('that is closed meanwhile, with nobody to open it, is locked and not empty', async () => {
    const keyring = await open({ promptTimeoutMs: 300 });
    await keyring.set(ITEM);
    await daemon.closeWallet();
    try {
      const locked = { code: 'KEYRING_LOCKED', details: { backend: 'kwallet' } };
      await expect(keyring.get('work')).rejects.toMatchObject(locked);
      await expect(keyring.keys()).rejects.toMatchObject(locked);
    } finally {
      await daemon.kill();
      await daemon.stop();
      daemon = await startKwallet();
      await daemon.openWallet();
    }
  });

  it('that is locked is read once somebody has opened it', async () => {
    const own = await startKwallet();
    try {
      await own.openWallet();
      const keyring = await kwalletKeyring({ env: own.bus.env, signal: new AbortController().signal });
      await keyring.set(ITEM);
      await own.closeWallet();
      const reading = keyring.get('work');
      await own.openWallet();
      expect(await reading).toEqual(ITEM);
      keyring.close();
    } finally {
      await own.stop();
    }
  });

  it('that ends in the middle is unavailable', async () => {
    const own = await startKwallet();
    try {
      await own.openWallet();
      const keyring = await kwalletKeyring({ env: own.bus.env, signal: new AbortController().signal });
      await keyring.set(ITEM);
      await own.kill();
      await expect(keyring.get('work')).rejects.toMatchObject({ code: 'KEYRING_UNAVAILABLE' });
      keyring.close();
    } finally {
      await own.stop();
    }
  });

  it('is not made, and nobody is asked, to find it empty', async () => {
    const own = await startKwallet();
    try {
      const keyring = await kwalletKeyring({ env: own.bus.env, signal: new AbortController().signal });
      expect(await keyring.keys()).toEqual([]);
      expect(await keyring.get('work')).toBeUndefined();
      expect(await keyring.remove('work')).toBe(false);
      expect(await own.call('wallets', '', [])).toEqual([]);
      keyring.close();
    } finally {
      await own.stop();
    }
  });

  it('is not there without a bus, without the service, or when DISABLE_KWALLET says so', async () => {
    const signal = new AbortController().signal;
    const missing = { code: 'KEYRING_UNAVAILABLE', details: { backend: 'kwallet' } };
    const env = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere/bus' };
    await expect(kwalletKeyring({ env, signal })).rejects.toMatchObject(missing);
    await expect(kwalletKeyring({ env: { ...daemon.bus.env, DISABLE_KWALLET: '1' }, signal })).rejects.toMatchObject(
      missing,
    );
    const bus = await startSessionBus({ service: false });
    try {
      await expect(kwalletKeyring({ env: bus.env, signal })).rejects.toMatchObject(missing);
    } finally {
      await bus.stop();
    }
  });

  it('Ctrl-C ends the wait for somebody to open it', async () => {
    const own = await startKwallet();
    try {
      await own.openWallet();
      await own.closeWallet();
      const interrupted = new AbortController();
      const keyring = await kwalletKeyring({ env: own.bus.env, signal: interrupted.signal });
      const keys = keyring.keys();
      setTimeout(() => interrupted.abort(), 50);
      await expect(keys).rejects.toMatchObject({ code: 'CANCELLED' });
    } finally {
      await own.stop();
    }
  });

  it('that its owner forbids to this program is denied', async () => {
    const own = await startKwallet({ config: '[Auto Deny]\naws-vault=aws-vault\n' });
    try {
      await own.openWallet();
      const keyring = await kwalletKeyring({ env: own.bus.env, signal: new AbortController().signal });
      const denied = { code: 'KEYRING_DENIED', details: { backend: 'kwallet' } };
      await expect(keyring.get('work')).rejects.toMatchObject(denied);
      await expect(keyring.set(ITEM)).rejects.toMatchObject(denied);
      await expect(keyring.keys()).rejects.toMatchObject(denied);
      await expect(keyring.remove('work')).rejects.toMatchObject(denied);
      keyring.close();
    } finally {
      await own.stop();
    }
  });

  it('that does not answer ends each call with TIMEOUT, and with CANCELLED at Ctrl-C', async () => {
    const own = await startKwallet();
    try {
      await own.openWallet();
      const interrupted = new AbortController();
      const signal = interrupted.signal;
      const keyring = await kwalletKeyring({ env: own.bus.env, signal, callTimeoutMs: 200, promptTimeoutMs: 300 });
      await keyring.set(ITEM);
      own.pause();
      await expect(keyring.get('work')).rejects.toMatchObject({ code: 'TIMEOUT' });
      await expect(keyring.set(ITEM)).rejects.toMatchObject({ code: 'TIMEOUT' });
      const reading = keyring.keys();
      setImmediate(() => interrupted.abort());
      await expect(reading).rejects.toMatchObject({ code: 'CANCELLED' });
    } finally {
      await own.stop();
    }
  });

  it('of KDE 6 is spoken to by its own name, also where KDE 5 has one as well', async () => {
    const six = await startKwallet6(daemon.bus.socketPath);
    try {
      const keyring = await open();
      await keyring.set(ITEM);
      expect(await keyring.get('work')).toEqual(ITEM);
      expect(await lookAtKwallet({ env: daemon.bus.env, signal: new AbortController().signal })).toBe('open');
      await keyring.remove('work');
      expect(six.calls).toContain('writeEntry');
      expect(six.calls).toContain('readEntry');
    } finally {
      six.close();
    }
  });
});
