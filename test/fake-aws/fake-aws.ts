/**
 * The AWS sandbox: one server in this process that behaves as AWS does, strictly, and forgets all when it is closed.
 *
 *     const aws = await startFakeAws();
 *     const user = aws.addUser({ account: '111122223333', name: 'ada' });
 *     const key = aws.addAccessKey(user);
 *     const device = aws.addMfaDevice(user);
 *     const role = aws.addRole({ account: '111122223333', name: 'admin', trusts: [user.arn], requireMfa: true });
 *     // … AWS_ENDPOINT_URL=aws.url, and device.freshCode() when a code is asked for …
 *     aws.assertNoUnexpectedCalls();
 *     await aws.close();
 *
 * It speaks STS (GetSessionToken, AssumeRole, also with a web identity or a SAML assertion, GetFederationToken, GetCallerIdentity), IAM (GetUser, the access key and
 * the MFA device operations), S3 ListBuckets, IAM Identity Center (its OIDC service with device codes, authorization codes with PKCE
 * and refresh tokens, the pages a person sees there, and the portal), the sign-in endpoint of `aws login`
 * (PKCE, DPoP, refresh tokens that are good once), the federation sign-in endpoint and a console page that shows whose session the cookie
 * of the tab belongs to. Signatures, clocks, session tokens, durations, trust policies, MFA codes (each good once) and
 * partitions are checked as AWS checks them. Whatever it does not know is answered 501 and kept in `unexpectedCalls`.
 *
 * Three ways in: `url` on loopback; `httpsUrl` for a browser that maps AWS's host names to it; and `proxyUrl`, an HTTP
 * proxy (HTTPS_PROXY) that leads AWS's host names, and no others, to the same place. The last two need `tls`:
 * `startFakeAws({ tls: await makeTestCertificates(directory) })` (certificates.ts).
 *
 * Rules AWS has and this server leaves out: permission policies (only the refusals a test sets), root users,
 * eventual consistency (but for new keys, `setKeySettling`), more than one console session in a browser, presigned requests.
 */
import {
  type CutOptions,
  type DelayOptions,
  type FailOptions,
  type Hold,
  type HoldOptions,
  type LimitOptions,
  newFaults,
} from './faults.ts';
import { addConsoleUser, type LoginHandle } from './login-set-up.ts';
import { addSamlProvider, type SamlHandle, type SamlProviderOptions } from './saml-set-up.ts';
import { startListeners, type TlsOptions } from './server.ts';
import {
  type AccessKeyPair,
  addMfaDevice,
  addRole,
  addUser,
  addWebIdentity,
  knownKey,
  type MfaDevice,
  mfaDevice,
  newAccessKey,
  type RoleOptions,
  type UserOptions,
  type WebIdentityOptions,
} from './set-up.ts';
import { addSso, type SsoHandle, type SsoOptions } from './sso-set-up.ts';
import {
  type AccessKey,
  type ConnectAttempt,
  type ConsoleVisit,
  emptyState,
  type IssuedSession,
  type RecordedCall,
  type Role,
  type Session,
  type State,
  type UnexpectedCall,
  type User,
} from './state.ts';

export type FakeAwsOptions = {
  /** The service's clock; the real one if not given. */
  readonly now?: () => Date;
  /** Port of `url`; a free one if not given. */
  readonly port?: number;
  readonly tls?: TlsOptions;
};

export type FakeAws = {
  /** `http://127.0.0.1:PORT`: for AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_SIGNIN. */
  readonly url: string;
  /** `https://127.0.0.1:PORT`, if there is a certificate. */
  readonly httpsUrl: string | undefined;
  /** For HTTPS_PROXY. */
  readonly proxyUrl: string;
  readonly close: () => Promise<void>;

  /** Every known operation, in the order they were answered. */
  readonly calls: readonly RecordedCall[];
  readonly unexpectedCalls: readonly UnexpectedCall[];
  /** @throws Error that lists them, if there are any */
  readonly assertNoUnexpectedCalls: () => void;
  /** Hosts somebody asked the proxy for. */
  readonly connects: readonly ConnectAttempt[];
  /** Signed-in console pages, in the order they were shown. */
  readonly consoleVisits: readonly ConsoleVisit[];
  /** Temporary credentials issued so far, without their secrets. */
  readonly sessions: () => IssuedSession[];

  readonly addUser: (options: UserOptions) => User;
  /** A token of an identity provider; a role that is to be assumed with it trusts `providerArn`. */
  readonly addWebIdentity: (options: WebIdentityOptions) => { readonly token: string; readonly providerArn: string };
  /** A SAML identity provider, which makes assertions. */
  readonly addSamlProvider: (options: SamlProviderOptions) => SamlHandle;
  readonly addAccessKey: (user: User, options?: { readonly createdAt?: Date }) => AccessKeyPair;
  /** The user's keys as IAM has them now, oldest first. */
  readonly accessKeys: (user: User) => Pick<AccessKey, 'accessKeyId' | 'isActive' | 'createdAt'>[];
  /** Keys that CreateAccessKey makes from now on are not known to the first so many calls: IAM's eventual consistency. */
  readonly setKeySettling: (options: { readonly calls: number }) => void;
  readonly deactivateAccessKey: (accessKeyId: string) => void;
  readonly deleteAccessKey: (accessKeyId: string) => void;
  readonly addMfaDevice: (user: User, deviceName?: string) => MfaDevice;
  /** Serials of all MFA devices, enabled or not. */
  readonly mfaSerials: () => string[];
  /** @throws Error if there is none */
  readonly mfaDevice: (serial: string) => MfaDevice;
  readonly addRole: (options: RoleOptions) => Role;
  /** Somebody who is signed in to the console in the browser, and may use that session for `aws login`. */
  readonly addConsoleUser: (identity: User | Role) => LoginHandle;
  /** An IAM Identity Center instance; its person is signed in, and a visit of an authorization page is a click on Allow. */
  readonly addSso: (options?: SsoOptions) => SsoHandle;
  /** Ends a session at once, whatever time it had left: the next call with it gets ExpiredToken. */
  readonly expireSession: (accessKeyId: string) => void;

  readonly fail: (options: FailOptions) => void;
  readonly delay: (options: DelayOptions) => void;
  readonly cut: (options: CutOptions) => void;
  /** Keeps calls waiting until released, so that a test can do something while one is under way. */
  readonly hold: (options: HoldOptions) => Hold;
  /** Answers 429 to more calls of an operation than so many in a second. */
  readonly limit: (options: LimitOptions) => void;
  /** Moves the service's clock against the clients'. */
  readonly setClockOffsetSeconds: (seconds: number) => void;
};

