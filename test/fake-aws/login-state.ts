import type { Role, User } from './state.ts';

/** Somebody who is signed in to the console in the browser, and may use that session for `aws login`. */
export type LoginPerson = {
  /** The ARN that `login_session` names. */
  readonly arn: string;
  readonly identity: { readonly user: User } | { readonly role: Role; readonly sessionName: string };
  /** What the person does on the next authorization pages. */
  consent: 'allow' | 'deny';
  /** Why refresh tokens are refused, if they are. */
  refusal: 'TOKEN_EXPIRED' | 'USER_CREDENTIALS_CHANGED' | 'INSUFFICIENT_PERMISSIONS' | undefined;
};

export type LoginCode = {
  readonly person: LoginPerson;
  readonly redirectUri: string;
  readonly codeChallenge: string;
  readonly expiresAt: Date;
};

/** `thumbprint`: of the key that the token is bound to. */
export type LoginRefreshToken = { readonly person: LoginPerson; readonly thumbprint: string };

export type LoginState = {
  /** Whose session the browser offers: the last one of these. */
  readonly people: LoginPerson[];
  /** Each is good once. */
  readonly codes: Map<string, LoginCode>;
  readonly refreshTokens: Map<string, LoginRefreshToken>;
  /** Proofs that were taken: each is good once. */
  readonly usedProofs: Set<string>;
};

export function emptyLoginState(): LoginState {
  return { people: [], codes: new Map(), refreshTokens: new Map(), usedProofs: new Set() };
}
