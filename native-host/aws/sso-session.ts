import { VaultError } from '../errors.ts';
import type { ConfigFile } from './config-file.ts';
import type { SsoSource } from './profile.ts';

/** An instance of IAM Identity Center as the config file has it, whatever account and role are wanted there. */
export type SsoSession = Omit<SsoSource, 'accountId' | 'roleName'>;

/** `sso_registration_scopes`, as the AWS CLI reads it. */
export function parseScopes(text: string): string[] {
  return text.split(',').flatMap((scope) => scope.trim() || []);
}

/**
 * What an `[sso-session]` says, for a login that is no profile's.
 * @throws VaultError CONFIG_INVALID for one that is not there or not complete
 */
export function ssoSessionOf(name: string, config: ConfigFile): SsoSession & { readonly session: string } {
  const section = config.ssoSessions.get(name);
  const [startUrl, region, scopes] = ['sso_start_url', 'sso_region', 'sso_registration_scopes'].map((key) =>
    section?.values.get(key),
  );
  const problem = (what: string): VaultError => {
    const at = section === undefined ? config.path : `${config.path}:${section.line}`;
    const details = { file: config.path, ssoSession: name, ...(section && { line: section.line }) };
    return new VaultError('CONFIG_INVALID', `${at}: ${what}`, { details });
  };
  if (section === undefined) throw problem(`there is no [sso-session ${name}]; add it, or name another one`);
  if (startUrl === undefined) throw problem(`sso_start_url is missing in [sso-session ${name}]; add it`);
  if (region === undefined) throw problem(`sso_region is missing in [sso-session ${name}]; add it`);
  return { startUrl, region, session: name, ...(scopes !== undefined && { registrationScopes: parseScopes(scopes) }) };
}
