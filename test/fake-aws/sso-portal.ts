import { AwsError } from './aws-error.ts';
import type { Operation, Request } from './request.ts';
import { jsonOperation } from './sso-json.ts';
import type { SsoAssignment, SsoToken } from './sso-state.ts';
import type { State } from './state.ts';
import { newSession } from './sts.ts';

const SCOPE = 'sso:account:access';

function invalidRequest(message: string): AwsError {
  return new AwsError(400, 'InvalidRequestException', message);
}

/** The live token of the header, good for the accounts: one without any scope is from before there were scopes. */
function tokenOf(state: State, request: Request): SsoToken {
  const token = state.sso.tokens.get(request.headers['x-amz-sso_bearer_token'] ?? '');
  const isInScope = token?.scopes.length === 0 || token?.scopes.includes(SCOPE) === true;
  if (token === undefined || token.expiresAt <= state.now() || !isInScope) {
    throw new AwsError(401, 'UnauthorizedException', 'Session token not found or invalid');
  }
  if (request.place.kind === 'sso' && request.place.region !== token.instance.region) {
    throw new AwsError(401, 'UnauthorizedException', 'Session token not found or invalid');
  }
  return token;
}

function required(request: Request, name: string): string {
  const value = request.query.get(name);
  if (value === null || value === '') throw invalidRequest(`${name} is missing`);
  return value;
}

/** @see https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html */
function getRoleCredentials(state: State, request: Request): object {
  const token = tokenOf(state, request);
  const account = required(request, 'account_id');
  if (!/^\d{12}$/.test(account)) throw invalidRequest('account_id is not an account ID');
  const name = required(request, 'role_name');
  const assigned = token.instance.assignments.find(
    ({ role, permissionSet }) => role.account === account && permissionSet === name,
  );
  if (assigned === undefined) throw new AwsError(403, 'ForbiddenException', 'No access');
  return { roleCredentials: credentialsOf(state, assigned) };
}

function credentialsOf(state: State, { role, sessionSeconds }: SsoAssignment): object {
  const { account, partition } = role;
  const session = newSession(state, sessionSeconds, {
    ...{ type: 'role', role, account, partition, isChained: false },
    arn: `arn:${partition}:sts::${account}:assumed-role/${role.name}/person@example.com`,
    userId: `${role.roleId}:person@example.com`,
    ...{ sourceAccessKeyId: '', tags: {}, transitiveTagKeys: [], sourceIdentity: undefined, policy: undefined },
  });
  const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = session;
  return { accessKeyId, secretAccessKey, sessionToken, expiration: expiresAt.getTime() };
}

/** @see https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_ListAccounts.html */
function listAccounts(state: State, request: Request): object {
  const { assignments, accountNames } = tokenOf(state, request).instance;
  const accounts = [...new Set(assignments.map(({ role }) => role.account))];
  const { page, nextToken } = pageOf(accounts, request);
  const accountList = page.map((accountId) => ({
    accountId,
    accountName: accountNames.get(accountId),
    emailAddress: `aws+${accountId}@example.com`,
  }));
  return { accountList, nextToken };
}

/** @see https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_ListAccountRoles.html */
function listAccountRoles(state: State, request: Request): object {
  const { assignments } = tokenOf(state, request).instance;
  const accountId = required(request, 'account_id');
  const names = assignments.filter(({ role }) => role.account === accountId).map(({ permissionSet }) => permissionSet);
  if (names.length === 0) throw new AwsError(404, 'ResourceNotFoundException', 'No access to the account');
  const { page, nextToken } = pageOf(names, request);
  return { roleList: page.map((roleName) => ({ roleName, accountId })), nextToken };
}

/** At most 100 an answer, and as many as the client asks for; the token is the place of the next one. */
function pageOf<T>(all: readonly T[], { query }: Request): { page: readonly T[]; nextToken: string | null } {
  const size = Number(query.get('max_result') ?? '100');
  if (!(size >= 1 && size <= 100)) throw invalidRequest('max_result must be from 1 to 100');
  const start = Number(query.get('next_token') ?? '0');
  const end = start + size;
  return { page: all.slice(start, end), nextToken: end < all.length ? String(end) : null };
}

/** Ends the session of the person: its tokens and refresh tokens. */
function logout(state: State, request: Request): object {
  const { instance } = tokenOf(state, request);
  for (const [key, token] of state.sso.tokens) if (token.instance === instance) state.sso.tokens.delete(key);
  return {};
}

type Call = {
  readonly name: string;
  readonly method: string;
  readonly run: (state: State, request: Request) => object;
};

const CALLS: { readonly [path: string]: Call } = {
  '/federation/credentials': { name: 'GetRoleCredentials', method: 'GET', run: getRoleCredentials },
  '/assignment/accounts': { name: 'ListAccounts', method: 'GET', run: listAccounts },
  '/assignment/roles': { name: 'ListAccountRoles', method: 'GET', run: listAccountRoles },
  '/logout': { name: 'Logout', method: 'POST', run: logout },
};

/** The portal of IAM Identity Center, which takes an access token where other services take a signature. */
export function portalOperation(state: State, request: Request): Operation | undefined {
  const { place, method, path, query } = request;
  const call = CALLS[path];
  const isHere = place.kind === 'loopback' || (place.kind === 'sso' && place.service === 'portal');
  if (call?.method !== method || !isHere) return undefined;
  return jsonOperation({
    service: 'sso',
    name: call.name,
    parameters: Object.fromEntries(query),
    answer: () => JSON.stringify(call.run(state, request)),
    errorBody: ({ message }) => ({ message }),
  });
}
