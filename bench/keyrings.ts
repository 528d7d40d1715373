import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileKeyring } from '../native-host/keyring/file.ts';
import { keyctlKeyring } from '../native-host/keyring/keyctl.ts';
import type { Keyring } from '../native-host/keyring/keyring.ts';
import { kwalletKeyring } from '../native-host/keyring/kwallet.ts';
import { secretServiceKeyring } from '../native-host/keyring/secret-service.ts';
import { startKwallet } from '../test/contract/kwallet-daemon.ts';
import { startSessionBus } from '../test/contract/session-bus.ts';
import { baselineRow, heading, notMeasured, timeRow } from './report.ts';
import { interleaved } from './samples.ts';

const RUNS = 100;
const LISTS = 15;
const ITEMS = 500;
/** As long as a session's. */
const DATA = 'x'.repeat(1500);

/** Keyrings in a process that has them open, as the host does: one item, and the names of many. */
export async function benchKeyrings(): Promise<void> {
  heading(
    `One item of a keyring that is open, in process, median (least-most) of ${RUNS}; the names of ${ITEMS}, of ${LISTS}`,
  );
  const { spawn } = await interleaved(LISTS, { spawn: () => milliseconds(() => spawnSync('/bin/true')) });
  baselineRow('starting and ending a program (true)', spawn);
  for (const [name, open] of Object.entries(KEYRINGS)) {
    try {
      const { keyring, close } = await open();
      try {
        await measure(name, keyring);
      } finally {
        await close();
      }
    } catch (error) {
      notMeasured(name, error);
    }
  }
}

type Opened = { readonly keyring: Keyring; readonly close: () => Promise<void> | void };

const signal = new AbortController().signal;

const KEYRINGS: Readonly<Record<string, () => Promise<Opened>>> = {
  'secret-service': async () => {
    const bus = await startSessionBus();
    await bus.createCollection();
    // This collection is in memory only, which makes filling it quick; reading and listing are the same.
    const keyring = await secretServiceKeyring({ collection: 'session', env: bus.env, signal });
    const close = () => {
      keyring.close();
      return bus.stop();
    };
    return { keyring, close };
  },
  kwallet: async () => {
    const daemon = await startKwallet();
    await daemon.openWallet();
    const keyring = await kwalletKeyring({ env: daemon.bus.env, signal });
    const close = () => {
      keyring.close();
      return daemon.stop();
    };
    return { keyring, close };
  },
  keyctl: async () => {
    const env = { PATH: '/usr/bin:/bin' };
    const keyring = keyctlKeyring({ env, signal, notice: () => undefined });
    const close = async () => {
      for (const key of await keyring.keys()) if (key.startsWith(PREFIX)) await keyring.remove(key);
    };
    return { keyring, close };
  },
  file: async () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-bench-'));
    const keyring = fileKeyring({ dir: path.join(dir, 'keys'), passphrase: () => 'correct horse' });
    return { keyring, close: () => fs.rmSync(dir, { recursive: true }) };
  },
};

const PREFIX = 'keyturn-bench-';

async function measure(name: string, keyring: Keyring): Promise<void> {
  await keyring.set({ key: `${PREFIX}0`, data: DATA, label: 'bench' });
  const { get } = await interleaved(RUNS, { get: () => milliseconds(() => keyring.get(`${PREFIX}0`)) });
  timeRow(`${name}: one get`, get, { target: { atMost: 3 } });
  const count = name === 'keyctl' ? keyctlRoom() : ITEMS;
  for (let index = 1; index < count; index += 1) {
    await keyring.set({ key: PREFIX + index, data: 'x', label: 'bench' });
  }
  const { keys } = await interleaved(LISTS, { keys: () => milliseconds(() => keyring.keys()) });
  timeRow(`${name}: ${count} names`, keys, { target: { atMost: 100 } });
}

/** The kernel lets a user other than root have 200 keys. */
function keyctlRoom(): number {
  const root = process.getuid?.() === 0;
  const most = fs.readFileSync(`/proc/sys/kernel/keys/${root ? 'root_' : ''}maxkeys`, 'utf8');
  return Math.min(ITEMS, Number(most) - 20);
}

async function milliseconds(work: () => unknown): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
