import { randomBytes } from 'node:crypto';
import { addRole } from './set-up.ts';
import type { SsoInstance, SsoToken } from './sso-state.ts';
import type { Role, State } from './state.ts';

export type SsoOptions = {
  readonly startUrl?: string;
  readonly region?: string;
  /** 3600 if not given. */
  readonly accessTokenSeconds?: number;
  /** 1 if not given. */
  readonly pollSeconds?: number;
  /** The page of a device code is the access portal's, at the start URL's own host, and has to be clicked through. */
  readonly hasPortalPage?: boolean;
};

export type AssignOptions = {
  readonly account: string;
  readonly permissionSet: string;
  /** 3600 if not given. */
  readonly sessionSeconds?: number;
  /** The account's name in the organisation; made of its ID if not given. */
  readonly accountName?: string;
};

export type SsoHandle = {
  readonly startUrl: string;
  readonly region: string;
  /** Gives the person a permission set in an account. */
  readonly assign: (options: AssignOptions) => Role;
  /** Takes it away again. */
  readonly unassign: (options: Pick<AssignOptions, 'account' | 'permissionSet'>) => void;
  /** What the person does with the next authorization pages; `allow` at first. */
  readonly answerWith: (consent: SsoInstance['consent']) => void;
  /** Who came to the pages of this instance, told by their cookies, in order. */
  readonly visitors: () => readonly string[];
  /** Tokens issued so far, the newest last. */
  readonly tokens: () => readonly SsoToken[];
  /** Ends every access token now, whatever their clients believe. */
  readonly expireAccessTokens: () => void;
  /** Ends the person's session: access and refresh tokens. */
  readonly revoke: () => void;
  /** Forgets the registered clients. */
  readonly forgetClients: () => void;
};

/** An IAM Identity Center instance, with one person in it. */
export function addSso(state: State, options: SsoOptions): SsoHandle {
  const { startUrl = 'https://keyturn.awsapps.com/start', region = 'eu-central-1' } = options;
  const { accessTokenSeconds = 3600, pollSeconds = 1, hasPortalPage = false } = options;
  const instance: SsoInstance = {
    startUrl,
    region,
    accessTokenSeconds,
    pollSeconds,
    hasPortalPage,
    assignments: [],
    accountNames: new Map(),
    consent: 'allow',
  };
  state.sso.instances.push(instance);
  const tokens = (): SsoToken[] => [...state.sso.tokens.values()].filter((token) => token.instance === instance);
  return {
    ...{ startUrl, region, tokens },
    visitors: () => state.sso.visits.filter((visit) => visit.startUrl === startUrl).map(({ person }) => person),
    unassign: ({ account, permissionSet }) => {
      instance.assignments = instance.assignments.filter(
        (one) => one.role.account !== account || one.permissionSet !== permissionSet,
      );
    },
    assign: ({ account, permissionSet, sessionSeconds = 3600, accountName = `account ${account.slice(0, 4)}` }) => {
      const name = `AWSReservedSSO_${permissionSet}_${randomBytes(8).toString('hex')}`;
      const path = `/aws-reserved/sso.amazonaws.com/${region}/`;
      const role = addRole(state, { account, name, path, trusts: [] });
      instance.accountNames.set(account, accountName);
      instance.assignments = [...instance.assignments, { role, permissionSet, sessionSeconds }];
      return role;
    },
    answerWith: (consent) => {
      instance.consent = consent;
    },
    expireAccessTokens: () => {
      for (const token of tokens()) token.expiresAt = state.now();
    },
    revoke: () => {
      for (const { accessToken } of tokens()) state.sso.tokens.delete(accessToken);
    },
    forgetClients: () => state.sso.clients.clear(),
  };
}
