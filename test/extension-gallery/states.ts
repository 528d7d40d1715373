import { initialState, type PopupState } from '../../extension/popup-state.ts';
import type { LoginPage, ProfileSummary, Prompt, WireError } from '../../native-host/protocol.ts';

/** One picture of the gallery: what the popup is given. */
export type GalleryState = {
  readonly state: PopupState;
  readonly cached?: readonly ProfileSummary[];
  readonly isolation?: 'containers' | 'groups';
  readonly mode?: 'popup' | 'prompt';
  /** Typed into the filter before the picture is taken. */
  readonly type?: string;
  /** A selector clicked before the picture is taken. */
  readonly click?: string;
};

const three: readonly ProfileSummary[] = [
  {
    name: 'work',
    kind: 'user',
    accountId: '123456789012',
    region: 'eu-west-1',
    mfaSerial: 'arn:aws:iam::123456789012:mfa/alice',
  },
  { name: 'shop-prod-admin', kind: 'role', accountId: '210987654321', roleName: 'Administrator', region: 'eu-west-1' },
  { name: 'sandbox', kind: 'role', accountId: '333344445555', roleName: 'Developer', region: 'us-east-1' },
];

const teams = [
  'billing',
  'catalogue',
  'checkout',
  'identity',
  'ledger',
  'logistics',
  'media',
  'payments',
  'search',
  'warehouse',
];
const stages = ['prod', 'staging', 'dev', 'eu', 'us', 'ops'];
const roles = ['Administrator', 'ReadOnly', 'Developer', 'Billing', 'Auditor'];

const manyProfiles: readonly ProfileSummary[] = Array.from({ length: 300 }, (_, index) => ({
  name: `${teams[index % 10]}-${stages[Math.floor(index / 10) % 6]}-${(roles[index % 5] ?? '').toLowerCase()}-${index}`,
  kind: 'role',
  accountId: String(100_000_000_000 + index * 7_654_321),
  roleName: roles[index % 5] ?? 'Administrator',
  region: index % 3 === 0 ? 'eu-central-1' : 'us-east-1',
}));

const odd: readonly ProfileSummary[] = [
  ...three,
  {
    name: 'a-profile-with-a-name-much-too-long-for-any-window-anywhere',
    kind: 'role',
    accountId: '444455556666',
    roleName: 'AWSReservedSSO_PlatformEngineering',
    region: 'ap-southeast-2',
  },
  { name: 'legacy', kind: 'none', problem: 'it has no key in the vault; run `keyturn add legacy`' },
  {
    name: 'plain',
    kind: 'none',
    problem:
      'profile "plain": its key lies in plain text in /home/alice/.aws/credentials and is not in the vault; move it there with \'keyturn add --from-file plain\'',
  },
  { name: 'hook', kind: 'process', region: 'eu-west-1' },
  { name: 'uat', kind: 'user' },
];

const ready: PopupState = { ...initialState, host: { status: 'ready' }, profiles: three };
const error = (code: WireError['code'], message: string, details: WireError['details'] = {}): WireError => ({
  code,
  message,
  details,
});
const failedHost = (wireError: WireError, isRetrying = false): GalleryState => ({
  state: { ...initialState, host: { status: 'failed', error: wireError, isRetrying } },
  cached: three,
});

const mfa: Prompt = {
  promptId: 'p1',
  kind: 'mfa',
  profile: 'shop-prod-admin',
  mfaSerial: 'arn:aws:iam::123456789012:mfa/alice',
  requester: { source: 'browser' },
};
const terminalMfa: Prompt = {
  ...mfa,
  promptId: 'p2',
  profile: 'work',
  requester: { source: 'terminal', program: 'terraform', parent: 'zsh', pid: 48213 },
};
const passphrase: Prompt = {
  promptId: 'p3',
  kind: 'passphrase',
  vaultDir: '/home/alice/.awsvault/keys',
  requester: { source: 'browser' },
};
const login: LoginPage = {
  loginId: 'l1',
  flow: 'pkce',
  url: 'https://oidc.eu-west-1.amazonaws.com/authorize',
  startUrl: 'https://example.awsapps.com/start',
  session: 'corp',
  profile: 'sandbox',
  requester: { source: 'browser' },
  opensTab: true,
};
const loggingIn = { sandbox: { status: 'pending' } } as const;
const signingIn = { 'shop-prod-admin': { status: 'pending' } } as const;

