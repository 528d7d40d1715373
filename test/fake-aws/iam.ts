import { AwsError, notAuthorized, validationError } from './aws-error.ts';
import { ACCOUNT_MFA_OPERATIONS, MFA_OPERATIONS } from './iam-mfa.ts';
import { requiredText } from './parameters.ts';
import { newAccessKey } from './set-up.ts';
import {
  type AccessKey,
  type Caller,
  iamUserOf,
  identityOf,
  isDenied,
  partitionAndAccountOf,
  type State,
  type User,
} from './state.ts';
import type { XmlContent } from './xml.ts';

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const KEYS_PER_USER = 2;
const KEY_ID = { pattern: /^[\w]+$/, min: 16, max: 128 };

function noSuchEntity(message: string): AwsError {
  return new AwsError(404, 'NoSuchEntity', message);
}

function time(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`;
}

/**
 * IAM takes a user's session only if it began with MFA, and a federated user's never.
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
 */
function checkSessionKind(caller: Caller): void {
  if (caller.type === 'key' || caller.session.type === 'role') return;
  if (caller.session.type === 'session-token' && caller.session.isMfaAuthenticated) return;
  throw new AwsError(403, 'InvalidClientTokenId', 'The security token included in the request is invalid');
}

/** The user a call is about: the named one, else the caller. */
function subject(state: State, caller: Caller, form: URLSearchParams): User {
  const name = form.get('UserName');
  if (name === null) {
    const user = iamUserOf(caller);
    if (user === undefined) throw validationError('Must specify userName when calling with non-User credentials');
    return user;
  }
  const { account, partition } = partitionAndAccountOf(caller);
  const user = [...state.users.values()].find(
    (one) => one.account === account && one.partition === partition && one.name.toLowerCase() === name.toLowerCase(),
  );
  if (user === undefined) throw noSuchEntity(`The user with name ${name} cannot be found.`);
  return user;
}

function keysOf(state: State, user: User): AccessKey[] {
  return [...state.keys.values()].filter((key) => key.user.arn === user.arn);
}

function ownKey(state: State, user: User, form: URLSearchParams): AccessKey {
  const accessKeyId = requiredText(form, 'AccessKeyId', KEY_ID);
  const key = keysOf(state, user).find((one) => one.accessKeyId === accessKeyId);
  if (key === undefined) throw noSuchEntity(`The Access Key with id ${accessKeyId} cannot be found.`);
  return key;
}

function getUser(_state: State, _form: URLSearchParams, user: User): XmlContent {
  const { path, name, userId, arn, createdAt } = user;
  return { User: { Path: path, UserName: name, UserId: userId, Arn: arn, CreateDate: time(createdAt) } };
}

function keyXml(key: AccessKey): { [name: string]: XmlContent } {
  return {
    UserName: key.user.name,
    AccessKeyId: key.accessKeyId,
    Status: key.isActive ? 'Active' : 'Inactive',
    CreateDate: time(key.createdAt),
  };
}

function createAccessKey(state: State, _form: URLSearchParams, user: User): XmlContent {
  if (keysOf(state, user).length >= KEYS_PER_USER) {
    throw new AwsError(409, 'LimitExceeded', `Cannot exceed quota for AccessKeysPerUser: ${KEYS_PER_USER}`);
  }
  const key = newAccessKey(state, user);
  key.callsUntilKnown = state.keySettlingCalls;
  return { AccessKey: { ...keyXml(key), SecretAccessKey: key.secretAccessKey } };
}

function updateAccessKey(state: State, form: URLSearchParams, user: User): XmlContent {
  const status = requiredText(form, 'Status', { pattern: /^(?:Active|Inactive)$/, min: 1, max: 8 });
  ownKey(state, user, form).isActive = status === 'Active';
  return undefined;
}

function deleteAccessKey(state: State, form: URLSearchParams, user: User): XmlContent {
  state.keys.delete(ownKey(state, user, form).accessKeyId);
  return undefined;
}

function listAccessKeys(state: State, _form: URLSearchParams, user: User): XmlContent {
  return { AccessKeyMetadata: keysOf(state, user).map(keyXml), IsTruncated: 'false' };
}

/** By key, not by user: any key of the caller's account. */
function getAccessKeyLastUsed(state: State, caller: Caller, form: URLSearchParams): XmlContent {
  const accessKeyId = requiredText(form, 'AccessKeyId', KEY_ID);
  const key = state.keys.get(accessKeyId);
  if (key === undefined || key.user.account !== partitionAndAccountOf(caller).account) {
    throw noSuchEntity(`The Access Key with id ${accessKeyId} cannot be found.`);
  }
  const { lastUsed } = key;
  return {
    UserName: key.user.name,
    AccessKeyLastUsed: {
      LastUsedDate: lastUsed === undefined ? undefined : time(lastUsed.at),
      ServiceName: lastUsed?.service ?? 'N/A',
      Region: lastUsed?.region ?? 'N/A',
    },
  };
}

type AboutUser = (state: State, form: URLSearchParams, user: User) => XmlContent;

const ABOUT_USER: { readonly [operation: string]: AboutUser } = {
  GetUser: getUser,
  CreateAccessKey: createAccessKey,
  UpdateAccessKey: updateAccessKey,
  DeleteAccessKey: deleteAccessKey,
  ListAccessKeys: listAccessKeys,
  ...MFA_OPERATIONS,
};

export const IAM_OPERATIONS: readonly string[] = [
  ...Object.keys(ABOUT_USER),
  ...Object.keys(ACCOUNT_MFA_OPERATIONS),
  'GetAccessKeyLastUsed',
];

/**
 * One IAM operation. `undefined` is an answer without a result element.
 * @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
 */
export function callIam(state: State, operation: string, caller: Caller, form: URLSearchParams): XmlContent {
  checkSessionKind(caller);
  const operate = ABOUT_USER[operation];
  if (isDenied(caller, `iam:${operation}`)) {
    throw notAuthorized(identityOf(caller).arn, `iam:${operation}`, identityOf(caller).arn);
  }
  const aboutAccount = ACCOUNT_MFA_OPERATIONS[operation];
  if (aboutAccount !== undefined) return aboutAccount(state, caller, form);
  if (operate === undefined) return getAccessKeyLastUsed(state, caller, form);
  return operate(state, form, subject(state, caller, form));
}
