import { readFileSync } from 'node:fs';
import { type BlockPlace, readBlock, replaceBlock } from '../aws/config-block.ts';
import { changeConfigFile } from '../aws/config-file.ts';
import { isStoredKey } from '../engine/session-cache.ts';
import { VaultError } from '../errors.ts';
import type { CallOptions, VaultAccess } from '../vault-access.ts';
import { diffSections, type SectionDiff } from './section-diff.ts';
import { type AssignedRole, checkTemplate, nameProfiles, type ProfileTemplate, profileLines } from './sso-profiles.ts';
import { type SsoRoles, type SsoRolesRequest, ssoRoles } from './sso-roles.ts';

export type PopulateRequest = ProfileTemplate &
  Pick<SsoRolesRequest, 'target' | 'onProgress'> & {
    readonly region: string | undefined;
    /** Patterns with `*` and `?`; an account's is compared with its name and its ID. None: all. */
    readonly accountPatterns: readonly string[];
    readonly rolePatterns: readonly string[];
  };

export type PopulatePlan = {
  readonly file: string;
  readonly diff: SectionDiff;
  /** Profiles that are left out, and why. */
  readonly skipped: readonly { readonly profile: string; readonly why: string }[];
  readonly before: Buffer;
  readonly after: Buffer;
};

const KIND = 'keyturn sso populate';
const NOTE = `# '${KIND}' writes these profiles anew: what you change here is lost the next time.`;

/**
 * What the config file would become with a profile for every account and role, in a block of its own. Writes nothing.
 * @throws VaultError SSO_LOGIN_REQUIRED (ask and repeat: ask.ts), USAGE, CONFIG_INVALID, AWS_*
 */
export async function planPopulate(
  access: VaultAccess,
  request: PopulateRequest,
  call: CallOptions,
): Promise<PopulatePlan> {
  checkTemplate(request.template);
  const found = await matchingRoles(access, request, call);
  const { configFile: file } = access.settings;
  const before = bytesOf(file);
  const place: BlockPlace = { file, kind: KIND, name: found.session ?? found.startUrl };
  const { lines, otherProfiles } = readBlock(before, place);
  const stored = await access.withKeyring(async (keyring) => new Set((await keyring.keys()).filter(isStoredKey)));
  const skipped: { profile: string; why: string }[] = [];
  const named = nameProfiles(found.roles, request).filter(({ profile }) => {
    const line = otherProfiles.get(profile);
    if (line !== undefined) skipped.push({ profile, why: `${file}:${line} has a profile of that name already` });
    // It would come before IAM Identity Center, and the profile would be somebody else.
    else if (stored.has(profile)) skipped.push({ profile, why: 'the vault has a key of that name' });
    else return true;
    return false;
  });
  const content = profileLines(named, { instance: instanceSettings(found), region: request.region });
  const after = replaceBlock(before, place, content.length === 0 ? [] : [NOTE, ...content]);
  return { file, diff: diffSections(lines ?? [], content), skipped, before, after };
}

/** Writes what was planned. @throws VaultError CONFIG_INVALID for a file that was changed meanwhile, or cannot be written */
export function applyPopulate({ file, before, after }: PopulatePlan): void {
  changeConfigFile(file, (current) => {
    if (current.equals(before)) return after;
    const message = `${file} was changed by somebody else meanwhile, so nothing was written; run the command again`;
    throw new VaultError('CONFIG_INVALID', message, { details: { file } });
  });
}

type Found = Pick<SsoRoles, 'session' | 'startUrl' | 'region'> & { readonly roles: readonly AssignedRole[] };

async function matchingRoles(access: VaultAccess, request: PopulateRequest, call: CallOptions): Promise<Found> {
  const { accountPatterns, rolePatterns, target, onProgress } = request;
  const [isAccount, isRole] = [matcher(accountPatterns), matcher(rolePatterns)];
  const isWanted: SsoRolesRequest['isWanted'] = ({ accountId, accountName }) =>
    isAccount(accountId) || isAccount(accountName);
  const { accounts, ...instance } = await ssoRoles(access, { target, isWanted, onProgress }, call);
  const roles = accounts.flatMap(({ accountId, accountName, roles: all }) =>
    all.flatMap(({ roleName }) => (isRole(roleName) ? { accountId, accountName, roleName } : [])),
  );
  const isFiltered = accountPatterns.length + rolePatterns.length > 0;
  // A slip in a pattern must not take all profiles away.
  if (roles.length === 0 && isFiltered) {
    throw new VaultError('USAGE', 'no account and role matches --account and --role; nothing was changed');
  }
  return { ...instance, roles };
}

/** Whether a text matches one of the patterns, in whatever case; without any, every text does. */
function matcher(patterns: readonly string[]): (text: string) => boolean {
  if (patterns.length === 0) return () => true;
  const escaped = (text: string): string => text.replaceAll(/[\\^$.+()[\]{}|/-]/g, '\\$&');
  const sources = patterns.map((pattern) => escaped(pattern).replaceAll('*', '.*').replaceAll('?', '.'));
  const expression = new RegExp(`^(?:${sources.join('|')})$`, 'isu');
  return (text) => expression.test(text);
}

function instanceSettings({ session, startUrl, region }: Found): Record<string, string> {
  return session === undefined ? { sso_start_url: startUrl, sso_region: region } : { sso_session: session };
}

function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return Buffer.alloc(0);
    throw new VaultError('CONFIG_INVALID', `cannot read ${file}`, { details: { file }, cause: error });
  }
}
