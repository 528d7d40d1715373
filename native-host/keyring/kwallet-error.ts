import { type ErrorCode, VaultError } from '../errors.ts';
import { DbusError } from './dbus-error.ts';
import { WireError } from './dbus-wire.ts';

const WAY_OUT = 'or choose the encrypted file with --backend file';

export function kwalletError(code: ErrorCode, message: string, cause?: unknown): VaultError {
  return new VaultError(code, message, { details: { backend: 'kwallet' }, cause });
}

/** A failure of the bus at `address` or of KWallet as a VaultError; anything else as it is. */
export function asKwalletError(error: unknown, address: string): unknown {
  if (error instanceof WireError) {
    return kwalletError('KEYRING_UNAVAILABLE', `KWallet is not understood: ${error.message}`, error);
  }
  if (!(error instanceof DbusError)) return error;
  const name = error.errorName.slice(error.errorName.lastIndexOf('.') + 1);
  const [code, message] = MEANINGS[name] ?? ['KEYRING_UNAVAILABLE', `KWallet failed with ${error.errorName}`];
  return kwalletError(
    code,
    `${message} (${address === '' ? error.message : `session bus ${address}`}); ${WAY_OUT}`,
    error,
  );
}

const NO_SERVICE = ['KEYRING_UNAVAILABLE', 'no KWallet is on the session bus'] as const;
const LOST = ['KEYRING_UNAVAILABLE', 'the connection to KWallet was lost; repeat the command'] as const;

const MEANINGS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  NoServer: ['KEYRING_UNAVAILABLE', 'there is no session bus; run this in a desktop session'],
  AuthFailed: ['KEYRING_UNAVAILABLE', 'the session bus belongs to another user'],
  Disconnected: LOST,
  NoReply: LOST,
  ServiceUnknown: NO_SERVICE,
  NameHasNoOwner: NO_SERVICE,
  ExecFailed: NO_SERVICE,
  ChildExited: NO_SERVICE,
  ChildSignaled: NO_SERVICE,
  UnknownObject: NO_SERVICE,
  AccessDenied: ['KEYRING_DENIED', 'the session bus refuses access to KWallet'],
  Timeout: ['TIMEOUT', 'KWallet does not answer; restart it'],
};
