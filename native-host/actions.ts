import type { ConsoleOpens } from './console-opens.ts';
import { ERROR_CODES } from './errors.ts';
import type { Logins } from './logins.ts';
import { integer, nothing, object, oneOf, text } from './message-check.ts';
import type { PromptBroker } from './prompts.ts';
import type { ActionName, Actions, Capability, LockState, ProfileSummary } from './protocol.ts';
import { type Action, action, type Call } from './server.ts';

/** What the browser's door needs of the vault. */
export interface HostVault {
  list(signal: AbortSignal): Promise<{ profiles: readonly ProfileSummary[] }>;
  consoleUrl(params: Actions['consoleUrl']['params'], signal: AbortSignal): Promise<{ url: string }>;
  openUrl(params: Actions['openUrl']['params'], signal: AbortSignal): Promise<{ url: string }>;
  lockState(): Promise<LockState>;
  /** Calls `listener` after every unlocking and locking. Answers how to stop that. */
  onLockChange(listener: () => void): () => void;
  unlock(signal: AbortSignal): Promise<void>;
  lock(): void;
}

export type BrowserActionsOptions = {
  readonly vault: HostVault;
  readonly prompts: PromptBroker;
  readonly opens: ConsoleOpens;
  readonly logins: Logins;
  readonly hostVersion: string;
  /** Called at every subscription: from the first on terminals can ask here. */
  readonly onSubscribed?: () => void;
};

const CAPABILITIES: readonly Capability[] = ['console-url', 'prompts', 'open-console', 'lock', 'logins'];
/** AWS allows no profile name longer than a line; file names and keyring items end sooner. */
const profile = text({ max: 256 });
/** Goes into host names, so nothing that could lead to another one. */
const region = text({ max: 32, pattern: /^[a-z0-9]+(-[a-z0-9]+)*$/, form: 'such as eu-west-1' });
const consolePath = text({
  max: 2048,
  pattern: /^\/(?![/\\])[\x21-\x7e]*$/,
  form: 'a path of the console such as /s3/home',
});
const promptId = text({ max: 64 });
const openId = text({ max: 64 });
const loginId = text({ max: 64 });
const userCode = text({ max: 64 });

const protocolRange = object<Actions['hello']['params']['protocol']>({
  required: { min: integer({ min: 1 }), max: integer({ min: 1 }) },
  optional: {},
});

/** Of hello alone unknown keys are ignored: a newer client has to learn which protocol it must fall back to. */
export const helloParams = object<Actions['hello']['params']>(
  { required: { protocol: protocolRange, extensionVersion: text({ max: 64 }) }, optional: {} },
  { ignoresOthers: true },
);

const consoleUrlParams = object<Actions['consoleUrl']['params']>({
  required: { profile },
  optional: { region, path: consolePath },
});

const error = object<NonNullable<Actions['finishOpen']['params']['error']>>({
  required: { code: oneOf(...ERROR_CODES), message: text({ max: 4096 }) },
  optional: {},
});
const finishOpenParams = object<Actions['finishOpen']['params']>({ required: { openId }, optional: { error } });
const loginShownParams = object<Actions['loginShown']['params']>({ required: { loginId }, optional: { error } });
const loginClosedParams = object<Actions['loginClosed']['params']>({ required: { loginId }, optional: {} });
const userCodeParams = object<Actions['checkUserCode']['params']>({ required: { userCode }, optional: {} });

const answerPromptParams = object<Actions['answerPrompt']['params']>({
  required: { promptId, answer: text({ min: 0, max: 4096 }) },
  optional: {},
});

/**
 * What a browser may ask, and nothing else: intents and names go in, a sign-in URL or a list comes out. No action takes a file,
 * a command, an ARN or an endpoint, and none answers with credentials.
 */
export function browserActions(options: BrowserActionsOptions): { readonly [A in ActionName]: Action } {
  const { vault, prompts, opens, logins, hostVersion } = options;
  return {
    hello: hello(hostVersion, CAPABILITIES),
    list: action(nothing, (_, call) => vault.list(call.signal)),
    consoleUrl: action(consoleUrlParams, (params, call) => vault.consoleUrl(params, call.signal)),
    subscribePrompts: action(nothing, (_, call) => subscribe(options, call)),
    answerPrompt: action(answerPromptParams, ({ promptId, answer }) => {
      prompts.answer(promptId, answer);
      return {};
    }),
    cancelPrompt: action(
      object<Actions['cancelPrompt']['params']>({ required: { promptId }, optional: {} }),
      (params) => {
        prompts.cancel(params.promptId);
        return {};
      },
    ),
    subscribeOpens: action(nothing, (_, call) => {
      call.onEnd(opens.onOpen((news) => call.send({ event: 'open', ...news })));
      return {};
    }),
    openUrl: action(object<Actions['openUrl']['params']>({ required: { openId }, optional: {} }), (params, call) =>
      vault.openUrl(params, call.signal),
    ),
    finishOpen: action(finishOpenParams, ({ openId: id, error: failure }) => {
      opens.finish(id, failure);
      return {};
    }),
    ...loginActions(logins),
    subscribeLock: action(nothing, (_, call) => subscribeLock(vault, call)),
    unlock: action(nothing, async (_, call) => {
      await vault.unlock(call.signal);
      return {};
    }),
    lock: action(nothing, () => {
      vault.lock();
      return {};
    }),
    cancel: action(cancelParams, ({ requestId }, call) => {
      call.cancel(requestId);
      return {};
    }),
  };
}

type LoginActions = 'subscribeLogins' | 'loginShown' | 'loginClosed' | 'checkUserCode';

function loginActions(logins: Logins): { readonly [A in LoginActions]: Action } {
  return {
    subscribeLogins: action(nothing, (_, call) => {
      call.onEnd(logins.onNews((news) => call.send(news)));
      return {};
    }),
    loginShown: action(loginShownParams, ({ loginId: id, error: failure }) => {
      logins.shown(id, failure);
      return {};
    }),
    loginClosed: action(loginClosedParams, ({ loginId: id }) => {
      logins.closed(id);
      return {};
    }),
    checkUserCode: action(userCodeParams, (params) => ({ isAsked: logins.isAsked(params.userCode) })),
  };
}

const cancelParams = object<Actions['cancel']['params']>({
  required: { requestId: integer({ min: 0 }) },
  optional: {},
});

/** The first action of every connection, of a browser or of a terminal. */
export function hello(hostVersion: string, capabilities: readonly Capability[]): Action {
  return action(helloParams, ({ protocol }, call) => ({ protocol: call.greet(protocol), hostVersion, capabilities }));
}

/** Who listens before the first look misses no change; what it hears then is the same or newer. */
async function subscribeLock(vault: HostVault, call: Call): Promise<{ readonly lock: LockState }> {
  const tell = async (): Promise<void> => call.send({ event: 'lock', lock: await vault.lockState() });
  call.onEnd(vault.onLockChange(() => void tell())); // lockState never rejects
  return { lock: await vault.lockState() };
}

/** Without a promise, so that no event with a newer list can go out before this answer. */
function subscribe(
  { prompts, onSubscribed }: BrowserActionsOptions,
  call: Call,
): Actions['subscribePrompts']['result'] {
  const stop = prompts.onChange((list) => call.send({ event: 'prompts', prompts: list }));
  call.onEnd(stop);
  onSubscribed?.();
  return { prompts: prompts.prompts };
}
