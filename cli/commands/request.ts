import { VaultError } from '../../native-host/errors.ts';

/** The flags that exec, export and login have in common. */
export type CredentialFlags = {
  readonly durationSeconds: number | undefined;
  readonly noSession: boolean;
  readonly region: string | undefined;
  readonly mfaToken: string | undefined;
  /** Whether the person opens the page of an SSO login. */
  readonly stdout: boolean;
};

/** aws-vault's words before a failure, so that scripts that look for them go on working. */
export function inContext(error: unknown, profile: string): unknown {
  if (!(error instanceof VaultError)) return error;
  const before = contextOf(error, profile);
  return before === ''
    ? error
    : new VaultError(error.code, before + error.message, { details: error.details, cause: error });
}

function contextOf({ code, details }: VaultError, profile: string): string {
  if (code === 'CONFIG_INVALID' || code === 'PROFILE_LOOP') return 'Error loading config: ';
  if (code === 'CREDENTIALS_NOT_FOUND' || code === 'PROFILE_NOT_FOUND') return 'Error getting temporary credentials: ';
  // A program that was to give the MFA code fails with a code of its own.
  const isOfMfa = details.mfaSerial !== undefined;
  return isOfMfa || /^(AWS|MFA|SSO)_/.test(code) ? `Failed to get credentials for ${profile}: ` : '';
}
