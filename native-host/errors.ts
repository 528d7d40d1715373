/**
 * Every code a user, a script or the extension can see. Append-only: a code is never renamed or removed,
 * because scripts and older extensions match on it (test/repo/error-codes.test.ts holds the golden list).
 */
export const ERROR_CODES = [
  'INTERNAL',
  'USAGE',
  'BAD_MESSAGE',
  'VERSION_MISMATCH',
  'CONFIG_INVALID',
  'PROFILE_NOT_FOUND',
  'PROFILE_LOOP',
  'CREDENTIALS_NOT_FOUND',
  'KEYRING_UNAVAILABLE',
  'KEYRING_LOCKED',
  'KEYRING_DENIED',
  'KEYRING_CORRUPT',
  'MFA_REQUIRED',
  'MFA_REJECTED',
  'AWS_ACCESS_DENIED',
  'AWS_REJECTED',
  'AWS_THROTTLED',
  'AWS_UNREACHABLE',
  'AWS_CREDENTIALS_INVALID',
  'AWS_CLOCK_SKEW',
  'PROCESS_FAILED',
  'TIMEOUT',
  'HOST_NOT_FOUND',
  'HOST_FORBIDDEN',
  'HOST_GONE',
  'BROWSER_NOT_CONNECTED',
  'CONTAINERS_DISABLED',
  'CANCELLED',
  'SSO_LOGIN_REQUIRED',
  'SSO_LOGIN_DENIED',
  'SSO_LOGIN_EXPIRED',
  'LOGIN_REQUIRED',
  'LOGIN_DENIED',
  'LOGIN_EXPIRED',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** Facts a client may act on. Listed keys only, and never a secret: they go to logs, to the extension and to scripts. */
export type ErrorDetails = {
  readonly profile?: string;
  readonly file?: string;
  readonly line?: number;
  readonly flag?: string;
  readonly backend?: string;
  readonly mfaSerial?: string;
  readonly ssoStartUrl?: string;
  /** The name of the `[sso-session]`. */
  readonly ssoSession?: string;
  /** The lock every process takes that needs the same session (engine/lock.ts). */
  readonly sessionKey?: string;
  readonly operation?: string;
  readonly requestId?: string;
  readonly awsCode?: string;
  readonly protocol?: number;
};

/**
 * The one error of the product. `message` is one sentence: what failed, on what, what to do next; never a secret.
 * Thrown where the fact is known, translated only at the edge, caught in server.ts, cli/main.ts and the popup root.
 */
export class VaultError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'VaultError';
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** Any thrown value as a VaultError; an aborted wait is CANCELLED, and what else is not one yet is a defect of ours: INTERNAL. */
export function asVaultError(error: unknown): VaultError {
  if (error instanceof VaultError) return error;
  if (error instanceof Error && error.name === 'AbortError')
    return new VaultError('CANCELLED', 'cancelled', { cause: error });
  const text = error instanceof Error ? error.message : String(error);
  return new VaultError('INTERNAL', `unexpected failure: ${text}`, { cause: error });
}
