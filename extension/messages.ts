import type { Runtime } from 'webextension-polyfill';
import type { Intent } from './popup-state.ts';

type Handlers = { readonly [T in Intent['type']]: (intent: Extract<Intent, { readonly type: T }>) => void };

/** The text fields each intent must carry; an intent that is not in this table does not exist. */
const fields: {
  readonly [T in Intent['type']]: readonly Exclude<keyof Extract<Intent, { readonly type: T }>, 'type'>[];
} = {
  openConsole: ['profile'],
  cancelSignIn: ['profile'],
  dismissError: ['profile'],
  answerPrompt: ['promptId', 'answer'],
  cancelPrompt: ['promptId'],
  unlockVault: [],
  lockVault: [],
  retryHost: [],
};

/**
 * Whether a connection comes from a page of this very extension. Other extensions, web pages and content scripts are not
 * answered at all: `ours` is the extension's own ID and origin.
 */
export function isOwnPage(
  sender: Runtime.MessageSender | undefined,
  ours: { readonly id: string; readonly origin: string },
): boolean {
  return sender?.id === ours.id && (sender.url?.startsWith(ours.origin) ?? false);
}

/** A message from a popup as an intent; `undefined` for anything that is not exactly one. */
export function parseIntent(message: unknown): Intent | undefined {
  if (typeof message !== 'object' || message === null || !('type' in message)) return undefined;
  const { type } = message;
  if (typeof type !== 'string' || !Object.hasOwn(fields, type)) return undefined;
  const required: readonly string[] = fields[type as Intent['type']]; // hasOwn has just checked it
  const texts = new Map(Object.entries(message));
  return required.every((field) => typeof texts.get(field) === 'string') ? (message as Intent) : undefined; // type and fields checked
}

/** Calls the one handler of the intent. */
export function runIntent(intent: Intent, handlers: Handlers) {
  const handler = handlers[intent.type] as (intent: Intent) => void; // the table pairs each type with its own handler
  handler(intent);
}
