import { profileHeader } from '../aws/config-file.ts';
import { VaultError } from '../errors.ts';

/** A role of IAM Identity Center that is to get a profile. */
export type AssignedRole = { readonly accountId: string; readonly accountName: string; readonly roleName: string };

export type NamedRole = AssignedRole & { readonly profile: string };

export type ProfileTemplate = {
  /** With `{account_name}`, `{account_id}` and `{role_name}`. */
  readonly template: string;
  readonly prefix: string;
};

const PLACEHOLDERS: Readonly<Record<string, (role: AssignedRole) => string>> = {
  account_name: ({ accountName }) => plain(accountName),
  account_id: ({ accountId }) => accountId,
  role_name: ({ roleName }) => plain(roleName),
};
/** More would not help anybody to mend the template. */
const SHOWN_CLASHES = 3;

/**
 * Names the profiles of roles. What a person would have to quote in a shell becomes a hyphen.
 * @throws VaultError USAGE for a template that gives one name to two roles, or a name that no profile can have
 */
export function nameProfiles(roles: readonly AssignedRole[], { template, prefix }: ProfileTemplate): NamedRole[] {
  checkTemplate(template);
  const named = roles.map((role) => ({ ...role, profile: prefix + rendered(template, role) }));
  const clashes = [...Map.groupBy(named, ({ profile }) => profile)].filter(([, same]) => same.length > 1);
  if (clashes.length > 0) throw clashing(clashes);
  for (const { profile } of named) checkName(profile);
  return named;
}

function rendered(template: string, role: AssignedRole): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => PLACEHOLDERS[name]?.(role) ?? '');
}

function plain(name: string): string {
  return name
    .normalize('NFC')
    .replaceAll(/[^\p{L}\p{N}._/@:+-]+/gu, '-')
    .replaceAll(/^-+|-+$/g, '');
}

/** @throws VaultError USAGE */
export function checkTemplate(template: string): void {
  const known = Object.keys(PLACEHOLDERS).map((name) => `{${name}}`);
  const unknown = template.match(/\{[^}]*\}?/g)?.find((placeholder) => !known.includes(placeholder));
  if (unknown === undefined && known.some((placeholder) => template.includes(placeholder))) return;
  const what = unknown === undefined ? 'has none of them' : `has ${unknown}`;
  throw new VaultError('USAGE', `--template takes ${known.join(', ')}, and ${JSON.stringify(template)} ${what}`);
}

function clashing(clashes: readonly [string, readonly NamedRole[]][]): VaultError {
  const shown = clashes.slice(0, SHOWN_CLASHES).map(([profile, roles]) => {
    const places = roles.map(({ accountId, roleName }) => `${roleName} in ${accountId}`);
    return `${JSON.stringify(profile)} (${places.slice(0, SHOWN_CLASHES).join(', ')})`;
  });
  const more = clashes.length > SHOWN_CLASHES ? ` and ${clashes.length - SHOWN_CLASHES} more` : '';
  const message = `two or more roles would have one name: ${shown.join(', ')}${more}; put what tells them apart into --template, such as {account_id}`;
  return new VaultError('USAGE', message);
}

function checkName(profile: string): void {
  // [default] is not one profile but what all others inherit.
  if (profile === 'default' || profile === '') {
    throw new VaultError(
      'USAGE',
      `a profile cannot be called ${JSON.stringify(profile)} here; choose another --template`,
    );
  }
  profileHeader(profile);
}

/** The lines of a block of such profiles. `instance`: the settings that say where to log in. */
export function profileLines(
  roles: readonly NamedRole[],
  { instance, region }: { readonly instance: Readonly<Record<string, string>>; readonly region: string | undefined },
): string[] {
  return roles.flatMap(({ profile, accountId, roleName }, index) => {
    const settings = { ...instance, sso_account_id: accountId, sso_role_name: roleName, ...(region && { region }) };
    const lines = [profileHeader(profile), ...Object.entries(settings).map(([key, value]) => `${key} = ${value}`)];
    return index === 0 ? lines : ['', ...lines];
  });
}
