import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { addressInterface, removeAddress } from '../native-host/credential-server/metadata-address.ts';
import { runProxy } from '../native-host/credential-server/metadata-proxy.ts';
import { VaultError } from '../native-host/errors.ts';
import type { Cli } from './cli.ts';

/**
 * How the worker takes the address away at its end: with the one capability it has kept; by letting go of a guardian's pipe,
 * which runs as root and does nothing but wait for that; or not at all, because it was there before.
 */
export const WAYS_TO_RESTORE = ['capability', 'guardian', 'keep'] as const;
export type WayToRestore = (typeof WAYS_TO_RESTORE)[number];

/** What root has opened for the worker: the socket that listens on the address, and the guardian's pipe. */
export const LISTENER_FD = 3;
export const GUARDIAN_FD = 4;
export const READY = 'ready\n';

const RESTORE_MS = 5000;

/** The part of the proxy that goes on, as the user. @throws VaultError USAGE, PROCESS_FAILED */
export async function runWorker(way: string, controlPath: string, cli: Cli): Promise<void> {
  const known = WAYS_TO_RESTORE.find((name) => name === way);
  if (known === undefined) throw new VaultError('USAGE', `--worker must be one of ${WAYS_TO_RESTORE.join(',')}`);
  const restore = (): Promise<void> => restoreAddress(known, cli.platform);
  const { signal } = cli;
  // Only Linux tells whose a connection is.
  const uid = cli.platform === 'linux' ? process.getuid?.() : undefined;
  await runProxy({ listen: { fd: LISTENER_FD }, controlPath, restore, uid, signal }, () => cli.print(READY));
}

async function restoreAddress(way: WayToRestore, platform: NodeJS.Platform): Promise<void> {
  if (way === 'keep') return;
  if (way === 'capability') return removeAddress(platform);
  closeSync(GUARDIAN_FD);
  const until = Date.now() + RESTORE_MS;
  while (addressInterface() !== undefined) {
    if (Date.now() > until)
      throw new VaultError('TIMEOUT', 'the address was not taken away; see ifconfig or ip address');
    await sleep(20);
  }
}
