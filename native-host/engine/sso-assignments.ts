import { listAccountRoles, listAccounts, type Page, type SsoAccount } from '../aws/sso.ts';
import { VaultError } from '../errors.ts';
import type { Context } from './context.ts';
import { Pace } from './pace.ts';
import type { Portal } from './sso-portal.ts';

/** An account and the roles (permission sets) that the person has in it, by name. */
export type SsoAccountRoles = SsoAccount & { readonly roleNames: readonly string[] };

export type ListOptions = {
  readonly context: Pick<Context, 'now' | 'signal'>;
  /** Whether the roles of an account are wanted; all are, if not given. */
  readonly isWanted?: (account: SsoAccount) => boolean;
  /** Called for each account whose roles are known. */
  readonly onProgress?: ((progress: { readonly done: number; readonly total: number }) => void) | undefined;
};

/**
 * Every account and role that the person has, by the account's name. AWS is asked account by account, as fast as it allows.
 * @throws VaultError SSO_LOGIN_REQUIRED, AWS_THROTTLED, AWS_*
 */
export async function listAssignments(portal: Portal, options: ListOptions): Promise<SsoAccountRoles[]> {
  const { context, isWanted = () => true, onProgress } = options;
  const pace = new Pace(context);
  const found = await allPages((token) => pace.one(() => portal((reach) => listAccounts(reach, token))));
  const accounts = found.filter(isWanted);
  let done = 0;
  onProgress?.({ done, total: accounts.length });
  const withRoles = await pace.all(accounts, async (account) => {
    const roleNames = await rolesOf(account, portal, pace);
    done += 1;
    onProgress?.({ done, total: accounts.length });
    return { ...account, roleNames: roleNames.sort(inOrder) };
  });
  return withRoles.sort(
    (one, other) => inOrder(one.accountName, other.accountName) || inOrder(one.accountId, other.accountId),
  );
}

async function rolesOf({ accountId }: SsoAccount, portal: Portal, pace: Pace): Promise<string[]> {
  try {
    return await allPages((token) => pace.one(() => portal((reach) => listAccountRoles(reach, accountId, token))));
  } catch (error) {
    // Somebody took the last role away since the accounts were listed.
    if (error instanceof VaultError && error.details.awsCode === 'ResourceNotFoundException') return [];
    throw error;
  }
}

async function allPages<T>(page: (nextToken: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let nextToken: string | undefined;
  do {
    const answer = await page(nextToken);
    items.push(...answer.items);
    nextToken = answer.nextToken;
  } while (nextToken !== undefined);
  return items;
}

/** The same order on every machine, whatever its language; capital letters do not come first. */
function inOrder(one: string, other: string): number {
  return compared(one.toLowerCase(), other.toLowerCase()) || compared(one, other);
}

function compared(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