export const galleryStates: Readonly<Record<string, GalleryState>> = {
  'three-profiles': { state: ready },
  'three-hundred': { state: { ...ready, profiles: manyProfiles } },
  'filter-typed': { state: { ...ready, profiles: manyProfiles }, type: 'pay prod' },
  'filter-scattered': { state: { ...ready, profiles: odd }, type: 'spa' },
  'nothing-matches': { state: ready, type: 'nowhere' },
  'odd-profiles': { state: { ...ready, profiles: odd, signIns: { work: { status: 'pending' } } } },
  errors: {
    state: {
      ...ready,
      signIns: {
        work: {
          status: 'failed',
          error: error(
            'AWS_ACCESS_DENIED',
            'AWS denies sts:AssumeRole on arn:aws:iam::210987654321:role/Administrator; ask whoever owns the role to trust arn:aws:iam::123456789012:user/alice',
          ),
        },
        sandbox: {
          status: 'failed',
          error: error(
            'CONTAINERS_DISABLED',
            'container tabs are turned off in Firefox; turn on "Enable Container Tabs" in Settings, General, Tabs',
          ),
        },
      },
    },
  },
  'sso-login': { state: { ...ready, signIns: loggingIn, logins: [login] } },
  'sso-device-code': {
    state: { ...ready, signIns: loggingIn, logins: [{ ...login, flow: 'device', userCode: 'BCDF-GHJK' }] },
  },
  'sso-errors': {
    state: {
      ...ready,
      signIns: {
        sandbox: {
          status: 'failed',
          error: error(
            'SSO_LOGIN_DENIED',
            'the login to IAM Identity Center was refused in the browser; log in again to go on',
          ),
        },
        work: {
          status: 'failed',
          error: error(
            'SSO_LOGIN_EXPIRED',
            'nobody finished the login to IAM Identity Center within 10 minutes; log in again',
          ),
        },
      },
    },
  },
  'list-error': {
    state: {
      ...ready,
      listError: error('CONFIG_INVALID', '~/.aws/config line 12 is not `key = value`; mend it and try again'),
    },
  },
  locked: { state: { ...ready, lock: { status: 'locked' } } },
  unlocked: {
    state: { ...ready, profiles: manyProfiles, lock: { status: 'unlocked', lockAfterSeconds: 900 } },
    isolation: 'groups',
  },
  'chromium-note': { state: ready, isolation: 'groups' },
  'chromium-note-open': { state: ready, isolation: 'groups', click: 'summary' },
  'no-profiles': { state: { ...ready, profiles: [] } },
  'problem-chosen': { state: { ...ready, profiles: odd }, click: '[data-profile="plain"] .row-open' },
  'gone-profile': {
    state: {
      ...ready,
      signIns: {
        gone: {
          status: 'failed',
          error: error(
            'PROFILE_NOT_FOUND',
            "profile \"gone\" is neither in the AWS config file nor in the vault; see 'keyturn list', or 'keyturn add' it",
          ),
        },
      },
    },
  },
  skeleton: { state: initialState },
  mfa: { state: { ...ready, prompts: [mfa], signIns: signingIn } },
  'mfa-typed': { state: { ...ready, prompts: [mfa], signIns: signingIn }, type: '123 4' },
  'mfa-checking': { state: { ...ready, prompts: [mfa], signIns: signingIn }, type: '123456' },
  'mfa-wrong': {
    state: {
      ...ready,
      prompts: [{ ...mfa, rejected: 'AWS did not accept this code; each code works once, so wait for the next one' }],
      signIns: signingIn,
    },
  },
  'mfa-terminal': { state: { ...ready, prompts: [terminalMfa, mfa] }, mode: 'prompt' },
  passphrase: { state: { ...ready, prompts: [passphrase] } },
  'passphrase-wrong': {
    state: { ...ready, prompts: [{ ...passphrase, rejected: 'that is not the passphrase of this vault' }] },
  },
  'host-missing': failedHost(error('HOST_NOT_FOUND', 'this browser finds no Keyturn host; run `keyturn host install`')),
  'host-forbidden': failedHost(
    error('HOST_FORBIDDEN', 'the Keyturn host is installed, but not for this extension; run `keyturn host install`'),
  ),
  'host-too-old': failedHost(
    error('VERSION_MISMATCH', 'the installed Keyturn host is too old for this extension; update the keyturn program', {
      protocol: 0,
    }),
  ),
  'extension-too-old': failedHost(
    error('VERSION_MISMATCH', 'this extension speaks protocol 1, the Keyturn host 2; update the extension', {
      protocol: 2,
    }),
  ),
  'host-stopped': failedHost(
    error('HOST_GONE', 'the Keyturn host stopped while the browser was using it; try again'),
    true,
  ),
};
