import type { LockState } from '../../native-host/protocol.ts';
import type { Intent } from '../popup-state.ts';

type LockLineProps = {
  readonly lock: LockState | undefined;
  readonly send: (intent: Intent) => void;
};

/** Whether the host keeps the vault's passphrase, and the button that changes it. Nothing where there is nothing to lock. */
export function LockLine({ lock, send }: LockLineProps) {
  if (lock === undefined || lock.status === 'none') return null;
  const isUnlocked = lock.status === 'unlocked';
  return (
    <div class="lock" data-lock={lock.status}>
      <svg class="lock-glyph" viewBox="0 0 16 16" aria-hidden="true">
        <rect x="3" y="7" width="10" height="7" rx="1.5" />
        <path d={isUnlocked ? 'M5.5 7V4.5a2.5 2.5 0 0 1 4.8-1' : 'M5.5 7V4.5a2.5 2.5 0 0 1 5 0V7'} />
      </svg>
      <span class="lock-text" role="status">
        {isUnlocked ? `Vault unlocked · locks after ${spell(lock.lockAfterSeconds)} unused` : 'Vault locked'}
      </span>
      <button
        class="lock-button"
        type="button"
        aria-label={isUnlocked ? 'Lock the vault' : 'Unlock the vault'}
        onClick={() => send({ type: isUnlocked ? 'lockVault' : 'unlockVault' })}
      >
        {isUnlocked ? 'Lock' : 'Unlock'}
      </button>
    </div>
  );
}

/** `15 min`, `1 h 30 min`, `45 s`. */
function spell(seconds: number): string {
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'min'],
    [seconds % 60, 's'],
  ];
  return parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}
