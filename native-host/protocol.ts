import type { ErrorCode, ErrorDetails } from './errors.ts';

/** Raised when an old extension and a new host (or the reverse) could misunderstand each other. */
export const PROTOCOL_VERSION = 1;
export const HOST_NAME = 'io.keyturn.host';
export const FIREFOX_ADDON_ID = 'keyturn@keyturn.io';
/** What Chromium derives from the manifest's `key` (test/unit/extension/extension-id.test.ts). */
export const CHROMIUM_EXTENSION_ID = 'afmiffhfcllegmgmmpkkgdpaabblbjio';

/** What this host can do beyond the protocol's minimum; an extension looks before it asks. */
export type Capability = 'console-url' | 'prompts' | 'open-console' | 'lock' | 'logins';

/** A profile as the popup lists it. Nothing here is secret. */
export type ProfileSummary = {
  readonly name: string;
  /**
   * `user`: a user's stored key. `role`: of role_arn over a source, or of IAM Identity Center. `process`: whatever a
   * credential_process gives. `none`: nothing that gives credentials.
   */
  readonly kind: 'user' | 'role' | 'process' | 'none';
  readonly region?: string;
  /** 12 characters; from role_arn or mfa_serial when they say it. */
  readonly accountId?: string;
  readonly roleName?: string;
  readonly mfaSerial?: string;
  /** Why a console cannot be opened, in one sentence; absent when it can. */
  readonly problem?: string;
};

/**
 * Whether the host keeps the passphrase of a file vault. `none`: there is nothing to lock, because the system guards the vault
 * in use, or the host's environment has its passphrase.
 */
export type LockState =
  | { readonly status: 'none' | 'locked' }
  /** Locks itself after so long without use. */
  | { readonly status: 'unlocked'; readonly lockAfterSeconds: number };

/** Who asks: this browser, or a program in a terminal. */
export type Requester =
  | { readonly source: 'browser' }
  | { readonly source: 'terminal'; readonly program: string; readonly parent?: string; readonly pid: number };

/** A page on which the person allows a login to IAM Identity Center. */
export type LoginPage = {
  readonly loginId: string;
  /** `pkce`: comes back to this computer by itself. `device`: its page shows `userCode`, which is to be compared. */
  readonly flow: 'pkce' | 'device';
  /** An http or https URL that is good for this login only. */
  readonly url: string;
  readonly userCode?: string;
  /** The organisation's: logins with the same one share a container, and no others. */
  readonly startUrl: string;
  /** The `[sso-session]`, if the profile has one. */
  readonly session?: string;
  readonly profile?: string;
  readonly requester: Requester;
  /** False: another browser or the person opens it, and this one only has to know the code. */
  readonly opensTab: boolean;
};

/** A question that a host process asks whoever sits at the browser. */
export type Prompt = {
  readonly promptId: string;
  /** `mfa`: 6 digits. `passphrase`: unlocks the file vault; no network involved. */
  readonly kind: 'mfa' | 'passphrase';
  /** Absent where the vault is unlocked before any profile is touched. */
  readonly profile?: string;
  readonly mfaSerial?: string;
  /** The vault directory a passphrase is for. */
  readonly vaultDir?: string;
  /** Why the previous answer did not do, in one sentence. */
  readonly rejected?: string;
  readonly requester: Requester;
};

