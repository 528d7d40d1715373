import { accessDenied, notAuthorized } from './aws-error.ts';
import { checkMfa } from './mfa.ts';
import { durationSeconds, requiredText, sessionPolicy, sessionTags } from './parameters.ts';
import {
  type AccessKey,
  type Caller,
  identityOf,
  newAwsId,
  newSecretAccessKey,
  newToken,
  partitionAndAccountOf,
  type Session,
  type State,
} from './state.ts';
import type { XmlContent } from './xml.ts';

const USER_DURATION = { min: 900, max: 129_600, otherwise: 43_200 };

type Generated = 'accessKeyId' | 'secretAccessKey' | 'sessionToken' | 'issuedAt' | 'expiresAt';
type NewSession<T> = T extends Session ? Omit<T, Generated> : never;

/** Temporary credentials of their own: key, secret and token are new in every session. */
export function newSession(state: State, seconds: number, fields: NewSession<Session>): Session {
  const issuedAt = state.now();
  const session: Session = {
    ...fields,
    accessKeyId: newAwsId('ASIA'),
    secretAccessKey: newSecretAccessKey(),
    sessionToken: newToken(),
    issuedAt,
    expiresAt: new Date(issuedAt.getTime() + seconds * 1000),
  };
  state.sessions.set(session.accessKeyId, session);
  return session;
}

export function credentialsXml(session: Session): XmlContent {
  return {
    AccessKeyId: session.accessKeyId,
    SecretAccessKey: session.secretAccessKey,
    SessionToken: session.sessionToken,
    // STS answers in whole seconds.
    Expiration: `${session.expiresAt.toISOString().slice(0, 19)}Z`,
  };
}

function longTermKey(caller: Caller, operation: string): AccessKey {
  if (caller.type === 'key') return caller.key;
  throw accessDenied(`Cannot call ${operation} with session credentials`);
}

/**
 * GetSessionToken, with the long-term key of a user only.
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
 */
export function getSessionToken(state: State, caller: Caller, form: URLSearchParams): XmlContent {
  const { user, accessKeyId } = longTermKey(caller, 'GetSessionToken');
  const seconds = durationSeconds(form, USER_DURATION);
  const isMfaAuthenticated = checkMfa(state, user, form);
  const session = newSession(state, seconds, {
    type: 'session-token',
    user,
    isMfaAuthenticated,
    account: user.account,
    partition: user.partition,
    arn: user.arn,
    userId: user.userId,
    sourceAccessKeyId: accessKeyId,
    tags: {},
    transitiveTagKeys: [],
    sourceIdentity: undefined,
    policy: undefined,
  });
  return { Credentials: credentialsXml(session) };
}

/**
 * GetFederationToken, with the long-term key of a user only.
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
 */
export function getFederationToken(state: State, caller: Caller, form: URLSearchParams): XmlContent {
  const { user, accessKeyId } = longTermKey(caller, 'GetFederationToken');
  const name = requiredText(form, 'Name', { pattern: /^[\w+=,.@-]*$/, min: 2, max: 32 });
  const seconds = durationSeconds(form, USER_DURATION);
  const policy = sessionPolicy(form);
  const { tags } = sessionTags(form);
  const arn = `arn:${user.partition}:sts::${user.account}:federated-user/${name}`;
  if (user.deny.includes('sts:GetFederationToken')) throw notAuthorized(user.arn, 'sts:GetFederationToken', arn);
  const session = newSession(state, seconds, {
    type: 'federation',
    user,
    account: user.account,
    partition: user.partition,
    arn,
    userId: `${user.account}:${name}`,
    sourceAccessKeyId: accessKeyId,
    tags,
    transitiveTagKeys: [],
    sourceIdentity: undefined,
    policy,
  });
  return {
    Credentials: credentialsXml(session),
    FederatedUser: { FederatedUserId: session.userId, Arn: session.arn },
    PackedPolicySize: policy === undefined ? 0 : Math.ceil((policy.length * 100) / 2048),
  };
}

/** GetCallerIdentity, which everybody may call. */
export function getCallerIdentity(_state: State, caller: Caller): XmlContent {
  const { arn, userId } = identityOf(caller);
  return { Arn: arn, UserId: userId, Account: partitionAndAccountOf(caller).account };
}
