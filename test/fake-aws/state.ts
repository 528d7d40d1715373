import { randomBytes, randomUUID } from 'node:crypto';
import type { Partition } from './hosts.ts';
import { emptyLoginState, type LoginState } from './login-state.ts';
import { emptySsoState, type SsoState } from './sso-state.ts';

export type User = {
  readonly arn: string;
  readonly account: string;
  readonly partition: Partition;
  readonly name: string;
  readonly path: string;
  readonly userId: string;
  readonly createdAt: Date;
  /** Actions this user's policies do not allow, such as `iam:GetUser`. */
  readonly deny: readonly string[];
};

export type AccessKey = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly user: User;
  readonly createdAt: Date;
  isActive: boolean;
  /** How many more calls come too early: IAM tells its servers of a new key one after the other. */
  callsUntilKnown: number;
  lastUsed?: { readonly at: Date; readonly service: string; readonly region: string };
};

export type Device = {
  readonly serial: string;
  readonly secretBase32: string;
  readonly account: string;
  /** Whom it is enabled for; nobody at first. */
  user: User | undefined;
  enabledAt?: Date;
  /** How far its clock is known to be off, in steps of 30 s. */
  driftSteps: number;
  /** Steps whose code was taken: each is good once. */
  readonly usedSteps: Set<number>;
};

export type Role = {
  readonly arn: string;
  readonly account: string;
  readonly partition: Partition;
  readonly name: string;
  readonly roleId: string;
  readonly trusts: readonly string[];
  readonly requireMfa: boolean;
  readonly externalId: string | undefined;
  readonly maxSessionDurationSeconds: number;
  /** ARNs of callers the trust policy names but whose own policies lack sts:AssumeRole on this role. */
  readonly deny: readonly string[];
};

type SessionFields = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly account: string;
  readonly partition: Partition;
  /** As GetCallerIdentity shows it. */
  readonly arn: string;
  readonly userId: string;
  readonly issuedAt: Date;
  expiresAt: Date;
  /** The key or session that signed the call this session came from. */
  readonly sourceAccessKeyId: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly transitiveTagKeys: readonly string[];
  readonly sourceIdentity: string | undefined;
  readonly policy: string | undefined;
};

/** Temporary credentials. `isChained`: obtained with another role's credentials. */
export type Session =
  | (SessionFields & { readonly type: 'session-token'; readonly user: User; readonly isMfaAuthenticated: boolean })
  | (SessionFields & { readonly type: 'federation'; readonly user: User })
  | (SessionFields & { readonly type: 'role'; readonly role: Role; readonly isChained: boolean });

/** What a test may know of a session: all but its secrets. */
export type IssuedSession = Omit<SessionFields, 'secretAccessKey' | 'sessionToken'> & {
  readonly type: Session['type'];
  /** A user's session that began with MFA. */
  readonly isMfaAuthenticated: boolean;
  /** A role session obtained with another role's credentials. */
  readonly isChained: boolean;
};

/** Who signed a request. */
export type Caller =
  | { readonly type: 'key'; readonly key: AccessKey }
  | { readonly type: 'session'; readonly session: Session };

/** Somebody an identity provider vouches for. */
export type WebIdentity = {
  /** `arn:…:oidc-provider/HOST`, as a role trusts it. */
  readonly providerArn: string;
  readonly subject: string;
  readonly audience: string;
  readonly expiresAt: Date;
};

/** A SAML identity provider in IAM. `secret`: what its assertions are signed with, here in place of a certificate. */
export type SamlProvider = { readonly arn: string; readonly issuer: string; readonly secret: string };

export type SigninToken = {
  readonly token: string;
  readonly session: Session;
  readonly expiresAt: Date;
  /** Of the console session, if the client asked for one of its own; else the credentials' expiry counts. */
  readonly sessionDurationSeconds: number | undefined;
};

export type ConsoleSession = {
  readonly id: string;
  readonly account: string;
  readonly identity: string;
  readonly issuer: string;
  readonly expiresAt: Date;
  /** A federation token without a policy may do nothing. */
  readonly hasPermissions: boolean;
};

export type ConsoleVisit = {
  readonly sessionId: string;
  readonly account: string;
  readonly identity: string;
  readonly at: Date;
  readonly host: string;
  readonly path: string;
  readonly userAgent: string;
};

