import type { LockState, LoginPage, ProfileSummary, Prompt, WireError } from '../native-host/protocol.ts';

export type HostState =
  | { readonly status: 'connecting' }
  | { readonly status: 'ready' }
  /** The screen with the remedy stays up while another attempt runs, so nothing flickers. */
  | { readonly status: 'failed'; readonly error: WireError; readonly isRetrying: boolean };

/** A profile whose console was asked for: under way, or failed and not yet put aside by the user. */
export type SignIn = { readonly status: 'pending' } | { readonly status: 'failed'; readonly error: WireError };

/** All that a popup shows, sent whole at every change: a popup that opens late or twice is never out of step. */
export type PopupState = {
  readonly host: HostState;
  /** Absent until the host has listed them in this life of the worker: the popup shows its cached list. */
  readonly profiles?: readonly ProfileSummary[];
  readonly listError?: WireError;
  readonly prompts: readonly Prompt[];
  /** Absent until the host has told it, or where it has no lock. */
  readonly lock?: LockState;
  /** The last answer that could not be given to the host. */
  readonly promptError?: { readonly promptId: string; readonly error: WireError };
  readonly signIns: Readonly<Record<string, SignIn>>;
  /** Logins to IAM Identity Center that are under way. Never in storage: they hold device codes. */
  readonly logins: readonly LoginPage[];
};

/** What a popup may ask of the background. */
export type Intent =
  | { readonly type: 'openConsole'; readonly profile: string }
  | { readonly type: 'cancelSignIn'; readonly profile: string }
  | { readonly type: 'dismissError'; readonly profile: string }
  | { readonly type: 'answerPrompt'; readonly promptId: string; readonly answer: string }
  | { readonly type: 'cancelPrompt'; readonly promptId: string }
  | { readonly type: 'unlockVault' }
  | { readonly type: 'lockVault' }
  | { readonly type: 'retryHost' };

export type StateMessage = { readonly type: 'state'; readonly state: PopupState };

/** A host that failed when last it was needed, while another attempt runs. */
export function hostFailure(error: WireError): HostState {
  return { status: 'failed', error, isRetrying: true };
}

export const POPUP_PORT = 'popup';

export const initialState: PopupState = { host: { status: 'connecting' }, prompts: [], signIns: {}, logins: [] };
