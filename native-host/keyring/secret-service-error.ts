import { type ErrorCode, VaultError } from '../errors.ts';
import { DbusError } from './dbus-error.ts';
import { WireError } from './dbus-wire.ts';

const WAY_OUT = 'or choose the encrypted file with --backend file';

export function secretServiceError(code: ErrorCode, message: string, cause?: unknown): VaultError {
  return new VaultError(code, message, { details: { backend: 'secret-service' }, cause });
}

/** @param remedy what its owner can do, where that is not to unlock it */
export function lockedError(what: string, remedy = 'unlock it in the keyring application'): VaultError {
  return secretServiceError('KEYRING_LOCKED', `${what}; ${remedy}, ${WAY_OUT}`);
}

/** Whether `error` is the D-Bus error whose name ends in one of `names`, such as `IsLocked`. */
export function isDbusError(error: unknown, ...names: readonly string[]): error is DbusError {
  return error instanceof DbusError && names.some((name) => error.errorName.endsWith(`.${name}`));
}

/** A failure of the bus at `address` or of the service as a VaultError; anything else as it is. */
export function asKeyringError(error: unknown, address: string): unknown {
  if (error instanceof WireError) {
    return secretServiceError('KEYRING_UNAVAILABLE', `the Secret Service is not understood: ${error.message}`, error);
  }
  if (!(error instanceof DbusError)) return error;
  const name = error.errorName.slice(error.errorName.lastIndexOf('.') + 1);
  const [code, message] = MEANINGS[name] ?? OTHER;
  return secretServiceError(code, message(address, error), error);
}

type Meaning = readonly [ErrorCode, (address: string, error: DbusError) => string];

const NO_SERVICE: Meaning = [
  'KEYRING_UNAVAILABLE',
  (address) =>
    `no Secret Service is on the session bus ${address}; start gnome-keyring, KWallet or KeePassXC, ${WAY_OUT}`,
];
const BUS_LOST: Meaning = [
  'KEYRING_UNAVAILABLE',
  (address, error) => `the connection to the session bus ${address} was lost (${error.message}); repeat the command`,
];
const OTHER: Meaning = [
  'KEYRING_UNAVAILABLE',
  (_, error) => `the Secret Service failed with ${error.errorName} (${error.message}); look at it, ${WAY_OUT}`,
];
const MEANINGS: Readonly<Record<string, Meaning>> = {
  NoServer: [
    'KEYRING_UNAVAILABLE',
    (_, error) => `there is no session bus (${error.message}); run this in a desktop session, ${WAY_OUT}`,
  ],
  AuthFailed: [
    'KEYRING_UNAVAILABLE',
    (address) => `the session bus ${address} belongs to another user; run this as that user, ${WAY_OUT}`,
  ],
  Disconnected: BUS_LOST,
  InconsistentMessage: BUS_LOST,
  ServiceUnknown: NO_SERVICE,
  NameHasNoOwner: NO_SERVICE,
  ExecFailed: NO_SERVICE,
  ForkFailed: NO_SERVICE,
  ChildExited: NO_SERVICE,
  ChildSignaled: NO_SERVICE,
  NoReply: [
    'KEYRING_UNAVAILABLE',
    () => `the Secret Service ended in the middle of a call; start it again, ${WAY_OUT}`,
  ],
  Timeout: ['TIMEOUT', (_, error) => `the Secret Service does not answer (${error.message}); restart it, ${WAY_OUT}`],
  AccessDenied: [
    'KEYRING_DENIED',
    (_, error) => `the Secret Service refuses access (${error.message}); allow it, ${WAY_OUT}`,
  ],
  IsLocked: ['KEYRING_LOCKED', () => `the keyring is locked; unlock it in the keyring application, ${WAY_OUT}`],
};
