import type { VaultAccess } from '../vault-access.ts';
import { examineClock } from './doctor-clock.ts';
import { examineConfig } from './doctor-config.ts';
import { examineEnvironment } from './doctor-environment.ts';
import { examineFiles, examinePlainText } from './doctor-files.ts';
import { examineVault } from './doctor-vault.ts';
import type { Finding } from './finding.ts';

export type DoctorRequest = {
  /** AWS is not asked for the time. */
  readonly isOffline: boolean;
  readonly signal: AbortSignal;
};

/**
 * What works on this machine and what does not, as far as the vault, its files, the config and AWS go. Nobody is asked to unlock
 * anything, nothing is changed, and every wait is short.
 * @throws VaultError CANCELLED
 */
export async function diagnose(access: VaultAccess, { isOffline, signal }: DoctorRequest): Promise<readonly Finding[]> {
  const skipped = { area: 'aws', subject: 'clock', level: 'off', text: 'not compared, because of --offline' } as const;
  const [vault, clock] = await Promise.all([
    examineVault(access, signal),
    isOffline ? skipped : examineClock(access, signal),
  ]);
  return [
    ...vault.findings,
    ...examineFiles(access),
    ...(await examineConfig(access, vault.stored)),
    ...examinePlainText(access),
    clock,
    ...examineEnvironment(access),
  ];
}
