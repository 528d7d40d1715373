import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type SecretServiceOptions, secretServiceKeyring } from '../../native-host/keyring/secret-service.ts';
import { SECRETS } from '../../native-host/keyring/secret-service-session.ts';
import { keyringContract } from './keyring-contract.ts';
import { startRelay } from './relay.ts';
import { type SessionBus, startSessionBus } from './session-bus.ts';

type Opened = Awaited<ReturnType<typeof secretServiceKeyring>>;

const WORK = {
  key: 'work',
  data: '{"AccessKeyID":"AKIAEXAMPLE","SecretAccessKey":"s3cr3t"}',
  label: 'aws-vault (work)',
};
const WORK_JSON =
  '{"Key":"work","Data":"eyJBY2Nlc3NLZXlJRCI6IkFLSUFFWEFNUExFIiwiU2VjcmV0QWNjZXNzS2V5IjoiczNjcjN0In0=","Label":"aws-vault (work)",' +
  '"Description":"","KeychainNotTrustApplication":false,"KeychainNotSynchronizable":false}';

const COLLECTION = `${SECRETS.path}/collection/awsvault`;

let bus: SessionBus;
const opened: Opened[] = [];

async function open(options: Partial<SecretServiceOptions> = {}): Promise<Opened> {
  const signal = new AbortController().signal;
  const keyring = await secretServiceKeyring({ collection: 'awsvault', env: bus.env, signal, ...options });
  opened.push(keyring);
  return keyring;
}

function closeAll(): void {
  for (const keyring of opened.splice(0)) keyring.close();
}

function secretTool(args: readonly string[], input = ''): string {
  return execFileSync('secret-tool', args, { env: bus.env, input, encoding: 'utf8', stdio: 'pipe' });
}

function property(
  path: string,
  member: 'Get' | 'Set',
  signature: string,
  body: (string | { signature: string; value: string })[],
) {
  const call = { ...SECRETS, path, interface: 'org.freedesktop.DBus.Properties', member, signature };
  return bus.control.call({ ...call, body });
}