export type RecordedCall = {
  readonly service: string;
  readonly operation: string;
  readonly accessKeyId: string | undefined;
  /** Where it was signed for; `undefined` for what nobody signs. */
  readonly signedRegion: string | undefined;
  /** Secrets (codes, tokens, keys) are named but their values are left out. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly at: Date;
  readonly host: string;
  readonly userAgent: string;
  /** HTTP status of the answer; 0 when the connection was cut instead. */
  readonly status: number;
};

export type UnexpectedCall = {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly reason: string;
};

export type ConnectAttempt = { readonly target: string; readonly isAllowed: boolean };

/** All that the sandbox knows, in memory. */
export type State = {
  readonly now: () => Date;
  /** `callsUntilKnown` of the keys that CreateAccessKey makes. */
  keySettlingCalls: number;
  readonly users: Map<string, User>;
  readonly keys: Map<string, AccessKey>;
  readonly devices: Map<string, Device>;
  readonly roles: Map<string, Role>;
  readonly sessions: Map<string, Session>;
  /** By their tokens. */
  readonly webIdentities: Map<string, WebIdentity>;
  /** By their ARNs. */
  readonly samlProviders: Map<string, SamlProvider>;
  readonly signinTokens: Map<string, SigninToken>;
  readonly consoleSessions: Map<string, ConsoleSession>;
  /** One-time codes that carry a console session to another site of the same partition. */
  readonly handovers: Map<string, string>;
  readonly sso: SsoState;
  readonly logins: LoginState;
  readonly consoleVisits: ConsoleVisit[];
  readonly calls: RecordedCall[];
  readonly unexpectedCalls: UnexpectedCall[];
  readonly connects: ConnectAttempt[];
};

export function emptyState(now: () => Date): State {
  return {
    now,
    keySettlingCalls: 0,
    users: new Map(),
    keys: new Map(),
    devices: new Map(),
    roles: new Map(),
    sessions: new Map(),
    webIdentities: new Map(),
    samlProviders: new Map(),
    signinTokens: new Map(),
    consoleSessions: new Map(),
    handovers: new Map(),
    sso: emptySsoState(),
    logins: emptyLoginState(),
    consoleVisits: [],
    calls: [],
    unexpectedCalls: [],
    connects: [],
  };
}

const ID_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** An identifier in AWS's form: a four-letter prefix that tells the kind (AKIA, ASIA, AIDA, AROA) and 16 characters. */
export function newAwsId(prefix: 'AKIA' | 'ASIA' | 'AIDA' | 'AROA'): string {
  return prefix + [...randomBytes(16)].map((byte) => ID_ALPHABET.charAt(byte & 31)).join('');
}

/** 40 characters with `+` and `/` among them, as AWS makes them. */
export function newSecretAccessKey(): string {
  return randomBytes(30).toString('base64');
}

/** Base64 text, so that clients have to escape its `+`, `/` and `=` as they must with AWS's own. */
export function newToken(): string {
  return randomBytes(130).toString('base64');
}

export function newRequestId(): string {
  return randomUUID();
}

export function partitionAndAccountOf(caller: Caller): { readonly partition: Partition; readonly account: string } {
  return caller.type === 'key' ? caller.key.user : caller.session;
}

export function accessKeyIdOf(caller: Caller): string {
  return caller.type === 'key' ? caller.key.accessKeyId : caller.session.accessKeyId;
}

/** The ARN and unique ID that GetCallerIdentity shows. */
export function identityOf(caller: Caller): { readonly arn: string; readonly userId: string } {
  return caller.type === 'key' ? caller.key.user : caller.session;
}

/** The IAM user behind a key or behind the session of a user; a role session and a federated user have none. */
export function iamUserOf(caller: Caller): User | undefined {
  if (caller.type === 'key') return caller.key.user;
  return caller.session.type === 'session-token' ? caller.session.user : undefined;
}

/** Whether the caller's own policies refuse this action (`service:Operation`). */
export function isDenied(caller: Caller, action: string): boolean {
  return iamUserOf(caller)?.deny.includes(action) ?? false;
}

/**
 * Whether a session stopped working before its time: a user's sessions go with the user's key that made them (those of a login have none). A role
 * session stands on its own, and outlives the key.
 */
export function isSourceGone(state: State, session: Session): boolean {
  const isOfKey = session.type !== 'role' && session.sourceAccessKeyId !== '';
  return isOfKey && !state.keys.has(session.sourceAccessKeyId);
}
