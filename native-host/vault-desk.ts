import { VaultError } from './errors.ts';
import type { HostQuestion } from './host-keys.ts';
import { LOCK_AFTER_MAX_SECONDS } from './lock-after.ts';
import { integer, nothing, object, text } from './message-check.ts';
import { action } from './server.ts';
import type { UnlockedVaults } from './unlocked-vaults.ts';

/** What terminals may ask of a host that holds unlocked vaults. */
export type VaultDesk = Pick<UnlockedVaults, 'unlock' | 'lock' | 'holder'>;

type Params<A extends HostQuestion['action']> = Extract<HostQuestion, { readonly action: A }>['params'];

const vaultDir = text({ max: 4096, pattern: /^(\/|\\\\|[A-Za-z]:[\\/])[^\0]*$/, form: 'an absolute path' });
const bytesOf = (min: number, max: number) =>
  text({ min: Math.ceil((min * 4) / 3), max: Math.ceil((max * 4) / 3), pattern: /^[\w-]+$/, form: 'base64url' });
/** What the reader of items takes as well. */
const rounds = integer({ min: 1000, max: 1_300_000 });

const unlockParams = object<Params<'unlockVault'>>({
  required: {
    vaultDir,
    passphrase: text({ min: 0, max: 4096 }),
    lockAfterSeconds: integer({ min: 1, max: LOCK_AFTER_MAX_SECONDS }),
  },
  optional: {},
});
const unwrapParams = object<Params<'unwrapKey'>>({
  required: { vaultDir, rounds, salt: bytesOf(8, 1024), wrappedKey: bytesOf(40, 40) },
  optional: {},
});
const wrapParams = object<Params<'wrapKey'>>({ required: { vaultDir, contentKey: bytesOf(32, 32) }, optional: {} });

/**
 * The terminals' side of the unlocked vaults. The passphrase comes in and never goes out: a terminal gets the content keys of
 * single items, and reads and writes the items itself.
 */
export function vaultDeskActions(vaults: VaultDesk) {
  const holder = (dir: string) => {
    const held = vaults.holder(dir);
    if (held !== undefined) return held;
    throw new VaultError('KEYRING_LOCKED', `this host does not have the file vault ${JSON.stringify(dir)} unlocked`);
  };
  return {
    unlockVault: action(unlockParams, async ({ vaultDir: dir, passphrase, lockAfterSeconds }) => {
      await vaults.unlock(dir, passphrase, { lockAfterSeconds, mayBeFirst: false });
      return {};
    }),
    lockVault: action(nothing, () => ({ wasUnlocked: vaults.lock() })),
    unwrapKey: action(unwrapParams, async ({ vaultDir: dir, rounds: ofItem, salt, wrappedKey }) => {
      const key = { rounds: ofItem, salt: bytes(salt), wrappedKey: bytes(wrappedKey) };
      const contentKey = await holder(dir).unwrap(key);
      return contentKey === undefined ? {} : { contentKey: contentKey.toString('base64url') };
    }),
    wrapKey: action(wrapParams, async ({ vaultDir: dir, contentKey }) => {
      const wrapped = await holder(dir).wrap(bytes(contentKey));
      const { salt, rounds: written, wrappedKey } = wrapped;
      return { salt: salt.toString('base64url'), rounds: written, wrappedKey: wrappedKey.toString('base64url') };
    }),
  };
}

function bytes(encoded: string): Buffer {
  return Buffer.from(encoded, 'base64url');
}