describe('on one gnome-keyring', () => {
  beforeAll(async () => {
    bus = await startSessionBus();
  });
  afterAll(async () => {
    await bus?.stop();
  });

  keyringContract('secret-service', async () => {
    await bus.createCollection();
    const cleanup = async () => {
      closeAll();
      await bus.deleteCollection();
    };
    const options = `{ collection: 'awsvault', env: ${JSON.stringify(bus.env)} }`;
    const elsewhere = { module: 'secret-service.ts', open: 'secretServiceKeyring', options };
    return { keyring: await open(), reopen: () => open(), elsewhere, cleanup };
  });

  describe('with other programs', () => {
    beforeEach(async () => {
      await bus.createCollection();
      // secret-tool stores in the default collection, and can name others only by such an alias.
      const alias = { ...SECRETS, interface: 'org.freedesktop.Secret.Service', member: 'SetAlias', signature: 'so' };
      await bus.control.call({ ...alias, body: ['default', COLLECTION] });
    });
    afterEach(async () => {
      closeAll();
      await bus.deleteCollection();
    });

    it('reads an item that another program stored in the layout of aws-vault', async () => {
      const place = ['store', '--label=work', 'profile', 'work'];
      secretTool(place, WORK_JSON);
      const keyring = await open();
      expect(await keyring.keys()).toEqual(['work']);
      expect(await keyring.get('work')).toEqual(WORK);
    });

    it('stores an item that another program finds, in exactly the JSON of aws-vault', async () => {
      await (await open()).set(WORK);
      expect(secretTool(['lookup', 'profile', 'work'])).toBe(WORK_JSON);
    });

    it('leaves one item after overwriting several that carry more attributes', async () => {
      for (const extra of ['1', '2', '3']) {
        secretTool(['store', '--label=work', 'profile', 'work', 'extra', extra], WORK_JSON);
      }
      const search = ['search', '--all', 'profile', 'work'];
      const keyring = await open();
      expect(secretTool(search).match(/^\[\//gm)).toHaveLength(3);
      expect(await keyring.keys()).toEqual(['work']);
      await keyring.set({ ...WORK, data: 'new' });
      expect(secretTool(search).match(/^\[\//gm)).toHaveLength(1);
      expect((await keyring.get('work'))?.data).toBe('new');
    });

    it('does not list items of the collection that carry no profile', async () => {
      secretTool(['store', '--label=bank', 'service', 'bank'], 'pin');
      expect(await (await open()).keys()).toEqual([]);
    });

    it.each([
      ['not JSON', 'top secret text'],
      ['JSON without data', '{"Key":"work"}'],
      ['data that is not base64', '{"Key":"work","Data":"top secret"}'],
      ['data that is not text', '{"Key":"work","Data":"//79"}'],
      ['a JSON list', '[]'],
      ['JSON null', 'null'],
    ])('says KEYRING_CORRUPT for %s, naming the item and not its content', async (_, content) => {
      secretTool(['store', '--label=work', 'profile', 'work'], content);
      const failure = await (await open()).get('work').catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'KEYRING_CORRUPT', message: expect.stringContaining('"work"') });
      expect(JSON.stringify(failure, ['message', 'stack', 'cause'])).not.toContain('top secret');
      expect(failure).not.toHaveProperty('cause');
    });

    it('finds a collection by its label when its path has another name', async () => {
      const label = { signature: 's', value: 'Team keys' };
      await property(COLLECTION, 'Set', 'ssv', ['org.freedesktop.Secret.Collection', 'Label', label]);
      const keyring = await open({ collection: 'Team keys' });
      await keyring.set(WORK);
      expect(await (await open()).get('work')).toEqual(WORK);
    });

    it('sends nothing readable of a secret over the bus', async () => {
      const path = join(bus.env.HOME ?? '', 'recorded');
      const recorder = await startRelay(path, bus.socketPath);
      try {
        const env = { ...bus.env, DBUS_SESSION_BUS_ADDRESS: `unix:path=${path}` };
        const keyring = await open({ env });
        await keyring.set(WORK);
        expect(await keyring.get('work')).toEqual(WORK);
        keyring.close();
        const traffic = Buffer.concat(recorder.chunks).toString('latin1');
        expect(traffic).toContain('profile');
        for (const secret of ['AKIAEXAMPLE', 's3cr3t', 'eyJBY2Nlc3NLZXl', '"Data"'])
          expect(traffic).not.toContain(secret);
      } finally {
        recorder.close();
      }
    });

    it('travels unencrypted only where the service has no encryption', async () => {
      const path = join(bus.env.HOME ?? '', 'without-encryption');
      const algorithm = 'dh-ietf1024-sha256-aes128-cbc-pkcs7';
      const rewrite = (chunk: Buffer) =>
        Buffer.from(chunk.toString('latin1').replace(algorithm, 'x'.repeat(algorithm.length)), 'latin1');
      const relay = await startRelay(path, bus.socketPath, { rewrite });
      try {
        const keyring = await open({ env: { ...bus.env, DBUS_SESSION_BUS_ADDRESS: `unix:path=${path}` } });
        await keyring.set(WORK);
        expect(await keyring.get('work')).toEqual(WORK);
        expect(await (await open()).get('work')).toEqual(WORK);
        expect(Buffer.concat(relay.chunks).toString('latin1')).toContain(WORK_JSON);
        keyring.close();
      } finally {
        relay.close();
      }
    });

    it('lists 500 items within 250 ms', async () => {
      // The collection "session" is in memory only, which makes filling it quick; listing it is the same.
      const keyring = await open({ collection: 'session' });
      const keys = Array.from({ length: 500 }, (_, index) => `profile-${index}`);
      for (const key of keys) await keyring.set({ key, data: '{}', label: key });
      const times: number[] = [];
      for (let round = 0; round < 5; round += 1) {
        const start = performance.now();
        expect((await keyring.keys()).sort()).toEqual([...keys].sort());
        times.push(performance.now() - start);
      }
      for (const key of keys) await keyring.remove(key);
      expect(Math.min(...times)).toBeLessThan(250);
    });

    it('agrees with the service on the key of every session', async () => {
      // One shared secret in 256 begins with a zero byte, which must count.
      await (await open()).set(WORK);
      for (let session = 0; session < 400; session += 1) {
        const keyring = await open();
        expect(await keyring.get('work')).toEqual(WORK);
        keyring.close();
      }
    });

    it('refuses names that a keyring cannot keep', async () => {
      const keyring = await open();
      await expect(keyring.get('nul\0')).rejects.toMatchObject({ code: 'USAGE' });
      await expect(keyring.set({ ...WORK, key: 'half \ud800' })).rejects.toMatchObject({ code: 'USAGE' });
    });
  });
});
