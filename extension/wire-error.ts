import { asVaultError, ERROR_CODES, type ErrorCode, VaultError } from '../native-host/errors.ts';
import type { WireError } from '../native-host/protocol.ts';

/** An error as it goes over a port or into session storage: its listed facts, never its cause or stack. */
export function toWireError(error: unknown): WireError {
  const { code, message, details } = asVaultError(error);
  return { code, message, details };
}

/** The error a host answered with. A newer host may know codes that this extension does not: those become INTERNAL. */
export function fromWireError(error: WireError): VaultError {
  const code: ErrorCode = ERROR_CODES.includes(error.code) ? error.code : 'INTERNAL';
  return new VaultError(code, error.message, { details: error.details });
}