/** Action -> its parameters and its result. actions.ts is the allow-list of the same names; PROTOCOL.md documents them. */
export type Actions = {
  hello: {
    params: { readonly protocol: { readonly min: number; readonly max: number }; readonly extensionVersion: string };
    result: {
      readonly protocol: number;
      readonly hostVersion: string;
      readonly capabilities: readonly Capability[];
    };
  };
  list: { params: Record<string, never>; result: { readonly profiles: readonly ProfileSummary[] } };
  consoleUrl: {
    params: { readonly profile: string; readonly region?: string; readonly path?: string };
    /** `url` signs in whoever opens it, once, within 15 minutes: never stored, logged or shown. */
    result: { readonly url: string };
  };
  /** From now on this browser shows prompts: `prompts` events follow at every change. */
  subscribePrompts: { params: Record<string, never>; result: { readonly prompts: readonly Prompt[] } };
  answerPrompt: { params: { readonly promptId: string; readonly answer: string }; result: Record<string, never> };
  cancelPrompt: { params: { readonly promptId: string }; result: Record<string, never> };
  /** From now on this browser opens what terminals ask for: an `open` event for each. */
  subscribeOpens: { params: Record<string, never>; result: Record<string, never> };
  /** The URL of something to be opened; as secret as that of consoleUrl. */
  openUrl: { params: { readonly openId: string }; result: { readonly url: string } };
  /** It is open, or could not be opened. */
  finishOpen: {
    params: { readonly openId: string; readonly error?: { readonly code: ErrorCode; readonly message: string } };
    result: Record<string, never>;
  };
  /** From now on this browser shows the pages of logins: `login` and `loginOver` events follow. */
  subscribeLogins: { params: Record<string, never>; result: Record<string, never> };
  /** The page of a login is open, or could not be opened. */
  loginShown: {
    params: { readonly loginId: string; readonly error?: { readonly code: ErrorCode; readonly message: string } };
    result: Record<string, never>;
  };
  /** The person has closed the page: who waits for the login in this browser waits no longer. */
  loginClosed: { params: { readonly loginId: string }; result: Record<string, never> };
  /** Whether a login of this computer asked for a device code. */
  checkUserCode: { params: { readonly userCode: string }; result: { readonly isAsked: boolean } };
  /** From now on this browser shows whether the vault is locked: `lock` events follow at every change. */
  subscribeLock: { params: Record<string, never>; result: { readonly lock: LockState } };
  /** Has the person asked for the passphrase, as a prompt, unless the vault is unlocked. */
  unlock: { params: Record<string, never>; result: Record<string, never> };
  /** Forgets the passphrase. */
  lock: { params: Record<string, never>; result: Record<string, never> };
  /** Stops a call that is under way; it then answers CANCELLED. */
  cancel: { params: { readonly requestId: number }; result: Record<string, never> };
};

export type ActionName = keyof Actions;

export type Request<A extends ActionName = ActionName> = {
  readonly id: number;
  readonly action: A;
  readonly params: Actions[A]['params'];
};

export type WireError = { readonly code: ErrorCode; readonly message: string; readonly details: ErrorDetails };

/** Every answer carries its request's id; `id: null` answers a message whose id could not be read. */
export type Answer =
  | { readonly id: number; readonly ok: true; readonly result: Actions[ActionName]['result'] }
  | { readonly id: number | null; readonly ok: false; readonly error: WireError };

/** Sent without being asked, after subscribePrompts: the complete list, so that a restarted worker is never out of step. */
export type PromptsEvent = { readonly event: 'prompts'; readonly prompts: readonly Prompt[] };

/** Sent after subscribeOpens: a terminal of this user wants this browser to open a profile's console, or its sign-out page. */
export type OpenEvent = {
  readonly event: 'open';
  readonly openId: string;
  readonly kind: 'console' | 'signOut';
  readonly profile: string;
};

/** Sent after subscribeLogins: a login has begun. */
export type LoginEvent = { readonly event: 'login' } & LoginPage;

/** Sent after subscribeLogins: it is over, however it ended, and its tab is to be closed. */
export type LoginOverEvent = { readonly event: 'loginOver'; readonly loginId: string };

/** Sent after subscribeLock. */
export type LockEvent = { readonly event: 'lock'; readonly lock: LockState };

export type HostEvent = PromptsEvent | OpenEvent | LoginEvent | LoginOverEvent | LockEvent;

export type HostMessage = Answer | HostEvent;
