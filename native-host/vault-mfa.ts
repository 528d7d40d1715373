import { resolveProfile } from './aws/profile.ts';
import type { Env } from './engine/context.ts';
import type { Adoption, MfaOwner, MfaOwnerRequest } from './operations/mfa-devices.ts';
import type { SpentCodes } from './spent-codes.ts';
import type { CallOptions, VaultAccess } from './vault-access.ts';

/** The command of an `mfa_process`, and what it is run with. */
export type MfaProcess = { readonly command: string; readonly env: Env };

/** MFA devices: the codes they have given, who answers for them, and how a profile gets one. */
export class VaultMfa {
  private readonly access: VaultAccess;

  constructor(access: VaultAccess) {
    this.access = access;
  }

  /** The MFA codes that this user's processes have sent: each works once. */
  async spentCodes(): Promise<SpentCodes> {
    const { spentCodes } = await import('./spent-codes.ts');
    const { settings, locks, now } = this.access;
    return spentCodes({ dir: `${settings.stateDir}/mfa`, locks, now });
  }

  /**
   * The program that answers for an MFA device: that of the profile which needs the code, else that of the one the person named,
   * where both have the same device.
   */
  async mfaProcess(profile: string, named?: string): Promise<MfaProcess | undefined> {
    const command = await this.mfaCommand(profile, named);
    if (command === undefined) return undefined;
    const { resolvingEnvironment } = await import('./engine/resolving.ts');
    return { command, env: resolvingEnvironment(profile, this.access.env) };
  }

  private async mfaCommand(profile: string, named: string | undefined): Promise<string | undefined> {
    const config = await this.access.config();
    const resolve = (name: string) =>
      resolveProfile(name, { config, env: this.access.env, flags: {}, isTarget: false });
    const { mfaProcess, mfaSerial } = resolve(profile);
    if (mfaProcess !== undefined || named === undefined) return mfaProcess;
    const other = resolve(named);
    return other.mfaSerial === mfaSerial ? other.mfaProcess : undefined;
  }

  /**
   * The IAM user whose stored key a profile's credentials begin with, and what can be done about its MFA devices.
   * @throws VaultError as `credentials` does; USAGE where there is no such user
   */
  async mfaOwner(request: MfaOwnerRequest, call: CallOptions): Promise<MfaOwner> {
    const { mfaOwner } = await import('./operations/mfa-devices.ts');
    return mfaOwner(this.access, request, call);
  }

  /** The roles that begin with the key of `profile` and name no MFA device, or the one it had. */
  async mfaRoles(profile: string, before: string | undefined): Promise<string[]> {
    const { mfaRoles } = await import('./operations/mfa-devices.ts');
    return mfaRoles(this.access, profile, before);
  }

  /** Writes `mfa_serial` to these profiles and removes the sessions made without it. Answers how many there were. */
  async adoptMfaDevice(names: readonly string[], adoption: Adoption): Promise<{ sessions: number }> {
    const { adoptMfaDevice } = await import('./operations/mfa-devices.ts');
    return adoptMfaDevice(this.access, names, adoption);
  }
}