function assertNoUnexpectedCalls({ unexpectedCalls }: State): void {
  if (unexpectedCalls.length === 0) return;
  const lines = unexpectedCalls.map(({ method, host, path, reason }) => `  ${method} ${host}${path}: ${reason}`);
  throw new Error(`the AWS sandbox got calls it does not expect:\n${lines.join('\n')}`);
}

function issuedSession(session: Session): IssuedSession {
  const { type, accessKeyId, account, partition, arn, userId, issuedAt, expiresAt, sourceAccessKeyId } = session;
  const { tags, transitiveTagKeys, sourceIdentity, policy } = session;
  return {
    ...{ type, accessKeyId, account, partition, arn, userId, issuedAt, expiresAt, sourceAccessKeyId },
    ...{ tags, transitiveTagKeys, sourceIdentity, policy },
    isMfaAuthenticated: type === 'session-token' && session.isMfaAuthenticated,
    isChained: type === 'role' && session.isChained,
  };
}

function expireSession(state: State, accessKeyId: string): void {
  const session = state.sessions.get(accessKeyId);
  if (session === undefined) throw new Error(`the sandbox has no session ${accessKeyId}`);
  session.expiresAt = state.now();
}

function setUp(state: State) {
  return {
    sessions: () => [...state.sessions.values()].map(issuedSession),
    addUser: (options: UserOptions) => addUser(state, options),
    addWebIdentity: (options: WebIdentityOptions) => addWebIdentity(state, options),
    addSamlProvider: (options: SamlProviderOptions) => addSamlProvider(state, options),
    accessKeys: (user: User) =>
      [...state.keys.values()]
        .filter((key) => key.user.arn === user.arn)
        .map(({ accessKeyId, isActive, createdAt }) => ({ accessKeyId, isActive, createdAt })),
    setKeySettling: ({ calls }: { readonly calls: number }) => {
      state.keySettlingCalls = calls;
    },
    addAccessKey: (user: User, { createdAt }: { readonly createdAt?: Date } = {}) => {
      const { accessKeyId, secretAccessKey } = newAccessKey(state, user, createdAt);
      return { accessKeyId, secretAccessKey };
    },
    deactivateAccessKey: (accessKeyId: string) => {
      knownKey(state, accessKeyId).isActive = false;
    },
    deleteAccessKey: (accessKeyId: string) => {
      state.keys.delete(knownKey(state, accessKeyId).accessKeyId);
    },
    addMfaDevice: (user: User, deviceName?: string) => addMfaDevice(state, user, deviceName),
    mfaSerials: () => [...state.devices.keys()],
    mfaDevice: (serial: string) => mfaDevice(state, serial),
    addRole: (options: RoleOptions) => addRole(state, options),
    addConsoleUser: (identity: User | Role) => addConsoleUser(state, identity),
    addSso: (options: SsoOptions = {}) => addSso(state, options),
    expireSession: (accessKeyId: string) => expireSession(state, accessKeyId),
  };
}

/** Starts a sandbox of its own on 127.0.0.1; any number may run side by side. */
export async function startFakeAws(options: FakeAwsOptions = {}): Promise<FakeAws> {
  const { now = () => new Date(), port = 0, tls } = options;
  let clockOffsetMs = 0;
  const state = emptyState(() => new Date(now().getTime() + clockOffsetMs));
  const { fail, delay, cut, hold, limit, ...faults } = newFaults();
  const listeners = await startListeners(state, { fail, delay, cut, hold, limit, ...faults }, { port, tls });
  const url = `http://127.0.0.1:${listeners.port}`;
  return {
    url,
    httpsUrl: listeners.tlsPort === undefined ? undefined : `https://127.0.0.1:${listeners.tlsPort}`,
    proxyUrl: url,
    close: listeners.close,
    calls: state.calls,
    unexpectedCalls: state.unexpectedCalls,
    assertNoUnexpectedCalls: () => assertNoUnexpectedCalls(state),
    connects: state.connects,
    consoleVisits: state.consoleVisits,
    ...setUp(state),
    fail,
    delay,
    cut,
    hold,
    limit,
    setClockOffsetSeconds: (seconds) => {
      clockOffsetMs = seconds * 1000;
    },
  };
}
