import { accessDenied, notAuthorized, validationError } from './aws-error.ts';
import { checkMfa } from './mfa.ts';
import {
  durationSeconds,
  optionalText,
  requiredText,
  type SessionTags,
  sessionPolicy,
  sessionTags,
} from './parameters.ts';
import {
  accessKeyIdOf,
  type Caller,
  iamUserOf,
  identityOf,
  isDenied,
  partitionAndAccountOf,
  type Role,
  type Session,
  type State,
} from './state.ts';
import { credentialsXml, newSession } from './sts.ts';
import type { XmlContent } from './xml.ts';

const NAME = { pattern: /^[\w+=,.@-]*$/, min: 2, max: 64 };
const ROLE_ARN = /^arn:[a-z-]+:iam::\d{12}:role\/[\w+=,.@/-]+$/;
const CHAINED_LIMIT_SECONDS = 3600;

function roleSessionOf(caller: Caller): Extract<Session, { type: 'role' }> | undefined {
  return caller.type === 'session' && caller.session.type === 'role' ? caller.session : undefined;
}

/** Every way a trust policy can name this caller. */
function principalNames(caller: Caller): string[] {
  const { account, partition } = partitionAndAccountOf(caller);
  const names = [account, `arn:${partition}:iam::${account}:root`, identityOf(caller).arn];
  const role = roleSessionOf(caller)?.role;
  return role === undefined ? names : [...names, role.arn];
}

/** MFA in this call, or a session that began with MFA. What AssumeRole returns never counts as MFA itself. */
function hasMfa(caller: Caller, isMfaInCall: boolean): boolean {
  if (isMfaInCall) return true;
  return caller.type === 'session' && caller.session.type === 'session-token' && caller.session.isMfaAuthenticated;
}

type Attempt = { readonly caller: Caller; readonly isMfaInCall: boolean; readonly externalId: string | undefined };

function mayAssume(role: Role, { caller, isMfaInCall, externalId }: Attempt): boolean {
  const names = principalNames(caller);
  if (!role.trusts.some((principal) => names.includes(principal))) return false;
  if (role.deny.some((principal) => names.includes(principal)) || isDenied(caller, 'sts:AssumeRole')) return false;
  if (role.requireMfa && !hasMfa(caller, isMfaInCall)) return false;
  return role.externalId === undefined || role.externalId === externalId;
}

function checkDuration(seconds: number, role: Role, isChained: boolean): void {
  if (seconds > role.maxSessionDurationSeconds) {
    throw validationError('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  }
  if (isChained && seconds > CHAINED_LIMIT_SECONDS) {
    throw validationError(
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
    );
  }
}

/** Transitive tags of the calling role session stay, and cannot be set anew. */
function inheritTags(requested: SessionTags, source: Session | undefined): SessionTags {
  const inherited = source?.transitiveTagKeys ?? [];
  const clash = Object.keys(requested.tags).find((key) =>
    inherited.some((one) => one.toLowerCase() === key.toLowerCase()),
  );
  if (clash !== undefined) {
    throw accessDenied(`The tag key '${clash}' is transitive in the calling session and cannot be set again.`);
  }
  const kept = Object.fromEntries(inherited.map((key) => [key, source?.tags[key] ?? '']));
  return {
    tags: { ...kept, ...requested.tags },
    transitiveTagKeys: [...inherited, ...requested.transitiveTagKeys],
  };
}

/** A source identity, once set, stays through the whole chain. */
function inheritSourceIdentity(requested: string | undefined, source: Session | undefined): string | undefined {
  const inherited = source?.sourceIdentity;
  if (inherited !== undefined && requested !== undefined && requested !== inherited) {
    throw accessDenied('The source identity of the calling session cannot be changed.');
  }
  return inherited ?? requested;
}

/** A federated user may call nothing in STS but GetCallerIdentity. */
function findRole(state: State, caller: Caller, roleArn: string, attempt: Omit<Attempt, 'caller'>): Role {
  const role = state.roles.get(roleArn);
  const isFederated = caller.type === 'session' && caller.session.type === 'federation';
  if (role === undefined || isFederated || !mayAssume(role, { caller, ...attempt })) {
    throw notAuthorized(identityOf(caller).arn, 'sts:AssumeRole', roleArn);
  }
  return role;
}

/**
 * AssumeRole.
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
export function assumeRole(state: State, caller: Caller, form: URLSearchParams): XmlContent {
  const roleArn = requiredText(form, 'RoleArn', { pattern: /^[\s\S]*$/, min: 20, max: 2048 });
  if (!ROLE_ARN.test(roleArn)) throw validationError(`${roleArn} is invalid`);
  const name = requiredText(form, 'RoleSessionName', NAME);
  const externalId = optionalText(form, 'ExternalId', { pattern: /^[\w+=,.@:/-]*$/, min: 2, max: 1224 });
  const requestedIdentity = optionalText(form, 'SourceIdentity', NAME);
  const seconds = durationSeconds(form, { min: 900, max: 43_200, otherwise: 3600 });
  const policy = sessionPolicy(form);
  const requestedTags = sessionTags(form);
  const isMfaInCall = checkMfa(state, iamUserOf(caller), form);
  const role = findRole(state, caller, roleArn, { isMfaInCall, externalId });
  const source = roleSessionOf(caller);
  checkDuration(seconds, role, source !== undefined);
  const session = newSession(state, seconds, {
    type: 'role',
    role,
    isChained: source !== undefined,
    account: role.account,
    partition: role.partition,
    arn: `arn:${role.partition}:sts::${role.account}:assumed-role/${role.name}/${name}`,
    userId: `${role.roleId}:${name}`,
    sourceAccessKeyId: accessKeyIdOf(caller),
    ...inheritTags(requestedTags, source),
    sourceIdentity: inheritSourceIdentity(requestedIdentity, source),
    policy,
  });
  return {
    AssumedRoleUser: { AssumedRoleId: session.userId, Arn: session.arn },
    Credentials: credentialsXml(session),
    SourceIdentity: session.sourceIdentity,
  };
}
