import { randomBytes } from 'node:crypto';
import type { Role } from './state.ts';

/** An IAM Identity Center instance, with one person who is signed in to it in every browser. */
export type SsoInstance = {
  readonly startUrl: string;
  readonly region: string;
  readonly accessTokenSeconds: number;
  /** Seconds a device has to wait between two polls. */
  readonly pollSeconds: number;
  assignments: readonly SsoAssignment[];
  readonly accountNames: Map<string, string>;
  /** Whether a device code's page is that of the access portal, where a person has to click, and not one whose visit is the click. */
  readonly hasPortalPage: boolean;
  /** What the person does with the next pages of the authorization; `ask`: the page has a link to click on. */
  consent: 'allow' | 'deny' | 'ask';
};

export type SsoAssignment = { readonly role: Role; readonly permissionSet: string; readonly sessionSeconds: number };

export type SsoClient = {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly clientName: string;
  readonly expiresAt: Date;
  readonly scopes: readonly string[];
  /** Empty: the device grant alone. */
  readonly grantTypes: readonly string[];
  readonly redirectUris: readonly string[];
  /** The start URL of the instance an authorization code is for. */
  readonly issuerUrl: string | undefined;
};

export type SsoDevice = {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly client: SsoClient;
  readonly instance: SsoInstance;
  readonly expiresAt: Date;
  pollSeconds: number;
  lastPoll: Date | undefined;
  status: 'pending' | 'allowed' | 'denied' | 'used';
};

export type SsoCode = {
  readonly code: string;
  readonly client: SsoClient;
  readonly instance: SsoInstance;
  readonly redirectUri: string;
  readonly codeChallenge: string;
  readonly scopes: readonly string[];
  readonly expiresAt: Date;
};

export type SsoToken = {
  readonly accessToken: string;
  readonly instance: SsoInstance;
  readonly client: SsoClient;
  readonly scopes: readonly string[];
  expiresAt: Date;
  /** Good once: a refresh gives another one. */
  refreshToken: string | undefined;
};

export type SsoState = {
  readonly instances: SsoInstance[];
  readonly clients: Map<string, SsoClient>;
  readonly devices: SsoDevice[];
  readonly codes: Map<string, SsoCode>;
  readonly tokens: Map<string, SsoToken>;
  readonly visits: SsoVisit[];
};

/** Somebody who came to a page, told by the cookie of that host. */
export type SsoVisit = { readonly startUrl: string; readonly person: string };

export function emptySsoState(): SsoState {
  return { instances: [], clients: new Map(), devices: [], codes: new Map(), tokens: new Map(), visits: [] };
}

/** As long as the service's own, which are a few hundred characters. */
export function newSsoSecret(bytes = 240): string {
  return randomBytes(bytes).toString('base64url');
}

const CONSONANTS = 'BCDFGHJKLMNPQRSTVWXZ';

export function newUserCode(): string {
  const letters = [...randomBytes(8)].map((byte) => CONSONANTS.charAt(byte % CONSONANTS.length)).join('');
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}
